// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a transaction, as far as the capture goes. Out: its account, for its first and its last frame, and which that is.

use crate::exchange::{Asked, Outcome, Transaction, TransactionId, Transactions};
use crate::transfer::At;
use crate::tree::cursor::Cursor;
use crate::tree::expert::{DAMAGED_REPLY, INCOMPLETE_REPLY, NO_ANSWER, REPEATED_COMMAND, UNPROVEN};
use crate::tree::field::Field;
use crate::tree::sink::{Sink, Span};
use crate::units::clock::Nanoseconds;

crate::fields! {
    /// Summary of the transaction that the frame begins or ends.
    SUMMARY: Tree, "carelink.transaction.summary", "Transaction Summary", Confirmed;
    /// Marks the frame that the transaction ends with, once it is over: a filter on it leaves one line of each.
    LAST: Flag, "carelink.transaction.last", "Last Frame of the Transaction", Confirmed;
    /// How the transaction ended, as far as the capture goes.
    OUTCOME: U8, "carelink.transaction.outcome", "Outcome", Confirmed, names Outcome::NAMES;
    /// In how many radio reads the reply came.
    PARTS: U32, "carelink.transaction.parts", "Parts", Confirmed;
    /// Bytes of the reply that came.
    BYTES: U32, "carelink.transaction.bytes", "Bytes", Confirmed, unit " bytes";
    /// Bytes of the reply that were lost with a transfer or cut by the capture.
    MISSING: U32, "carelink.transaction.missing", "Bytes Missing", Confirmed, unit " bytes";
    /// How many identical commands failed just before this one.
    REPEATS: U32, "carelink.transaction.repeats", "Repeats of the Command", Confirmed;
    /// Replies with a bad check value.
    BAD_CRCS: U32, "carelink.transaction.bad_crcs", "Bad CRCs", Confirmed;
    /// Time from the command to the stick's acknowledge.
    TIME_TO_ACK: Duration, "carelink.transaction.time_to_ack", "Time to Acknowledge", Confirmed;
    /// Time from the command to the first data of the pump.
    TIME_TO_DATA: Duration, "carelink.transaction.time_to_data", "Time to First Data", Confirmed;
    /// Time from the command to the end of the reply.
    TOTAL_TIME: Duration, "carelink.transaction.time", "Total Time", Confirmed;
}

/// What the carrier's own part of the account is.
#[derive(Clone, Copy, Debug)]
pub struct Effort<'a> {
    /// What it counts.
    pub counts: &'a [(Field, u32)],
    /// When the command was acknowledged.
    pub acknowledged: Option<At>,
}

/// Shows the account of a transaction if `frame` begins or ends it, and it is over.
pub fn show<S: Sink>(
    transactions: &Transactions,
    id: TransactionId,
    effort: Effort<'_>,
    frame: u32,
    span: Span,
    c: &mut Cursor<'_, '_, S>,
) {
    let Some(transaction) = transactions.get(id) else { return };
    let over = transaction.ended() || transaction.closed;
    let first = frame == transaction.request.frame();
    let last = frame == transaction.end();
    if !over || !(first || last) {
        return;
    }
    if last {
        c.generated(LAST, span, &true);
        ending(transaction.outcome(), c);
    }
    if matches!(transaction.asked, Asked::Device(_)) {
        return;
    }
    let (data, parts) = transactions.reply(id);
    c.account(SUMMARY, span, |c| {
        c.title(format_args!("Transaction Summary: {transaction}"));
        let outcome = transaction.outcome();
        c.generated(OUTCOME, span, &u8::from(outcome));
        if first {
            expert(transaction, outcome, c);
        }
        let came = [
            (PARTS, u32::try_from(parts.len()).unwrap_or(u32::MAX)),
            (BYTES, u32::try_from(data.len()).unwrap_or(u32::MAX)),
            (MISSING, transaction.missing),
        ];
        let failed = [(REPEATS, transaction.repeats), (BAD_CRCS, transaction.bad_crcs)];
        for (field, count) in came.iter().chain(effort.counts).chain(&failed) {
            c.generated(*field, span, count);
        }
        let times = [
            (TIME_TO_ACK, effort.acknowledged),
            (TIME_TO_DATA, transaction.first_data),
            (TOTAL_TIME, transaction.response),
        ];
        for (field, at) in times {
            if let Some(at) = at {
                c.generated(field, span, &Nanoseconds::between(transaction.request.time(), at.time()));
            }
        }
    });
    c.raise();
}

/// Says how a transaction ended, unless its last frame says so in its own words.
fn ending<S: Sink>(outcome: Outcome, c: &mut Cursor<'_, '_, S>) {
    match outcome {
        Outcome::Complete
        | Outcome::Damaged
        | Outcome::Incomplete
        | Outcome::Unproven
        | Outcome::NoAnswer
        | Outcome::NoData
        | Outcome::NoReply => c.ending(format_args!("{outcome}")),
        _ => {}
    }
}

fn expert<S: Sink>(transaction: &Transaction, outcome: Outcome, c: &mut Cursor<'_, '_, S>) {
    match outcome {
        Outcome::Incomplete => c.expert(INCOMPLETE_REPLY, format_args!("")),
        Outcome::Unproven => c.expert(UNPROVEN, format_args!("")),
        Outcome::Damaged => c.expert(DAMAGED_REPLY, format_args!("")),
        Outcome::NoAnswer | Outcome::NoData | Outcome::NoReply => {
            c.expert(NO_ANSWER, format_args!("{outcome}"))
        }
        _ => {}
    }
    if transaction.repeats > 0 {
        c.expert(REPEATED_COMMAND, format_args!("{} before it failed", transaction.repeats));
    }
}
