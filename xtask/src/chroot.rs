// SPDX-License-Identifier: GPL-2.0-or-later
//! The name of a Debian suite in; a folder with that system, and commands that run in it on our sources, out.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use xtask::{process, workspace};

use crate::apt;

/// The environment variable that names the folder where chroots are kept.
const VARIABLE: &str = "CARELINK_CHROOTS";

/// Mounts each path before `--` at the same place in the new root, in a mount namespace of its own: whatever
/// happens, the mounts end with the last process.
const ENTER: &str = r#"
root=$1; shift
mount --rbind /proc "$root/proc"
while [ "$1" != -- ]; do
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
    shift
done
shift
exec chroot "$root" "$@""#;

/// A Debian system in a folder.
#[derive(Debug)]
pub struct Chroot {
    root: PathBuf,
    /// Where cargo builds in there: one folder per system, since build scripts look at Wireshark's headers.
    target: PathBuf,
}

impl Chroot {
    /// The system of this suite, made now unless it was kept from an earlier run.
    ///
    /// # Errors
    /// If it cannot be made: the error says why not.
    pub fn open(suite: &str) -> Result<Self> {
        ensure!(apt::is_root(), "making a chroot needs root");
        let probe = process::output(&mut namespace("true"))?;
        ensure!(probe.status.success(), "this machine lets nobody mount: {}", said(&probe.stderr));
        let folder = env::var_os(VARIABLE).map_or_else(|| workspace::target().join("chroots"), PathBuf::from);
        let root = folder.join(suite);
        if !root.is_dir() {
            apt::ensure(apt::CHROOT)?;
            make(suite, &root)?;
        }
        let target = workspace::target().join("matrix").join(suite);
        fs::create_dir_all(&target)?;
        Ok(Self { root, target })
    }

    /// A command in there, in the repository's root, with the Rust of this machine.
    ///
    /// # Errors
    /// If this machine's Rust is not a folder of its own.
    pub fn command(&self, words: &[&str]) -> Result<Command> {
        let rust = process::read(Command::new("rustc").args(["--print", "sysroot"]))?;
        let rust = Path::new(rust.trim());
        ensure!(rust != Path::new("/usr"), "Rust is part of this system: the chroot needs one from rustup");
        let home = cargo_home()?;
        let repository = workspace::root();
        let shared = repository.parent().map(|parent| parent.join("shared")).filter(|shared| shared.is_dir());

        let mut command = namespace("sh");
        command.args(["-ec", ENTER, "sh"]).arg(&self.root);
        command.args([rust, &home, repository, &self.target]).args(shared).arg("--");
        command.args(["env", "-i", "HOME=/root", "LC_ALL=C.UTF-8", "CARGO_NET_OFFLINE=true"]);
        command.arg(format!("PATH={}/bin:/usr/sbin:/usr/bin:/sbin:/bin", rust.display()));
        command.arg(format!("CARGO_HOME={}", home.display()));
        command.arg(format!("CARGO_TARGET_DIR={}", self.target.display()));
        for name in ["CARELINK_DEMAND_SHARED", "http_proxy", "https_proxy", "TERM"] {
            if let Ok(value) = env::var(name) {
                command.arg(format!("{name}={value}"));
            }
        }
        command.args(["sh", "-c", r#"cd "$0" && exec "$@""#]).arg(repository).args(words);
        Ok(command)
    }
}

/// The program in a mount namespace of its own.
fn namespace(program: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", program]);
    command
}

fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = env::var_os("CARGO_HOME") {
        return Ok(home.into());
    }
    Ok(Path::new(&env::var_os("HOME").context("HOME is not set")?).join(".cargo"))
}

/// Makes the system beside its final place, so that only a whole one is ever found there.
fn make(suite: &str, root: &Path) -> Result<()> {
    let mirror = mirror()?;
    let partial = root.with_extension("partial");
    let log = root.with_extension("log");
    if partial.exists() {
        fs::remove_dir_all(&partial)?;
    }
    fs::create_dir_all(&partial).with_context(|| format!("cannot make {}", partial.display()))?;
    println!("Making a chroot of {suite} (a minute or two; log: {})", log.display());
    let scripts = Path::new("/usr/share/debootstrap/scripts");
    let mut debootstrap = namespace("debootstrap");
    // Cargo needs a linker before it can run the verb that installs all the rest.
    debootstrap.args(["--variant=minbase", "--include=gcc,libc6-dev", suite]).arg(&partial).arg(mirror);
    if !scripts.join(suite).exists() {
        // A suite newer than this debootstrap is made like the newest that it knows.
        debootstrap.arg(scripts.join("sid"));
    }
    let output = File::create(&log)?;
    let status = debootstrap.stdout(output.try_clone()?).stderr(output).stdin(Stdio::null()).status()?;
    if !status.success() {
        let text = fs::read_to_string(&log)?;
        bail!("debootstrap failed: {}", text.lines().next_back().unwrap_or("it does not say why"));
    }
    // Apt in there shall treat the mirror as apt out here does.
    let acquire = process::read(Command::new("apt-config").args(["dump", "Acquire"]))?;
    fs::write(partial.join("etc/apt/apt.conf.d/99host"), acquire)?;
    fs::copy("/etc/resolv.conf", partial.join("etc/resolv.conf"))?;
    fs::rename(&partial, root)?;
    Ok(())
}

/// The mirror of Debian that this machine's apt uses.
fn mirror() -> Result<String> {
    let format = "$(ORIGIN)|$(LABEL)|$(REPO_URI)";
    let targets = process::read(Command::new("apt-get").args(["indextargets", "--format", format]))?;
    main_archive(&targets).map(str::to_owned).context("this machine's apt knows no mirror of Debian")
}

fn main_archive(targets: &str) -> Option<&str> {
    targets.lines().find_map(|line| line.strip_prefix("Debian|Debian|"))
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_security_archive_is_no_mirror() {
        let targets = "Debian|Debian-Security|http://a/debian-security/\nOther|Debian|http://b/\n\
                       Debian|Debian|http://a/debian/\n";
        assert_eq!(main_archive(targets), Some("http://a/debian/"));
        assert_eq!(main_archive("Ubuntu|Ubuntu|http://c/\n"), None);
    }
}
