// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a CSV export of the vendor's in any country's habits, or a tab-separated table of events. Out: its events.
//!
//! An export begins with some lines on the patient and the data. Then comes the row with the columns' names, and one row
//! for each event; what is read here are date and time, `Raw-Type`, `Raw-Values` and `Raw-Device Type`. Further sections,
//! such as one on changes of the clock, have no such types and are stepped over. A table has the columns `time`, `type`,
//! `values` and `pump`.

mod columns;
mod dates;

use anyhow::{Context as _, Result, bail};
use carelink_core::vendor::{Event, Vocabulary};
use columns::{Raw, is_type, times};
use csv::StringRecord;
pub use dates::Dates;
use dates::{Numbers, clock};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use jiff::civil::Time;
use std::collections::BTreeSet;

/// An event of an export.
#[derive(Clone, Debug, PartialEq)]
pub struct Official {
    /// Line of the file, from 1.
    pub line: u64,
    /// The event, by the device's clock, and by the names until June 2015.
    pub event: Event,
    /// Its values, as the file has them.
    pub text: String,
    /// The device, by the vendor's name.
    pub device: String,
}

/// An export that was read.
#[derive(Debug)]
pub struct Export {
    /// Its events, in the file's order.
    pub events: Vec<Official>,
    /// How its dates were read.
    pub dates: Dates,
    /// How they could be read as well, if nobody tells their order.
    pub others: Vec<Dates>,
    /// The serial numbers of pumps that the lines above its rows name: `Pump:,Paradigm Revel - 723,#123456`.
    pub serials: BTreeSet<String>,
}

/// A longer line, in bytes, is of no export, and would take many times as much memory to be split.
const LONGEST: usize = 1 << 20;

/// A row with an event, and the line that it is on.
type Row = (u64, StringRecord);

/// Reads an export. `dates` is the order of its dates; without it, all dates of the file tell, as far as they do.
///
/// # Errors
/// If the columns are not found, or a row has no valid time.
pub fn read(bytes: &[u8], dates: Option<Dates>) -> Result<Export> {
    let Head { lines, separator, text, serials } = head(bytes)?;
    let sections = sections(lines, separator, &text)?;
    let mut events = Vec::new();
    for (raw, rows) in sections.iter().filter(|(_, rows)| !rows.is_empty()) {
        in_section(*raw, rows, &mut events)?;
    }
    let (order, others) = match dates {
        Some(dates) => (dates, Vec::new()),
        None => dates::order(events.iter().map(|row| &row.day))?,
    };
    let events = events.into_iter().map(|Dated { line, day, time, kind, text, device }| {
        let day = order.date(&day).with_context(|| format!("line {line}: not a date: {day}"))?;
        let event = Event::new(day.to_datetime(time), kind).with_text(&text);
        Ok(Official { line, event: event.named(Vocabulary::Until2015), text, device })
    });
    Ok(Export { events: events.collect::<Result<_>>()?, dates: order, others, serials })
}

/// What comes before the rows of an export.
struct Head {
    /// How many lines come before the row that names the columns.
    lines: u64,
    /// The sign between columns.
    separator: u8,
    /// The text from that row on.
    text: String,
    /// The serial numbers of pumps.
    serials: BTreeSet<String>,
}

fn head(bytes: &[u8]) -> Result<Head> {
    // A line is to end in one byte, so that the reader counts lines right.
    let text = encoding(bytes).decode(bytes).0.replace("\r\n", "\n");
    if let Some((number, line)) = (1_u64..).zip(text.lines()).find(|(_, line)| line.len() > LONGEST) {
        bail!(
            "line {number} has {} bytes, and the lines of exports some hundred: is it an export?",
            line.len()
        );
    }
    let (mut before, mut serials) = (0, BTreeSet::new());
    for (number, line) in (0_u64..).zip(text.split_inclusive('\n')) {
        let names =
            |by: char| Raw::of(line.trim_end().split(by)).filter(|raw| raw.moment.is_none() || by == '\t');
        if let Some(by) = [',', ';', '\t'].into_iter().find(|by| names(*by).is_some()) {
            let (separator, text) = (u8::try_from(by)?, text[before..].to_owned());
            return Ok(Head { lines: number, separator, text, serials });
        }
        serials.extend(pump_numbers(line));
        before += line.len();
    }
    bail!("no row names the columns Raw-Type and Raw-Values, or time, type and values")
}

/// The serial numbers in a line that names a pump.
fn pump_numbers(line: &str) -> impl Iterator<Item = String> {
    let lower = line.to_lowercase();
    let of_pump = ["pump", "paradigm", "minimed"].iter().any(|word| lower.contains(word));
    let cells = line.split([',', ';', '\t']).filter(move |_| of_pump);
    let numbers = cells.filter_map(|cell| cell.trim_matches([' ', '"', '\n']).strip_prefix('#'));
    numbers
        .filter(|number| number.len() == 6 && number.bytes().all(|c| c.is_ascii_digit()))
        .map(str::to_owned)
}

/// A mark at the begin tells UTF-16; without one, the zeros of its many letters below 256 do.
fn encoding(bytes: &[u8]) -> &'static Encoding {
    match bytes {
        _ if Encoding::for_bom(bytes).is_some() => UTF_8,
        [0, low, ..] if *low != 0 => UTF_16BE,
        [low, 0, ..] if *low != 0 => UTF_16LE,
        _ if std::str::from_utf8(bytes).is_ok() => UTF_8,
        _ => WINDOWS_1252,
    }
}

/// The rows with events, under each row that names columns.
fn sections(skipped: u64, separator: u8, text: &str) -> Result<Vec<(Raw, Vec<Row>)>> {
    // A table has no quotes, so one there is a letter.
    let table = Raw::of(text.lines().next().unwrap_or_default().split(char::from(separator)))
        .is_some_and(|raw| raw.moment.is_some());
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .quoting(!table)
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut sections: Vec<(Raw, Vec<Row>)> = Vec::new();
    for record in reader.records() {
        let record = record?;
        let line = skipped + record.position().map_or(0, csv::Position::line);
        if let Some(raw) = Raw::of(record.iter()) {
            sections.push((raw, Vec::new()));
        } else if let Some((raw, rows)) = sections.last_mut()
            && record.get(raw.kind).is_some_and(|kind| is_type(kind.trim()))
        {
            rows.push((line, record));
        }
    }
    Ok(sections)
}

/// A row whose date is not understood yet.
struct Dated {
    line: u64,
    day: Numbers,
    time: Time,
    kind: String,
    text: String,
    device: String,
}

fn in_section(raw: Raw, rows: &[Row], events: &mut Vec<Dated>) -> Result<()> {
    let records: Vec<_> = rows.iter().map(|(_, record)| record).collect();
    let columns = match raw.moment {
        Some(_) => None,
        None => Some(times(&records, raw.kind).context("no two columns hold a date and a time")?),
    };
    for (line, record) in rows {
        let cell = |at: usize| record.get(at).unwrap_or_default().trim();
        let (day, time) = match (columns, raw.moment) {
            (Some((day, time)), _) => (cell(day), cell(time)),
            (None, moment) => cell(moment.unwrap_or_default()).split_once(['T', ' ']).unwrap_or_default(),
        };
        events.push(Dated {
            line: *line,
            day: Numbers::of(day).with_context(|| format!("line {line}: {day:?} is not a date"))?,
            time: clock(time).with_context(|| format!("line {line}: {time:?} is not a time"))?,
            kind: cell(raw.kind).to_owned(),
            text: cell(raw.values).to_owned(),
            device: raw.device.map(cell).unwrap_or_default().to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
