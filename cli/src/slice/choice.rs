// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what a user asks for: numbers, a pump, a command, a time. Out: whether a transaction is of it.

use crate::conversation::Entry;
use carelink_core::exchange::Asked;
use carelink_core::pump::serial::Serial;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::ops::RangeInclusive;

/// Which transactions are kept: those of which all holds that is said.
#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub struct Choice {
    /// Those with these numbers in `carelink list`, such as 3,7-9
    #[arg(short = 'n', long, value_name = "NUMBERS", value_parser = numbers)]
    pub number: Option<Numbers>,
    /// Those of the pump with this serial number
    #[arg(long, value_name = "SERIAL", value_parser = serial)]
    pub pump: Option<Serial>,
    /// Those with this command of the pump or of the stick, such as 0x80
    #[arg(long, value_parser = opcode)]
    pub opcode: Option<u8>,
    /// Those within this time, in UTC as list shows it, such as 2026-01-05T09:00..2026-01-05T09:30; either side may be left out
    #[arg(long, value_name = "FROM..TO", value_parser = period)]
    pub time: Option<Period>,
}

/// Numbers of transactions.
pub type Numbers = std::sync::Arc<[RangeInclusive<u32>]>;

/// A span of time, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    from: u64,
    to: u64,
}

fn numbers(text: &str) -> Result<Numbers, String> {
    let number = |text: &str| text.trim().parse::<u32>().ok().filter(|&number| number > 0);
    let range = |text: &str| {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        number(first)
            .zip(number(last))
            .filter(|(first, last)| first <= last)
            .map(|(first, last)| first..=last)
    };
    let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
    ranges.map(Into::into).ok_or_else(|| format!("{text} is no list of numbers such as 3,7-9"))
}

fn serial(text: &str) -> Result<Serial, String> {
    Serial::parse(text).ok_or_else(|| format!("{text} is no serial number: six digits"))
}

fn opcode(text: &str) -> Result<u8, String> {
    let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u8::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.map_err(|_| format!("{text} is no opcode such as 0x80 or 128"))
}

fn period(text: &str) -> Result<Period, String> {
    let wrong = || format!("{text} is no span of time such as 2026-01-05T09:00..2026-01-05T09:30");
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let moment = |text: &str, open: u64| match text.trim() {
        "" => Some(open),
        text => moment(text),
    };
    let period =
        Period { from: moment(from, 0).ok_or_else(wrong)?, to: moment(to, u64::MAX).ok_or_else(wrong)? };
    if period.from > period.to { Err(format!("{text} ends before it begins")) } else { Ok(period) }
}

/// A time with its zone, or in UTC without one.
fn moment(text: &str) -> Option<u64> {
    let zoned = text.parse::<Timestamp>().ok();
    let plain = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp());
    u64::try_from(zoned.or_else(plain)?.as_nanosecond()).ok()
}

impl Choice {
    /// Those with these numbers, such as 3,7-9.
    ///
    /// # Errors
    /// If that is no list of numbers.
    pub fn numbers(text: &str) -> Result<Self, String> {
        Ok(Self { number: Some(numbers(text)?), pump: None, opcode: None, time: None })
    }

    /// True if `entry`, whose last frame came at `end`, is asked for.
    #[must_use]
    pub fn takes(&self, entry: &Entry<'_>, end: u64) -> bool {
        let transaction = entry.transaction;
        let opcode = match transaction.asked {
            Asked::Pump(command) => Some(command.opcode.0),
            Asked::Device(code) => Some(code.number),
            Asked::Unknown => None,
        };
        let number = entry.number.get();
        self.number.as_ref().is_none_or(|ranges| ranges.iter().any(|range| range.contains(&number)))
            && self.pump.is_none_or(|pump| transaction.serial() == Some(pump))
            && self.opcode.is_none_or(|wanted| opcode == Some(wanted))
            && self.time.is_none_or(|time| time.from <= end && transaction.request.time() <= time.to)
    }

    /// The first number that is asked for, and that none of `count` transactions has.
    #[must_use]
    pub fn beyond(&self, count: usize) -> Option<u32> {
        let last = u32::try_from(count).unwrap_or(u32::MAX);
        let ranges = self.number.iter().flat_map(|ranges| ranges.iter());
        ranges.map(RangeInclusive::start).find(|&&first| first > last).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_lists_of_ranges() {
        assert_eq!(numbers("3,7-9").as_deref(), Ok(&[3..=3, 7..=9][..]));
        for bad in ["", "0", "3,", "9-7", "-3", "a", "1-2-3"] {
            assert!(numbers(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn opcodes_are_hexadecimal_or_decimal() {
        assert_eq!((opcode("0x80"), opcode("128"), opcode("0XF3")), (Ok(128), Ok(128), Ok(243)));
        assert!(opcode("80h").is_err() && opcode("256").is_err());
    }

    #[test]
    fn times_are_in_utc_if_they_do_not_say() {
        let second = 1_000_000_000;
        assert_eq!(
            period("1970-01-01T00:00:01..1970-01-01T01:00:02+01:00"),
            Ok(Period { from: second, to: 2 * second })
        );
        assert_eq!(period("1970-01-02.."), Ok(Period { from: 86_400 * second, to: u64::MAX }));
        assert_eq!(period("..1970-01-01T00:00:00.5Z"), Ok(Period { from: 0, to: second / 2 }));
        for bad in ["", "1970-01-01", "1970-01-02..1970-01-01", "noon..", "1960-01-01.."] {
            assert!(period(bad).is_err(), "{bad}");
        }
    }
}
