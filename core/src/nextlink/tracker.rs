// SPDX-License-Identifier: GPL-2.0-or-later
//! In: reports in capture order. Out: the facts of each, and the transactions that they make up.
//!
//! Live state is here and only here; it changes on the first visit of a report, and never after.

use super::attempt::Attempt;
use super::conversation::Conversation;
use super::state::{Book, Meter, Sent};
use crate::carrier::book::{Frames, Reassembly, Request};
use crate::carrier::ledger::Fact;
use crate::carrier::piece::Portion;
use crate::exchange::{TransactionId, Transactions};
use crate::transfer::{Claim, Stream, Transfer};
use rustc_hash::FxHashMap;

/// The most devices that are told apart; further ones are dissected report by report.
pub(crate) const MOST_METERS: usize = 4096;

/// Follows what every meter in a capture says.
#[derive(Debug, Default)]
pub struct Tracker {
    meters: FxHashMap<Stream, Meter>,
    book: Book,
}

impl Tracker {
    /// Takes a report, in capture order, into the transactions. False if it is not a meter's.
    pub fn observe(&mut self, transactions: &mut Transactions, transfer: &Transfer<'_>) -> bool {
        if self.passes_over(transfer.stream) {
            return transfer.claim == Claim::Certain;
        }
        let meter = self.meters.entry(transfer.stream).or_default();
        meter.heuristic = meter.heuristic.after(transfer);
        let takes = meter.heuristic.takes();
        if takes && self.book.ledger.begin(transfer.frame, transfer.layer) {
            let mut conversation = Conversation { book: &mut self.book, transactions, meter };
            if transfer.left_out {
                conversation.resume(transfer);
            }
            conversation.follow(transfer);
        }
        takes
    }

    /// Forgets what is in a frame, the newest: another one has its number.
    pub fn forget(&mut self, frame: u32) {
        self.book.forget(frame);
    }

    /// True if the device's reports are to be dissected, as far as is known now.
    #[must_use]
    pub fn takes(&self, stream: Stream) -> bool {
        self.meters.get(&stream).is_some_and(|meter| meter.heuristic.takes())
    }

    /// True if the device is one too many, so that nothing is remembered of it.
    #[must_use]
    pub fn passes_over(&self, stream: Stream) -> bool {
        self.meters.len() >= MOST_METERS && !self.meters.contains_key(&stream)
    }

    /// The fact of a report, if it was seen.
    #[must_use]
    pub fn facts(&self, frame: u32, layer: u32) -> Option<&[Fact]> {
        self.book.ledger.find(frame, layer)
    }

    /// The pieces of all meters that fit no frame: the frame that each lies in, and how many bytes it has.
    pub fn strays(&self) -> impl Iterator<Item = (u32, u32)> {
        let strays = self.book.ledger.iter().filter(|fact| fact.role == Portion::Stray);
        strays.map(|fact| (fact.frame(), fact.len))
    }

    /// What is known of all frames.
    #[must_use]
    pub fn frames(&self) -> &dyn Frames {
        &self.book
    }

    /// The message that a report belongs to, or that it answers.
    #[must_use]
    pub fn request(&self, fact: &Fact) -> Option<&Request<Sent>> {
        self.book.request_of(fact).filter(|request| request.sent.is_some())
    }

    /// The transaction that a report belongs to.
    #[must_use]
    pub fn transaction_of(&self, fact: &Fact) -> Option<TransactionId> {
        self.book.request_of(fact)?.transaction
    }

    /// The message that a report is a part of, if it came in several.
    #[must_use]
    pub fn reassembly(&self, fact: &Fact) -> Option<Reassembly<'_>> {
        self.book.reassembly(fact.reassembly()?)
    }

    /// How a transaction was carried.
    #[must_use]
    pub fn attempt(&self, id: TransactionId) -> Attempt {
        self.book.attempt(id)
    }
}
