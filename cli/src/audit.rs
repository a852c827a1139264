// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture, and the vendor's export of the same pump. Out: what agrees, what is missing on either side, what differs.
//!
//! Judged is the span of time that both cover. Events agree if time, type and all judged values of the export's do.

use crate::conversation::Options;
use crate::events::{Collection, Found, collect};
use crate::output::{Csv, Ending, Format, json_line, object};
use crate::vendor::{self, Dates, Export, Official};
use anyhow::{Context as _, Result, bail};
use jiff::civil::DateTime;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Write;
use std::path::{Path, PathBuf};

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
    /// How to write the comparison
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    options: Options,
}

/// The verdicts in words.
pub(crate) const WORDS: [&str; 5] = ["agrees", "not known", "differs", "only in export", "only in capture"];

/// How an event compares.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict<'a> {
    Agrees(&'a Official, &'a Found),
    /// All that differs is what the capture leaves open.
    NotKnown(&'a Official, &'a Found),
    Differs(&'a Official, &'a Found),
    OnlyExport(&'a Official),
    OnlyCapture(&'a Found),
}

const COLUMNS: [&str; 8] =
    ["verdict", "time", "type", "export_line", "frame", "keys", "export_values", "capture_values"];

/// Compares a capture with an export.
///
/// # Errors
/// If a file cannot be read, the capture is damaged, both have no time in common, or `out` cannot be written.
pub fn run(args: &Args, out: &mut impl Write) -> Result<Ending> {
    let found = collect(&args.captures, &args.options)?;
    let export = export(&args.export, args.dates, &found)?;
    let judgement = judge(&export, &found, args.device.as_deref())?;
    match args.format {
        Format::Text => text(&judgement, out)?,
        Format::Json => {
            for verdict in &judgement.verdicts {
                json_line(out, &object(&COLUMNS, verdict.row()))?;
            }
        }
        Format::Csv => {
            let mut csv = Csv::new(&mut *out, b',', &COLUMNS)?;
            judgement.verdicts.iter().try_for_each(|verdict| csv.row(&verdict.row()))?;
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

/// What a comparison comes to.
#[derive(Debug)]
pub(crate) struct Judgement<'a> {
    /// The time that capture and export both cover.
    pub first: DateTime,
    pub last: DateTime,
    /// In order of time.
    pub verdicts: Vec<Verdict<'a>>,
}

/// Compares a capture with an export, in the time that both cover.
///
/// # Errors
/// If there is none.
pub(crate) fn judge<'a>(
    export: &'a Export,
    found: &'a Collection,
    device: Option<&str>,
) -> Result<Judgement<'a>> {
    let official = of_device(&export.events, found, device);
    let Some((first, last)) = common(&official, &found.events) else {
        let times = span(official.iter().map(|row| row.event.time))
            .zip(span(found.events.iter().map(|found| found.event.time)));
        let Some(((a, b), (c, d))) = times else {
            bail!(
                "nothing to compare: {} events in the capture, {} in the export",
                found.events.len(),
                official.len()
            );
        };
        bail!("nothing to compare: the export is of {a} to {b}, the capture of {c} to {d}");
    };
    let within = |time: DateTime| (first..=last).contains(&time);
    let verdicts = compare(
        official.into_iter().filter(|row| within(row.event.time)),
        found.events.iter().filter(|found| within(found.event.time)),
    );
    Ok(Judgement { first, last, verdicts })
}

impl<'a> Judgement<'a> {
    /// How a run ends that found this.
    pub fn ending(&self) -> Ending {
        let agrees = self.verdicts.iter().all(|verdict| matches!(verdict, Verdict::Agrees(..)));
        if agrees { Ending::Fine } else { Ending::Found }
    }

    /// How many events of each type there are of each verdict, in the order of [`WORDS`].
    pub fn table(&self) -> BTreeMap<&'a str, [usize; 5]> {
        let mut table: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
        for verdict in &self.verdicts {
            table.entry(verdict.event().1).or_default()[verdict.column()] += 1;
        }
        table
    }
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

/// The rows of a device: the one that is named, or else those of the capture's pumps, or else all.
fn of_device<'a>(events: &'a [Official], found: &Collection, device: Option<&str>) -> Vec<&'a Official> {
    let pumps: BTreeSet<_> = found.events.iter().map(|event| event.pump.to_string()).collect();
    let known = events.iter().any(|event| pumps.contains(&event.device));
    let wanted = |event: &&Official| match device {
        Some(device) => event.device == device,
        None => !known || pumps.contains(&event.device),
    };
    events.iter().filter(wanted).collect()
}

fn span(times: impl Iterator<Item = DateTime> + Clone) -> Option<(DateTime, DateTime)> {
    times.clone().min().zip(times.max())
}

/// The time that both cover.
fn common(official: &[&Official], found: &[Found]) -> Option<(DateTime, DateTime)> {
    let (a, b) = span(official.iter().map(|row| row.event.time))?;
    let (c, d) = span(found.iter().map(|found| found.event.time))?;
    let (first, last) = (a.max(c), b.min(d));
    (first <= last).then_some((first, last))
}

fn compare<'a>(
    official: impl Iterator<Item = &'a Official>,
    found: impl Iterator<Item = &'a Found>,
) -> Vec<Verdict<'a>> {
    let mut pool: HashMap<(DateTime, &str), Vec<&Found>> = HashMap::new();
    for found in found {
        pool.entry((found.event.time, found.event.kind.as_ref())).or_default().push(found);
    }
    // Those that agree come first, so that others do not take their place.
    let (mut verdicts, mut rest) = (Vec::new(), Vec::new());
    for row in official {
        let same = pool.get_mut(&(row.event.time, row.event.kind.as_ref())).and_then(|found| {
            let at = found.iter().position(|found| row.event.differing(&found.event).is_empty())?;
            Some(found.remove(at))
        });
        match same {
            Some(found) => verdicts.push(Verdict::Agrees(row, found)),
            None => rest.push(row),
        }
    }
    for row in rest {
        let key = (row.event.time, row.event.kind.as_ref());
        let namesakes = pool.get_mut(&key).filter(|found| !found.is_empty());
        verdicts.push(match namesakes {
            Some(found) => {
                let differing = |&at: &usize| row.event.differing(&found[at].event).len();
                let nearest = (0..found.len()).min_by_key(differing).unwrap_or(0);
                let found = found.remove(nearest);
                if row.event.differing(&found.event).iter().all(|key| open(row, found, key)) {
                    Verdict::NotKnown(row, found)
                } else {
                    Verdict::Differs(row, found)
                }
            }
            None => Verdict::OnlyExport(row),
        });
    }
    verdicts.extend(pool.into_values().flatten().map(Verdict::OnlyCapture));
    verdicts.sort_by_cached_key(Verdict::order);
    verdicts
}

/// True if the capture does not tell the value of a key, and does not contradict the export's.
fn open(row: &Official, found: &Found, key: &str) -> bool {
    let values = row.event.get(key).zip(found.event.get(key));
    values.is_some_and(|(official, ours)| ours.leaves_open(official))
}

impl<'a> Verdict<'a> {
    const fn column(&self) -> usize {
        match self {
            Self::Agrees(..) => 0,
            Self::NotKnown(..) => 1,
            Self::Differs(..) => 2,
            Self::OnlyExport(_) => 3,
            Self::OnlyCapture(_) => 4,
        }
    }

    pub const fn word(&self) -> &'static str {
        WORDS[self.column()]
    }

    pub fn sides(&self) -> (Option<&'a Official>, Option<&'a Found>) {
        match *self {
            Self::Agrees(official, found)
            | Self::NotKnown(official, found)
            | Self::Differs(official, found) => (Some(official), Some(found)),
            Self::OnlyExport(official) => (Some(official), None),
            Self::OnlyCapture(found) => (None, Some(found)),
        }
    }

    /// Time and type, the same on both sides.
    pub fn event(&self) -> (Option<DateTime>, &'a str) {
        match self.sides() {
            (Some(official), _) => (Some(official.event.time), &official.event.kind),
            (None, Some(found)) => (Some(found.event.time), &found.event.kind),
            (None, None) => (None, ""),
        }
    }

    fn order(&self) -> (Option<DateTime>, &'a str, u64, u32, String) {
        let ((time, kind), (official, found)) = (self.event(), self.sides());
        let frame = found.and_then(|found| found.frame).unwrap_or_default();
        let values = found.map(|found| found.event.to_string()).unwrap_or_default();
        (time, kind, official.map_or(0, |official| official.line), frame, values)
    }

    pub fn keys(&self) -> Vec<&'a str> {
        match *self {
            Self::NotKnown(official, found) | Self::Differs(official, found) => {
                official.event.differing(&found.event)
            }
            _ => Vec::new(),
        }
    }

    fn row(&self) -> Vec<Value> {
        let ((time, kind), (official, found)) = (self.event(), self.sides());
        vec![
            json!(self.word()),
            json!(time.map(|time| time.to_string())),
            json!(kind),
            json!(official.map(|official| official.line)),
            json!(found.and_then(|found| found.frame)),
            json!(self.keys().join(" ")),
            json!(official.map(|official| &official.text)),
            json!(found.map(|found| found.event.to_string())),
        ]
    }
}

fn text(judgement: &Judgement<'_>, out: &mut impl Write) -> Result<()> {
    let Judgement { first, last, verdicts } = judgement;
    let table = judgement.table();
    writeln!(out, "{first} to {last}\n")?;
    let [agrees, open, differs, export, capture] = WORDS;
    writeln!(out, "{:34}{agrees:>10}{open:>11}{differs:>10}{export:>16}{capture:>17}", "type")?;
    let total = table.values().fold([0; 5], |sum, row| std::array::from_fn(|at| sum[at] + row[at]));
    for (kind, [agrees, open, differs, export, capture]) in table.into_iter().chain([("all", total)]) {
        writeln!(out, "{kind:34}{agrees:>10}{open:>11}{differs:>10}{export:>16}{capture:>17}")?;
    }
    for verdict in verdicts.iter().filter(|verdict| !matches!(verdict, Verdict::Agrees(..))) {
        let ((time, kind), (official, found)) = (verdict.event(), verdict.sides());
        let time = time.map(|time| time.to_string()).unwrap_or_default();
        let keys = verdict.keys();
        let keys = if keys.is_empty() { String::new() } else { format!(": {}", keys.join(", ")) };
        writeln!(out, "\n{time} {kind}: {}{keys}", verdict.word())?;
        if let Some(official) = official {
            writeln!(out, "  export, line {}: {}", official.line, official.text)?;
        }
        if let Some(found) = found {
            let place = found.frame.map(|frame| format!(", frame {frame}")).unwrap_or_default();
            writeln!(out, "  capture{place}: {}", found.event)?;
        }
    }
    Ok(())
}
