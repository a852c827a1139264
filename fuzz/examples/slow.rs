// SPDX-License-Identifier: GPL-2.0-or-later
//! In: folders that hold a folder of inputs for each target. Out: what a byte of them costs, and an exit status of 1 if an input
//! costs more than it may ([`carelink_fuzz::slow`]).
//!
//! The cost is processor time of this process, the least of several runs: what else the machine does is not in it, and what makes
//! a run longer is never the input. One that seems to be slow is run more often, before that is said of it.

use anyhow::{Result, ensure};
use carelink_fuzz::slow::{Cost, LIMIT, median, ratio};
use carelink_fuzz::targets::{self, Target};
use rustix::time::{ClockId, clock_gettime};
use std::ffi::OsStr;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

/// How often each input is run, and how often one that seems to be slow.
const RUNS: [u32; 2] = [3, 30];

fn main() -> Result<ExitCode> {
    let folders: Vec<_> = env::args_os().skip(1).map(PathBuf::from).collect();
    let (mut inputs, mut slow) = (0, 0);
    println!("{:10} {:>7} {:>11} {:>9}", "", "inputs", "ns per byte", "slowest");
    for (name, target) in targets::ALL {
        let files = files(&folders, name)?;
        inputs += files.len();
        slow += measure(name, target, &files)?;
    }
    ensure!(inputs > 0, "there are no inputs: name folders such as fuzz/corpus and fuzz/seeds");
    if slow == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    println!("{slow} inputs cost more than {LIMIT} times what a byte costs as a rule");
    Ok(ExitCode::FAILURE)
}

/// The inputs of a target in all folders that have any.
fn files(folders: &[PathBuf], target: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in folders.iter().map(|folder| folder.join(target)).filter(|folder| folder.is_dir()) {
        for entry in fs::read_dir(folder)? {
            files.push(entry?.path());
        }
    }
    files.sort();
    Ok(files)
}

/// Measures all inputs, prints what they cost, and tells how many are slow.
fn measure(name: &str, target: Target, files: &[PathBuf]) -> Result<usize> {
    let call = least(target, &[], RUNS[1])?;
    let mut costs = Vec::new();
    for file in files {
        // A fuzzer that is at work removes files, too.
        let Ok(bytes) = fs::read(file) else { continue };
        costs.push((cost(target, &bytes, RUNS[0], file)?, file));
    }
    let Some(median) = median(&costs.iter().map(|(cost, _)| *cost).collect::<Vec<_>>(), call) else {
        println!("{name:10} {:7}", 0);
        return Ok(0);
    };
    let mut ratios = Vec::new();
    for (mut known, file) in costs.iter().copied() {
        if ratio(known, call, median) > LIMIT / 2.0 {
            known = cost(target, &fs::read(file)?, RUNS[1], file)?;
        }
        ratios.push((ratio(known, call, median), known.len, file));
    }
    ratios.sort_by(|one, other| other.0.total_cmp(&one.0));
    let shown = |(ratio, len, file): &(f64, usize, &PathBuf)| {
        let input = file.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
        format!("{ratio:8.1}x {input}, {len} bytes")
    };
    let slowest = ratios.first().map(shown).unwrap_or_default();
    println!("{name:10} {:7} {median:11.1} {slowest}", costs.len());
    let slow: Vec<_> = ratios.iter().filter(|(ratio, ..)| *ratio > LIMIT).collect();
    slow.iter().for_each(|entry| println!("SLOW {} {}", shown(entry), entry.2.display()));
    Ok(slow.len())
}

/// What an input costs, and a word on which it was if it has another finding.
fn cost(target: Target, bytes: &[u8], runs: u32, file: &Path) -> Result<Cost> {
    let measured = catch_unwind(|| least(target, bytes, runs));
    let Ok(total) = measured else {
        anyhow::bail!("a finding, and not for its slowness: {}", file.display())
    };
    Ok(Cost { len: bytes.len(), total: total? })
}

/// The least of the nanoseconds that so many runs took.
fn least(target: Target, bytes: &[u8], runs: u32) -> Result<f64> {
    let now = || clock_gettime(ClockId::ProcessCPUTime);
    let mut least = f64::INFINITY;
    for _ in 0..runs {
        let before = now();
        target(bytes);
        let spent = std::time::Duration::try_from(now() - before)?;
        least = least.min(spent.as_secs_f64() * 1e9);
    }
    Ok(least)
}
