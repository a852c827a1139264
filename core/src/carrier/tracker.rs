// SPDX-License-Identifier: GPL-2.0-or-later
//! In: transfers in capture order. Out: the facts of each, and the transactions that they make up.
//!
//! Live state is here and only here; it changes on the first visit of a transfer, and never after. What a device is, a room
//! of its own says.

use super::book::{Book, Frames, Reassembly, Request};
use super::ledger::Fact;
use super::piece::Portion;
use crate::exchange::{TransactionId, Transactions};
use crate::transfer::{Claim, Stream, Transfer};
use rustc_hash::FxHashMap;
use std::fmt::Debug;

/// The most devices of one kind that are told apart; further ones are dissected transfer by transfer.
pub(crate) const MOST_DEVICES: usize = 4096;

/// What is remembered of one device while it talks.
pub trait Followed: Default + Debug {
    /// What several of its kind are called.
    const PLURAL: &'static str;
    /// What its commands are.
    type Sent: Debug;
    /// How it carried a transaction.
    type Attempt: Clone + Default + Debug;

    /// Makes up its mind whether it is such a device, by one more transfer.
    fn heed(&mut self, transfer: &Transfer<'_>);

    /// True if its transfers are to be dissected.
    fn takes(&self) -> bool;

    /// Takes a transfer into the book and the transactions.
    fn follow(
        &mut self,
        book: &mut Book<Self::Sent, Self::Attempt>,
        transactions: &mut Transactions,
        transfer: &Transfer<'_>,
    );

    /// True if what was taken for parts of a frame turned out to be none.
    fn is_no_frame(_whole: Reassembly<'_>) -> bool {
        false
    }
}

/// Follows what every device of one kind says in a capture.
#[derive(Debug)]
pub struct Tracker<D: Followed> {
    devices: FxHashMap<Stream, D>,
    book: Book<D::Sent, D::Attempt>,
}

impl<D: Followed> Default for Tracker<D> {
    fn default() -> Self {
        Self { devices: FxHashMap::default(), book: Book::default() }
    }
}

impl<D: Followed> Tracker<D> {
    /// Takes a transfer, in capture order, into the transactions: whether there are facts of it now that were not there before.
    /// `None` if it is of another kind of device.
    pub fn observe(&mut self, transactions: &mut Transactions, transfer: &Transfer<'_>) -> Option<bool> {
        if self.passes_over(transfer.stream) {
            return (transfer.claim == Claim::Certain).then_some(false);
        }
        let device = self.devices.entry(transfer.stream).or_default();
        device.heed(transfer);
        if !device.takes() {
            return None;
        }
        let begins = self.book.ledger.begin(transfer.frame, transfer.layer);
        if begins {
            device.follow(&mut self.book, transactions, transfer);
        }
        Some(begins && self.book.ledger.knows())
    }

    /// Forgets what is in a frame, the newest: another one has its number.
    pub fn forget(&mut self, frame: u32) {
        self.book.forget(frame);
    }

    /// True if the device's transfers are to be dissected, as far as is known now.
    #[must_use]
    pub fn takes(&self, stream: Stream) -> bool {
        self.devices.get(&stream).is_some_and(D::takes)
    }

    /// True if the device is one too many, so that nothing is remembered of it.
    #[must_use]
    pub fn passes_over(&self, stream: Stream) -> bool {
        self.devices.len() >= MOST_DEVICES && !self.devices.contains_key(&stream)
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
    pub fn request(&self, fact: &Fact) -> Option<&Request<D::Sent>> {
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
        fact.role == Portion::Stray || self.reassembly(fact).is_some_and(D::is_no_frame)
    }

    /// The pieces of all devices that fit no frame: the frame of the capture that each lies in, and how many bytes it has.
    pub fn strays(&self) -> impl Iterator<Item = (u32, u32)> {
        self.book.ledger.iter().filter(|fact| self.fits_nothing(fact)).map(|fact| (fact.frame(), fact.len))
    }

    /// How a transaction was carried.
    #[must_use]
    pub fn attempt(&self, id: TransactionId) -> D::Attempt {
        self.book.attempt(id)
    }

    /// How many bytes of frames are kept, put together from several transfers.
    #[must_use]
    pub fn reassembled(&self) -> usize {
        self.book.reassembled.size()
    }
}
