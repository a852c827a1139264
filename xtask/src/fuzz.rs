// SPDX-License-Identifier: GPL-2.0-or-later
//! Captures in; how tshark with our plugin stood the damage that was done to their bytes out.

use std::fs;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, ensure};
use carelink_core::tree::expert::INTERNAL;
use xtask::tshark::Tshark;
use xtask::{golden, process, workspace};

use crate::apt;

/// How the line with the result begins.
pub const SUMMARY: &str = "fuzz: ";

/// Any bug in a dissector ends the process, and freed or foreign memory is never mistaken for good memory.
const STRICT: &[(&str, &str)] = &[
    ("WIRESHARK_ABORT_ON_DISSECTOR_BUG", "1"),
    ("WIRESHARK_ABORT_ON_TOO_MANY_ITEMS", "1"),
    ("WIRESHARK_DEBUG_WMEM_OVERRIDE", "strict"),
    ("G_SLICE", "always-malloc"),
    ("MALLOC_PERTURB_", "165"),
];

/// The length of usbmon's own header, which some of the damage spares so that all of it is ours.
pub const HEADER: usize = 64;

/// Longer than any of these files can take.
const PATIENCE_S: &str = "300";

/// One capture, damaged in one way.
#[derive(Clone, Copy, Debug)]
struct Job<'a> {
    capture: &'a Path,
    seed: usize,
}

impl Job<'_> {
    /// What editcap shall do: mostly change payload bytes, now and then any bytes, or cut the frames.
    fn damage(self) -> Vec<String> {
        match self.seed % 8 {
            0 => flips(0, self.seed),
            4 => vec!["-s".to_owned(), (HEADER + self.seed % 61).to_string()],
            _ => flips(HEADER, self.seed),
        }
    }
}

/// A job that went wrong.
#[derive(Debug)]
struct Finding {
    line: String,
    /// It goes wrong without our dissector too.
    foreign: bool,
}

/// Sends at least so many damaged frames through tshark.
///
/// # Errors
/// If tshark crashed, hung or complained, and our dissector had a part in it.
pub fn run(frames: usize) -> Result<()> {
    apt::ensure(apt::BUILD)?;
    let tshark = Tshark::prepare()?;
    let with_length = |capture: PathBuf| count(&tshark, &capture).map(|length| (capture, length));
    let measured = |captures: Vec<PathBuf>| captures.into_iter().map(with_length).collect::<Result<Vec<_>>>();
    let (samples, recordings) = (measured(workspace::samples()?)?, measured(workspace::recordings()?)?);
    ensure!(samples.iter().any(|&(_, length)| length > 0), "there are no samples: cargo xtask samples");

    // Recordings are longer than samples: one of them at a time, so that each kind of damage gets its turn.
    let mut turns = recordings.iter().cycle();
    let rounds = iter::repeat_with(|| samples.iter().chain(turns.next())).flatten();
    let mut jobs = Vec::new();
    let mut planned = 0;
    for (seed, (capture, length)) in (1..).zip(rounds) {
        if planned >= frames {
            break;
        }
        planned += length;
        jobs.push(Job { capture, seed });
    }
    println!("Fuzzing Wireshark {}: {planned} frames in {} files", tshark.version(), jobs.len());
    let findings = all(&tshark, &jobs)?;

    findings.iter().for_each(|finding| println!("{}", finding.line));
    let foreign = findings.iter().filter(|finding| finding.foreign).count();
    let own = findings.len() - foreign;
    let seeds = jobs.last().map_or(0, |job| job.seed);
    println!(
        "{SUMMARY}{planned} frames, seeds 1 to {seeds}, {own} failures, {foreign} elsewhere in Wireshark"
    );
    ensure!(own == 0, "the dissector failed: see above; the damaged files are in {}", kept().display());
    Ok(())
}

/// Where files that caused trouble are kept.
fn kept() -> PathBuf {
    workspace::target().join("fuzz")
}

/// What editcap shall do to change one byte in fifty, from this offset on.
pub fn flips(offset: usize, seed: usize) -> Vec<String> {
    ["-E", "0.02", "-o", &offset.to_string(), "--seed", &seed.to_string()].map(str::to_owned).to_vec()
}

/// How many frames a capture has.
///
/// # Errors
/// If tshark cannot read it.
pub fn count(tshark: &Tshark, capture: &Path) -> Result<usize> {
    Ok(tshark.read(capture, ["-T", "fields", "-e", "frame.number"])?.lines().count())
}

fn all(tshark: &Tshark, jobs: &[Job<'_>]) -> Result<Vec<Finding>> {
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let findings = Mutex::new(Vec::new());
    let work = |worker: usize| -> Result<()> {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Some(finding) = one(tshark, *job, worker)? {
                findings.lock().unwrap_or_else(|broken| broken.into_inner()).push(finding);
            }
            let done = 1 + done.fetch_add(1, Ordering::Relaxed);
            if done * 10 / jobs.len() != (done - 1) * 10 / jobs.len() {
                println!("{done} of {} files", jobs.len());
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, Into::into);
        let handles: Vec<_> = (0..workers).map(|worker| scope.spawn(move || work(worker))).collect();
        handles.into_iter().try_for_each(|handle| handle.join().unwrap_or_else(|_| Ok(())))
    })?;
    Ok(findings.into_inner().unwrap_or_else(|broken| broken.into_inner()))
}

fn one(tshark: &Tshark, job: Job<'_>, worker: usize) -> Result<Option<Finding>> {
    let whole = tshark.lend(job.capture)?;
    let damaged = tshark.home().join(format!("damaged-{worker}.pcapng"));
    let damage = job.damage();
    process::read(tshark.command("editcap").args(&damage).args([&whole, &damaged]))?;

    let Some(complaint) = complaint(&dissect(tshark, &damaged, &[])?) else { return Ok(None) };
    let foreign = self::complaint(&dissect(tshark, &damaged, &["--disable-protocol", "carelink"])?).is_some();
    let name = job.capture.file_stem().context("a capture without a name")?.to_string_lossy();
    let copy = kept().join(format!("{name}-{}.pcapng", job.seed));
    fs::create_dir_all(kept())?;
    fs::copy(&damaged, &copy)?;
    let verdict = if foreign { "elsewhere" } else { "FAILED" };
    let line = format!("{verdict}: editcap {} {}: {complaint}", damage.join(" "), job.capture.display());
    Ok(Some(Finding { line, foreign }))
}

fn dissect(tshark: &Tshark, capture: &Path, options: &[&str]) -> Result<Output> {
    let mut command = tshark.command("timeout");
    command.envs(STRICT.iter().copied()).args([PATIENCE_S, "tshark", "-2", "-nVxr"]).arg(capture);
    process::output(command.args(golden::CARRIERS).args(options))
}

/// What is wrong, if anything: a crash, a hang, a word on stderr, or a panic that our own guard caught.
fn complaint(output: &Output) -> Option<String> {
    let mistake = INTERNAL.def().summary;
    let (shown, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let panic = shown.lines().find(|line| line.contains(mistake)).map(|line| line.trim().to_owned());
    let wrong = !output.status.success() || !said.is_empty();
    panic.or_else(|| wrong.then(|| format!("{}: {}", output.status, said.lines().next().unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn every_kind_of_trouble_is_noticed() -> Result<()> {
        let of = |script: &str| {
            Ok::<_, anyhow::Error>(complaint(&process::output(Command::new("sh").args(["-c", script]))?))
        };
        assert_eq!(of("echo CareLink USB")?, None);
        assert!(of("echo odd >&2")?.is_some_and(|line| line.ends_with("odd")));
        assert!(of("kill -ABRT $$")?.is_some_and(|line| line.contains("signal: 6")));
        assert!(
            of(&format!("echo '  [{}: x]'", INTERNAL.def().summary))?
                .is_some_and(|line| line.ends_with("x]"))
        );
        Ok(())
    }

    #[test]
    fn each_kind_of_damage_has_its_turn() {
        let first = |seed| Job { capture: Path::new("x"), seed }.damage();
        assert_eq!(first(1), ["-E", "0.02", "-o", "64", "--seed", "1"]);
        assert_eq!(first(8), ["-E", "0.02", "-o", "0", "--seed", "8"]);
        assert_eq!(first(4), ["-s", "68"]);
    }
}
