// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the name of a file in the folder `shared` beside the repository. Out: its path, or a test that skips itself.
//!
//! The recordings of real sticks, the vendor's exports and the pages are not part of this repository. Where
//! `CARELINK_DEMAND_SHARED` is 1, they must be there, and a test fails without them; else it says that it is skipped.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The file or folder `name`; `None` without it, and then the test has nothing to do.
///
/// # Panics
/// If it is demanded, and not there.
#[must_use]
pub fn path(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    let demanded = env::var_os("CARELINK_DEMAND_SHARED").is_some_and(|value| value == "1");
    assert!(!demanded, "{} is demanded, and missing", path.display());
    eprintln!("SKIPPED: {} is missing", path.display());
    None
}

/// The captures of sticks, by name; none without them, and then the test has nothing to do.
///
/// # Panics
/// If they are demanded, and not there, or if their folder is empty or cannot be read.
#[must_use]
pub fn captures() -> Vec<PathBuf> {
    captures_in("captures")
}

/// The same, of meters in the place of a stick.
///
/// # Panics
/// As [`captures`].
#[must_use]
pub fn captures_of_meters() -> Vec<PathBuf> {
    captures_in("nextlink")
}

fn captures_in(folder: &str) -> Vec<PathBuf> {
    let Some(folder) = path(folder) else { return Vec::new() };
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "pcapng"));
    assert!(!paths.is_empty(), "the folder of captures is empty");
    paths.sort();
    paths
}
