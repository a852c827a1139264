// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the fields of a pump's clock. Out: dates and times without a zone, for a pump knows of none.

use crate::tree::sink::{Show, Value};
use jiff::civil::{Date, DateTime, date};
use std::fmt;

/// A date and time of the pump's clock, or the numbers as they are if no calendar has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PumpTime {
    /// A valid date and time.
    At(DateTime),
    /// Year, month, day, hour, minute, second that are no date.
    Invalid([u16; 6]),
}

impl PumpTime {
    /// Takes the numbers as the pump has them: a full year, months and days from 1.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Self {
        let small = |n: u8| i8::try_from(n).unwrap_or(-1);
        let valid = || {
            let date = Date::new(i16::try_from(year).ok()?, small(month), small(day)).ok()?;
            let time = jiff::civil::Time::new(small(hour), small(minute), small(second), 0).ok()?;
            Some(date.to_datetime(time))
        };
        let [month, day, hour, minute, second] = [month, day, hour, minute, second].map(u16::from);
        valid().map_or(Self::Invalid([year, month, day, hour, minute, second]), Self::At)
    }

    /// The date and time, if it is one.
    #[must_use]
    pub fn valid(self) -> Option<DateTime> {
        match self {
            Self::At(time) => Some(time),
            Self::Invalid(_) => None,
        }
    }
}

/// Seconds from 1970-01-01 00:00:00 of the same clock.
#[must_use]
pub fn seconds(time: DateTime) -> i64 {
    time.duration_since(date(1970, 1, 1).at(0, 0, 0, 0)).as_secs()
}

/// A date and time in digits; `None` before the year 0, where no pump's clock goes.
fn digits(time: DateTime) -> Option<[u8; 19]> {
    let [century, year] = [time.year() / 100, time.year() % 100].map(u8::try_from);
    let [month, day] = [time.month(), time.day()].map(i8::cast_unsigned);
    let [hour, minute, second] = [time.hour(), time.minute(), time.second()].map(i8::cast_unsigned);
    let mut text = *b"0000-00-00 00:00:00";
    let pairs =
        [(0, century.ok()?), (2, year.ok()?), (5, month), (8, day), (11, hour), (14, minute), (17, second)];
    for (at, pair) in pairs {
        text[at] += pair / 10;
        text[at + 1] += pair % 10;
    }
    Some(text)
}

/// `2012-10-04 03:40:23`
impl fmt::Display for PumpTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(time) => match digits(*time) {
                Some(text) => f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?),
                None => write!(f, "{} {}", time.date(), time.time()),
            },
            Self::Invalid([year, month, day, hour, minute, second]) => {
                write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} (not a date)")
            }
        }
    }
}

/// An invalid time shows as 0, so report it with [`crate::tree::expert::NOT_A_DATE`] and the text of its `Display`.
impl Show for PumpTime {
    fn show(&self) -> Value<'_> {
        Value::Clock(self.valid().map_or(0, seconds))
    }
}

/// A span of time, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanoseconds(pub i64);

impl Nanoseconds {
    /// From one moment to a later one, both in nanoseconds; negative if the capture's clock went back.
    #[must_use]
    pub fn between(from: u64, to: u64) -> Self {
        Self(i64::try_from(i128::from(to) - i128::from(from)).unwrap_or(0))
    }

    /// The same in milliseconds.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "exact for a hundred days")]
    pub fn milliseconds(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Show for Nanoseconds {
    fn show(&self) -> Value<'_> {
        Value::Duration(self.0)
    }
}
