// SPDX-License-Identifier: GPL-2.0-or-later
//! In: captures, and the vendor's export of the same pump. Out: the verdict, and what it rests on.

mod absent;
pub(crate) mod judge;
mod pump;
mod rows;
mod text;

use crate::conversation::Options;
use crate::found::{Collection, collect};
use crate::output::{Csv, Ending, Format, json_line};
use crate::terminal::Look;
use crate::vendor::{self, Dates, Export};
use anyhow::{Context as _, Result};
use judge::judge;
use std::cmp::Reverse;
use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What the help says beside the options.
pub const HELP: &str = "\
Verdicts:
  agree       time, type and every value are as in the export
  not known   all that differs is what the capture leaves open
  differ      a value is another
  missing     in the export, and should be in the capture
  only ours   in the capture, and should be in the export
  not judged  proven to lie elsewhere: in other downloads, on pages that are not here, or outside the time of the export

Exit code 0 only if nothing differs, is missing or only ours. An export of another pump is refused with exit code 2.

Example: carelink audit --summary download.pcapng CareLink-Export.csv";

/// What `carelink audit` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Capture files, - for standard input; or files with pages, whose pump --model names
    #[arg(required = true)]
    captures: Vec<PathBuf>,
    /// CSV export, as downloaded from CareLink, or a tab-separated table of events
    export: PathBuf,
    /// Judge only rows of this device, by its name in the export; by default the capture's pumps
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Order of the export's dates, if the dates do not tell
    #[arg(long, value_enum)]
    dates: Option<Dates>,
    /// Write the verdict only, without the types and events behind it
    #[arg(long)]
    summary: bool,
    /// How to write the comparison
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    options: Options,
}

/// Compares captures with an export.
///
/// # Errors
/// If a file cannot be read, a capture is damaged, the export is another pump's, nothing can be compared, or `out` cannot be
/// written.
pub fn run(args: &Args, out: &mut impl Write) -> Result<Ending> {
    let found = collect(&args.captures, &args.options)?;
    let export = export(&args.export, args.dates, &found)?;
    let judgement = judge(&export, &found, args.device.as_deref())?;
    judgement.warnings.iter().for_each(|warning| eprintln!("carelink: {warning}"));
    let mut details = judgement.verdicts.iter().filter(|_| !args.summary);
    match args.format {
        Format::Text => text::write(&judgement, args.summary, Look::of_output(), out)?,
        Format::Json => {
            json_line(out, &rows::summary(&judgement))?;
            details.try_for_each(|verdict| json_line(out, &rows::json(verdict)))?;
        }
        Format::Csv if args.summary => {
            let mut csv = Csv::new(&mut *out, b',', &rows::SUMMARY)?;
            rows::counts(&judgement).iter().try_for_each(|row| csv.row(row))?;
            csv.finish()?;
        }
        Format::Csv => {
            let mut csv = Csv::new(&mut *out, b',', &rows::COLUMNS)?;
            details.try_for_each(|verdict| csv.row(&rows::csv(verdict)))?;
            csv.finish()?;
        }
    }
    let ending = judgement.ending();
    Ok(ending.max(found.finish()?))
}
/// Reads an export, with its dates in the order that fits the capture best if they do not tell.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn export(path: &Path, dates: Option<Dates>, found: &Collection) -> Result<Export> {
    let name = || path.display().to_string();
    let bytes = std::fs::read(path).with_context(name)?;
    let export = vendor::read(&bytes, dates).with_context(name)?;
    if export.others.is_empty() { Ok(export) } else { settle(&bytes, export, found, &name()) }
}

/// The reading of an export whose dates leave their order open: that which has the most events in common with the capture.
/// Tells which one was taken.
fn settle(bytes: &[u8], export: Export, found: &Collection, name: &str) -> Result<Export> {
    let events: HashSet<_> = found.events.iter().map(|found| (found.event.time, &found.event.kind)).collect();
    let shared = |export: &Export| {
        export.events.iter().filter(|row| events.contains(&(row.event.time, &row.event.kind))).count()
    };
    let mut readings = vec![(shared(&export), export)];
    for dates in readings[0].1.others.clone() {
        let export = vendor::read(bytes, Some(dates))?;
        readings.push((shared(&export), export));
    }
    // Of equals the likelier one, which comes first, stays first.
    readings.sort_by_key(|(shared, _)| Reverse(*shared));
    let told: Vec<_> =
        readings.iter().map(|(shared, export)| format!("{} ({shared})", export.dates)).collect();
    eprintln!(
        "carelink: {name}: its dates leave their order open; taken as {}. Events that the capture has too: {}; --dates tells otherwise",
        readings[0].1.dates,
        told.join(", "),
    );
    Ok(readings.swap_remove(0).1)
}
