// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a piece of a transfer, and what was learnt of it. Out: what there is to show of it whatever device it is of: the
//! transfers that its frame came in, the frames that it belongs to, what is odd about its place.

use super::book::{Joined, Reassembly};
use super::context::Context;
use super::ledger::{Fact, Marks};
use super::piece::Portion;
use super::tracker::{Followed, MOST_DEVICES, Tracker};
use crate::exchange::{LONGEST_REPLY, Transaction, TransactionId, Transactions, list};
use crate::transfer::{At, DeviceName, Direction, Transfer};
use crate::tree::cursor::Cursor;
use crate::tree::expert::{CUT_CAPTURE, GAP, LIMIT_REACHED, NOT_UNDERSTOOD, PART_MISSING, STRAY_REPLY, Stop};
use crate::tree::opaque::UNKNOWN;
use crate::tree::sink::{Sink, Span};
use crate::units::count::{Count, bytes};
use crate::view::links;
use crate::view::options::Options;
use crate::view::reply;
use crate::view::summary::{self, Effort};
use std::num::NonZeroU32;

crate::fields! {
    /// Number of the device in the capture, a stick or a meter, from 0, in the order they first speak.
    STREAM: U32, "carelink.stream", "Stream Index", Confirmed;
    /// Which device or pump the transfer is from, by the names in the list of conversations.
    SOURCE: Text, "carelink.src", "Source", Confirmed;
    /// Which device or pump the transfer is for, by the names in the list of conversations.
    DESTINATION: Text, "carelink.dst", "Destination", Confirmed;
    /// Either end of the transfer, the device or the pump, by the names in the list of conversations.
    ADDRESS: Text, "carelink.addr", "Source or Destination", Confirmed;
    /// Bytes that fit no frame: a lost transfer, another device, or a capture that begins in the middle.
    STRAY: Bytes, "carelink.stray", "Bytes That Fit No Frame", Confirmed;
    /// The bytes of a part of a frame that came in several transfers.
    TRANSFER_DATA: Bytes, "carelink.transfer.data", "Part of a Frame", Confirmed;
    /// The transfers that a frame came in.
    TRANSFERS: Tree, "carelink.transfers", "Joined Transfers", Confirmed;
    /// A transfer that holds a part of the frame.
    TRANSFER: Frame, "carelink.transfer", "Transfer", Confirmed;
    /// How many transfers the frame came in.
    TRANSFER_COUNT: U32, "carelink.transfer.count", "Transfer Count", Confirmed;
    /// The transfer that completes the frame, and shows it whole.
    JOINED_IN: Frame, "carelink.joined_in", "Joined in Frame", Confirmed;
}

/// What is known of a capture, and how it is to be shown.
#[derive(Debug)]
pub struct Seen<'t, D: Followed> {
    /// What is known of the devices' frames.
    pub tracker: &'t Tracker<D>,
    /// What is known of the transactions.
    pub transactions: &'t Transactions,
    /// How it is to be shown.
    pub options: Options,
    /// True if there are so many devices that this one is not followed.
    pub passed_over: bool,
}

impl<D: Followed> Clone for Seen<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Followed> Copy for Seen<'_, D> {}

impl<'t, D: Followed> Seen<'t, D> {
    /// Shows a transfer of the device with this number; `pieces` shows what it holds.
    pub(crate) fn transfer<S: Sink>(
        self,
        transfer: &Transfer<'_>,
        stream: Option<u32>,
        sink: &mut S,
        pieces: impl FnOnce(&mut Cursor<'_, '_, S>),
    ) {
        let cut = transfer.bytes.len() < transfer.reported;
        let mut c = Cursor::new(transfer.bytes, 0, cut, sink).verifying(self.options.verify);
        if let Some(stream) = stream {
            c.generated(STREAM, c.span(0, transfer.bytes.len()), &stream);
        }
        pieces(&mut c);
        if self.passed_over {
            c.expert(
                LIMIT_REACHED,
                format_args!("only the first {MOST_DEVICES} {} of a capture are followed", D::PLURAL),
            );
        }
    }

    /// The transaction that a piece belongs to.
    pub(crate) fn transaction(self, fact: &Fact) -> Option<&'t Transaction> {
        self.transactions.get(self.tracker.transaction_of(fact)?)
    }

    /// What must be known of other frames to read a piece.
    pub(crate) fn context(self, fact: &Fact) -> Context {
        let transaction = self.transaction(fact);
        let pump = transaction.map(|transaction| self.transactions.pump_of(transaction));
        Context {
            pump_opcode: transaction.and_then(Transaction::pump_opcode),
            pump: pump.unwrap_or_default(),
            whole_reply: fact.marks.has(Marks::WHOLE_REPLY),
        }
    }

    /// The place of a piece of a transfer; `of_pump` is true if it is a packet to the pump or from it.
    pub(crate) fn place(self, fact: &'t Fact, at: At, device: DeviceName, of_pump: bool) -> Place<'t> {
        let request = self.tracker.request(fact);
        Place {
            transactions: self.transactions,
            options: self.options,
            at,
            device,
            of_pump,
            fact,
            id: self.tracker.transaction_of(fact),
            sent: request.and_then(|request| request.sent),
            reply: request.and_then(|request| request.reply),
        }
    }
}

/// Shows the next bytes as such that fit no frame.
pub(crate) fn stray<S: Sink>(len: usize, c: &mut Cursor<'_, '_, S>) {
    let _ = c.within(len, |c| Ok(c.remainder(STRAY)));
    c.expert(NOT_UNDERSTOOD, format_args!("{}", bytes(len)));
    c.info(format_args!("{} that fit no frame", bytes(len)));
}

/// Shows what is left of a frame that ends too early.
pub(crate) fn incomplete<S: Sink>(c: &mut Cursor<'_, '_, S>, stop: Stop) {
    if c.remaining() > 0 {
        c.remainder(UNKNOWN);
    }
    c.expert_stop(stop);
    c.info(format_args!("{}", if stop.expert() == CUT_CAPTURE { "cut by the capture" } else { "too short" }));
}

/// Notes that the frame before this one, in the other direction, lacks its end.
pub(crate) fn after_loss<S: Sink>(fact: &Fact, c: &mut Cursor<'_, '_, S>) {
    if fact.marks.has(Marks::AFTER_LOSS) {
        c.expert(PART_MISSING, format_args!("the host went on before the reply before this was complete"));
        c.info(format_args!("the reply before this lacks a part"));
    }
}

/// Shows where the frame is whole of which this transfer holds an earlier part.
pub(crate) fn joined_in<S: Sink>(whole: Reassembly<'_>, here: Span, c: &mut Cursor<'_, '_, S>) {
    let Reassembly { length, parts, bytes } = whole;
    if let Some(completing) = parts.last() {
        c.generated(JOINED_IN, here, &completing.number());
        lacks(length, bytes, c);
    }
}

/// Shows the transfers that a frame came in, and then the frame.
pub(crate) fn joined<S: Sink>(
    whole: Reassembly<'_>,
    here: Span,
    c: &mut Cursor<'_, '_, S>,
    frame: impl FnOnce(&mut Cursor<'_, '_, S>),
) {
    let Reassembly { length, parts, bytes: joined } = whole;
    c.account(TRANSFERS, here, |c| {
        c.title(format_args!(
            "{} ({})",
            Count(parts.len(), "Joined Transfer", "Joined Transfers"),
            bytes(joined.len())
        ));
        for (offset, part) in list::placed(parts, Joined::size) {
            let (number, len) = (part.number(), part.size());
            c.generated(TRANSFER, here, &number);
            let last = (offset + len).saturating_sub(1);
            c.relabel(format_args!("Frame {number}: bytes {offset} to {last} ({})", bytes(len)));
        }
        c.generated(TRANSFER_COUNT, here, &u32::try_from(parts.len()).unwrap_or(u32::MAX));
    });
    lacks(length, joined, c);
    let sent: usize = parts.iter().map(Joined::size).sum();
    let cut = joined.len() < sent;
    c.elsewhere("Joined Frame", joined, cut, |mut c| frame(&mut c));
}

fn lacks<S: Sink>(length: usize, bytes: &[u8], c: &mut Cursor<'_, '_, S>) {
    if bytes.len() < length {
        c.expert(PART_MISSING, format_args!("{} of {length} bytes came", bytes.len()));
    }
}

/// A piece, and its place among the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'t> {
    /// All transactions.
    pub transactions: &'t Transactions,
    /// How it is to be shown.
    pub options: Options,
    /// The frame of the capture that it lies in.
    pub at: At,
    /// What people call the device.
    pub device: DeviceName,
    /// True if it is a packet to the pump or from it, and not the device's own.
    pub of_pump: bool,
    /// What was learnt of it.
    pub fact: &'t Fact,
    /// The transaction that it belongs to.
    pub id: Option<TransactionId>,
    /// The command that it is or answers.
    pub sent: Option<At>,
    /// The frame of the reply to that.
    pub reply: Option<NonZeroU32>,
}

impl Place<'_> {
    const fn frame(&self) -> u32 {
        self.at.frame()
    }

    /// The transaction, and the frames at the other end; `below` adds what else filters are to find of the transaction.
    pub fn link<S: Sink>(
        &self,
        span: Span,
        c: &mut Cursor<'_, '_, S>,
        below: impl FnOnce(&mut Cursor<'_, '_, S>),
    ) {
        if let Some(id) = self.id {
            links::transaction(id, span, c, below);
        }
        self.ends(span, c);
        if self.fact.role == Portion::Part {
            return;
        }
        if let Some(id) = self.id.filter(|_| self.of_pump && !self.fact.marks.has(Marks::LEFT_OVER)) {
            match self.fact.direction {
                Direction::ToStick => links::answered_in(self.transactions, id, span, c),
                Direction::FromStick => links::commanded_in(self.transactions, id, self.frame(), span, c),
            }
        }
        match self.fact.direction {
            Direction::ToStick => {
                if let Some(reply) = self.reply {
                    links::response(reply, span, c);
                }
            }
            Direction::FromStick => {
                let Some(sent) = self.sent else { return };
                if let Some(id) = self.id.filter(|_| self.options.reassemble) {
                    links::reassembled_in(self.transactions, id, self.frame(), span, c);
                }
                links::request(self.transactions, sent, self.at, span, c);
            }
        }
    }

    /// The device and the pump, as conversations name them.
    fn ends<S: Sink>(&self, span: Span, c: &mut Cursor<'_, '_, S>) {
        let own = self.id.filter(|_| !self.fact.marks.has(Marks::LEFT_OVER));
        let pump = own.and_then(|id| self.transactions.get(id)).and_then(Transaction::serial);
        let Some(pump) = pump.filter(|_| c.wants([SOURCE, DESTINATION, ADDRESS].into_iter())) else { return };
        let device = self.device.text();
        let (device, pump) = (device.as_str(), pump.as_str());
        let (from, to) = match self.fact.direction {
            Direction::ToStick => (device, pump),
            Direction::FromStick => (pump, device),
        };
        for (field, end) in [(SOURCE, from), (DESTINATION, to)] {
            c.hidden_of(field, span, &end, |c| c.hidden(ADDRESS, span, &end));
        }
    }

    /// The reply that is complete with a frame, what is odd about the frame's place, and the account of its transaction.
    /// `waiting` is how many commands may wait.
    pub fn end<S: Sink>(&self, effort: Effort<'_>, waiting: usize, span: Span, c: &mut Cursor<'_, '_, S>) {
        let Self { transactions, fact, .. } = *self;
        let shows_whole = |id: &TransactionId| {
            fact.marks.has(Marks::COMPLETES) || links::ends_early(transactions, *id, self.frame())
        };
        match self.id {
            Some(id) if self.options.reassemble && shows_whole(&id) => {
                links::reassembled(transactions, id, span, c);
            }
            Some(id) if !fact.marks.has(Marks::WHOLE_REPLY) => links::lead(transactions, id, self.frame(), c),
            _ => {}
        }
        if let Some(id) = self.id.filter(|_| fact.marks.has(Marks::WHOLE_REPLY)) {
            reply::echo(transactions, id, c);
        }
        if fact.marks.has(Marks::AFTER_GAP) {
            c.expert(GAP, format_args!(""));
        }
        if fact.marks.has(Marks::LIMIT) {
            match fact.direction {
                Direction::ToStick => c.expert(
                    LIMIT_REACHED,
                    format_args!("{waiting} commands wait for a reply: none of them gets one any more"),
                ),
                Direction::FromStick => {
                    c.expert(
                        LIMIT_REACHED,
                        format_args!("of a reply, {LONGEST_REPLY} bytes are kept at most"),
                    );
                }
            }
        }
        if fact.marks.has(Marks::LEFT_OVER) {
            c.expert(STRAY_REPLY, format_args!(""));
        }
        if let Some(id) = self.id {
            summary::show(transactions, id, effort, self.frame(), span, c);
        }
    }
}
