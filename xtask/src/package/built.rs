// SPDX-License-Identifier: GPL-2.0-or-later
//! The sources in; the plugin, the program and what the program writes of itself, with no trace of this machine, out.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use xtask::{plugin, process, workspace};

use super::licences;

/// The file name of the program.
pub const PROGRAM: &str = if cfg!(windows) { "carelink.exe" } else { "carelink" };

/// All of a package that is built.
#[derive(Debug)]
pub struct Built {
    /// The plugin, without symbols.
    pub plugin: Vec<u8>,
    /// The program, without symbols.
    pub program: Vec<u8>,
    /// The manual pages, by file name.
    pub manual: Vec<(String, Vec<u8>)>,
    /// The scripts of completions.
    pub completions: Completions,
    /// Of the crates that are linked into both: names, licences and their texts.
    pub licences: String,
}

/// A script of completions for each shell.
#[derive(Debug)]
pub struct Completions {
    /// For bash.
    pub bash: Vec<u8>,
    /// For zsh.
    pub zsh: Vec<u8>,
    /// For fish.
    pub fish: Vec<u8>,
}

/// Builds everything, in this folder of cargo's, but for the program if it is there already.
///
/// # Errors
/// If something does not build, or does not run.
pub fn build(target: &Path, program: Option<&Path>) -> Result<Built> {
    let flags = remap(&[
        (cargo_home()?, "/cargo"),
        (workspace::root().to_owned(), "/carelink"),
        // Perhaps within the root, so it comes after: of two that fit, rustc takes the last.
        (target.to_owned(), "/target"),
    ]);
    let mut cargo = plugin::cargo();
    cargo.args(["build", "--release", "--locked", "--package", "carelink-epan", "--target-dir"]).arg(target);
    if program.is_none() {
        cargo.args(["--package", "carelink-cli"]);
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags);
    cargo.env("CARGO_PROFILE_RELEASE_DEBUG", "false").env("CARGO_PROFILE_RELEASE_STRIP", "symbols");
    process::run(&mut cargo)?;

    let folder = target.join("release");
    let program = program.map_or_else(|| folder.join(PROGRAM), Path::to_owned);
    Ok(Built {
        plugin: read(&folder.join(plugin::library_name()))?,
        manual: manual(&program)?,
        completions: Completions {
            bash: completions(&program, "bash")?,
            zsh: completions(&program, "zsh")?,
            fish: completions(&program, "fish")?,
        },
        program: read(&program)?,
        licences: licences::text()?,
    })
}

/// What tells rustc to write other paths in place of this machine's, in the form of `CARGO_ENCODED_RUSTFLAGS`.
fn remap(paths: &[(PathBuf, &str)]) -> String {
    let flag = |(from, to): &(PathBuf, &str)| format!("--remap-path-prefix={}={to}", from.display());
    paths.iter().map(flag).collect::<Vec<_>>().join("\u{1f}")
}

/// Where cargo keeps the sources of crates.
pub fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = env::var_os("CARGO_HOME") {
        return Ok(home.into());
    }
    Ok(env::home_dir().context("this user has no home folder, and CARGO_HOME is not set")?.join(".cargo"))
}

fn manual(program: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let folder = tempfile::tempdir()?;
    process::run(Command::new(program).args(["man", "-o"]).arg(folder.path()))?;
    let pages = fs::read_dir(folder.path())?.map(|entry| {
        let entry = entry?;
        Ok((entry.file_name().to_string_lossy().into_owned(), read(&entry.path())?))
    });
    pages.collect()
}

fn completions(program: &Path, shell: &str) -> Result<Vec<u8>> {
    Ok(process::read(Command::new(program).args(["completions", shell]))?.into_bytes())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_blank_stays_one_flag() {
        let flags = remap(&[("/home/a b/.cargo".into(), "/cargo"), ("/src".into(), "/carelink")]);
        let flags: Vec<_> = flags.split('\u{1f}').collect();
        assert_eq!(
            flags,
            ["--remap-path-prefix=/home/a b/.cargo=/cargo", "--remap-path-prefix=/src=/carelink"]
        );
    }
}
