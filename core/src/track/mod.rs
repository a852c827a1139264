//! In: transfers in capture order. Out: the facts of each, and the transactions that they make up.
//!
//! Live state is here and only here; it changes on the first visit of a transfer, and never after.

pub mod framing;
pub mod ledger;
pub mod sniff;
pub mod transaction;

use crate::checksum::CrcStatus;
use crate::cursor::Cursor;
use crate::pump::model::{Known, Pump};
use crate::pump::{self, Opcode as PumpOpcode};
use crate::radio::reply::{HEADER_LENGTH, RadioReply, ResponseType};
use crate::radio::serial::Serial;
use crate::radio::transmit::OVERHEAD;
use crate::session::{Carrier, Direction, Transfer};
use crate::stick::{self, Answered, Command, Context, Opcode, Reply, product, status};
use framing::{Awaited, Framer, Length, Role};
use ledger::{Fact, Ledger, Marks};
use std::collections::{HashMap, VecDeque};
use transaction::{Kind, Part, Stage, Transaction};

/// The most commands of one stick that may wait for a reply.
const MOST_WAITING: usize = 32;
/// The most bytes that are kept of one reply: the longest page has 2,048.
const LONGEST_REPLY: usize = 1 << 16;
/// The most sticks that are told apart; further ones are dissected transfer by transfer.
const MOST_LINKS: usize = 4096;
/// A command that waits longer than this gets no reply any more, in nanoseconds; power control takes 17 s.
const STALE: u64 = 2_000_000_000;
/// The same for power control.
const STALE_POWER: u64 = 20_000_000_000;

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
#[derive(Clone, Debug)]
pub struct Join {
    /// The frame's length as it should be.
    pub length: usize,
    /// Frames that hold its parts, and the parts' lengths.
    pub parts: Vec<(u32, u32)>,
    /// The bytes, once it is over.
    pub bytes: Vec<u8>,
    /// True if all its bytes came.
    pub whole: bool,
    /// True if no more parts can come.
    pub closed: bool,
}

/// What is remembered of one stick.
#[derive(Debug, Default)]
struct Link {
    trust: sniff::Trust,
    framers: [Framer; 2],
    joins: [u32; 2],
    waiting: VecDeque<u32>,
    /// A power-off command that may yet be acknowledged.
    unqueued: u32,
    /// The transaction that polls and reads belong to; 0 is "none".
    open: u32,
    data: Vec<u8>,
    parts: Vec<Part>,
}

/// Follows the conversation of every stick in a capture.
#[derive(Debug, Default)]
pub struct Tracker {
    links: HashMap<u64, Link>,
    ledger: Ledger,
    requests: Vec<Request>,
    joins: Vec<Join>,
    transactions: Vec<Transaction>,
    data: Vec<u8>,
    parts: Vec<Part>,
    pumps: HashMap<Serial, Pump>,
    forced: Option<Pump>,
}

/// A number that counts from 1, of the item that `list` takes next.
fn next_number<T>(list: &[T]) -> u32 {
    u32::try_from(list.len() + 1).unwrap_or(u32::MAX)
}

/// The item with a number that counts from 1.
fn numbered<T>(list: &[T], number: u32) -> Option<&T> {
    list.get((number as usize).checked_sub(1)?)
}

fn numbered_mut<T>(list: &mut [T], number: u32) -> Option<&mut T> {
    list.get_mut((number as usize).checked_sub(1)?)
}

fn small(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

impl Tracker {
    /// Takes all pumps for this one, whatever the traffic says.
    pub fn force_pump(&mut self, pump: Option<Pump>) {
        self.forced = pump;
    }

    /// Takes a transfer, in capture order. False if the transfer is not a stick's.
    pub fn observe(&mut self, transfer: &Transfer<'_>) -> bool {
        if !self.links.contains_key(&transfer.stream) && self.links.len() >= MOST_LINKS {
            return transfer.claim == crate::session::Claim::Certain;
        }
        let mut link = self.links.remove(&transfer.stream).unwrap_or_default();
        link.trust = link.trust.after(transfer);
        let takes = link.trust.takes();
        if takes && self.ledger.begin(transfer.frame, transfer.layer) {
            self.follow(&mut link, transfer);
        }
        self.links.insert(transfer.stream, link);
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
        self.ledger.find(frame, layer)
    }

    /// A command, by its number.
    #[must_use]
    pub fn request(&self, number: u32) -> Option<&Request> {
        numbered(&self.requests, number)
    }

    /// A frame that came in several transfers, by its number.
    #[must_use]
    pub fn join(&self, number: u32) -> Option<&Join> {
        numbered(&self.joins, number)
    }

    /// A transaction, by its number.
    #[must_use]
    pub fn transaction(&self, number: u32) -> Option<&Transaction> {
        numbered(&self.transactions, number)
    }

    /// All transactions, in the order of their numbers, from 1.
    #[must_use]
    pub fn transactions(&self) -> &[Transaction] {
        &self.transactions
    }

    /// The reply of a transaction as far as it came, and its parts.
    #[must_use]
    pub fn reply(&self, number: u32) -> (&[u8], &[Part]) {
        match self.transaction(number) {
            Some(transaction)
                if self.links.get(&transaction.stream).is_some_and(|link| link.open == number) =>
            {
                let link = &self.links[&transaction.stream];
                (&link.data, &link.parts)
            }
            Some(transaction) => {
                (&self.data[transaction.data.clone()], &self.parts[transaction.parts.clone()])
            }
            None => (&[], &[]),
        }
    }

    /// What is known of a pump, by now.
    #[must_use]
    pub fn pump(&self, serial: Serial) -> Pump {
        self.forced.or_else(|| self.pumps.get(&serial).copied()).unwrap_or_default()
    }

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
            let piece = link.framers[direction as usize].next(
                at,
                transfer.bytes,
                transfer.reported,
                transfer.carrier,
                |bytes| match direction {
                    Direction::ToStick => command_length(bytes, transfer.carrier),
                    Direction::FromStick => framing::reply_length(bytes, awaited),
                },
            );
            let mut fact = Fact {
                start: small(piece.start),
                len: small(piece.len),
                request: 0,
                transaction: 0,
                join: 0,
                role: piece.role,
                direction,
                marks,
            };
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
                    }
                }
            }
            self.ledger.add(fact);
            marks = Marks::default();
            at += piece.len.max(1);
        }
    }

    fn join_part(&mut self, link: &mut Link, direction: Direction, frame: u32, piece: framing::Piece) -> u32 {
        let open = &mut link.joins[direction as usize];
        if *open == 0 {
            *open = next_number(&self.joins);
            self.joins.push(Join {
                length: 0,
                parts: Vec::new(),
                bytes: Vec::new(),
                whole: false,
                closed: false,
            });
        }
        if let Some(join) = numbered_mut(&mut self.joins, *open) {
            join.length = piece.frame;
            join.parts.push((frame, small(piece.len)));
        }
        *open
    }

    /// Ends the frame that is being joined, with what has come of it.
    fn end_join(&mut self, link: &mut Link, transfer: &Transfer<'_>, fact: &mut Fact) {
        let number = std::mem::take(&mut link.joins[fact.direction as usize]);
        let bytes = link.framers[fact.direction as usize].joined().to_vec();
        let Some(join) = numbered_mut(&mut self.joins, number) else { return };
        let sent: usize = join.parts.iter().map(|(_, len)| *len as usize).sum();
        let (lacks, cut) = (join.length.saturating_sub(bytes.len()), bytes.len() < sent);
        (join.whole, join.closed) = (lacks == 0, true);
        join.bytes.clone_from(&bytes);
        self.frame(link, transfer, fact, &bytes, cut, lacks);
    }

    /// Gives up the frame that is being joined in `direction`. True if there was one.
    fn give_up(&mut self, link: &mut Link, transfer: &Transfer<'_>, direction: Direction) -> bool {
        if !link.framers[direction as usize].owes() {
            return false;
        }
        let role = Role::Last;
        let mut fact = Fact {
            start: 0,
            len: 0,
            request: 0,
            transaction: 0,
            join: 0,
            role,
            direction,
            marks: Marks::default(),
        };
        // It ended with its last part, not with the transfer that shows that it is over.
        let number = link.joins[direction as usize];
        let last = numbered(&self.joins, number)
            .and_then(|join| join.parts.last())
            .map_or(transfer.frame, |part| part.0);
        self.end_join(link, &Transfer { frame: last, ..*transfer }, &mut fact);
        link.framers[direction as usize].give_up();
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

    fn command(
        &mut self,
        link: &mut Link,
        transfer: &Transfer<'_>,
        fact: &mut Fact,
        command: Command,
        bytes: &[u8],
    ) {
        let sent = (transfer.frame, transfer.time);
        let opcode = match command {
            // A command that is cut short is still known by its first byte.
            Command::Unknown(first) => Opcode::from(first),
            _ => command.opcode(),
        };
        fact.transaction = match command {
            Command::Transmit(packet) => {
                self.close(link);
                let parameters = bytes.get(OVERHEAD - 1..OVERHEAD - 1 + usize::from(packet.parameters));
                let number = self.transact(Kind::Pump(packet), transfer, parameters.unwrap_or_default());
                self.count_repeats(link.open, number);
                link.open = number;
                number
            }
            Command::ReadStatus | Command::ReadRadio(_) => {
                if link.open == 0 {
                    link.open = self.transact(Kind::Orphan, transfer, &[]);
                }
                link.open
            }
            _ => self.transact(Kind::Stick(opcode), transfer, &[]),
        };
        if let Some(transaction) = numbered_mut(&mut self.transactions, fact.transaction) {
            if transaction.ended() {
                fact.marks.add(Marks::AFTER_END);
            } else {
                transaction.last = transfer.frame;
            }
            match command {
                Command::ReadStatus => transaction.polls += 1,
                Command::ReadRadio(_) => transaction.reads += 1,
                _ => {}
            }
        }
        let argument = match command {
            Command::ReadRadio(size) => size,
            Command::Statistics(interface) => u8::from(interface).into(),
            _ => 0,
        };
        let number = next_number(&self.requests);
        self.requests.push(Request {
            frame: sent.0,
            reply: 0,
            time: sent.1,
            replied: 0,
            answered: Answered { opcode, argument },
            transaction: fact.transaction,
        });
        fact.request = number;
        self.enqueue(link, number, opcode, &command, transfer.time);
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
        self.transactions.push(Transaction::new(kind, transfer.stream, request, parameters));
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
        if let Some(now) = numbered_mut(&mut self.transactions, now) {
            now.repeats = repeats;
        }
    }

    /// Closes the open transaction of a link, and files what came of its reply.
    fn close(&mut self, link: &mut Link) {
        if let Some(transaction) = numbered_mut(&mut self.transactions, link.open) {
            transaction.closed = true;
            transaction.data = self.data.len()..self.data.len() + link.data.len();
            transaction.parts = self.parts.len()..self.parts.len() + link.parts.len();
        }
        self.data.append(&mut link.data);
        self.parts.append(&mut link.parts);
    }

    fn answer(
        &mut self,
        link: &mut Link,
        transfer: &Transfer<'_>,
        fact: &mut Fact,
        bytes: &[u8],
        cut: bool,
        lacks: usize,
    ) {
        fact.request = self.pair(link, bytes);
        let answers = self.request(fact.request).map(|request| request.answered);
        if let Some(request) = numbered_mut(&mut self.requests, fact.request) {
            (request.reply, request.replied) = (transfer.frame, transfer.time);
            fact.transaction = request.transaction;
        }
        let mut nobody = ();
        let mut cursor = Cursor::new(bytes, 0, cut, &mut nobody);
        let context = Context { answers, ..Context::default() };
        let Ok(reply) = stick::reply(&mut cursor, &context) else {
            self.lose(fact.transaction, lacks);
            return;
        };
        let came = (transfer.frame, transfer.time);
        if let Reply::Radio(radio) = reply {
            if fact.transaction == 0 {
                fact.transaction = link.open;
            }
            let payload = bytes.get(HEADER_LENGTH..).unwrap_or_default();
            let payload = &payload[..payload.len().min(radio.length.into())];
            self.radio(link, fact, came, radio, payload, lacks);
            return;
        }
        let Some(transaction) = numbered_mut(&mut self.transactions, fact.transaction) else { return };
        if transaction.ended() {
            fact.marks.add(Marks::AFTER_END);
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
            Reply::Status(status) => transaction.empty_polls += u32::from(!status.radio.received()),
            Reply::Ack if transaction.stage == Stage::Asked => {
                transaction.stage = Stage::Accepted;
                transaction.acknowledged = Some(came);
                if transaction.transmit().is_some_and(|packet| packet.pages == 0) {
                    transaction.response = Some(came);
                }
            }
            Reply::Product(_) | Reply::Statistics(_) | Reply::Signal(_) => {
                transaction.stage = Stage::Accepted;
                transaction.response = Some(came);
            }
            _ => {}
        }
    }

    /// Finds the command that a reply answers: the oldest that waits and fits. 0 if none does.
    fn pair(&self, link: &mut Link, bytes: &[u8]) -> u32 {
        let only_one = link.waiting.len() == 1;
        let fits = |&number: &u32| {
            let Some(request) = self.request(number) else { return false };
            match (bytes, request.answered.opcode) {
                ([2, ..], opcode) => opcode == Opcode::ReadRadio,
                ([_, 0x66, ..], _) => true,
                (_, Opcode::ReadRadio) => only_one && bytes.first() != Some(&1),
                (_, Opcode::ReadStatus) => only_one || status::fits(bytes),
                (_, Opcode::ProductInfo) => only_one || product::fits(bytes),
                _ => true,
            }
        };
        if let Some(at) = link.waiting.iter().position(fits) {
            return link.waiting.drain(..=at).next_back().unwrap_or_default();
        }
        if bytes.first() == Some(&1) { std::mem::take(&mut link.unqueued) } else { 0 }
    }

    fn lose(&mut self, transaction: u32, lacks: usize) {
        if let Some(transaction) = numbered_mut(&mut self.transactions, transaction) {
            transaction.missing += small(lacks);
        }
    }

    /// Takes what the radio received into the transaction that it belongs to.
    fn radio(
        &mut self,
        link: &mut Link,
        fact: &mut Fact,
        came: (u32, u64),
        radio: RadioReply,
        payload: &[u8],
        lacks: usize,
    ) {
        let Some(transaction) = numbered_mut(&mut self.transactions, fact.transaction) else { return };
        let trusted = radio.header_crc == CrcStatus::Good;
        let foreign = trusted && transaction.serial().is_some_and(|serial| serial != radio.serial);
        if foreign || fact.transaction != link.open {
            fact.marks.add(Marks::LEFT_OVER);
            return;
        }
        if transaction.ended() {
            fact.marks.add(Marks::AFTER_END);
            return;
        }
        transaction.last = came.0;
        transaction.retries += u32::from(radio.retries);
        transaction.missing += small(lacks);
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
        // A damaged header may say anything: it does not end a transaction by itself.
        if let Some(stage) = stage.filter(|_| trusted) {
            transaction.stage = stage;
            transaction.response = Some(came);
            let single = radio.response == ResponseType::Single;
            let whole = stage == Stage::EndOfData && transaction.missing == 0;
            if whole && single && first && good {
                fact.marks.add(Marks::WHOLE_REPLY);
            }
            if whole && !single {
                fact.marks.add(Marks::COMPLETES);
            }
            if whole && transaction.bad_crcs == 0 {
                self.learn(fact.transaction, &link.data);
            }
        }
    }

    /// Learns a pump's model from a complete reply.
    fn learn(&mut self, transaction: u32, reply: &[u8]) {
        let Some(transaction) = self.transaction(transaction) else { return };
        let Some((opcode, serial)) = transaction.pump_opcode().zip(transaction.serial()) else { return };
        if let Some((model, known)) = pump::learn(opcode, transaction.parameters(), reply) {
            let pump = self.pumps.entry(serial).or_default();
            if known > pump.known || (known == Known::Told && pump.known == Known::Told) {
                *pump = Pump::of(model, known);
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
fn direction(link: &Link, bytes: &[u8]) -> Direction {
    let owes = |direction: Direction| link.framers[direction as usize].owes();
    match bytes {
        _ if owes(Direction::FromStick) => Direction::FromStick,
        _ if owes(Direction::ToStick) => Direction::ToStick,
        [1, 0, 0xa7, ..] | [3..=6, ..] | [0x0c, 0, ..] => Direction::ToStick,
        _ => Direction::FromStick,
    }
}
