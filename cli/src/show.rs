// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture. Out: the decoded values of its fetches, as a tree.

use crate::conversation::{Conversation, Entry, Options};
use crate::filter::Filter;
use crate::list;
use crate::live::{self, Rows};
use crate::output::{Ending, Format, object};
use crate::tree::{self, Tree};
use anyhow::{Result, bail};
use carelink_core::exchange::Asked;
use carelink_core::pump;
use carelink_core::tree::cursor::Cursor;
use carelink_core::tree::outline::Outline;
use carelink_core::view::payload::PAYLOAD;
use carelink_core::view::reply;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

/// What `carelink show` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Capture files, pcap or pcapng, or recordings that import reads; - reads standard input
    #[arg(required = true)]
    captures: Vec<PathBuf>,
    /// Show only this transaction, by its number in `carelink list`
    #[arg(short = 'n', long, value_name = "TRANSACTION")]
    number: Option<u32>,
    /// How to write the values
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    options: Options,
}

/// Shows the values of captures. Those of a pipe are shown as its fetches end.
///
/// # Errors
/// If a capture cannot be read, is damaged, none has such a transaction, or `out` cannot be written.
pub fn run(args: &Args, out: &mut impl Write) -> Result<Ending> {
    let Args { captures, number, format, filter, options } = args;
    let (ending, count) = live::all(captures, options, filter, *format, Values { number: *number }, out)?;
    if let Some(number) = number.filter(|_| count.asked == 0) {
        let files: Vec<_> = captures.iter().map(|path| path.display().to_string()).collect();
        bail!("{}: no transaction {number}; there are {}", files.join(", "), count.came);
    }
    Ok(ending)
}

/// The values of each transaction.
struct Values {
    /// The only transaction that is wanted, if not all.
    number: Option<u32>,
}

impl Rows for Values {
    fn columns(&self) -> Vec<&'static str> {
        [&["transaction", "frame", "part"][..], &tree::COLUMNS, &["file"]].concat()
    }

    fn asked(&self, entry: &Entry<'_>) -> bool {
        self.number.is_none_or(|number| number == entry.number.get())
    }

    fn text(&self, known: &Conversation, entry: &Entry<'_>, out: &mut impl Write) -> Result<()> {
        let (first, last) = (entry.transaction.request.frame(), entry.transaction.end());
        writeln!(out, "Transaction {}, frames {first} to {last}: {}", entry.number, entry.transaction)?;
        for part in parts(known, entry) {
            writeln!(out, "  {}", part.name)?;
            write!(out, "{}", Tree::new(&part.outline, part.bytes).text(4))?;
        }
        Ok(())
    }

    fn json(&self, known: &Conversation, entry: &Entry<'_>, file: &str) -> Value {
        let mut line = list::begin(entry, "show", file);
        let mut parts = parts(known, entry);
        for name in [PARAMETERS, REPLY] {
            let part = parts.iter().position(|part| part.name == name).map(|at| parts.remove(at));
            line = line.with(name, part.map(|part| part.values()));
        }
        line.json()
    }

    fn csv(&self, known: &Conversation, entry: &Entry<'_>, file: &str) -> Vec<Vec<Value>> {
        let key = [json!(entry.number.get()), json!(entry.transaction.request.frame())];
        let row = |name: &str, row: &[Value]| [&key[..], &[json!(name)], row, &[json!(file)]].concat();
        let rows = |part: Part<'_>| {
            let tree = Tree::new(&part.outline, part.bytes);
            tree.rows().map(|values| row(part.name, &values)).collect::<Vec<_>>()
        };
        parts(known, entry).into_iter().flat_map(rows).collect()
    }
}

/// The parameters of a command, value by value.
pub(crate) fn parameter_values(entry: &Entry<'_>) -> Option<Vec<Value>> {
    parameters(entry).map(|part| part.leaves())
}

/// The reply, value by value; `None` for a page.
pub(crate) fn reply_values(conversation: &Conversation, entry: &Entry<'_>) -> Option<Vec<Value>> {
    let page = entry.opcode().is_some_and(|opcode| opcode.page().is_some());
    let part = parts(conversation, entry).into_iter().find(|part| part.name == REPLY).filter(|_| !page);
    part.map(|part| part.leaves())
}

const PARAMETERS: &str = "parameters";
const REPLY: &str = "reply";

/// What is shown of a fetch.
pub(crate) struct Part<'a> {
    name: &'static str,
    pub(crate) outline: Outline,
    pub(crate) bytes: &'a [u8],
}

impl Part<'_> {
    /// All nodes of its tree.
    fn values(&self) -> Vec<Value> {
        Tree::new(&self.outline, self.bytes).rows().map(|row| object(&tree::COLUMNS, row)).collect()
    }

    /// Its values without the tree: those that were sent.
    fn leaves(&self) -> Vec<Value> {
        Tree::new(&self.outline, self.bytes).leaves().collect()
    }
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
                parts.push(Part { name: REPLY, outline, bytes: &packet.bytes });
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
    Some(Part { name: PARAMETERS, outline, bytes })
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
    Some(Part { name: REPLY, outline, bytes })
}
