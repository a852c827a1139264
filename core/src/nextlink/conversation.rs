// SPDX-License-Identifier: GPL-2.0-or-later
//! In: whole messages of one meter, one after another. Out: which answers which, and what that says of the transaction.
//!
//! Source: `docs/protocol/nextlink.md`, sections 3 to 5. A host waits for each answer before it goes on, and an answer
//! repeats the envelope of what it answers, so that of a command with an expected length no other one's reply is taken.

use super::codes::{Refusal, Word};
use super::dialogue::{self, Dialogue};
use super::envelope::{self, Envelope};
use super::message::{self, Message};
use super::payload::Payload;
use super::proof::{self, Wait};
use super::state::{Book, Meter, Sent, Whole};
use crate::carrier::book::Request;
use crate::carrier::context::Context;
use crate::carrier::ids::RequestId;
use crate::carrier::ledger::Marks;
use crate::carrier::order::Step;
use crate::exchange::list::small;
use crate::exchange::{Answer, Arrival, Asked, Completion, Stage, Transaction, TransactionId, Transactions};
use crate::transfer::{At, Direction, Transfer};
use crate::tree::checksum::CrcStatus;
use crate::tree::cursor::Cursor;

/// A meter says more of itself than this only where it is asked to.
const WORD: usize = 2;

/// What one meter and its host say to each other, and where it is kept.
pub(super) struct Conversation<'t> {
    pub book: &'t mut Book,
    pub transactions: &'t mut Transactions,
    pub meter: &'t mut Meter,
}

/// What came in answer to an envelope: the bytes of its payload, and how many more there should be.
#[derive(Clone, Copy)]
struct Came<'b> {
    at: At,
    /// How long it took until it began, in nanoseconds.
    waited: u64,
    envelope: Envelope,
    payload: Payload,
    bytes: &'b [u8],
    lacks: u32,
}

impl Came<'_> {
    fn sound(&self) -> bool {
        self.envelope.check == CrcStatus::Good
    }
}

impl Conversation<'_> {
    /// Takes a message. Its id, or that of what it answers.
    pub fn message(
        &mut self,
        transfer: &Transfer<'_>,
        whole: Whole<'_>,
        marks: &mut Marks,
    ) -> Option<RequestId> {
        let Whole { direction, bytes, cut, begun } = whole;
        let follows = [begun, transfer.time].map(|time| {
            let report = Transfer { time, ..*transfer };
            self.meter.order.follow(&report, self.transactions, self.meter.open).is
        });
        if follows.contains(&Step::Back) {
            self.interrupt(marks);
        }
        let waited = begun.saturating_sub(std::mem::replace(&mut self.meter.spoke, transfer.time));
        let mut nobody = ();
        let mut c = Cursor::new(bytes, 0, cut, &mut nobody);
        let read = message::read(&mut c, direction, &Context::default()).ok();
        match (direction, read) {
            (Direction::ToStick, read) => Some(self.command(transfer, bytes, read, marks)),
            (Direction::FromStick, Some(Message::Dialogue(said))) => {
                // The end of a message whose begin was lost.
                if !said.refuses && (self.waits_for_pump() && bytes.len() > WORD || !dialogue::seems(bytes)) {
                    self.interrupt(marks);
                }
                self.say(transfer.at(), said)
            }
            (Direction::FromStick, Some(Message::Envelope(envelope, payload))) => {
                let bytes = bytes.get(envelope::LENGTH..).unwrap_or_default();
                if bytes.len() > envelope.length.into() {
                    // It goes on with what belongs to another one.
                    self.interrupt(marks);
                }
                let bytes = &bytes[..bytes.len().min(envelope.length.into())];
                let came = Came { at: transfer.at(), waited, envelope, payload, bytes, lacks: 0 };
                Some(self.answer(transfer, came, marks))
            }
            (Direction::FromStick, None) => self.broken(transfer, waited, whole, marks),
        }
    }

    /// Notes that packets are missing before a message, and that they leave the transaction without proof that it may
    /// belong to.
    pub fn interrupt(&mut self, marks: &mut Marks) {
        marks.add(Marks::AFTER_GAP);
        if let Some(open) = self.meter.open.and_then(|id| self.transactions.get_mut(id)) {
            open.interrupt();
        }
    }

    /// True if an envelope is still to be answered.
    fn waits_for_pump(&self) -> bool {
        let waiting = self.meter.waiting.and_then(|id| self.book.requests.get(id));
        waiting.is_some_and(|request| matches!(request.answered, Sent::Envelope(_)))
    }

    /// Takes what the meter says of itself. Much of it nobody asked for.
    fn say(&mut self, came: At, said: Dialogue) -> Option<RequestId> {
        if self.waits_for_pump() && !said.refuses {
            return None;
        }
        let id = self.meter.waiting?;
        let request = self.book.requests.get_mut(id)?;
        request.reply = Some(came.number());
        let transaction = request.transaction?;
        let refused = said.refuses.then_some(Word::Nak.into());
        self.end(transaction, came, refused.map_or(Stage::Accepted, Stage::DeviceNak));
        self.answered();
        Some(id)
    }

    /// Ends a transaction as the meter says.
    fn end(&mut self, id: TransactionId, came: At, stage: Stage) {
        self.count(id, came);
        if let Some(transaction) = self.transactions.get_mut(id) {
            (transaction.stage, transaction.response) = (stage, Some(came));
        }
    }

    fn answered(&mut self) {
        if let Some(id) = self.meter.waiting.take() {
            self.meter.answered = Some(id);
        }
    }

    /// Files an envelope that answers nothing, in the transaction that it came into.
    fn unasked(&mut self, came: At, sent: Sent, transaction: Option<TransactionId>) -> RequestId {
        self.book.requests.push(Request {
            sent: None,
            reply: Some(came.number()),
            answered: sent,
            transaction,
        })
    }

    /// Takes an envelope of the meter that lacks bytes: as far as it tells what it answers.
    fn broken(
        &mut self,
        transfer: &Transfer<'_>,
        waited: u64,
        Whole { bytes, cut, .. }: Whole<'_>,
        marks: &mut Marks,
    ) -> Option<RequestId> {
        let mut nobody = ();
        let read = envelope::read(&mut Cursor::new(bytes, 0, cut, &mut nobody)).ok();
        let Some(envelope) = read else {
            self.interrupt(marks);
            return None;
        };
        let bytes = &bytes[envelope::LENGTH..];
        let lacks = small(usize::from(envelope.length).saturating_sub(bytes.len()));
        let at = transfer.at();
        let came = Came { at, waited, envelope, payload: Payload::Data, bytes, lacks };
        Some(self.answer(transfer, came, marks))
    }

    /// Takes an envelope of the meter.
    fn answer(&mut self, transfer: &Transfer<'_>, came: Came<'_>, marks: &mut Marks) -> RequestId {
        let echo = came.envelope.echo;
        if self.meter.open.is_none() {
            // The capture begins after its command.
            let id = self.open(transfer, Asked::Unknown, &[]);
            self.meter.waiting = Some(self.unasked(came.at, Sent::Envelope(Some(echo)), Some(id)));
        }
        let asked = |id: RequestId| self.book.requests.get(id).map(|request| request.answered);
        let repeats = |sent: Sent| matches!(sent, Sent::Envelope(Some(asked)) if asked.is_answered_by(&echo));
        let answers = self.meter.waiting.filter(|&id| match asked(id) {
            Some(Sent::Envelope(Some(_))) if came.sound() => asked(id).is_some_and(repeats),
            Some(Sent::Envelope(_)) => true,
            _ => false,
        });
        let Some(id) = answers else {
            let again = self.meter.answered.filter(|&id| asked(id).is_some_and(repeats));
            let again = again.filter(|_| self.meter.waiting.is_none());
            marks.add(if again.is_some() { Marks::AFTER_END } else { Marks::LEFT_OVER });
            if self.meter.waiting.is_some() {
                self.interrupt(marks);
            }
            return self.unasked(came.at, Sent::Envelope(Some(echo)), self.meter.open);
        };
        if let Some(request) = self.book.requests.get_mut(id) {
            request.reply = Some(came.at.number());
        }
        let transaction = self.meter.open;
        if let Some(transaction) = transaction {
            self.count(transaction, came.at);
            if !self.proves(transaction, &came) {
                self.interrupt(marks);
            }
            if self.take(transaction, came, marks) {
                self.answered();
            }
        }
        id
    }

    /// True if an answer has the form and the pace of one to this command.
    fn proves(&mut self, id: TransactionId, came: &Came<'_>) -> bool {
        let Some(command) = self.transactions.get(id).and_then(Transaction::command) else { return true };
        let (_, parts) = self.transactions.reply(id);
        let wait = Wait::of(came.envelope.echo.expected, came.payload, parts.len());
        // What the meter says in the pump's place, it says when its patience is over.
        let of_pump = came.sound() && came.envelope.refusal == Refusal::None;
        !of_pump || proof::fits(&command, came.payload) && self.meter.pace.keeps(wait, came.waited)
    }

    /// Takes an answer into its transaction. False if more of it is to come.
    fn take(&mut self, id: TransactionId, came: Came<'_>, marks: &mut Marks) -> bool {
        let Some(transaction) = self.transactions.get(id) else { return true };
        if transaction.ended() {
            marks.add(Marks::AFTER_END);
            return true;
        }
        let expected = usize::from(came.envelope.echo.expected);
        let asks_more = transaction.command().is_some_and(|command| command.parameters == 0) && expected == 0;
        let stage = match (came.sound().then_some(came.envelope.refusal), came.payload) {
            (None, _) if matches!(transaction.asked, Asked::Device(_)) => return true,
            (None | Some(Refusal::Timeout), _) => None,
            (Some(Refusal::None), _) if matches!(transaction.asked, Asked::Device(_)) => {
                Some(Stage::Accepted)
            }
            (Some(Refusal::None), Payload::Ack) if asks_more => {
                // Parameters may follow.
                if let Some(transaction) = self.transactions.get_mut(id) {
                    transaction.stage = Stage::Accepted;
                }
                self.book.attempt_mut(id).acknowledged = Some(came.at);
                return true;
            }
            (Some(Refusal::None), Payload::Empty | Payload::Other | Payload::Packet(_)) => {
                // The meter is well, and nothing came from the pump.
                if let Some(transaction) = self.transactions.get_mut(id) {
                    transaction.stage = Stage::Accepted;
                }
                return true;
            }
            (Some(Refusal::None), _) => None,
            (Some(refusal), _) => Some(Stage::DeviceNak(refusal.into())),
        };
        if let Some(stage) = stage {
            self.end(id, came.at, stage);
            return true;
        }
        let (before, _) = self.transactions.reply(id);
        let lost = (transaction.missing + came.lacks) as usize;
        let last = before.len() + came.bytes.len() + lost >= expected;
        let data = Answer::Data { bytes: came.bytes, part: expected > 0, last };
        let answer = match came.payload {
            // What it says may be wrong, but that something came is not.
            _ if !came.sound() => data,
            _ if came.envelope.refusal == Refusal::Timeout => Answer::Timeout,
            Payload::Ack => Answer::Ack,
            Payload::Nak(nak) => Answer::Nak(nak),
            Payload::Data => data,
            Payload::Empty | Payload::Other | Payload::Packet(_) => Answer::Other,
        };
        // A sum cannot be bad that lacks bytes.
        let good = came.sound() || came.lacks > 0;
        let arrival = Arrival { at: came.at, answer, trusted: true, good, lacks: came.lacks };
        match self.transactions.take(id, arrival) {
            Completion::Whole => marks.add(Marks::WHOLE_REPLY),
            Completion::Joined => marks.add(Marks::COMPLETES),
            Completion::TooLong => marks.add(Marks::LIMIT),
            Completion::None => {}
        }
        !matches!(answer, Answer::Data { last: false, .. })
    }
}
