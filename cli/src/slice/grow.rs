// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the transactions that somebody asks for. Out: what is to be kept so that they read as in the whole capture.
//!
//! A slice is read before it is written, as whoever gets it will read it. What then reads otherwise gets more of what lies
//! around it: the next command shows that a transaction is over, the ones before show how often it was asked, or what
//! contradicts its reply. In the end all is kept, which reads the same for sure. So nothing becomes sound by being cut out.

use super::same::{self, Degree};
use super::whole::{Kept, Whole};
use crate::conversation::{Conversation, Entry, Options};
use carelink_core::exchange::{Outcome, Stage};
use carelink_core::pump::learn::{Message, learn};
use carelink_core::pump::model::Pump;
use carelink_core::pump::serial::Serial;
use carelink_core::view::page::companions;
use std::collections::{BTreeMap, BTreeSet};

/// How many transactions before and after one that reads otherwise are tried, one pair after the other; then twice as many
/// each time.
const REACH: [(usize, usize); 4] = [(0, 0), (0, 1), (1, 0), (1, 1)];

fn reach(step: usize) -> (usize, usize) {
    REACH.get(step).copied().unwrap_or_else(|| {
        let more = 1_usize.checked_shl(u32::try_from(step + 1 - REACH.len()).unwrap_or(u32::MAX));
        (more.unwrap_or(usize::MAX), more.unwrap_or(usize::MAX))
    })
}

/// What is to be kept.
pub(super) fn grow(whole: &Whole<'_>, chosen: &BTreeSet<usize>, options: &Options) -> Kept {
    let mut wanted = chosen.clone();
    let transactions = whole.conversation.session.transactions();
    for &at in chosen {
        let beside = companions(transactions, whole.entries[at].number);
        wanted.extend(beside.into_iter().map(|id| id.get() as usize - 1));
    }
    let mut steps = BTreeMap::<usize, usize>::new();
    let mut told = BTreeSet::new();
    loop {
        let around = wanted.iter().chain(steps.keys()).flat_map(|&at| {
            let step = steps.get(&at).copied().unwrap_or(0);
            whole.around(at, reach(step)).iter().copied()
        });
        let kept = whole.keep(around);
        if kept.transactions.len() == whole.entries.len() {
            return whole.all();
        }
        let slice = Conversation::of(whole.packets(&kept), options);
        if let Some((serial, teller)) = lacks_model(whole, &kept, &slice)
            && told.insert(serial)
        {
            wanted.insert(teller);
            continue;
        }
        let otherwise = otherwise(whole, chosen, &kept, &slice);
        if otherwise.is_empty() {
            return kept;
        }
        let mut grown = false;
        for at in otherwise {
            let step = steps.entry(at).or_default();
            *step += 1;
            grown |= reach(*step).0 <= whole.entries.len();
        }
        if !grown {
            return whole.all();
        }
    }
}

/// Those that read otherwise in the slice than in the whole.
fn otherwise(
    whole: &Whole<'_>,
    chosen: &BTreeSet<usize>,
    kept: &Kept,
    slice: &Conversation,
) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let entries = numbered(slice.entries());
    let of_whole = numbered(whole.entries.iter().copied());
    let place = |entry: &Entry<'_>| entry.number.get() as usize - 1;
    let pairs: Vec<_> = of_whole
        .iter()
        .filter(|(_, was)| kept.transactions.contains(&place(was)))
        .map(|(key, was)| (place(was), was, entries.get(key)))
        .collect();
    for &(at, was, is) in &pairs {
        let degree = if chosen.contains(&at) { Degree::Chosen } else { Degree::Account };
        if !is.is_some_and(|is| same::account(was, is, degree)) {
            found.insert(at);
        }
    }
    // One that is not in the whole: what is around it was cut in a way that it must not be.
    if entries.keys().any(|key| !of_whole.contains_key(key)) {
        found.extend(chosen);
    }
    if found.is_empty() {
        let told = |was, is| same::values((whole.conversation, was), (slice, is));
        let otherwise = pairs
            .into_iter()
            .filter(|&(at, was, is)| chosen.contains(&at) && !is.is_some_and(|is| told(was, is)));
        found.extend(otherwise.map(|(at, ..)| at));
    }
    found
}

/// Transactions by the frame that they begin with, and which of those that begin with it they are.
fn numbered<'a>(entries: impl Iterator<Item = Entry<'a>>) -> BTreeMap<(u32, u32), Entry<'a>> {
    let mut found = BTreeMap::new();
    for entry in entries {
        let frame = entry.transaction.request.frame();
        let nth = (0..).find(|&nth| !found.contains_key(&(frame, nth))).unwrap_or(0);
        found.insert((frame, nth), entry);
    }
    found
}

/// A pump of which less is known in the slice, and the transaction that tells it.
fn lacks_model(whole: &Whole<'_>, kept: &Kept, slice: &Conversation) -> Option<(Serial, usize)> {
    kept.transactions.iter().find_map(|&at| {
        let entry = &whole.entries[at];
        let serial = entry.transaction.serial()?;
        let known = entry.pump;
        if slice.session.transactions().pump(serial) == known {
            return None;
        }
        let tells = |&at: &usize| {
            let entry = &whole.entries[at];
            entry.transaction.serial() == Some(serial) && told_by(entry) == Some(known)
        };
        // The nearest one before, so that it is known in the first pass, too.
        let teller = (0..=at).rev().find(tells).or_else(|| (at..whole.entries.len()).find(tells))?;
        (!kept.transactions.contains(&teller)).then_some((serial, teller))
    })
}

/// What a transaction by itself tells of its pump's model.
fn told_by(entry: &Entry<'_>) -> Option<Pump> {
    let opcode = entry.transaction.sound_command()?.opcode;
    let message = match (entry.transaction.stage, entry.transaction.outcome()) {
        (Stage::PumpNak(nak), Outcome::PumpNak) => Message::Refused(nak),
        (_, Outcome::Complete) => Message::Reply(entry.data),
        _ => return learn(opcode, Message::Parameters(entry.transaction.parameters())),
    };
    learn(opcode, message).or_else(|| learn(opcode, Message::Parameters(entry.transaction.parameters())))
}
