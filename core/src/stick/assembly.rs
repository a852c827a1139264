// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the transfers of a stick, one after another. Out: the frames that they hold, and a fact of each piece.

use super::conversation::Conversation;
use super::framing::{self, Awaited, Length};
use super::state::{Found, Stick};
use super::{Command, Context, Opcode};
use crate::carrier::book::{Joined, Reassembled};
use crate::carrier::ledger::{Marks, Of};
use crate::carrier::piece::{Piece, Portion};
use crate::exchange::list::small;
use crate::transfer::{Carrier, Direction, Transfer};
use crate::tree::cursor::Cursor;

impl Conversation<'_> {
    /// Goes on behind packets that were left out before `transfer`: what was not over by then has come to an end.
    pub fn resume(&mut self, transfer: &Transfer<'_>) {
        self.give_up(transfer, Direction::FromStick);
        let joined = self.stick.pipes[Direction::ToStick as usize].framer.take();
        self.stick.pipes[Direction::ToStick as usize].framer.put_back(joined);
        self.drop_reassembly(Direction::ToStick);
        if let Some(open) = self.stick.open {
            self.transactions.close(open);
        }
        self.stick.resume();
    }

    pub fn follow(&mut self, transfer: &Transfer<'_>) {
        let direction = transfer.direction.unwrap_or_else(|| direction(self.stick, transfer.bytes));
        let mut marks = Marks::default();
        if direction == Direction::ToStick {
            // The host has gone on: what it was still owed is lost.
            if self.give_up(transfer, Direction::FromStick) {
                marks.add(Marks::AFTER_LOSS);
            }
        }
        let mut at = 0;
        while at < transfer.reported {
            let awaited = self.awaited();
            let next = self.stick.pipes[direction as usize].framer.next(
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
                self.drop_reassembly(direction);
                continue;
            };
            let mut found = Found::nothing(direction, marks);
            let of = match piece.role {
                Portion::Stray => Of::Nothing,
                Portion::Whole => {
                    let end = (piece.start + piece.len).min(transfer.bytes.len());
                    let bytes = transfer.bytes.get(piece.start..end).unwrap_or_default();
                    let cut = bytes.len() < piece.len;
                    self.frame(transfer, &mut found, bytes, cut, piece.frame - bytes.len());
                    found.request.map_or(Of::Nothing, Of::Request)
                }
                Portion::Part | Portion::Last => self.reassemble(transfer, &mut found, piece),
            };
            self.book.ledger.add(direction, piece, of, found.marks);
            marks = Marks::default();
            at += piece.len.max(1);
        }
    }

    /// Adds a part to the frame that is being put together; the last one ends it.
    fn reassemble(&mut self, transfer: &Transfer<'_>, found: &mut Found, piece: Piece) -> Of {
        let next = self.stick.next();
        let pipe = &mut self.stick.pipes[found.direction as usize];
        let id = *pipe.reassembly.get_or_insert_with(|| self.book.reassemblies.push(Reassembled::default()));
        pipe.parts.push(Joined::new(transfer.frame, piece.len));
        if let Some(frame) = self.book.reassemblies.get_mut(id) {
            frame.length = small(piece.frame);
            if piece.role == Portion::Part && found.direction == Direction::FromStick {
                // Most likely; the whole will tell.
                frame.request = next;
            }
        }
        if piece.role == Portion::Last {
            self.end_reassembly(transfer, found);
        }
        Of::Reassembly(id)
    }

    /// Notes that what was taken for parts of a frame is none.
    fn drop_reassembly(&mut self, direction: Direction) {
        let pipe = &mut self.stick.pipes[direction as usize];
        pipe.parts.clear();
        if let Some(frame) = pipe.reassembly.take().and_then(|id| self.book.reassemblies.get_mut(id)) {
            frame.length = 0;
        }
    }

    /// Ends the frame that is being put together, with what has come of it.
    fn end_reassembly(&mut self, transfer: &Transfer<'_>, found: &mut Found) {
        let pipe = &mut self.stick.pipes[found.direction as usize];
        let id = pipe.reassembly.take();
        let bytes = pipe.framer.take();
        let sent: usize = pipe.parts.iter().map(Joined::size).sum();
        let mut lacks = 0;
        if let Some(frame) = id.and_then(|id| self.book.reassemblies.get_mut(id)) {
            lacks = (frame.length as usize).saturating_sub(bytes.len());
        }
        if let Some(id) = id {
            self.book.file(id, &mut pipe.parts, &bytes);
        }
        self.frame(transfer, found, &bytes, bytes.len() < sent, lacks);
        if let Some(frame) = id.and_then(|id| self.book.reassemblies.get_mut(id)) {
            frame.request = found.request;
        }
        self.stick.pipes[found.direction as usize].framer.put_back(bytes);
    }

    /// Gives up the frame that is being put together in `direction`. True if there was one.
    fn give_up(&mut self, transfer: &Transfer<'_>, direction: Direction) -> bool {
        let pipe = &self.stick.pipes[direction as usize];
        if !pipe.framer.owes() {
            return false;
        }
        // It ended with its last part, not with the transfer that shows that it is over.
        let frame = pipe.parts.last().map_or(transfer.frame, Joined::number);
        let mut found = Found::nothing(direction, Marks::default());
        self.end_reassembly(&Transfer { frame, ..*transfer }, &mut found);
        true
    }

    fn awaited(&self) -> Awaited {
        match self.stick.next().and_then(|id| self.book.requests.get(id)) {
            None => Awaited::Nothing,
            Some(request) if request.answered.opcode == Opcode::ReadRadio => {
                Awaited::Radio(request.answered.argument.into())
            }
            Some(_) => Awaited::Stick,
        }
    }

    /// Takes a frame: `lacks` bytes of it did not come, or were not captured.
    fn frame(&mut self, transfer: &Transfer<'_>, found: &mut Found, bytes: &[u8], cut: bool, lacks: usize) {
        let mut nobody = ();
        let mut cursor = Cursor::new(bytes, 0, cut, &mut nobody);
        match found.direction {
            Direction::ToStick => {
                let command = super::command(&mut cursor, &Context::default())
                    .unwrap_or_else(|_| Command::Unknown(bytes.first().copied().unwrap_or_default()));
                self.command(transfer, found, command, bytes);
            }
            Direction::FromStick => {
                self.answer(transfer, found, bytes, cut, lacks);
                if found.request.is_none() && found.transaction.is_some() {
                    found.request = Some(self.unasked(transfer, found.transaction));
                }
            }
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
fn direction(stick: &Stick, bytes: &[u8]) -> Direction {
    let owes = |direction: Direction| stick.pipes[direction as usize].framer.owes();
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
