// SPDX-License-Identifier: GPL-2.0-or-later
//! In: transfers in capture order. Out: the facts of each, and the transactions that they make up.
//!
//! Live state is here and only here; it changes on the first visit of a transfer, and never after.

use super::attempt::Attempt;
use super::book::{Book, Request};
use super::conversation::Conversation;
use super::state::Stick;
use crate::carrier::book::{Frames, Reassembly};
use crate::carrier::ledger::Fact;
use crate::carrier::piece::Portion;
use crate::exchange::{TransactionId, Transactions};
use crate::transfer::{Claim, Stream, Transfer};
use rustc_hash::FxHashMap;

/// The most sticks that are told apart; further ones are dissected transfer by transfer.
pub(crate) const MOST_STICKS: usize = 4096;

/// Follows what every stick in a capture says.
#[derive(Debug, Default)]
pub struct Tracker {
    sticks: FxHashMap<Stream, Stick>,
    book: Book,
}

impl Tracker {
    /// Takes a transfer, in capture order, into the transactions. False if the transfer is not a stick's.
    pub fn observe(&mut self, transactions: &mut Transactions, transfer: &Transfer<'_>) -> bool {
        if self.passes_over(transfer.stream) {
            return transfer.claim == Claim::Certain;
        }
        let stick = self.sticks.entry(transfer.stream).or_default();
        if transfer.left_out {
            stick.heuristic = stick.heuristic.resumed();
        }
        stick.heuristic = stick.heuristic.after(transfer);
        let takes = stick.heuristic.takes();
        if takes && self.book.ledger.begin(transfer.frame, transfer.layer) {
            let mut conversation = Conversation { book: &mut self.book, transactions, stick };
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

    /// True if the stick's transfers are to be dissected, as far as is known now.
    #[must_use]
    pub fn takes(&self, stream: Stream) -> bool {
        self.sticks.get(&stream).is_some_and(|stick| stick.heuristic.takes())
    }

    /// True if the stick is one too many, so that nothing is remembered of it.
    #[must_use]
    pub fn passes_over(&self, stream: Stream) -> bool {
        self.sticks.len() >= MOST_STICKS && !self.sticks.contains_key(&stream)
    }

    /// The facts of a transfer, front to back.
    #[must_use]
    pub fn facts(&self, frame: u32, layer: u32) -> Option<&[Fact]> {
        self.book.ledger.find(frame, layer)
    }

    /// What is known of all frames.
    #[must_use]
    pub fn frames(&self) -> &dyn Frames {
        &self.book
    }

    /// The command that a piece is or answers.
    #[must_use]
    pub fn request(&self, fact: &Fact) -> Option<&Request> {
        self.book.request_of(fact).filter(|request| request.sent.is_some())
    }

    /// The transaction that a piece belongs to.
    #[must_use]
    pub fn transaction_of(&self, fact: &Fact) -> Option<TransactionId> {
        self.book.request_of(fact)?.transaction
    }

    /// The frame that a piece is a part of, if it came in several transfers.
    #[must_use]
    pub fn reassembly(&self, fact: &Fact) -> Option<Reassembly<'_>> {
        self.book.reassembly(fact.reassembly()?)
    }

    /// True if the bytes of a piece fit no frame.
    #[must_use]
    pub fn fits_nothing(&self, fact: &Fact) -> bool {
        // What was taken for parts of a frame may turn out to be none.
        fact.role == Portion::Stray || self.reassembly(fact).is_some_and(|whole| whole.length == 0)
    }

    /// The pieces of all sticks that fit no frame: the frame that each lies in, and how many bytes it has.
    pub fn strays(&self) -> impl Iterator<Item = (u32, u32)> {
        self.book.ledger.iter().filter(|fact| self.fits_nothing(fact)).map(|fact| (fact.frame(), fact.len))
    }

    /// How a transaction was carried.
    #[must_use]
    pub fn attempt(&self, id: TransactionId) -> Attempt {
        self.book.attempt(id)
    }

    /// How many bytes of frames are kept, put together from several transfers.
    #[must_use]
    pub fn reassembled(&self) -> usize {
        self.book.reassembled.size()
    }
}
