// SPDX-License-Identifier: GPL-2.0-or-later
//! In: transfers in capture order. Out: the facts of each, and the transactions that they make up.
//!
//! Live state is here and only here; it changes on the first visit of a transfer, and never after.

mod book;
mod conversation;
pub mod ledger;
mod list;
pub mod transaction;

pub use book::{Join, Request};

use crate::pump::model::Pump;
use crate::pump::serial::Serial;
use crate::stick::continuity::Continuity;
use crate::stick::framing::{self, Awaited, Framer, Length, Role};
use crate::stick::heuristic::Trust;
use crate::stick::{self, Command, Context, Opcode};
use crate::transfer::{Carrier, Claim, Direction, Transfer};
use crate::tree::cursor::Cursor;
use book::{Book, JoinAt};
use ledger::{Fact, Marks};
use list::{append, file, make_room, next_number, numbered_mut, small};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use transaction::{Part, Transaction};

/// The most sticks that are told apart; further ones are dissected transfer by transfer.
const MOST_LINKS: usize = 4096;

/// What is remembered of one stick while it talks.
#[derive(Debug, Default)]
struct Link {
    trust: Trust,
    lanes: [Lane; 2],
    /// Commands that wait for a reply, the oldest first.
    waiting: VecDeque<u32>,
    /// How many of them are newer than the command that the next reply answers.
    behind: usize,
    /// A power-off command that may yet be acknowledged.
    unqueued: u32,
    /// The transaction that polls and reads belong to.
    open: u32,
    /// What came of that transaction's reply.
    data: Vec<u8>,
    /// In which parts it came.
    parts: Vec<Part>,
    continuity: Continuity,
}

/// One direction of a link.
#[derive(Debug, Default)]
struct Lane {
    framer: Framer,
    /// The frame that is being joined.
    join: u32,
    /// The transfers that it came in so far, and their lengths.
    parts: Vec<(u32, u32)>,
}

impl Link {
    /// The command that is to be answered next.
    fn next(&self) -> Option<u32> {
        let newest = self.waiting.len().checked_sub(1)?;
        self.waiting.get(newest.saturating_sub(self.behind)).copied()
    }
}

/// What is found out about a piece.
#[derive(Clone, Copy)]
struct Found {
    direction: Direction,
    /// The command that it is or answers.
    request: u32,
    /// The transaction that it belongs to.
    transaction: u32,
    marks: Marks,
}

impl Found {
    fn nothing(direction: Direction, marks: Marks) -> Self {
        Self { direction, request: 0, transaction: 0, marks }
    }
}

/// Follows the conversation of every stick in a capture.
#[derive(Debug, Default)]
pub struct Tracker {
    links: FxHashMap<u64, Link>,
    book: Book,
    forced: Option<Pump>,
}

impl Tracker {
    /// Takes all pumps for this one, whatever the traffic says.
    pub fn force_pump(&mut self, pump: Option<Pump>) {
        self.forced = pump;
    }

    /// Takes a transfer, in capture order. False if the transfer is not a stick's.
    pub fn observe(&mut self, transfer: &Transfer<'_>) -> bool {
        if self.links.len() >= MOST_LINKS && !self.links.contains_key(&transfer.stream) {
            return transfer.claim == Claim::Certain;
        }
        let link = self.links.entry(transfer.stream).or_default();
        link.trust = link.trust.after(transfer);
        let takes = link.trust.takes();
        if takes && self.book.ledger.begin(transfer.frame, transfer.layer) {
            self.book.follow(link, transfer);
        }
        takes
    }

    /// True if the stick's transfers are to be dissected, as far as is known now.
    #[must_use]
    pub fn takes(&self, stream: u64) -> bool {
        self.links.get(&stream).is_some_and(|link| link.trust.takes())
    }

    /// The facts of a transfer, front to back.
    #[must_use]
    pub fn facts(&self, frame: u32, layer: u32) -> Option<&[Fact]> {
        self.book.ledger.find(frame, layer)
    }

    /// The command that a piece is or answers.
    #[must_use]
    pub fn request(&self, fact: &Fact) -> Option<&Request> {
        self.book.request_of(fact).filter(|request| request.frame != 0)
    }

    /// The number of the transaction that a piece belongs to; 0 if to none.
    #[must_use]
    pub fn transaction_of(&self, fact: &Fact) -> u32 {
        self.book.request_of(fact).map_or(0, |request| request.transaction)
    }

    /// The frame that a piece is a part of, if it came in several transfers.
    #[must_use]
    pub fn join(&self, fact: &Fact) -> Option<Join<'_>> {
        if fact.is_part() { self.book.join(fact.of) } else { None }
    }

    /// A transaction, by its number.
    #[must_use]
    pub fn transaction(&self, number: u32) -> Option<&Transaction> {
        self.book.transaction(number)
    }

    /// All transactions, in the order of their numbers, from 1.
    #[must_use]
    pub fn transactions(&self) -> &[Transaction] {
        &self.book.transactions
    }

    /// The reply of a transaction as far as it came, and its parts.
    #[must_use]
    pub fn reply(&self, number: u32) -> (&[u8], &[Part]) {
        let Some(transaction) = self.transaction(number) else { return (&[], &[]) };
        match self.links.get(&transaction.stream) {
            Some(link) if link.open == number => (&link.data, &link.parts),
            _ => self.book.filed(transaction),
        }
    }

    /// How many bytes of frames and replies are kept, put together from several transfers.
    #[must_use]
    pub fn reassembled(&self) -> usize {
        self.book.data.len()
    }

    /// What is known of a pump, by now.
    #[must_use]
    pub fn pump(&self, serial: Serial) -> Pump {
        self.forced.or_else(|| self.book.pumps.get(&serial).copied()).unwrap_or_default()
    }
}

impl Book {
    fn follow(&mut self, link: &mut Link, transfer: &Transfer<'_>) {
        let direction = transfer.direction.unwrap_or_else(|| direction(link, transfer.bytes));
        let mut marks = Marks::default();
        if direction == Direction::ToStick {
            // The host has gone on: what it was still owed is lost.
            if self.give_up(link, transfer, Direction::FromStick) {
                marks.add(Marks::AFTER_LOSS);
            }
        }
        let mut at = 0;
        while at < transfer.reported {
            let awaited = self.awaited(link);
            let next = link.lanes[direction as usize].framer.next(
                at,
                transfer.bytes,
                transfer.reported,
                transfer.carrier,
                |bytes| match direction {
                    Direction::ToStick => command_length(bytes, transfer.carrier),
                    Direction::FromStick => framing::reply_length(bytes, awaited),
                },
            );
            let Some(piece) = next else {
                self.drop_join(&mut link.lanes[direction as usize]);
                continue;
            };
            let mut found = Found::nothing(direction, marks);
            let mut of = 0;
            match piece.role {
                Role::Stray => {}
                Role::Whole => {
                    let end = (piece.start + piece.len).min(transfer.bytes.len());
                    let bytes = transfer.bytes.get(piece.start..end).unwrap_or_default();
                    let cut = bytes.len() < piece.len;
                    of = self.frame(link, transfer, &mut found, bytes, cut, piece.frame - bytes.len());
                }
                Role::Part | Role::Last => {
                    of = self.join_part(link, direction, transfer.frame, piece);
                    if piece.role == Role::Last {
                        self.end_join(link, transfer, &mut found);
                    } else if let Some(join) = numbered_mut(&mut self.joins, of)
                        && direction == Direction::FromStick
                    {
                        // Most likely; the whole will tell.
                        join.request = link.next().unwrap_or_default();
                    }
                }
            }
            self.ledger.add(direction, piece, of, found.marks);
            marks = Marks::default();
            at += piece.len.max(1);
        }
    }

    fn join_part(&mut self, link: &mut Link, direction: Direction, frame: u32, piece: framing::Piece) -> u32 {
        let lane = &mut link.lanes[direction as usize];
        if lane.join == 0 {
            lane.join = next_number(&self.joins);
            append(&mut self.joins, JoinAt::default());
        }
        if let Some(join) = numbered_mut(&mut self.joins, lane.join) {
            join.length = small(piece.frame);
        }
        lane.parts.push((frame, small(piece.len)));
        lane.join
    }

    /// Notes that what was taken for parts of a frame is none.
    fn drop_join(&mut self, lane: &mut Lane) {
        lane.parts.clear();
        if let Some(join) = numbered_mut(&mut self.joins, std::mem::take(&mut lane.join)) {
            join.length = 0;
        }
    }

    /// Ends the frame that is being joined, with what has come of it.
    fn end_join(&mut self, link: &mut Link, transfer: &Transfer<'_>, found: &mut Found) {
        let lane = &mut link.lanes[found.direction as usize];
        let number = std::mem::take(&mut lane.join);
        let bytes = lane.framer.take();
        let sent: usize = lane.parts.iter().map(|(_, len)| *len as usize).sum();
        let mut lacks = 0;
        if let Some(join) = numbered_mut(&mut self.joins, number) {
            lacks = (join.length as usize).saturating_sub(bytes.len());
            (join.parts, join.part_count) = (small(self.join_parts.len()), small(lane.parts.len()));
            (join.bytes, join.byte_count) = (self.data.len(), small(bytes.len()));
        }
        file(&mut self.join_parts, &mut lane.parts);
        make_room(&mut self.data, bytes.len());
        self.data.extend_from_slice(&bytes);
        let request = self.frame(link, transfer, found, &bytes, bytes.len() < sent, lacks);
        if let Some(join) = numbered_mut(&mut self.joins, number) {
            join.request = request;
        }
        link.lanes[found.direction as usize].framer.put_back(bytes);
    }

    /// Gives up the frame that is being joined in `direction`. True if there was one.
    fn give_up(&mut self, link: &mut Link, transfer: &Transfer<'_>, direction: Direction) -> bool {
        let lane = &link.lanes[direction as usize];
        if !lane.framer.owes() {
            return false;
        }
        // It ended with its last part, not with the transfer that shows that it is over.
        let frame = lane.parts.last().map_or(transfer.frame, |&(frame, _)| frame);
        let mut found = Found::nothing(direction, Marks::default());
        self.end_join(link, &Transfer { frame, ..*transfer }, &mut found);
        true
    }

    fn awaited(&self, link: &Link) -> Awaited {
        match link.next().and_then(|number| self.request(number)) {
            None => Awaited::Nothing,
            Some(request) if request.answered.opcode == Opcode::ReadRadio => {
                Awaited::Radio(request.answered.argument.into())
            }
            Some(_) => Awaited::Stick,
        }
    }

    /// Takes a frame: `lacks` bytes of it did not come, or were not captured. The number of the command that it is or
    /// answers.
    fn frame(
        &mut self,
        link: &mut Link,
        transfer: &Transfer<'_>,
        found: &mut Found,
        bytes: &[u8],
        cut: bool,
        lacks: usize,
    ) -> u32 {
        let mut nobody = ();
        let mut cursor = Cursor::new(bytes, 0, cut, &mut nobody);
        match found.direction {
            Direction::ToStick => {
                let command = stick::command(&mut cursor, &Context::default())
                    .unwrap_or_else(|_| Command::Unknown(bytes.first().copied().unwrap_or_default()));
                self.command(link, transfer, found, command, bytes);
            }
            Direction::FromStick => {
                self.answer(link, transfer, found, bytes, cut, lacks);
                if found.request == 0 && found.transaction != 0 {
                    found.request = self.unasked(transfer, found.transaction);
                }
            }
        }
        found.request
    }
}

/// The length of a command. In USB each transfer to the stick begins a command, even one that is not known.
fn command_length(bytes: &[u8], carrier: Carrier) -> Length {
    match framing::command_length(bytes) {
        Length::None if carrier == Carrier::Transfers => Length::Is(bytes.len()),
        length => length,
    }
}

/// Tells which way bytes went where the capture does not: by what is owed, or by how a frame begins.
fn direction(link: &Link, bytes: &[u8]) -> Direction {
    let owes = |direction: Direction| link.lanes[direction as usize].framer.owes();
    let begins_command = || {
        let row = bytes.first().and_then(|&first| Opcode::from(first).row());
        row.is_some_and(|row| row.shape.begins(bytes))
    };
    if owes(Direction::FromStick) {
        Direction::FromStick
    } else if owes(Direction::ToStick) || begins_command() {
        Direction::ToStick
    } else {
        Direction::FromStick
    }
}
