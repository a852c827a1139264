// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what a host says to one meter, message after message. Out: the transactions that it begins, or goes on with.
//!
//! Source: `docs/protocol/nextlink.md`, sections 3 and 4.

use super::codes::Operation;
use super::conversation::Conversation;
use super::dialogue::Dialogue;
use super::envelope::{self, Echo, Envelope};
use super::message::Message;
use super::payload::{self, Packet, Payload};
use super::state::Sent;
use crate::carrier::book::Request;
use crate::carrier::ids::RequestId;
use crate::carrier::ledger::Marks;
use crate::exchange::{Asked, Expects, PumpCommand, Stage, Transaction, TransactionId};
use crate::transfer::{At, Transfer};
use crate::tree::checksum::CrcStatus;

impl Conversation<'_> {
    /// Takes a message of the host.
    pub fn command(
        &mut self,
        transfer: &Transfer<'_>,
        bytes: &[u8],
        read: Option<Message>,
        marks: &mut Marks,
    ) -> RequestId {
        let waited = self.meter.waiting.take().and_then(|id| self.book.requests.get(id)).copied();
        let (sent, transaction) = match read {
            None => (Sent::Envelope(None), self.open(transfer, Asked::Unknown, &[])),
            Some(Message::Dialogue(Dialogue { word, .. })) => {
                (Sent::Word(word), self.open(transfer, Asked::Device(word.into()), &[]))
            }
            Some(Message::Envelope(envelope, payload)) => {
                let echo = Some(envelope.echo).filter(|_| envelope.check == CrcStatus::Good);
                let transaction = match (payload, echo) {
                    (Payload::Packet(packet), _) => self.ask_pump(transfer, &envelope, packet, bytes),
                    (_, Some(Echo { operation: Operation::Send, .. }) | None) => {
                        self.open(transfer, Asked::Unknown, &[])
                    }
                    (_, Some(Echo { operation, .. })) => self.operate(transfer, operation),
                };
                (Sent::Envelope(echo), transaction)
            }
        };
        let request = Request {
            sent: Some(transfer.at()),
            reply: None,
            answered: sent,
            transaction: Some(transaction),
        };
        let id = self.book.requests.push(request);
        self.meter.waiting = Some(id);
        self.count(transaction, transfer.at());
        if waited.is_some_and(|waited| overlooks(waited.answered, sent)) {
            self.interrupt(marks);
        }
        id
    }

    /// Begins a transaction that answers belong to from now on.
    pub fn open(&mut self, transfer: &Transfer<'_>, asked: Asked, parameters: &[u8]) -> TransactionId {
        if let Some(before) = self.meter.open {
            self.close(before);
        }
        let transaction = Transaction::new(asked, transfer.stream, transfer.at(), parameters);
        let id = self.transactions.begin(transaction);
        (self.meter.before, self.meter.open) = (self.meter.open, Some(id));
        id
    }

    /// Ends a transaction. If the pump was ready for parameters, and none came, that was all there was to say.
    fn close(&mut self, id: TransactionId) {
        let acknowledged = self.book.attempt(id).acknowledged;
        if let Some(transaction) = self.transactions.get_mut(id)
            && transaction.stage == Stage::Accepted
            && acknowledged.is_some()
        {
            (transaction.stage, transaction.response) = (Stage::PumpAck, acknowledged);
        }
        self.transactions.close(id);
    }

    fn ask_pump(
        &mut self,
        transfer: &Transfer<'_>,
        envelope: &Envelope,
        packet: Packet,
        bytes: &[u8],
    ) -> TransactionId {
        let sound = envelope.check == CrcStatus::Good && packet.crc == CrcStatus::Good;
        let expects = if envelope.echo.expected == 0 { Expects::One } else { Expects::Several };
        let Packet { serial, opcode, count, .. } = packet;
        let command = PumpCommand { serial, opcode, parameters: count.into(), expects, sound };
        let parameters = bytes.get(envelope::LENGTH + payload::HEADER_LENGTH..).unwrap_or_default();
        let parameters = parameters.get(..count.into()).filter(|_| sound).unwrap_or_default();
        let id = match self.meter.open.filter(|&open| self.goes_on(open, &command)) {
            Some(open) => {
                if let Some(transaction) = self.transactions.get_mut(open) {
                    transaction.go_on(command, parameters);
                }
                open
            }
            None => self.open(transfer, Asked::Pump(command), parameters),
        };
        if let Some(before) = self.meter.before {
            self.transactions.count_repeats(before, id);
        }
        if !parameters.is_empty() {
            self.transactions.take_parameters(id, parameters);
        }
        id
    }

    /// True if a command brings the parameters for the one that was sent without any.
    fn goes_on(&self, open: TransactionId, command: &PumpCommand) -> bool {
        let Some(open) = self.transactions.get(open) else { return false };
        let first =
            open.sound_command().filter(|first| first.parameters == 0 && first.expects == Expects::One);
        let same =
            first.is_some_and(|first| (first.serial, first.opcode) == (command.serial, command.opcode));
        let ready = matches!(open.stage, Stage::Asked | Stage::Accepted) && open.first_data.is_none();
        same && ready && command.sound && command.parameters > 0
    }

    /// Begins what the meter does itself. A session ends with two messages, of which the second one is answered.
    fn operate(&mut self, transfer: &Transfer<'_>, operation: Operation) -> TransactionId {
        let closes = |open: &TransactionId| {
            let open = self.transactions.get(*open);
            open.is_some_and(|open| {
                open.stage == Stage::Asked && open.asked == Asked::Device(Operation::Close.into())
            })
        };
        match self.meter.open.filter(closes).filter(|_| operation == Operation::End) {
            Some(open) => open,
            None => self.open(transfer, Asked::Device(operation.into()), &[]),
        }
    }

    pub fn count(&mut self, id: TransactionId, at: At) {
        let Some(transaction) = self.transactions.get_mut(id).filter(|transaction| !transaction.ended())
        else {
            // Its account is closed, and says the same from now on.
            return;
        };
        transaction.last = at.frame();
        transaction.awaited = true;
        self.book.attempt_mut(id).messages += 1;
    }
}

/// True if a host goes on to `now` without the answer that each envelope gets: all but the one that closes a session, and
/// those before a new one.
fn overlooks(waited: Sent, now: Sent) -> bool {
    let is = |sent: Sent, operation: Operation| sent.code() == Some(operation.into());
    let envelopes = matches!((waited, now), (Sent::Envelope(_), Sent::Envelope(_)));
    envelopes && !is(waited, Operation::Close) && !is(now, Operation::Open)
}
