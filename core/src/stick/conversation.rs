// SPDX-License-Identifier: GPL-2.0-or-later
//! In: whole frames of one stick, one after another. Out: which reply answers which command, and what that says of the
//! transaction.
//!
//! Source: `docs/protocol/stick.md`, sections 4.3 and 4.4. Each rule stands here once.

use super::attempt::Attempt;
use super::book::{Book, Request};
use super::codes::{ACK_LENGTH, refuses, speaker};
use super::command::Body as _;
use super::continuity::asked_for;
use super::pace::Wait;
use super::received::{self, RadioReply, ResponseType};
use super::row::End;
use super::state::{Found, Stick};
use super::status::StickStatus;
use super::transmit::{self, Transmit};
use super::{Answered, Command, Context, NakReason, Opcode, Reply, ReplyCode};
use crate::carrier::ids::RequestId;
use crate::carrier::ledger::Marks;
use crate::carrier::order::Step;
use crate::exchange::list::small;
use crate::exchange::{
    Answer, Arrival, Asked, Completion, Device, DeviceCode, Expects, PumpCommand, Stage, Transaction,
    TransactionId, Transactions,
};
use crate::pump::Opcode as PumpOpcode;
use crate::transfer::{At, Transfer};
use crate::tree::checksum::CrcStatus;
use crate::tree::cursor::Cursor;

/// The most commands of one stick that may wait for a reply.
pub(super) const MOST_WAITING: usize = 32;
/// A command that waits longer than this gets no reply any more, in nanoseconds.
const STALE: u64 = 2_000_000_000;
/// The same for power control, which takes 17 s.
const STALE_POWER: u64 = 20_000_000_000;

/// What one stick and its host say to each other, and where it is kept.
pub(super) struct Conversation<'t> {
    pub book: &'t mut Book,
    pub transactions: &'t mut Transactions,
    pub stick: &'t mut Stick,
}

impl From<Opcode> for DeviceCode {
    fn from(opcode: Opcode) -> Self {
        Self::new(Device::Stick, opcode.into(), Opcode::NAMES)
    }
}

impl From<NakReason> for DeviceCode {
    fn from(reason: NakReason) -> Self {
        Self::new(Device::Stick, reason.into(), NakReason::NAMES)
    }
}

impl From<&Transmit> for PumpCommand {
    fn from(packet: &Transmit) -> Self {
        let expects = match packet.pages {
            _ if packet.powers_off() => Expects::Silence,
            0 => Expects::Nothing,
            1 => Expects::One,
            2 => Expects::Several,
            _ => Expects::Unknown,
        };
        let Transmit { serial, opcode, parameters, .. } = *packet;
        Self { serial, opcode, parameters, expects, sound: packet.header_good() }
    }
}

impl Conversation<'_> {
    fn request(&self, id: Option<RequestId>) -> Option<&Request> {
        self.book.requests.get(id?)
    }

    fn transaction(&self, id: Option<TransactionId>) -> Option<&Transaction> {
        self.transactions.get(id?)
    }

    fn transaction_mut(&mut self, id: Option<TransactionId>) -> Option<&mut Transaction> {
        self.transactions.get_mut(id?)
    }

    /// Takes a command of the host.
    pub fn command(&mut self, transfer: &Transfer<'_>, found: &mut Found, command: Command, bytes: &[u8]) {
        let sent = transfer.at();
        let step = self.stick.order.follow(transfer, self.transactions, self.stick.open);
        // Behind what was left out, nobody knows how long the host waited.
        let waited = if transfer.left_out { 0 } else { sent.time().saturating_sub(step.before) };
        let opcode = match command {
            // A command that is cut short is still known by its first byte.
            Command::Unknown(first) => Opcode::from(first),
            _ => command.opcode(),
        };
        let transaction = match (opcode.row().map(|row| row.end), command) {
            (_, Command::Transmit(packet)) => self.ask_pump(transfer, &packet, bytes),
            // A packet to a pump of which too little came to tell what it asks.
            (Some(End::Pump), _) => self.open(transfer, Asked::Unknown, &[]),
            (Some(End::Open), _) => match self.stick.open {
                Some(open) => open,
                None => self.open(transfer, Asked::Unknown, &[]),
            },
            _ => self.begin(transfer, Asked::Device(opcode.into()), &[]),
        };
        found.transaction = Some(transaction);
        self.count(found, transaction, opcode, sent);
        let follows = match command {
            Command::ReadRadio(size) => {
                let keeps_pace = self.stick.pace.keeps(Wait::ToRead, waited);
                self.stick.continuity.reads(size.0) && keeps_pace
            }
            _ => true,
        };
        if opcode == Opcode::Transmit {
            self.stick.continuity.transmits();
        }
        let answered = Answered { opcode, ..command.asks() };
        let request = Request { sent: Some(sent), reply: None, answered, transaction: found.transaction };
        let id = self.book.requests.push(request);
        found.request = Some(id);
        let unanswered = self.unanswered(opcode);
        if !follows || unanswered || step.is == Step::Back {
            self.interrupt(found);
        }
        if self.stick.waiting.len() >= MOST_WAITING {
            self.stick.waiting.clear();
            found.marks.add(Marks::LIMIT);
        }
        self.enqueue(id, opcode, &command, sent.time());
    }

    fn begin(&mut self, transfer: &Transfer<'_>, asked: Asked, parameters: &[u8]) -> TransactionId {
        let transaction = Transaction::new(asked, transfer.stream, transfer.at(), parameters);
        self.transactions.begin(transaction)
    }

    /// Begins a transaction that polls and reads belong to from now on.
    fn open(&mut self, transfer: &Transfer<'_>, asked: Asked, parameters: &[u8]) -> TransactionId {
        if let Some(before) = self.stick.open {
            self.transactions.close(before);
        }
        let id = self.begin(transfer, asked, parameters);
        self.stick.open = Some(id);
        id
    }

    fn ask_pump(&mut self, transfer: &Transfer<'_>, packet: &Transmit, bytes: &[u8]) -> TransactionId {
        let parameters = bytes
            .get(transmit::HEADER_LENGTH..)
            .and_then(|rest| rest.get(..packet.parameters.into()))
            .filter(|_| packet.crcs_good());
        let before = self.stick.open;
        let id = self.open(transfer, Asked::Pump(packet.into()), parameters.unwrap_or_default());
        if let Some(before) = before {
            self.transactions.count_repeats(before, id);
        }
        if let Some(parameters) = parameters {
            self.transactions.take_parameters(id, parameters);
        }
        id
    }

    /// Counts a command in its transaction.
    fn count(&mut self, found: &mut Found, id: TransactionId, opcode: Opcode, sent: At) {
        let (_, parts) = self.transactions.reply(id);
        let again = parts.last().is_some_and(|part| !part.good);
        let Some(transaction) = self.transactions.get_mut(id) else { return };
        if transaction.ended() {
            // Its account is closed, and says the same from now on.
            found.marks.add(Marks::AFTER_END);
            return;
        }
        transaction.last = sent.frame();
        match opcode {
            Opcode::ReadStatus => {
                transaction.awaited = true;
                self.book.attempt_mut(id).polls += 1;
            }
            Opcode::ReadRadio => {
                let attempt = self.book.attempt_mut(id);
                attempt.reads += 1;
                attempt.rereads += u32::from(again);
            }
            _ => {}
        }
    }

    /// True if the command before this one still waits for its reply, which each command but the first gets.
    fn unanswered(&mut self, opcode: Opcode) -> bool {
        // A session opens with Read Product Info, whatever the one before it still waited for.
        let before = self.stick.waiting.back().filter(|_| opcode != Opcode::ProductInfo);
        let Some(command) = self.request(before.copied()) else { return false };
        let answered = command.answered;
        self.stick.continuity.lost(answered);
        self.stick.continuity.begun()
    }

    /// True if a reply came no later than the stick's usual pace explains.
    fn keeps_pace(&mut self, found: &Found, command: Answered, sent: Option<At>, came: At) -> bool {
        let powers =
            |id| self.transaction(id).and_then(Transaction::pump_opcode) == Some(PumpOpcode::POWER_CONTROL);
        let Some(sent) = sent.filter(|_| command.opcode == Opcode::ReadRadio || !powers(found.transaction))
        else {
            return true;
        };
        if self.stick.newer > 0 {
            // The host has gone on already, so how long it waited is not known.
            return true;
        }
        self.stick.pace.keeps(Wait::Reply(command.opcode), came.time().saturating_sub(sent.time()))
    }

    /// Notes that packets are missing before a frame, and that they leave the transactions without proof that it may
    /// belong to.
    fn interrupt(&mut self, found: &mut Found) {
        found.marks.add(Marks::AFTER_GAP);
        for id in [self.stick.open, found.transaction] {
            if let Some(transaction) = self.transaction_mut(id) {
                transaction.interrupt();
            }
        }
    }

    fn enqueue(&mut self, id: RequestId, opcode: Opcode, command: &Command, now: u64) {
        let stale = |waiting: RequestId| {
            self.request(Some(waiting)).is_none_or(|waiting| {
                let asked = self.transaction(waiting.transaction).and_then(Transaction::pump_opcode);
                let patience = if asked == Some(PumpOpcode::POWER_CONTROL) { STALE_POWER } else { STALE };
                waiting.sent.is_none_or(|sent| now.saturating_sub(sent.time()) > patience)
            })
        };
        // A session opens with Read Product Info: what an earlier one still waited for will not come.
        let over = if opcode == Opcode::ProductInfo {
            self.stick.waiting.len()
        } else {
            self.stick.waiting.iter().take_while(|&&waiting| stale(waiting)).count()
        };
        self.stick.waiting.drain(..over);
        self.stick.unqueued = None;
        match command {
            Command::Transmit(packet) if packet.powers_off() => self.stick.unqueued = Some(id),
            _ => self.stick.waiting.push_back(id),
        }
    }

    /// Takes a reply of the stick, or of a pump through it. `lacks` bytes of it did not come, or were not captured.
    pub fn answer(
        &mut self,
        transfer: &Transfer<'_>,
        found: &mut Found,
        bytes: &[u8],
        cut: bool,
        lacks: usize,
    ) {
        let came = transfer.at();
        let step = self.stick.order.follow(transfer, self.transactions, self.stick.open);
        found.request = self.pair(bytes);
        let request = found.request.and_then(|id| self.book.requests.get_mut(id));
        let answers = request.map(|request| {
            request.reply = Some(came.number());
            found.transaction = request.transaction;
            (request.answered, request.sent)
        });
        let keeps_pace = answers.is_none_or(|(command, sent)| self.keeps_pace(found, command, sent, came));
        let answers = answers.map(|(command, _)| command);
        let follows = follows(self.stick, answers, bytes, lacks);
        if !follows || !keeps_pace || step.is == Step::Back {
            self.interrupt(found);
        }
        let mut nobody = ();
        let mut cursor = Cursor::new(bytes, 0, cut, &mut nobody);
        match super::reply(&mut cursor, answers, &Context::default()) {
            Ok(Reply::Radio(radio)) => self.radio(found, answers, came, radio, bytes, lacks),
            Ok(reply) => self.stick_reply(found, answers, came, reply, bytes),
            Err(_) => self.forgo(found.request),
        }
    }

    /// Takes what the stick itself says into the transaction that it belongs to.
    fn stick_reply(
        &mut self,
        found: &mut Found,
        answers: Option<Answered>,
        came: At,
        reply: Reply,
        bytes: &[u8],
    ) {
        if let Reply::Status(status) = reply {
            self.stick.continuity.announce(status.available);
        }
        let Some(id) = found.transaction else { return };
        let Some(transaction) = self.transactions.get_mut(id) else { return };
        if transaction.ended() {
            found.marks.add(Marks::AFTER_END);
            return;
        }
        transaction.last = came.frame();
        let end = answers.and_then(|command| command.opcode.row()).map(|row| row.end);
        match reply {
            Reply::Nak(_) if end == Some(End::Open) => {}
            Reply::Nak(reason) if answers.is_some() => {
                transaction.stage = Stage::DeviceNak(reason.into());
                transaction.response = Some(came);
            }
            Reply::Nak(_) => {}
            // Damaged, so that it is not what was read from the radio any more.
            _ if answers.is_some_and(|command| command.opcode == Opcode::ReadRadio) => {
                self.forgo(found.request);
            }
            Reply::Status(_)
                if found.marks.has(Marks::AFTER_GAP) && StickStatus::fits(bytes) == Some(false) => {}
            Reply::Status(status) => {
                self.book.attempt_mut(id).empty_polls += u32::from(!status.radio.received());
            }
            Reply::Ack if transaction.stage == Stage::Asked => {
                transaction.stage = Stage::Accepted;
                if transaction.expects_nothing() {
                    transaction.response = Some(came);
                }
                self.book.attempt_mut(id).acknowledged = Some(came);
            }
            _ if end == Some(End::Reply) => {
                transaction.stage = Stage::Accepted;
                transaction.response = Some(came);
            }
            _ => {}
        }
    }

    /// Files a reply that nobody asked for, in the transaction that it came into. Its id, as a command's.
    pub fn unasked(&mut self, transfer: &Transfer<'_>, transaction: Option<TransactionId>) -> RequestId {
        let answered = Answered { opcode: Opcode::Unknown(0), argument: 0 };
        self.book.requests.push(Request {
            sent: None,
            reply: Some(transfer.at().number()),
            answered,
            transaction,
        })
    }

    /// Finds the command that a reply answers: the newest one that fits, for a host waits for each reply, and what it had
    /// asked before is lost. If a host has once gone on too early, its replies stay behind.
    fn pair(&mut self, bytes: &[u8]) -> Option<RequestId> {
        let count = self.stick.waiting.len();
        let fits = |&at: &usize| {
            let Some(request) = self.request(self.stick.waiting.get(at).copied()) else { return false };
            let reads_radio = request.answered.opcode == Opcode::ReadRadio;
            match speaker(bytes) {
                Some(ReplyCode::Pump) => reads_radio,
                _ if refuses(bytes) => true,
                by if reads_radio => count == 1 && by != Some(ReplyCode::Stick),
                _ => count == 1 || request.answered.fits(bytes) != Some(false),
            }
        };
        let older = count.saturating_sub(self.stick.newer);
        let Some(at) = (0..older).rev().chain(older..count).find(fits) else {
            return self.stick.unqueued.take_if(|_| speaker(bytes) == Some(ReplyCode::Stick));
        };
        self.stick.newer = count - 1 - at;
        for _ in 0..at {
            let lost = self.stick.waiting.pop_front();
            self.forgo(lost);
        }
        self.stick.waiting.pop_front()
    }

    /// Notes that the reply to a command is lost: what a radio read asked for is missing.
    fn forgo(&mut self, id: Option<RequestId>) {
        if let Some(&Request { answered, transaction: Some(transaction), .. }) = self.request(id)
            && answered.opcode == Opcode::ReadRadio
        {
            let lacks = usize::from(answered.argument).saturating_sub(received::OVERHEAD);
            self.transactions.lose(transaction, lacks);
        }
    }

    /// Takes what the radio received into the transaction that it belongs to.
    fn radio(
        &mut self,
        found: &mut Found,
        answers: Option<Answered>,
        came: At,
        radio: RadioReply,
        bytes: &[u8],
        lacks: usize,
    ) {
        if found.transaction.is_none() {
            found.transaction = self.stick.open;
        }
        if radio.header_crc != CrcStatus::Good || radio.payload_crc == CrcStatus::Bad {
            self.stick.continuity.doubt(bytes.len() + lacks);
        }
        if self.stick.continuity.begun() && !asked_for(answers, radio.length) {
            self.interrupt(found);
        }
        let Some(id) = found.transaction else { return };
        let Some(transaction) = self.transactions.get(id) else { return };
        let trusted = radio.header_crc == CrcStatus::Good;
        let foreign = trusted && transaction.serial().is_some_and(|serial| serial != radio.serial);
        let impossible = trusted
            && match radio.response {
                ResponseType::Single => !transaction.expects_data(false),
                ResponseType::Part => !transaction.expects_data(true),
                _ => false,
            };
        if foreign || impossible || found.transaction != self.stick.open {
            found.marks.add(Marks::LEFT_OVER);
            return;
        }
        if transaction.ended() {
            found.marks.add(Marks::AFTER_END);
            return;
        }
        let Attempt { retries, .. } = self.book.attempt_mut(id);
        *retries += u32::from(radio.retries);
        let payload = bytes.get(received::HEADER_LENGTH..).unwrap_or_default();
        let payload = &payload[..payload.len().min(radio.length.into())];
        let lacks = match lacks {
            0 => 0,
            // Its check value counts if nothing else lacks, for then nothing tells that the rest is good.
            lacks => lacks.min(usize::from(radio.length).saturating_sub(payload.len()).max(1)),
        };
        let arrival = Arrival {
            at: came,
            answer: match (radio.response, radio.nak) {
                (ResponseType::Ack, _) => Answer::Ack,
                (ResponseType::Nak, Some(nak)) => Answer::Nak(nak),
                (ResponseType::Timeout, _) => Answer::Timeout,
                (ResponseType::Single | ResponseType::Part, _) => Answer::Data {
                    bytes: payload,
                    part: radio.response == ResponseType::Part,
                    last: radio.end_of_data,
                },
                _ => Answer::Other,
            },
            trusted,
            good: trusted && !matches!(radio.payload_crc, CrcStatus::Bad),
            lacks: small(lacks),
        };
        match self.transactions.take(id, arrival) {
            Completion::Whole => found.marks.add(Marks::WHOLE_REPLY),
            Completion::Joined => found.marks.add(Marks::COMPLETES),
            Completion::TooLong => found.marks.add(Marks::LIMIT),
            Completion::None => {}
        }
    }
}

/// Takes a reply that lacks its last `lacks` bytes into what is known of the stick's buffer. False if it does not follow
/// from what came before.
fn follows(stick: &mut Stick, answers: Option<Answered>, bytes: &[u8], lacks: usize) -> bool {
    let begun = stick.continuity.begun();
    let sent = bytes.len() + lacks;
    let from_pump = speaker(bytes) == Some(ReplyCode::Pump);
    let written = match answers {
        _ if from_pump => sent,
        Some(_) if refuses(bytes) => ACK_LENGTH,
        Some(command) => command.written().unwrap_or(sent),
        None => sent,
    };
    // The answer to Read Status has so clear a shape that it is no other command's.
    let is_status = StickStatus::fits(bytes) == Some(true)
        && stick.continuity.unchanged_from(bytes, StickStatus::written(0));
    let answers_other = answers.is_some_and(|command| command.unvouched()) && is_status;
    let unasked =
        answers.is_none() || answers.is_some_and(|command| command.opcode == Opcode::ReadRadio && !from_pump);
    stick.continuity.replies(bytes, sent, written) && !(begun && (unasked || answers_other))
}
