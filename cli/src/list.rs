// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture. Out: one line for each fetch: what was asked, how it ended, and what came.

use crate::conversation::{Conversation, Entry, Options};
use crate::live::{self, Rows};
use crate::output::{Ending, Form, Format, json_line, object};
use crate::page::Page;
use anyhow::Result;
use carelink_core::exchange::{Asked, Outcome, Stage};
use carelink_core::pump::told::{self, Told};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What `carelink list` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Capture files, pcap or pcapng, or recordings that import reads; - reads standard input
    #[arg(required = true)]
    captures: Vec<PathBuf>,
    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    options: Options,
}

const COLUMNS: [&str; 12] = [
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
    "file",
];

/// Lists the fetches of captures. Those of a pipe are listed as they end.
///
/// # Errors
/// If a capture cannot be read, is damaged, or `out` cannot be written.
pub fn run(args: &Args, out: &mut impl Write) -> Result<Ending> {
    let rows = Form::new(args.format, out, &COLUMNS)?;
    live::all(&args.captures, &args.options, &mut List { rows, file: String::new() })
}

/// A list that is being written.
struct List<'o, W: Write> {
    rows: Form<'o, W>,
    /// The capture that is being read.
    file: String,
}

impl<W: Write> Rows for List<'_, W> {
    fn begin(&mut self, path: &Path, of_several: bool) -> Result<()> {
        self.file = path.display().to_string();
        match &mut self.rows {
            Form::Text(out) if of_several => Ok(writeln!(out, "{}:", self.file)?),
            _ => Ok(()),
        }
    }

    fn row(&mut self, known: &Conversation, entry: &Entry<'_>) -> Result<()> {
        match &mut self.rows {
            Form::Text(out) => Ok(writeln!(out, "{}", line(known, entry))?),
            Form::Json(out) => json_line(out, &object(&COLUMNS, row(known, entry, &self.file))),
            Form::Csv(csv) => csv.row(&row(known, entry, &self.file)),
        }
    }

    fn flush(&mut self) -> Result<()> {
        self.rows.flush()
    }
}

fn row(conversation: &Conversation, entry: &Entry<'_>, file: &str) -> Vec<Value> {
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
        json!(file),
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
    line += &match transaction.asked {
        Asked::Pump(command) => command.serial.to_string(),
        Asked::Device(code) => format!("{:<6}", code.device),
        Asked::Unknown => format!("{:<6}", conversation.session.device(transaction.stream)),
    };
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
        (Stage::DeviceNak(reason), _) => format!("{} NAK: {reason}", reason.device),
        (_, outcome) => outcome.to_string(),
    }
}

/// What came, in a sentence.
pub(crate) fn reply(conversation: &Conversation, entry: &Entry<'_>) -> Option<String> {
    match entry.transaction.asked {
        Asked::Device(_) => {
            let answered =
                matches!(entry.transaction.outcome(), Outcome::Answered | Outcome::AnsweredByMeter);
            let response = entry.transaction.response.filter(|_| answered)?;
            Some(conversation.sentence(response.frame())).filter(|sentence| !sentence.is_empty())
        }
        _ if entry.data.is_empty() => tries(conversation, entry),
        _ => Some(match (Page::of(entry), entry.doubt) {
            (Some(page), _) => page.summary(),
            (None, Some(doubt)) => format!("{} bytes, not read: {doubt}", entry.data.len()),
            (None, None) => answer(entry) + &echo(conversation, entry),
        }),
    }
}

/// What was tried to get an answer that did not come: `18 polls found nothing, asked for the third time`.
fn tries(conversation: &Conversation, entry: &Entry<'_>) -> Option<String> {
    let polls = conversation.session.tracker().attempt(entry.number).empty_polls;
    let silent = matches!(entry.transaction.outcome(), Outcome::NoAnswer | Outcome::Unfinished);
    if !silent || polls == 0 {
        return None;
    }
    let found =
        if polls == 1 { "1 poll found nothing".to_owned() } else { format!("{polls} polls found nothing") };
    Some(match entry.transaction.repeats {
        0 => found,
        1 => format!("{found}, asked once before"),
        repeats => format!("{found}, asked {repeats} times before"),
    })
}

/// That the reply to another command had the same bytes, if so.
fn echo(conversation: &Conversation, entry: &Entry<'_>) -> String {
    let echoes = conversation.session.transactions().echoes(entry.number);
    let other = echoes.and_then(|(number, other)| Some((number, other.pump_opcode()?)));
    other.map_or_else(String::new, |(number, opcode)| {
        format!(" (the same bytes as the reply to {opcode} in transaction {number})")
    })
}

/// What a reply says that is no page.
fn answer(entry: &Entry<'_>) -> String {
    let bytes = format!("{} bytes", entry.data.len());
    let Some(opcode) = entry.opcode().filter(|_| entry.complete()) else { return bytes };
    match told::read(opcode, entry.pump, entry.data) {
        Told::Reply(reply) => reply.to_string(),
        Told::Nothing => bytes,
        Told::Impossible => format!("{bytes}, not read: they do not fit the command"),
    }
}
