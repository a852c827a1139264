// SPDX-License-Identifier: GPL-2.0-or-later
//! This system, with its Wireshark, in; the packages for it out: a tarball, and where there is dpkg, a package of Debian.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use xtask::tshark::Version;
use xtask::{process, workspace};

use super::built::{self, Built};
use super::layout::{self, Places};
use super::{NAME, RELEASE, changes, deb, folder, licences, time};
use crate::apt;

/// The folder of cargo's, below the one for all builds: other flags mean other files.
pub const BUILD: &str = "packages-build";

/// Makes the packages, and, if asked to, makes them again elsewhere and compares.
///
/// # Errors
/// If something cannot be built or packed, or comes out different the second time.
pub fn run(program: Option<&Path>, twice: bool) -> Result<()> {
    apt::ensure(&[apt::BUILD, apt::PACK].concat())?;
    let target = workspace::target();
    let files = make(&target.join(BUILD), program, &folder()?)?;
    for file in &files {
        println!("Wrote {}", file.display());
    }
    if twice {
        let output = tempfile::tempdir()?;
        let again = target.join("packages-build-again");
        if again.exists() {
            fs::remove_dir_all(&again)?;
        }
        let others = make(&again, program, output.path())?;
        fs::remove_dir_all(&again)?;
        for (file, other) in files.iter().zip(&others) {
            ensure!(
                fs::read(file)? == fs::read(other)?,
                "a second build of {} has other bytes than the first",
                file.display()
            );
        }
        println!("A second build in another folder gave the same bytes.");
    }
    Ok(())
}

/// Builds in one folder, and writes the packages into the other.
fn make(target: &Path, program: Option<&Path>, output: &Path) -> Result<Vec<PathBuf>> {
    let time = time()?;
    let wireshark = Version::installed()?;
    let built = built::build(target, program)?;
    let mut files = vec![tarball(&built, wireshark, time, output)?];
    if apt::has_dpkg() {
        let mut ask = Command::new("pkg-config");
        let plugins = process::read(ask.args(["--variable=plugindir", "wireshark"]))?;
        files.push(deb::write(&built, wireshark, Path::new(plugins.trim()), time, output)?);
    }
    Ok(files)
}

fn tarball(built: &Built, wireshark: Version, time: Timestamp, output: &Path) -> Result<PathBuf> {
    let places = Places::prefix(wireshark);
    let mut tree = layout::tree(built, &places)?;
    let documents = places.documents();
    tree.add(format!("{documents}/CHANGELOG.md"), changes()?);
    tree.copy(&workspace::root().join("LICENSE"), &format!("{documents}/LICENSE"))?;
    let name = format!("{NAME}-{RELEASE}-wireshark{wireshark}-{}", licences::host()?);
    let file = output.join(format!("{name}.tar.gz"));
    let bytes = tree.tarball(&name, time.as_second().try_into()?)?;
    fs::write(&file, bytes).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}
