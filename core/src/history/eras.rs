// SPDX-License-Identifier: GPL-2.0-or-later
//! In: records in the order in which a pump stored them. Out: between which of them its clock went back.
//!
//! Within an era times tell the order; across eras only the pages do.

use super::settings::Clock;
use super::{Body, Record};
use jiff::civil::DateTime;

/// Records of the same moment, and those around a battery change, are not always stored in order: so many seconds back are no jump.
const SLACK: i64 = 300;

/// A clock that went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    /// The first record after it.
    pub at: usize,
    /// What the clock showed before.
    pub from: DateTime,
    /// What it shows now.
    pub to: DateTime,
}

/// Where the pump's clock went back: because it was set, or because it was lost.
#[must_use]
pub fn jumps(records: &[Record]) -> Vec<Jump> {
    let (mut jumps, mut last, mut latest) = (Vec::new(), None, None);
    for (at, record) in records.iter().enumerate() {
        let Some(to) = record.time.and_then(|time| time.valid()).filter(|_| stored_at_its_time(record))
        else {
            continue;
        };
        let set = matches!(record.body, Body::Clock(Clock::New));
        let seconds = |from: DateTime| from.duration_since(to).as_secs();
        let back = match (set, last, latest) {
            // A clock that is set counts from what it showed just before.
            (true, Some(from), _) if seconds(from) > 0 => Some(from),
            (false, _, Some(from)) if seconds(from) > SLACK => Some(from),
            _ => None,
        };
        latest = match back {
            Some(from) => {
                jumps.push(Jump { at, from, to });
                Some(to)
            }
            None => latest.max(Some(to)),
        };
        last = Some(to);
    }
    jumps
}

/// Boluses and primes are stored when they are over and dated when they began, and totals are dated with their day.
#[must_use]
pub fn stored_at_its_time(record: &Record) -> bool {
    !matches!(record.body, Body::Bolus(_) | Body::Prime(_) | Body::DailyTotal(_) | Body::Totals(_))
}
