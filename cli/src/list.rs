// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture. Out: one line for each fetch: what was asked, how it ended, and what came.

use crate::class::Class;
use crate::conversation::{Conversation, Entry, Options};
use crate::filter::Filter;
use crate::live::{self, Rows};
use crate::output::{Ending, Format};
use crate::page::Page;
use crate::row::Row;
use crate::show;
use crate::terminal::{BAD, DIM, GOOD, Look, OPEN, PLAIN, STRONG};
use anstyle::Style;
use anyhow::Result;
use carelink_core::exchange::{Asked, Outcome, Stage};
use carelink_core::pump::Opcode;
use carelink_core::pump::told::{self, Told};
use carelink_core::tree::cursor::Cursor;
use carelink_core::tree::sink::InfoLine;
use carelink_core::units::count::{self, Count};
use carelink_core::view::reply;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

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
    filter: Filter,
    #[command(flatten)]
    options: Options,
}

/// The columns of CSV, which are keys of JSON.
const COLUMNS: [&str; 14] = [
    "transaction",
    "frame",
    "last_frame",
    "time",
    "stream",
    "pump",
    "device",
    "opcode",
    "command",
    "parameters_text",
    "outcome",
    "outcome_reason",
    "reply_text",
    "file",
];

/// Lists the fetches of captures. Those of a pipe are listed as they end.
///
/// # Errors
/// If a capture cannot be read, is damaged, or `out` cannot be written.
pub fn run(args: &Args, out: &mut impl Write) -> Result<Ending> {
    let Args { captures, format, filter, options } = args;
    let list = List { look: Look::of_output() };
    Ok(live::all(captures, options, filter, *format, list, out)?.0)
}

/// A line for each transaction.
struct List {
    look: Look,
}

impl Rows for List {
    fn columns(&self) -> Vec<&'static str> {
        COLUMNS.into()
    }

    fn text(&self, known: &Conversation, entry: &Entry<'_>, out: &mut impl Write) -> Result<()> {
        Ok(writeln!(out, "{}", line(known, entry, self.look))?)
    }

    fn json(&self, known: &Conversation, entry: &Entry<'_>, file: &str) -> Value {
        let transaction = entry.transaction;
        let bytes = (!entry.data.is_empty()).then_some(entry.data.len());
        let text = came(known, entry);
        let reply = text.is_some().then(|| {
            json!({
                "bytes": bytes,
                "page": Page::of(entry).map(|page| page.json()),
                "values": show::reply_values(known, entry),
            })
        });
        begin(entry, "list", file)
            .with("stream", known.session.stream(transaction.stream))
            .with("parameters", show::parameter_values(entry))
            .with("parameters_text", parameters(entry))
            .with("reply", reply)
            .with("reply_text", text)
            .json()
    }

    fn csv(&self, known: &Conversation, entry: &Entry<'_>, file: &str) -> Vec<Vec<Value>> {
        let row = self.json(known, entry, file);
        vec![COLUMNS.map(|column| row[column].clone()).into()]
    }
}

/// What the lines of JSON of a transaction have in common.
pub(crate) fn begin(entry: &Entry<'_>, verb: &str, file: &str) -> Row {
    let transaction = entry.transaction;
    let device = match transaction.asked {
        Asked::Pump(_) => Some("pump".to_owned()),
        Asked::Device(code) => Some(code.device.to_string()),
        Asked::Unknown => None,
    };
    Row::new(verb, "transaction")
        .file(Some(file))
        .transaction(Some(entry.number.get()))
        .frame(Some(transaction.request.frame()))
        .time(Some(time(transaction.request.time())))
        .pump(transaction.serial().map(|serial| serial.to_string()))
        .with("last_frame", transaction.last.max(transaction.end()))
        .with("device", device)
        .with("opcode", opcode(entry))
        .with("command", command(entry))
        .with("outcome", transaction.outcome().to_string())
        .with("outcome_reason", refusal(entry).map(|(_, why)| why))
}

fn line(conversation: &Conversation, entry: &Entry<'_>, look: Look) -> String {
    let transaction = entry.transaction;
    let (first, last) = (transaction.request.frame(), transaction.last.max(transaction.end()));
    let frames = format!("{:>4}  {:<13}  ", entry.number.get(), format!("{first}-{last}"));
    let time = format!("{}  ", time(transaction.request.time()));
    let whose = match transaction.asked {
        Asked::Pump(command) => command.serial.to_string(),
        Asked::Device(code) => format!("{:<6}", code.device),
        Asked::Unknown => format!("{:<6}", conversation.session.device(transaction.stream)),
    };
    let parameters = behind_name(entry).map(|parameters| format!(" {parameters}")).unwrap_or_default();
    let reply = came(conversation, entry).map(|reply| format!(" | {reply}")).unwrap_or_default();
    look.line([
        (PLAIN, frames.as_str()),
        (DIM, &time),
        (PLAIN, &format!("{whose}  ")),
        (if changes_therapy(entry) { BAD } else { STRONG }, &command(entry)),
        (PLAIN, &format!("{parameters}: ")),
        (style(transaction.outcome()), &outcome(entry)),
        (PLAIN, &reply),
    ])
}

/// True for a command that changes what a pump gives.
fn changes_therapy(entry: &Entry<'_>) -> bool {
    entry.opcode().and_then(Opcode::command).is_some_and(|command| command.therapy)
}

const fn style(outcome: Outcome) -> Style {
    match Class::of(outcome) {
        Class::Good => GOOD,
        Class::Refused | Class::Silent => OPEN,
        Class::Broken => BAD,
    }
}

/// The number of what was asked, as a command of the pump or of the device in front of it.
fn opcode(entry: &Entry<'_>) -> Option<u8> {
    match entry.transaction.asked {
        Asked::Pump(command) => Some(command.opcode.0),
        Asked::Device(code) => Some(code.number),
        Asked::Unknown => None,
    }
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

/// The parameters of a pump's command, as they are read behind its name: `Read History Page 0 (the newest)`.
pub(crate) fn behind_name(entry: &Entry<'_>) -> Option<String> {
    entry.parameters_behind_name().or_else(|| parameters(entry))
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
    match refusal(entry) {
        Some((who, why)) => format!("{who} NAK: {why}"),
        None => entry.transaction.outcome().to_string(),
    }
}

/// Who refused it, and why, if it was refused.
fn refusal(entry: &Entry<'_>) -> Option<(String, String)> {
    match (entry.transaction.stage, entry.transaction.outcome()) {
        (Stage::PumpNak(nak), Outcome::PumpNak) => Some(("pump".to_owned(), nak.to_string())),
        (Stage::DeviceNak(reason), _) => Some((reason.device.to_string(), reason.to_string())),
        _ => None,
    }
}

/// What came, in a sentence.
pub(crate) fn came(conversation: &Conversation, entry: &Entry<'_>) -> Option<String> {
    match entry.transaction.asked {
        Asked::Device(_) => {
            let answered =
                matches!(entry.transaction.outcome(), Outcome::Answered | Outcome::AnsweredByMeter);
            let response = entry.transaction.response.filter(|_| answered)?;
            Some(conversation.sentence(response.frame())).filter(|sentence| !sentence.is_empty())
        }
        _ if entry.data.is_empty() => tries(conversation, entry),
        _ => Some(match (Page::of(entry), entry.doubt) {
            (Some(_), _) => page(conversation, entry),
            (None, Some(doubt)) => format!("{}, not read: {doubt}", count::bytes(entry.data.len())),
            (None, None) => answer(entry) + &echo(conversation, entry),
        }),
    }
}

/// What is on a page, as the packet list says it: `History page 5: 61 records, 2013-08-01 to 2013-08-03`.
fn page(conversation: &Conversation, entry: &Entry<'_>) -> String {
    let mut line = InfoLine::default();
    let mut bytes = Cursor::new(entry.data, 0, !entry.complete(), &mut line);
    reply::show(conversation.session.transactions(), entry.number, &mut bytes);
    line.0
}

/// What was tried to get an answer that did not come: `18 polls found nothing, asked for the third time`.
fn tries(conversation: &Conversation, entry: &Entry<'_>) -> Option<String> {
    let polls = conversation.session.tracker().attempt(entry.number).empty_polls;
    let silent = matches!(entry.transaction.outcome(), Outcome::NoAnswer | Outcome::Unfinished);
    if !silent || polls == 0 {
        return None;
    }
    let found = format!("{} found nothing", Count(polls, "poll", "polls"));
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
    let bytes = count::bytes(entry.data.len()).to_string();
    let Some(opcode) = entry.opcode().filter(|_| entry.complete()) else { return bytes };
    match told::read(opcode, entry.pump, entry.data) {
        Told::Reply(reply) => reply.to_string(),
        Told::Nothing => bytes,
        Told::Impossible => format!("{bytes}, not read: they do not fit the command"),
    }
}
