// SPDX-License-Identifier: GPL-2.0-or-later
//! In: records in the order in which a pump stored them. Out: which tell one thing together, and which lack the other half.

use super::settings::Clock;
use super::{Body, Record};

/// How far behind a record its other half may lie: others of the same second come between them at times.
const NEAR: usize = 3;

/// The record behind `records[at]` that tells one thing with it: the duration of a temporary rate, the new time of a clock.
pub(super) fn after(records: &[Record], at: usize) -> Option<&Record> {
    let record = &records[at];
    records[at + 1..].iter().take(NEAR).find(|other| belong(record, other))
}

/// The estimate that the insulin in `records[at]` is unabsorbed of: it lies just before it.
pub(super) fn estimate(records: &[Record], at: usize) -> Option<&Record> {
    records[..at].last().filter(|before| matches!(before.body, Body::Estimate(_)))
}

/// A record of which an event does not tell all, as another one that it belongs with is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// It belongs to the record before it; alone it makes no event.
    Before,
    /// The rest of it lies behind it; its event lacks that.
    After,
}

/// What `records[at]` lacks, if it lacks anything.
#[must_use]
pub fn lack(records: &[Record], at: usize) -> Option<Lack> {
    let record = &records[at];
    let before = || records[..at].iter().rev().take(NEAR).any(|before| belong(before, record));
    match record.body {
        Body::Unabsorbed(_) => estimate(records, at).is_none().then_some(Lack::Before),
        Body::TempDuration(_) | Body::Clock(Clock::New) => (!before()).then_some(Lack::Before),
        Body::TempBasal(_) | Body::Clock(Clock::Old) => after(records, at).is_none().then_some(Lack::After),
        _ => None,
    }
}

/// True if `second` is the other half of `first`.
fn belong(first: &Record, second: &Record) -> bool {
    match (&first.body, &second.body) {
        (Body::TempBasal(_), Body::TempDuration(_)) => first.time == second.time,
        (Body::Clock(Clock::Old), Body::Clock(Clock::New)) => true,
        _ => false,
    }
}
