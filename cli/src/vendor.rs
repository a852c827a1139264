// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a CSV export of the vendor's, or a tab-separated table of events. Out: its events.
//!
//! An export begins with some lines on the patient and the data. Then comes the row with the columns' names, and one row
//! for each event; what is read here are `Date` and `Time`, `Raw-Type`, `Raw-Values` and `Raw-Device Type`. A table has
//! the columns `time`, `type`, `values` and `pump`.

use anyhow::{Context as _, Result, bail};
use carelink_core::vendor::Event;
use clap::ValueEnum;
use encoding_rs::UTF_8;
use jiff::civil::{Date, Time};

/// The order of the numbers of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Dates {
    /// Month, day, year
    Mdy,
    /// Day, month, year
    Dmy,
    /// Year, month, day
    Ymd,
}

/// An event of an export.
#[derive(Clone, Debug, PartialEq)]
pub struct Official {
    /// Line of the file, from 1.
    pub line: u64,
    /// The event, by the device's clock.
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
    /// How its dates were read, if the file itself does not tell.
    pub assumed: Option<Dates>,
}

/// Columns of an export and of a table: date and time, or both in one; type; values; device.
struct Columns {
    date: usize,
    time: Option<usize>,
    kind: usize,
    values: usize,
    device: Option<usize>,
}

impl Columns {
    fn find(header: &str, separator: char) -> Option<Self> {
        let names: Vec<_> = header.split(separator).map(|name| name.trim().trim_matches('"')).collect();
        let at = |name: &str| names.iter().position(|other| other.eq_ignore_ascii_case(name));
        if let (Some(kind), Some(values)) = (at("Raw-Type"), at("Raw-Values")) {
            return Some(Self {
                date: at("Date")?,
                time: Some(at("Time")?),
                kind,
                values,
                device: at("Raw-Device Type"),
            });
        }
        if separator != '\t' {
            return None;
        }
        Some(Self {
            date: at("time")?,
            time: None,
            kind: at("type")?,
            values: at("values")?,
            device: at("pump"),
        })
    }
}

/// Reads an export. `dates` is the order of its dates; without it, the file's own dates tell, or months are first.
///
/// # Errors
/// If the columns are not found, or a row has no valid time.
pub fn read(bytes: &[u8], dates: Option<Dates>) -> Result<Export> {
    // A mark at its begin tells UTF-16. A line is to end in one byte, so that the reader counts lines right.
    let text = UTF_8.decode(bytes).0.replace("\r\n", "\n");
    let text = text.as_str();
    let (mut before, mut found) = (0, None);
    for (number, line) in (0_u64..).zip(text.split_inclusive('\n')) {
        found = [',', ';', '\t']
            .into_iter()
            .find_map(|by| Some((number, by, Columns::find(line.trim_end(), by)?)));
        before += line.len();
        if found.is_some() {
            break;
        }
    }
    let (skipped, separator, columns) =
        found.context("no row names the columns Date, Time, Raw-Type and Raw-Values")?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(u8::try_from(separator)?)
        .quoting(separator != '\t')
        .flexible(true)
        .has_headers(false)
        .from_reader(text.get(before..).unwrap_or_default().as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        let line = skipped + 1 + record.position().map_or(0, csv::Position::line);
        let cell = |at: usize| record.get(at).unwrap_or_default().trim();
        // Rows of notes, and the heads of further sections, have no type.
        if cell(columns.kind).is_empty() || cell(columns.kind) == "Raw-Type" {
            continue;
        }
        let (day, time) = match columns.time {
            Some(time) => (cell(columns.date), cell(time)),
            None => cell(columns.date).split_once(['T', ' ']).unwrap_or_default(),
        };
        let device = columns.device.map(cell).unwrap_or_default().to_owned();
        let (kind, text) = (cell(columns.kind).to_owned(), cell(columns.values).to_owned());
        let day = numbers(day).with_context(|| format!("line {line}: {day:?} is not a date"))?;
        let time = clock(time).with_context(|| format!("line {line}: {time:?} is not a time"))?;
        rows.push((line, day, time, kind, text, device));
    }
    let (order, assumed) = match dates {
        Some(dates) => (dates, None),
        None => order(rows.iter().map(|row| &row.1))?,
    };
    let events = rows.into_iter().map(|(line, day, time, kind, text, device)| {
        let day = order.date(&day).with_context(|| format!("line {line}: not a date: {}", day.join("/")))?;
        let event = Event::new(day.to_datetime(time), kind).with_text(&text);
        Ok(Official { line, event, text, device })
    });
    Ok(Export { events: events.collect::<Result<_>>()?, assumed })
}

impl Dates {
    fn date(self, [a, b, c]: &[String; 3]) -> Option<Date> {
        let (year, month, day) = match self {
            Self::Mdy => (c, a, b),
            Self::Dmy => (c, b, a),
            Self::Ymd => (a, b, c),
        };
        let century = if year.len() <= 2 { 2000 } else { 0 };
        let year: i16 = year.parse().ok()?;
        Date::new(year.checked_add(century)?, month.parse().ok()?, day.parse().ok()?).ok()
    }
}

/// The only order in which all dates are dates, or the likeliest of several, and then that one again.
fn order<'d>(days: impl Iterator<Item = &'d [String; 3]> + Clone) -> Result<(Dates, Option<Dates>)> {
    if days.clone().any(|[first, ..]| first.len() == 4) {
        return Ok((Dates::Ymd, None));
    }
    let fits = |order: Dates| days.clone().all(|day| order.date(day).is_some());
    let differ = || days.clone().any(|day| Dates::Mdy.date(day) != Dates::Dmy.date(day));
    match (fits(Dates::Mdy), fits(Dates::Dmy)) {
        (true, true) if differ() => Ok((Dates::Mdy, Some(Dates::Mdy))),
        (true, _) => Ok((Dates::Mdy, None)),
        (false, true) => Ok((Dates::Dmy, None)),
        (false, false) => bail!("its dates are in no known order"),
    }
}

fn numbers(text: &str) -> Option<[String; 3]> {
    let parts: Vec<_> = text.split(['/', '.', '-']).map(str::to_owned).collect();
    let numeric = parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    parts.try_into().ok().filter(|_| numeric)
}

/// `9:27`, `09:27:00`, `9:27:00 PM`
fn clock(text: &str) -> Option<Time> {
    let upper = text.to_ascii_uppercase();
    let (digits, half) = match (upper.strip_suffix("AM"), upper.strip_suffix("PM")) {
        (Some(digits), _) => (digits, Some(0)),
        (_, Some(digits)) => (digits, Some(12)),
        _ => (upper.as_str(), None),
    };
    let mut parts = digits.trim().split(':').map(|part| part.parse::<i8>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    let hour = half.map_or(Some(hour), |half| (1..=12).contains(&hour).then(|| hour % 12 + half))?;
    Time::new(hour, minute, second, 0).ok().filter(|_| parts.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(days: &[&str], dates: Option<Dates>) -> (Vec<String>, Option<Dates>) {
        let rows: String =
            days.iter().map(|day| format!("1,{day},9:27:05,Rewind,\"A=1, B=2\"\r\n")).collect();
        let text = format!("LAST NAME,X\r\n,,\r\nIndex,Date,Time,Raw-Type,Raw-Values\r\n{rows}");
        let export = read(text.as_bytes(), dates).expect("an export");
        (
            export.events.iter().map(|event| format!("{} {}", event.line, event.event.time)).collect(),
            export.assumed,
        )
    }

    #[test]
    fn the_dates_of_a_file_tell_their_order() {
        let read = |days: &[&str]| times(days, None);
        assert_eq!(read(&["8/29/2009"]), (vec!["4 2009-08-29T09:27:05".into()], None));
        let both = vec!["4 2009-08-01T09:27:05".into(), "5 2009-08-29T09:27:05".into()];
        assert_eq!(read(&["1/8/09", "29/8/09"]), (both, None));
        assert_eq!(read(&["2009-08-29"]), (vec!["4 2009-08-29T09:27:05".into()], None));
        assert_eq!(read(&["1/8/2009"]), (vec!["4 2009-01-08T09:27:05".into()], Some(Dates::Mdy)));
        assert_eq!(times(&["1/8/2009"], Some(Dates::Dmy)), (vec!["4 2009-08-01T09:27:05".into()], None));
        assert_eq!(read(&["8.8.2009"]), (vec!["4 2009-08-08T09:27:05".into()], None));
    }

    #[test]
    fn bad_exports_are_refused() {
        assert!(read(b"Index,Date,Time\n1,2,3\n", None).is_err(), "no columns");
        let rows = |day: &str, time: &str| format!("Date;Time;Raw-Type;Raw-Values\n{day};{time};Rewind;\n");
        assert_eq!(
            read(rows("1.2.2014", "9:27 PM").as_bytes(), None).map(|export| export.events.len()).ok(),
            Some(1)
        );
        for (day, time) in
            [("1.2", "9:27"), ("40.40.2014", "9:27"), ("1.2.2014", "25:00"), ("1.2.2014", "noon")]
        {
            assert!(read(rows(day, time).as_bytes(), None).is_err(), "{day} {time}");
        }
    }

    #[test]
    fn times_of_day() {
        let hour = |text| clock(text).map(|time| time.to_string());
        assert_eq!(hour("9:27").as_deref(), Some("09:27:00"));
        assert_eq!(hour("12:00:01 AM").as_deref(), Some("00:00:01"));
        assert_eq!(hour("12:30 pm").as_deref(), Some("12:30:00"));
        assert_eq!(hour("11:59:59 PM").as_deref(), Some("23:59:59"));
        assert_eq!(hour("13:00 PM"), None);
    }

    #[test]
    fn exports_in_utf_16_are_read() {
        let text = "\u{feff}Date;Time;Raw-Type;Raw-Values\n1.2.2014;9:27;Rewind;\n";
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&bytes, None).map(|export| export.events.len()).ok(), Some(1));
    }
}
