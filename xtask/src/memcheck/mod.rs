// SPDX-License-Identifier: GPL-2.0-or-later
//! Captures in, sound and damaged; what valgrind or sanitizers say of our plugin's use of memory, in tshark and in sharkd, out.

mod checker;

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use xtask::tshark::Tshark;
use xtask::{process, workspace};

use self::checker::{Checker, Found};
use crate::{apt, fuzz};

/// How often sharkd loads each file: what leaks with each reload is told a hundred times.
const RELOADS: usize = 100;

/// Runs tshark over samples, recordings and at least so many damaged frames, and lets sharkd load the samples again and again,
/// all under valgrind's memcheck, or with a plugin that sanitizers watch.
///
/// # Errors
/// If there is an error, or memory that is lost, with our plugin among those who called; or if something is missing.
pub fn run(frames: usize, sanitizers: bool) -> Result<()> {
    apt::ensure(&[apt::BUILD, apt::COUNT].concat())?;
    let (checker, tshark) = if sanitizers { Checker::sanitizers()? } else { Checker::valgrind()? };
    let (samples, recordings) = (workspace::samples()?, workspace::recordings()?);
    let damaged = damaged(&tshark, &samples, frames)?;
    let mut own = 0;
    for (name, captures) in [("samples", &samples), ("recordings", &recordings), ("damaged", &damaged)] {
        if captures.is_empty() {
            println!("SKIPPED: there are no {name}");
            continue;
        }
        let merged = merged(&tshark, name, captures)?;
        let count = fuzz::count(&tshark, &merged)?;
        let mut command = checker.command(&tshark, "tshark", &["-n", "-V", "-r"]);
        own += found(&checker, &tshark, command.arg(&merged), &format!("{count} frames of {name}"), None)?;
    }
    let all = merged(&tshark, "samples", &samples)?;
    let requests = reloads(&all);
    let mut sharkd = checker.command(&tshark, "sharkd", &["-"]);
    own +=
        found(&checker, &tshark, &mut sharkd, &format!("{RELOADS} reloads of the samples"), Some(&requests))?;
    ensure!(own == 0, "{}: {own} errors with our plugin among those who called: see above", checker.name());
    Ok(())
}

/// Runs it with these lines as its input, if any, and counts the errors that are ours.
fn found(
    checker: &Checker,
    tshark: &Tshark,
    program: &mut Command,
    what: &str,
    input: Option<&str>,
) -> Result<usize> {
    let (output, mut errors) = (tempfile::tempfile()?, tempfile::tempfile()?);
    program.stdin(Stdio::piped()).stdout(output.try_clone()?).stderr(errors.try_clone()?);
    let mut child = program.spawn().with_context(|| format!("cannot start {}", process::line(program)))?;
    let mut pipe = child.stdin.take().context("no input")?;
    // One that has ended already says why.
    let _ = pipe.write_all(input.unwrap_or_default().as_bytes());
    drop(pipe);
    let status = child.wait()?;
    errors.rewind()?;
    let mut said = Vec::new();
    errors.read_to_end(&mut said)?;
    let said = String::from_utf8_lossy(&said);
    let Found { ours, elsewhere } = checker.found(tshark, &said)?;
    println!("{what}: {} errors of our plugin, {elsewhere} elsewhere", ours.len());
    ours.iter().for_each(|error| println!("{error}"));
    if ours.is_empty() {
        ensure!(status.success(), "failed ({status}): {}\n{said}", process::line(program));
        ensure!(output.metadata()?.len() > 1000, "nothing was printed by {}", process::line(program));
    }
    Ok(ours.len())
}

/// Requests to load a file again and again, and to show all of it once.
fn reloads(file: &Path) -> String {
    let request = |id: usize, method: &str, parameters: Value| {
        json!({"jsonrpc": "2.0", "id": id, "method": method, "params": parameters}).to_string() + "\n"
    };
    let load = |id: usize| {
        let file = json!({"file": file.display().to_string()});
        request(id, "load", file) + &request(id, "frames", json!({"filter": "carelink"}))
    };
    (1..=RELOADS).map(load).chain([request(RELOADS + 1, "bye", json!({}))]).collect()
}

/// Copies of the captures with one byte in fifty changed, until there are so many frames.
fn damaged(tshark: &Tshark, captures: &[PathBuf], frames: usize) -> Result<Vec<PathBuf>> {
    let (mut files, mut count) = (Vec::new(), 0);
    for (seed, capture) in (1..).zip(captures.iter().cycle()) {
        if count >= frames {
            break;
        }
        let whole = tshark.lend(capture)?;
        let file = tshark.home().join(format!("damaged-{seed}.pcapng"));
        let mut editcap = tshark.command("editcap");
        editcap.args(fuzz::flips(fuzz::HEADER, seed)).arg(whole).arg(&file);
        process::read(&mut editcap)?;
        count += fuzz::count(tshark, &file)?;
        files.push(file);
    }
    Ok(files)
}

/// One capture of all, one behind the other.
fn merged(tshark: &Tshark, name: &str, captures: &[PathBuf]) -> Result<PathBuf> {
    let merged = tshark.home().join(name).with_extension("all.pcapng");
    let mut mergecap = tshark.command("mergecap");
    mergecap.args(["-a", "-w"]).arg(&merged);
    for capture in captures {
        // Damaged ones lie there already.
        let lies_there = capture.starts_with(tshark.home());
        mergecap.arg(if lies_there { capture.clone() } else { tshark.lend(capture)? });
    }
    process::read(&mut mergecap)?;
    File::open(&merged).with_context(|| format!("mergecap wrote no {}", merged.display()))?;
    Ok(merged)
}
