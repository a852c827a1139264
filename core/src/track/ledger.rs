//! In: what was learnt of each transfer on its first visit. Out: the same again, in any order.

use super::book::small;
use super::framing::{Piece, Role};
use crate::session::Direction;

/// What one piece of a transfer must know of its past. Numbers count from 1; 0 is "none".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Offset in the transfer.
    pub start: u32,
    /// Length as sent.
    pub len: u32,
    /// The command that it is or that it answers.
    pub request: u32,
    /// The transaction that it belongs to.
    pub transaction: u32,
    /// The frame that it is a part of, if that came in several transfers.
    pub join: u32,
    /// What it is.
    pub role: Role,
    /// Which way it went.
    pub direction: Direction,
    /// What else there is to say of it.
    pub marks: Marks,
}

impl Fact {
    /// The fact of a piece of which nothing else is known yet.
    pub(super) fn of(direction: Direction, piece: Piece) -> Self {
        let Piece { role, start, len, .. } = piece;
        let (start, len, marks) = (small(start), small(len), Marks::default());
        Self { start, len, request: 0, transaction: 0, join: 0, role, direction, marks }
    }
}

/// Peculiarities of a piece.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(u16);

impl Marks {
    /// The payload is the whole reply of its transaction.
    pub const WHOLE_REPLY: Self = Self(1);
    /// With this piece the reply of its transaction is complete, put together from several radio reads.
    pub const COMPLETES: Self = Self(2);
    /// The frame before it in the other direction lacks its last bytes.
    pub const AFTER_LOSS: Self = Self(4);
    /// A reply of another pump than the one that was asked, or of nobody's asking.
    pub const LEFT_OVER: Self = Self(8);
    /// It belongs to a transaction that was complete before.
    pub const AFTER_END: Self = Self(16);

    /// True if `mark` is among these.
    #[must_use]
    pub const fn has(self, mark: Self) -> bool {
        self.0 & mark.0 != 0
    }

    /// Adds `mark`.
    pub fn add(&mut self, mark: Self) {
        self.0 |= mark.0;
    }
}

/// Where the facts of one transfer are.
#[derive(Clone, Copy, Debug)]
struct Entry {
    frame: u32,
    layer: u16,
    count: u16,
    first: u32,
}

/// Facts by frame. Entries come in capture order, so finding one is a binary search.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
    facts: Vec<Fact>,
}

impl Ledger {
    /// Begins the entry of a transfer; its facts follow. False if it is there already, or comes out of order.
    pub fn begin(&mut self, frame: u32, layer: u32) -> bool {
        let layer = u16::try_from(layer).unwrap_or(u16::MAX);
        let after = self.entries.last().is_none_or(|last| (last.frame, last.layer) < (frame, layer));
        if after {
            let first = u32::try_from(self.facts.len()).unwrap_or(u32::MAX);
            self.entries.push(Entry { frame, layer, count: 0, first });
        }
        after
    }

    /// Adds a fact to the entry begun last.
    pub fn add(&mut self, fact: Fact) {
        if let Some(entry) = self.entries.last_mut().filter(|entry| entry.count < u16::MAX) {
            entry.count += 1;
            self.facts.push(fact);
        }
    }

    /// The facts of a transfer, front to back; `None` if it was never seen in order.
    #[must_use]
    pub fn find(&self, frame: u32, layer: u32) -> Option<&[Fact]> {
        let layer = u16::try_from(layer).unwrap_or(u16::MAX);
        let at =
            self.entries.binary_search_by_key(&(frame, layer), |entry| (entry.frame, entry.layer)).ok()?;
        let Entry { first, count, .. } = self.entries[at];
        self.facts.get(first as usize..first as usize + usize::from(count))
    }
}
