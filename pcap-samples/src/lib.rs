// SPDX-License-Identifier: GPL-2.0-or-later
//! Sample captures: readable session scripts, the capture files that are built from them, and traffic for
//! tests and benchmarks. [`emit`] turns typed values into bytes.

mod damage;
mod descriptors;
pub mod emit;
mod faults;
pub mod files;
mod foreign;
pub mod generate;
pub mod link;
pub mod meter;
mod noise;
mod page;
pub mod script;
mod sensor;
pub mod session;
pub mod stick;
mod words;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use script::Script;

/// The directory of the committed session scripts and captures.
#[must_use]
pub fn directory() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The session scripts in a directory, sorted by name.
///
/// # Errors
/// If the directory cannot be read.
pub fn scripts(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| dir.display().to_string())?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "session"));
    paths.sort();
    Ok(paths)
}

/// Reads one session script.
///
/// # Errors
/// If the file cannot be read, or on the first line that cannot be followed.
pub fn load(script: &Path) -> Result<Script> {
    let text = fs::read_to_string(script).with_context(|| script.display().to_string())?;
    let name = script.file_name().unwrap_or(script.as_os_str());
    Script::parse(&name.to_string_lossy(), &text)
}

/// Builds `NN-name.pcapng` beside each `NN-name.session` in `dir`, always the same bytes, and names the files.
///
/// # Errors
/// If a script is wrong, or a file cannot be read or written.
pub fn build_all(dir: &Path) -> Result<Vec<PathBuf>> {
    let build = |path: PathBuf| {
        let Script { link, session } = load(&path)?;
        let target = path.with_extension("pcapng");
        let file = File::create(&target).with_context(|| target.display().to_string())?;
        link.write(&session, BufWriter::new(file))
            .and_then(|mut writer| Ok(writer.flush()?))
            .with_context(|| target.display().to_string())?;
        Ok(target)
    };
    scripts(dir)?.into_iter().map(build).collect()
}
