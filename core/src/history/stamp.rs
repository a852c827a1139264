// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the time stamps of history records. Out: dates and times, who asked for the record's event, and the spare bits.

use super::Reading;
use crate::tree::cursor::Cursor;
use crate::tree::diagnosis::Stop;
use crate::tree::sink::Sink;
use crate::units::clock::PumpTime;
use nom::Parser;
use nom::bytes::complete::take;

crate::fields! {
    /// When the pump stored the record, by its own clock; the day itself for the totals of a day.
    TIME: Clock, "carelink.history.time", "Time", Confirmed;
    /// Who asked the pump to do it.
    REQUESTOR: U8, "carelink.history.requestor", "Requested By", Confirmed, names Requestor::NAMES;
}

crate::open_enum! {
    /// Who made the pump do something, by the vendor's names.
    pub enum Requestor: u8 {
        Pump = 0 => "pump",
        /// Its number follows from the others; no recording shows it.
        Remote = 1 => "remote_transmitter",
        /// Commands by radio: CareLink sticks among others.
        Radio = 2 => "rf_diagnostic",
        Link = 3 => "paradigm link or b key",
        /// Its number follows from the others; no recording shows it.
        LinkModified = 4 => "paradigm link modified",
        Sensor = 5 => "sensor",
    }
}

/// The bits of a stamp that each record uses in its own way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spare {
    /// Three bits above the hour.
    pub(super) hour: u8,
    /// Three bits above the day: the requestor in most records.
    pub(super) day: u8,
    /// One bit above the year.
    pub(super) year: u8,
}

impl Spare {
    pub(super) fn of(stamp: &[u8; 5]) -> Self {
        let [_, _, hour, day, year] = stamp;
        Self { hour: hour >> 5, day: day >> 5, year: year >> 7 }
    }
}

/// Five bytes: the month's four bits lie above second and minute.
fn time([second, minute, hour, day, year]: [u8; 5], year_mask: u8) -> PumpTime {
    let month = second >> 6 << 2 | minute >> 6;
    PumpTime::new(
        2000 + u16::from(year & year_mask),
        month,
        day & 0x1F,
        hour & 0x1F,
        minute & 0x3F,
        second & 0x3F,
    )
}

/// Two bytes: the month's four bits lie above day and year.
fn date([day, year]: [u8; 2]) -> PumpTime {
    let month = day >> 5 << 1 | year >> 7;
    PumpTime::new(2000 + u16::from(year & 0x7F), month, day & 0x1F, 0, 0, 0)
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap_or([0; N])
}

/// The bits of the year in most records.
pub(super) const YEAR: u8 = 0x7F;

impl Reading<'_> {
    /// The time of the stamp at `at`, an offset in the record, before it is read.
    pub(super) fn time_ahead(&self, at: usize) -> Option<PumpTime> {
        self.bytes.get(at..at + 5).map(|stamp| time(array(stamp), YEAR))
    }

    /// Reads the stamp with the requestor.
    pub(super) fn stamp<S: Sink>(&mut self, c: &mut Cursor<'_, '_, S>) -> Result<Spare, Stop> {
        self.stamp_with_year(c, YEAR)
    }

    /// Reads the stamp with the requestor; `year_mask` are the bits of the year.
    pub(super) fn stamp_with_year<S: Sink>(
        &mut self,
        c: &mut Cursor<'_, '_, S>,
        year_mask: u8,
    ) -> Result<Spare, Stop> {
        let spare = self.bare_stamp(c, year_mask)?;
        let requestor = Requestor::from(spare.day);
        let at = c.position();
        c.derived_at(REQUESTOR, c.span(at - 2, at - 1), &requestor);
        self.requestor = Some(requestor);
        Ok(spare)
    }

    /// Reads the stamp of a record that has no requestor; `year_mask` are the bits of the year.
    pub(super) fn bare_stamp<S: Sink>(
        &mut self,
        c: &mut Cursor<'_, '_, S>,
        year_mask: u8,
    ) -> Result<Spare, Stop> {
        let mut spare = Spare::default();
        let parser = take(5usize).map(|bytes| {
            let bytes = array(bytes);
            spare = Spare::of(&bytes);
            time(bytes, year_mask)
        });
        self.time = Some(c.clock(TIME, parser)?);
        Ok(spare)
    }

    /// Reads the two bytes of a day.
    pub(super) fn day<S: Sink>(&mut self, c: &mut Cursor<'_, '_, S>) -> Result<(), Stop> {
        self.time = Some(c.clock(TIME, take(2usize).map(|bytes| date(array(bytes))))?);
        Ok(())
    }
}
