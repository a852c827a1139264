// SPDX-License-Identifier: GPL-2.0-or-later
//! In: sensor records, oldest first. Out: the events that the vendor's program makes of them.
//!
//! Records whose time is not certain make none. The voltage at the counter electrode is left out, as the vendor gives
//! volts, and how they follow from the pump's counts is not known.

use super::beside::Isig;
use super::record::{Body, Clock, Record, RecordType};
use crate::vendor::{Datum, Event};
use jiff::civil::DateTime;

/// What the vendor shows for glucose below and above what the sensor measures, in mg/dL.
const LOWEST: u16 = 40;
const HIGHEST: u16 = 400;

const CLOCK_OLD: &str = "ChangeTimeGH";
const CLOCK_RESET: &str = "AlarmResetTimeChangeGH";

impl Record {
    /// The vendor's name of the event that the record tells of, if there is one.
    #[must_use]
    pub fn event(&self) -> Option<&'static str> {
        match self.body {
            Body::Clock(Clock::Old) => Some(CLOCK_OLD),
            Body::Clock(Clock::Reset) => Some(CLOCK_RESET),
            _ => RecordType::of(self.opcode)?.event,
        }
    }
}

/// True if sensor pages tell of events with this name of the vendor's.
#[must_use]
pub fn tell(kind: &str) -> bool {
    let of_clock = [CLOCK_OLD, CLOCK_RESET].contains(&kind);
    of_clock || (0..=u8::MAX).filter_map(RecordType::of).any(|known| known.event == Some(kind))
}

/// The events of `records`, which are oldest first.
#[must_use]
pub fn events(records: &[Record]) -> Vec<Event> {
    told(records).map(|(_, event)| event).collect()
}

/// The same, each with the place of its record.
pub fn told(records: &[Record]) -> impl Iterator<Item = (usize, Event)> {
    records.iter().enumerate().filter_map(|(at, record)| {
        let (time, kind) = (record.when.certain()?, record.event()?);
        Some((at, of_record(record, &records[at + 1..], Event::new(time, kind))?))
    })
}

fn of_record(record: &Record, after: &[Record], event: Event) -> Option<Event> {
    let with_isig = |event: Event| {
        event
            .with("ISIG", record.isig.map(Isig::value))
            .with("VCNTR", Datum::Null)
            .with("BACKFILL_INDICATOR", Datum::Null)
    };
    Some(match record.body {
        Body::Nothing => event,
        Body::Glucose(glucose) => with_isig(event.with("AMOUNT", glucose)),
        Body::Either(even) => with_isig(event.with("AMOUNT", Datum::Either([even, even + 1].map(f64::from)))),
        Body::Low(_) => with_isig(event.with("AMOUNT", LOWEST)),
        Body::High(_) => with_isig(event.with("AMOUNT", HIGHEST)),
        Body::Cal(cal) => with_isig(event.with("CAL_TYPE", cal.name())),
        Body::Packet(packet) => with_isig(event.with("PACKET_TYPE", packet.name())),
        Body::Error(error) => with_isig(event.with("ERROR_TYPE", error.name())),
        Body::Stamp(stamp) => event.with("TIMESTAMP_TYPE", stamp.name()),
        Body::Battery(enabled) => event.with("ENABLE", enabled),
        Body::Status(status) => event.with("STATUS_TYPE", status.name()),
        Body::Sync(sync) => event.with("SYNC_TYPE", sync.name()),
        Body::Meter(amount, origin) => event.with("AMOUNT", amount).with("ORIGIN_TYPE", origin.name()),
        Body::Factor(factor) => event.with("CAL_FACTOR", factor.value()),
        Body::Clock(Clock::Old) => event.with("NEW_TIME", next_clock(after)),
        Body::Clock(_) => event,
    })
}

/// The new time that follows an old one.
fn next_clock(after: &[Record]) -> Option<DateTime> {
    after.iter().find(|record| matches!(record.body, Body::Clock(_)))?.when.certain()
}
