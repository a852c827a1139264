// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the dates and times of day of an export, as its country writes them. Out: the order of their numbers, and what they are.

use anyhow::{Result, bail};
use clap::ValueEnum;
use jiff::civil::{Date, Time};
use std::fmt;

/// The order of the numbers of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Dates {
    /// Month, day, year
    Mdy,
    /// Day, month, year
    Dmy,
    /// Year, month, day
    Ymd,
}

/// `day, month, year`
impl fmt::Display for Dates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mdy => "month, day, year",
            Self::Dmy => "day, month, year",
            Self::Ymd => "year, month, day",
        })
    }
}

/// The three numbers of a date, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    parts: [String; 3],
    /// True for `08.08.2011`.
    dotted: bool,
}

impl Numbers {
    /// `8/8/11`, `8-8-11`, `08.08.2011`
    pub(super) fn of(text: &str) -> Option<Self> {
        let parts: Vec<_> = text.split(['/', '.', '-']).map(str::to_owned).collect();
        let numeric =
            parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        let parts: [String; 3] = parts.try_into().ok().filter(|_| numeric)?;
        Some(Self { parts, dotted: text.contains('.') })
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts.join("/"))
    }
}

impl Dates {
    /// The date, if these numbers in this order are one.
    pub(super) fn date(self, Numbers { parts: [a, b, c], .. }: &Numbers) -> Option<Date> {
        let (year, month, day) = match self {
            Self::Mdy => (c, a, b),
            Self::Dmy => (c, b, a),
            Self::Ymd => (a, b, c),
        };
        // Nobody writes a year with one digit.
        let century = match year.len() {
            2 => 2000,
            4 => 0,
            _ => return None,
        };
        let year: i16 = year.parse().ok()?;
        Date::new(year + century, month.parse().ok()?, day.parse().ok()?).ok()
    }
}

/// The order in which all dates of a file are dates; with the others in which they are too, if those are other days.
///
/// Where several orders do, that in which the dates lie closest together comes first: an export is of days that follow each
/// other. Then comes what the signs between the numbers make likely.
pub(super) fn order<'d>(dates: impl Iterator<Item = &'d Numbers> + Clone) -> Result<(Dates, Vec<Dates>)> {
    let days =
        |order: Dates| dates.clone().map(move |numbers| order.date(numbers)).collect::<Option<Vec<_>>>();
    let dotted = dates.clone().any(|numbers| numbers.dotted);
    let likely =
        if dotted { [Dates::Dmy, Dates::Mdy, Dates::Ymd] } else { [Dates::Mdy, Dates::Dmy, Dates::Ymd] };
    let mut fit: Vec<(Dates, Vec<Date>)> =
        likely.into_iter().filter_map(|order| Some((order, days(order)?))).collect();
    fit.sort_by_key(|(_, days)| {
        let ends = days.iter().min().zip(days.iter().max());
        ends.map(|(first, last)| first.duration_until(*last))
    });
    let mut fit = fit.into_iter();
    let Some((first, read)) = fit.next() else { bail!("its dates are in no known order") };
    Ok((first, fit.filter(|(_, days)| *days != read).map(|(order, _)| order).collect()))
}

/// `9:27`, `09:27:00`, `09.27.00`, `9:27:00 PM`, `9:27:00 p.m.`
pub(super) fn clock(text: &str) -> Option<Time> {
    let lower = text.to_lowercase();
    let at = lower.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(lower.len());
    let (digits, rest) = lower.split_at(at);
    let letters: String = rest.chars().filter(char::is_ascii_alphabetic).collect();
    let half = match letters.as_str() {
        "" if rest.trim().is_empty() => None,
        "am" => Some(0),
        "pm" => Some(12),
        _ => return None,
    };
    let mut parts = digits.split([':', '.']).map(|part| part.parse::<i8>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    let hour = half.map_or(Some(hour), |half| (1..=12).contains(&hour).then(|| hour % 12 + half))?;
    Time::new(hour, minute, second, 0).ok().filter(|_| parts.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dates_of_a_file_tell_their_order() {
        let read = |days: &[&str]| {
            let days: Vec<_> = days.iter().filter_map(|day| Numbers::of(day)).collect();
            order(days.iter()).ok()
        };
        use Dates::{Dmy, Mdy, Ymd};
        assert_eq!(read(&["8/29/2009"]), Some((Mdy, vec![])));
        assert_eq!(read(&["1/8/09", "29/8/09"]), Some((Dmy, vec![])));
        assert_eq!(read(&["2009-08-29"]), Some((Ymd, vec![])));
        assert_eq!(read(&["1/8/2009"]), Some((Mdy, vec![Dmy])));
        assert_eq!(read(&["8-8-11"]), Some((Mdy, vec![])), "the same day either way");
        assert_eq!(read(&["07.08.2011"]), Some((Dmy, vec![Mdy])));
        assert_eq!(read(&["1/8/11", "2/8/11", "3/8/11"]), Some((Dmy, vec![Mdy])), "three days in a row");
        assert_eq!(read(&["11-08-03", "11-08-04"]), Some((Ymd, vec![Mdy, Dmy])));
        assert_eq!(read(&["40/40/2014"]), None);
    }

    #[test]
    fn times_of_day() {
        let hour = |text| clock(text).map(|time| time.to_string());
        assert_eq!(hour("9:27").as_deref(), Some("09:27:00"));
        assert_eq!(hour("12:00:01 AM").as_deref(), Some("00:00:01"));
        assert_eq!(hour("12:30 pm").as_deref(), Some("12:30:00"));
        assert_eq!(hour("11:59:59\u{202f}p.m.").as_deref(), Some("23:59:59"));
        assert_eq!(hour("21.18.00").as_deref(), Some("21:18:00"));
        for bad in ["13:00 PM", "9:27 Uhr", "noon", "25:00", "9", "1:2:3:4"] {
            assert_eq!(hour(bad), None, "{bad}");
        }
    }
}
