// SPDX-License-Identifier: GPL-2.0-or-later
//! In: times, frames, counts and outcomes. Out: how a report writes them.

use crate::conversation::Entry;
use jiff::Timestamp;
use std::time::Duration;

/// `2026-01-05 09:00:17`, in UTC.
pub(super) fn time(nanoseconds: u64) -> String {
    Timestamp::from_nanosecond(nanoseconds.into())
        .map_or_else(|_| nanoseconds.to_string(), |time| time.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// `27 ms`, `3.1 s`, `2 min 37 s`, `3 h 5 min`
pub(super) fn duration(nanoseconds: u64) -> String {
    let time = Duration::from_nanos(nanoseconds);
    match (time.as_millis(), time.as_secs()) {
        (millis @ 0..1000, _) => format!("{millis} ms"),
        (_, 0..60) => format!("{:.1} s", time.as_secs_f64()),
        (_, seconds @ 60..3600) => format!("{} min {} s", seconds / 60, seconds % 60),
        (_, seconds) => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// The frames of a fetch: `57–168`.
pub(super) fn frames(entry: &Entry<'_>) -> String {
    let (first, last) =
        (entry.transaction.request.frame(), entry.transaction.last.max(entry.transaction.end()));
    if first == last { first.to_string() } else { format!("{first}\u{2013}{last}") }
}

/// From the command of a fetch to its end, in nanoseconds.
pub(super) fn took(entry: &Entry<'_>) -> Option<u64> {
    let end = entry.transaction.response?;
    Some(end.time().saturating_sub(entry.transaction.request.time()))
}

/// `1 fetch`, `3 fetches`
pub(super) fn count(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_aloud() {
        let told = [27, 999, 3_140, 59_900, 157_000, 11_100_000].map(|ms| duration(ms * 1_000_000));
        assert_eq!(told, ["27 ms", "999 ms", "3.1 s", "59.9 s", "2 min 37 s", "3 h 5 min"]);
    }
}
