// SPDX-License-Identifier: GPL-2.0-or-later
//! The sources in; complaints about their form out.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use xtask::{plugin, process, workspace};

use crate::apt;

/// What the first line of each source file says.
const LICENCE: &str = "SPDX-License-Identifier: GPL-2.0-or-later";

/// Checks the format, and takes every warning of clippy and rustdoc for an error.
///
/// # Errors
/// On the first kind of complaint.
pub fn run() -> Result<()> {
    apt::ensure(apt::BUILD)?;
    println!("Checking the format");
    process::run(plugin::cargo().args(["fmt", "--all", "--check"])).context("run cargo fmt")?;
    licences()?;
    println!("Running clippy");
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    process::run(plugin::cargo().args(clippy))?;
    // By itself the core has no C ABI, and then forbids unsafe code.
    let core = ["clippy", "--package", "carelink-core", "--", "--deny", "warnings"];
    process::run(plugin::cargo().args(core))?;
    // Who wants no pictures leaves out half of the program's crates.
    let bare = [
        "clippy",
        "--package",
        "carelink-cli",
        "--no-default-features",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ];
    process::run(plugin::cargo().args(bare))?;
    println!("Checking the documentation");
    let doc = ["doc", "--workspace", "--no-deps", "--document-private-items"];
    process::run(plugin::cargo().args(doc).env("RUSTDOCFLAGS", "--deny warnings"))
}

/// Looks for the licence in the first line of each source file that is tracked.
fn licences() -> Result<()> {
    println!("Looking for the licence in each source file");
    let list = ["ls-files", "-z", "*.rs", "*.c", "*.h"];
    let files = process::read(Command::new("git").args(list).current_dir(workspace::root()))?;
    let names: Vec<_> = files.split_terminator('\0').collect();
    ensure!(!names.is_empty(), "git lists no source file");
    for name in names {
        // A file that is gone from the folder and not yet from the index has nothing to be checked.
        let Ok(text) = fs::read_to_string(workspace::root().join(name)) else { continue };
        let first = text.lines().next().unwrap_or_default();
        ensure!(first.contains(LICENCE), "{name} does not name its licence: begin it with // {LICENCE}");
    }
    Ok(())
}

/// The most bytes of a cell in the reference of fields.
const LONGEST_CELL: usize = 400;

/// Writes the reference of fields that the core generates, or only compares it.
///
/// # Errors
/// If it cannot be generated or written, or a cell of its tables is too long; with `check`, if the committed one is another.
pub fn fields(check: bool) -> Result<()> {
    let path = workspace::root().join("core/docs/fields.md");
    let example = ["run", "--quiet", "--package", "carelink-core", "--example", "fields"];
    let fresh = process::read(plugin::cargo().args(example))?;
    let long = fresh.lines().flat_map(|line| line.split(" | ")).find(|cell| cell.len() > LONGEST_CELL);
    ensure!(
        long.is_none(),
        "a cell of {} is too long to be read in a table: {}",
        path.display(),
        long.unwrap_or_default()
    );
    if check {
        let committed = fs::read_to_string(&path).unwrap_or_default();
        ensure!(committed == fresh, "{} is out of date: run cargo xtask fields", path.display());
        println!("{} is up to date", path.display());
    } else {
        fs::create_dir_all(path.parent().context("no folder")?)?;
        fs::write(&path, fresh).with_context(|| format!("cannot write {}", path.display()))?;
        println!("Wrote {}", path.display());
    }
    Ok(())
}
