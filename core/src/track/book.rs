//! In: what is learnt of each frame, once. Out: the same again by number, for good.

use super::ledger::Ledger;
use super::transaction::{Part, Transaction};
use crate::pump::model::Pump;
use crate::radio::serial::Serial;
use crate::stick::Answered;
use rustc_hash::FxHashMap;
use std::ops::Range;

/// A command of the host, and the reply to it. Frame number 0 is "none".
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

/// Where a join is kept. Both ranges are empty before it is over.
#[derive(Clone, Debug, Default)]
pub(super) struct JoinAt {
    pub length: usize,
    pub parts: Range<usize>,
    pub bytes: Range<usize>,
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

    pub fn transaction(&self, number: u32) -> Option<&Transaction> {
        numbered(&self.transactions, number)
    }

    pub fn transaction_mut(&mut self, number: u32) -> Option<&mut Transaction> {
        numbered_mut(&mut self.transactions, number)
    }

    pub fn join(&self, number: u32) -> Option<Join<'_>> {
        let at = numbered(&self.joins, number)?;
        let (parts, bytes) = (&self.join_parts[at.parts.clone()], &self.data[at.bytes.clone()]);
        Some(Join { length: at.length, parts, bytes })
    }
}

/// A number that counts from 1, of the item that `list` takes next.
pub(super) fn next_number<T>(list: &[T]) -> u32 {
    small(list.len() + 1)
}

/// The item with a number that counts from 1.
fn numbered<T>(list: &[T], number: u32) -> Option<&T> {
    list.get((number as usize).checked_sub(1)?)
}

/// The same, to change it.
pub(super) fn numbered_mut<T>(list: &mut [T], number: u32) -> Option<&mut T> {
    list.get_mut((number as usize).checked_sub(1)?)
}

/// A size as the book keeps it.
pub(super) fn small(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}
