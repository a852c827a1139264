// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the fetches of a capture. Out: when each was, in a lane for each outcome.

use super::veil::{Shown, Veil};
use super::words::{duration, frames, time, took};
use crate::class::Class;
use crate::conversation::{Conversation, Entry};
use crate::list;
use carelink_core::exchange::Outcome;
use std::collections::BTreeMap;

/// Into how many parts the time is divided: finer than any screen shows.
const WIDTH: u64 = 1000;
/// The width of the shortest bar.
const LEAST: u64 = 3;

/// When fetches were.
#[derive(Debug)]
pub(super) struct Timeline {
    pub lanes: Vec<Lane>,
    /// What stands below the lanes: at the begin, in the middle, at the end.
    pub ticks: [String; 3],
}

/// The fetches with one outcome.
#[derive(Debug)]
pub(super) struct Lane {
    pub outcome: String,
    pub class: Class,
    pub fetches: usize,
    pub bars: Vec<Bar>,
}

/// One fetch, or several that begin in the same part.
#[derive(Debug)]
pub(super) struct Bar {
    pub x: u64,
    pub width: u64,
    /// What the pointer finds.
    pub words: Shown,
}

/// A fetch, where its bar begins, and how wide that is.
type Placed<'e> = (u64, u64, &'e Entry<'e>);

impl Timeline {
    /// `None` without any fetch.
    pub fn of(conversation: &Conversation, veil: &Veil) -> Option<Self> {
        let entries: Vec<_> = conversation.entries().collect();
        let begin = entries.iter().map(|entry| entry.transaction.request.time()).min()?;
        let end = entries.iter().map(ending).max()?.max(begin);
        let span = end - begin;
        let number = entries.len() as u64;
        // Without times the order is all there is.
        let place = |at: usize, moment: u64| match span {
            0 => at as u64 * WIDTH / number,
            _ => scaled(moment - begin, span),
        };
        let mut lanes: BTreeMap<(Class, u8), Vec<Placed<'_>>> = BTreeMap::new();
        for (at, entry) in entries.iter().enumerate() {
            let outcome = entry.transaction.outcome();
            let x = place(at, entry.transaction.request.time()).min(WIDTH - LEAST);
            let width = place(at, ending(entry)).saturating_sub(x).max(LEAST);
            lanes.entry((Class::of(outcome), outcome.into())).or_default().push((x, width, entry));
        }
        let lanes = lanes.into_iter().rev().map(|((class, outcome), fetches)| Lane {
            outcome: Outcome::from(outcome).to_string(),
            class,
            fetches: fetches.len(),
            bars: bars(&fetches, veil),
        });
        let ticks = match span {
            0 => ["first".to_owned(), "in order, as no times are known".to_owned(), "last".to_owned()],
            _ => {
                let [middle, last] = [span / 2, span].map(|since| format!("+{}", duration(since)));
                [format!("{} UTC", time(begin)), middle, last]
            }
        };
        Some(Self { lanes: lanes.collect(), ticks })
    }

    /// `12 complete, 1 damaged`
    pub fn outcomes(&self) -> String {
        let told: Vec<_> =
            self.lanes.iter().map(|lane| format!("{} {}", lane.fetches, lane.outcome)).collect();
        told.join(", ")
    }
}

fn scaled(time: u64, span: u64) -> u64 {
    let part = u128::from(time) * u128::from(WIDTH) / u128::from(span);
    u64::try_from(part).unwrap_or(WIDTH).min(WIDTH)
}

/// When a fetch ended, as far as it did.
fn ending(entry: &Entry<'_>) -> u64 {
    entry.transaction.request.time() + took(entry).unwrap_or_default()
}

/// A bar for the fetches that begin in each part.
fn bars(fetches: &[Placed<'_>], veil: &Veil) -> Vec<Bar> {
    let together = fetches.chunk_by(|(one, ..), (other, ..)| one == other);
    together
        .map(|fetches| {
            let (x, _, first) = fetches[0];
            let width = fetches.iter().map(|(_, width, _)| *width).max().unwrap_or(LEAST);
            let sentence = sentence(first, veil);
            let words = match fetches.len() - 1 {
                0 => sentence,
                more => format!("{sentence}; and {more} more"),
            };
            Bar { x, width, words: veil.words(words) }
        })
        .collect()
}

/// `Transaction 5, frames 57–168: Read History Page 0: complete, in 1.3 s`
fn sentence(entry: &Entry<'_>, veil: &Veil) -> String {
    let took = took(entry).map(|took| format!(", in {}", duration(took))).unwrap_or_default();
    let (number, frames) = (entry.number, frames(entry));
    format!("Transaction {number}, frames {frames}: {}: {}{took}", veil.what(entry), list::outcome(entry))
}
