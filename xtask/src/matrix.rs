// SPDX-License-Identifier: GPL-2.0-or-later
//! The versions of Wireshark that we support in; one table of how the tests went on each out.

use std::env;
use std::fmt::Write;
use std::process::Command;

use anyhow::{Result, bail, ensure};
use xtask::process;
use xtask::tshark::Version;

use crate::apt;
use crate::chroot::Chroot;
use crate::fuzz;
use crate::testing::Tally;

/// Each version of Wireshark, and the suites of Debian that have it, the one to prefer first.
pub const SUPPORTED: &[(Version, &[&str])] = &[
    (Version { major: 4, minor: 0 }, &["bookworm"]),
    (Version { major: 4, minor: 4 }, &["trixie"]),
    (Version { major: 4, minor: 6 }, &["forky", "sid"]),
];

/// What to run.
#[derive(Debug)]
pub struct Options {
    /// This suite only.
    pub suite: Option<String>,
    /// Fail unless every version was run.
    pub demand: bool,
    /// Fuzz with so many frames after the tests.
    pub fuzz: Option<usize>,
}

#[derive(Debug)]
enum Outcome {
    Ran { tests: Tally, fuzz: Option<String> },
    Failed { tests: Option<Tally>, why: String },
    NotRun { why: String },
}

#[derive(Debug)]
struct Row {
    wireshark: String,
    place: String,
    outcome: Outcome,
}

/// Runs the plugin's tests on every version, and prints the table.
///
/// # Errors
/// If a test failed, or, on demand, could not be run.
pub fn run(options: &Options) -> Result<()> {
    apt::ensure(apt::BUILD)?;
    let here = Version::installed()?;
    let mut rows = Vec::new();
    if options.suite.is_none() && SUPPORTED.iter().all(|(version, _)| *version != here) {
        rows.push(native(here, options));
    }
    for &(version, suites) in SUPPORTED {
        match &options.suite {
            Some(suite) if !suites.contains(&suite.as_str()) => {}
            Some(suite) => rows.push(in_chroot(version, &[suite], options)),
            None if version == here => rows.push(native(here, options)),
            None => rows.push(in_chroot(version, suites, options)),
        }
    }
    if rows.is_empty() {
        let known: Vec<_> = SUPPORTED.iter().flat_map(|(_, suites)| suites.iter().copied()).collect();
        bail!("no version of Wireshark is tested on that suite: choose one of {}", known.join(", "));
    }
    println!("\n{}", table(&rows));
    let failed = rows.iter().filter(|row| matches!(row.outcome, Outcome::Failed { .. })).count();
    let not_run = rows.iter().filter(|row| matches!(row.outcome, Outcome::NotRun { .. })).count();
    ensure!(failed == 0, "{failed} of {} versions failed", rows.len());
    ensure!(!options.demand || not_run == 0, "{not_run} of {} versions were not run", rows.len());
    Ok(())
}

fn native(version: Version, options: &Options) -> Row {
    println!("\nWireshark {version}, on this machine");
    let outcome = env::current_exe().map_err(Into::into).and_then(|xtask| {
        trial(options, |verb| {
            let mut command = Command::new(&xtask);
            command.args(verb);
            Ok(command)
        })
    });
    Row { wireshark: version.to_string(), place: "this machine".to_owned(), outcome: settle(outcome) }
}

fn in_chroot(version: Version, suites: &[&str], options: &Options) -> Row {
    println!("\nWireshark {version}, in a chroot of {}", suites.join(" or "));
    match first(suites) {
        Ok((suite, chroot, found)) => {
            let cargo = |verb: &[&str]| chroot.command(&[&["cargo", "xtask"], verb].concat());
            let outcome = settle(trial(options, cargo));
            Row { wireshark: found.to_string(), place: format!("chroot of {suite}"), outcome }
        }
        Err(error) => {
            let outcome = Outcome::NotRun { why: error.to_string() };
            Row {
                wireshark: version.to_string(),
                place: format!("chroot of {}", suites.join(" or ")),
                outcome,
            }
        }
    }
}

/// The first of these suites that gives a chroot with all that the tests need, and its version of Wireshark.
///
/// # Errors
/// With a reason for each suite, if none does.
pub fn first<'a>(suites: &[&'a str]) -> Result<(&'a str, Chroot, Version)> {
    let mut reasons = Vec::new();
    for suite in suites {
        match furnish(suite) {
            Ok((chroot, found)) => return Ok((suite, chroot, found)),
            Err(error) => {
                println!("No chroot of {suite}: {error:#}");
                reasons.push(format!("{suite}: {}", first_line(&error)));
            }
        }
    }
    bail!("{}", reasons.join("; "))
}

/// A chroot with all that the tests need, and the version of Wireshark that this brought.
///
/// # Errors
/// If it cannot be made, or lacks something.
fn furnish(suite: &str) -> Result<(Chroot, Version)> {
    let chroot = Chroot::open(suite)?;
    process::run(&mut chroot.command(&["cargo", "xtask", "deps"])?)?;
    let version = Version::of(&mut chroot.command(&["tshark"])?)?;
    Ok((chroot, version))
}

/// Runs a verb of xtask in the chroot of a suite.
///
/// # Errors
/// If there is no chroot, or the verb fails.
pub fn run_in(suite: &str, verb: &[&str]) -> Result<()> {
    let (chroot, _) = furnish(suite)?;
    process::run(&mut chroot.command(&[&["cargo", "xtask"], verb].concat())?)
}

/// Runs the tests, and the fuzzing if it is wanted, with commands that `xtask` makes from verbs.
fn trial(options: &Options, xtask: impl Fn(&[&str]) -> Result<Command>) -> Result<Outcome> {
    let mut tests = None;
    let status = process::follow(&mut xtask(&["test", "--plugin-only"])?, |line| {
        tests = Tally::parse(line).or(tests);
        true
    })?;
    let Some(tally) = tests.filter(|_| status.success()) else {
        return Ok(Outcome::Failed { tests, why: "tests failed: see above".to_owned() });
    };
    if tally.is_empty() {
        return Ok(Outcome::Failed { tests, why: "there were no tests to run".to_owned() });
    }
    let mut report = None;
    if let Some(frames) = options.fuzz {
        let status = process::follow(&mut xtask(&["fuzz", "--frames", &frames.to_string()])?, |line| {
            if let Some(summary) = line.strip_prefix(fuzz::SUMMARY) {
                report = Some(summary.to_owned());
            }
            true
        })?;
        if !status.success() {
            return Ok(Outcome::Failed { tests, why: report.unwrap_or_else(|| "fuzzing failed".to_owned()) });
        }
    }
    Ok(Outcome::Ran { tests: tally, fuzz: report })
}

fn settle(outcome: Result<Outcome>) -> Outcome {
    outcome.unwrap_or_else(|error| Outcome::NotRun { why: first_line(&error) })
}

/// The error in one line, so that it fits the table.
pub fn first_line(error: &anyhow::Error) -> String {
    format!("{error:#}").lines().next().unwrap_or_default().to_owned()
}

fn table(rows: &[Row]) -> String {
    let mut text = format!("{:<10} {:<24} result\n", "Wireshark", "where");
    for Row { wireshark, place, outcome } in rows {
        let result = match outcome {
            Outcome::Ran { tests, fuzz: None } => tests.to_string(),
            Outcome::Ran { tests, fuzz: Some(fuzz) } => format!("{tests}; fuzzed: {fuzz}"),
            Outcome::Failed { tests: Some(tests), why } => format!("FAILED: {tests}; {why}"),
            Outcome::Failed { tests: None, why } => format!("FAILED: {why}"),
            Outcome::NotRun { why } => format!("not run: {why}"),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{wireshark:<10} {place:<24} {result}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_tells_what_was_not_run() {
        let row = |wireshark: &str, outcome| Row {
            wireshark: wireshark.to_owned(),
            place: "this machine".to_owned(),
            outcome,
        };
        let tests = Tally::parse("3 passed, 0 failed, 1 skipped").unwrap_or_default();
        let text = table(&[
            row("4.0", Outcome::Ran { tests, fuzz: None }),
            row("4.4", Outcome::Failed { tests: None, why: "it did not build".to_owned() }),
            row("4.6", Outcome::NotRun { why: "no network".to_owned() }),
        ]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[1], "4.0        this machine             3 passed, 0 failed, 1 skipped");
        assert!(lines[2].ends_with(" FAILED: it did not build"));
        assert!(lines[3].ends_with(" not run: no network"));
    }
}
