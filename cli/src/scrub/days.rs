// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the dates of a pump. Out: by how many days all times are moved, which nobody is told.

use anyhow::{Context as _, Result};
use carelink_core::units::clock::seconds;
use jiff::civil::{Date, DateTime, date};
use jiff::{SignedDuration, ToSpan as _};
use rand::Rng;
use std::ops::RangeInclusive;

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Times are moved by no more days than these.
const MOST: i64 = 3_000;
/// Days that every layout of a date has room for.
const ROOM: [Date; 2] = [date(2000, 1, 1), date(2063, 12, 31)];

/// By how much times are moved.
#[derive(Clone, Copy, Debug, Default)]
pub struct Days(i64);

/// The moment that a pump's clock tells, in seconds from 1970.
fn moment(clock: i64) -> Option<DateTime> {
    date(1970, 1, 1).at(0, 0, 0, 0).checked_add(SignedDuration::from_secs(clock)).ok()
}

impl Days {
    /// Chooses how far, so that `clocks` stay dates that a pump can have; those that are none by now do not count. Packets,
    /// the first of them `start` nanoseconds after 1970 began, stay behind that.
    ///
    /// # Errors
    /// If the dates lie too far apart.
    pub fn choose(clocks: impl Iterator<Item = i64>, start: u64, random: &mut impl Rng) -> Result<Self> {
        let [first, last] = ROOM.map(|day| seconds(day.at(0, 0, 0, 0)).div_euclid(DAY));
        let days = clocks.map(|clock| clock.div_euclid(DAY)).filter(|day| (first..=last).contains(day));
        let [mut earliest, mut latest] = [last, first];
        for day in days {
            earliest = earliest.min(day);
            latest = latest.max(day);
        }
        let back = if earliest <= latest { (earliest - first).min(MOST) } else { MOST };
        let back = back.min(i64::try_from(start / 1_000_000_000)? / DAY);
        let on = if earliest <= latest { (last - latest).min(MOST) } else { MOST };
        let range: RangeInclusive<i64> = -back..=on;
        let mut choices = (0..100).map(|_| random.random_range(range.clone()));
        let days = choices
            .find(|&days| days != 0)
            .context("the pump's dates cannot be moved: they fill its calendar")?;
        Ok(Self(days))
    }

    /// In seconds.
    pub const fn seconds(self) -> i64 {
        self.0 * DAY
    }

    /// The day of a pump's clock, and the one that it is moved to; `None` if that is no date that a pump can have.
    pub fn of(self, clock: i64) -> Option<(Date, Date)> {
        let from = moment(clock)?.date();
        let to = from.checked_add(self.0.days()).ok()?;
        [from, to].iter().all(|day| (ROOM[0]..=ROOM[1]).contains(day)).then_some((from, to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    #[test]
    fn days_roll_over_months_and_years() {
        let clock = |day: Date| seconds(day.at(23, 59, 59, 0));
        for (from, days, to) in [
            (date(2012, 2, 28), 1, date(2012, 2, 29)),
            (date(2013, 2, 28), 1, date(2013, 3, 1)),
            (date(2012, 12, 31), 1, date(2013, 1, 1)),
            (date(2013, 1, 1), -1, date(2012, 12, 31)),
        ] {
            assert_eq!(Days(days).of(clock(from)), Some((from, to)));
        }
        assert_eq!(Days(-1).of(clock(date(2000, 1, 1))), None, "a pump knows no day before");
    }

    #[test]
    fn no_date_leaves_the_calendar() -> Result<()> {
        let clocks = [date(2000, 1, 1), date(2062, 1, 1)].map(|day| seconds(day.at(12, 0, 0, 0)));
        for seed in 0..100 {
            let days = Days::choose(clocks.into_iter(), u64::MAX / 2, &mut StdRng::seed_from_u64(seed))?;
            let invented = Days::choose([].into_iter(), 0, &mut StdRng::seed_from_u64(seed))?;
            assert!(invented.seconds() > 0, "there is no time before 1970");
            assert!(days.seconds() > 0 && clocks.iter().all(|&clock| days.of(clock).is_some()), "{days:?}");
        }
        Ok(())
    }
}
