// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a transfer and the facts that the tracker kept of it. Out: its items, the same at every visit.

use super::book::Reassembly;
use super::conversation::MOST_WAITING;
use super::framing::Portion;
use super::ledger::{Fact, Marks};
use super::tracker::{MOST_STICKS, Tracker};
use super::{Answered, Context, transmit};
use crate::exchange::{LONGEST_REPLY, Transaction, Transactions};
use crate::pump;
use crate::transfer::{Direction, Transfer};
use crate::tree::cursor::Cursor;
use crate::tree::expert::{
    CUT_CAPTURE, GAP, LIMIT_REACHED, NOT_UNDERSTOOD, PART_MISSING, STRAY_REPLY, Stop, TOO_LONG,
};
use crate::tree::opaque::UNKNOWN;
use crate::tree::sink::{Sink, Span};
use crate::view::links;
use crate::view::options::Options;
use crate::view::summary::{self, Effort};

const STICK_NAMES: &[(u32, &str)] = super::Opcode::NAMES;

/// Names of the opcodes of both levels: their numbers do not overlap.
const OPCODE_NAMES: [(u32, &str); STICK_NAMES.len() + pump::NAMES.len()] = {
    let mut names = [(0, ""); STICK_NAMES.len() + pump::NAMES.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] =
            if at < STICK_NAMES.len() { STICK_NAMES[at] } else { pump::NAMES[at - STICK_NAMES.len()] };
        at += 1;
    }
    names
};

crate::fields! {
    /// Number of the stick in the capture, from 0, in the order they first speak.
    STREAM: U32, "carelink.stream", "Stream Index", Confirmed;
    /// The opcode of the command that a frame holds, answers or belongs to, on both levels: the stick's (0x01 to 0x0c) and the pump's (0x24 to 0xf3), whose numbers do not overlap.
    OPCODE: X8, "carelink.opcode", "Opcode", Confirmed, names &OPCODE_NAMES;
    /// One frame of several that the transfer holds.
    FRAME: Tree, "carelink.frame", "Stick Frame", Confirmed;
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
#[derive(Clone, Copy, Debug)]
pub struct Seen<'t> {
    /// What is known of the sticks' frames.
    pub tracker: &'t Tracker,
    /// What is known of the transactions.
    pub transactions: &'t Transactions,
    /// How it is to be shown.
    pub options: Options,
    /// True if there are so many sticks that this one is not followed.
    pub passed_over: bool,
}

/// Shows the pieces of a transfer, each with its offset, front to back; `stream` is the number of its stick.
pub fn transfer<'f, S: Sink>(
    seen: Seen<'_>,
    transfer: &Transfer<'_>,
    pieces: impl Iterator<Item = (usize, &'f Fact)> + Clone,
    stream: Option<u32>,
    sink: &mut S,
) {
    let cut = transfer.bytes.len() < transfer.reported;
    let mut cursor = Cursor::new(transfer.bytes, 0, cut, sink).verifying(seen.options.verify);
    let here = Visit { seen, frame: transfer.frame };
    if let Some(stream) = stream {
        cursor.generated(STREAM, cursor.span(0, transfer.bytes.len()), &stream);
    }
    let several = pieces.clone().nth(1).is_some();
    for (start, fact) in pieces {
        cursor.seek(start);
        if several {
            // A group never fails here: a piece notes its own stops.
            let _ = cursor.group(FRAME, |c| {
                here.piece(fact, c);
                Ok(())
            });
        } else {
            here.piece(fact, &mut cursor);
        }
    }
    if seen.passed_over {
        let limit = format_args!("only the first {MOST_STICKS} sticks of a capture are followed");
        cursor.expert(LIMIT_REACHED, limit);
    }
}

/// What is needed to show a transfer.
struct Visit<'t> {
    seen: Seen<'t>,
    /// The frame that the transfer lies in.
    frame: u32,
}

impl Visit<'_> {
    fn piece<S: Sink>(&self, fact: &Fact, c: &mut Cursor<'_, '_, S>) {
        let len = fact.len as usize;
        let start = c.position();
        let end = (start + len).min(start + c.remaining());
        let reassembly = self.seen.tracker.reassembly(fact);
        let dropped = reassembly.is_some_and(|whole| whole.length == 0);
        match fact.role {
            _ if dropped => stray(len, c),
            Portion::Whole => {
                let _ = c.within(len, |c| {
                    self.frame(fact, c);
                    Ok(())
                });
            }
            Portion::Stray => stray(len, c),
            Portion::Part | Portion::Last => {
                let _ = c.within(len, |c| Ok(c.remainder(TRANSFER_DATA)));
                if let Some(reassembly) = reassembly {
                    self.part(fact, reassembly, c.span(start, end), c);
                }
            }
        }
        if fact.marks.has(Marks::AFTER_LOSS) {
            c.expert(
                PART_MISSING,
                format_args!("the host went on before the reply before this was complete"),
            );
            c.info(format_args!("the reply before this lacks a part"));
        }
    }

    /// Shows a part of a frame, and with the last one the frame.
    fn part<S: Sink>(&self, fact: &Fact, reassembly: Reassembly<'_>, here: Span, c: &mut Cursor<'_, '_, S>) {
        let Reassembly { length, parts, bytes } = reassembly;
        if fact.role == Portion::Part {
            let (context, answers) = (self.context(fact), self.answers(fact));
            match answers {
                Some(_) => c.info(format_args!("Part of a reply of {length} bytes")),
                None => c.info(format_args!("Part of a frame of {length} bytes")),
            }
            // A part begins anywhere in the frame.
            opcodes(fact, bytes.first().copied(), answers, &context, here, c);
            self.link(fact, here, c);
            if let Some((completing, _)) = parts.last() {
                c.generated(JOINED_IN, here, completing);
                if bytes.len() < length {
                    c.expert(PART_MISSING, format_args!("{} of {length} bytes came", bytes.len()));
                }
            }
            return;
        }
        c.account(TRANSFERS, here, |c| {
            c.title(format_args!("{} Joined Transfers ({} bytes)", parts.len(), bytes.len()));
            let mut offset = 0;
            for &(number, len) in parts {
                c.generated(TRANSFER, here, &number);
                c.relabel(format_args!(
                    "Frame {number}: bytes {offset} to {} ({len} bytes)",
                    offset + len - 1
                ));
                offset += len;
            }
            c.generated(TRANSFER_COUNT, here, &u32::try_from(parts.len()).unwrap_or(u32::MAX));
        });
        if bytes.len() < length {
            c.expert(PART_MISSING, format_args!("{} of {length} bytes came", bytes.len()));
        }
        let sent: u32 = parts.iter().map(|(_, len)| len).sum();
        let cut = bytes.len() < sent as usize;
        c.elsewhere("Joined Frame", bytes, cut, |mut c| self.frame(fact, &mut c));
    }

    /// Shows a frame, which is all that `c` has to read.
    fn frame<S: Sink>(&self, fact: &Fact, c: &mut Cursor<'_, '_, S>) {
        let start = c.position();
        let (context, answers) = (self.context(fact), self.answers(fact));
        let read = match fact.direction {
            Direction::ToStick => super::command(c, &context).map(|_| ()),
            Direction::FromStick => super::reply(c, answers, &context).map(|_| ()),
        };
        match read {
            Err(stop) => incomplete(c, stop),
            Ok(()) if c.remaining() > 0 => {
                let extra = c.remaining();
                c.remainder(UNKNOWN);
                c.expert(TOO_LONG, format_args!("{extra} bytes more than this frame has"));
            }
            Ok(()) => {}
        }
        let span = c.span_since(start);
        opcodes(fact, c.byte(start), answers, &context, span, c);
        self.link(fact, span, c);
        let id = self.seen.tracker.transaction_of(fact);
        if let Some(id) = id.filter(|_| self.seen.options.reassemble && fact.marks.has(Marks::COMPLETES)) {
            links::reassembled(self.seen.transactions, id, span, c);
        }
        if fact.marks.has(Marks::AFTER_GAP) {
            c.expert(GAP, format_args!(""));
        }
        if fact.marks.has(Marks::LIMIT) {
            match fact.direction {
                Direction::ToStick => c.expert(
                    LIMIT_REACHED,
                    format_args!("{MOST_WAITING} commands wait for a reply: none of them gets one any more"),
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
        if let Some(id) = id {
            let attempt = self.seen.tracker.attempt(id);
            let effort = Effort { counts: &attempt.counts(), acknowledged: attempt.acknowledged };
            summary::show(self.seen.transactions, id, effort, self.frame, span, c);
        }
    }

    fn transaction(&self, fact: &Fact) -> Option<&Transaction> {
        self.seen.transactions.get(self.seen.tracker.transaction_of(fact)?)
    }

    fn context(&self, fact: &Fact) -> Context {
        let transaction = self.transaction(fact);
        Context {
            pump_opcode: transaction.and_then(Transaction::pump_opcode),
            pump: transaction
                .map(|transaction| self.seen.transactions.pump_of(transaction))
                .unwrap_or_default(),
            whole_reply: fact.marks.has(Marks::WHOLE_REPLY),
        }
    }

    /// The command that a reply answers. After a gap, a reply that nothing vouches for may answer another one.
    fn answers(&self, fact: &Fact) -> Option<Answered> {
        let answered =
            self.seen.tracker.request(fact).filter(|_| fact.direction == Direction::FromStick)?.answered;
        (!fact.marks.has(Marks::AFTER_GAP) || !answered.unvouched()).then_some(answered)
    }

    /// The transaction, and the frames at the other end.
    fn link<S: Sink>(&self, fact: &Fact, span: Span, c: &mut Cursor<'_, '_, S>) {
        let id = self.seen.tracker.transaction_of(fact);
        if let Some(id) = id {
            links::transaction(id, span, c);
        }
        if fact.role == Portion::Part {
            return;
        }
        let Some(request) = self.seen.tracker.request(fact) else { return };
        match (fact.direction, request.sent.zip(request.reply)) {
            (_, None) => {}
            (Direction::ToStick, Some((_, reply))) => links::response(reply, span, c),
            (Direction::FromStick, Some((sent, reply))) => {
                if let Some(id) = id.filter(|_| self.seen.options.reassemble) {
                    links::reassembled_in(self.seen.transactions, id, self.frame, span, c);
                }
                links::request(sent, reply, span, c);
            }
        }
    }
}

/// Shows bytes that fit no frame.
fn stray<S: Sink>(len: usize, c: &mut Cursor<'_, '_, S>) {
    let _ = c.within(len, |c| Ok(c.remainder(STRAY)));
    c.expert(NOT_UNDERSTOOD, format_args!("{len} bytes"));
    c.info(format_args!("{len} bytes that fit no frame"));
}

fn incomplete<S: Sink>(c: &mut Cursor<'_, '_, S>, stop: Stop) {
    if c.remaining() > 0 {
        c.remainder(UNKNOWN);
    }
    c.expert_stop(stop);
    c.info(format_args!("{}", if stop.expert() == CUT_CAPTURE { "cut by the capture" } else { "too short" }));
}

/// The opcodes of both levels, as far as they are known. `first` is the frame's first byte.
fn opcodes<S: Sink>(
    fact: &Fact,
    first: Option<u8>,
    answers: Option<Answered>,
    context: &Context,
    span: Span,
    c: &mut Cursor<'_, '_, S>,
) {
    let from_stick = fact.direction == Direction::FromStick;
    let stick_opcode = match fact.direction {
        Direction::ToStick => first.map(super::Opcode::from),
        Direction::FromStick => answers.map(|answers| answers.opcode),
    };
    if let Some(opcode) = stick_opcode {
        if from_stick {
            c.generated(super::OPCODE, span, &opcode);
        }
        c.generated(OPCODE, span, &opcode);
    }
    if let Some(opcode) = context.pump_opcode {
        let in_frame =
            stick_opcode == Some(super::Opcode::Transmit) && !from_stick && fact.role != Portion::Part;
        if !in_frame {
            c.generated(transmit::OPCODE, span, &opcode);
        }
        c.generated(OPCODE, span, &opcode);
    }
    links::model(context.pump, span, c);
}
