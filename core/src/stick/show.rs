// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a transfer and the facts that the tracker kept of it. Out: its items, the same at every visit.

use super::conversation::MOST_WAITING;
use super::state::Stick;
use super::{Answered, Context, Opcode};
use crate::carrier::book::Reassembly;
use crate::carrier::ledger::{Fact, Marks};
use crate::carrier::packet;
use crate::carrier::piece::Portion;
use crate::carrier::show::{self, Place, after_loss, incomplete, stray};
use crate::pump;
use crate::transfer::{At, DeviceName, Direction, Transfer};
use crate::tree::cursor::Cursor;
use crate::tree::expert::TOO_LONG;
use crate::tree::opaque::UNKNOWN;
use crate::tree::sink::{Sink, Span};
use crate::view::links;
use crate::view::summary::Effort;

const STICK_NAMES: &[(u32, &str)] = Opcode::NAMES;

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
    /// The opcode of the command that a frame holds, answers or belongs to, on both levels: the stick's (0x01 to 0x0c) and the pump's (0x24 to 0xf3), whose numbers do not overlap.
    OPCODE: X8, "carelink.opcode", "Opcode", Confirmed, names &OPCODE_NAMES;
    /// One frame of several that the transfer holds.
    FRAME: Tree, "carelink.frame", "Stick Frame", Confirmed;
}

/// What is known of a capture's sticks, and how it is to be shown.
pub type Seen<'t> = show::Seen<'t, Stick>;

/// Shows the pieces of a transfer, each with its offset, front to back; `stream` is the number of its stick.
pub fn transfer<'f, S: Sink>(
    seen: Seen<'_>,
    transfer: &Transfer<'_>,
    pieces: impl Iterator<Item = (usize, &'f Fact)> + Clone,
    stream: Option<u32>,
    sink: &mut S,
) {
    let here = Visit { seen, at: transfer.at(), device: transfer.device(stream) };
    let several = pieces.clone().nth(1).is_some();
    seen.transfer(transfer, stream, sink, |c| {
        for (start, fact) in pieces {
            c.seek(start);
            if several {
                // A group never fails here: a piece notes its own stops.
                let _ = c.group(FRAME, |c| {
                    here.piece(fact, c);
                    Ok(())
                });
            } else {
                here.piece(fact, c);
            }
        }
    });
}

/// What is needed to show a transfer.
struct Visit<'t> {
    seen: Seen<'t>,
    /// The frame that the transfer lies in.
    at: At,
    /// What people call the stick.
    device: DeviceName,
}

impl Visit<'_> {
    fn piece<S: Sink>(&self, fact: &Fact, c: &mut Cursor<'_, '_, S>) {
        let len = fact.len as usize;
        let start = c.position();
        let end = (start + len).min(start + c.remaining());
        let reassembly = self.seen.tracker.reassembly(fact);
        match fact.role {
            _ if self.seen.tracker.fits_nothing(fact) => stray(len, c),
            Portion::Whole => {
                let _ = c.within(len, |c| {
                    self.frame(fact, c);
                    Ok(())
                });
            }
            Portion::Stray => stray(len, c),
            Portion::Part | Portion::Last => {
                let _ = c.within(len, |c| Ok(c.remainder(show::TRANSFER_DATA)));
                if let Some(reassembly) = reassembly {
                    self.part(fact, reassembly, c.span(start, end), c);
                }
            }
        }
        after_loss(fact, c);
    }

    /// Shows a part of a frame, and with the last one the frame.
    fn part<S: Sink>(&self, fact: &Fact, reassembly: Reassembly<'_>, here: Span, c: &mut Cursor<'_, '_, S>) {
        if fact.role == Portion::Part {
            let length = reassembly.length;
            let (context, answers) = (self.seen.context(fact), self.answers(fact));
            match answers {
                Some(_) => c.info(format_args!("Part of a reply of {length} bytes")),
                None => c.info(format_args!("Part of a frame of {length} bytes")),
            }
            // A part begins anywhere in the frame.
            opcodes(fact, reassembly.bytes.first().copied(), answers, &context, here, c);
            self.place(fact).link(here, c, |c| pump_opcode(&context, here, c));
            show::joined_in(reassembly, here, c);
            return;
        }
        show::joined(reassembly, here, c, |c| self.frame(fact, c));
    }

    /// Shows a frame, which is all that `c` has to read.
    fn frame<S: Sink>(&self, fact: &Fact, c: &mut Cursor<'_, '_, S>) {
        let start = c.position();
        let (context, answers) = (self.seen.context(fact), self.answers(fact));
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
        let place = self.place(fact);
        place.link(span, c, |c| pump_opcode(&context, span, c));
        let attempt = place.id.map(|id| self.seen.tracker.attempt(id)).unwrap_or_default();
        let effort = Effort { counts: &attempt.counts(), acknowledged: attempt.acknowledged };
        place.end(effort, MOST_WAITING, span, c);
    }

    fn place<'t>(&'t self, fact: &'t Fact) -> Place<'t> {
        let carries = match fact.direction {
            Direction::ToStick => Opcode::Transmit,
            Direction::FromStick => Opcode::ReadRadio,
        };
        let request = self.seen.tracker.request(fact);
        let of_pump = request.is_some_and(|request| request.answered.opcode == carries);
        self.seen.place(fact, self.at, self.device, of_pump)
    }

    /// The command that a reply answers. After a gap, a reply that nothing vouches for may answer another one.
    fn answers(&self, fact: &Fact) -> Option<Answered> {
        let answered =
            self.seen.tracker.request(fact).filter(|_| fact.direction == Direction::FromStick)?.answered;
        (!fact.marks.has(Marks::AFTER_GAP) || !answered.unvouched()).then_some(answered)
    }
}

/// Lets filters find the pump's opcode by the name that both levels share.
fn pump_opcode<S: Sink>(context: &Context, span: Span, c: &mut Cursor<'_, '_, S>) {
    if let Some(opcode) = context.pump_opcode {
        c.hidden(OPCODE, span, &opcode);
    }
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
        Direction::ToStick => first.map(Opcode::from),
        Direction::FromStick => answers.map(|answers| answers.opcode),
    };
    if let Some(opcode) = stick_opcode {
        if from_stick {
            c.generated(super::OPCODE, span, &opcode);
        }
        c.hidden(OPCODE, span, &opcode);
    }
    if let Some(opcode) = context.pump_opcode {
        let in_frame = stick_opcode == Some(Opcode::Transmit) && !from_stick && fact.role != Portion::Part;
        if !in_frame {
            c.generated(packet::OPCODE, span, &opcode);
        }
    }
    links::model(context.pump, span, c);
}
