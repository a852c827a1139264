// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: what must be remembered of a stick while it talks.

use super::continuity::Continuity;
use super::framing::Framer;
use super::heuristic::Heuristic;
use super::pace::Pace;
use crate::carrier::book::Joined;
use crate::carrier::ids::{ReassemblyId, RequestId};
use crate::carrier::ledger::Marks;
use crate::carrier::order::Order;
use crate::exchange::TransactionId;
use crate::transfer::Direction;
use std::collections::VecDeque;

/// What is remembered of one stick while it talks.
#[derive(Debug, Default)]
pub struct Stick {
    pub(super) heuristic: Heuristic,
    pub(super) pipes: [Pipe; 2],
    /// Commands that wait for a reply, the oldest first.
    pub(super) waiting: VecDeque<RequestId>,
    /// How many of them are newer than the command that the next reply answers.
    pub(super) newer: usize,
    /// A power-off command that may yet be acknowledged.
    pub(super) unqueued: Option<RequestId>,
    /// The transaction that polls and reads belong to.
    pub(super) open: Option<TransactionId>,
    pub(super) continuity: Continuity,
    pub(super) pace: Pace,
    pub(super) order: Order,
}

/// One direction of a stick.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    pub framer: Framer,
    /// The frame that is being put together.
    pub reassembly: Option<ReassemblyId>,
    /// The parts of it that came so far.
    pub parts: Vec<Joined>,
}

impl Stick {
    /// Goes on behind packets that were left out. Nothing that comes answers what came before, and the reply buffer holds
    /// nobody knows what, as at the start of a capture; how fast the stick is, and whether it is one, stays known.
    pub fn resume(&mut self) {
        self.waiting.clear();
        (self.newer, self.unqueued, self.open) = (0, None, None);
        self.continuity = Continuity::default();
    }

    /// The command that is to be answered next.
    pub fn next(&self) -> Option<RequestId> {
        let newest = self.waiting.len().checked_sub(1)?;
        self.waiting.get(newest.saturating_sub(self.newer)).copied()
    }
}

/// What is found out about a piece.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub direction: Direction,
    /// The command that it is or answers.
    pub request: Option<RequestId>,
    /// The transaction that it belongs to.
    pub transaction: Option<TransactionId>,
    pub marks: Marks,
}

impl Found {
    pub fn nothing(direction: Direction, marks: Marks) -> Self {
        Self { direction, request: None, transaction: None, marks }
    }
}
