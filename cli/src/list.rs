// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture. Out: one line for each fetch: what was asked, how it ended, and what came.

use crate::conversation::{Conversation, Entry, Options};
use crate::output::{Csv, Ending, Format, json_line, object};
use crate::page::Page;
use anyhow::Result;
use carelink_core::exchange::{Asked, Outcome, Stage};
use carelink_core::view::payload::{self, Told};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

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

/// Lists the fetches of a capture.
///
/// # Errors
/// If the capture cannot be read, is damaged, or `out` cannot be written.
pub fn run(args: &Args, out: &mut impl Write) -> Result<Ending> {
    let conversation = Conversation::read(&args.capture, &args.options)?;
    match args.format {
        Format::Text => {
            for entry in conversation.entries() {
                writeln!(out, "{}", line(&conversation, &entry))?;
            }
        }
        Format::Json => {
            for entry in conversation.entries() {
                json_line(out, &object(&COLUMNS, row(&conversation, &entry)))?;
            }
        }
        Format::Csv => {
            let mut csv = Csv::new(&mut *out, b',', &COLUMNS)?;
            for entry in conversation.entries() {
                csv.row(&row(&conversation, &entry))?;
            }
            csv.finish()?;
        }
    }
    conversation.finish()?;
    Ok(Ending::Fine)
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
fn parameters(entry: &Entry<'_>) -> Option<String> {
    let packet = entry.transaction.command().filter(|packet| packet.parameters > 0)?;
    if let Some(parameters) = entry.parameters() {
        return Some(parameters.to_string());
    }
    let bytes: Vec<_> = entry.transaction.parameters().iter().map(|byte| format!("{byte:02x}")).collect();
    let more = if bytes.len() < packet.parameters.into() { " ..." } else { "" };
    Some(format!("[{}{more}]", bytes.join(" ")))
}

/// How it ended, and why.
fn outcome(entry: &Entry<'_>) -> String {
    match (entry.transaction.stage, entry.transaction.outcome()) {
        (Stage::PumpNak(nak), Outcome::PumpNak) => format!("pump NAK: {nak}"),
        (Stage::DeviceNak(reason), _) => format!("stick NAK: {reason}"),
        (_, outcome) => outcome.to_string(),
    }
}

/// What came, in a sentence.
fn reply(conversation: &Conversation, entry: &Entry<'_>) -> Option<String> {
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
