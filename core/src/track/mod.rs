//! In: transfers in capture order. Out: the facts of each, and the transactions that they make up.
//!
//! Live state is here and only here; it changes on the first visit of a transfer, and never after.

mod book;
mod conversation;
pub mod framing;
pub mod ledger;
pub mod sniff;
pub mod transaction;

pub use book::{Join, Request};

use crate::cursor::Cursor;
use crate::pump::model::Pump;
use crate::radio::serial::Serial;
use crate::session::{Carrier, Claim, Direction, Transfer};
use crate::stick::{self, Command, Context, Opcode};
use book::{Book, JoinAt, next_number, numbered_mut, small};
use framing::{Awaited, Framer, Length, Role};
use ledger::{Fact, Marks};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use transaction::{Part, Transaction};

/// The most sticks that are told apart; further ones are dissected transfer by transfer.
const MOST_LINKS: usize = 4096;

/// What is remembered of one stick while it talks.
#[derive(Debug, Default)]
struct Link {
    trust: sniff::Trust,
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

    /// A command, by its number.
    #[must_use]
    pub fn request(&self, number: u32) -> Option<&Request> {
        self.book.request(number)
    }

    /// A frame that came in several transfers, by its number.
    #[must_use]
    pub fn join(&self, number: u32) -> Option<Join<'_>> {
        self.book.join(number)
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
            _ => (&self.book.data[transaction.data.clone()], &self.book.parts[transaction.parts.clone()]),
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
            let mut fact = Fact { marks, ..Fact::of(direction, piece) };
            match piece.role {
                Role::Stray => {}
                Role::Whole => {
                    let end = (piece.start + piece.len).min(transfer.bytes.len());
                    let bytes = transfer.bytes.get(piece.start..end).unwrap_or_default();
                    let cut = bytes.len() < piece.len;
                    self.frame(link, transfer, &mut fact, bytes, cut, piece.frame - bytes.len());
                }
                Role::Part | Role::Last => {
                    fact.join = self.join_part(link, direction, transfer.frame, piece);
                    if piece.role == Role::Last {
                        self.end_join(link, transfer, &mut fact);
                    } else if direction == Direction::FromStick {
                        // Most likely; the whole will tell.
                        fact.request = link.waiting.front().copied().unwrap_or_default();
                        fact.transaction =
                            self.request(fact.request).map_or(0, |request| request.transaction);
                    }
                }
            }
            self.ledger.add(fact);
            marks = Marks::default();
            at += piece.len.max(1);
        }
    }

    fn join_part(&mut self, link: &mut Link, direction: Direction, frame: u32, piece: framing::Piece) -> u32 {
        let lane = &mut link.lanes[direction as usize];
        if lane.join == 0 {
            lane.join = next_number(&self.joins);
            self.joins.push(JoinAt::default());
        }
        if let Some(join) = numbered_mut(&mut self.joins, lane.join) {
            join.length = piece.frame;
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
    fn end_join(&mut self, link: &mut Link, transfer: &Transfer<'_>, fact: &mut Fact) {
        let lane = &mut link.lanes[fact.direction as usize];
        let bytes = lane.framer.take();
        let sent: usize = lane.parts.iter().map(|(_, len)| *len as usize).sum();
        let mut lacks = 0;
        if let Some(join) = numbered_mut(&mut self.joins, std::mem::take(&mut lane.join)) {
            lacks = join.length.saturating_sub(bytes.len());
            join.parts = self.join_parts.len()..self.join_parts.len() + lane.parts.len();
            join.bytes = self.data.len()..self.data.len() + bytes.len();
        }
        self.join_parts.append(&mut lane.parts);
        self.data.extend_from_slice(&bytes);
        self.frame(link, transfer, fact, &bytes, bytes.len() < sent, lacks);
        link.lanes[fact.direction as usize].framer.put_back(bytes);
    }

    /// Gives up the frame that is being joined in `direction`. True if there was one.
    fn give_up(&mut self, link: &mut Link, transfer: &Transfer<'_>, direction: Direction) -> bool {
        let lane = &link.lanes[direction as usize];
        if !lane.framer.owes() {
            return false;
        }
        // It ended with its last part, not with the transfer that shows that it is over.
        let frame = lane.parts.last().map_or(transfer.frame, |&(frame, _)| frame);
        let mut fact = Fact::of(direction, framing::Piece { role: Role::Last, start: 0, len: 0, frame: 0 });
        self.end_join(link, &Transfer { frame, ..*transfer }, &mut fact);
        true
    }

    fn awaited(&self, link: &Link) -> Awaited {
        match link.waiting.front().and_then(|&number| self.request(number)) {
            None => Awaited::Nothing,
            Some(request) if request.answered.opcode == Opcode::ReadRadio => {
                Awaited::Radio(request.answered.argument.into())
            }
            Some(_) => Awaited::Stick,
        }
    }

    /// Takes a frame: `lacks` bytes of it did not come, or were not captured.
    fn frame(
        &mut self,
        link: &mut Link,
        transfer: &Transfer<'_>,
        fact: &mut Fact,
        bytes: &[u8],
        cut: bool,
        lacks: usize,
    ) {
        let mut nobody = ();
        let mut cursor = Cursor::new(bytes, 0, cut, &mut nobody);
        match fact.direction {
            Direction::ToStick => {
                let command = stick::command(&mut cursor, &Context::default())
                    .unwrap_or_else(|_| Command::Unknown(bytes.first().copied().unwrap_or_default()));
                self.command(link, transfer, fact, command, bytes);
            }
            Direction::FromStick => self.answer(link, transfer, fact, bytes, cut, lacks),
        }
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
    match bytes {
        _ if owes(Direction::FromStick) => Direction::FromStick,
        _ if owes(Direction::ToStick) => Direction::ToStick,
        [1, 0, 0xa7, ..] | [3..=6, ..] | [0x0c, 0, ..] => Direction::ToStick,
        _ => Direction::FromStick,
    }
}
