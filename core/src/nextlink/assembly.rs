// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the reports of a meter, one after another. Out: the messages in them, and a fact of each report.

use super::conversation::Conversation;
use super::hid::Report;
use super::state::{Pipe, Whole};
use super::{envelope, message};
use crate::carrier::book::{Joined, Reassembled};
use crate::carrier::ids::{ReassemblyId, RequestId};
use crate::carrier::ledger::{Marks, Of};
use crate::carrier::piece::{Piece, Portion};
use crate::exchange::list::small;
use crate::transfer::{Direction, Transfer};

/// The reports of a message come one within 21 ms of the other; those that take longer are of two, in nanoseconds.
const TOGETHER: u64 = 400_000_000;

impl Conversation<'_> {
    /// Begins anew behind what was left out of the capture: nothing is waited for any more.
    pub fn resume(&mut self, transfer: &Transfer<'_>) {
        for direction in [Direction::ToStick, Direction::FromStick] {
            self.give_up(transfer, direction);
        }
        for over in [self.meter.before, self.meter.open].into_iter().flatten() {
            self.transactions.close(over);
        }
        self.meter.resume(transfer.time);
    }

    pub fn follow(&mut self, transfer: &Transfer<'_>) {
        let len = transfer.reported;
        let mut piece = Piece { role: Portion::Stray, start: 0, len, frame: len };
        let Some(report) = Report::of(transfer.bytes, transfer.direction) else {
            let direction = transfer.direction.unwrap_or(Direction::FromStick);
            self.book.ledger.add(direction, piece, Of::Nothing, Marks::default());
            return;
        };
        let direction = report.direction;
        let content = transfer.bytes.get(report.content(transfer.bytes.len())).unwrap_or_default();
        let sent = report.content(len).len();
        let mut marks = self.lost(transfer, direction, content);
        let pipe = &mut self.meter.pipes[direction as usize];
        pipe.longest = pipe.longest.max(len);
        let full = report.head() + usize::from(report.length) >= pipe.longest;
        let begins = !pipe.owes();
        if begins {
            pipe.joined.clear();
            pipe.sent = 0;
            pipe.begun = transfer.time;
        }
        pipe.last = transfer.time;
        if pipe.joined.len() == pipe.sent {
            pipe.joined.extend_from_slice(content);
        }
        pipe.sent += sent;
        let ends = message::ends(&pipe.joined, pipe.sent, sent, full);
        piece.role = match (begins, ends) {
            (true, true) => Portion::Whole,
            (false, true) => Portion::Last,
            (_, false) => Portion::Part,
        };
        piece.frame = message::length(&pipe.joined, pipe.sent).unwrap_or(0);
        let of = if piece.role == Portion::Whole {
            match sent {
                // A report without a message.
                0 => None,
                _ => self.deliver(transfer, direction, None, &mut marks),
            }
            .map_or(Of::Nothing, Of::Request)
        } else {
            Of::Reassembly(self.join(transfer, direction, sent, piece, &mut marks))
        };
        self.book.ledger.add(direction, piece, of, marks);
    }

    /// Gives up the messages that this report shows not to go on.
    fn lost(&mut self, transfer: &Transfer<'_>, direction: Direction, content: &[u8]) -> Marks {
        let mut marks = Marks::default();
        let reply = Direction::FromStick;
        let other = if direction == reply { Direction::ToStick } else { reply };
        let late = transfer.time.saturating_sub(self.meter.pipes[direction as usize].last) > TOGETHER;
        for way in [other, direction] {
            if (way == other || late || envelope::opens(content)) && self.give_up(transfer, way) {
                marks.add(if way == reply { Marks::AFTER_LOSS } else { Marks::AFTER_GAP });
            }
        }
        marks
    }

    /// Adds a report to the message that is being put together; the last one ends it.
    fn join(
        &mut self,
        transfer: &Transfer<'_>,
        direction: Direction,
        sent: usize,
        piece: Piece,
        marks: &mut Marks,
    ) -> ReassemblyId {
        let waiting = self.meter.waiting.filter(|_| direction == Direction::FromStick);
        let pipe = &mut self.meter.pipes[direction as usize];
        let id = *pipe.reassembly.get_or_insert_with(|| self.book.reassemblies.push(Reassembled::default()));
        pipe.parts.push(Joined::new(transfer.frame, sent));
        if let Some(frame) = self.book.reassemblies.get_mut(id) {
            frame.length = small(piece.frame);
            // Most likely; the whole will tell.
            frame.request = waiting;
        }
        if piece.role == Portion::Last {
            let request = self.deliver(transfer, direction, Some(id), marks);
            if let Some(frame) = self.book.reassemblies.get_mut(id) {
                frame.request = request;
            }
        }
        id
    }

    /// Hands on a message that is over, with what came of it.
    fn deliver(
        &mut self,
        transfer: &Transfer<'_>,
        direction: Direction,
        id: Option<ReassemblyId>,
        marks: &mut Marks,
    ) -> Option<RequestId> {
        let pipe = &mut self.meter.pipes[direction as usize];
        pipe.reassembly = None;
        let bytes = std::mem::take(&mut pipe.joined);
        if let Some(id) = id {
            self.book.file(id, &mut pipe.parts, &bytes);
        }
        let whole = Whole { direction, bytes: &bytes, cut: bytes.len() < pipe.sent, begun: pipe.begun };
        let request = self.message(transfer, whole, marks);
        self.meter.pipes[direction as usize].joined = bytes;
        request
    }

    /// Gives up the message that is being put together in `direction`. True if there was one.
    fn give_up(&mut self, transfer: &Transfer<'_>, direction: Direction) -> bool {
        let Some(id) = self.meter.pipes[direction as usize].reassembly else { return false };
        // It ended with its last part, not with the transfer that shows that it is over.
        let Pipe { parts, last, .. } = &self.meter.pipes[direction as usize];
        let frame = parts.last().map_or(transfer.frame, Joined::number);
        let shown = Transfer { frame, time: *last, ..*transfer };
        let request = self.deliver(&shown, direction, Some(id), &mut Marks::default());
        if let Some(frame) = self.book.reassemblies.get_mut(id) {
            frame.request = request;
        }
        true
    }
}
