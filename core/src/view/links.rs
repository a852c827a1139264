// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a frame of a transaction. Out: how it hangs together with the others: request, response, parts and the whole.

use super::reply;
use crate::exchange::{TransactionId, Transactions};
use crate::pump::model::Pump;
use crate::transfer::At;
use crate::tree::cursor::Cursor;
use crate::tree::expert::PART_MISSING;
use crate::tree::sink::{Sink, Span};
use crate::units::clock::Nanoseconds;
use std::iter::once;

crate::fields! {
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

/// Shows which transaction a frame belongs to.
pub fn transaction<S: Sink>(id: TransactionId, span: Span, c: &mut Cursor<'_, '_, S>) {
    c.generated(TRANSACTION, span, &id.get());
}

/// Shows where the reply to a command is.
pub fn response<S: Sink>(reply: At, span: Span, c: &mut Cursor<'_, '_, S>) {
    c.generated(RESPONSE_IN, span, &reply.frame());
}

/// Shows where the command is that a reply answers, and how long the reply took.
pub fn request<S: Sink>(sent: At, reply: At, span: Span, c: &mut Cursor<'_, '_, S>) {
    c.generated(REQUEST_IN, span, &sent.frame());
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
    let Some(whole) = transactions.get(id).and_then(|transaction| transaction.response) else { return };
    let (_, parts) = transactions.reply(id);
    if whole.frame() != frame && parts.iter().any(|part| part.frame == frame) {
        c.generated(REASSEMBLED_IN, span, &whole.frame());
    }
}

/// Shows the whole reply of a transaction, and its parts.
pub fn reassembled<S: Sink>(
    transactions: &Transactions,
    id: TransactionId,
    span: Span,
    c: &mut Cursor<'_, '_, S>,
) {
    let (data, parts) = transactions.reply(id);
    let missing = transactions.get(id).map_or(0, |transaction| transaction.missing);
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
            c.expert(PART_MISSING, format_args!("{missing} bytes of the reply did not come"));
        }
    });
    c.elsewhere("Reassembled Reply", data, false, |mut c| {
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
