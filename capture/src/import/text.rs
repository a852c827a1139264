// SPDX-License-Identifier: GPL-2.0-or-later
//! In: text as people's programs write it. Out: bytes, times and durations.

use jiff::civil::Date;

/// The text of a file: UTF-8, or UTF-16 with its mark. What is neither is replaced.
pub(crate) fn decode(bytes: &[u8]) -> String {
    let wide = |rest: &[u8], number: fn([u8; 2]) -> u16| {
        let units: Vec<_> = rest.chunks_exact(2).map(|pair| number([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => String::from_utf8_lossy(rest).into_owned(),
    }
}

/// Lines with their numbers, from 1.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines())
}

/// The fields of a line of a table, without quotes around them.
pub(crate) fn fields(line: &str) -> Vec<&str> {
    line.split(',').map(|field| field.trim().trim_matches('"').trim()).collect()
}

/// Bytes in hexadecimal: with or without `0x`, spaces, commas and colons between them.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for word in text.split([' ', '\t', ',', ':', ';', '-']).filter(|word| !word.is_empty()) {
        let word = word.strip_prefix("0x").or(word.strip_prefix("0X")).unwrap_or(word);
        if !word.len().is_multiple_of(2) || !word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        for at in (0..word.len()).step_by(2) {
            bytes.push(u8::from_str_radix(word.get(at..at + 2)?, 16).ok()?);
        }
    }
    Some(bytes)
}

/// The number that a text begins with.
pub(crate) fn leading(text: &str) -> Option<usize> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

/// Nanoseconds of a duration such as `102.510648 s`, `338 us` or `1.999.281.770 s`, which groups its digits.
pub(crate) fn duration(text: &str) -> Option<u64> {
    let (number, unit) = text.trim().split_once(' ').unwrap_or((text.trim(), "s"));
    let digits = match unit.trim() {
        "s" => 9,
        "ms" => 6,
        "us" | "µs" | "μs" => 3,
        "ns" => 0,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let fraction: String = fraction.chars().filter(|&c| c != '.').collect();
    if ![whole, &fraction].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let fraction: u64 = format!("{fraction:0<digits$}")
        .get(..digits)
        .map_or(Some(0), |digits| if digits.is_empty() { Some(0) } else { digits.parse().ok() })?;
    whole.checked_mul(10_u64.pow(u32::try_from(digits).ok()?))?.checked_add(fraction)
}

/// Nanoseconds since midnight of `16:02:06.599` or `16:02:06`.
pub(crate) fn time_of_day(text: &str) -> Option<u64> {
    let mut parts = text.trim().splitn(3, ':');
    let mut whole = || parts.next()?.parse::<u64>().ok();
    let (hours, minutes) = (whole().filter(|&hours| hours < 24)?, whole().filter(|&minutes| minutes < 60)?);
    let seconds = duration(&parts.next()?.replace(',', ".")).filter(|&seconds| seconds < 61_000_000_000)?;
    Some((hours * 60 + minutes) * 60_000_000_000 + seconds)
}

/// The number of a month by its name.
fn month(name: &str) -> Option<i8> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    (1..).zip(MONTHS).find(|&(_, month)| month == name).map(|(number, _)| number)
}

/// Nanoseconds since 1970 at the beginning of a day.
fn day(year: i16, month: i8, day: i8) -> Option<u64> {
    let date = Date::new(year, month, day).ok()?;
    let days = date.since(Date::constant(1970, 1, 1)).ok()?.get_days();
    // A time of day must fit behind it.
    let days = u64::try_from(days).ok().filter(|&days| days < 200_000)?;
    Some(days * 86_400_000_000_000)
}

/// Nanoseconds since 1970 of `Wed May  8 15:32:03 2013`, by whatever clock that was.
pub(crate) fn date(text: &str) -> Option<u64> {
    let mut words = text.split_whitespace().skip(1);
    let (name, number, time, year) = (words.next()?, words.next()?, words.next()?, words.next()?);
    Some(day(year.parse().ok()?, month(name)?, number.parse().ok()?)? + time_of_day(time)?)
}

/// The time that a line of a log begins with: nanoseconds since 1970 by the log's own clock, and whether it tells the year.
///
/// `2015-04-01 12:00:00,123`, `2015-04-01T12:00:00.123Z`, or as syslog has it, `Apr  1 12:00:00`, which is put into 1970.
pub(crate) fn stamp(line: &str) -> Option<(u64, bool)> {
    let mut words = line.split_whitespace();
    let first = words.next()?;
    if let Some(month) = month(first) {
        let (number, time) = (words.next()?.parse().ok()?, words.next()?);
        return Some((day(1970, month, number)? + time_of_day(time)?, false));
    }
    let (date, time) = match first.split_once('T') {
        Some(both) => both,
        None => (first, words.next()?),
    };
    let date: Date = date.parse().ok()?;
    let end = time.find(|c: char| !c.is_ascii_digit() && !":.,".contains(c)).unwrap_or(time.len());
    Some((day(date.year(), date.month(), date.day())? + time_of_day(&time[..end])?, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{DateTime, Time};

    /// Nanoseconds of a date, by another way.
    fn at(text: &str) -> u64 {
        let time: DateTime = text.parse().expect("a time");
        let start = DateTime::from_parts(Date::constant(1970, 1, 1), Time::midnight());
        let span = time.duration_since(start);
        u64::try_from(span.as_nanos()).expect("after 1970")
    }

    #[test]
    fn times_are_read_as_logs_write_them() {
        assert_eq!(stamp("2015-04-01 12:00:00,123 DEBUG"), Some((at("2015-04-01T12:00:00.123"), true)));
        assert_eq!(stamp("2015-04-01T12:00:00.5Z x"), Some((at("2015-04-01T12:00:00.5"), true)));
        assert_eq!(stamp("Apr  1 12:00:00 host x"), Some((at("1970-04-01T12:00:00"), false)));
        assert_eq!(date("Wed May  8 15:32:03 2013"), Some(at("2013-05-08T15:32:03")));
        for other in ["", "INFO:root:usb", "0000   0x04 0x00", "2015-13-01 1:2:3", "Apr x"] {
            assert_eq!(stamp(other), None, "{other}");
        }
    }

    #[test]
    fn durations_and_bytes() {
        let durations = [
            ("102.510648 s", 102_510_648_000),
            ("338 us", 338_000),
            ("1.999.281.770 s", 1_999_281_770),
            ("50.770 us", 50_770),
            ("7", 7_000_000_000),
            ("3 ns", 3),
        ];
        for (text, is) in durations {
            assert_eq!(duration(text), Some(is), "{text}");
        }
        assert_eq!(duration("-1 s"), None);
        assert_eq!(duration("99999999999999999 s"), None);
        assert_eq!(bytes("01 a2,0x03 0405"), Some(vec![1, 0xa2, 3, 4, 5]));
        assert_eq!(bytes("1"), None);
        assert_eq!(bytes("é1"), None);
    }
}
