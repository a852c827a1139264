// SPDX-License-Identifier: GPL-2.0-or-later
//! This repository's folders: nothing in, paths out.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use carelink_samples::files;

/// The repository's root.
#[must_use]
pub fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// The folder that cargo builds in: `CARGO_TARGET_DIR`, or `target` in the root.
#[must_use]
pub fn target() -> PathBuf {
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The sample captures, by name.
///
/// # Errors
/// If the folder cannot be read.
pub fn samples() -> Result<Vec<PathBuf>> {
    captures(&files::folder())
}

/// The recordings beside the repository (`../shared/captures`), by name; none where that folder is absent.
///
/// # Errors
/// If the folder is there and cannot be read.
pub fn recordings() -> Result<Vec<PathBuf>> {
    let folder = root().join("../shared/captures");
    if folder.is_dir() { captures(&folder) } else { Ok(Vec::new()) }
}

fn captures(folder: &Path) -> Result<Vec<PathBuf>> {
    files::captures(folder).with_context(|| format!("cannot read {}", folder.display()))
}
