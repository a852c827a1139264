// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what is learnt of each frame, once. Out: the same again by id, for good.

use super::ids::{ReassemblyId, RequestId};
use super::ledger::{Fact, Ledger, placed};
use crate::exchange::TransactionId;
use crate::exchange::list::{List, make_room};
use crate::exchange::shelf::{Place, Shelf};
use crate::transfer::At;
use std::num::NonZeroU32;

/// A command of the host, and the reply to it.
#[derive(Clone, Copy, Debug)]
pub struct Request<C> {
    /// The command; `None` if nobody asked for the reply.
    pub sent: Option<At>,
    /// The frame of the reply.
    pub reply: Option<NonZeroU32>,
    /// What must be known of the command to read the reply.
    pub answered: C,
    /// The transaction it belongs to.
    pub transaction: Option<TransactionId>,
}

/// A frame that came in several transfers.
#[derive(Clone, Copy, Debug)]
pub struct Reassembly<'a> {
    /// The frame's length as it should be; 0 if the parts turned out to be no frame's.
    pub length: usize,
    /// Its parts; none before it is over.
    pub parts: &'a [Joined],
    /// Its bytes, as far as they came; none before it is over.
    pub bytes: &'a [u8],
}

/// A transfer that a part of a frame came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(Rust, packed(2))]
pub struct Joined {
    frame: u32,
    len: u16,
}

impl Joined {
    /// So many bytes, as sent, in this frame of the capture. No part is longer than 65,535 bytes.
    #[must_use]
    pub fn new(frame: u32, len: usize) -> Self {
        Self { frame, len: u16::try_from(len).unwrap_or(u16::MAX) }
    }

    /// The frame of the capture that it lies in.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.frame
    }

    /// How many bytes it has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.len.into()
    }
}

/// Where a reassembly is kept. There is nothing of it before it is over.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reassembled {
    pub length: u32,
    /// The command that the frame is or answers; before it is over, most likely.
    pub request: Option<RequestId>,
    /// Its bytes and parts.
    pub filed: Option<Place>,
}

/// All that is kept of the frames that were seen: `C` is what a device's commands are, `A` how it carried a transaction.
#[derive(Debug)]
pub struct Book<C, A> {
    pub(crate) ledger: Ledger,
    pub(crate) requests: List<RequestId, Request<C>>,
    pub(crate) reassemblies: List<ReassemblyId, Reassembled>,
    /// The frames that came in several transfers.
    pub(crate) reassembled: Shelf<Joined>,
    /// How the transactions were carried of which there is something to say, in the order in which they began.
    attempts: Vec<(TransactionId, A)>,
}

impl<C, A> Default for Book<C, A> {
    fn default() -> Self {
        Self {
            ledger: Ledger::default(),
            requests: List::default(),
            reassemblies: List::default(),
            reassembled: Shelf::default(),
            attempts: Vec::new(),
        }
    }
}

/// Bytes of a transfer that are a part of a frame; the transfer is the only one in its packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The packet.
    pub frame: u32,
    /// Where the piece begins in the transfer that the part lies in.
    pub start: usize,
    /// How long the part is.
    pub len: usize,
}

/// What is known of the frames of devices, whatever kind they are of.
pub trait Frames {
    /// The facts of a transfer, front to back, if it was seen.
    fn facts(&self, frame: u32, layer: u32) -> Option<&[Fact]>;
    /// The transaction that a piece belongs to.
    fn transaction_of(&self, fact: &Fact) -> Option<TransactionId>;
    /// The frame that a piece is a part of, if it came in several transfers.
    fn reassembly_of(&self, fact: &Fact) -> Option<Reassembly<'_>>;
    /// Where the bytes lie of the frame that a piece is a part of, in the order of the frame; `None` for a frame of its own.
    fn runs(&self, fact: &Fact) -> Option<Vec<Run>>;
}

impl<C, A: Clone + Default> Frames for Book<C, A> {
    fn facts(&self, frame: u32, layer: u32) -> Option<&[Fact]> {
        self.ledger.find(frame, layer)
    }

    fn transaction_of(&self, fact: &Fact) -> Option<TransactionId> {
        self.request_of(fact)?.transaction
    }

    fn reassembly_of(&self, fact: &Fact) -> Option<Reassembly<'_>> {
        self.reassembly(fact.reassembly()?)
    }

    fn runs(&self, fact: &Fact) -> Option<Vec<Run>> {
        let id = fact.reassembly()?;
        let of_frame = |fact: &Fact, direction| fact.reassembly() == Some(id) && fact.direction == direction;
        let run = |frame, len| {
            let facts = self.facts(frame, 0).unwrap_or_default();
            let (start, _) = placed(facts).find(|(_, part)| of_frame(part, fact.direction))?;
            Some(Run { frame, start, len })
        };
        let parts = self.reassembly(id)?.parts;
        if parts.is_empty() {
            // It is not over: the capture ends before the frame does.
            let of_it = self.ledger.iter().filter(|part| of_frame(part, fact.direction));
            return of_it.map(|part| run(part.frame(), part.len as usize)).collect();
        }
        parts.iter().map(|part| run(part.number(), part.size())).collect()
    }
}

impl<C, A: Clone + Default> Book<C, A> {
    /// Forgets what is in a frame, the newest: a read filter rejected it, and it gave its number to another one, so that
    /// nobody asks for it any more. What was learnt from it of others stays.
    pub fn forget(&mut self, frame: u32) {
        while let Some(fact) = self.ledger.forget(frame) {
            let request = self.request_id(&fact).and_then(|id| self.requests.get_mut(id));
            if let Some(request) = request {
                request.reply.take_if(|reply| reply.get() == frame);
            }
        }
    }

    /// The command that a piece is or answers.
    pub fn request_of(&self, fact: &Fact) -> Option<&Request<C>> {
        self.requests.get(self.request_id(fact)?)
    }

    fn request_id(&self, fact: &Fact) -> Option<RequestId> {
        match fact.reassembly() {
            Some(id) => self.reassemblies.get(id)?.request,
            None => fact.request(),
        }
    }

    /// A frame that came in several transfers.
    pub fn reassembly(&self, id: ReassemblyId) -> Option<Reassembly<'_>> {
        let at = self.reassemblies.get(id)?;
        let (bytes, parts) = at.filed.map_or((&[][..], &[][..]), |place| self.reassembled.get(place));
        Some(Reassembly { length: at.length as usize, parts, bytes })
    }

    /// Files the parts and the bytes of a frame that came in several transfers, and is over.
    pub fn file(&mut self, id: ReassemblyId, parts: &mut Vec<Joined>, bytes: &[u8]) {
        let place = self.reassembled.file(bytes, parts);
        if let Some(frame) = self.reassemblies.get_mut(id) {
            frame.filed = Some(place);
        }
    }

    /// How a transaction was carried.
    pub fn attempt(&self, id: TransactionId) -> A {
        self.attempt_at(id).map(|at| self.attempts[at].1.clone()).unwrap_or_default()
    }

    /// The same, to change it.
    pub fn attempt_mut(&mut self, id: TransactionId) -> &mut A {
        let at = self.attempt_at(id).unwrap_or_else(|at| {
            make_room(&mut self.attempts, 1);
            self.attempts.insert(at, (id, A::default()));
            at
        });
        &mut self.attempts[at].1
    }

    /// Where it is, or is to be. The newest transactions are asked for most.
    fn attempt_at(&self, id: TransactionId) -> Result<usize, usize> {
        match self.attempts.last() {
            Some((last, _)) if *last == id => Ok(self.attempts.len() - 1),
            Some((last, _)) if *last < id => Err(self.attempts.len()),
            _ => self.attempts.binary_search_by_key(&id, |(of, _)| *of),
        }
    }
}
