//! Captures in; how tshark with our plugin stood the damage that was done to their bytes out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, ensure};
use xtask::tshark::Tshark;
use xtask::{process, workspace};

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
const HEADER: usize = 64;

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
        let seed = self.seed.to_string();
        let flip = |offset: usize| {
            ["-E", "0.02", "-o", &offset.to_string(), "--seed", &seed].map(str::to_owned).to_vec()
        };
        match self.seed % 8 {
            0 => flip(0),
            4 => vec!["-s".to_owned(), (HEADER + self.seed % 61).to_string()],
            _ => flip(HEADER),
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
    let captures = [workspace::samples()?, workspace::recordings()?].concat();
    ensure!(!captures.is_empty(), "there are no captures: cargo xtask samples");
    let lengths = captures.iter().map(|capture| count(&tshark, capture)).collect::<Result<Vec<_>>>()?;
    ensure!(lengths.iter().any(|&length| length > 0), "the captures are empty");

    let mut jobs = Vec::new();
    let mut planned = 0;
    let rounds = (1..).flat_map(|seed| captures.iter().zip(&lengths).map(move |pair| (seed, pair)));
    for (seed, (capture, length)) in rounds {
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

fn count(tshark: &Tshark, capture: &Path) -> Result<usize> {
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

    let output = dissect(tshark, &damaged, &[])?;
    if is_clean(&output) {
        return Ok(None);
    }
    let foreign = !is_clean(&dissect(tshark, &damaged, &["--disable-protocol", "carelink"])?);
    let name = job.capture.file_stem().context("a capture without a name")?.to_string_lossy();
    let copy = kept().join(format!("{name}-{}.pcapng", job.seed));
    fs::create_dir_all(kept())?;
    fs::copy(&damaged, &copy)?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    let line = format!(
        "{}: editcap {} {}: {}: {}",
        if foreign { "elsewhere" } else { "FAILED" },
        damage.join(" "),
        job.capture.display(),
        output.status,
        complaint.lines().next().unwrap_or_default(),
    );
    Ok(Some(Finding { line, foreign }))
}

fn dissect(tshark: &Tshark, capture: &Path, options: &[&str]) -> Result<Output> {
    let mut command = tshark.command("timeout");
    command.envs(STRICT.iter().copied()).args([PATIENCE_S, "tshark", "-2", "-nVxr"]).arg(capture);
    process::output(command.args(options))
}

/// Neither a crash nor a hang, nor a word on stderr (a panic of ours would be one).
fn is_clean(output: &Output) -> bool {
    output.status.success() && output.stderr.is_empty()
}
