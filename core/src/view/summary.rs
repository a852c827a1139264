// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a transaction, as far as the capture goes. Out: its account, for its first and its last frame.

use crate::track::Tracker;
use crate::track::transaction::{Kind, Outcome, Transaction};
use crate::tree::cursor::Cursor;
use crate::tree::diagnosis::{DAMAGED_REPLY, INCOMPLETE_REPLY, NO_ANSWER, REPEATED_COMMAND, UNPROVEN};
use crate::tree::sink::{Sink, Span};
use crate::units::clock::Nanoseconds;

crate::fields! {
    /// Summary of the transaction that the frame begins or ends.
    SUMMARY: Tree, "carelink.transaction.summary", "Transaction Summary", Confirmed;
    /// How the transaction ended, as far as the capture goes.
    OUTCOME: U8, "carelink.transaction.outcome", "Outcome", Confirmed, names Outcome::NAMES;
    /// In how many radio reads the reply came.
    PARTS: U32, "carelink.transaction.parts", "Parts", Confirmed;
    /// Bytes of the reply that came.
    BYTES: U32, "carelink.transaction.bytes", "Bytes", Confirmed, unit " bytes";
    /// Bytes of the reply that were lost with a transfer or cut by the capture.
    MISSING: U32, "carelink.transaction.missing", "Bytes Missing", Confirmed, unit " bytes";
    /// How often the host asked the stick for its status.
    POLLS: U32, "carelink.transaction.polls", "Status Polls", Confirmed;
    /// How many of the polls found nothing to read.
    EMPTY_POLLS: U32, "carelink.transaction.empty_polls", "Empty Polls", Confirmed;
    /// How often the host read from the radio.
    READS: U32, "carelink.transaction.reads", "Radio Reads", Confirmed;
    /// How often the host read again after a bad check value.
    REREADS: U32, "carelink.transaction.rereads", "Reads After a Bad CRC", Confirmed;
    /// Retries over the radio that the stick reports.
    RETRIES: U32, "carelink.transaction.retries", "Radio Retries", Confirmed;
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

/// Shows the account of transaction `number` if `frame` begins or ends it, and it is over.
pub fn show<S: Sink>(tracker: &Tracker, number: u32, frame: u32, span: Span, c: &mut Cursor<'_, '_, S>) {
    let Some(transaction) = tracker.transaction(number) else { return };
    let over = transaction.ended() || transaction.closed;
    let first = frame == transaction.request.0;
    let end = transaction.response.map_or(transaction.last, |(frame, _)| frame);
    if matches!(transaction.kind, Kind::Stick(_)) || !over || !(first || frame == end) {
        return;
    }
    let (data, parts) = tracker.reply(number);
    c.account(SUMMARY, span, |c| {
        c.title(format_args!("Transaction Summary: {transaction}"));
        let outcome = transaction.outcome();
        c.generated(OUTCOME, span, &u8::from(outcome));
        if first {
            note(transaction, outcome, c);
        }
        let counts = [
            (PARTS, u32::try_from(parts.len()).unwrap_or(u32::MAX)),
            (BYTES, u32::try_from(data.len()).unwrap_or(u32::MAX)),
            (MISSING, transaction.missing),
            (POLLS, transaction.polls),
            (EMPTY_POLLS, transaction.empty_polls),
            (READS, transaction.reads),
            (REREADS, transaction.rereads),
            (RETRIES, transaction.retries),
            (REPEATS, transaction.repeats),
            (BAD_CRCS, transaction.bad_crcs),
        ];
        counts.iter().for_each(|(field, count)| c.generated(*field, span, count));
        let times = [
            (TIME_TO_ACK, transaction.acknowledged),
            (TIME_TO_DATA, transaction.first_data),
            (TOTAL_TIME, transaction.response),
        ];
        for (field, at) in times {
            if let Some((_, at)) = at {
                c.generated(field, span, &Nanoseconds::between(transaction.request.1, at));
            }
        }
    });
}

fn note<S: Sink>(transaction: &Transaction, outcome: Outcome, c: &mut Cursor<'_, '_, S>) {
    match outcome {
        Outcome::Incomplete => c.note(INCOMPLETE_REPLY, format_args!("")),
        Outcome::Unproven => c.note(UNPROVEN, format_args!("")),
        Outcome::Damaged => c.note(DAMAGED_REPLY, format_args!("")),
        Outcome::NoData | Outcome::NoReply => c.note(NO_ANSWER, format_args!("{outcome}")),
        _ => {}
    }
    if transaction.repeats > 0 {
        c.note(REPEATED_COMMAND, format_args!("{} before it failed", transaction.repeats));
    }
}
