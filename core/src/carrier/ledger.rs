// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what was learnt of each transfer on its first visit. Out: the same again, in any order.

use super::ids::{ReassemblyId, RequestId};
use super::piece::{Piece, Portion};
use crate::exchange::list::{self, Id, append, small};
use crate::transfer::Direction;
use std::num::NonZeroU32;

/// What one piece of a transfer must know of its past. There is one for each frame of a capture: it is kept small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    frame: u32,
    /// Length as sent.
    pub len: u32,
    /// Number of the reassembly that it is a part of, or else of the command that it is or answers.
    of: Option<NonZeroU32>,
    layer: u8,
    /// What it is.
    pub role: Portion,
    /// Which way it went.
    pub direction: Direction,
    /// What else there is to say of it.
    pub marks: Marks,
}

impl Fact {
    /// The frame of the capture that it lies in.
    #[must_use]
    pub const fn frame(&self) -> u32 {
        self.frame
    }

    /// True if it is a part of a frame that came in several transfers.
    #[must_use]
    pub const fn is_part(&self) -> bool {
        matches!(self.role, Portion::Part | Portion::Last)
    }

    /// The reassembly that it is a part of.
    pub(crate) fn reassembly(&self) -> Option<ReassemblyId> {
        self.of.filter(|_| self.is_part()).map(Id::of)
    }

    /// The command that it is or answers, if it is no part.
    pub(crate) fn request(&self) -> Option<RequestId> {
        self.of.filter(|_| !self.is_part()).map(Id::of)
    }
}

/// What a piece is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Of {
    /// Nothing that is known.
    Nothing,
    /// A command that it is or answers.
    Request(RequestId),
    /// A frame that it is a part of.
    Reassembly(ReassemblyId),
}

/// The facts of a transfer with their offsets in it.
pub fn placed(facts: &[Fact]) -> impl Iterator<Item = (usize, &Fact)> + Clone {
    list::placed(facts, |fact| fact.len as usize)
}

/// Peculiarities of a piece.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(u8);

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
    /// Packets are missing before it: it does not follow from what came before.
    pub const AFTER_GAP: Self = Self(32);

    /// A limit was reached with it: a command gave up those that waited before it, or a reply is too long to be kept.
    pub const LIMIT: Self = Self(64);

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

/// Facts by frame. They come in capture order, so finding those of a transfer is a binary search.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    facts: Vec<Fact>,
    /// Frame and layer of the transfer that was begun last.
    last: (u32, u8),
    /// Where its facts begin.
    begun: usize,
    /// Frame and layer before which no transfer begins any more.
    next: (u32, u16),
}

/// Which of the transfers within a frame, as it is kept: of so many in one frame, further ones are not followed.
fn small_layer(layer: u32) -> u8 {
    u8::try_from(layer).unwrap_or(u8::MAX)
}

impl Ledger {
    /// Begins a transfer; its facts follow. False if it was begun before, or comes out of order.
    pub fn begin(&mut self, frame: u32, layer: u32) -> bool {
        let layer = small_layer(layer);
        let begins = self.next <= (frame, layer.into());
        if begins {
            (self.last, self.begun) = ((frame, layer), self.facts.len());
            self.next = (frame, u16::from(layer) + 1);
        }
        begins
    }

    /// True if there are facts of the transfer begun last.
    pub fn knows(&self) -> bool {
        self.begun < self.facts.len()
    }

    /// Forgets the newest fact if it is of this frame, and gives it back. The frame's transfers may begin again.
    pub fn forget(&mut self, frame: u32) -> Option<Fact> {
        if self.next.0 == frame {
            self.next = (frame, 0);
        }
        let forgotten = self.facts.pop_if(|fact| fact.frame == frame);
        self.begun = self.begun.min(self.facts.len());
        forgotten
    }

    /// All facts, in capture order.
    pub fn iter(&self) -> impl Iterator<Item = &Fact> {
        self.facts.iter()
    }

    /// Adds a fact to the transfer begun last.
    pub fn add(&mut self, direction: Direction, piece: Piece, of: Of, marks: Marks) {
        let (frame, layer) = self.last;
        let of = match of {
            Of::Nothing => None,
            Of::Request(id) => Some(id.number()),
            Of::Reassembly(id) => Some(id.number()),
        };
        append(
            &mut self.facts,
            Fact { frame, len: small(piece.len), of, layer, role: piece.role, direction, marks },
        );
    }

    /// The facts of a transfer, front to back; `None` if it was never seen in order.
    pub fn find(&self, frame: u32, layer: u32) -> Option<&[Fact]> {
        let key = (frame, small_layer(layer));
        let of = |fact: &Fact| (fact.frame, fact.layer);
        // What was just seen is shown next.
        let first =
            if key == self.last { self.begun } else { self.facts.partition_point(|fact| of(fact) < key) };
        let rest = &self.facts[first..];
        let facts = &rest[..rest.iter().take_while(|fact| of(fact) == key).count()];
        (!facts.is_empty()).then_some(facts)
    }
}
