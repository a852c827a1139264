// SPDX-License-Identifier: GPL-2.0-or-later
//! In: captures, or files with pages. Out: the events in them, by the vendor's names, in order of time.
//!
//! The rules are the core's; here pages are collected by pump, and each event finds the frame that its bytes lie in.

use crate::conversation::{Conversation, Entry, Options, open};
use crate::output::{Csv, Ending, Format, json_line, object};
use crate::page::{Kind, Page};
use anyhow::{Context as _, Error, Result, bail};
use carelink_core::history::merge::{PageRecords, merge};
use carelink_core::pump::Reply;
use carelink_core::pump::model::{Known, Pump};
use carelink_core::pump::opcode::Opcode;
use carelink_core::pump::serial::Serial;
use carelink_core::sensor::Pages;
use carelink_core::transfer::Stream;
use carelink_core::tree::cursor::Cursor;
use carelink_core::vendor::current::current_events;
use carelink_core::vendor::{Event, Vocabulary};
use carelink_core::view::payload::{self, Told};
use carelink_core::{history, sensor};
use clap::ValueEnum;
use jiff::civil::DateTime;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

/// What `carelink events` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Capture files, - for standard input, or files with pages, raw or in hexadecimal digits, which need --model
    #[arg(required = true, value_name = "CAPTURE|PAGE")]
    files: Vec<PathBuf>,
    /// How to write the events; text is separated by tabs, as the vendor's table is
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The vendor's names of events and values: those until June 2015, or those since
    #[arg(long, value_enum, default_value_t)]
    names: Names,
    #[command(flatten)]
    options: Options,
}

/// A year whose exports have the names that are to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Names {
    /// As exports until June 2015 have them
    #[default]
    #[value(name = "2012")]
    Until2015,
    /// As exports since then have them
    #[value(name = "2015")]
    Since2015,
}

impl From<Names> for Vocabulary {
    fn from(names: Names) -> Self {
        match names {
            Names::Until2015 => Self::Until2015,
            Names::Since2015 => Self::Since2015,
        }
    }
}

/// An event, where it was found, and whose it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The event, by the pump's clock.
    pub event: Event,
    /// Whose it is.
    pub pump: Device,
    /// The frame that holds it; `None` for files with pages.
    pub frame: Option<u32>,
}

/// A pump, as far as its events tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The vendor's name of the model, or the model's number, or just `pump`.
    pub product: String,
    /// The serial number; `None` for files with pages.
    pub serial: Option<Serial>,
    /// Whether the vendor's exports name it by its model alone.
    exported: bool,
}

impl Device {
    fn of(pump: Pump, serial: Option<Serial>) -> Self {
        let told = pump.model.filter(|_| matches!(pump.known, Known::Told | Known::Forced));
        let number = told.map_or_else(|| "pump".to_owned(), |model| model.to_string());
        let (product, exported) = match number.as_str() {
            "511" | "512" | "712" | "515" | "715" | "522" | "722" => (format!("Paradigm {number}"), true),
            "523" | "723" => (format!("Paradigm Revel - {number}"), true),
            _ => (number, false),
        };
        Self { product, serial, exported }
    }
}

/// The vendor's name of a pump, as its exports have it; with the serial number if the exact model is not known.
impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.product)?;
        match self.serial.filter(|_| !self.exported) {
            Some(serial) => write!(f, " {serial}"),
            None => Ok(()),
        }
    }
}

/// Events, and how well the files could be read.
#[derive(Debug, Default)]
pub struct Collection {
    /// In order of time.
    pub events: Vec<Found>,
    /// What was left out because it is damaged or cannot be read for sure.
    pub warnings: Vec<String>,
    /// What was left out though it is well.
    pub notes: Vec<String>,
    /// Why a file was not read, or a capture not to its end.
    pub damage: Option<Error>,
}

const COLUMNS: [&str; 6] = ["time", "type", "values", "pump", "seq", "frame"];

/// Lists the events of captures or pages.
///
/// # Errors
/// If a file cannot be read or is damaged, pages come without a model, or `out` cannot be written.
pub fn run(args: &Args, out: &mut impl Write) -> Result<Ending> {
    let mut found = collect(&args.files, &args.options)?;
    for found in &mut found.events {
        found.event = found.event.clone().named(args.names.into());
    }
    let rows = (0_usize..).zip(&found.events).map(|(seq, Found { event, pump, frame })| {
        vec![
            json!(event.time.to_string()),
            json!(event.kind),
            json!(event.to_string()),
            json!(pump.to_string()),
            json!(seq),
            json!(frame),
        ]
    });
    match args.format {
        Format::Text => {
            writeln!(out, "{}", COLUMNS[..5].join("\t"))?;
            for (seq, Found { event, pump, .. }) in found.events.iter().enumerate() {
                writeln!(out, "{}\t{}\t{event}\t{pump}\t{seq}", event.time, event.kind)?;
            }
        }
        Format::Json => rows.into_iter().try_for_each(|row| json_line(out, &object(&COLUMNS, row)))?,
        Format::Csv => {
            let mut csv = Csv::new(&mut *out, b',', &COLUMNS)?;
            rows.into_iter().try_for_each(|row: Vec<Value>| csv.row(&row))?;
            csv.finish()?;
        }
    }
    found.finish()
}

impl Collection {
    /// Tells what was left out.
    ///
    /// # Errors
    /// If a capture is damaged.
    pub fn finish(self) -> Result<Ending> {
        self.notes.iter().chain(&self.warnings).for_each(|warning| eprintln!("carelink: {warning}"));
        match self.damage {
            Some(error) => Err(error),
            None if self.warnings.is_empty() => Ok(Ending::Fine),
            None => Ok(Ending::Found),
        }
    }
}

/// What a file turned out to be.
#[derive(Debug)]
pub(crate) enum Source {
    Capture(Box<Conversation>),
    Pages(PathBuf, Vec<u8>),
}

/// Finds the events in `files`.
///
/// # Errors
/// If nothing of any file can be read. A file that cannot be read beside others is told in the collection.
pub fn collect(files: &[PathBuf], options: &Options) -> Result<Collection> {
    let (mut sources, mut faults) = (Vec::new(), Vec::new());
    for path in files {
        match source(path, options) {
            Ok(source) => sources.push(source),
            Err(fault) => faults.push(fault),
        }
    }
    let mut collection = gather(&sources, options, &mut faults);
    if faults.len() == files.len() {
        return faults.into_iter().next().map_or(Ok(collection), Err);
    }
    let damaged = sources.into_iter().filter_map(|source| match source {
        Source::Capture(conversation) => conversation.damage,
        Source::Pages(..) => None,
    });
    let mut faults = damaged.chain(faults);
    collection.damage = faults.next();
    collection.warnings.extend(faults.map(|fault| format!("{fault:#}")));
    Ok(collection)
}

/// Finds the events in what was read; what has none for a reason goes to `faults`.
pub(crate) fn gather(sources: &[Source], options: &Options, faults: &mut Vec<Error>) -> Collection {
    let mut collection = Collection::default();
    let mut pages: BTreeMap<Option<Serial>, Vec<Page<'_>>> = BTreeMap::new();
    for source in sources {
        match source {
            Source::Pages(path, bytes) => match pages_in_file(path, bytes, options) {
                Ok(found) => pages.entry(None).or_default().extend(found),
                Err(fault) => faults.push(fault),
            },
            Source::Capture(conversation) => {
                let remarks = conversation.remarks();
                collection.warnings.extend(remarks.damage);
                collection.notes.extend(remarks.others);
                current(conversation, &mut collection);
                let pages_of_it = conversation.entries().filter_map(|entry| Page::of(&entry));
                for page in pages_of_it.filter(|page| page.kind != Kind::Trace) {
                    pages.entry(page.serial).or_default().push(page);
                }
            }
        }
    }
    let captures = sources.iter().filter(|source| matches!(source, Source::Capture(_))).count();
    for (serial, pages) in pages {
        // What one capture tells of a pump holds in the others too.
        let pump = pages.iter().map(|page| page.pump).max_by_key(|pump| pump.known).unwrap_or_default();
        let name = Device::of(pump, serial);
        let pages = pages.into_iter().map(|page| Page { pump, ..page });
        let pages: Vec<_> = pages.filter(|page| usable(page, &mut collection.warnings)).collect();
        history_events(&pages, captures > 1, &name, &mut collection);
        sensor_events(&pages, pump, &name, &mut collection);
    }
    collection.events.sort_by_key(|found| found.event.time);
    collection
}

/// The pages in a file, of the pump that the user names.
pub(crate) fn pages_in_file<'b>(path: &Path, bytes: &'b [u8], options: &Options) -> Result<Vec<Page<'b>>> {
    let pump = options.forced().with_context(|| {
        format!("{}: a page does not tell the pump's model; name it with --model", path.display())
    })?;
    Page::in_file(path, bytes, pump)
}

/// Reads a file as what its first bytes say.
pub(crate) fn source(path: &Path, options: &Options) -> Result<Source> {
    let name = || path.display().to_string();
    let mut file = open(path)?;
    let mut start = Vec::new();
    file.by_ref().take(4).read_to_end(&mut start).with_context(name)?;
    let capture = matches!(
        start.as_slice(),
        [0x0A, 0x0D, 0x0D, 0x0A]
            | [0xA1, 0xB2, 0xC3 | 0x3C, 0xD4 | 0x4D]
            | [0xD4 | 0x4D, 0xC3 | 0x3C, 0xB2, 0xA1]
    );
    if capture || path == Path::new("-") {
        let whole = std::io::Cursor::new(start).chain(file);
        return Ok(Source::Capture(Box::new(Conversation::from_source(whole, options, &name())?)));
    }
    file.read_to_end(&mut start).with_context(name)?;
    if start.is_empty() {
        bail!("{}: the file is empty", path.display());
    }
    Ok(Source::Pages(path.to_owned(), digits(&start).unwrap_or(start)))
}

/// The bytes that a file of nothing but hexadecimal digits and blanks stands for: so logs have pages.
fn digits(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<_> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    hex::decode(digits).ok()
}

/// True if the values of a page can be trusted.
fn usable(page: &Page<'_>, warnings: &mut Vec<String>) -> bool {
    let reason = if let Some(doubt) = page.doubt() {
        doubt.to_string()
    } else if page.kind != Kind::History && !page.whole() {
        "it lacks its end".to_owned()
    } else if page.kind != Kind::History && page.pump.large().is_none() {
        "the pump's model is not known; name it with --model".to_owned()
    } else {
        return true;
    };
    warnings.push(format!("{} is left out: {reason}", page.place()));
    false
}

fn history_events(pages: &[Page<'_>], several: bool, pump: &Device, collection: &mut Collection) {
    // Where events lie: their bytes have the time of their record, and mostly its name.
    let mut frames: HashMap<(DateTime, Option<&str>), u32> = HashMap::new();
    let mut records = Vec::new();
    for page in pages.iter().filter(|page| page.kind == Kind::History) {
        let (mut of_page, mut nobody) = (Vec::new(), ());
        let mut cursor = Cursor::new(page.bytes, 0, !page.whole(), &mut nobody);
        let read = history::page::page(&mut cursor, page.pump, |record| of_page.push(record));
        for record in &of_page {
            let time = record.time.and_then(|time| time.valid());
            let frame = page.entry.and_then(|entry| entry.frame_of(record.offset));
            if let (Some(time), Some(frame)) = (time, frame) {
                frames.entry((time, record.event())).or_insert(frame);
                frames.entry((time, None)).or_insert(frame);
            }
        }
        // A number counts back from the newest page of its own download.
        if !page.whole() {
            let warning =
                format!("{} lacks its end, so that no CRC-16 tells that its records are right", page.place());
            collection.warnings.push(warning);
        } else if !read.complete {
            let behind = of_page.last().map_or(0, |record| record.offset + record.len);
            collection.warnings.push(format!("{} is not understood from byte {behind} on", page.place()));
        }
        let number = page.number.filter(|_| !several);
        records.push(PageRecords { number, records: of_page, complete: read.complete && page.whole() });
    }
    let runs = merge(records);
    collection.events.extend(runs.iter().flat_map(|run| history::events::events(run)).map(|event| {
        let named = frames.get(&(event.time, Some(event.kind.as_ref())));
        let frame = named.or_else(|| frames.get(&(event.time, None))).copied();
        Found { event, pump: pump.clone(), frame }
    }));
}

fn sensor_events(pages: &[Page<'_>], pump: Pump, name: &Device, collection: &mut Collection) {
    // The newest reading of a page is the fullest one, and goes with the newest of the others.
    let mut newest: BTreeMap<(Kind, u32), &Page<'_>> = BTreeMap::new();
    for page in pages.iter().filter(|page| page.kind != Kind::History) {
        match page.number {
            Some(number) => {
                newest.insert((page.kind, number), page);
            }
            None => {
                collection.warnings.push(format!("a {} page without a number is left out", page.kind.word()))
            }
        }
    }
    let bytes = |kind, number| newest.get(&(kind, number)).map(|page| page.bytes);
    let numbers: BTreeSet<_> =
        newest.keys().filter(|(kind, _)| *kind == Kind::Glucose).map(|(_, number)| *number).collect();
    let together: Vec<_> = numbers
        .iter()
        .filter_map(|&number| {
            let glucose = bytes(Kind::Glucose, number)?;
            Some(Pages {
                number,
                glucose,
                isig: bytes(Kind::Isig, number),
                vcntr: bytes(Kind::Vcntr, number),
            })
        })
        .collect();
    if pump.large() == Some(true) {
        for pages in together.iter().filter(|pages| pages.isig.is_none()) {
            let number = pages.number;
            collection.warnings.push(format!(
                "glucose page {number} has no ISIG page beside it, which holds the lowest bit of its values"
            ));
        }
    }
    let records = sensor::read(&together, pump);
    let mut frames: HashMap<(DateTime, Option<&str>), u32> = HashMap::new();
    let mut place = numbers.iter().filter_map(|&number| newest.get(&(Kind::Glucose, number)));
    // Records are oldest first, and so are the pages: an offset that does not grow begins the next page.
    let (mut page, mut last) = (place.next(), None);
    for record in &records {
        if last.is_some_and(|last| record.offset <= last) {
            page = place.next();
        }
        last = Some(record.offset);
        let frame = page.and_then(|page| page.entry).and_then(|entry| entry.frame_of(record.offset));
        if let (Some(time), Some(frame)) = (record.when.certain(), frame) {
            frames.entry((time, record.event())).or_insert(frame);
        }
    }
    collection.events.extend(sensor::events::events(&records).into_iter().map(|event| {
        let frame = frames.get(&(event.time, Some(event.kind.as_ref()))).copied();
        Found { event, pump: name.clone(), frame }
    }));
}

/// What a pump was set to when it was asked, between two switchings of its radio.
#[derive(Default)]
struct Status {
    clock: Option<DateTime>,
    /// What it said, and the frame that the reply ends with.
    replies: Vec<(Reply, u32)>,
}

/// The events that replies about the state of a pump make. Their time is that of the pump's clock in the same session.
fn current(conversation: &Conversation, collection: &mut Collection) {
    let mut sessions: HashMap<(Stream, Serial), Status> = HashMap::new();
    let mut close = |pump: Pump, serial: Serial, status: Status| {
        let Some(time) = status.clock else {
            if let Some((_, frame)) = status.replies.first() {
                collection.notes.push(format!(
                    "frame {frame}: what {} replies say of the state of pump {serial} is left out: its clock was not read",
                    status.replies.len()
                ));
            }
            return;
        };
        let pump = Device::of(pump, Some(serial));
        let mut events: Vec<Found> = Vec::new();
        for (reply, frame) in &status.replies {
            for event in current_events(reply, time) {
                if !events.iter().any(|found| found.event == event) {
                    events.push(Found { event, pump: pump.clone(), frame: Some(*frame) });
                }
            }
        }
        collection.events.append(&mut events);
    };
    for entry in conversation.entries() {
        let Some(serial) = entry.transaction.serial() else { continue };
        let key = (entry.transaction.stream, serial);
        if entry.opcode() == Some(Opcode::POWER_CONTROL) {
            if let Some(status) = sessions.remove(&key) {
                close(entry.pump, serial, status);
            }
        } else if let Some(reply) = fetch_reply(&entry) {
            let status = sessions.entry(key).or_default();
            if let Reply::Clock(clock) = &reply {
                status.clock = clock.time.valid().or(status.clock);
            }
            status.replies.push((reply, entry.transaction.end()));
        }
    }
    let transactions = conversation.session.transactions();
    let mut rest: Vec<_> = sessions.into_iter().collect();
    rest.sort_by_key(|(key, _)| *key);
    for ((_, serial), status) in rest {
        close(transactions.pump(serial), serial, status);
    }
}

fn fetch_reply(entry: &Entry<'_>) -> Option<Reply> {
    let opcode = entry.opcode().filter(|_| entry.complete())?;
    match payload::read(opcode, entry.pump, entry.data) {
        Told::Reply(reply) => Some(reply),
        Told::Nothing | Told::Impossible => None,
    }
}
