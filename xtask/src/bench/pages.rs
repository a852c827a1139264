// SPDX-License-Identifier: GPL-2.0-or-later
//! History pages in; how long our decoder takes to read one, and the one in Go, in the same run, out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use carelink_core::history::layout::Layout;
use carelink_samples::generate::pages::history_page;
use xtask::{process, workspace};

use super::{ROUNDS, core, ratio};

/// The decoder to compare with, at a version that stays the same.
const MODULE: &str = "github.com/ecc1/medtronic@b8431dc5211bf793452c81f8d64a689c8338e002";

/// How often each page is read in a round.
const TIMES: &str = "5000";

/// Measures in turns, and prints the least time of each decoder.
///
/// # Errors
/// If a page cannot be read, or something is missing or fails.
pub fn run(mut pages: Vec<String>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    if pages.is_empty() {
        for (model, layout) in [("522", Layout::Small), ("523", Layout::Large)] {
            let file = folder.path().join(model);
            fs::write(&file, history_page(layout))?;
            pages.push(format!("{model}:{}", file.display()));
        }
    }
    let mut decoders = vec![("CareLink", core::examples()?.join("decode"))];
    match peer(folder.path()) {
        Ok(peer) => decoders.push(("ecc1/medtronic", peer)),
        Err(error) => println!("SKIPPED: the decoder in Go cannot be had here: {error:#}"),
    }
    let mut least = vec![u64::MAX; decoders.len()];
    let mut records = vec![String::new(); decoders.len()];
    for _ in 0..ROUNDS {
        for ((records, least), (_, program)) in records.iter_mut().zip(&mut least).zip(&decoders) {
            let text = process::read(Command::new(program).arg(TIMES).args(&pages))?;
            let (spent, count) =
                text.trim().split_once(' ').context("a decoder tells its time and records")?;
            *least = spent.parse::<u64>()?.min(*least);
            count.clone_into(records);
        }
    }
    println!("{} pages, {ROUNDS} rounds, least time", pages.len());
    println!("{:16} {:>12} {:>14} {:>7}", "decoder", "ns a page", "records in it", "ratio");
    for (((name, _), spent), records) in decoders.iter().zip(&least).zip(&records) {
        println!("{name:16} {spent:12} {records:>14} {:7.2}", ratio(*spent, least[0]));
    }
    Ok(())
}

/// Builds the decoder in Go.
fn peer(folder: &Path) -> Result<PathBuf> {
    let source = workspace::root().join("xtask/bench/pages.go");
    fs::copy(source, folder.join("main.go"))?;
    let go = |arguments: &[&str]| process::read(Command::new("go").args(arguments).current_dir(folder));
    go(&["mod", "init", "pages"])?;
    go(&["get", MODULE])?;
    go(&["build", "-o", "peer", "."])?;
    Ok(folder.join("peer"))
}
