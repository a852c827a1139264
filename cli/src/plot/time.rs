// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the span of a picture. Out: an axis whose marks are at full hours and days.

use jiff::ToSpan as _;
use jiff::civil::{DateTime, date};
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use std::ops::Range;

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// An axis in seconds from 1970-01-01 00:00:00 of the pump's clock.
#[derive(Clone, Debug)]
pub struct TimeAxis(pub Range<i64>);

/// Steps between marks, in seconds.
const STEPS: [i64; 10] = [600, 1800, 3600, 7200, 3 * 3600, 6 * 3600, 12 * 3600, DAY, 2 * DAY, 7 * DAY];

/// Marks that fit beside each other.
const MOST_MARKS: i64 = 14;

impl Ranged for TimeAxis {
    type FormatOption = DefaultFormatting;
    type ValueType = i64;

    #[allow(clippy::cast_possible_truncation, reason = "a place in pixels")]
    fn map(&self, value: &i64, (from, to): (i32, i32)) -> i32 {
        let part = (value - self.0.start) as f64 / (self.0.end - self.0.start).max(1) as f64;
        from + (part * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<i64> {
        let length = self.0.end - self.0.start;
        let fits = |step: &i64| length / step <= MOST_MARKS;
        let step = STEPS.into_iter().find(fits).unwrap_or((length / MOST_MARKS / DAY + 1) * DAY);
        let first = (self.0.start + step - 1).div_euclid(step) * step;
        (0..).map(|mark| first + mark * step).take_while(|mark| *mark <= self.0.end).collect()
    }

    fn range(&self) -> Range<i64> {
        self.0.clone()
    }
}

/// Seconds since 1970 as a date and time.
pub fn moment(seconds: i64) -> DateTime {
    let start = date(1970, 1, 1).at(0, 0, 0, 0);
    start.checked_add(seconds.seconds()).unwrap_or(start)
}

/// The label of a mark: the day at midnight, else the time of day.
pub fn label(seconds: i64) -> String {
    let form = if seconds.rem_euclid(DAY) == 0 { "%a %m-%d" } else { "%H:%M" };
    moment(seconds).strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use plotters::coord::ranged1d::BoldPoints;

    #[test]
    fn marks_are_at_full_hours_and_days() {
        let marks = |from, to| TimeAxis(from..to).key_points(BoldPoints(0));
        assert_eq!(marks(0, DAY), (0..=12).map(|mark| mark * 7200).collect::<Vec<_>>());
        assert_eq!(marks(DAY + 1, DAY + 3600), [1, 2, 3, 4, 5, 6].map(|mark| DAY + mark * 600));
        assert!(marks(5, 400 * DAY).len() <= 15 && marks(5, 400 * DAY).iter().all(|mark| mark % DAY == 0));
        assert_eq!((label(DAY), label(DAY + 60)), ("Fri 01-02".to_owned(), "00:01".to_owned()));
    }
}
