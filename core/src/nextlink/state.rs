// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: what must be remembered of a meter while it talks.

use super::attempt::Attempt;
use super::codes::Word;
use super::envelope::Echo;
use super::heuristic::Heuristic;
use super::proof::Pace;
use crate::carrier::book;
use crate::carrier::book::Joined;
use crate::carrier::ids::{ReassemblyId, RequestId};
use crate::carrier::order::Order;
use crate::exchange::{DeviceCode, TransactionId};
use crate::transfer::Direction;

/// A message of the host to the meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// An envelope, which an answer repeats; `None` if its check value is bad.
    Envelope(Option<Echo>),
    /// Words of the dialogue.
    Word(Word),
}

impl Sent {
    /// What the meter is to do itself.
    #[must_use]
    pub fn code(&self) -> Option<DeviceCode> {
        match self {
            Self::Envelope(echo) => echo.map(|echo| echo.operation.into()),
            Self::Word(word) => Some((*word).into()),
        }
    }
}

/// A message, as far as it came.
#[derive(Clone, Copy)]
pub(super) struct Whole<'b> {
    pub direction: Direction,
    pub bytes: &'b [u8],
    /// True if the capture lacks bytes that were sent.
    pub cut: bool,
    /// When its first report came, in nanoseconds.
    pub begun: u64,
}

/// All that is kept of the messages of meters.
pub(super) type Book = book::Book<Sent, Attempt>;

/// What is remembered of one meter while it talks.
#[derive(Debug, Default)]
pub struct Meter {
    pub(super) heuristic: Heuristic,
    pub(super) pipes: [Pipe; 2],
    /// The message that waits for an answer.
    pub(super) waiting: Option<RequestId>,
    /// The message that was answered last.
    pub(super) answered: Option<RequestId>,
    /// The transaction that answers belong to.
    pub(super) open: Option<TransactionId>,
    /// The transaction before that.
    pub(super) before: Option<TransactionId>,
    pub(super) order: Order,
    pub(super) pace: Pace,
    /// When the host or the meter spoke last.
    pub(super) spoke: u64,
}

impl Meter {
    /// Forgets what is waited for.
    pub fn resume(&mut self, time: u64) {
        (self.waiting, self.answered, self.open, self.before) = (None, None, None, None);
        self.spoke = time;
    }
}

/// One direction of a meter.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    /// What came of the message that is being put together, up to the first byte that was not captured.
    pub joined: Vec<u8>,
    /// How many bytes of it were sent.
    pub sent: usize,
    /// When its first report came, in nanoseconds.
    pub begun: u64,
    /// When its last report came so far, in nanoseconds.
    pub last: u64,
    /// Where it is kept, once it goes on.
    pub reassembly: Option<ReassemblyId>,
    /// The transfers that it came in so far, and how many bytes of it each had.
    pub parts: Vec<Joined>,
    /// How long the longest report was.
    pub longest: usize,
}

impl Pipe {
    /// True while a message lacks bytes.
    pub fn owes(&self) -> bool {
        self.reassembly.is_some()
    }
}
