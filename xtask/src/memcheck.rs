// SPDX-License-Identifier: GPL-2.0-or-later
//! Captures in, sound and damaged; what valgrind says of our plugin's use of memory, in tshark and in sharkd, out.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use xtask::tshark::Tshark;
use xtask::{plugin, process, workspace};

use crate::{apt, fuzz};

/// How often sharkd loads each file: what leaks with each reload is told a hundred times.
const RELOADS: usize = 100;

/// Runs tshark over samples, recordings and at least so many damaged frames, and lets sharkd load the samples again and again,
/// all under valgrind's memcheck.
///
/// # Errors
/// If valgrind finds an error, or memory that is lost, with our plugin among those who called; or if something is missing.
pub fn run(frames: usize) -> Result<()> {
    apt::ensure(&[apt::BUILD, apt::COUNT].concat())?;
    let tshark = Tshark::prepare()?;
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
        let mut command = checked(&tshark, "tshark", &["-n", "-V", "-r"]);
        own += found(&tshark, command.arg(&merged), &format!("{count} frames of {name}"), None)?;
    }
    let all = merged(&tshark, "samples", &samples)?;
    let requests = reloads(&all);
    let mut sharkd = checked(&tshark, "sharkd", &["-"]);
    own += found(&tshark, &mut sharkd, &format!("{RELOADS} reloads of the samples"), Some(&requests))?;
    ensure!(own == 0, "valgrind tells {own} errors with our plugin among those who called: see above");
    Ok(())
}

/// Valgrind, with a program of Wireshark's, writing what it finds to [`report`].
fn checked(tshark: &Tshark, program: &str, arguments: &[&str]) -> Command {
    let mut valgrind = tshark.command("valgrind");
    valgrind.args([
        "--quiet",
        "--leak-check=full",
        "--show-leak-kinds=definite,indirect",
        "--num-callers=40",
    ]);
    valgrind.args(["--xml=yes", &format!("--xml-file={}", report(tshark).display())]);
    // What Wireshark pools, valgrind cannot follow.
    valgrind.env("WIRESHARK_DEBUG_WMEM_OVERRIDE", "simple").env("G_SLICE", "always-malloc");
    valgrind.arg(program).args(arguments);
    valgrind
}

fn report(tshark: &Tshark) -> PathBuf {
    tshark.home().join("valgrind.xml")
}

/// Runs it with these lines as its input, if any, and counts the errors that are ours.
fn found(tshark: &Tshark, valgrind: &mut Command, what: &str, input: Option<&str>) -> Result<usize> {
    let output = tempfile::tempfile()?;
    valgrind.stdin(Stdio::piped()).stdout(output.try_clone()?).stderr(Stdio::null());
    let mut child = valgrind.spawn().with_context(|| format!("cannot start {}", process::line(valgrind)))?;
    let mut pipe = child.stdin.take().context("no input of valgrind")?;
    pipe.write_all(input.unwrap_or_default().as_bytes())?;
    drop(pipe);
    let status = child.wait()?;
    ensure!(status.success(), "failed ({status}): {}", process::line(valgrind));
    ensure!(output.metadata()?.len() > 1000, "nothing was printed by {}", process::line(valgrind));
    let report = fs::read_to_string(report(tshark))?;
    let errors: Vec<_> = report.split("<error>").skip(1).collect();
    let is_ours = |error: &&&str| error.contains(plugin::FILE_NAME);
    let ours: Vec<_> = errors.iter().filter(is_ours).collect();
    println!("{what}: {} errors of our plugin, {} elsewhere", ours.len(), errors.len() - ours.len());
    ours.iter().for_each(|error| println!("{error}"));
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
