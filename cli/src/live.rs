// SPDX-License-Identifier: GPL-2.0-or-later
//! In: captures, as files or pipes. Out: their transactions one by one, as they are to be written: those of a pipe as they
//! end.

use crate::conversation::{Conversation, Entry, Keep, Options, open};
use crate::filter::{Clock, Filter};
use crate::output::{Ending, Form, Format, json_line};
use anyhow::Result;
use carelink_core::exchange::Outcome;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

/// How the transactions of captures are written.
pub trait Rows {
    /// The columns of CSV.
    fn columns(&self) -> Vec<&'static str>;

    /// True if this transaction is asked for.
    fn asked(&self, _entry: &Entry<'_>) -> bool {
        true
    }

    /// Writes a transaction for people.
    ///
    /// # Errors
    /// If the output cannot be written.
    fn text(&self, known: &Conversation, entry: &Entry<'_>, out: &mut impl Write) -> Result<()>;

    /// A transaction as an object of JSON; `file` names its capture.
    fn json(&self, known: &Conversation, entry: &Entry<'_>, file: &str) -> Value;

    /// A transaction as rows of CSV.
    fn csv(&self, known: &Conversation, entry: &Entry<'_>, file: &str) -> Vec<Vec<Value>>;
}

/// The transactions of captures, as they are written.
struct Listing<'o, W: Write, R> {
    rows: R,
    form: Form<'o, W>,
    /// The capture that is being read.
    file: String,
    filter: &'o Filter,
    count: Count,
}

/// How many transactions there were.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// In all captures.
    pub came: usize,
    /// That were asked for.
    pub asked: usize,
    /// That the filter keeps of these.
    kept: usize,
}

impl<W: Write, R: Rows> Listing<'_, W, R> {
    fn row(&mut self, known: &Conversation, entry: &Entry<'_>) -> Result<()> {
        let Self { rows, form, file, filter, count } = self;
        count.came += 1;
        if !rows.asked(entry) {
            return Ok(());
        }
        count.asked += 1;
        if !filter.keeps(entry) {
            return Ok(());
        }
        count.kept += 1;
        match form {
            Form::Text(out) => rows.text(known, entry, out),
            Form::Json(out) => json_line(out, &rows.json(known, entry, file)),
            Form::Csv(csv) => rows.csv(known, entry, file).iter().try_for_each(|row| csv.row(row)),
        }
    }
}

/// Writes the transactions of all captures: of a pipe, as they end. A file that cannot be read is told, and the others are read.
///
/// # Errors
/// If the filter contradicts itself, the output cannot be written, or the only file cannot be read.
pub fn all<W: Write, R: Rows>(
    paths: &[PathBuf],
    options: &Options,
    filter: &Filter,
    format: Format,
    rows: R,
    out: &mut W,
) -> Result<(Ending, Count)> {
    filter.check(Clock::Capture)?;
    let form = Form::new(format, out, &rows.columns())?;
    let mut listing = Listing { rows, form, file: String::new(), filter, count: Count::default() };
    let ending = each(paths, |path| {
        listing.file = path.display().to_string();
        if let (Form::Text(out), [_, _, ..]) = (&mut listing.form, paths) {
            writeln!(out, "{}:", listing.file)?;
        }
        let ending = one(path, options, &mut listing);
        listing.form.flush()?;
        ending
    })?;
    let Count { asked, kept, .. } = listing.count;
    Ok((ending.max(filter.ending(kept, asked, "transactions")), listing.count))
}

/// Does the same with each of several files. A file that cannot be read is told, and the others are read.
///
/// # Errors
/// If there is one file, and it cannot be read.
pub fn each(paths: &[PathBuf], mut read: impl FnMut(&Path) -> Result<Ending>) -> Result<Ending> {
    if let [path] = paths {
        return read(path);
    }
    let mut ending = Ending::Fine;
    for path in paths {
        ending = ending.max(match read(path) {
            Err(error) if gone(&error) => return Err(error),
            Err(error) => {
                eprintln!("carelink: {error:#}");
                Ending::Unread
            }
            Ok(ending) => ending,
        });
    }
    Ok(ending)
}

/// True if whoever read the output has had enough.
#[must_use]
pub fn gone(error: &anyhow::Error) -> bool {
    use std::io;
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        let csv = cause.downcast_ref::<csv::Error>().and_then(|error| match error.kind() {
            csv::ErrorKind::Io(io) => Some(io),
            _ => None,
        });
        io.or(csv).is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

fn one<W: Write>(path: &Path, options: &Options, listing: &mut Listing<'_, W, impl Rows>) -> Result<Ending> {
    let live = is_live(path);
    if live {
        watch();
    }
    // How each transaction that was handed on had ended.
    let mut told: Vec<Outcome> = Vec::new();
    let (source, name) = (open(path)?, path.display().to_string());
    let conversation = Conversation::follow(source, options, &name, Keep::Dialogue, |known| {
        if !live {
            return Ok(());
        }
        let before = told.len();
        for entry in known.entries_after(before).take_while(|entry| entry.over()) {
            listing.row(known, &entry)?;
            told.push(entry.transaction.outcome());
        }
        if told.len() > before { listing.form.flush() } else { Ok(()) }
    })?;
    for entry in conversation.entries_after(told.len()) {
        listing.row(&conversation, &entry)?;
    }
    listing.form.flush()?;
    let mut ending = Ending::Fine;
    for (entry, before) in conversation.entries().zip(told) {
        let now = entry.transaction.outcome();
        if now != before {
            let number = entry.number;
            eprintln!(
                "carelink: transaction {number} was told as {before}, but is {now}: a packet of it came later"
            );
            ending = Ending::Found;
        }
    }
    Ok(ending.max(conversation.finish()?))
}

/// True if a capture may grow while it is read.
#[must_use]
pub fn is_live(path: &Path) -> bool {
    path == Path::new("-") || fs::metadata(path).is_ok_and(|metadata| !metadata.is_file())
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Lets the user interrupt the reading: what came until then is told. The second time the program ends at once.
pub fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Without a handler the program ends at once, as others do.
        let _ = ctrlc::set_handler(|| {
            if INTERRUPTED.swap(true, Ordering::Relaxed) {
                process::exit(130);
            }
        });
    });
}

/// True once the user has interrupted the reading.
#[must_use]
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
