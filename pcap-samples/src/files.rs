// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what the name of a sample begins with. Out: where the samples lie, for tests that read them.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the samples.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// All samples, by name.
///
/// # Panics
/// If there are none, or they cannot be read.
#[must_use]
pub fn samples() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("the folder of the samples can be read");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "pcapng"));
    assert!(!paths.is_empty(), "there are no samples: cargo xtask samples");
    paths.sort();
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
