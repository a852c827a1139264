// SPDX-License-Identifier: GPL-2.0-or-later
//! A built plugin and program, and the Debian system that they were built on, in; a package of Debian out.

use std::env;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use jiff::Timestamp;
use xtask::process;
use xtask::tshark::Version;

use super::built::Built;
use super::layout::{self, Places};
use super::tree::{Tree, gzip};
use super::{NAME, RELEASE};
use crate::install;

/// Who answers for the packages, unless DEBFULLNAME and DEBEMAIL say who.
const MAINTAINER: (&str, &str) = ("The CareLink dissector authors", "carelink-dissector@example.org");

const DESCRIPTION: &str = "\
Description: Wireshark plugin for Medtronic CareLink USB and MiniMed pumps
 Shows what a CareLink USB stick (ComLink II, 0a21:8001) and a MiniMed insulin
 pump say to each other: stick frames, opcodes, CRCs and payloads in the tree,
 a fetch as one thing, history and sensor pages record by record.
 .
 With it come a profile for Wireshark with colours, columns and buttons, and
 the program carelink, which reads the same captures without Wireshark.
 .
 It is passive: nothing here ever talks to a device.
";

/// What lintian says that we do not follow, and why.
const OVERRIDES: &str = "\
# No bug of Debian's asked for this package: it is not part of Debian's archive.
carelink-dissector: initial-upload-closes-no-bugs
";

/// The package, but for its files.
#[derive(Debug)]
pub struct Description {
    /// The Wireshark that it is for.
    pub wireshark: Version,
    /// As Debian calls the processor.
    pub architecture: String,
    /// The package that has this system's libwireshark.
    pub library: String,
    /// The other libraries, as `Depends` lists them.
    pub libraries: String,
    /// Name and address.
    pub maintainer: String,
    /// When the sources were last changed.
    pub time: Timestamp,
}

impl Description {
    /// What dpkg and pkg-config know of this system.
    ///
    /// # Errors
    /// If one of them cannot be asked.
    fn here(built: &Built, wireshark: Version, time: Timestamp) -> Result<Self> {
        let (name, address) = MAINTAINER;
        let said = |variable, default: &str| env::var(variable).unwrap_or_else(|_| default.to_owned());
        Ok(Self {
            wireshark,
            architecture: process::read(Command::new("dpkg").arg("--print-architecture"))?.trim().to_owned(),
            library: library()?,
            libraries: libraries(built)?,
            maintainer: format!("{} <{}>", said("DEBFULLNAME", name), said("DEBEMAIL", address)),
            time,
        })
    }

    /// The version of the package: a system that is upgraded to a later Wireshark gets a later package.
    fn version(&self) -> String {
        format!("{RELEASE}-1+ws{}", self.wireshark)
    }

    /// The name of its file.
    pub fn file_name(&self) -> String {
        format!("{NAME}_{}_{}.deb", self.version(), self.architecture)
    }

    fn control(&self, size: usize) -> String {
        let Self { wireshark, architecture, library, libraries, maintainer, .. } = self;
        let next = Version { minor: wireshark.minor + 1, ..*wireshark };
        format!(
            "Package: {NAME}\n\
             Version: {}\n\
             Architecture: {architecture}\n\
             Maintainer: {maintainer}\n\
             Installed-Size: {size}\n\
             Depends: {libraries}, {library} (>= {wireshark}), {library} (<< {next}~)\n\
             Recommends: wireshark | tshark\n\
             Section: net\n\
             Priority: optional\n\
             {DESCRIPTION}",
            self.version()
        )
    }

    fn changelog(&self) -> String {
        format!(
            "{NAME} ({}) unstable; urgency=medium\n\n  * Release {RELEASE}, built for Wireshark {}. What is new in it: changelog.gz.\n\n \
             -- {}  {}\n",
            self.version(),
            self.wireshark,
            self.maintainer,
            self.time.strftime("%a, %d %b %Y %H:%M:%S +0000"),
        )
    }

    fn copyright(&self) -> String {
        format!(
            "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
             Upstream-Name: {NAME}\n\
             Comment: The crates that are linked in are under licences that go with this one. They are listed,\n \
             with their texts, in /usr/share/doc/{NAME}/third-party-licences.gz.\n\n\
             Files: *\n\
             Copyright: {} The CareLink dissector authors\n\
             License: GPL-2.0-or-later\n \
             This program is free software; you can redistribute it and/or modify it under the terms of the GNU\n \
             General Public License as published by the Free Software Foundation; either version 2 of the\n \
             License, or (at your option) any later version.\n \
             .\n \
             It is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the\n \
             implied warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. It is no medical device.\n \
             .\n \
             On Debian systems, the text of the GNU General Public License version 2 is in\n \
             /usr/share/common-licenses/GPL-2.\n",
            self.time.strftime("%Y")
        )
    }
}

/// Before it is unpacked: a copy that `cargo xtask install` has put there would be overwritten in silence, and later
/// `uninstall` would take the package's.
fn before(plugin: &str) -> String {
    let manifest = Path::new("/").join(plugin).with_file_name(install::MANIFEST);
    format!(
        "#!/bin/sh\nset -e\nif [ -e {0} ]; then\n    \
         echo \"The plugin is here already, from 'cargo xtask install': remove it with 'cargo xtask uninstall' first.\" >&2\n    \
         exit 1\nfi\n",
        manifest.display()
    )
}

/// Writes the package into a folder, and returns where it is.
///
/// # Errors
/// If dpkg's tools fail, or the disk does not let us.
pub fn write(
    built: &Built,
    wireshark: Version,
    plugins: &Path,
    time: Timestamp,
    output: &Path,
) -> Result<PathBuf> {
    let description = Description::here(built, wireshark, time)?;
    let places = Places::debian(plugins);
    let mut tree = layout::tree(built, &places)?;
    let documents = places.documents();
    tree.add(format!("{documents}/changelog.gz"), gzip(super::changes()?.as_bytes())?);
    tree.add(format!("{documents}/changelog.Debian.gz"), gzip(description.changelog().as_bytes())?);
    tree.add(format!("{documents}/copyright"), description.copyright());
    tree.add(format!("usr/share/lintian/overrides/{NAME}"), OVERRIDES);

    let mut control = Tree::default();
    control.add("DEBIAN/control", description.control(tree.size()));
    control.add("DEBIAN/md5sums", sums(&tree));
    control.add_program("DEBIAN/preinst", before(&places.plugin()));
    let stage = tempfile::tempdir()?;
    tree.write(stage.path())?;
    control.write(stage.path())?;
    let file = output.join(description.file_name());
    let mut pack = Command::new("dpkg-deb");
    // Its other ways to pack depend on the version, or on the number of processors.
    pack.args(["--root-owner-group", "-Zxz", "--threads-max=1", "--build"]).arg(stage.path()).arg(&file);
    pack.env("SOURCE_DATE_EPOCH", time.as_second().to_string());
    process::read(&mut pack)?;
    Ok(file)
}

/// The sums that `dpkg --verify` goes by.
fn sums(tree: &Tree) -> String {
    let mut text = String::new();
    for (path, bytes) in tree.files() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:x}  {path}", md5::compute(bytes));
    }
    text
}

/// The package that this system's libwireshark is of.
fn library() -> Result<String> {
    let mut ask = Command::new("pkg-config");
    let folder = process::read(ask.args(["--variable=libdir", "wireshark"]))?;
    let pattern = format!("{}/libwireshark.so.*", folder.trim());
    let owner = process::read(Command::new("dpkg-query").args(["--search", &pattern]))?;
    owner_of(&owner).map(str::to_owned).context("dpkg does not know which package has libwireshark")
}

fn owner_of(search: &str) -> Option<&str> {
    let (owner, _) = search.lines().next()?.split_once(": ")?;
    owner.split(':').next()
}

/// What both files need of libraries, by dpkg's own reckoning.
fn libraries(built: &Built) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let mut files = Tree::default();
    // Without the description of a source package it does not start.
    files.add("debian/control", format!("Source: {NAME}\n\nPackage: {NAME}\nArchitecture: any\n"));
    files.add("plugin", built.plugin.as_slice());
    files.add("program", built.program.as_slice());
    files.write(folder.path())?;
    let mut ask = Command::new("dpkg-shlibdeps");
    let said = process::read(ask.current_dir(folder.path()).args(["-O", "-eplugin", "-eprogram"]))?;
    let depends = said.lines().find_map(|line| line.strip_prefix("shlibs:Depends="));
    depends.map(str::to_owned).with_context(|| format!("dpkg-shlibdeps tells no libraries: {said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description() -> Description {
        Description {
            wireshark: Version { major: 4, minor: 4 },
            architecture: "amd64".to_owned(),
            library: "libwireshark18".to_owned(),
            libraries: "libc6 (>= 2.34), libgcc-s1 (>= 4.2)".to_owned(),
            maintainer: "A <a@b.org>".to_owned(),
            time: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_control_file_binds_the_package_to_one_minor_version() {
        let control = description().control(5000);
        let field = |name: &str| control.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        assert_eq!(field("Version"), Some(format!("{RELEASE}-1+ws4.4").as_str()));
        assert_eq!(field("Installed-Size"), Some("5000"));
        assert_eq!(
            field("Depends"),
            Some("libc6 (>= 2.34), libgcc-s1 (>= 4.2), libwireshark18 (>= 4.4), libwireshark18 (<< 4.5~)")
        );
        // dpkg reads lines below a field only if they begin with a blank, and none that is empty.
        let below = control.lines().skip_while(|line| !line.starts_with("Description")).skip(1);
        assert!(below.clone().count() > 5 && below.into_iter().all(|line| line.starts_with(' ')));
    }

    #[test]
    fn names_and_dates_are_as_debian_writes_them() {
        let description = description();
        assert_eq!(description.file_name(), format!("carelink-dissector_{RELEASE}-1+ws4.4_amd64.deb"));
        let changelog = description.changelog();
        assert!(changelog.ends_with("\n -- A <a@b.org>  Thu, 01 Jan 1970 00:00:00 +0000\n"), "{changelog}");
        assert!(description.copyright().contains("\nCopyright: 1970 "));
    }

    #[test]
    fn the_owner_of_a_library_is_told_without_its_architecture() {
        let search = "libwireshark19:amd64: /usr/lib/x86_64-linux-gnu/libwireshark.so.19\n";
        assert_eq!(owner_of(search), Some("libwireshark19"));
        assert_eq!(owner_of(""), None);
    }

    #[test]
    fn a_plugin_from_a_source_tree_stops_the_package() {
        let script = before("usr/lib/wireshark/plugins/4.4/epan/carelink.so");
        assert!(
            script.contains("-e /usr/lib/wireshark/plugins/4.4/epan/carelink.so.installed ]"),
            "{script}"
        );
    }
}
