// SPDX-License-Identifier: GPL-2.0-or-later
//! A folder for configuration in; our profile in it out: colours, columns, buttons, graphs, user link types.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace;

/// Its name, as Wireshark takes it behind `-C`.
pub const NAME: &str = "CareLink";

/// Where the profile is, below Wireshark's folder for a user's configuration.
#[must_use]
pub fn folder(config: &Path) -> PathBuf {
    config.join("profiles").join(NAME)
}

/// Where the files of the profile are.
#[must_use]
pub fn source() -> PathBuf {
    workspace::root().join("epan-plugin/profile")
}

/// Copies the files of the profile that are not there yet, and names them: the user may have changed the others.
///
/// # Errors
/// If a file cannot be read or written.
pub fn copy_to(profile: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(profile).with_context(|| format!("cannot make {}", profile.display()))?;
    let source = source();
    let entries = fs::read_dir(&source).with_context(|| format!("cannot read {}", source.display()))?;
    entries
        .map(|entry| {
            let entry = entry?;
            let target = profile.join(entry.file_name());
            let new = !target.exists();
            if new {
                fs::copy(entry.path(), &target)
                    .with_context(|| format!("cannot write {}", target.display()))?;
            }
            Ok(new.then_some(target))
        })
        .filter_map(Result::transpose)
        .collect()
}
