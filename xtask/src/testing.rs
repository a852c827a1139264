// SPDX-License-Identifier: GPL-2.0-or-later
//! The workspace in, one honest line of passed, failed and skipped tests out.

use std::fmt;

use anyhow::{Result, ensure};
use xtask::{plugin, process};

use crate::apt;

/// How many tests passed, failed, or could not be run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

impl Tally {
    /// Whether nothing was tested.
    pub fn is_empty(self) -> bool {
        self.passed + self.failed == 0
    }

    /// Reads back what [`Tally`] displays.
    pub fn parse(line: &str) -> Option<Self> {
        let number = |part: Option<&str>, label| part?.trim().strip_suffix(label)?.parse().ok();
        let mut parts = line.split(',');
        let tally = Self {
            passed: number(parts.next(), " passed")?,
            failed: number(parts.next(), " failed")?,
            skipped: number(parts.next(), " skipped")?,
        };
        parts.next().is_none().then_some(tally)
    }
}

/// Which tests to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of the workspace's.
    Workspace,
    /// Those that run Wireshark with the plugin.
    Plugin,
}

/// Installs what is missing, builds the plugin, runs the tests, and closes with a line of numbers.
///
/// # Errors
/// If anything fails to install, to build, or to pass.
pub fn run(scope: Scope) -> Result<()> {
    apt::ensure(apt::BUILD)?;
    println!("Building the plugin");
    let plugin = plugin::build()?;
    println!("Running the tests");
    let packages: &[&str] = match scope {
        Scope::Workspace => &["--workspace"],
        Scope::Plugin => &["--package", "carelink-epan"],
    };
    let mut cargo = plugin::cargo();
    cargo.arg("test").args(packages).args(["--no-fail-fast", "--", "--show-output"]);
    cargo.env(plugin::VARIABLE, plugin);
    let mut reader = Reader::default();
    let status = process::follow(&mut cargo, |line| reader.take(line))?;
    ensure!(status.success(), "the tests did not all build and pass: see above\n{}", reader.tally);
    println!("\n{}", reader.tally);
    Ok(())
}

/// Follows what cargo prints of the tests, with the output of successful tests (`--show-output`).
#[derive(Debug, Default)]
struct Reader {
    tally: Tally,
    /// Tests that ended well, but said that they were skipped, since the last result line.
    skipped: usize,
    /// Within the output of successful tests.
    quiet: bool,
    /// The test whose output is being read has said that it was skipped.
    counted: bool,
}

impl Reader {
    /// Takes one line; returns whether it is worth showing.
    fn take(&mut self, line: &str) -> bool {
        if let Some(result) = line.strip_prefix("test result: ") {
            let count = |label| -> usize {
                let number = result.split([';', '.']).find_map(|part| part.trim().strip_suffix(label));
                number.and_then(|number| number.parse().ok()).unwrap_or(0)
            };
            let skipped = std::mem::take(&mut self.skipped);
            self.quiet = false;
            self.tally.passed += count(" passed").saturating_sub(skipped);
            self.tally.failed += count(" failed");
            self.tally.skipped += count(" ignored") + skipped;
        } else if line == "successes:" {
            self.quiet = true;
        } else if line == "failures:" {
            self.quiet = false;
        } else if line.starts_with("---- ") {
            self.counted = false;
        } else if self.quiet && line.starts_with("SKIPPED") {
            self.skipped += usize::from(!self.counted);
            self.counted = true;
            return true;
        }
        !self.quiet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
running 4 tests
test a ... ok
test b ... ok
test c ... FAILED
test d ... ignored

successes:

---- a stdout ----
SKIPPED: no recordings
SKIPPED: no exports

---- b stdout ----
a table of numbers

successes:
    a
    b

failures:

---- c stdout ----
assertion failed

failures:
    c

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

running 1 test
test e ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    #[test]
    fn a_skipped_test_is_not_a_passed_one() {
        let mut reader = Reader::default();
        let shown: Vec<_> = OUTPUT.lines().filter(|line| reader.take(line)).collect();
        assert_eq!(reader.tally, Tally { passed: 2, failed: 1, skipped: 2 });
        assert!(shown.contains(&"SKIPPED: no exports") && shown.contains(&"assertion failed"));
        assert!(!shown.contains(&"a table of numbers"));
    }

    #[test]
    fn the_closing_line_reads_back() {
        let tally = Tally { passed: 12, failed: 0, skipped: 3 };
        assert_eq!(Tally::parse(&tally.to_string()), Some(tally));
        assert_eq!(Tally::parse("12 passed, 0 failed"), None);
        assert_eq!(Tally::parse("test result: ok. 2 passed; 1 failed"), None);
    }
}
