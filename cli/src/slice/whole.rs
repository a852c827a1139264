// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture. Out: where its transactions lie in it, and which packets it takes to keep some of them whole.

use crate::conversation::{Conversation, Entry};
use carelink_capture::Packet;
use carelink_core::transfer::Stream;
use std::collections::{BTreeMap, BTreeSet};

/// A capture, with the places of its transactions. They are named by their places in `entries`, packets by theirs in the
/// conversation.
pub(super) struct Whole<'a> {
    pub conversation: &'a Conversation,
    pub entries: Vec<Entry<'a>>,
    /// What is said over each stick.
    pub lines: BTreeMap<Stream, Line>,
    /// The transactions that a packet has a part of.
    owners: Vec<Vec<usize>>,
    /// The first and the last packet of each transaction, as places in its line.
    spans: Vec<(usize, usize)>,
}

/// The packets of one stick, and its transactions, both in capture order.
#[derive(Default)]
pub(super) struct Line {
    pub packets: Vec<usize>,
    pub transactions: Vec<usize>,
}

/// What is kept of a capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    pub transactions: BTreeSet<usize>,
    pub packets: BTreeSet<usize>,
    /// The packets before which others of their stick are left out.
    pub marked: BTreeSet<usize>,
}

impl<'a> Whole<'a> {
    pub fn new(conversation: &'a Conversation) -> Self {
        let entries: Vec<_> = conversation.entries().collect();
        let mut whole = Self {
            conversation,
            lines: BTreeMap::new(),
            owners: Vec::new(),
            spans: vec![(usize::MAX, 0); entries.len()],
            entries,
        };
        for (at, packet) in conversation.packets.iter().enumerate() {
            let line = whole.lines.entry(packet.stream).or_default();
            let place = line.packets.len();
            line.packets.push(at);
            let known = conversation.session.frames(packet.carrier);
            let facts = known.facts(packet.frame, 0).unwrap_or_default();
            let owners = facts.iter().filter_map(|fact| known.transaction_of(fact));
            let owners: BTreeSet<_> = owners.map(|id| id.get() as usize - 1).collect();
            for &owner in &owners {
                let (first, last) = &mut whole.spans[owner];
                (*first, *last) = ((*first).min(place), place);
            }
            whole.owners.push(owners.into_iter().collect());
        }
        for (at, entry) in whole.entries.iter().enumerate() {
            if let Some(line) = whole.lines.get_mut(&entry.transaction.stream) {
                line.transactions.push(at);
            }
        }
        whole
    }

    /// The line that a transaction is of.
    fn line(&self, transaction: usize) -> Option<&Line> {
        self.lines.get(&self.entries[transaction].transaction.stream)
    }

    /// When the last packet of a transaction came.
    pub fn end(&self, transaction: usize) -> u64 {
        let entry = &self.entries[transaction];
        let last = self.line(transaction).and_then(|line| line.packets.get(self.spans[transaction].1));
        last.map_or(entry.transaction.request.time(), |&at| self.conversation.packets[at].time)
    }

    /// Those just before a transaction over the same stick, and just after it: so many of each.
    pub fn around(&self, transaction: usize, (before, after): (usize, usize)) -> &[usize] {
        let Some(line) = self.line(transaction) else { return &[] };
        let Ok(at) = line.transactions.binary_search(&transaction) else { return &[] };
        let end = (at + after + 1).min(line.transactions.len());
        &line.transactions[at.saturating_sub(before)..end]
    }

    /// The packets that it takes to keep transactions whole, and those that lie within them.
    pub fn keep(&self, chosen: impl IntoIterator<Item = usize>) -> Kept {
        let mut kept = Kept::default();
        let mut open: Vec<usize> = chosen.into_iter().collect();
        while let Some(transaction) = open.pop() {
            let Some(line) = self.line(transaction) else { continue };
            let (first, last) = self.spans[transaction];
            if !kept.transactions.insert(transaction) || first > last {
                continue;
            }
            for &at in &line.packets[first..=last] {
                if kept.packets.insert(at) {
                    open.extend(self.owners[at].iter().filter(|owner| !kept.transactions.contains(owner)));
                }
            }
        }
        self.mark(kept)
    }

    /// All of it.
    pub fn all(&self) -> Kept {
        Kept {
            transactions: (0..self.entries.len()).collect(),
            packets: (0..self.conversation.packets.len()).collect(),
            marked: BTreeSet::new(),
        }
    }

    /// Keeps what is of no transaction between two that are kept, and marks what comes behind a stretch that is not.
    fn mark(&self, mut kept: Kept) -> Kept {
        for line in self.lines.values() {
            let mut gap = 0..0;
            for (place, at) in line.packets.iter().enumerate() {
                gap.end = place;
                if kept.packets.contains(at) {
                    let stretch = &line.packets[gap];
                    if stretch.iter().all(|&at| self.owners[at].is_empty()) {
                        kept.packets.extend(stretch);
                    } else {
                        kept.marked.insert(*at);
                    }
                    gap = place + 1..place + 1;
                }
            }
        }
        kept
    }

    /// The packets that are kept, as they will be read.
    pub fn packets(&self, kept: &Kept) -> impl Iterator<Item = Packet> {
        kept.packets.iter().map(|at| {
            let packet = &self.conversation.packets[*at];
            Packet { left_out: packet.left_out || kept.marked.contains(at), ..packet.clone() }
        })
    }
}
