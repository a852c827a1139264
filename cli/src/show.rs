// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture. Out: the decoded values of its fetches, as a tree.

use crate::conversation::{Conversation, Entry, Options};
use crate::filter::{Clock, Filter};
use crate::list;
use crate::live::{self, Rows};
use crate::output::{Ending, Form, Format, json_line, object};
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
use std::path::{Path, PathBuf};

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
    args.filter.check(Clock::Capture)?;
    let columns = [&["transaction", "frame", "part"][..], &tree::COLUMNS, &["file"]].concat();
    let form = Form::new(args.format, out, &columns)?;
    let (filter, number) = (&args.filter, args.number);
    let mut values = Values { form, file: String::new(), number, filter, count: 0, shown: 0, kept: 0 };
    let ending = live::all(&args.captures, &args.options, &mut values)?;
    if let Some(number) = args.number.filter(|_| values.shown == 0) {
        bail!("{}: no transaction {number}; there are {}", values.file, values.count);
    }
    let came = if number.is_some() { values.shown } else { values.count };
    Ok(ending.max(filter.ending(values.kept, came, "transactions")))
}

/// Values that are being written.
struct Values<'o, W: Write> {
    form: Form<'o, W>,
    /// The capture that is being read.
    file: String,
    /// The only transaction that is wanted, if not all.
    number: Option<u32>,
    filter: &'o Filter,
    /// How many transactions came, were asked for by number, and were kept.
    count: usize,
    shown: usize,
    kept: usize,
}

impl<W: Write> Rows for Values<'_, W> {
    fn begin(&mut self, path: &Path, of_several: bool) -> Result<()> {
        self.file = path.display().to_string();
        match &mut self.form {
            Form::Text(out) if of_several => Ok(writeln!(out, "{}:", self.file)?),
            _ => Ok(()),
        }
    }

    fn row(&mut self, known: &Conversation, entry: &Entry<'_>) -> Result<()> {
        self.count += 1;
        if self.number.is_some_and(|number| number != entry.number.get()) {
            return Ok(());
        }
        self.shown += 1;
        if !self.filter.keeps(entry) {
            return Ok(());
        }
        self.kept += 1;
        match &mut self.form {
            Form::Text(out) => text(known, entry, out),
            Form::Json(out) => json_line(out, &json(known, entry, &self.file)),
            Form::Csv(csv) => {
                let key = [json!(entry.number.get()), json!(entry.transaction.request.frame())];
                let file = json!(self.file);
                for part in parts(known, entry) {
                    let name = json!(part.name);
                    for row in Tree::new(&part.outline, part.bytes).rows() {
                        csv.row(key.iter().chain([&name]).chain(&row).chain([&file]))?;
                    }
                }
                Ok(())
            }
        }
    }

    fn flush(&mut self) -> Result<()> {
        self.form.flush()
    }
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

fn json(conversation: &Conversation, entry: &Entry<'_>, file: &str) -> Value {
    let mut line = list::begin(entry, "show", file);
    let mut parts = parts(conversation, entry);
    for name in [PARAMETERS, REPLY] {
        let part = parts.iter().position(|part| part.name == name).map(|at| parts.remove(at));
        line = line.with(name, part.map(|part| part.values()));
    }
    line.json()
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
