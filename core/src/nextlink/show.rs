// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a report and the fact that the tracker kept of it. Out: its items, the same at every visit.

use super::hid::Report;
use super::message;
use super::state::Meter;
use crate::carrier::book::Reassembly;
use crate::carrier::context::Context;
use crate::carrier::ledger::{Fact, Marks};
use crate::carrier::packet;
use crate::carrier::piece::Portion;
use crate::carrier::show::{self, Place, TRANSFER_DATA, after_loss, incomplete, stray};
use crate::pump::Opcode;
use crate::stick::show::OPCODE;
use crate::transfer::{Direction, Transfer};
use crate::tree::cursor::Cursor;
use crate::tree::sink::{Sink, Span};
use crate::view::links;
use crate::view::summary::Effort;

/// What is known of a capture's meters, and how it is to be shown.
pub type Seen<'t> = show::Seen<'t, Meter>;

/// Shows a report; `stream` is the number of its meter.
pub fn transfer<S: Sink>(
    seen: Seen<'_>,
    transfer: &Transfer<'_>,
    facts: &[Fact],
    stream: Option<u32>,
    sink: &mut S,
) {
    seen.transfer(transfer, stream, sink, |c| {
        for fact in facts {
            Visit { seen, transfer, fact, stream }.report(c);
        }
    });
}

/// What is needed to show a report.
struct Visit<'t> {
    seen: Seen<'t>,
    transfer: &'t Transfer<'t>,
    fact: &'t Fact,
    /// The number of the meter.
    stream: Option<u32>,
}

impl Visit<'_> {
    fn report<S: Sink>(&self, c: &mut Cursor<'_, '_, S>) {
        let report = Report::of(self.transfer.bytes, Some(self.fact.direction));
        let Some(report) = report.filter(|_| self.fact.role != Portion::Stray) else {
            return stray(self.transfer.reported, c);
        };
        report.show(c, |c| match self.fact.role {
            Portion::Whole | Portion::Stray => self.message(c),
            Portion::Part | Portion::Last => {
                c.remainder(TRANSFER_DATA);
            }
        });
        let here = c.span(0, self.transfer.bytes.len());
        match self.fact.role {
            Portion::Whole if report.length == 0 => c.info(format_args!("an empty report")),
            Portion::Part | Portion::Last => {
                if let Some(whole) = self.seen.tracker.reassembly(self.fact) {
                    self.part(whole, here, c);
                }
            }
            Portion::Whole | Portion::Stray => {}
        }
        after_loss(self.fact, c);
    }

    /// Shows what a part of a message belongs to, and with the last one the message.
    fn part<S: Sink>(&self, whole: Reassembly<'_>, here: Span, c: &mut Cursor<'_, '_, S>) {
        if self.fact.role == Portion::Last {
            return show::joined(whole, here, c, |c| self.message(c));
        }
        match whole.length {
            0 => c.info(format_args!("Part of a message")),
            length => c.info(format_args!("Part of a message of {length} bytes")),
        }
        self.opcodes(here, c);
        self.place().link(here, c, |c| self.pump_opcode(here, c));
        show::joined_in(whole, here, c);
    }

    /// Shows a message, which is all that `c` has to read.
    fn message<S: Sink>(&self, c: &mut Cursor<'_, '_, S>) {
        let start = c.position();
        if let Err(stop) = message::read(c, self.fact.direction, &self.context()) {
            incomplete(c, stop);
        }
        let span = c.span_since(start);
        self.opcodes(span, c);
        let place = self.place();
        place.link(span, c, |c| self.pump_opcode(span, c));
        let attempt = place.id.map(|id| self.seen.tracker.attempt(id)).unwrap_or_default();
        let effort = Effort { counts: &attempt.counts(), acknowledged: attempt.acknowledged };
        place.end(effort, 1, span, c);
    }

    fn context(&self) -> Context {
        self.seen.context(self.fact)
    }

    /// The pump's opcode of the transaction, where the message does not hold it.
    fn opcodes<S: Sink>(&self, span: Span, c: &mut Cursor<'_, '_, S>) {
        let in_message = self.fact.direction == Direction::ToStick && self.fact.role != Portion::Part;
        if let Some(opcode) = self.asked().filter(|_| !in_message) {
            c.generated(packet::OPCODE, span, &opcode);
        }
        links::model(self.context().pump, span, c);
    }

    /// The pump's opcode of the transaction, if the message has to do with it.
    fn asked(&self) -> Option<Opcode> {
        self.context().pump_opcode.filter(|_| !self.fact.marks.has(Marks::LEFT_OVER))
    }

    /// Lets filters find the pump's opcode by the name that all levels share.
    fn pump_opcode<S: Sink>(&self, span: Span, c: &mut Cursor<'_, '_, S>) {
        if let Some(opcode) = self.asked() {
            c.hidden(OPCODE, span, &opcode);
        }
    }

    fn place(&self) -> Place<'_> {
        let Self { seen, transfer, fact, stream } = *self;
        let of_pump = seen.transaction(fact).is_some_and(|transaction| transaction.command().is_some());
        seen.place(fact, transfer.at(), transfer.device(stream), of_pump)
    }
}
