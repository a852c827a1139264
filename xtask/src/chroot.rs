// SPDX-License-Identifier: GPL-2.0-or-later
//! The name of a Debian suite in; a folder with that system, and commands that run in it on our sources, out.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use xtask::{process, user, workspace};

use crate::apt;
use crate::package;

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
        // Cargo needs a linker before it can run the verb that installs all the rest.
        let root = kept(suite, suite, &["gcc", "libc6-dev"])?;
        let target = workspace::target().join("matrix").join(suite);
        fs::create_dir_all(&target)?;
        Ok(Self { root, target })
    }

    /// Where cargo builds in there, seen from in here and from out here.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// A command in there, in the repository's root, with the Rust of this machine.
    ///
    /// # Errors
    /// If this machine's Rust is not a folder of its own.
    pub fn command(&self, words: &[&str]) -> Result<Command> {
        let rust = process::read(Command::new("rustc").args(["--print", "sysroot"]))?;
        let rust = Path::new(rust.trim());
        ensure!(rust != Path::new("/usr"), "Rust is part of this system: the chroot needs one from rustup");
        let home = package::cargo_home()?;
        let repository = workspace::root();
        let shared = repository.parent().map(|parent| parent.join("shared")).filter(|shared| shared.is_dir());

        let mut mounts = vec![rust, &home, repository, &self.target];
        mounts.extend(shared.as_deref());
        let mut command = enter(&self.root, &mounts);
        command.arg("CARGO_NET_OFFLINE=true");
        command.arg(format!("PATH={}/bin:{PATH}", rust.display()));
        command.arg(format!("CARGO_HOME={}", home.display()));
        command.arg(format!("CARGO_TARGET_DIR={}", self.target.display()));
        for name in ["CARELINK_DEMAND_SHARED", "DEBFULLNAME", "DEBEMAIL", "TERM"] {
            if let Ok(value) = env::var(name) {
                command.arg(format!("{name}={value}"));
            }
        }
        command.args(["sh", "-c", r#"cd "$0" && exec "$@""#]).arg(repository).args(words);
        Ok(command)
    }
}

/// A Debian system with Wireshark's programs and nothing of ours, which ends with this value.
#[derive(Debug)]
pub struct Plain(TempDir);

impl Plain {
    /// A fresh copy of the system of this suite, which is made now unless it was kept from an earlier run.
    ///
    /// # Errors
    /// If it cannot be made: the error says why not.
    pub fn copy(suite: &str) -> Result<Self> {
        let kept = kept(suite, &format!("{suite}-plain"), &["tshark"])?;
        let copy = tempfile::Builder::new().prefix(&format!("{suite}-")).tempdir_in(folder())?;
        let mut cp = Command::new("cp");
        process::run(cp.args(["--archive", "--reflink=auto"]).arg(kept.join(".")).arg(copy.path()))?;
        Ok(Self(copy))
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        self.0.path()
    }

    /// A command in there, without network.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        let enter = enter(self.root(), &[]);
        command.args(["--net", "--"]).arg(enter.get_program()).args(enter.get_args()).args(words);
        command
    }
}

/// The search path of programs in there.
const PATH: &str = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What runs a command in this root, with these folders where they are out here; variables and the command follow.
fn enter(root: &Path, mounts: &[&Path]) -> Command {
    let mut command = namespace("sh");
    command.args(["-ec", ENTER, "sh"]).arg(root).args(mounts).arg("--");
    command.args(["env", "-i", "HOME=/root", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]);
    command.arg(format!("PATH={PATH}"));
    for name in ["http_proxy", "https_proxy"] {
        if let Ok(value) = env::var(name) {
            command.arg(format!("{name}={value}"));
        }
    }
    command
}

/// Where chroots are kept.
fn folder() -> PathBuf {
    env::var_os(VARIABLE).map_or_else(|| workspace::target().join("chroots"), PathBuf::from)
}

/// The root of a system that was kept under this name, or is made now, with these packages.
fn kept(suite: &str, name: &str, packages: &[&str]) -> Result<PathBuf> {
    ensure!(user::is_root(), "making a chroot needs root");
    let probe = process::output(&mut namespace("true"))?;
    ensure!(probe.status.success(), "this machine lets nobody mount: {}", said(&probe.stderr));
    let root = folder().join(name);
    if !root.is_dir() {
        apt::ensure(apt::CHROOT)?;
        make(suite, &root, packages)?;
    }
    Ok(root)
}

/// The program in a mount namespace of its own.
fn namespace(program: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", program]);
    command
}

/// Makes the system beside its final place, so that only a whole one is ever found there.
fn make(suite: &str, root: &Path, packages: &[&str]) -> Result<()> {
    let mirror = mirror()?;
    let partial = root.with_extension("partial");
    let log = root.with_extension("log");
    if partial.exists() {
        fs::remove_dir_all(&partial)?;
    }
    fs::create_dir_all(&partial).with_context(|| format!("cannot make {}", partial.display()))?;
    println!("Making {} (a minute or two; log: {})", root.display(), log.display());
    let scripts = Path::new("/usr/share/debootstrap/scripts");
    let mut debootstrap = namespace("debootstrap");
    debootstrap.args(["--variant=minbase", suite]).arg(&partial).arg(mirror);
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
    // Not by debootstrap: it does not know in which order packages with scripts of their own must come.
    let apt = |words: &[&str]| {
        let mut command = enter(&partial, &[]);
        command.arg("apt-get").args(words);
        process::read(&mut command)
    };
    apt(&["update"])?;
    apt(&[&["install", "--yes", "--no-install-recommends"], packages].concat())?;
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
