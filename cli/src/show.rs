// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture. Out: the decoded values of its fetches, as a tree.

use crate::conversation::{Conversation, Entry, Options};
use crate::list;
use crate::output::{Csv, Ending, Format, json_line, object};
use crate::tree::{self, Tree};
use anyhow::{Result, bail};
use carelink_core::exchange::Asked;
use carelink_core::pump;
use carelink_core::tree::cursor::Cursor;
use carelink_core::tree::sink::Outline;
use carelink_core::view::payload::PAYLOAD;
use carelink_core::view::reply;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

/// What `carelink show` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Capture file, pcap or pcapng, or a recording that import reads; - reads standard input
    capture: PathBuf,
    /// Show only this transaction, by its number in `carelink list`
    #[arg(short = 'n', long, value_name = "TRANSACTION")]
    number: Option<u32>,
    /// How to write the values
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    options: Options,
}

/// Shows the values of a capture.
///
/// # Errors
/// If the capture cannot be read, is damaged, has no such transaction, or `out` cannot be written.
pub fn run(args: &Args, out: &mut impl Write) -> Result<Ending> {
    let conversation = Conversation::read(&args.capture, &args.options)?;
    let wanted = |entry: &Entry<'_>| args.number.is_none_or(|number| number == entry.number.get());
    if let Some(number) = args.number.filter(|_| !conversation.entries().any(|entry| wanted(&entry))) {
        let count = conversation.entries().count();
        bail!("{}: no transaction {number}; there are {count}", args.capture.display());
    }
    let entries = conversation.entries().filter(wanted);
    match args.format {
        Format::Text => entries.into_iter().try_for_each(|entry| text(&conversation, &entry, out))?,
        Format::Json => {
            for entry in entries {
                json_line(out, &json(&conversation, &entry))?;
            }
        }
        Format::Csv => {
            let columns = [&["transaction", "frame", "part"][..], &tree::COLUMNS].concat();
            let mut csv = Csv::new(&mut *out, b',', &columns)?;
            for entry in entries {
                let key = [json!(entry.number.get()), json!(entry.transaction.request.frame())];
                for part in parts(&conversation, &entry) {
                    let name = json!(part.name);
                    for row in Tree::new(&part.outline, part.bytes).rows() {
                        csv.row(key.iter().chain([&name]).chain(&row))?;
                    }
                }
            }
            csv.finish()?;
        }
    }
    conversation.finish()
}

fn text(conversation: &Conversation, entry: &Entry<'_>, out: &mut impl Write) -> Result<()> {
    let (first, last) = (entry.transaction.request.frame(), entry.transaction.end());
    writeln!(out, "Transaction {}, frames {first} to {last}: {}", entry.number, entry.transaction)?;
    for part in parts(conversation, entry) {
        writeln!(out, "  {}", part.name)?;
        write!(out, "{}", Tree::new(&part.outline, part.bytes).text(4))?;
    }
    Ok(())
}

fn json(conversation: &Conversation, entry: &Entry<'_>) -> Value {
    let transaction = entry.transaction;
    let mut value = json!({
        "transaction": entry.number.get(),
        "first_frame": transaction.request.frame(),
        "last_frame": transaction.end(),
        "time": list::time(transaction.request.time()),
        "pump": transaction.serial().map(|serial| serial.to_string()),
        "command": list::command(entry),
        "outcome": transaction.outcome().to_string(),
    });
    for part in parts(conversation, entry) {
        let rows =
            Tree::new(&part.outline, part.bytes).rows().map(|row| object(&tree::COLUMNS, row)).collect();
        value[part.name] = Value::Array(rows);
    }
    value
}

/// What is shown of a fetch.
pub(crate) struct Part<'a> {
    name: &'static str,
    pub(crate) outline: Outline,
    pub(crate) bytes: &'a [u8],
}

fn parts<'a>(conversation: &'a Conversation, entry: &Entry<'a>) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    match entry.transaction.asked {
        Asked::Device(_) => {
            if let Some(response) = entry.transaction.response
                && let Some(packet) = conversation.packet(response.frame())
            {
                let mut outline = Outline::default();
                conversation.dissect(response.frame(), &mut outline);
                parts.push(Part { name: "reply", outline, bytes: &packet.bytes });
            }
        }
        Asked::Pump(_) | Asked::Unknown => {
            parts.extend(parameters(entry));
            parts.extend(reply(conversation, entry));
        }
    }
    parts
}

fn parameters<'a>(entry: &Entry<'a>) -> Option<Part<'a>> {
    let packet = entry.transaction.command()?;
    let bytes = entry.transaction.parameters();
    if bytes.is_empty() {
        return None;
    }
    let mut outline = Outline::default();
    let mut cursor = Cursor::new(bytes, 0, bytes.len() < packet.parameters.into(), &mut outline);
    let stop = pump::parameters(packet.opcode, &mut cursor, entry.pump).err();
    // What a reader leaves is shown as plain bytes.
    if cursor.remaining() > 0 {
        cursor.remainder(PAYLOAD);
    }
    if let Some(stop) = stop {
        cursor.expert_stop(stop);
    }
    Some(Part { name: "parameters", outline, bytes })
}

/// The reply of a fetch, as far as it came.
pub(crate) fn reply<'a>(conversation: &Conversation, entry: &Entry<'a>) -> Option<Part<'a>> {
    let bytes = entry.data;
    if bytes.is_empty() {
        return None;
    }
    let mut outline = Outline::default();
    let mut cursor = Cursor::new(bytes, 0, !entry.complete(), &mut outline);
    reply::show(conversation.session.transactions(), entry.number, &mut cursor);
    Some(Part { name: "reply", outline, bytes })
}
