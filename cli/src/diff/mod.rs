// SPDX-License-Identifier: GPL-2.0-or-later
//! In: two captures, or files with pages. Out: what the same commands brought, side by side, where it differs.

mod change;
mod piece;

use crate::conversation::{Conversation, Options};
use crate::output::{Csv, Ending, Format, json_line};
use crate::row::Row;
use anyhow::Result;
use carelink_core::pump::serial::Serial;
use change::{Change, Half, Kind, changes};
use piece::{Piece, Side};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;

/// What is said behind the options.
pub const HELP: &str = "\
This is how the meaning of bytes is found: read everything, change one setting on the pump, read everything again, and see
what moved. The first reply to a command is compared with the first one to the same command with the same parameters, the
second with the second, and so on; pages are compared record by record. Bytes that nobody knows come first. Left out are
check values, what an earlier reply left in a buffer, and replies that are damaged or not proven, which are told.

The exit code is 1 if anything differs.

Examples:
  carelink diff before.pcapng after.pcapng
  carelink diff --model 522 history-page-0.data history-page-0-later.data";

/// What `carelink diff` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Capture, recording, or file with pages, which needs --model; - reads standard input
    #[arg(value_name = "A")]
    before: PathBuf,
    /// The one to compare it with
    #[arg(value_name = "B")]
    after: PathBuf,
    /// How to write the differences
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    options: Options,
}

const COLUMNS: [&str; 14] = [
    "command",
    "pump",
    "transaction_a",
    "transaction_b",
    "kind",
    "field",
    "label",
    "offset_a",
    "offset_b",
    "bytes_a",
    "bytes_b",
    "value_a",
    "value_b",
    "bits",
];

/// The column of what is said on the first side; that of the other one follows.
const VALUE_A: usize = 11;

/// Two replies to the same, one of them maybe missing.
struct Pair<'a> {
    pieces: [Option<&'a Piece>; 2],
    changes: Vec<Change>,
}

/// Compares two files.
///
/// # Errors
/// If one of them cannot be read, is damaged, or `out` cannot be written.
pub fn run(args: &Args, out: &mut impl Write) -> Result<Ending> {
    let [a, b] = [&args.before, &args.after].map(|path| Side::read(path, &args.options));
    let (a, b) = (a?, b?);
    let ending = write(&a, &b, args.format, out)?;
    a.warnings.iter().chain(&b.warnings).for_each(|warning| eprintln!("carelink: {warning}"));
    a.damage.or(b.damage).map_or(Ok(ending), Err)
}

/// Compares what was read.
///
/// # Errors
/// If `out` cannot be written.
pub fn compare(
    before: &Conversation,
    after: &Conversation,
    format: Format,
    out: &mut impl Write,
) -> Result<Ending> {
    write(&Side::of(before, "A"), &Side::of(after, "B"), format, out)
}

fn write(a: &Side, b: &Side, format: Format, out: &mut impl Write) -> Result<Ending> {
    let both: BTreeSet<Serial> = a.serials().intersection(&b.serials()).copied().collect();
    let (of_a, of_b) = (a.by_key(&both), b.by_key(&both));
    let keys: BTreeMap<_, ()> = of_a.keys().chain(of_b.keys()).map(|key| (key, ())).collect();
    let mut pairs: Vec<_> =
        keys.into_keys().map(|key| Pair::of([of_a.get(key).copied(), of_b.get(key).copied()])).collect();
    let same = pairs.iter().filter(|pair| !pair.differs()).count();
    pairs.retain(Pair::differs);
    pairs.sort_by_key(Pair::rank);
    match format {
        Format::Text => {
            pairs.iter().try_for_each(|pair| pair.text(out))?;
            let alone = |side: usize| pairs.iter().filter(|pair| pair.pieces[side].is_none()).count();
            let (only_a, only_b) = (alone(1), alone(0));
            let differ = pairs.len() - only_a - only_b;
            writeln!(
                out,
                "{differ} replies differ, {same} are the same, {only_a} are only in A, {only_b} only in B"
            )?;
        }
        Format::Json => {
            for row in pairs.iter().flat_map(Pair::rows) {
                json_line(out, &line_of(row))?;
            }
        }
        Format::Csv => {
            let mut csv = Csv::new(&mut *out, b',', &COLUMNS)?;
            pairs.iter().flat_map(Pair::rows).try_for_each(|(row, _)| csv.row(&row))?;
            csv.finish()?;
        }
    }
    Ok(if pairs.is_empty() { Ending::Fine } else { Ending::Found })
}

/// A difference as a line of JSON: what is said stands beside the values.
fn line_of((mut cells, values): (Vec<Value>, [Value; 2])) -> Value {
    let row = Row::new("diff", "difference");
    let texts = [VALUE_A, VALUE_A + 1].map(|at| cells[at].take());
    values.into_iter().enumerate().for_each(|(at, value)| cells[VALUE_A + at] = value);
    let [a, b] = texts;
    row.cells(&COLUMNS, cells).with("text_a", a).with("text_b", b).json()
}

impl<'a> Pair<'a> {
    fn of(pieces: [Option<&'a Piece>; 2]) -> Self {
        let [a, b] = pieces;
        let changes = a.zip(b).map(|(a, b)| changes(a, b)).unwrap_or_default();
        Self { pieces, changes }
    }

    /// How it ended on both sides, if that differs.
    fn outcomes(&self) -> Option<[&'a str; 2]> {
        let [Some(a), Some(b)] = self.pieces else { return None };
        (a.outcome != b.outcome).then_some([a.outcome.as_str(), b.outcome.as_str()])
    }

    fn differs(&self) -> bool {
        self.pieces.iter().any(Option::is_none) || self.outcomes().is_some() || !self.changes.is_empty()
    }

    /// Unknown bytes come first, and what one side does not have at all last.
    fn rank(&self) -> (bool, Option<Kind>) {
        (self.pieces.iter().any(Option::is_none), self.changes.first().map(|change| change.kind))
    }

    fn piece(&self) -> Option<&'a Piece> {
        self.pieces.iter().flatten().next().copied()
    }

    fn text(&self, out: &mut impl Write) -> Result<()> {
        let Some(piece) = self.piece() else { return Ok(()) };
        write!(out, "{}", piece.title)?;
        if let Some(serial) = piece.serial {
            write!(out, ", pump {serial}")?;
        }
        let number = |piece: &Piece| piece.number.map(|number| number.to_string()).unwrap_or_default();
        match self.pieces {
            [Some(a), Some(b)] if a.number.is_some() || b.number.is_some() => {
                writeln!(out, " (transaction {} of A, {} of B)", number(a), number(b))?;
            }
            [Some(a), None] => writeln!(out, ": only in A {}", number(a))?,
            [None, Some(b)] => writeln!(out, ": only in B {}", number(b))?,
            _ => writeln!(out)?,
        }
        if let Some([a, b]) = self.outcomes() {
            writeln!(out, "  it ended otherwise: {a} -> {b}")?;
        }
        for change in &self.changes {
            writeln!(out, "  {}", line(change))?;
        }
        Ok(())
    }

    fn rows(&self) -> Vec<(Vec<Value>, [Value; 2])> {
        let Some(piece) = self.piece() else { return Vec::new() };
        let [a, b] = self.pieces;
        let row = |rest: [Value; 10]| {
            let numbers = [a, b].map(|piece| json!(piece.and_then(|piece| piece.number)));
            let pump = json!(piece.serial.map(|serial| serial.to_string()));
            [json!(piece.title), pump].into_iter().chain(numbers).chain(rest).collect()
        };
        let of = |kind: &str, [a, b]: [Value; 2]| {
            let mut rest = [const { Value::Null }; 10];
            (rest[0], rest[7], rest[8]) = (json!(kind), a, b);
            (row(rest), [Value::Null, Value::Null])
        };
        let mut rows = Vec::new();
        match (a, b) {
            (Some(_), None) => rows.push(of("only in A", [Value::Null, Value::Null])),
            (None, Some(_)) => rows.push(of("only in B", [Value::Null, Value::Null])),
            _ => {}
        }
        rows.extend(self.outcomes().map(|outcomes| of("outcome", outcomes.map(|outcome| json!(outcome)))));
        rows.extend(self.changes.iter().map(|change| {
            let [a, b] = &change.halves;
            let offset = |half: &Option<Half>| json!(half.as_ref().map(|half| half.offset));
            let bytes = |half: &Option<Half>| json!(half.as_ref().map(|half| hex::encode(&half.bytes)));
            let text = |half: &Option<Half>| {
                json!(half.as_ref().map(|half| half.text.as_str()).filter(|text| !text.is_empty()))
            };
            let value = |half: &Option<Half>| half.as_ref().map_or(Value::Null, |half| half.value.clone());
            let cells = row([
                json!(change.kind.word()),
                json!(change.field.0),
                json!(change.field.1),
                offset(a),
                offset(b),
                bytes(a),
                bytes(b),
                text(a),
                text(b),
                json!(bits(change)),
            ]);
            (cells, [value(a), value(b)])
        }));
        rows
    }
}

/// `unknown, byte 7: 00 -> 01 (bit 0)`, or `Max Bolus, byte 5: 10 U -> 12 U (64 -> 78)`
fn line(change: &Change) -> String {
    let (first, second) = (change.halves[0].as_ref(), change.halves[1].as_ref());
    let place = |half: &Half| match half.bytes.len() {
        0 | 1 => format!("byte {}", half.offset),
        len => format!("bytes {} to {}", half.offset, half.offset + len - 1),
    };
    let places: Vec<_> = [first, second].into_iter().flatten().map(place).collect();
    let place = match &places[..] {
        [a, b] if a != b => format!("{a} of A, {b} of B"),
        [place, ..] => place.clone(),
        [] => String::new(),
    };
    let name = match change.kind {
        Kind::Unknown => "unknown".to_owned(),
        Kind::Guessed => format!("{} (guessed)", change.field.1),
        Kind::Known => change.field.1.to_owned(),
    };
    let bytes = |half: &Half| {
        let shown: Vec<_> = half.bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let more = if half.bytes.len() > 16 { " ..." } else { "" };
        format!("{}{more}", shown.join(" "))
    };
    let said = |half: &Half| if half.text.is_empty() { bytes(half) } else { half.text.clone() };
    let what = match (first, second) {
        (Some(a), Some(b)) => format!("{} -> {}", said(a), said(b)),
        (Some(a), None) => format!("only in A: {}", said(a)),
        (None, Some(b)) => format!("only in B: {}", said(b)),
        (None, None) => String::new(),
    };
    let raw = match (first, second) {
        (Some(a), Some(b)) if !a.text.is_empty() => format!(" ({} -> {})", bytes(a), bytes(b)),
        _ => String::new(),
    };
    let bits = bits(change).filter(|_| raw.is_empty()).map(|bits| format!(" ({bits})")).unwrap_or_default();
    format!("{name}, {place}: {what}{raw}{bits}")
}

/// `bits 0, 3`: which ones of a single byte differ.
fn bits(change: &Change) -> Option<String> {
    let [Some(a), Some(b)] = &change.halves else { return None };
    let (&[a], &[b]) = (&a.bytes[..], &b.bytes[..]) else { return None };
    let set: Vec<_> = (0..8).filter(|bit| (a ^ b) >> bit & 1 == 1).map(|bit| bit.to_string()).collect();
    Some(format!("{} {}", if set.len() == 1 { "bit" } else { "bits" }, set.join(", ")))
}
