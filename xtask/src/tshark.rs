// SPDX-License-Identifier: GPL-2.0-or-later
//! A built plugin in; a tshark that has loaded it, and what that prints, out.
//!
//! Wireshark loads no personal plugins for root or for group 0, and says nothing; a plugin for another minor
//! version it refuses with exit code 0. So tshark runs as an ordinary user with a home of its own, and nothing
//! is believed before its list of plugins names ours.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use tempfile::{NamedTempFile, TempDir};

use crate::{plugin, process, user};

/// The part of Wireshark's version that a plugin must match exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// As in 4.6.
    pub major: u32,
    /// As in 4.6.
    pub minor: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Version {
    /// The version of the installed tshark.
    ///
    /// # Errors
    /// If there is no tshark, or it does not say.
    pub fn installed() -> Result<Self> {
        Self::of(&mut Command::new("tshark"))
    }

    /// The version of this tshark.
    ///
    /// # Errors
    /// If it cannot be started, or does not say.
    pub fn of(tshark: &mut Command) -> Result<Self> {
        let text = process::read(tshark.arg("--version")).context("tshark is missing: cargo xtask deps")?;
        Self::parse(&text).with_context(|| format!("no version in what tshark --version says: {text}"))
    }

    /// Finds the version in what `tshark --version` prints.
    fn parse(text: &str) -> Option<Self> {
        let (_, rest) = text.split_once("(Wireshark) ")?;
        let mut numbers = rest.split(|c: char| !c.is_ascii_digit()).map(str::parse);
        Some(Self { major: numbers.next()?.ok()?, minor: numbers.next()?.ok()? })
    }
}

/// The folder of this kind in what `tshark -G folders` printed.
#[must_use]
pub fn folder(folders: &str, kind: &str) -> Option<PathBuf> {
    let mut kinds = folders.lines().filter_map(|line| line.split_once(':'));
    kinds.find(|(name, _)| *name == kind).map(|(_, path)| path.trim().into())
}

/// The folder of this kind, as this tshark says.
///
/// # Errors
/// If it cannot be started, or does not say.
pub fn ask_folder(tshark: &mut Command, kind: &str) -> Result<PathBuf> {
    let folders =
        process::read(tshark.args(["-G", "folders"])).context("tshark is missing: cargo xtask deps")?;
    folder(&folders, kind).with_context(|| format!("tshark -G folders does not tell the folder of {kind}"))
}

/// What Wireshark calls the folder of a user's own plugins of this version.
pub const PERSONAL_PLUGINS: &str = "Personal Plugins";

/// What Wireshark calls the folder of all users' plugins of this version.
pub const GLOBAL_PLUGINS: &str = "Global Plugins";

/// The files of the plugins that `tshark -G plugins` printed.
fn files(plugins: &str) -> impl Iterator<Item = &Path> {
    plugins.lines().filter_map(|line| line.split('\t').next_back()).map(Path::new)
}

/// Whether what `tshark -G plugins` printed lists this file.
#[must_use]
pub fn lists(plugins: &str, file: &Path) -> bool {
    files(plugins).any(|path| path == file)
}

/// The plugin with this file name in what `tshark -G plugins` printed.
#[must_use]
pub fn loaded(plugins: &str, name: &str) -> Option<PathBuf> {
    files(plugins).find(|path| path.file_name().is_some_and(|file| file == name)).map(Path::to_owned)
}

/// A tshark with our plugin in a home of its own, run by a user for whom Wireshark loads plugins.
#[derive(Debug)]
pub struct Tshark {
    home: TempDir,
    version: Version,
    /// Whether the programs run as an ordinary user, because we are root.
    lowered: bool,
}

impl Tshark {
    /// Finds or builds the plugin ([`plugin::locate`]) and makes a tshark that has loaded it.
    ///
    /// # Errors
    /// If tshark is missing, the plugin does not build, or tshark does not take it.
    pub fn prepare() -> Result<Self> {
        Self::with_plugin(&plugin::locate()?)
    }

    /// Makes a tshark that has loaded this plugin.
    ///
    /// # Errors
    /// If tshark is missing, or does not take the plugin.
    pub fn with_plugin(library: &Path) -> Result<Self> {
        let tshark = Self::bare()?;
        let target = tshark.place(library)?;
        let listing = process::output(tshark.command("tshark").args(["-G", "plugins"]))?;
        ensure!(
            lists(&String::from_utf8_lossy(&listing.stdout), &target),
            "Wireshark {} did not load {}: was it built for another version, or is the folder for temporary \
             files (TMPDIR) closed to other users?\n{}",
            tshark.version,
            target.display(),
            String::from_utf8_lossy(&listing.stderr).trim_end(),
        );
        Ok(tshark)
    }

    /// As [`Tshark::with_plugin`], for a plugin that can be loaded with these variables in the environment only.
    ///
    /// # Errors
    /// As [`Tshark::with_plugin`].
    pub fn with_plugin_in(library: &Path, environment: &[(&str, String)]) -> Result<Self> {
        let tshark = Self::bare()?;
        tshark.place(library)?;
        // To list plugins, tshark starts all sorts of programs, which not every environment suits.
        let environment = environment.iter().map(|(name, value)| (name, value));
        let listing = process::output(tshark.command("tshark").envs(environment).args(["-G", "protocols"]))?;
        ensure!(
            String::from_utf8_lossy(&listing.stdout)
                .lines()
                .any(|line| line.split('\t').nth(2) == Some("carelink")),
            "Wireshark {} did not load {}\n{}",
            tshark.version,
            library.display(),
            String::from_utf8_lossy(&listing.stderr).trim_end(),
        );
        Ok(tshark)
    }

    /// Copies a plugin to where Wireshark looks for a user's own.
    fn place(&self, library: &Path) -> Result<PathBuf> {
        let folder = ask_folder(&mut self.command("tshark"), PERSONAL_PLUGINS)?.join("epan");
        fs::create_dir_all(&folder)?;
        let target = folder.join(plugin::FILE_NAME);
        fs::copy(library, &target).with_context(|| format!("cannot read {}", library.display()))?;
        Ok(target)
    }

    /// Makes a tshark without our plugin.
    ///
    /// # Errors
    /// If tshark is missing, or we are in group 0 without being root.
    pub fn bare() -> Result<Self> {
        let version = Version::installed()?;
        let lowered = user::is_root();
        ensure!(
            lowered || !user::in_first_group(),
            "Wireshark loads no plugins for group 0: use another group, or be root"
        );
        let home = tempfile::Builder::new().prefix("carelink-").tempdir()?;
        user::allow(home.path(), 0o755)?;
        if lowered {
            user::give(home.path())?;
        }
        Ok(Self { home, version, lowered })
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Its home, which lives as long as this value: a place for files that it shall read or write.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Copies a file into the home, where tshark can read it whoever runs it.
    ///
    /// # Errors
    /// If it cannot be copied.
    pub fn lend(&self, file: &Path) -> Result<PathBuf> {
        let name = file.file_name().with_context(|| format!("{} has no name", file.display()))?;
        let copy = self.home().join(name);
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        // Another thread may lend the same file, and its tshark may be reading: the whole copy appears at once.
        let fresh = NamedTempFile::new_in(self.home())?;
        fs::write(fresh.path(), bytes)?;
        if self.lowered {
            user::give(fresh.path())?;
        }
        fresh.persist(&copy)?;
        Ok(copy)
    }

    /// A program of Wireshark's (or `timeout` before one), as that user, with nothing of our environment but
    /// the search path.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.home()).env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
        // A copy of our plugin that is installed for all users would be loaded in place of the one in this home.
        command.env("WIRESHARK_PLUGIN_DIR", self.home().join("no-plugins"));
        command.current_dir(self.home());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        if self.lowered {
            user::lower(&mut command);
        }
        command
    }

    /// Runs tshark with these arguments.
    ///
    /// # Errors
    /// If it cannot be started. Its exit status is the caller's to judge.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Result<Output> {
        process::output(self.command("tshark").args(arguments))
    }

    /// Runs tshark over a copy of a capture, and returns what it prints.
    ///
    /// # Errors
    /// If the capture cannot be read, or tshark fails.
    pub fn read<A: AsRef<OsStr>>(
        &self,
        capture: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<String> {
        let copy = self.lend(capture)?;
        process::read(self.command("tshark").args(["-n", "-r"]).arg(copy).args(arguments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_from_each_way_of_saying_it() {
        let parse = |text| Version::parse(text).map(|version| version.to_string());
        let debian =
            "Running as user \"root\".\nTShark (Wireshark) 4.0.17 (Git v4.0.17 packaged as 4.0.17-0).\n";
        assert_eq!(parse(debian).as_deref(), Some("4.0"));
        assert_eq!(parse("TShark (Wireshark) 4.6.9.\n\nCopyright").as_deref(), Some("4.6"));
        assert_eq!(parse("TShark 1.2"), None);
    }

    #[test]
    fn folders_are_where_wireshark_says() {
        let folders = "Temp:                \t/tmp\nPersonal Plugins:    \t/home/a b/plugins/4-4\n\
                       Global Plugins:      \tC:\\Wireshark\\plugins\\4.4\n";
        assert_eq!(folder(folders, PERSONAL_PLUGINS), Some("/home/a b/plugins/4-4".into()));
        assert_eq!(folder(folders, GLOBAL_PLUGINS), Some(r"C:\Wireshark\plugins\4.4".into()));
        assert_eq!(folder(folders, "Plugins"), None);
    }

    #[test]
    fn only_the_very_file_counts_as_loaded() {
        let listing = "usbdump.so\t0.0.1\tfile type\t/usr/lib/wiretap/usbdump.so\n\
                       carelink.so\t0.1.0\tdissector\t/home/a/epan/carelink.so\n";
        assert!(lists(listing, Path::new("/home/a/epan/carelink.so")));
        assert!(!lists(listing, Path::new("/home/b/epan/carelink.so")));
        assert!(!lists("", Path::new("/home/a/epan/carelink.so")));
        assert_eq!(loaded(listing, "carelink.so"), Some("/home/a/epan/carelink.so".into()));
        assert_eq!(loaded(listing, "link.so"), None);
    }
}
