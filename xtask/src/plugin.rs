// SPDX-License-Identifier: GPL-2.0-or-later
//! The plugin's sources in, the path of the built plugin out.

use std::env;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::{process, workspace};

/// The file name under which Wireshark finds the plugin: it ends in `.so` on macOS, too.
pub const FILE_NAME: &str = if cfg!(windows) { "carelink.dll" } else { "carelink.so" };

/// The environment variable that names a plugin that is already built.
pub const VARIABLE: &str = "CARELINK_PLUGIN";

/// Cargo, the one that runs us if there is one.
#[must_use]
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace::root());
    cargo
}

/// Builds the plugin for the Wireshark that pkg-config finds, and returns where it is.
///
/// # Errors
/// If it does not build: the compiler's messages are on the terminal.
pub fn build() -> Result<PathBuf> {
    let target = workspace::target();
    process::run(
        cargo().args(["build", "--release", "--package", "carelink-epan", "--target-dir"]).arg(&target),
    )?;
    Ok(target.join("release").join(library_name()))
}

/// The file name that cargo gives the library.
#[must_use]
pub fn library_name() -> String {
    format!("{DLL_PREFIX}carelink_epan{DLL_SUFFIX}")
}

/// The plugin that [`VARIABLE`] names, or else a freshly built one.
///
/// # Errors
/// As [`build`].
pub fn locate() -> Result<PathBuf> {
    env::var_os(VARIABLE).map_or_else(build, |path| Ok(path.into()))
}
