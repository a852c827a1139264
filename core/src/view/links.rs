// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a frame of a transaction. Out: how it hangs together with the others: request, response, parts and the whole.

use super::{page, reply};
use crate::exchange::{Part, Stage, Transaction, TransactionId, Transactions};
use crate::pump::model::Pump;
use crate::pump::{Opcode, PageKind};
use crate::transfer::At;
use crate::tree::cursor::Cursor;
use crate::tree::expert::{INCOMPLETE_REPLY, PART_MISSING, PART_TWICE};
use crate::tree::field::Field;
use crate::tree::sink::{Sink, Span};
use crate::units::clock::Nanoseconds;
use crate::units::count::{Count, bytes};
use std::iter::once;
use std::num::NonZeroU32;

crate::fields! {
    /// The model whose layouts are used, and how it is known. Only the second pass knows what later frames tell.
    MODEL: Text, "carelink.pump.known_model", "Pump Model", Confirmed;
    /// Number of the transaction that the frame belongs to: a command and all that answers it, counted from 1.
    TRANSACTION: U32, "carelink.transaction", "Transaction", Confirmed;
    /// The frame that holds the command.
    REQUEST_IN: Request, "carelink.request_in", "Request In", Confirmed;
    /// The frame that holds the reply.
    RESPONSE_IN: Response, "carelink.response_in", "Response In", Confirmed;
    /// The frame that holds the command to the pump: what is behind it was sent by the device in between.
    COMMAND_IN: Request, "carelink.command_in", "Command In", Confirmed;
    /// The frame with which the pump's answer to the command is complete, be it data, an acknowledge or a refusal.
    ANSWER_IN: Response, "carelink.answer_in", "Answer In", Confirmed;
    /// Time from the command to the frame that completes the pump's answer.
    ANSWER_TIME: F64, "carelink.answer_time", "Time to the Pump's Answer", Confirmed, unit " ms";
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

/// Shows which transaction a frame belongs to; `below` adds what else filters are to find of that.
pub fn transaction<S: Sink>(
    id: TransactionId,
    span: Span,
    c: &mut Cursor<'_, '_, S>,
    below: impl FnOnce(&mut Cursor<'_, '_, S>),
) {
    c.account_of(TRANSACTION, span, &id.get(), below);
}

/// Refers to a frame, if it still has its number.
fn link<S: Sink>(transactions: &Transactions, field: Field, at: At, span: Span, c: &mut Cursor<'_, '_, S>) {
    if let Some(number) = transactions.number_of(at) {
        c.generated(field, span, &number);
    }
}

/// The frame with which the pump's answer to a command is complete: what the device in between says is none.
fn answer(transaction: &Transaction) -> Option<At> {
    let of_pump = matches!(transaction.stage, Stage::PumpAck | Stage::PumpNak(_) | Stage::EndOfData);
    transaction.response.filter(|_| of_pump)
}

/// Shows where the pump's answer to a command is complete.
pub fn answered_in<S: Sink>(
    transactions: &Transactions,
    id: TransactionId,
    span: Span,
    c: &mut Cursor<'_, '_, S>,
) {
    if let Some(end) = transactions.get(id).and_then(answer) {
        link(transactions, ANSWER_IN, end, span, c);
    }
}

/// Shows where the command is that `frame` holds an answer of the pump to, or a part of one, and how long the whole took.
pub fn commanded_in<S: Sink>(
    transactions: &Transactions,
    id: TransactionId,
    frame: u32,
    span: Span,
    c: &mut Cursor<'_, '_, S>,
) {
    let Some(transaction) = transactions.get(id).filter(|transaction| transaction.command().is_some()) else {
        return;
    };
    let (_, parts) = transactions.reply(id);
    let end = answer(transaction).filter(|end| transactions.number_of(*end) == Some(frame));
    if end.is_none() && parts.iter().all(|part| part.frame != frame) {
        return;
    }
    let sent = transaction.request;
    link(transactions, COMMAND_IN, sent, span, c);
    if let Some(end) = end {
        c.generated(ANSWER_TIME, span, &Nanoseconds::between(sent.time(), end.time()).milliseconds());
    }
}

/// Shows where the reply to a command is.
pub fn response<S: Sink>(reply: NonZeroU32, span: Span, c: &mut Cursor<'_, '_, S>) {
    c.generated(RESPONSE_IN, span, &reply.get());
}

/// Shows where the command is that a reply answers, and how long the reply took.
pub fn request<S: Sink>(
    transactions: &Transactions,
    sent: At,
    reply: At,
    span: Span,
    c: &mut Cursor<'_, '_, S>,
) {
    link(transactions, REQUEST_IN, sent, span, c);
    c.generated(TIME, span, &Nanoseconds::between(sent.time(), reply.time()));
}

/// Shows where the reply is whole of which `frame` holds an earlier part.
pub fn reassembled_in<S: Sink>(
    transactions: &Transactions,
    id: TransactionId,
    frame: u32,
    span: Span,
    c: &mut Cursor<'_, '_, S>,
) {
    let Some(transaction) = transactions.get(id) else { return };
    let (_, parts) = transactions.reply(id);
    let whole = match transaction.response {
        Some(end) => match transactions.number_of(end) {
            Some(whole) => whole,
            None => return,
        },
        None if without_end(transactions, id) => parts.last().map_or(frame, |part| part.frame),
        None => return,
    };
    if whole != frame && parts.iter().any(|part| part.frame == frame) {
        c.generated(REASSEMBLED_IN, span, &whole);
    }
}

/// Says first what a frame of the pump's answer belongs to: which part of which page, or the answer to which command.
pub fn lead<S: Sink>(transactions: &Transactions, id: TransactionId, frame: u32, c: &mut Cursor<'_, '_, S>) {
    let Some(transaction) = transactions.get(id).filter(|_| c.wants_info()) else { return };
    let Some(opcode) = transaction.pump_opcode() else { return };
    let (_, parts) = transactions.reply(id);
    let title = page::title(transaction);
    let answers = matches!(transaction.stage, Stage::PumpNak(_) | Stage::Timeout)
        && transaction.response.is_some_and(|end| end.frame() == frame);
    let of_frame = || (1..).zip(Part::placed(parts)).find(|(_, (_, part)): &(usize, _)| part.frame == frame);
    match (title, of_frame()) {
        (Some(title), Some((nth, (offset, part)))) => {
            let (first, last) = (offset + 1, offset + part.size());
            match opcode.page().and_then(PageKind::size) {
                Some(size) => {
                    c.lead(format_args!("{title}, part {nth} (bytes {first} to {last} of {size})"));
                }
                None => c.lead(format_args!("{title}, part {nth} (bytes {first} to {last})")),
            }
        }
        (None, Some(_)) => c.lead(format_args!("{opcode}")),
        (Some(title), None) if answers => c.lead(format_args!("{title}")),
        (None, None) if answers => c.lead(format_args!("{opcode}")),
        _ => {}
    }
}

/// True if the reply of a transaction came in parts, and the last one will not come any more.
fn without_end(transactions: &Transactions, id: TransactionId) -> bool {
    let asks_for_page =
        |transaction: &Transaction| transaction.pump_opcode().and_then(Opcode::page).is_some();
    transactions
        .get(id)
        .is_some_and(|transaction| transaction.closed && !transaction.ended() && asks_for_page(transaction))
}

/// True if `frame` holds the last part that came of a page which lacks its end.
#[must_use]
pub fn ends_early(transactions: &Transactions, id: TransactionId, frame: u32) -> bool {
    let (_, parts) = transactions.reply(id);
    parts.last().is_some_and(|part| part.frame == frame) && without_end(transactions, id)
}

/// Shows the whole reply of a transaction, or what came of it, and its parts.
pub fn reassembled<S: Sink>(
    transactions: &Transactions,
    id: TransactionId,
    span: Span,
    c: &mut Cursor<'_, '_, S>,
) {
    let (data, parts) = transactions.reply(id);
    let transaction = transactions.get(id);
    let missing = transaction.map_or(0, |transaction| transaction.missing);
    let left_out = transaction.and_then(|transaction| transaction.left_out);
    let open = transaction.is_some_and(|transaction| !transaction.ended());
    c.account(FRAGMENTS, span, |c| {
        c.title(format_args!(
            "{} ({})",
            Count(parts.len(), "Reply Fragment", "Reply Fragments"),
            bytes(data.len())
        ));
        for (offset, part) in Part::placed(parts) {
            c.generated(FRAGMENT, span, &part.frame);
            let last = offset + part.size().saturating_sub(1);
            c.relabel(format_args!(
                "Frame {}: bytes {offset} to {last} ({})",
                part.frame,
                bytes(part.size())
            ));
        }
        c.generated(FRAGMENT_COUNT, span, &u32::try_from(parts.len()).unwrap_or(u32::MAX));
        c.generated(REASSEMBLED_LENGTH, span, &u32::try_from(data.len()).unwrap_or(u32::MAX));
        if missing > 0 {
            c.expert(PART_MISSING, format_args!("{} of the reply did not come", bytes(missing as usize)));
        }
        if open {
            c.expert(
                INCOMPLETE_REPLY,
                format_args!("no check value vouches for the {} that came", bytes(data.len())),
            );
        }
        if let Some(frame) = left_out {
            c.expert(PART_TWICE, format_args!("that of frame {frame}"));
        }
    });
    let name = if open { "Reassembled Reply Without Its End" } else { "Reassembled Reply" };
    c.elsewhere(name, data, open, |mut c| {
        c.derived_at(REASSEMBLED_DATA, c.span(0, data.len()), &data);
        reply::show(transactions, id, &mut c);
    });
}

/// Shows the model whose layouts are used.
pub fn model<S: Sink>(pump: Pump, span: Span, c: &mut Cursor<'_, '_, S>) {
    if let Some(model) = pump.model.filter(|_| c.wants(once(MODEL))) {
        c.generated(MODEL, span, &model);
        c.relabel(format_args!("Pump Model: {model} ({})", pump.known));
    }
}
