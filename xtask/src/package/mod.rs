// SPDX-License-Identifier: GPL-2.0-or-later
//! The last commit in; packages for each supported Wireshark, and a tarball of the sources, out.

mod built;
mod check;
mod deb;
mod here;
mod layout;
mod licences;
mod tree;

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use xtask::{process, workspace};

use self::built::PROGRAM;
pub use self::built::cargo_home;
use crate::matrix::{self, SUPPORTED};

/// The name of the packages.
const NAME: &str = "carelink-dissector";

/// The version of the project.
const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// The variable that says when the sources were last changed, in seconds since 1970, as
/// <https://reproducible-builds.org/specs/source-date-epoch/> has it.
pub const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// What to make.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Only for the Wireshark of this machine, on this machine: needs no root
    #[arg(long, conflicts_with_all = ["suite", "check"])]
    here: bool,
    /// Only for the Wireshark of this suite of Debian
    #[arg(long)]
    suite: Option<String>,
    /// Install each in a fresh chroot of its suite, see that it works, remove it, and see that nothing stays
    #[arg(long)]
    check: bool,
    /// Pack this program, and build the plugins only [default: for all the program of the oldest system]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Build all twice, and fail unless both times give the same bytes
    #[arg(long)]
    twice: bool,
    /// Take the files as they are, though they differ from the last commit
    #[arg(long)]
    allow_dirty: bool,
}

/// How it went for one version of Wireshark.
#[derive(Debug, Default)]
struct Row {
    wireshark: String,
    suite: String,
    /// What was done, with how long it took.
    times: Vec<(&'static str, Duration)>,
    result: String,
    failed: bool,
}

impl Row {
    /// Does something and writes down how long it took.
    fn time<T>(&mut self, what: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let start = Instant::now();
        let result = work();
        self.times.push((what, start.elapsed()));
        result
    }
}

/// Makes the packages, and prints a table of how long it took.
///
/// # Errors
/// If one cannot be made, or a check fails.
pub fn run(options: &Options) -> Result<()> {
    let whole =
        |path: &PathBuf| path.canonicalize().with_context(|| format!("cannot read {}", path.display()));
    let mut program = options.program.as_ref().map(whole).transpose()?;
    if options.here {
        return here::run(program.as_deref(), options.twice);
    }
    if !options.allow_dirty {
        clean()?;
    }
    let output = folder()?;
    if in_git() {
        println!("Wrote {}", sources(&output)?.display());
    } else {
        println!("No tarball of the sources: these are not in git, and perhaps came in one.");
    }
    let mut rows = Vec::new();
    for &(version, suites) in SUPPORTED {
        let wanted: Vec<_> = suites
            .iter()
            .copied()
            .filter(|name| options.suite.as_deref().is_none_or(|suite| suite == *name))
            .collect();
        if !wanted.is_empty() {
            let mut row =
                Row { wireshark: version.to_string(), suite: wanted.join(" or "), ..Row::default() };
            match one(&mut row, &wanted, options, program.as_deref(), &output) {
                // It needs no Wireshark: what was built on the oldest system, which comes first, runs on the others.
                Ok(built) => program = Some(built),
                Err(error) => {
                    println!("{error:#}");
                    row.failed = true;
                    row.result = matrix::first_line(&error);
                }
            }
            rows.push(row);
        }
    }
    ensure!(!rows.is_empty(), "no version of Wireshark is supported on that suite: see cargo xtask matrix");
    println!("\n{}", table(&rows));
    let failed = rows.iter().filter(|row| row.failed).count();
    ensure!(failed == 0, "{failed} of {} versions failed", rows.len());
    Ok(())
}

/// Makes the packages for one version, with the program if it is there already, and tries them; returns where the
/// program is.
fn one(
    row: &mut Row,
    suites: &[&str],
    options: &Options,
    program: Option<&Path>,
    output: &Path,
) -> Result<PathBuf> {
    println!("\nWireshark {}, in a chroot of {}", row.wireshark, row.suite);
    let found = row.time("chroot", || matrix::first(suites));
    let (suite, chroot, version) =
        found.context("no chroot (for the Wireshark of this machine: cargo xtask package --here)")?;
    (row.suite, row.wireshark) = (suite.to_owned(), version.to_string());
    let mut words = vec!["cargo", "xtask", "package", "--here"];
    words.extend(options.twice.then_some("--twice"));
    let given = chroot.target().join(PROGRAM);
    let given_text = given.display().to_string();
    if let Some(program) = program.filter(|program| *program != given) {
        // In there, only that folder is sure to be seen.
        fs::copy(program, &given).with_context(|| format!("cannot copy {}", program.display()))?;
    }
    if program.is_some() {
        words.extend(["--program", &given_text]);
    }
    let time = format!("{EPOCH}={}", time()?.as_second());
    let command = [&["env", &time], words.as_slice()].concat();
    let inside = chroot.target().join(FOLDER);
    if inside.exists() {
        fs::remove_dir_all(&inside)?;
    }
    row.time("build", || process::run(&mut chroot.command(&command)?))?;
    let mut package = None;
    for entry in fs::read_dir(&inside)? {
        let from = entry?.path();
        let to = output.join(from.file_name().context("a package without a name")?);
        fs::copy(&from, &to).with_context(|| format!("cannot write {}", to.display()))?;
        if to.extension().is_some_and(|extension| extension == "deb") {
            package = Some(to);
        }
    }
    let package = package.context("no package of Debian was made")?;
    if options.check {
        row.time("lintian", || check::lintian(&package))?;
        row.result = check::run(row, suite, version, &package)?;
    } else {
        row.result = "made, not tried: --check does".to_owned();
    }
    if options.twice {
        row.result.push_str("; built twice, same bytes");
    }
    Ok(if program.is_some() {
        given
    } else {
        chroot.target().join(here::BUILD).join("release").join(PROGRAM)
    })
}

/// Its name, in the folder for all builds.
const FOLDER: &str = "package";

/// The folder that packages are written to.
fn folder() -> Result<PathBuf> {
    let folder = workspace::target().join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// The text of our changelog.
fn changes() -> Result<String> {
    Ok(fs::read_to_string(workspace::root().join("CHANGELOG.md"))?)
}

fn git(words: &[&str]) -> Command {
    let mut git = Command::new("git");
    git.arg("-C").arg(workspace::root()).args(words);
    git
}

fn in_git() -> bool {
    workspace::root().join(".git").exists()
}

/// When the sources were last changed: as we are told, else by the last commit, else as the files say.
fn time() -> Result<Timestamp> {
    if let Ok(told) = env::var(EPOCH) {
        let second = told.trim().parse().with_context(|| format!("{EPOCH} is no number: {told}"))?;
        return Ok(Timestamp::from_second(second)?);
    }
    if in_git() {
        let second = process::read(&mut git(&["log", "-1", "--format=%ct"]))?;
        return Ok(Timestamp::from_second(second.trim().parse()?)?);
    }
    // In our tarballs all files have the time of the commit.
    Ok(fs::metadata(workspace::root().join("Cargo.toml"))?.modified()?.try_into()?)
}

/// # Errors
/// If a file differs from the last commit, by which the packages are dated and the sources packed.
fn clean() -> Result<()> {
    if in_git() {
        let changed = process::read(&mut git(&["status", "--porcelain"]))?;
        if let Some(first) = changed.lines().next() {
            let count = changed.lines().count();
            bail!(
                "{count} files differ from the last commit ({} ...): commit them, or pass --allow-dirty",
                first.trim()
            );
        }
    }
    Ok(())
}

/// Packs the sources as they are in the last commit.
fn sources(output: &Path) -> Result<PathBuf> {
    let prefix = format!("--prefix={NAME}-{RELEASE}/");
    let tar = process::output(&mut git(&["archive", "--format=tar", &prefix, "HEAD"]))?;
    ensure!(tar.status.success(), "git archive failed: {}", String::from_utf8_lossy(&tar.stderr).trim());
    let file = output.join(format!("{NAME}-{RELEASE}.tar.gz"));
    fs::write(&file, tree::gzip(&tar.stdout)?).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

fn table(rows: &[Row]) -> String {
    let mut text = format!("{:<10} {:<9} result\n", "Wireshark", "suite");
    for Row { wireshark, suite, times, result, failed } in rows {
        let failed = if *failed { "FAILED: " } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{wireshark:<10} {suite:<9} {failed}{result}");
        let times: Vec<_> =
            times.iter().map(|(what, time)| format!("{what} {:.1} s", time.as_secs_f64())).collect();
        let _ = writeln!(text, "{:<20} {}", "", times.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_tells_what_failed_and_what_took_how_long() -> Result<()> {
        let mut good = Row { wireshark: "4.0".to_owned(), suite: "bookworm".to_owned(), ..Row::default() };
        good.time("build", || Ok(()))?;
        good.result = "all is well".to_owned();
        let mut bad = Row { wireshark: "4.6".to_owned(), suite: "forky".to_owned(), ..Row::default() };
        assert!(bad.time("chroot", || -> Result<()> { bail!("no network") }).is_err());
        (bad.result, bad.failed) = ("no network".to_owned(), true);
        let text = table(&[good, bad]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[1], "4.0        bookworm  all is well");
        assert!(lines[2].trim_start().starts_with("build 0."), "{text}");
        assert_eq!(lines[3], "4.6        forky     FAILED: no network");
        Ok(())
    }
}
