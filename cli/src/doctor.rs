// SPDX-License-Identifier: GPL-2.0-or-later
//! In: this machine. Out: whether CareLink traffic can be captured on it and seen in Wireshark, and what to do if not.

use crate::output::Ending;
use anyhow::Result;
use std::fmt;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The devices that speak to pumps, with their ids as the kernel writes them.
const DEVICES: [(&str, [&str; 2]); 3] = [
    ("CareLink stick", ["0a21", "8001"]),
    ("Contour Next Link meter", ["1a79", "6200"]),
    ("Contour Next Link meter", ["1a79", "6300"]),
];
/// The plugin's file.
const PLUGIN: &str = "carelink.so";
/// The versions of Wireshark that the plugin is tested with.
const TESTED: [&str; 3] = ["4.0", "4.4", "4.6"];

/// What to look at.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The tshark to ask, if there are several
    #[arg(long, value_name = "PROGRAM", default_value = "tshark")]
    tshark: PathBuf,
}

/// Writes what is well and what is not, one finding a line.
///
/// # Errors
/// If `out` cannot be written.
pub fn run(args: &Args, out: &mut impl Write) -> Result<Ending> {
    let findings = Machine { root: PathBuf::from("/"), tshark: args.tshark.clone() }.examine();
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    Ok(if findings.iter().all(|finding| finding.remedy.is_none()) { Ending::Fine } else { Ending::Found })
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it is.
    pub state: String,
    /// What to do, if it is not well.
    pub remedy: Option<String>,
}

impl Finding {
    fn well(state: impl Into<String>) -> Self {
        Self { state: state.into(), remedy: None }
    }

    fn ill(state: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: state.into(), remedy: Some(remedy.into()) }
    }
}

/// `ok   usbmon1 can be read`
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.remedy {
            None => write!(f, "ok   {}", self.state),
            Some(remedy) => write!(f, "NO   {}\n     to do: {remedy}", self.state),
        }
    }
}

/// A machine, as far as capturing and Wireshark go.
#[derive(Debug)]
pub struct Machine {
    /// The folder that holds `dev` and `sys`.
    pub root: PathBuf,
    /// The tshark to ask.
    pub tshark: PathBuf,
}

impl Machine {
    /// Looks at everything, in the order in which it is needed.
    #[must_use]
    pub fn examine(&self) -> Vec<Finding> {
        let mut findings = if cfg!(target_os = "linux") { self.capturing() } else { Vec::new() };
        findings.extend(self.wireshark());
        findings
    }

    /// Whether USB can be captured, and whether a stick or a meter is there.
    fn capturing(&self) -> Vec<Finding> {
        let device = self.device();
        let plugged = match device {
            Some((name, bus)) => Finding::well(format!("a {name} is plugged in: capture on usbmon{bus}")),
            None => Finding::ill(
                "no CareLink stick (0a21:8001) and no Contour Next Link meter (1a79:6200, 1a79:6300) is plugged in",
                "plug it in; with a virtual machine, pass it on to that",
            ),
        };
        // usbmon0 has all buses.
        let name = format!("usbmon{}", device.map_or(0, |(_, bus)| bus));
        let path = self.root.join("dev").join(&name);
        let usbmon = match File::open(&path) {
            Ok(_) => Finding::well(format!("{name} can be read")),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Finding::ill("usbmon is not loaded: nothing can be captured", "sudo modprobe usbmon")
            }
            Err(error) => Finding::ill(
                format!("{name} cannot be read: {error}"),
                format!("sudo setfacl -m u:$USER:r /dev/{name}, each time the machine has started"),
            ),
        };
        vec![usbmon, plugged]
    }

    /// A device that speaks to pumps, and the number of the bus that it is on.
    fn device(&self) -> Option<(&'static str, u32)> {
        let devices = fs::read_dir(self.root.join("sys/bus/usb/devices")).ok()?;
        devices.filter_map(Result::ok).find_map(|device| {
            let read = |name| fs::read_to_string(device.path().join(name)).ok();
            let ids = [read("idVendor")?, read("idProduct")?];
            let ids = ids.each_ref().map(|id| id.trim());
            let (name, _) = DEVICES.into_iter().find(|&(_, known)| known == ids)?;
            Some((name, read("busnum")?.trim().parse().ok()?))
        })
    }

    /// Whether Wireshark is there, has loaded the plugin, and has the profile.
    fn wireshark(&self) -> Vec<Finding> {
        let Some((version, _)) = self.ask(&["--version"]) else {
            let state = format!("there is no Wireshark: {} cannot be started", self.tshark.display());
            return vec![Finding::ill(state, "install Wireshark with tshark, or name it with --tshark")];
        };
        let number = version.split_once("(Wireshark) ").map_or("", |(_, rest)| rest);
        let number = number.split([' ', '\n']).next().unwrap_or_default().trim_end_matches('.');
        let minor = number.rsplit_once('.').map_or(number, |(minor, _)| minor);
        let wireshark = if TESTED.contains(&minor) {
            Finding::well(format!("Wireshark {number} is there"))
        } else {
            let state =
                format!("Wireshark {number} is there; the plugin is tested with {}", TESTED.join(", "));
            Finding::ill(state, "build the plugin for it, and run its tests: cargo xtask test")
        };
        let folders = self.ask(&["-G", "folders"]).unwrap_or_default().0;
        vec![wireshark, self.plugin(&folders, minor), profile(&folders)]
    }

    /// Which copy of the plugin is loaded, and whether others are in its way.
    fn plugin(&self, folders: &str, minor: &str) -> Finding {
        const INSTALL: &str = "cargo xtask install";
        let (plugins, complaints) = self.ask(&["-G", "plugins"]).unwrap_or_default();
        let loaded = plugins.lines().find_map(|line| {
            let columns: Vec<_> = line.split('\t').map(str::trim).collect();
            let [PLUGIN, version, .., path] = columns[..] else { return None };
            Some((version.to_owned(), PathBuf::from(path)))
        });
        let copies = copies(folders);
        let Some((version, path)) = loaded else {
            let here = copies.iter().find(|copy| of(copy, minor));
            return match (here, copies.first()) {
                (Some(path), _) => Finding::ill(
                    format!("Wireshark did not load the plugin {}: {}", path.display(), complaints.trim()),
                    "run this as an ordinary user, for root Wireshark loads only what is installed for all; \
                     if you did, cargo xtask install",
                ),
                (None, Some(path)) => Finding::ill(
                    format!("the plugin is there only for another version: {}", path.display()),
                    INSTALL,
                ),
                (None, None) => Finding::ill("the plugin is not installed", INSTALL),
            };
        };
        let others: Vec<_> = copies.iter().filter(|copy| **copy != path && of(copy, minor)).collect();
        let state = format!("the plugin {version} is loaded from {}", path.display());
        if version != env!("CARGO_PKG_VERSION") {
            Finding::ill(format!("{state}; this program is {}", env!("CARGO_PKG_VERSION")), INSTALL)
        } else if let Some(other) = others.first() {
            let state = format!("{state}, and the one in {} is not", other.display());
            Finding::ill(state, format!("remove one of them: rm {}", other.display()))
        } else {
            Finding::well(state)
        }
    }

    /// What tshark answers, and what it complains of; `None` if it cannot be started.
    fn ask(&self, arguments: &[&str]) -> Option<(String, String)> {
        let output = Command::new(&self.tshark).args(arguments).output().ok()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some((text(&output.stdout), text(&output.stderr)))
    }
}

/// A folder that `tshark -G folders` tells of.
fn folder(folders: &str, name: &str) -> Option<PathBuf> {
    let told = folders.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    told.map(|path| PathBuf::from(path.trim()))
}

/// True if a copy of the plugin is for this version of Wireshark.
fn of(copy: &Path, minor: &str) -> bool {
    copy.ends_with(Path::new(minor).join("epan").join(PLUGIN))
}

/// All copies of the plugin, for any version of Wireshark.
fn copies(folders: &str) -> Vec<PathBuf> {
    let bases = ["Personal Plugins", "Global Plugins"].into_iter().filter_map(|name| folder(folders, name));
    let versions =
        bases.filter_map(|base| fs::read_dir(base.parent()?).ok()).flatten().filter_map(Result::ok);
    let mut copies: Vec<_> = versions.map(|version| version.path().join("epan").join(PLUGIN)).collect();
    copies.retain(|path| path.is_file());
    copies.sort();
    copies
}

/// Whether the profile is there, for this user or for all.
fn profile(folders: &str) -> Finding {
    let found = ["Personal configuration", "Global configuration"]
        .into_iter()
        .filter_map(|name| Some(folder(folders, name)?.join("profiles/CareLink")))
        .find(|path| path.is_dir());
    match found {
        Some(path) => Finding::well(format!("the profile CareLink is in {}", path.display())),
        None => Finding::ill("the profile CareLink is not there", "cargo xtask install"),
    }
}
