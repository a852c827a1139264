// SPDX-License-Identifier: GPL-2.0-or-later
//! In: commands to pumps and answers to them, as carriers find them. Out: all transactions of a capture, with their
//! replies, and what is known of each pump.
//!
//! The rules by which an answer moves a transaction on stand here, once for all carriers.

use super::list::{List, small};
use super::numbers::Numbers;
use super::outcome::Stage;
use super::shelf::{Place, Shelf};
use super::transaction::{Part, Transaction, TransactionId};
use crate::pages;
use crate::pump::learn::{Message, learn};
use crate::pump::model::Pump;
use crate::pump::nak::Nak;
use crate::pump::serial::Serial;
use crate::pump::told::{self, Told};
use crate::transfer::{At, Stream};
use crate::tree::checksum::CrcStatus;
use rustc_hash::FxHashMap;
use std::num::NonZeroU32;

/// The most bytes that are kept of one reply: the longest page has 2,048.
pub(crate) const LONGEST_REPLY: usize = u16::MAX as usize;

/// How many transactions may have begun since a packet that is out of order.
const LATEST: usize = 256;

/// How many bytes other than zero, not all the same, a reply has at least that is worth comparing with others.
const TELLING: usize = 3;

/// A reply that is still coming.
#[derive(Debug, Default)]
struct Coming {
    data: Vec<u8>,
    parts: Vec<Part>,
}

/// What a pump says to a command.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer<'b> {
    /// It took the command.
    Ack,
    /// It refused the command.
    Nak(Nak),
    /// It did not answer in time.
    Timeout,
    /// It sent data: a part of several or all at once, and perhaps the last part.
    Data { bytes: &'b [u8], part: bool, last: bool },
    /// Something that is not understood.
    Other,
}

/// What a carrier brought of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival<'b> {
    /// Where and when it came.
    pub at: At,
    /// What it says.
    pub answer: Answer<'b>,
    /// False if a check value says that it may have said something else.
    pub trusted: bool,
    /// False if any check value of it is bad.
    pub good: bool,
    /// How many bytes of its data did not come, or were not captured.
    pub lacks: u32,
}

/// What an arrival completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completion {
    /// Nothing, or nothing that can be trusted.
    None,
    /// It is a whole reply by itself.
    Whole,
    /// It is the last of several parts.
    Joined,
    /// Nothing any more: the reply is longer than [`LONGEST_REPLY`], and the rest is not kept.
    TooLong,
}

/// All transactions of a capture.
#[derive(Debug, Default)]
pub struct Transactions {
    entries: List<TransactionId, Transaction>,
    /// Where the reply of each is, once it is over.
    filed: List<TransactionId, Option<Place>>,
    replies: Shelf<Part>,
    coming: FxHashMap<TransactionId, Coming>,
    /// The memory of a reply that is over, for the next one.
    spare: Option<Coming>,
    pumps: FxHashMap<Serial, Pump>,
    forced: Option<Pump>,
    numbers: Numbers,
}

impl Transactions {
    /// Takes all pumps for this one from now on, whatever the traffic says.
    pub(crate) fn force_pump(&mut self, pump: Option<Pump>) {
        self.forced = pump;
    }

    /// Takes a frame of the capture, before what it says is taken. True if the newest frame gave it its number.
    pub(crate) fn frame(&mut self, at: At) -> bool {
        self.numbers.take(at)
    }

    /// The number of a frame, to refer to; `None` if a read filter rejected the frame, and another one has its number.
    pub(crate) fn number_of(&self, at: At) -> Option<u32> {
        self.numbers.has(at).then(|| at.frame())
    }

    /// A transaction.
    #[must_use]
    pub fn get(&self, id: TransactionId) -> Option<&Transaction> {
        self.entries.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: TransactionId) -> Option<&mut Transaction> {
        self.entries.get_mut(id)
    }

    /// All, in the order in which they began.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (TransactionId, &Transaction)> + ExactSizeIterator {
        self.entries.iter()
    }

    /// Those that began before this one, the last one first.
    pub(crate) fn before(&self, id: TransactionId) -> impl Iterator<Item = &Transaction> {
        self.entries.before(id).iter().rev()
    }

    /// The reply of a transaction as far as it came, and its parts.
    #[must_use]
    pub fn reply(&self, id: TransactionId) -> (&[u8], &[Part]) {
        match self.filed.get(id) {
            Some(&Some(place)) => self.replies.get(place),
            _ => self.coming.get(&id).map_or((&[], &[]), |coming| (&coming.data, &coming.parts)),
        }
    }

    /// How many bytes of replies are kept of transactions that are over.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.replies.size()
    }

    /// What is known of a pump, by now.
    #[must_use]
    pub fn pump(&self, serial: Serial) -> Pump {
        self.forced.or_else(|| self.pumps.get(&serial).copied()).unwrap_or_default()
    }

    /// What is known of the pump that a transaction asks.
    #[must_use]
    pub fn pump_of(&self, transaction: &Transaction) -> Pump {
        transaction.serial().map(|serial| self.pump(serial)).unwrap_or_default()
    }

    /// The newest transaction before this one that asked something else over the same device, and got the very same reply
    /// in one part: so it may be that one's, told again. Replies that say next to nothing are not compared.
    #[must_use]
    pub fn echoes(&self, id: TransactionId) -> Option<(TransactionId, &Transaction)> {
        let transaction = self.get(id)?;
        let reply = self.in_one_part(id)?;
        let mut told = reply.iter().filter(|&&byte| byte != 0);
        let telling = told.clone().nth(TELLING - 1).is_some() && {
            let first = told.next();
            told.any(|byte| Some(byte) != first)
        };
        let mut before = self.entries.before(id).iter().rev().take(LATEST).filter(|_| telling);
        let mut number = id.get();
        before.find_map(|other| {
            number -= 1;
            let id = TransactionId::new(number)?;
            let same = other.stream == transaction.stream
                && other.pump_opcode().is_some_and(|opcode| Some(opcode) != transaction.pump_opcode())
                && self.in_one_part(id) == Some(reply);
            same.then_some((id, other))
        })
    }

    fn in_one_part(&self, id: TransactionId) -> Option<&[u8]> {
        let ended = self.get(id)?.stage == Stage::EndOfData;
        let (reply, parts) = self.reply(id);
        (ended && parts.len() == 1).then_some(reply)
    }

    /// Begins a transaction.
    pub(crate) fn begin(&mut self, transaction: Transaction) -> TransactionId {
        self.filed.push(None);
        self.entries.push(transaction)
    }

    /// Notes that transaction `now` asks again what `before` asked, if it does, because the reply did not come whole.
    pub(crate) fn count_repeats(&mut self, before: TransactionId, now: TransactionId) {
        let Some((first, again)) = self.get(before).zip(self.get(now)) else { return };
        let failed = !matches!(first.stage, Stage::EndOfData | Stage::PumpAck | Stage::PumpNak(_));
        if failed && again.asks_as(first) && first.command().is_some() && !first.expects_nothing() {
            let repeats = first.repeats + 1;
            if let Some(again) = self.get_mut(now) {
                again.repeats = repeats;
            }
        }
    }

    /// Closes a transaction, and files what came of its reply.
    pub(crate) fn close(&mut self, id: TransactionId) {
        let Some(transaction) = self.entries.get_mut(id) else { return };
        transaction.closed = true;
        if let Some(mut coming) = self.coming.remove(&id) {
            let place = self.replies.file(&coming.data, &mut coming.parts);
            coming.data.clear();
            if let Some(filed) = self.filed.get_mut(id) {
                *filed = Some(place);
            }
            self.spare = Some(coming);
        }
    }

    /// Notes that a packet of this time was missing when the transaction came that it lies in, over or not.
    pub(crate) fn interrupt_at(&mut self, stream: Stream, time: u64) {
        let of_device = |transaction: &&mut Transaction| transaction.stream == stream;
        let newest = self.entries.iter_mut().rev().take(LATEST).map(|(_, transaction)| transaction);
        let mut begun = newest.filter(of_device).skip_while(|transaction| transaction.request.time() > time);
        if let Some(transaction) = begun.next() {
            transaction.unproven |= transaction.response.is_none_or(|end| end.time() >= time);
        }
    }

    /// Notes that so many bytes of a reply are lost, unless the transaction is over.
    pub(crate) fn lose(&mut self, id: TransactionId, lacks: usize) {
        if let Some(transaction) = self.get_mut(id).filter(|transaction| !transaction.ended()) {
            transaction.missing += small(lacks);
        }
    }

    /// Takes an answer into a transaction that is not over.
    pub(crate) fn take(&mut self, id: TransactionId, arrival: Arrival<'_>) -> Completion {
        let Some(transaction) = self.entries.get_mut(id) else { return Completion::None };
        transaction.last = arrival.at.frame();
        transaction.missing += arrival.lacks;
        transaction.bad_crcs += u32::from(!arrival.good);
        let first = transaction.first_data.is_none();
        let mut too_long = false;
        let stage = match arrival.answer {
            Answer::Ack => Some(Stage::PumpAck),
            Answer::Nak(nak) => Some(Stage::PumpNak(nak)),
            Answer::Timeout => Some(Stage::Timeout),
            Answer::Data { bytes, last, .. } => {
                transaction.first_data.get_or_insert(arrival.at);
                let coming = self.coming.entry(id).or_insert_with(|| self.spare.take().unwrap_or_default());
                match u16::try_from(bytes.len()) {
                    Ok(len) if coming.data.len() + bytes.len() <= LONGEST_REPLY => {
                        coming.parts.push(Part { frame: arrival.at.frame(), len, good: arrival.good });
                        coming.data.extend_from_slice(bytes);
                    }
                    _ => {
                        too_long = true;
                        transaction.missing += small(bytes.len());
                    }
                }
                if last {
                    check_page(transaction, coming);
                }
                last.then_some(Stage::EndOfData)
            }
            Answer::Other => None,
        };
        // A damaged header may say anything: it does not end a transaction by itself.
        let Some(stage) = stage.filter(|_| arrival.trusted) else {
            return if too_long { Completion::TooLong } else { Completion::None };
        };
        transaction.stage = stage;
        transaction.response = Some(arrival.at);
        let proven = !transaction.unproven;
        let part = matches!(arrival.answer, Answer::Data { part: true, .. });
        let ends = stage == Stage::EndOfData;
        let sound = proven && !transaction.damaged();
        let misfit = ends && sound && self.is_misfit(id);
        let told = match stage {
            Stage::PumpNak(nak) if sound => self.told(id, Message::Refused(nak)),
            Stage::EndOfData if sound && !misfit => self.told(id, Message::Reply(self.reply(id).0)),
            _ => None,
        };
        self.remember(told);
        if let Some(transaction) = self.get_mut(id) {
            transaction.misfit = misfit;
        }
        match (ends, part) {
            _ if too_long => Completion::TooLong,
            (true, true) => Completion::Joined,
            (true, false) if sound && first => Completion::Whole,
            _ => Completion::None,
        }
    }

    /// True if the whole reply of a transaction holds what no pump can answer to its command.
    fn is_misfit(&self, id: TransactionId) -> bool {
        let asked = self.get(id).and_then(|transaction| Some((transaction, transaction.pump_opcode()?)));
        asked.is_some_and(|(transaction, opcode)| {
            told::read(opcode, self.pump_of(transaction), self.reply(id).0) == Told::Impossible
        })
    }

    /// Takes the parameters of a command, if no check value speaks against them.
    pub(crate) fn take_parameters(&mut self, id: TransactionId, parameters: &[u8]) {
        let told = self.told(id, Message::Parameters(parameters));
        self.remember(told);
    }

    /// What a message of a transaction tells of the pump's model.
    fn told(&self, id: TransactionId, message: Message<'_>) -> Option<(Serial, Pump)> {
        let command = self.get(id)?.command()?;
        Some((command.serial, learn(command.opcode, message)?))
    }

    fn remember(&mut self, told: Option<(Serial, Pump)>) {
        if let Some((serial, told)) = told {
            let pump = self.pumps.entry(serial).or_default();
            if told.known >= pump.known {
                *pump = told;
            }
        }
    }
}

/// Takes into a transaction what the size and the check value of a page say, of which all parts have come.
fn check_page(transaction: &mut Transaction, coming: &mut Coming) {
    let Some(page) = transaction.sound_command().and_then(|command| command.opcode.page()) else { return };
    let lacks = small(page.size().unwrap_or(0).saturating_sub(coming.data.len()));
    transaction.missing = transaction.missing.max(lacks);
    if transaction.bad_crcs == 0
        && let Some(at) = pages::one_part_too_many(page, &coming.data)
    {
        transaction.left_out = coming.leave_out(at);
    }
    transaction.bad_crcs += u32::from(pages::check(page, &coming.data) == CrcStatus::Bad);
}

impl Coming {
    /// Leaves out the part of a page that begins at `at`, if one does: the frame that it came in.
    fn leave_out(&mut self, at: usize) -> Option<NonZeroU32> {
        let begins = |(offset, part): (usize, &Part)| offset == at && part.size() == pages::PART;
        let place = Part::placed(&self.parts).position(begins)?;
        let part = self.parts.remove(place);
        self.data.drain(at..at + pages::PART);
        NonZeroU32::new(part.frame)
    }
}
