// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a transfer and the facts that the tracker kept of it. Out: its items, the same at every visit.

use super::reply;
use crate::pump;
use crate::stick::framing::Role;
use crate::stick::transmit;
use crate::stick::{self, Context};
use crate::track::ledger::{Fact, Marks};
use crate::track::transaction::Transaction;
use crate::track::{Join, Tracker};
use crate::transfer::{Direction, Transfer};
use crate::tree::cursor::Cursor;
use crate::tree::diagnosis::{CUT_CAPTURE, GAP, NOT_UNDERSTOOD, PART_MISSING, STRAY_REPLY, Stop, TOO_LONG};
use crate::tree::opaque::UNKNOWN;
use crate::tree::sink::{Sink, Span};
use crate::units::clock::Nanoseconds;
use crate::view::options::Options;
use crate::view::summary;
use std::iter::once;

const STICK_NAMES: &[(u32, &str)] = stick::Opcode::NAMES;

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
    /// The model whose layouts are used, and how it is known. Only the second pass knows what later frames tell.
    MODEL: Text, "carelink.pump.known_model", "Pump Model", Confirmed;
    /// Number of the transaction that the frame belongs to: a command and all that answers it, counted from 1.
    TRANSACTION: U32, "carelink.transaction", "Transaction", Confirmed;
    /// The frame that holds the command.
    REQUEST_IN: Request, "carelink.request_in", "Request In", Confirmed;
    /// The frame that holds the reply.
    RESPONSE_IN: Response, "carelink.response_in", "Response In", Confirmed;
    /// Time from the command to its reply.
    TIME: Duration, "carelink.time", "Time", Confirmed;
    /// The parts of a reply that was read from the radio in several reads.
    FRAGMENTS: Tree, "carelink.fragments", "Reply Fragments", Confirmed;
    /// A frame that holds a part of the reply.
    FRAGMENT: Frame, "carelink.fragment", "Fragment", Confirmed;
    /// How many parts the reply came in.
    FRAGMENT_COUNT: U32, "carelink.fragment.count", "Fragment Count", Confirmed;
    /// The frame that completes the reply, and shows it whole.
    REASSEMBLED_IN: Frame, "carelink.reassembled_in", "Reassembled in Frame", Confirmed;
    /// Length of the reply.
    REASSEMBLED_LENGTH: U32, "carelink.reassembled.length", "Reassembled Length", Confirmed, unit " bytes";
    /// The whole reply.
    REASSEMBLED_DATA: Bytes, "carelink.reassembled.data", "Reassembled Data", Confirmed;
}

/// Shows the pieces of a transfer, each with its offset, front to back; `stream` is the number of its stick.
pub fn transfer<'f, S: Sink>(
    tracker: &Tracker,
    transfer: &Transfer<'_>,
    pieces: impl Iterator<Item = (usize, &'f Fact)> + Clone,
    options: Options,
    stream: Option<u32>,
    sink: &mut S,
) {
    let cut = transfer.bytes.len() < transfer.reported;
    let mut cursor = Cursor::new(transfer.bytes, 0, cut, sink).verifying(options.verify);
    let here = Visit { tracker, frame: transfer.frame, reassemble: options.reassemble };
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
}

/// What is needed to show a transfer.
struct Visit<'t> {
    tracker: &'t Tracker,
    /// The frame that the transfer lies in.
    frame: u32,
    /// Whether replies of several radio reads are shown whole.
    reassemble: bool,
}

impl Visit<'_> {
    fn piece<S: Sink>(&self, fact: &Fact, c: &mut Cursor<'_, '_, S>) {
        let len = fact.len as usize;
        let start = c.position();
        let end = (start + len).min(start + c.remaining());
        let join = self.tracker.join(fact);
        let dropped = join.as_ref().is_some_and(|join| join.length == 0);
        match fact.role {
            _ if dropped => stray(len, c),
            Role::Whole => {
                let _ = c.within(len, |c| {
                    self.frame(fact, c);
                    Ok(())
                });
            }
            Role::Stray => stray(len, c),
            Role::Part | Role::Last => {
                let _ = c.within(len, |c| Ok(c.remainder(TRANSFER_DATA)));
                if let Some(join) = join {
                    self.part(fact, &join, c.span(start, end), c);
                }
            }
        }
        if fact.marks.has(Marks::AFTER_LOSS) {
            c.note(PART_MISSING, format_args!("the host went on before the reply before this was complete"));
            c.info(format_args!("the reply before this lacks a part"));
        }
    }

    /// Shows a part of a frame, and with the last one the frame.
    fn part<S: Sink>(&self, fact: &Fact, join: &Join, here: Span, c: &mut Cursor<'_, '_, S>) {
        let Join { length, parts, bytes } = join;
        if fact.role == Role::Part {
            let context = self.context(fact);
            match context.answers {
                Some(_) => c.info(format_args!("Part of a reply of {length} bytes")),
                None => c.info(format_args!("Part of a frame of {length} bytes")),
            }
            opcodes(fact, &context, here, c);
            self.links(fact, here, c);
            if let Some((completing, _)) = parts.last() {
                c.generated(JOINED_IN, here, completing);
                if bytes.len() < *length {
                    c.note(PART_MISSING, format_args!("{} of {length} bytes came", bytes.len()));
                }
            }
            return;
        }
        c.account(TRANSFERS, here, |c| {
            c.title(format_args!("{} Joined Transfers ({} bytes)", parts.len(), bytes.len()));
            let mut offset = 0;
            for &(number, len) in *parts {
                c.generated(TRANSFER, here, &number);
                c.relabel(format_args!(
                    "Frame {number}: bytes {offset} to {} ({len} bytes)",
                    offset + len - 1
                ));
                offset += len;
            }
            c.generated(TRANSFER_COUNT, here, &u32::try_from(parts.len()).unwrap_or(u32::MAX));
        });
        if bytes.len() < *length {
            c.note(PART_MISSING, format_args!("{} of {length} bytes came", bytes.len()));
        }
        let sent: u32 = parts.iter().map(|(_, len)| len).sum();
        let cut = bytes.len() < sent as usize;
        c.elsewhere("Joined Frame", bytes, cut, |mut c| self.frame(fact, &mut c));
    }

    /// Shows a frame, which is all that `c` has to read.
    fn frame<S: Sink>(&self, fact: &Fact, c: &mut Cursor<'_, '_, S>) {
        let start = c.position();
        let context = self.context(fact);
        let read = match fact.direction {
            Direction::ToStick => stick::command(c, &context).map(|_| ()),
            Direction::FromStick => stick::reply(c, &context).map(|_| ()),
        };
        match read {
            Err(stop) => incomplete(c, stop),
            Ok(()) if c.remaining() > 0 => {
                let extra = c.remaining();
                c.remainder(UNKNOWN);
                c.note(TOO_LONG, format_args!("{extra} bytes more than this frame has"));
            }
            Ok(()) => {}
        }
        let span = c.span_since(start);
        opcodes(fact, &context, span, c);
        self.links(fact, span, c);
        if self.reassemble && fact.marks.has(Marks::COMPLETES) {
            self.reassembled(fact, span, c);
        }
        if fact.marks.has(Marks::AFTER_GAP) {
            c.note(GAP, format_args!(""));
        }
        if fact.marks.has(Marks::LEFT_OVER) {
            c.note(STRAY_REPLY, format_args!(""));
        }
        summary::show(self.tracker, self.tracker.transaction_of(fact), self.frame, span, c);
    }

    fn transaction(&self, fact: &Fact) -> Option<&Transaction> {
        self.tracker.transaction(self.tracker.transaction_of(fact))
    }

    fn context(&self, fact: &Fact) -> Context {
        let transaction = self.transaction(fact);
        let serial = transaction.and_then(Transaction::serial);
        Context {
            answers: match fact.direction {
                Direction::ToStick => None,
                Direction::FromStick => {
                    let answered = self.tracker.request(fact).map(|request| request.answered);
                    // Values without a check value are not read from a reply that may answer another command.
                    answered.filter(|command| {
                        !fact.marks.has(Marks::AFTER_GAP)
                            || !matches!(command.opcode, stick::Opcode::Signal | stick::Opcode::Statistics)
                    })
                }
            },
            pump_opcode: transaction.and_then(Transaction::pump_opcode),
            pump: serial.map(|serial| self.tracker.pump(serial)).unwrap_or_default(),
            whole_reply: fact.marks.has(Marks::WHOLE_REPLY),
        }
    }

    /// The transaction, and the frames at the other end.
    fn links<S: Sink>(&self, fact: &Fact, span: Span, c: &mut Cursor<'_, '_, S>) {
        let transaction = self.tracker.transaction_of(fact);
        if transaction != 0 {
            c.generated(TRANSACTION, span, &transaction);
        }
        if fact.role == Role::Part {
            return;
        }
        let Some(request) = self.tracker.request(fact) else { return };
        match fact.direction {
            Direction::ToStick if request.reply != 0 => c.generated(RESPONSE_IN, span, &request.reply),
            Direction::ToStick => {}
            Direction::FromStick => {
                if let Some(frame) = self.completed_in(fact) {
                    c.generated(REASSEMBLED_IN, span, &frame);
                }
                c.generated(REQUEST_IN, span, &request.frame);
                c.generated(TIME, span, &Nanoseconds::between(request.time, request.replied));
            }
        }
    }

    /// The frame that completes the reply of which the frame here holds an earlier part.
    fn completed_in(&self, fact: &Fact) -> Option<u32> {
        let (frame, _) = self.transaction(fact)?.response?;
        let (_, parts) = self.tracker.reply(self.tracker.transaction_of(fact));
        (self.reassemble && frame != self.frame && parts.iter().any(|part| part.frame == self.frame))
            .then_some(frame)
    }

    /// The reply that is complete with this frame.
    fn reassembled<S: Sink>(&self, fact: &Fact, span: Span, c: &mut Cursor<'_, '_, S>) {
        let number = self.tracker.transaction_of(fact);
        let (data, parts) = self.tracker.reply(number);
        let missing = self.tracker.transaction(number).map_or(0, |transaction| transaction.missing);
        c.account(FRAGMENTS, span, |c| {
            c.title(format_args!("{} Reply Fragments ({} bytes)", parts.len(), data.len()));
            for part in parts {
                c.generated(FRAGMENT, span, &part.frame);
                let last = part.offset + part.len.saturating_sub(1);
                c.relabel(format_args!(
                    "Frame {}: bytes {} to {last} ({} bytes)",
                    part.frame, part.offset, part.len
                ));
            }
            c.generated(FRAGMENT_COUNT, span, &u32::try_from(parts.len()).unwrap_or(u32::MAX));
            c.generated(REASSEMBLED_LENGTH, span, &u32::try_from(data.len()).unwrap_or(u32::MAX));
            if missing > 0 {
                c.note(PART_MISSING, format_args!("{missing} bytes of the reply did not come"));
            }
        });
        c.elsewhere("Reassembled Reply", data, false, |mut c| {
            c.derived_at(REASSEMBLED_DATA, c.span(0, data.len()), &data);
            reply::show(self.tracker, number, &mut c);
        });
    }
}

/// Shows bytes that fit no frame.
fn stray<S: Sink>(len: usize, c: &mut Cursor<'_, '_, S>) {
    let _ = c.within(len, |c| Ok(c.remainder(STRAY)));
    c.note(NOT_UNDERSTOOD, format_args!("{len} bytes"));
    c.info(format_args!("{len} bytes that fit no frame"));
}

fn incomplete<S: Sink>(c: &mut Cursor<'_, '_, S>, stop: Stop) {
    if c.remaining() > 0 {
        c.remainder(UNKNOWN);
    }
    c.note_stop(stop);
    c.info(format_args!("{}", if stop.note() == CUT_CAPTURE { "cut by the capture" } else { "too short" }));
}

/// The opcodes of both levels, as far as they are known.
fn opcodes<S: Sink>(fact: &Fact, context: &Context, span: Span, c: &mut Cursor<'_, '_, S>) {
    let from_stick = fact.direction == Direction::FromStick;
    let stick_opcode = match fact.direction {
        Direction::ToStick => c.byte(span.start as usize).map(stick::Opcode::from),
        Direction::FromStick => context.answers.map(|answers| answers.opcode),
    };
    if let Some(opcode) = stick_opcode {
        if from_stick {
            c.generated(stick::OPCODE, span, &opcode);
        }
        c.generated(OPCODE, span, &opcode);
    }
    if let Some(opcode) = context.pump_opcode {
        let in_frame =
            stick_opcode == Some(stick::Opcode::Transmit) && !from_stick && fact.role != Role::Part;
        if !in_frame {
            c.generated(transmit::OPCODE, span, &opcode);
        }
        c.generated(OPCODE, span, &opcode);
    }
    if let Some(model) = context.pump.model.filter(|_| c.looks_at(once(MODEL))) {
        c.generated(MODEL, span, &model);
        c.relabel(format_args!("Pump Model: {model} ({})", context.pump.known));
    }
}
