// SPDX-License-Identifier: GPL-2.0-or-later
//! Names of what a verb needs in; packages that apt has installed, with notice given, out.

use std::env;
use std::env::consts::EXE_SUFFIX;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use xtask::{process, user};

/// A package, or the ways in which the need for it can be met.
#[derive(Clone, Copy, Debug)]
pub enum Need {
    /// This package.
    Package(&'static str),
    /// pkg-config, which Debian has had under two names.
    PkgConfig,
    /// The C library of clang, of any version: bindgen loads it when it runs.
    Libclang,
}

use Need::{Libclang, Package, PkgConfig};

/// To build the plugin, and to run tshark with it.
pub const BUILD: &[Need] = &[
    Package("tshark"),
    Package("libwireshark-dev"),
    Package("libglib2.0-dev"),
    Package("gcc"),
    Package("libc6-dev"),
    PkgConfig,
    Libclang,
];

/// To count instructions.
pub const COUNT: &[Need] = &[Package("valgrind")];

/// To measure time and memory of another program.
pub const TIME: &[Need] = &[Package("time")];

/// To make a package of Debian.
pub const PACK: &[Need] = &[Package("dpkg-dev")];

/// To look a package over.
pub const CHECK: &[Need] = &[Package("lintian")];

/// To make chroots.
pub const CHROOT: &[Need] = &[Package("debootstrap")];

/// To show Wireshark on a screen that is not there, and to photograph it.
#[cfg(unix)]
pub const SCREEN: &[Need] = &[
    Package("wireshark"),
    Package("xvfb"),
    Package("xdotool"),
    Package("imagemagick"),
    Package("fonts-dejavu-core"),
];

/// To show a web page.
#[cfg(unix)]
pub const BROWSER: &[Need] = &[Package("chromium")];

/// Installs what is missing, and says so first.
///
/// # Errors
/// With the commands to run, if this machine has no apt, or we may not use it; or if apt fails.
pub fn ensure(needs: &[Need]) -> Result<()> {
    if !has_dpkg() {
        return ensure_without_apt(needs);
    }
    let installed = installed()?;
    let missing: Vec<Need> = needs.iter().copied().filter(|need| !need.is_met(&installed)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let as_root: &[&str] = if user::is_root() { &[] } else { &["sudo"] };
    let update = [as_root, &["apt-get", "update"]].concat();
    let install = |packages: &[String]| {
        let apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install"];
        let words = [as_root, &apt, &["--yes", "--no-install-recommends"]].concat();
        words.into_iter().map(str::to_owned).chain(packages.iter().cloned()).collect::<Vec<_>>()
    };
    let mut packages = missing.iter().map(|need| need.package()).collect::<Result<Vec<_>>>()?;
    println!("These packages are missing, and will be installed with apt: {}", packages.join(" "));
    println!("  {}\n  {}", update.join(" "), install(&packages).join(" "));
    if !user::is_root() && !on_path("sudo") {
        bail!("apt needs root, and there is no sudo: run the two commands above as root, then try again");
    }
    execute(&update)?;
    // With fresh lists the libclang of choice can be another one.
    packages = missing.iter().map(|need| need.package()).collect::<Result<Vec<_>>>()?;
    let install = install(&packages);
    println!("  {}", install.join(" "));
    execute(&install)
}

fn execute<S: AsRef<str>>(words: &[S]) -> Result<()> {
    let mut words = words.iter().map(AsRef::as_ref);
    let program = words.next().context("an empty command")?;
    process::run(Command::new(program).args(words))
        .context("apt could not install what is missing: see its messages above")
}

/// What to install on the systems where we know the names.
const ELSEWHERE: &str = include_str!("../../needs.txt");

/// Whether this is Debian, or its kin.
pub fn has_dpkg() -> bool {
    on_path("dpkg-query")
}

/// On a machine that is not Debian's kin, all that counts is whether the tools are there.
fn ensure_without_apt(needs: &[Need]) -> Result<()> {
    let known =
        |lists: &[&[Need]], need: &Need| lists.concat().iter().any(|other| other.name() == need.name());
    let other: Vec<_> =
        needs.iter().filter(|need| !known(&[BUILD, PACK], need)).map(|need| need.name()).collect();
    ensure!(
        other.is_empty(),
        "this machine has no apt: install what your system calls {}, or use a Debian",
        other.join(", ")
    );
    let built_by_hand = on_path("tshark")
        && on_path("cc")
        && process::read(Command::new("pkg-config").args(["--exists", "wireshark"])).is_ok();
    ensure!(
        built_by_hand,
        "this machine has no apt, and lacks tshark, a C compiler (cc), or pkg-config with Wireshark's file. \
         Install them, then try again:\n{}",
        ELSEWHERE.trim_end()
    );
    Ok(())
}

fn on_path(program: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| {
        env::split_paths(&path).any(|folder| folder.join(format!("{program}{EXE_SUFFIX}")).is_file())
    })
}

impl Need {
    fn name(self) -> &'static str {
        match self {
            Package(name) => name,
            PkgConfig => "pkg-config",
            Libclang => "libclang",
        }
    }

    fn is_met(self, installed: &[String]) -> bool {
        let any = |accept: &dyn Fn(&str) -> bool| installed.iter().any(|name| accept(name));
        match self {
            Package(name) => any(&|other| other == name),
            PkgConfig => any(&|other| matches!(other, "pkgconf" | "pkg-config")),
            Libclang => {
                env::var_os("LIBCLANG_PATH").is_some() || any(&|other| other.starts_with("libclang1-"))
            }
        }
    }

    /// What to ask apt for.
    fn package(self) -> Result<String> {
        match self {
            Package(name) => Ok(name.to_owned()),
            PkgConfig => Ok("pkg-config".to_owned()),
            // The library alone is a fifth of what libclang-dev brings along, but its name has a version.
            Libclang => {
                let depends = process::output(Command::new("apt-cache").args(["depends", "libclang-dev"]))?;
                let version = default_clang(&String::from_utf8_lossy(&depends.stdout)).map(str::to_owned);
                Ok(version
                    .map_or_else(|| "libclang-dev".to_owned(), |version| format!("libclang1-{version}")))
            }
        }
    }
}

/// The names of all installed packages.
fn installed() -> Result<Vec<String>> {
    let format = "--showformat=${db:Status-Status} ${Package}\n";
    Ok(parse_installed(&process::read(Command::new("dpkg-query").args(["--show", format]))?))
}

fn parse_installed(listing: &str) -> Vec<String> {
    listing.lines().filter_map(|line| line.strip_prefix("installed ")).map(str::to_owned).collect()
}

/// The version of clang that this distribution prefers, from what `apt-cache depends libclang-dev` prints.
fn default_clang(depends: &str) -> Option<&str> {
    depends.lines().find_map(|line| line.trim().strip_prefix("Depends: libclang-")?.strip_suffix("-dev"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_packages_are_not_installed() {
        let listing = "installed gcc\nconfig-files tshark\ninstalled libclang1-14\nnot-installed pkgconf\n";
        let installed = parse_installed(listing);
        let met = |need: Need| need.is_met(&installed);
        assert!(met(Package("gcc")) && met(Libclang));
        assert!(!met(Package("tshark")) && !met(PkgConfig) && !met(Package("gc")));
    }

    #[test]
    fn libclang_of_the_distribution() {
        assert_eq!(default_clang("libclang-dev\n  Depends: libclang-19-dev\n"), Some("19"));
        assert_eq!(default_clang("libclang-dev\n  Depends: libc6\n"), None);
        assert_eq!(default_clang(""), None);
    }
}
