// SPDX-License-Identifier: GPL-2.0-or-later
//! Commands in; their output, or an error that names the command, out.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitStatus, Output, Stdio};

use anyhow::{Context, Result, bail};

/// The command as a person would type it.
#[must_use]
pub fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| quote(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Runs a command with its output on the terminal.
///
/// # Errors
/// If it cannot be started, or fails.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start: {}", line(command)))?;
    if !status.success() {
        bail!("failed ({status}): {}", line(command));
    }
    Ok(())
}

/// Runs a command, shows those lines of its output that `show` wants to be shown, as they come, and returns its
/// exit status.
///
/// # Errors
/// If it cannot be started.
pub fn follow(command: &mut Command, mut show: impl FnMut(&str) -> bool) -> Result<ExitStatus> {
    let start = command.stdout(Stdio::piped()).spawn();
    let mut child = start.with_context(|| format!("cannot start: {}", line(command)))?;
    for line in BufReader::new(child.stdout.take().context("no output to follow")?).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        if show(&line) {
            println!("{line}");
        }
    }
    Ok(child.wait()?)
}

/// Runs a command and collects its output, whatever its exit status.
///
/// # Errors
/// If it cannot be started.
pub fn output(command: &mut Command) -> Result<Output> {
    command.output().with_context(|| format!("cannot start: {}", line(command)))
}

/// Runs a command and returns what it prints.
///
/// # Errors
/// If it cannot be started, or fails: the error then carries what it printed to stderr.
pub fn read(command: &mut Command) -> Result<String> {
    let output = output(command)?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("failed ({}): {}\n{}", output.status, line(command), complaint.trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_pasted_into_a_shell() {
        let mut command = Command::new("tshark");
        command.args(["-r", "a b.pcapng", "-Y", "x == 'y'", ""]);
        assert_eq!(line(&command), r"tshark -r 'a b.pcapng' -Y 'x == '\''y'\''' ''");
    }

    #[test]
    fn a_failure_carries_the_complaint() {
        let error = read(Command::new("sh").args(["-c", "echo no >&2; exit 3"])).unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.ends_with("no"), "{error}");
    }
}
