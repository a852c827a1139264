// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the events of captures. Out: pictures of the last days, the alarms, and how many events of each type there are.

use super::veil::{Shown, Veil};
use crate::found::{Collection, Found};
use crate::plot::{self, Days};
use anyhow::Result;
use carelink_core::pump::serial::Serial;
use jiff::civil::DateTime;
use std::collections::{BTreeMap, BTreeSet};

/// The most days that are drawn of a pump.
const MOST_DAYS: usize = 7;

/// What the pages and replies of one pump tell.
#[derive(Debug)]
pub(super) struct Therapy {
    pub pump: Shown,
    pub days: Vec<Day>,
    /// How many days with something to draw there are besides.
    pub more: usize,
    pub left_out: Vec<Shown>,
    pub alarms: Vec<Alarm>,
    pub kinds: Vec<Kind>,
    /// How many events there are.
    pub events: usize,
}

/// A day of glucose, insulin and carbs.
#[derive(Debug)]
pub(super) struct Day {
    pub date: String,
    /// A picture, as SVG. It shows no serial but the one in its title.
    pub svg: String,
}

/// Alarms that say the same.
#[derive(Debug)]
pub(super) struct Alarm {
    pub name: Shown,
    pub times: Vec<AlarmTime>,
    pub last: String,
}

/// When an alarm was.
#[derive(Debug)]
pub(super) struct AlarmTime {
    pub time: String,
    pub words: Shown,
    pub frame: Option<u32>,
}

/// The events of one type, by the vendor's name.
#[derive(Debug)]
pub(super) struct Kind {
    pub name: Shown,
    pub count: usize,
    pub first: String,
    pub last: String,
}

/// What events tell of each pump.
///
/// # Errors
/// If the library cannot draw.
pub(super) fn of_pumps(
    found: &Collection,
    name: impl Fn(Serial) -> String,
    veil: &Veil,
) -> Result<Vec<Therapy>> {
    let serials: BTreeSet<_> = found.events.iter().filter_map(|found| found.pump.serial).collect();
    serials.into_iter().map(|serial| of_pump(found, serial, &name(serial), veil)).collect()
}

fn of_pump(found: &Collection, serial: Serial, name: &str, veil: &Veil) -> Result<Therapy> {
    let events = plot::of_one_pump(found, Some(serial.as_str()))?;
    let Days { pictures, more, left_out } = plot::days(&events, MOST_DAYS, !veil.hides())?;
    let day = |(date, svg): (jiff::civil::Date, String)| Day {
        date: date.strftime("%A %Y-%m-%d").to_string(),
        svg,
    };
    Ok(Therapy {
        pump: veil.words(name),
        days: pictures.into_iter().map(day).collect(),
        more,
        left_out: left_out.into_iter().map(|reason| veil.words(reason)).collect(),
        alarms: alarms(&events, veil),
        kinds: kinds(&events, veil),
        events: events.len(),
    })
}

/// The alarms by what they say, the most frequent first.
fn alarms(events: &[&Found], veil: &Veil) -> Vec<Alarm> {
    let mut alarms: BTreeMap<String, Vec<AlarmTime>> = BTreeMap::new();
    for found in events {
        let Some(words) = plot::alarm(&found.event) else { continue };
        // What a journal entry says behind a comma differs from time to time; the name of an alarm may have a comma of its own.
        let journal = found.event.kind.starts_with("JournalEntry");
        let name = words.split_once(", ").filter(|_| journal).map_or(&*words, |(name, _)| name).to_owned();
        let time = told(found.event.time);
        alarms.entry(name).or_default().push(AlarmTime {
            time,
            words: veil.words(words),
            frame: found.frame,
        });
    }
    let alarm = |(name, times): (String, Vec<AlarmTime>)| Alarm {
        name: veil.words(name),
        last: times.last().map(|last| last.time.clone()).unwrap_or_default(),
        times,
    };
    let mut alarms: Vec<_> = alarms.into_iter().map(alarm).collect();
    alarms.sort_by_key(|alarm| std::cmp::Reverse(alarm.times.len()));
    alarms
}

fn kinds(events: &[&Found], veil: &Veil) -> Vec<Kind> {
    let mut kinds: BTreeMap<&str, (usize, DateTime, DateTime)> = BTreeMap::new();
    for found in events {
        let time = found.event.time;
        let (count, first, last) = kinds.entry(&found.event.kind).or_insert((0, time, time));
        (*count, *first, *last) = (*count + 1, time.min(*first), time.max(*last));
    }
    let kind = |(name, (count, first, last)): (&str, (usize, DateTime, DateTime))| Kind {
        name: veil.words(name),
        count,
        first: told(first),
        last: told(last),
    };
    kinds.into_iter().map(kind).collect()
}

/// A time of a pump's clock.
pub(super) fn told(time: DateTime) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
