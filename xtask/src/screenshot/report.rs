// SPDX-License-Identifier: GPL-2.0-or-later
//! A capture in; what the program makes of it, and a picture of its report in a browser, out.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;
use xtask::tshark::Tshark;
use xtask::{plugin, process};

use crate::apt::{self, BROWSER};

/// Width and height of a column of the picture, in pixels; the report runs on from each to the next.
const COLUMN: (u32, u32) = (900, 1150);

/// How many columns there are.
const COLUMNS: u32 = 3;

/// Runs the program with these words, then these files.
///
/// # Errors
/// If it does not build, or fails.
pub fn program<A: AsRef<OsStr>>(words: &[&str], files: impl IntoIterator<Item = A>) -> Result<()> {
    let mut cargo = plugin::cargo();
    cargo.args(["run", "--quiet", "--package", "carelink-cli", "--"]).args(words).args(files);
    process::run(cargo.stdout(Stdio::null()))
}

/// Writes the report of these captures, and photographs it.
///
/// # Errors
/// If the program or the browser fails.
pub fn photograph(captures: &[PathBuf], picture: &Path) -> Result<()> {
    apt::ensure(BROWSER)?;
    // Its home is a place for a user who is not root, for whom alone a browser starts.
    let tshark = Tshark::bare()?;
    let (report, written) = (tempfile::tempdir()?, tshark.home().join("report.png"));
    let page = report.path().join("report.html");
    program(&["report", "--output"], std::iter::once(&page).chain(captures))?;
    let page = tshark.lend(&page)?;
    let (width, height) = COLUMN;
    let mut browser = tshark.command("chromium");
    // The page is ours, and in a container there is no sandbox.
    browser.args(["--headless", "--no-sandbox", "--hide-scrollbars"]);
    browser.arg(format!("--window-size={width},{}", height * COLUMNS));
    browser.arg(format!("--screenshot={}", written.display())).arg(format!("file://{}", page.display()));
    process::read(browser.stderr(Stdio::null()))?;
    let mut columns = Command::new("convert");
    columns.arg(&written).args(["-crop", &format!("{width}x{height}"), "+repage", "+append"]);
    process::run(columns.args(["-resize", "1800x"]).arg(picture))?;
    println!("Wrote {}", picture.display());
    Ok(())
}
