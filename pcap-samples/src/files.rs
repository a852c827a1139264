// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what the name of a sample begins with. Out: where the samples lie, for tests that read them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folder of the samples.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The captures in a folder, by name.
///
/// # Errors
/// If the folder cannot be read.
pub fn captures(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut paths = entries.collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "pcapng"));
    paths.sort();
    Ok(paths)
}

/// All samples, by name.
///
/// # Panics
/// If there are few or none, or they cannot be read.
#[must_use]
pub fn samples() -> Vec<PathBuf> {
    let paths = captures(&folder()).expect("the folder of the samples can be read");
    assert!(paths.len() > 10, "there are few samples: cargo xtask samples");
    paths
}

/// The first sample whose name begins so: `11-history`.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn sample(start: &str) -> PathBuf {
    let fits =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start));
    samples().into_iter().find(fits).unwrap_or_else(|| panic!("there is no sample {start}"))
}
