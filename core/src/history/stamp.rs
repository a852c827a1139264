// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the time stamps of history records. Out: dates and times, who asked for the record's event, and the spare bits.

use crate::units::clock::PumpTime;
use jiff::civil::Date;
use nom::IResult;
use nom::error::{Error, ErrorKind};

crate::fields! {
    /// When the pump stored the record, by its own clock; the day itself for the totals of a day.
    TIME: Clock, "carelink.history.time", "Time", Confirmed, redate redate;
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
pub(super) fn time([second, minute, hour, day, year]: [u8; 5], year_mask: u8) -> PumpTime {
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
pub(super) fn date([day, year]: [u8; 2]) -> PumpTime {
    let month = day >> 5 << 1 | year >> 7;
    PumpTime::new(2000 + u16::from(year & 0x7F), month, day & 0x1F, 0, 0, 0)
}

/// Writes a day into a stamp of five bytes, or of two, and leaves time and spare bits as they are. The year counts on from
/// the one that is there, so that it need not be known how many bits it has.
fn redate(stamp: &mut [u8], from: Date, to: Date) {
    let (month, day) = (to.month().cast_unsigned(), to.day().cast_unsigned());
    let year = (to.year() - from.year()).to_le_bytes()[0];
    match stamp {
        [second, minute, _, of_month, of_year] => {
            *second = *second & 0x3F | month >> 2 << 6;
            *minute = *minute & 0x3F | month << 6;
            *of_month = *of_month & 0xE0 | day;
            *of_year = of_year.wrapping_add(year);
        }
        [of_month, of_year] => {
            *of_month = month >> 1 << 5 | day;
            *of_year = (*of_year & YEAR).wrapping_add(year) & YEAR | month << 7;
        }
        _ => {}
    }
}

/// So many bytes.
pub(super) fn array<const N: usize>(bytes: &[u8]) -> IResult<&[u8], [u8; N]> {
    let missing = || nom::Err::Error(Error::new(bytes, ErrorKind::Eof));
    bytes.split_first_chunk().map(|(array, rest)| (rest, *array)).ok_or_else(missing)
}

/// The bits of the year in most records.
pub(super) const YEAR: u8 = 0x7F;

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::DateTime;
    use proptest::prelude::*;

    fn moved(time: PumpTime, days: i32) -> Option<(Date, DateTime)> {
        use jiff::ToSpan as _;
        let from = time.valid()?;
        let to = from.checked_add(days.days()).ok()?;
        ((2000..=2063).contains(&from.year()) && (2000..=2063).contains(&to.year()))
            .then(|| (from.date(), to))
    }

    proptest! {
        #[test]
        fn another_day_leaves_time_and_spare_bits(stamp: [u8; 5], days in -4000..4000) {
            for mask in [YEAR, 0x3F] {
                let mut written = stamp;
                let Some((from, to)) = moved(time(stamp, mask), days) else { continue };
                redate(&mut written, from, to.date());
                prop_assert_eq!(time(written, mask), PumpTime::from(to));
                prop_assert_eq!(Spare::of(&written), Spare::of(&stamp));
                prop_assert_eq!(written[4] & !mask, stamp[4] & !mask);
            }
        }

        #[test]
        fn another_day_is_written_into_two_bytes(stamp: [u8; 2], days in -4000..4000) {
            let mut written = stamp;
            if let Some((from, to)) = moved(date(stamp), days) {
                redate(&mut written, from, to.date());
                prop_assert_eq!(date(written), PumpTime::from(to));
            }
        }
    }
}
