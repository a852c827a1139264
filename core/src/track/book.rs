// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what is learnt of each frame, once. Out: the same again by number, for good.

use super::ledger::{Fact, Ledger};
use super::list::{numbered, numbered_mut};
use super::transaction::{Filed, Part, Transaction};
use crate::pump::model::Pump;
use crate::pump::serial::Serial;
use crate::stick::Answered;
use rustc_hash::FxHashMap;

/// A command of the host, and the reply to it. Frame number 0 is "none": what nobody asked for has no command.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// The command's frame.
    pub frame: u32,
    /// The reply's frame.
    pub reply: u32,
    /// When the command was sent, in nanoseconds.
    pub time: u64,
    /// When the reply came.
    pub replied: u64,
    /// The command's opcode, and its argument.
    pub answered: Answered,
    /// The transaction it belongs to; the first is 1.
    pub transaction: u32,
}

/// A frame that came in several transfers.
#[derive(Clone, Copy, Debug)]
pub struct Join<'a> {
    /// The frame's length as it should be; 0 if the parts turned out to be no frame's.
    pub length: usize,
    /// Frames that hold its parts, and the parts' lengths; none before it is over.
    pub parts: &'a [(u32, u32)],
    /// Its bytes, as far as they came; none before it is over.
    pub bytes: &'a [u8],
}

/// Where a join is kept. There is nothing of it before it is over.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct JoinAt {
    pub length: u32,
    /// The command that the frame is or answers; before it is over, most likely.
    pub request: u32,
    pub parts: u32,
    pub part_count: u32,
    pub bytes: usize,
    pub byte_count: u32,
}

/// All that is kept of the frames that were seen. Things are numbered from 1; 0 is "none".
#[derive(Debug, Default)]
pub(super) struct Book {
    pub ledger: Ledger,
    pub requests: Vec<Request>,
    pub joins: Vec<JoinAt>,
    pub join_parts: Vec<(u32, u32)>,
    pub transactions: Vec<Transaction>,
    pub parts: Vec<Part>,
    pub data: Vec<u8>,
    pub pumps: FxHashMap<Serial, Pump>,
}

impl Book {
    pub fn request(&self, number: u32) -> Option<&Request> {
        numbered(&self.requests, number)
    }

    /// The command that a piece is or answers.
    pub fn request_of(&self, fact: &Fact) -> Option<&Request> {
        let number = if fact.is_part() { numbered(&self.joins, fact.of)?.request } else { fact.of };
        self.request(number)
    }

    pub fn transaction(&self, number: u32) -> Option<&Transaction> {
        numbered(&self.transactions, number)
    }

    pub fn transaction_mut(&mut self, number: u32) -> Option<&mut Transaction> {
        numbered_mut(&mut self.transactions, number)
    }

    /// The reply of a transaction that is over, and its parts.
    pub fn filed(&self, transaction: &Transaction) -> (&[u8], &[Part]) {
        let Filed { data, length, parts, count } = transaction.filed;
        (&self.data[data..][..length as usize], &self.parts[parts as usize..][..count as usize])
    }

    pub fn join(&self, number: u32) -> Option<Join<'_>> {
        let at = numbered(&self.joins, number)?;
        let parts = &self.join_parts[at.parts as usize..][..at.part_count as usize];
        let bytes = &self.data[at.bytes..][..at.byte_count as usize];
        Some(Join { length: at.length as usize, parts, bytes })
    }
}
