// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture. Out: what went wrong in it: which fetches, in which frames, and what is wrong there.

use super::devices::Devices;
use super::fetches::{self, Row};
use super::veil::{Shown, Veil};
use crate::class::Class;
use crate::conversation::Conversation;
use crate::tree::Tree;
use carelink_core::exchange::{Outcome, TransactionId};
use carelink_core::tree::expert::{EXPERTS, Severity};
use carelink_core::tree::outline::{ExpertAt, Node, Outline};
use carelink_core::view::links::TRANSACTION;
use std::collections::BTreeMap;

/// The most notes that are shown of one fetch; the rest is counted.
const MOST: usize = 20;

/// What went wrong.
#[derive(Debug, Default)]
pub(super) struct Wrong {
    /// The fetches by their outcomes, the worst first.
    pub groups: Vec<Group>,
    /// What is wrong outside of all fetches.
    pub outside: Notes,
}

/// The fetches with one outcome.
#[derive(Debug)]
pub(super) struct Group {
    pub outcome: String,
    pub class: Class,
    pub fetches: Vec<Fetch>,
}

/// The most fetches of a group that are not folded.
const UNFOLDED: usize = 12;

impl Group {
    /// True if it is shown unfolded.
    pub const fn open(&self) -> bool {
        self.fetches.len() <= UNFOLDED
    }
}

/// A fetch in which something went wrong.
#[derive(Debug)]
pub(super) struct Fetch {
    pub row: Row,
    pub notes: Notes,
}

/// Frames, and what is wrong in them.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub shown: Vec<(u32, Shown)>,
    /// How many there are besides.
    pub more: usize,
}

impl Notes {
    fn add(&mut self, frame: u32, note: Shown) {
        if self.shown.len() < MOST {
            self.shown.push((frame, note));
        } else {
            self.more += 1;
        }
    }

    pub const fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }
}

impl Wrong {
    pub fn of(conversation: &Conversation, devices: &Devices<'_>, veil: &Veil) -> Self {
        let mut notes = notes(conversation, veil);
        let outside = notes.remove(&None).unwrap_or_default();
        let mut groups: BTreeMap<(Class, u8), Vec<Fetch>> = BTreeMap::new();
        for entry in conversation.entries() {
            let outcome = entry.transaction.outcome();
            let notes = notes.remove(&Some(entry.number)).unwrap_or_default();
            // A host that reads without having asked gets nothing, and all is well.
            let well = Class::of(outcome) == Class::Good || outcome == Outcome::NoData;
            if !(well && notes.is_empty()) {
                let row = fetches::row(conversation, &entry, devices, veil);
                groups.entry((Class::of(outcome), outcome.into())).or_default().push(Fetch { row, notes });
            }
        }
        let groups = groups.into_iter().map(|((class, outcome), fetches)| Group {
            outcome: Outcome::from(outcome).to_string(),
            class,
            fetches,
        });
        Self { groups: groups.collect(), outside }
    }

    /// True if nothing did.
    pub const fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.outside.is_empty()
    }
}

/// The errors and warnings in all frames, by the fetch that each is of.
fn notes(conversation: &Conversation, veil: &Veil) -> BTreeMap<Option<TransactionId>, Notes> {
    let mut notes: BTreeMap<_, Notes> = BTreeMap::new();
    for packet in &conversation.packets {
        let mut outline = Outline::default();
        conversation.dissect(packet.frame, &mut outline);
        let mut grave = outline.experts().iter().filter(|expert| is_grave(expert)).peekable();
        if grave.peek().is_none() {
            continue;
        }
        let tree = Tree::new(&outline, &packet.bytes);
        for expert in grave {
            let node = outline.nodes().get(expert.node as usize);
            let of = notes.entry(node.and_then(|node| of_transaction(&outline, node))).or_default();
            of.add(packet.frame, veil.words(tree.note(expert)));
        }
    }
    notes
}

fn is_grave(expert: &ExpertAt) -> bool {
    matches!(EXPERTS[expert.expert as usize].severity, Severity::Error | Severity::Warning)
}

/// The fetch that a node of a frame belongs to. A frame may hold the end of one and the begin of another.
fn of_transaction(outline: &Outline, node: &Node) -> Option<TransactionId> {
    let mut told = outline.nodes().iter().filter(|told| told.field == TRANSACTION.id());
    // What was put together from several frames ends here.
    let here = |told: &&Node| node.source > 0 || (told.start..told.start + told.len).contains(&node.start);
    TransactionId::new(u32::try_from(told.find(here)?.value).ok()?)
}
