// SPDX-License-Identifier: GPL-2.0-or-later
//! A package of Debian and a suite in; whether it installs, works and goes away without a trace out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use xtask::tshark::{Version, lists};
use xtask::{process, profile};

use super::layout::Places;
use super::{NAME, Row};
use crate::apt;
use crate::chroot::Plain;
use crate::install;

/// A sample with the read of a history page.
const SAMPLE: &str = "11-history-page.pcapng";

/// Every warning of lintian's is an error here.
///
/// # Errors
/// If it has one.
pub fn lintian(package: &Path) -> Result<()> {
    apt::ensure(apt::CHECK)?;
    process::run(Command::new("lintian").args(["--allow-root", "--fail-on", "error,warning"]).arg(package))
}

/// Installs the package, uses it, and removes it; returns what was seen, in a line.
///
/// # Errors
/// If something is not as it should be.
pub fn run(row: &mut Row, suite: &str, version: Version, package: &Path) -> Result<String> {
    let system = row.time("fresh system", || Plain::copy(suite))?;
    let read = |words: &[&str]| {
        let output = process::read(&mut system.command(words));
        output.with_context(|| format!("in a fresh {suite}: {}", words.join(" ")))
    };
    let before = listing(&read)?;
    let name = package.file_name().context("a package without a name")?.to_string_lossy();
    fs::copy(package, system.root().join("tmp").join(&*name))?;
    let package = format!("/tmp/{name}");

    let plugins = read(&["tshark", "-G", "folders"])?;
    let plugins = xtask::tshark::folder(&plugins, "Global Plugins").context("tshark names no folder")?;
    let places = Places::debian(&plugins);
    let plugin = Path::new("/").join(places.plugin());
    let manifest = plugin.with_file_name(install::MANIFEST);
    let inside = system.root().join(manifest.strip_prefix("/")?);
    let epan = inside.parent().context("a file without a folder")?;
    let made = !epan.exists();
    fs::create_dir_all(epan)?;
    fs::write(&inside, "")?;
    let refused = process::output(&mut system.command(&["dpkg", "--install", &package]))?;
    ensure!(
        !refused.status.success()
            && String::from_utf8_lossy(&refused.stderr).contains("cargo xtask uninstall"),
        "the package takes the place of a plugin from cargo xtask install in silence"
    );
    fs::remove_file(&inside)?;
    if made {
        fs::remove_dir(epan)?;
    }

    row.time("install", || read(&["apt-get", "--yes", "--no-install-recommends", "install", &package]))?;
    let seen = row.time("look", || look(&read, version, &places, &plugin))?;
    row.time("remove", || read(&["apt-get", "--yes", "purge", NAME]))?;
    let after = listing(&read)?;
    let left: Vec<_> = after.difference(&before).map(String::as_str).collect();
    let gone: Vec<_> = before.difference(&after).map(String::as_str).collect();
    ensure!(left.is_empty(), "the package left behind: {}", left.join(", "));
    ensure!(gone.is_empty(), "the package took away: {}", gone.join(", "));
    Ok(seen)
}

/// Looks whether all of the installed package works.
fn look(
    read: &impl Fn(&[&str]) -> Result<String>,
    version: Version,
    places: &Places,
    plugin: &Path,
) -> Result<String> {
    let listing = read(&["tshark", "-G", "plugins"])?;
    ensure!(lists(&listing, plugin), "Wireshark {version} does not list {}", plugin.display());

    let sample = format!("/{}/{SAMPLE}", places.samples());
    // Wireshark copies a profile of all users to the one who takes it.
    let decode = ["env", "HOME=/tmp", "tshark", "-C", profile::NAME, "-n", "-r", &sample];
    let shown = ["-Y", "carelink.history.record", "-T", "fields", "-e", "carelink.history.event"];
    let decoded = read(&[&decode[..], &shown].concat())?;
    let events = decoded.split([',', '\n']).filter(|event| !event.trim().is_empty()).count();
    ensure!(events > 0, "tshark decodes no history in {sample}");

    let listed = read(&["carelink", "list", &sample])?.lines().count();
    ensure!(listed > 0, "carelink list shows nothing of {sample}");
    let status = read(&["dpkg", "--verify", NAME])?;
    ensure!(status.is_empty(), "files differ from the package's: {status}");
    Ok(format!("plugin listed; {events} events in tshark, {listed} lines of carelink list; nothing left"))
}

/// All files of the system, but for those that apt and dpkg keep of their own work.
fn listing(read: &impl Fn(&[&str]) -> Result<String>) -> Result<BTreeSet<String>> {
    let found = read(&["find", "/", "-xdev", "-printf", "%p %y %m %l\n"])?;
    let own = |line: &&str| {
        ["/proc", "/tmp", "/var/log", "/var/cache", "/var/lib/apt", "/var/lib/dpkg/status-old"]
            .iter()
            .any(|path| line.starts_with(path))
    };
    Ok(found.lines().filter(|line| !own(line)).map(str::to_owned).collect())
}
