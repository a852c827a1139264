// SPDX-License-Identifier: GPL-2.0-or-later
//! In: events of history pages, sensor pages and replies. Out: where each was found, in which order, and whose it is.

mod gather;
pub mod held;
mod history;
pub mod holdings;
mod sensor;
mod source;
mod state;

use crate::conversation::Entry;
use crate::output::Ending;
use crate::page::Page;
use anyhow::{Error, Result};
use carelink_core::exchange::{Outcome, TransactionId};
use carelink_core::pump::Opcode;
use carelink_core::pump::model::{Known, Model, Pump};
use carelink_core::pump::serial::Serial;
use carelink_core::vendor::Event;
pub use gather::collect;
pub(crate) use gather::{gather, of_sources, pages_in_file};
pub(crate) use history::history_events;
use holdings::Holding;
use jiff::civil::DateTime;
pub(crate) use sensor::sensor_events;
pub(crate) use source::{Given, Source, follow, source};
pub use state::Asking;
pub(crate) use state::current;
use std::fmt;

/// An event, where it was found, and whose it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The event, by the pump's clock.
    pub event: Event,
    /// Whose it is.
    pub pump: Device,
    /// The frame that holds it; `None` for files with pages.
    pub frame: Option<u32>,
    /// The page that its record is on, and the record's first byte there; `None` for events of replies.
    pub place: Option<(String, usize)>,
    /// The file.
    pub file: Option<String>,
    /// The transaction that brought it; `None` for files with pages.
    pub asked: Option<Asked>,
    /// The era of the pump's clock, which ends where it goes back; `None` if only the time tells.
    era: Option<usize>,
}

impl Found {
    fn of(event: Event, pump: &Device) -> Self {
        Self { event, pump: pump.clone(), frame: None, place: None, file: None, asked: None, era: None }
    }

    /// An event that the reply to `entry` tells of.
    fn in_reply(entry: &Entry<'_>, capture: &str, event: Event, pump: &Device) -> Self {
        let (file, asked) = (Some(capture.to_owned()), Some(Asked::of(entry)));
        Self { file, asked, frame: Some(entry.transaction.end()), ..Self::of(event, pump) }
    }

    /// An event of the record at `offset` of a page.
    fn on(page: &Page<'_>, offset: usize, event: Event, pump: &Device) -> Self {
        let frame = page.entry.and_then(|entry| entry.frame_of(offset));
        let file = page.capture.map(str::to_owned).or_else(|| Some(page.file?.0.display().to_string()));
        let asked = page.entry.as_ref().map(Asked::of);
        Self { frame, place: Some((page.name(), offset)), file, asked, ..Self::of(event, pump) }
    }
}

/// A transaction, as far as it tells where an event is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its number.
    pub transaction: TransactionId,
    /// The pump's command.
    pub opcode: Option<Opcode>,
    /// How it ended.
    pub outcome: Outcome,
}

impl Asked {
    fn of(entry: &Entry<'_>) -> Self {
        Self { transaction: entry.number, opcode: entry.opcode(), outcome: entry.transaction.outcome() }
    }
}

/// A pump, as far as its events tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The vendor's name of the model, or the model's number, or just `pump`.
    pub product: String,
    /// The serial number; `None` for files with pages.
    pub serial: Option<Serial>,
    /// Whether the vendor's exports name it by its model alone.
    exported: bool,
}

impl Device {
    pub(crate) fn of(pump: Pump, serial: Option<Serial>) -> Self {
        let told = pump.model.filter(|_| matches!(pump.known, Known::Told | Known::Forced));
        let export = told.and_then(Model::exported);
        let exported = export.is_some();
        let number = || told.map_or_else(|| "pump".to_owned(), |model| model.to_string());
        Self { product: export.unwrap_or_else(number), serial, exported }
    }

    /// True if the exact model is known, by the vendor's name.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.exported
    }
}

/// The vendor's name of a pump, as its exports have it; with the serial number if the exact model is not known.
impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.product)?;
        match self.serial.filter(|_| !self.exported) {
            Some(serial) => write!(f, " {serial}"),
            None => Ok(()),
        }
    }
}

/// Events, and how well the files could be read.
#[derive(Debug, Default)]
pub struct Collection {
    /// In order of time; where a pump's clock goes back, in the order of its pages.
    pub events: Vec<Found>,
    /// What was left out because it is damaged or cannot be read for sure.
    pub warnings: Vec<String>,
    /// What was left out though it is well, and what else there is to know.
    pub notes: Vec<String>,
    /// Why a file was not read, or a capture not to its end.
    pub damage: Option<Error>,
    /// When pumps were asked about their state.
    pub askings: Vec<Asking>,
    /// Which pages there are of each pump.
    pub holdings: Vec<Holding>,
}

impl Collection {
    /// Puts the events in order: by their times; by the eras of a pump's clock, if any clock went back, pump by pump.
    pub(crate) fn sort(&mut self) {
        if self.events.iter().all(|found| found.era.is_none_or(|era| era == 0)) {
            self.events.sort_by_key(|found| found.event.time);
            return;
        }
        let spans = self.spans();
        let place = |found: &Found| {
            let pump = spans.iter().position(|(pump, _)| *pump == found.pump);
            let eras = pump.map_or(&[][..], |pump| &spans[pump].1);
            // What only has a time belongs to the last era that had begun by then.
            let begun =
                || eras.iter().rposition(|first| first.is_some_and(|first| first <= found.event.time));
            (pump, found.era.or_else(begun).unwrap_or(0), found.event.time)
        };
        self.events.sort_by_cached_key(place);
    }

    /// The pumps, each with the first time of each of its eras.
    fn spans(&self) -> Vec<(Device, Vec<Option<DateTime>>)> {
        let mut spans: Vec<(Device, Vec<Option<DateTime>>)> = Vec::new();
        for found in &self.events {
            let at = spans.iter().position(|(pump, _)| *pump == found.pump).unwrap_or_else(|| {
                spans.push((found.pump.clone(), Vec::new()));
                spans.len() - 1
            });
            if let Some(era) = found.era {
                let eras = &mut spans[at].1;
                eras.resize(eras.len().max(era + 1), None);
                let time = found.event.time;
                eras[era] = Some(eras[era].map_or(time, |first| first.min(time)));
            }
        }
        spans
    }

    /// Tells what was left out.
    ///
    /// # Errors
    /// If a capture is damaged.
    pub fn finish(self) -> Result<Ending> {
        self.notes.iter().chain(&self.warnings).for_each(|warning| eprintln!("carelink: {warning}"));
        match self.damage {
            Some(error) => Err(error),
            None if self.warnings.is_empty() => Ok(Ending::Fine),
            None => Ok(Ending::Found),
        }
    }
}
