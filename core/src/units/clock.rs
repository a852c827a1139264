// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the fields of a pump's clock. Out: dates and times without a zone, for a pump knows of none.

use crate::tree::sink::{Show, Value};
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time, date};
use std::fmt;
use std::num::NonZeroU64;

/// A date and time of the pump's clock: the numbers as the pump has them, and whether a calendar has them.
///
/// They lie in one number, so that a time is moved, compared and counted on in one go: the year in the two highest bytes, each
/// of the others in one below it, and in the lowest whether it is valid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PumpTime(NonZeroU64);

const INVALID: u8 = 1;
const VALID: u8 = 2;

/// One in the byte of the minutes.
const MINUTE: i64 = 1 << 16;

impl PumpTime {
    /// Takes the numbers as the pump has them: a full year, months and days from 1.
    #[must_use]
    pub const fn new(year: u16, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Self {
        let valid = is_date(year, month, day) && hour < 24 && minute < 60 && second < 60;
        let valid = if valid { VALID } else { INVALID };
        let [low, high] = year.to_le_bytes();
        match NonZeroU64::new(u64::from_le_bytes([valid, second, minute, hour, day, month, low, high])) {
            Some(number) => Self(number),
            None => unreachable!(),
        }
    }

    /// The date and time, if it is one.
    #[must_use]
    pub fn valid(self) -> Option<DateTime> {
        let [_, rest @ .., low, high] = self.0.get().to_le_bytes();
        let [second, minute, hour, day, month] = rest.map(u8::cast_signed);
        let time = Time::new(hour, minute, second, 0).ok().filter(|_| self.is_valid())?;
        Some(Date::new(i16::from_le_bytes([low, high]), month, day).ok()?.to_datetime(time))
    }

    /// True if it is a date and time.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        self.0.get().to_le_bytes()[0] == VALID
    }

    /// So many minutes later, or earlier if there are fewer than none; `None` if that is no date and time.
    #[must_use]
    #[inline]
    pub fn later(self, minutes: i8) -> Option<Self> {
        let minute = self.0.get().to_le_bytes()[2];
        if self.is_valid() && minute.checked_add_signed(minutes).is_some_and(|minute| minute < 60) {
            let number = self.0.get().checked_add_signed(i64::from(minutes) * MINUTE)?;
            return NonZeroU64::new(number).map(Self);
        }
        self.in_other_hour(minutes)
    }

    /// The same, where the hour is another one. The calendar is asked only where the day is, too: that takes long.
    fn in_other_hour(self, minutes: i8) -> Option<Self> {
        let [valid, second, minute, hour, day, month, low, high] = self.0.get().to_le_bytes();
        let of_day = i16::from(hour) * 60 + i16::from(minute) + i16::from(minutes);
        match (valid, u8::try_from(of_day.div_euclid(60))) {
            (VALID, Ok(hour @ ..24)) => {
                let [minute, _] = of_day.rem_euclid(60).to_le_bytes();
                Some(Self::new(u16::from_le_bytes([low, high]), month, day, hour, minute, second))
            }
            _ => self.valid()?.checked_add(SignedDuration::from_mins(minutes.into())).ok().map(Self::from),
        }
    }

    /// Year, month, day, hour, minute and second, whether a calendar has them or not.
    #[must_use]
    pub fn numbers(self) -> [u16; 6] {
        let [_, rest @ .., low, high] = self.0.get().to_le_bytes();
        let [second, minute, hour, day, month] = rest.map(u16::from);
        [u16::from_le_bytes([low, high]), month, day, hour, minute, second]
    }
}

/// True if a calendar has the day. A page has a thousand times: this is all that most are asked.
const fn is_date(year: u16, month: u8, day: u8) -> bool {
    const DAYS: [u8; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let known = year <= 9999 && day >= 1 && (month as usize) < DAYS.len();
    known && (day <= DAYS[month as usize] || month == 2 && day == 29 && is_leap(year))
}

const fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Without fractions of a second, which no pump has. A year before 0, where no pump's clock goes, is not valid.
impl From<DateTime> for PumpTime {
    fn from(time: DateTime) -> Self {
        let year = u16::try_from(time.year()).unwrap_or(u16::MAX);
        let [month, day] = [time.month(), time.day()].map(i8::cast_unsigned);
        let [hour, minute, second] = [time.hour(), time.minute(), time.second()].map(i8::cast_unsigned);
        Self::new(year, month, day, hour, minute, second)
    }
}

/// Seconds from 1970-01-01 00:00:00 of the same clock.
#[must_use]
pub fn seconds(time: DateTime) -> i64 {
    time.duration_since(date(1970, 1, 1).at(0, 0, 0, 0)).as_secs()
}

/// As its `Display`.
impl fmt::Debug for PumpTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `2012-10-04 03:40:23`
impl fmt::Display for PumpTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [year, month, day, hour, minute, second] = self.numbers();
        if !self.is_valid() {
            return write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} (not a date)");
        }
        // A valid year has four digits, and all else two.
        let mut text = *b"0000-00-00 00:00:00";
        for (at, pair) in
            [(0, year / 100), (2, year % 100), (5, month), (8, day), (11, hour), (14, minute), (17, second)]
        {
            let [pair, _] = pair.to_le_bytes();
            text[at] += pair / 10;
            text[at + 1] += pair % 10;
        }
        f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_lead_over_hours_and_days() {
        let of = |(year, month, day, hour, minute)| PumpTime::new(year, month, day, hour, minute, 7);
        for (from, minutes, to) in [
            ((2026, 1, 1, 0, 59), -59, (2026, 1, 1, 0, 0)),
            ((2026, 1, 1, 13, 2), -5, (2026, 1, 1, 12, 57)),
            ((2026, 1, 1, 21, 58), 127, (2026, 1, 2, 0, 5)),
            ((2026, 1, 1, 21, 58), 121, (2026, 1, 1, 23, 59)),
            ((2026, 1, 1, 0, 4), -5, (2025, 12, 31, 23, 59)),
            ((2024, 2, 28, 23, 54), 5, (2024, 2, 28, 23, 59)),
            ((2024, 2, 28, 23, 55), 5, (2024, 2, 29, 0, 0)),
        ] {
            assert_eq!(of(from).later(minutes), Some(of(to)));
        }
        assert_eq!(of((2026, 2, 30, 0, 30)).later(5), None);
        assert_eq!(of((9999, 12, 31, 23, 55)).later(5), None);
    }

    #[test]
    fn a_time_is_valid_if_the_calendar_has_it() {
        for year in (0..=2400).chain([9999, 10_000, u16::MAX]) {
            for (month, day) in (0..=14).flat_map(|month| (0..=33).map(move |day| (month, day))) {
                let date = i16::try_from(year)
                    .ok()
                    .and_then(|year| Date::new(year, u8::cast_signed(month), u8::cast_signed(day)).ok());
                let time = PumpTime::new(year, month, day, 0, 0, 0);
                assert_eq!(time.valid(), date.map(|date| date.at(0, 0, 0, 0)), "{time}");
                assert_eq!(time.is_valid(), date.is_some(), "{time}");
            }
        }
        for number in 0..=u8::MAX {
            let of = |hour, minute, second| PumpTime::new(2026, 1, 1, hour, minute, second).is_valid();
            assert_eq!(
                [of(number, 0, 0), of(0, number, 0), of(0, 0, number)],
                [24, 60, 60].map(|end| number < end)
            );
        }
    }
}
