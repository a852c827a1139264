// SPDX-License-Identifier: GPL-2.0-or-later
//! In: captures, or files with pages. Out: how many bytes of replies and pages are decoded, for each command and model.
//!
//! What counts is the field of the leaf that claims a byte, by its definition: a byte that no reader takes is unknown, one
//! whose field is marked as a guess is guessed, zeros that fill a fixed length are padding, and the rest is decoded.

use crate::conversation::{Conversation, Entry, Options};
use crate::found::{Source, pages_in_file, source};
use crate::live;
use crate::output::{Csv, Ending, Format, json_line};
use crate::page::Page;
use crate::row::Row;
use crate::show;
use anyhow::Result;
use carelink_core::pump::model::Pump;
use carelink_core::registry;
use carelink_core::tree::field::{Evidence, FieldDef};
use carelink_core::tree::opaque::{LEFT_OVER, PADDING, UNKNOWN};
use carelink_core::tree::outline::{Node, Outline};
use carelink_core::tree::sink::Role;
use carelink_core::units::count::Count;
use carelink_core::view::payload::PAYLOAD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::ops::AddAssign;
use std::path::PathBuf;

/// What `carelink coverage` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Capture files, - for standard input, or files with pages, raw or in any usual dump; --model names their pump
    #[arg(required = true, value_name = "CAPTURE|PAGE")]
    files: Vec<PathBuf>,
    /// How to write the shares
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    options: Options,
}

/// Bytes, by how well they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// All of them.
    pub bytes: usize,
    /// Their meaning is known.
    pub decoded: usize,
    /// Their meaning is a guess.
    pub guessed: usize,
    /// Nobody knows their meaning, or no reader takes them.
    pub unknown: usize,
    /// Zeros that fill a fixed length, or what an earlier reply left there.
    pub padding: usize,
    /// No leaf claims them, or several do: a fault of the reader.
    pub unclaimed: usize,
}

impl AddAssign for Share {
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.decoded += other.decoded;
        self.guessed += other.guessed;
        self.unknown += other.unknown;
        self.padding += other.padding;
        self.unclaimed += other.unclaimed;
    }
}

impl Share {
    /// The shares of `len` bytes that `outline` is of.
    #[must_use]
    pub fn of(outline: &Outline, len: usize) -> Self {
        let fields: Vec<&FieldDef> = registry::fields().collect();
        let mut claims: Vec<Option<&Node>> = vec![None; len];
        let mut twice = vec![false; len];
        for node in outline.nodes().iter().filter(|node| node.role == Role::Wire as u8 && node.source == 0) {
            let start = (node.start as usize).min(len);
            for at in start..(start + node.len as usize).min(len) {
                twice[at] |= claims[at].replace(node).is_some();
            }
        }
        let mut share = Self { bytes: len, ..Self::default() };
        for (claim, twice) in claims.into_iter().zip(twice) {
            let count = match claim.filter(|_| !twice) {
                None => &mut share.unclaimed,
                Some(node) if is(node, &[PADDING, LEFT_OVER]) => &mut share.padding,
                Some(node) if is(node, &[UNKNOWN, PAYLOAD]) => &mut share.unknown,
                Some(node) if fields[usize::from(node.field)].evidence == Evidence::Guessed => {
                    &mut share.guessed
                }
                Some(_) => &mut share.decoded,
            };
            *count += 1;
        }
        share
    }

    /// The numbers of bytes, and those without padding as parts of a hundred of the bytes that are not padding.
    fn cells(&self) -> Vec<Value> {
        let told = self.bytes - self.padding;
        let percent = |part: usize| match told {
            0 => Value::Null,
            told => json!((part as f64 * 1000.0 / told as f64).round() / 10.0),
        };
        let Self { bytes, decoded, guessed, unknown, padding, unclaimed } = *self;
        let counts = [bytes, decoded, guessed, unknown, padding, unclaimed].map(|count| json!(count));
        counts.into_iter().chain([decoded, guessed, unknown].map(percent)).collect()
    }
}

fn is(node: &Node, fields: &[carelink_core::tree::field::Field]) -> bool {
    fields.iter().any(|field| field.id() == node.field)
}

/// A line of the table, in the order that it is shown in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Line {
    /// All replies to a command: its opcode and name.
    Reply(u8, String),
    /// All pages of a kind, of one model.
    Page(&'static str, String),
    /// The sum of the replies, or of the pages.
    Total(&'static str),
}

impl Line {
    /// Part, opcode, name and model.
    fn cells(&self) -> [Value; 4] {
        match self {
            Self::Reply(opcode, name) => {
                [json!("reply"), json!(format!("{opcode:#04x}")), json!(name), Value::Null]
            }
            Self::Page(kind, model) => [json!("page"), Value::Null, json!(kind), json!(model)],
            Self::Total(part) => [json!(part), Value::Null, json!("total"), Value::Null],
        }
    }
}

/// How often something came, and what is known of its bytes.
type Table = BTreeMap<Line, (usize, Share)>;

const COLUMNS: [&str; 14] = [
    "part",
    "opcode",
    "name",
    "model",
    "count",
    "bytes",
    "decoded",
    "guessed",
    "unknown",
    "padding",
    "unclaimed",
    "decoded_percent",
    "guessed_percent",
    "unknown_percent",
];

/// Tells how many bytes of replies and pages are decoded. Pages in a capture count as replies, and as pages.
///
/// # Errors
/// If a file cannot be read or is damaged, pages come without a model, or `out` cannot be written.
pub fn run(args: &Args, out: &mut impl Write) -> Result<Ending> {
    let (mut table, mut left_out) = (Table::new(), 0);
    let ending = live::each(&args.files, |path| match source(path, &args.options)? {
        Source::Pages(path, content) => {
            content.notes.iter().for_each(|note| eprintln!("carelink: {}: {note}", path.display()));
            pages_in_file(&path, &content, &args.options)?.iter().for_each(|page| add_page(&mut table, page));
            Ok(Ending::Fine)
        }
        Source::Capture(conversation) => {
            for entry in conversation.entries().filter(|entry| !entry.data.is_empty()) {
                if entry.complete() {
                    add_reply(&mut table, &conversation, &entry);
                } else {
                    left_out += 1;
                }
            }
            conversation.finish()
        }
    })?;
    add_totals(&mut table);
    let rows = table.iter().map(|(line, (count, share))| {
        let cells = line.cells().into_iter().chain([json!(count)]);
        cells.chain(share.cells()).collect::<Vec<_>>()
    });
    match args.format {
        Format::Text => text(&table, out)?,
        Format::Json => table.iter().zip(rows).try_for_each(|((line, _), row)| {
            // As a number, which CSV has in hexadecimal.
            let row = Row::new("coverage", "part").cells(&COLUMNS, row).with("opcode", line.opcode());
            json_line(out, &row.json())
        })?,
        Format::Csv => {
            let mut csv = Csv::new(&mut *out, b',', &COLUMNS)?;
            rows.into_iter().try_for_each(|row| csv.row(&row))?;
            csv.finish()?;
        }
    }
    if left_out > 0 {
        eprintln!(
            "carelink: {}: damaged or incomplete",
            Count(left_out, "reply is left out", "replies are left out")
        );
    }
    let unclaimed: usize = table.values().map(|(_, share)| share.unclaimed).sum();
    Ok(if unclaimed == 0 { ending } else { ending.max(Ending::Found) })
}

impl Line {
    const fn opcode(&self) -> Option<u8> {
        match self {
            Self::Reply(opcode, _) => Some(*opcode),
            Self::Page(..) | Self::Total(_) => None,
        }
    }
}

fn add(table: &mut Table, line: Line, share: Share) {
    let (count, sum) = table.entry(line).or_default();
    *count += 1;
    *sum += share;
}

fn add_reply(table: &mut Table, conversation: &Conversation, entry: &Entry<'_>) {
    let (Some(opcode), Some(part)) = (entry.opcode(), show::reply(conversation, entry)) else { return };
    let share = Share::of(&part.outline, part.bytes.len());
    add(table, Line::Reply(opcode.0, opcode.to_string()), share);
    if let Some(page) = Page::of(entry) {
        add(table, Line::Page(page.kind.word(), model(page.pump)), share);
    }
}

fn add_page(table: &mut Table, page: &Page<'_>) {
    let mut outline = Outline::default();
    page.read(&mut outline);
    let share = Share::of(&outline, page.bytes.len());
    add(table, Line::Page(page.kind.word(), model(page.pump)), share);
}

fn model(pump: Pump) -> String {
    pump.model.map_or_else(|| "not known".to_owned(), |model| model.to_string())
}

fn add_totals(table: &mut Table) {
    let mut totals: BTreeMap<&str, (usize, Share)> = BTreeMap::new();
    for (line, (count, share)) in &*table {
        let part = if matches!(line, Line::Reply(..)) { "reply" } else { "page" };
        let (total, sum) = totals.entry(part).or_default();
        *total += count;
        *sum += *share;
    }
    table.extend(totals.into_iter().map(|(part, total)| (Line::Total(part), total)));
}

/// A table for people; percentages are of the bytes that are not padding.
fn text(table: &Table, out: &mut impl Write) -> Result<()> {
    let names = |line: &Line| match line {
        Line::Reply(opcode, name) => format!("{opcode:#04x} {name}"),
        Line::Page(kind, model) => format!("{kind} page, model {model}"),
        Line::Total(part) => format!("total of all {part} bytes"),
    };
    let width = table.keys().map(|line| names(line).len()).max().unwrap_or(0);
    writeln!(
        out,
        "{:width$} {:>6} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9}",
        "", "count", "bytes", "padding", "decoded", "guessed", "unknown", "unclaimed"
    )?;
    for (line, (count, share)) in table {
        let told = share.bytes - share.padding;
        let percent = |part: usize| match told {
            0 => "-".to_owned(),
            told => format!("{:.1} %", part as f64 * 100.0 / told as f64),
        };
        let (decoded, guessed, unknown) =
            (percent(share.decoded), percent(share.guessed), percent(share.unknown));
        let (name, Share { bytes, padding, unclaimed, .. }) = (names(line), share);
        writeln!(
            out,
            "{name:width$} {count:>6} {bytes:>8} {padding:>8} {decoded:>8} {guessed:>8} {unknown:>8} {unclaimed:>9}"
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use carelink_core::history::reading::VALUE;
    use carelink_core::tree::checksum::CRC_STATUS;
    use carelink_core::tree::field::Field;
    use carelink_core::tree::sink::{Item, Sink, Span, Value};

    #[test]
    fn each_byte_is_what_its_leaf_says() {
        let mut outline = Outline::default();
        let mut leaf = |field: Field, start, end, role| {
            outline.leaf(Item { field, span: Span::new(0, start, end), value: Value::Nothing, role });
        };
        leaf(CRC_STATUS, 0, 5, Role::Wire);
        leaf(VALUE, 5, 7, Role::Wire);
        leaf(UNKNOWN, 7, 10, Role::Wire);
        leaf(PAYLOAD, 10, 11, Role::Wire);
        leaf(PADDING, 11, 15, Role::Wire);
        leaf(LEFT_OVER, 15, 16, Role::Wire);
        // Only leaves on the wire claim bytes. One byte is claimed twice here, and two not at all.
        leaf(UNKNOWN, 0, 18, Role::Derived);
        leaf(CRC_STATUS, 4, 5, Role::Wire);
        let expected = Share { bytes: 18, decoded: 4, guessed: 2, unknown: 4, padding: 5, unclaimed: 3 };
        assert_eq!(Share::of(&outline, 18), expected);
    }
}
