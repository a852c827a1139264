// SPDX-License-Identifier: GPL-2.0-or-later
//! In: whole frames, one after another. Out: which reply answers which command, and what that says of the fetch.
//!
//! Source: `docs/protocol/stick.md`, sections 4.3 and 4.4. Each rule stands here once.

use super::book::{Book, Request};
use super::ledger::Marks;
use super::list::{append, file, next_number, numbered_mut, small};
use super::transaction::{Filed, Kind, Part, Stage, Transaction};
use super::{Found, Link};
use crate::pages;
use crate::pump::Opcode as PumpOpcode;
use crate::pump::learn::{Message, learn};
use crate::stick::codes::{ACK_LENGTH, refuses, speaker};
use crate::stick::command::Body as _;
use crate::stick::continuity::asked_for;
use crate::stick::read_radio::Size;
use crate::stick::received::{self, RadioReply, ResponseType};
use crate::stick::row::End;
use crate::stick::status::Status;
use crate::stick::transmit::{self, Transmit};
use crate::stick::{self, Answered, Command, Context, Opcode, Reply, ReplyCode};
use crate::transfer::Transfer;
use crate::tree::checksum::CrcStatus;
use crate::tree::cursor::Cursor;

/// The most commands of one stick that may wait for a reply.
const MOST_WAITING: usize = 32;
/// The most bytes that are kept of one reply: the longest page has 2,048.
const LONGEST_REPLY: usize = 1 << 16;
/// A command that waits longer than this gets no reply any more, in nanoseconds.
const STALE: u64 = 2_000_000_000;
/// The same for power control, which takes 17 s.
const STALE_POWER: u64 = 20_000_000_000;

impl Book {
    pub fn command(
        &mut self,
        link: &mut Link,
        transfer: &Transfer<'_>,
        found: &mut Found,
        command: Command,
        bytes: &[u8],
    ) {
        let sent = (transfer.frame, transfer.time);
        let opcode = match command {
            // A command that is cut short is still known by its first byte.
            Command::Unknown(first) => Opcode::from(first),
            _ => command.opcode(),
        };
        found.transaction = match (opcode, command) {
            (_, Command::Transmit(packet)) => {
                self.close(link);
                let parameters = bytes
                    .get(transmit::HEADER_LENGTH..)
                    .and_then(|rest| rest.get(..packet.parameters.into()));
                let parameters = parameters.filter(|_| packet.crcs_good());
                let number = self.transact(Kind::Pump(packet), transfer, parameters.unwrap_or_default());
                self.count_repeats(link.open, number);
                if let Some(parameters) = parameters {
                    self.learn(number, Message::Parameters(parameters));
                }
                link.open = number;
                number
            }
            // A packet to a pump of which too little came to tell what it asks.
            (Opcode::Transmit, _) => {
                self.close(link);
                link.open = self.transact(Kind::Orphan, transfer, &[]);
                link.open
            }
            (opcode, _) if opcode.row().is_some_and(|row| row.end == End::Open) => {
                if link.open == 0 {
                    link.open = self.transact(Kind::Orphan, transfer, &[]);
                }
                link.open
            }
            _ => self.transact(Kind::Stick(opcode), transfer, &[]),
        };
        if let Some(transaction) = self.transaction_mut(found.transaction) {
            if transaction.ended() {
                found.marks.add(Marks::AFTER_END);
            } else {
                transaction.last = transfer.frame;
            }
            match opcode {
                Opcode::ReadStatus => transaction.polls += 1,
                Opcode::ReadRadio => {
                    transaction.reads += 1;
                    transaction.rereads += u32::from(link.parts.last().is_some_and(|part| !part.good));
                }
                _ => {}
            }
        }
        let follows = match command {
            Command::ReadRadio(Size(size)) => link.continuity.reads(size),
            _ => true,
        };
        if opcode == Opcode::Transmit {
            link.continuity.transmits();
        }
        let number = next_number(&self.requests);
        append(
            &mut self.requests,
            Request {
                frame: sent.0,
                reply: 0,
                time: sent.1,
                replied: 0,
                answered: Answered { opcode, ..command.asks() },
                transaction: found.transaction,
            },
        );
        found.request = number;
        let unanswered = self.unanswered(link, opcode);
        let early = self.transaction(link.open).is_some_and(|open| sent.1 < open.request.1);
        if !follows || unanswered || early {
            self.interrupt(link, found);
        }
        self.enqueue(link, number, opcode, &command, transfer.time);
    }

    /// True if the command before this one still waits for its reply, which each command but the first gets.
    fn unanswered(&self, link: &mut Link, opcode: Opcode) -> bool {
        // A session opens with Read Product Info, whatever the one before it still waited for.
        let before = link.waiting.back().filter(|_| opcode != Opcode::ProductInfo);
        let Some(command) = before.and_then(|&number| self.request(number)) else { return false };
        link.continuity.lost(command.answered);
        link.continuity.begun()
    }

    /// Notes that packets are missing before a frame, and that they leave the transactions without proof that it may
    /// belong to.
    fn interrupt(&mut self, link: &Link, found: &mut Found) {
        found.marks.add(Marks::AFTER_GAP);
        for number in [link.open, found.transaction] {
            if let Some(transaction) = self.transaction_mut(number) {
                transaction.interrupt();
            }
        }
    }

    fn enqueue(&mut self, link: &mut Link, number: u32, opcode: Opcode, command: &Command, now: u64) {
        let stale = |number: &u32| {
            self.request(*number).is_none_or(|waiting| {
                let power = self
                    .transaction(waiting.transaction)
                    .is_some_and(|t| t.pump_opcode() == Some(PumpOpcode::POWER_CONTROL));
                now.saturating_sub(waiting.time) > if power { STALE_POWER } else { STALE }
            })
        };
        // A session opens with Read Product Info: what an earlier one still waited for will not come.
        if opcode == Opcode::ProductInfo || link.waiting.len() >= MOST_WAITING {
            link.waiting.clear();
        } else {
            while link.waiting.front().is_some_and(stale) {
                link.waiting.pop_front();
            }
        }
        link.unqueued = 0;
        match command {
            Command::Transmit(packet) if packet.powers_off() => link.unqueued = number,
            _ => link.waiting.push_back(number),
        }
    }

    fn transact(&mut self, kind: Kind, transfer: &Transfer<'_>, parameters: &[u8]) -> u32 {
        let number = next_number(&self.transactions);
        let request = (transfer.frame, transfer.time);
        append(&mut self.transactions, Transaction::new(kind, transfer.stream, request, parameters));
        number
    }

    /// Counts a command that is sent again because its reply did not come whole.
    fn count_repeats(&mut self, before: u32, now: u32) {
        let Some(repeats) = self.transaction(before).zip(self.transaction(now)).and_then(|(before, now)| {
            let same = before.kind == now.kind && before.parameters() == now.parameters();
            let failed = !matches!(before.stage, Stage::EndOfData | Stage::PumpAck | Stage::PumpNak(_));
            (same && failed && before.transmit().is_some_and(|packet| packet.pages > 0))
                .then_some(before.repeats + 1)
        }) else {
            return;
        };
        if let Some(now) = self.transaction_mut(now) {
            now.repeats = repeats;
        }
    }

    /// Closes the open transaction of a link, and files what came of its reply.
    fn close(&mut self, link: &mut Link) {
        if let Some(transaction) = numbered_mut(&mut self.transactions, link.open) {
            transaction.closed = true;
            transaction.filed = Filed {
                data: self.data.len(),
                length: small(link.data.len()),
                parts: small(self.parts.len()),
                count: small(link.parts.len()),
            };
        }
        file(&mut self.data, &mut link.data);
        file(&mut self.parts, &mut link.parts);
    }

    pub fn answer(
        &mut self,
        link: &mut Link,
        transfer: &Transfer<'_>,
        found: &mut Found,
        bytes: &[u8],
        cut: bool,
        lacks: usize,
    ) {
        found.request = self.pair(link, bytes);
        let answers = self.request(found.request).map(|request| request.answered);
        if let Some(request) = numbered_mut(&mut self.requests, found.request) {
            (request.reply, request.replied) = (transfer.frame, transfer.time);
            found.transaction = request.transaction;
        }
        // Packets that are doubled or out of order show a reply before its command.
        let early = self.request(found.request).is_some_and(|request| transfer.time < request.time);
        if !follows(link, answers, bytes, lacks) || early {
            self.interrupt(link, found);
        }
        let mut nobody = ();
        let mut cursor = Cursor::new(bytes, 0, cut, &mut nobody);
        let Ok(reply) = stick::reply(&mut cursor, answers, &Context::default()) else {
            self.forgo(found.request);
            return;
        };
        let came = (transfer.frame, transfer.time);
        if let Reply::Radio(radio) = reply {
            if found.transaction == 0 {
                found.transaction = link.open;
            }
            if radio.header_crc != CrcStatus::Good || radio.payload_crc == CrcStatus::Bad {
                link.continuity.doubt(bytes.len() + lacks);
            }
            let payload = bytes.get(received::HEADER_LENGTH..).unwrap_or_default();
            let payload = &payload[..payload.len().min(radio.length.into())];
            if link.continuity.begun() && !asked_for(answers, radio.length) {
                self.interrupt(link, found);
            }
            self.radio(link, found, came, radio, payload, lacks);
            return;
        }
        if let Reply::Status(status) = reply {
            link.continuity.announce(status.available);
        }
        let Some(transaction) = self.transaction_mut(found.transaction) else { return };
        if transaction.ended() {
            found.marks.add(Marks::AFTER_END);
            return;
        }
        transaction.last = came.0;
        match reply {
            Reply::Nak(reason)
                if answers.is_some_and(|a| !matches!(a.opcode, Opcode::ReadStatus | Opcode::ReadRadio)) =>
            {
                transaction.stage = Stage::StickNak(reason);
                transaction.response = Some(came);
            }
            Reply::Nak(_) => {}
            // Damaged, so that it is not what was read from the radio any more.
            _ if answers.is_some_and(|a| a.opcode == Opcode::ReadRadio) => self.forgo(found.request),
            Reply::Status(_) if found.marks.has(Marks::AFTER_GAP) && Status::fits(bytes) == Some(false) => {}
            Reply::Status(status) => transaction.empty_polls += u32::from(!status.radio.received()),
            Reply::Ack if transaction.stage == Stage::Asked => {
                transaction.stage = Stage::Accepted;
                transaction.acknowledged = Some(came);
                if transaction.transmit().is_some_and(|packet| packet.pages == 0) {
                    transaction.response = Some(came);
                }
            }
            _ if answers.and_then(|a| a.opcode.row()).is_some_and(|row| row.end == End::Reply) => {
                transaction.stage = Stage::Accepted;
                transaction.response = Some(came);
            }
            _ => {}
        }
    }

    /// Files a reply that nobody asked for, in the transaction that it came into. Its number, as a command's.
    pub fn unasked(&mut self, transfer: &Transfer<'_>, transaction: u32) -> u32 {
        let number = next_number(&self.requests);
        let answered = Answered { opcode: Opcode::Unknown(0), argument: 0 };
        let (frame, time) = (transfer.frame, transfer.time);
        let request = Request { frame: 0, reply: frame, time, replied: time, answered, transaction };
        append(&mut self.requests, request);
        number
    }

    /// Finds the command that a reply answers, 0 if none does: the newest one that fits, for a host waits for each
    /// reply, and what it had asked before is lost. If a host has once gone on too early, its replies stay behind.
    fn pair(&mut self, link: &mut Link, bytes: &[u8]) -> u32 {
        let count = link.waiting.len();
        let fits = |&at: &usize| {
            let Some(request) = self.request(link.waiting[at]) else { return false };
            let reads_radio = request.answered.opcode == Opcode::ReadRadio;
            match speaker(bytes) {
                Some(ReplyCode::Pump) => reads_radio,
                _ if refuses(bytes) => true,
                by if reads_radio => count == 1 && by != Some(ReplyCode::Stick),
                _ => count == 1 || request.answered.fits(bytes) != Some(false),
            }
        };
        let newer = count.saturating_sub(link.behind);
        if let Some(at) = (0..newer).rev().chain(newer..count).find(fits) {
            link.behind = count - 1 - at;
            link.waiting.drain(..at).for_each(|number| self.forgo(number));
            return link.waiting.pop_front().unwrap_or_default();
        }
        if speaker(bytes) == Some(ReplyCode::Stick) { std::mem::take(&mut link.unqueued) } else { 0 }
    }

    /// Notes that the reply to a command is lost: what a radio read asked for is missing.
    fn forgo(&mut self, number: u32) {
        if let Some(&Request { answered, transaction, .. }) = self.request(number)
            && answered.opcode == Opcode::ReadRadio
        {
            self.lose(transaction, usize::from(answered.argument).saturating_sub(received::OVERHEAD));
        }
    }

    fn lose(&mut self, transaction: u32, lacks: usize) {
        if let Some(transaction) =
            self.transaction_mut(transaction).filter(|transaction| !transaction.ended())
        {
            transaction.missing += small(lacks);
        }
    }

    /// Takes what the radio received into the transaction that it belongs to.
    fn radio(
        &mut self,
        link: &mut Link,
        found: &mut Found,
        came: (u32, u64),
        radio: RadioReply,
        payload: &[u8],
        lacks: usize,
    ) {
        let Some(transaction) = self.transaction_mut(found.transaction) else { return };
        let trusted = radio.header_crc == CrcStatus::Good;
        let foreign = trusted && transaction.serial().is_some_and(|serial| serial != radio.serial);
        let impossible = trusted && !transaction.expects(radio.response);
        if foreign || impossible || found.transaction != link.open {
            found.marks.add(Marks::LEFT_OVER);
            return;
        }
        if transaction.ended() {
            found.marks.add(Marks::AFTER_END);
            return;
        }
        transaction.last = came.0;
        transaction.retries += u32::from(radio.retries);
        if lacks > 0 {
            // Its check value counts if nothing else lacks, for then nothing tells that the rest is good.
            let data = usize::from(radio.length).saturating_sub(payload.len()).max(1);
            transaction.missing += small(lacks.min(data));
        }
        let good = trusted && !matches!(radio.payload_crc, CrcStatus::Bad);
        transaction.bad_crcs += u32::from(!good);
        let first = transaction.first_data.is_none();
        let stage = match (radio.response, radio.nak) {
            (ResponseType::Ack, _) => Some(Stage::PumpAck),
            (ResponseType::Nak, Some(nak)) => Some(Stage::PumpNak(nak)),
            (ResponseType::Timeout, _) => Some(Stage::Timeout),
            (ResponseType::Single | ResponseType::Part, _) => {
                transaction.first_data.get_or_insert(came);
                if link.data.len() + payload.len() <= LONGEST_REPLY {
                    let part = Part {
                        frame: came.0,
                        offset: small(link.data.len()),
                        len: small(payload.len()),
                        good,
                    };
                    link.parts.push(part);
                    link.data.extend_from_slice(payload);
                } else {
                    transaction.missing += small(payload.len());
                }
                radio.end_of_data.then_some(Stage::EndOfData)
            }
            _ => None,
        };
        if stage == Some(Stage::EndOfData)
            && let Some(page) =
                transaction.transmit().filter(Transmit::header_good).and_then(|packet| packet.opcode.page())
        {
            let lacks = small(page.size().unwrap_or(0).saturating_sub(link.data.len()));
            transaction.missing = transaction.missing.max(lacks);
            transaction.bad_crcs += u32::from(pages::check(page, &link.data) == CrcStatus::Bad);
        }
        // A damaged header may say anything: it does not end a transaction by itself.
        if let Some(stage) = stage.filter(|_| trusted) {
            let proven = !transaction.unproven;
            let refused = radio.nak.filter(|_| proven && !transaction.damaged());
            transaction.stage = stage;
            transaction.response = Some(came);
            let single = radio.response == ResponseType::Single;
            let whole = stage == Stage::EndOfData && transaction.missing == 0;
            let sound = whole && proven && !transaction.damaged();
            if sound && single && first {
                found.marks.add(Marks::WHOLE_REPLY);
            }
            if stage == Stage::EndOfData && !single {
                found.marks.add(Marks::COMPLETES);
            }
            if let Some(nak) = refused {
                self.learn(found.transaction, Message::Refused(nak));
            }
            if sound {
                self.learn(found.transaction, Message::Reply(&link.data));
            }
        }
    }

    /// Learns a pump's model from a message of a transaction.
    fn learn(&mut self, transaction: u32, message: Message<'_>) {
        let Some(transaction) = self.transaction(transaction) else { return };
        let Some((opcode, serial)) = transaction.pump_opcode().zip(transaction.serial()) else { return };
        if let Some(told) = learn(opcode, message) {
            let pump = self.pumps.entry(serial).or_default();
            if told.known >= pump.known {
                *pump = told;
            }
        }
    }
}

/// Takes a reply that lacks its last `lacks` bytes into what is known of the stick's buffer. False if it does not follow
/// from what came before.
fn follows(link: &mut Link, answers: Option<Answered>, bytes: &[u8], lacks: usize) -> bool {
    let begun = link.continuity.begun();
    let sent = bytes.len() + lacks;
    let from_pump = speaker(bytes) == Some(ReplyCode::Pump);
    let written = match answers {
        _ if from_pump => sent,
        Some(_) if refuses(bytes) => ACK_LENGTH,
        Some(command) => command.written().unwrap_or(sent),
        None => sent,
    };
    // The answer to Read Status has so clear a shape that it is no other command's.
    let is_status =
        Status::fits(bytes) == Some(true) && link.continuity.unchanged_from(bytes, Status::written(0));
    let answers_other = answers.is_some_and(|command| command.unvouched()) && is_status;
    let unasked = answers.is_none() || answers.is_some_and(|a| a.opcode == Opcode::ReadRadio && !from_pump);
    link.continuity.replies(bytes, sent, written) && !(begun && (unasked || answers_other))
}
