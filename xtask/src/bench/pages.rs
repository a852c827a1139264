// SPDX-License-Identifier: GPL-2.0-or-later
//! History or glucose pages in; how long our decoder takes to read one, and the one in Go, in the same run, out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use carelink_core::history::layout::Layout;
use carelink_samples::generate::pages::{history_page, sensor_pages};
use xtask::{process, workspace};

use super::{ROUNDS, core, ratio};

/// The decoder to compare with.
const MODULE: &str = "github.com/ecc1/medtronic";
/// Its version, which stays the same.
const VERSION: &str = "b8431dc5211bf793452c81f8d64a689c8338e002";

/// How often each page is read in a round.
const TIMES: &str = "2000";

/// What to read, and by which decoder beside ours.
#[derive(Debug, clap::Args)]
pub struct Pages {
    /// Read glucose pages, not history pages
    #[arg(long)]
    glucose: bool,
    /// Take the decoder in Go from this folder, which has its sources and a go.mod, instead of fetching it
    #[arg(long, value_name = "FOLDER")]
    decoder: Option<PathBuf>,
    /// A page with the model of its pump, such as 522:page.data [default: pages of our own making]
    #[arg(value_name = "MODEL:FILE")]
    pages: Vec<String>,
}

/// Measures in turns, and prints the least time of each decoder.
///
/// # Errors
/// If a page cannot be read, or something is missing or fails.
pub fn run(Pages { glucose, decoder, mut pages }: Pages) -> Result<()> {
    let folder = tempfile::tempdir()?;
    if pages.is_empty() && glucose {
        let file = folder.path().join("glucose");
        fs::write(&file, sensor_pages().0)?;
        pages.push(format!("523:{}", file.display()));
    } else if pages.is_empty() {
        for (model, layout) in [("522", Layout::Small), ("523", Layout::Large)] {
            let file = folder.path().join(model);
            fs::write(&file, history_page(layout))?;
            pages.push(format!("{model}:{}", file.display()));
        }
    }
    let mut decoders = vec![("CareLink", core::examples()?.join("decode"))];
    match peer(folder.path(), decoder.as_deref()) {
        Ok(peer) => decoders.push(("ecc1/medtronic", peer)),
        Err(error) => println!("SKIPPED: the decoder in Go cannot be had here: {error:#}"),
    }
    let mut least = vec![u64::MAX; decoders.len()];
    let mut records = vec![String::new(); decoders.len()];
    for _ in 0..ROUNDS {
        for ((records, least), (_, program)) in records.iter_mut().zip(&mut least).zip(&decoders) {
            let kind = glucose.then_some("glucose");
            let text = process::read(Command::new(program).arg(TIMES).args(kind).args(&pages))?;
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

/// Builds the decoder in Go, from its sources if they are at hand.
fn peer(folder: &Path, sources: Option<&Path>) -> Result<PathBuf> {
    let source = workspace::root().join("xtask/bench/pages.go");
    fs::copy(source, folder.join("main.go"))?;
    let go = |arguments: &[&str]| process::read(Command::new("go").args(arguments).current_dir(folder));
    go(&["mod", "init", "pages"])?;
    if let Some(sources) = sources {
        let sources =
            fs::canonicalize(sources).with_context(|| format!("no folder {}", sources.display()))?;
        go(&["mod", "edit", &format!("-replace={MODULE}={}", sources.display())])?;
        go(&["mod", "tidy"])?;
    } else {
        go(&["get", &format!("{MODULE}@{VERSION}")])?;
    }
    go(&["build", "-o", "peer", "."])?;
    Ok(folder.join("peer"))
}
