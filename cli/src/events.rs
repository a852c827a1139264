// SPDX-License-Identifier: GPL-2.0-or-later
//! In: captures, or files with pages. Out: the events in them, by the vendor's names.
//!
//! The rules are the core's; here pages are collected by pump.

mod lines;

use crate::conversation::{Conversation, Entry, Keep, Options, open};
use crate::filter::{Clock, Filter};
use crate::forms::{self, Content, Text};
use crate::found::holdings::{self, Holding, Lost};
pub use crate::found::{Collection, Found};
use crate::found::{Device, current, history_events, sensor_events};
use crate::live;
use crate::output::{Ending, Form, Format, json_line, plain};
use crate::page::{Kind, Page};
use crate::proof;
use crate::terminal::Look;
use anyhow::{Context as _, Error, Result, bail};
use carelink_capture::import::Recording;
use carelink_core::pump::model::Pump;
use carelink_core::pump::serial::Serial;
use carelink_core::units::count::Count;
use carelink_core::vendor::{Side, Vocabulary};
use clap::ValueEnum;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What the help says beside the options.
pub const HELP: &str = "\
Columns:
  time, type, values, pump   as in the vendor's exports
  seq                        the order of the rows: by time, and pump by pump and page by page where a clock goes back
  page, offset               the page that the event's record is on, or its file, and the record's first byte there
  setting                    old or new, where a record tells what was set before and what is set now
  frame                      the frame that holds it, in JSON and CSV

Files with pages hold them raw, with or without their CRC-16, or as digits, base64, a dump of xxd, hexdump, od or decocare,
lines of Loop's log, an array of C, JSON of records, or one 32-bit number for each byte. Names such as history-page-3 or
glucose-page-17 tell what they hold; else the bytes do. Without --model the records on history pages tell the pump's model.

Example: carelink events --model 522 pages/*.data";

/// What `carelink events` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Capture files, - for standard input, or files with pages, raw or in any usual dump; --model names their pump
    #[arg(required = true, value_name = "CAPTURE|PAGE")]
    files: Vec<PathBuf>,
    /// How to write the events; text is separated by tabs, as the vendor's table is
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The vendor's names of events and values: those until June 2015, or those since
    #[arg(long, value_enum, default_value_t)]
    names: Names,
    #[command(flatten)]
    filter: Filter,
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

/// Those of the vendor's table come first. Text has all but the frame, so that pages in files read as those of a capture.
const COLUMNS: [&str; 9] = ["time", "type", "values", "pump", "seq", "page", "offset", "setting", "frame"];
const IN_TEXT: usize = 8;
/// The column of the row's number; those of its place follow.
const SEQ: usize = 4;

/// Lists the events of captures or pages. Those of a pipe are listed as the fetches end that bring them.
///
/// # Errors
/// If a file cannot be read or is damaged, pages come without a model, or `out` cannot be written.
pub fn run(args: &Args, out: &mut impl Write) -> Result<Ending> {
    args.filter.check(Clock::Pump)?;
    let mut table = Table::new(args, out)?;
    let found = match &args.files[..] {
        [pipe] if live::is_live(pipe) => {
            live::watch();
            let (mut over, mut news, mut patience) = (0, false, Patience::default());
            let source = follow(pipe, &args.options, |known| {
                let ended = known.entries_after(over).take_while(Entry::over).count();
                over += ended;
                news |= ended > 0;
                if news && patience.is_over() {
                    news = false;
                    patience = Patience::after(|| {
                        table.add(&gather(&[Given::Capture(known)], &args.options, &mut Vec::new()))
                    })?;
                }
                Ok(())
            })?;
            of_sources(vec![source], &args.options, Vec::new(), 1)?
        }
        files => collect(files, &args.options)?,
    };
    table.add(&found)?;
    let withdrawn = table.withdrawn(&found);
    if withdrawn > 0 {
        let rows = Count(withdrawn, "row was", "rows were");
        eprintln!("carelink: {rows} listed that what came later does not bear out");
    }
    let ending = args.filter.ending(table.count, found.events.len(), "events");
    Ok(found.finish()?.max(ending).max(if withdrawn > 0 { Ending::Found } else { Ending::Fine }))
}

/// How long to wait until all that came is read again: ten times as long as it took, if that is felt, so that a long capture
/// is not read all the time.
#[derive(Default)]
struct Patience(Option<Instant>);

/// What takes longer is felt.
const FELT: Duration = Duration::from_millis(50);

impl Patience {
    fn after(work: impl FnOnce() -> Result<()>) -> Result<Self> {
        let start = Instant::now();
        work()?;
        let took = start.elapsed();
        Ok(Self((took > FELT).then(|| Instant::now() + 10 * took)))
    }

    fn is_over(&self) -> bool {
        self.0.is_none_or(|until| Instant::now() >= until)
    }
}

/// The rows of events that were written.
struct Table<'o, W: Write> {
    form: Form<'o, W>,
    names: Vocabulary,
    filter: &'o Filter,
    look: Look,
    /// How many there are.
    count: usize,
    /// How often each was written, without its number.
    written: HashMap<String, usize>,
}

impl<'o, W: Write> Table<'o, W> {
    fn new(args: &'o Args, out: &'o mut W) -> Result<Self> {
        let mut form = Form::new(args.format, out, &COLUMNS)?;
        let look = Look::of_output();
        if let Form::Text(out) = &mut form {
            writeln!(out, "{}", lines::text(&COLUMNS.map(str::to_owned)[..IN_TEXT], look))?;
        }
        let (names, filter) = (args.names.into(), &args.filter);
        Ok(Self { form, names, filter, look, count: 0, written: HashMap::new() })
    }

    /// The row of an event, and the same as text without its number.
    fn row(&self, found: &Found) -> (Vec<Value>, String) {
        let Found { event, pump, frame, place, .. } = found;
        let event = event.clone().named(self.names);
        let (page, offset) = place.as_ref().map(|(page, offset)| (page, offset)).unzip();
        let row = vec![
            json!(event.time.to_string()),
            json!(event.kind),
            json!(event.to_string()),
            json!(pump.to_string()),
            json!(0),
            json!(page),
            json!(offset),
            json!(event.side.map(Side::word)),
            json!(frame),
        ];
        let key = row.iter().map(plain).collect::<Vec<_>>().join("\t");
        (row, key)
    }

    /// Writes the events that were not written yet, and hands them on.
    fn add(&mut self, found: &Collection) -> Result<()> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        for found in found.events.iter().filter(|found| self.filter.keeps_event(found)) {
            let (mut row, key) = self.row(found);
            let nth = seen.entry(key.clone()).or_default();
            *nth += 1;
            let written = self.written.entry(key).or_default();
            if *nth <= *written {
                continue;
            }
            *written += 1;
            row[SEQ] = json!(self.count);
            self.count += 1;
            match &mut self.form {
                Form::Text(out) => {
                    let cells: Vec<_> = row[..IN_TEXT].iter().map(plain).collect();
                    writeln!(out, "{}", lines::text(&cells, self.look))?;
                }
                Form::Json(out) => json_line(out, &lines::json(found, self.names, &row))?,
                Form::Csv(csv) => csv.row(&row)?,
            }
        }
        self.form.flush()
    }

    /// How many rows were written that are not among all events.
    fn withdrawn(&self, found: &Collection) -> usize {
        let mut written = self.written.clone();
        for found in &found.events {
            if let Some(count) = written.get_mut(&self.row(found).1) {
                *count = count.saturating_sub(1);
            }
        }
        written.values().sum()
    }
}

/// What a file turned out to be.
#[derive(Debug)]
pub(crate) enum Source {
    Capture(Box<Conversation>),
    Pages(PathBuf, Content),
}

impl Source {
    /// The same, to read in.
    pub(crate) fn given(&self) -> Given<'_> {
        match self {
            Self::Capture(conversation) => Given::Capture(conversation),
            Self::Pages(path, content) => Given::Pages(path, content),
        }
    }
}

/// What events are sought in.
#[derive(Clone, Copy)]
pub(crate) enum Given<'a> {
    Capture(&'a Conversation),
    Pages(&'a Path, &'a Content),
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
    of_sources(sources, options, faults, files.len())
}

/// Finds the events in the files that could be read of so many.
fn of_sources(
    sources: Vec<Source>,
    options: &Options,
    mut faults: Vec<Error>,
    files: usize,
) -> Result<Collection> {
    let given: Vec<_> = sources.iter().map(Source::given).collect();
    let mut collection = gather(&given, options, &mut faults);
    if faults.len() == files {
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

/// The place among sources of all files with pages, which are taken to be of one download.
const FILES: usize = usize::MAX;

/// Finds the events in what was read; what has none for a reason goes to `faults`.
pub(crate) fn gather(sources: &[Given<'_>], options: &Options, faults: &mut Vec<Error>) -> Collection {
    let mut collection = Collection::default();
    let mut pages: BTreeMap<Option<Serial>, Vec<Page<'_>>> = BTreeMap::new();
    let mut lost: Vec<Lost> = Vec::new();
    let mut damaged: BTreeSet<usize> = BTreeSet::new();
    let mut strangers = false;
    for (at, &source) in sources.iter().enumerate() {
        match source {
            Given::Pages(path, content) => match pages_in_file(path, content, options) {
                Ok(found) => {
                    let note = |note| format!("{}: {note}", path.display());
                    collection.notes.extend(content.notes.iter().map(note));
                    let found = found.into_iter().map(|page| Page { source: FILES, ..page });
                    pages.entry(None).or_default().extend(found);
                }
                Err(fault) => faults.push(fault),
            },
            Given::Capture(conversation) => {
                let remarks = conversation.remarks();
                let bad = !remarks.damage.is_empty();
                damaged.extend(bad.then_some(at));
                collection.warnings.extend(remarks.damage);
                collection.notes.extend(remarks.others);
                current(conversation, at, &mut collection);
                let pages_of_it = conversation.entries().filter_map(|entry| Page::of(&entry));
                for page in pages_of_it.filter(|page| page.kind != Kind::Trace) {
                    pages.entry(page.serial).or_default().push(Page {
                        source: at,
                        capture: Some(conversation.name()),
                        ..page
                    });
                }
                for page in holdings::lost(conversation, bad, at) {
                    pages.entry(page.serial).or_default();
                    lost.push(page);
                }
                strangers |= holdings::has_strangers(conversation);
            }
        }
    }
    let captures = sources.iter().filter(|source| matches!(source, Given::Capture(_))).count();
    for (serial, mut pages) in pages {
        // What one capture tells of a pump holds in the others too.
        let told = pages.iter().map(|page| page.pump).max_by_key(|pump| pump.known).unwrap_or_default();
        let (pump, history) = settled(told, &pages, &mut collection);
        let name = Device::of(pump, serial);
        pages.iter_mut().for_each(|page| page.pump = pump);
        let can_be_read = |page: &Page<'_>| history || page.kind != Kind::History;
        let (pages, left_out): (Vec<_>, Vec<_>) =
            pages.into_iter().partition(|page| can_be_read(page) && usable(page, &mut collection.warnings));
        lost.extend(left_out.iter().map(Lost::of));
        history_events(&pages, captures > 1, &name, &mut collection);
        sensor_events(&pages, pump, &name, &mut collection);
        collection.holdings.push(Holding::of(name, serial, &pages, &lost, &damaged, strangers));
    }
    collection.sort();
    collection
}

/// The pages in a file, of the pump that the user names, if he does.
pub(crate) fn pages_in_file<'b>(
    path: &'b Path,
    content: &'b Content,
    options: &Options,
) -> Result<Vec<Page<'b>>> {
    Page::in_file(path, content, options.forced().unwrap_or_default())
}

/// The pump that pages are of: what is told of it, or else what the records on its history pages tell; and whether those
/// can be read.
fn settled(told: Pump, pages: &[Page<'_>], collection: &mut Collection) -> (Pump, bool) {
    let of_history = |page: &&Page<'_>| page.kind == Kind::History && page.doubt().is_none();
    match proof::pump(pages.iter().filter(of_history)).filter(|_| told.model.is_none()) {
        None => (told, true),
        Some((Some(pump), note)) => {
            collection.notes.push(note);
            (pump, true)
        }
        Some((None, fault)) => {
            collection
                .warnings
                .push(format!("{fault}: nothing of them is listed; name the model with --model"));
            (told, false)
        }
    }
}

/// Reads a file as what its first bytes say.
pub(crate) fn source(path: &Path, options: &Options) -> Result<Source> {
    follow(path, options, |_| Ok(()))
}

/// The same, and calls `each` with what is known by then after each packet of a capture.
fn follow(path: &Path, options: &Options, each: impl FnMut(&Conversation) -> Result<()>) -> Result<Source> {
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
    if capture {
        let whole = std::io::Cursor::new(start).chain(file);
        return Ok(Source::Capture(Box::new(Conversation::follow(
            whole,
            options,
            &name(),
            Keep::Nothing,
            each,
        )?)));
    }
    file.read_to_end(&mut start).with_context(name)?;
    if start.is_empty() {
        bail!("{}: nothing is in it", path.display());
    }
    let content = forms::read_mended(&start);
    // What is no page may be a recording of traffic, which is read as a capture.
    let pages = content.as_ref().is_ok_and(|content| content.text == Text::No || content.is_pages());
    if !pages && Recording::read(&start).is_some_and(|recording| recording.transfers() > 0) {
        let whole = std::io::Cursor::new(start);
        let conversation = Conversation::follow(whole, options, &name(), Keep::Nothing, each)?;
        return Ok(Source::Capture(Box::new(conversation)));
    }
    Ok(Source::Pages(path.to_owned(), content.with_context(name)?))
}

/// True if the values of a page can be trusted.
fn usable(page: &Page<'_>, warnings: &mut Vec<String>) -> bool {
    let reason = if let Some(doubt) = page.doubt() {
        doubt.to_string()
    } else if page.kind != Kind::History && !page.filled() {
        "it lacks its end".to_owned()
    } else if let Some(misfit) = proof::misfit(page).filter(|_| page.kind == Kind::History) {
        misfit
    } else {
        return true;
    };
    warnings.push(format!("{} is left out: {reason}", page.place()));
    false
}
