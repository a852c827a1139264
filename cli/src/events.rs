// SPDX-License-Identifier: GPL-2.0-or-later
//! In: captures, or files with pages. Out: the events in them, by the vendor's names.
//!
//! The rules are the core's, and the collecting is in `found`.

mod lines;

use crate::conversation::{Entry, Options};
use crate::filter::{Clock, Filter};
use crate::found::{Collection, Found, Given, collect, follow, gather, of_sources};
use crate::live;
use crate::output::{Ending, Form, Format, json_line, plain};
use crate::terminal::Look;
use anyhow::Result;
use carelink_core::units::count::Count;
use carelink_core::vendor::{Side, Vocabulary};
use clap::ValueEnum;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
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
