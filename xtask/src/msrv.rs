// SPDX-License-Identifier: GPL-2.0-or-later
//! The version of Rust that Cargo.toml declares in; whether all of the workspace passes its checks, out.

use std::process::Command;

use anyhow::{Result, bail};
use xtask::{process, workspace};

use crate::apt;

/// The oldest Rust that is promised to do.
const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

/// Checks all crates, tests and examples with the oldest Rust that is promised to do, which rustup fetches if it is not there.
///
/// # Errors
/// If they do not pass; with `demand`, if that Rust cannot be had.
pub fn run(demand: bool) -> Result<()> {
    apt::ensure(apt::BUILD)?;
    println!("Fetching Rust {OLDEST}");
    let mut fetch = Command::new("rustup");
    fetch.args(["toolchain", "install", OLDEST, "--profile", "minimal", "--no-self-update"]);
    if let Err(error) = process::read(&mut fetch) {
        if demand {
            bail!(error.context(format!("Rust {OLDEST} cannot be had")));
        }
        println!("SKIPPED: Rust {OLDEST} cannot be had: {error:#}");
        return Ok(());
    }
    println!("Checking the workspace with it");
    // A folder of its own: what one Rust has built is worth nothing to another.
    let mut check = Command::new("rustup");
    check.args(["run", OLDEST, "cargo", "check", "--workspace", "--all-targets", "--locked", "--target-dir"]);
    check.arg(workspace::target().join("msrv")).current_dir(workspace::root());
    process::run(&mut check)?;
    println!("Rust {OLDEST} is enough");
    Ok(())
}
