// SPDX-License-Identifier: GPL-2.0-or-later
//! The core in; how many instructions its work takes, held against the figures that are kept in the repository, out.

use std::fmt::Write as _;
use std::fs;
use std::iter;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use xtask::{plugin, process, workspace};

use super::counted;
use crate::apt;

/// By how much of a hundred a count may grow.
const ALLOWED: f64 = 3.0;

/// What is counted: its name, the example of the core that does it, its arguments, how often it does it in a short run and in
/// a long one, and how many of what is counted it does each time. The difference cancels the start out.
struct Work {
    name: &'static str,
    example: &'static str,
    arguments: &'static [&'static str],
    times: [u32; 2],
    each: u32,
}

const WORKS: &[Work] = &[
    Work {
        name: "frame, nobody looks",
        example: "traffic",
        arguments: &["none"],
        times: [2_000, 6_000],
        each: 1,
    },
    Work {
        name: "frame, packet list",
        example: "traffic",
        arguments: &["line"],
        times: [2_000, 6_000],
        each: 1,
    },
    Work {
        name: "frame, whole tree",
        example: "traffic",
        arguments: &["tree"],
        times: [2_000, 6_000],
        each: 1,
    },
    Work { name: "history page", example: "decode", arguments: &["history"], times: [50, 150], each: 2 },
    Work { name: "glucose page", example: "decode", arguments: &["sensor"], times: [50, 150], each: 1 },
];

/// Counts, prints, and compares with the figures that are kept, or keeps these in their place.
///
/// # Errors
/// If a count has grown by more than is allowed, or something is missing or fails.
pub fn run(bless: bool) -> Result<()> {
    apt::ensure(apt::COUNT)?;
    let counts = counts()?;
    let here = compiler()?;
    let file = workspace::root().join("xtask/bench/instructions.tsv");
    if bless {
        let mut text = format!("{here}\n");
        for (name, count) in &counts {
            writeln!(text, "{name}\t{count}")?;
        }
        fs::write(&file, text)?;
    }
    let kept = fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
    let (there, kept) = kept.split_once('\n').context("the first line of the figures names a compiler")?;
    println!("{:24} {:>8} {:>8} {:>8}", "instructions for a", "now", "kept", "change");
    let (mut grown, mut shrunk) = (Vec::new(), false);
    for (name, count) in &counts {
        let before = kept.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('\t'));
        let before: u64 = before.with_context(|| format!("no figure is kept for a {name}"))?.parse()?;
        let percent = super::ratio(*count, before) * 100.0 - 100.0;
        println!("{name:24} {count:8} {before:8} {percent:+7.1}%");
        shrunk |= percent < -ALLOWED;
        grown.extend((percent > ALLOWED).then_some(*name));
    }
    if there != here {
        println!("SKIPPED: the figures are of {there}, and this is {here}: they cannot be compared");
        return Ok(());
    }
    if !grown.is_empty() {
        bail!(
            "more than {ALLOWED} % slower: {}. If that must be: cargo xtask bench --bless",
            grown.join("; ")
        );
    }
    if shrunk {
        println!("Some are faster than what is kept: cargo xtask bench --bless keeps that");
    }
    Ok(())
}

/// The instructions of each work.
fn counts() -> Result<Vec<(&'static str, u64)>> {
    let folder = examples()?;
    let count = |work: &Work| {
        let run = |times: u32| {
            let example = folder.join(work.example).into_os_string();
            let words =
                iter::once(times.to_string()).chain(work.arguments.iter().map(|&word| word.to_owned()));
            counted(Command::new("valgrind"), iter::once(example).chain(words.map(Into::into)))
        };
        let [short, long] = work.times;
        let each = (run(long)? - run(short)?) / u64::from((long - short) * work.each);
        Ok((work.name, each))
    };
    WORKS.iter().map(count).collect()
}

/// Builds the examples of the core, and says where they are.
pub fn examples() -> Result<PathBuf> {
    let mut cargo = plugin::cargo();
    cargo.args(["build", "--quiet", "--release", "--package", "carelink-core", "--examples"]);
    process::run(&mut cargo)?;
    Ok(workspace::target().join("release/examples"))
}

/// The compiler, and what it compiles for: both make other instructions.
fn compiler() -> Result<String> {
    let text = process::read(Command::new("rustc").arg("-vV"))?;
    let of = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim();
    Ok(format!("rustc {} for {}", of("release:"), of("host:")))
}
