// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture. Out: one line for each fetch: what was asked, how it ended, and what came.

use crate::conversation::{Conversation, Entry, Options, open};
use crate::output::{Csv, Ending, Format, json_line, object};
use crate::page::Page;
use anyhow::Result;
use carelink_core::exchange::{Asked, Outcome, Stage, TransactionId};
use carelink_core::view::payload::{self, Told};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What `carelink list` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Capture file, pcap or pcapng, or a recording that import reads; - reads standard input
    capture: PathBuf,
    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    options: Options,
}

const COLUMNS: [&str; 11] = [
    "transaction",
    "first_frame",
    "last_frame",
    "time",
    "stream",
    "pump",
    "opcode",
    "command",
    "parameters",
    "outcome",
    "reply",
];

/// Lists the fetches of a capture. Those of a pipe are listed as they end.
///
/// # Errors
/// If the capture cannot be read, is damaged, or `out` cannot be written.
pub fn run(args: &Args, out: &mut impl Write) -> Result<Ending> {
    let live = args.capture == Path::new("-");
    let name = args.capture.display().to_string();
    let mut list = List::new(args.format, out)?;
    let conversation =
        Conversation::follow(open(&args.capture)?, &args.options, &name, |known| match live {
            true => list.add_ended(known),
            false => Ok(()),
        })?;
    list.add(&conversation, |_| true)?;
    list.finish()?;
    let withdrawn = list.withdrawn(&conversation);
    for (number, before, now) in &withdrawn {
        eprintln!(
            "carelink: transaction {number} was listed as {before}, but is {now}: a packet of it came later"
        );
    }
    let ending = if withdrawn.is_empty() { Ending::Fine } else { Ending::Found };
    Ok(ending.max(conversation.finish()?))
}

/// A list that is being written.
struct List<'o, W: Write> {
    out: Rows<'o, W>,
    /// How each transaction that was written had ended.
    written: Vec<Outcome>,
}

enum Rows<'o, W: Write> {
    Text(&'o mut W),
    Json(&'o mut W),
    Csv(Box<Csv<&'o mut W>>),
}

impl<'o, W: Write> List<'o, W> {
    fn new(format: Format, out: &'o mut W) -> Result<Self> {
        let out = match format {
            Format::Text => Rows::Text(out),
            Format::Json => Rows::Json(out),
            Format::Csv => Rows::Csv(Box::new(Csv::new(out, b',', &COLUMNS)?)),
        };
        Ok(Self { out, written: Vec::new() })
    }

    /// Adds the transactions that are over, up to the first one that is not.
    fn add_ended(&mut self, known: &Conversation) -> Result<()> {
        let before = self.written.len();
        self.add(known, |entry| entry.transaction.closed || entry.transaction.ended())?;
        if self.written.len() > before { self.finish() } else { Ok(()) }
    }

    /// Adds the transactions that were not written yet, as long as they are `ready`.
    fn add(&mut self, known: &Conversation, ready: impl Fn(&Entry<'_>) -> bool) -> Result<()> {
        for entry in known.entries_after(self.written.len()).take_while(ready) {
            match &mut self.out {
                Rows::Text(out) => writeln!(out, "{}", line(known, &entry))?,
                Rows::Json(out) => json_line(out, &object(&COLUMNS, row(known, &entry)))?,
                Rows::Csv(csv) => csv.row(&row(known, &entry))?,
            }
            self.written.push(entry.transaction.outcome());
        }
        Ok(())
    }

    /// Hands on what was written.
    fn finish(&mut self) -> Result<()> {
        match &mut self.out {
            Rows::Text(out) | Rows::Json(out) => Ok(out.flush()?),
            Rows::Csv(csv) => csv.flush(),
        }
    }

    /// The transactions that were written, and have another outcome by now: both.
    fn withdrawn(&self, known: &Conversation) -> Vec<(TransactionId, Outcome, Outcome)> {
        let now = known.entries().map(|entry| (entry.number, entry.transaction.outcome()));
        let both = now.zip(&self.written).map(|((number, now), &before)| (number, before, now));
        both.filter(|(_, before, now)| before != now).collect()
    }
}

fn row(conversation: &Conversation, entry: &Entry<'_>) -> Vec<Value> {
    let transaction = entry.transaction;
    let opcode = match transaction.asked {
        Asked::Pump(command) => Some(command.opcode.0),
        Asked::Device(code) => Some(code.number),
        Asked::Unknown => None,
    };
    vec![
        json!(entry.number.get()),
        json!(transaction.request.frame()),
        json!(transaction.last.max(transaction.end())),
        json!(time(transaction.request.time())),
        json!(conversation.session.stream(transaction.stream)),
        json!(transaction.serial().map(|serial| serial.to_string())),
        json!(opcode.map(|opcode| format!("{opcode:#04x}"))),
        json!(command(entry)),
        json!(parameters(entry)),
        json!(outcome(entry)),
        json!(reply(conversation, entry)),
    ]
}

fn line(conversation: &Conversation, entry: &Entry<'_>) -> String {
    let transaction = entry.transaction;
    let (first, last) = (transaction.request.frame(), transaction.last.max(transaction.end()));
    let mut line = format!(
        "{:>4}  {:<13}  {}  ",
        entry.number.get(),
        format!("{first}-{last}"),
        time(transaction.request.time())
    );
    line += &transaction.serial().map_or_else(|| "stick ".to_owned(), |serial| serial.to_string());
    line += &format!("  {}", command(entry));
    if let Some(parameters) = parameters(entry) {
        line += &format!(" {parameters}");
    }
    line += &format!(": {}", outcome(entry));
    if let Some(reply) = reply(conversation, entry) {
        line += &format!(" | {reply}");
    }
    line
}

/// The time of a packet, in UTC.
pub(crate) fn time(nanoseconds: u64) -> String {
    let time = Timestamp::from_nanosecond(nanoseconds.into());
    time.map_or_else(|_| nanoseconds.to_string(), |time| format!("{time:.6}"))
}

/// The name of what was asked.
pub(crate) fn command(entry: &Entry<'_>) -> String {
    match entry.transaction.asked {
        Asked::Pump(command) => command.opcode.to_string(),
        Asked::Device(code) => code.to_string(),
        Asked::Unknown => "reads whose command was not captured".to_owned(),
    }
}

/// The parameters of a pump's command, in words if their layout is known.
pub(crate) fn parameters(entry: &Entry<'_>) -> Option<String> {
    let packet = entry.transaction.command().filter(|packet| packet.parameters > 0)?;
    if let Some(parameters) = entry.parameters() {
        return Some(parameters.to_string());
    }
    let bytes: Vec<_> = entry.transaction.parameters().iter().map(|byte| format!("{byte:02x}")).collect();
    let more = if bytes.len() < packet.parameters.into() { " ..." } else { "" };
    Some(format!("[{}{more}]", bytes.join(" ")))
}

/// How it ended, and why.
pub(crate) fn outcome(entry: &Entry<'_>) -> String {
    match (entry.transaction.stage, entry.transaction.outcome()) {
        (Stage::PumpNak(nak), Outcome::PumpNak) => format!("pump NAK: {nak}"),
        (Stage::DeviceNak(reason), _) => format!("stick NAK: {reason}"),
        (_, outcome) => outcome.to_string(),
    }
}

/// What came, in a sentence.
pub(crate) fn reply(conversation: &Conversation, entry: &Entry<'_>) -> Option<String> {
    match entry.transaction.asked {
        Asked::Device(_) => {
            let answered = entry.transaction.outcome() == Outcome::Answered;
            let response = entry.transaction.response.filter(|_| answered)?;
            Some(conversation.sentence(response.frame())).filter(|sentence| !sentence.is_empty())
        }
        _ if entry.data.is_empty() => None,
        _ => Some(match (Page::of(entry), entry.doubt) {
            (Some(page), _) => page.summary(),
            (None, Some(doubt)) => format!("{} bytes, not read: {doubt}", entry.data.len()),
            (None, None) => answer(entry),
        }),
    }
}

/// What a reply says that is no page.
fn answer(entry: &Entry<'_>) -> String {
    let bytes = format!("{} bytes", entry.data.len());
    let Some(opcode) = entry.opcode().filter(|_| entry.complete()) else { return bytes };
    match payload::read(opcode, entry.pump, entry.data) {
        Told::Reply(reply) => reply.to_string(),
        Told::Nothing => bytes,
        Told::Impossible => format!("{bytes}, not read: they do not fit the command"),
    }
}
