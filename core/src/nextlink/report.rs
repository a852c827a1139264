// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a report, and what the tracker knows of it. Out: what statistics count of it, the same at every visit.
//!
//! Numbers that the tree shows as fields too are taken from those fields as they are reported, so that a count and a
//! display filter cannot disagree.

use super::codes::{REFUSAL, Refusal};
use super::payload::PACKET;
use super::show::{self, Seen};
use super::state::Sent;
use crate::carrier::ledger::{Fact, Marks};
use crate::carrier::packet::{ACK, NAK};
use crate::carrier::piece::Portion;
use crate::carrier::report::{Report, closed_by, object};
use crate::exchange::{Asked, Device, Transaction};
use crate::pump::nak::Nak;
use crate::transfer::{At, Direction, Transfer};
use crate::tree::checksum::{CRC_STATUS, CrcStatus};
use crate::tree::sink::{Item, Mark, Sink, Value};
use crate::view::payload::{PAYLOAD, REPLY};

/// What statistics count of a report.
#[must_use]
pub fn piece(seen: Seen<'_>, transfer: &Transfer<'_>, fact: &Fact) -> Report {
    let Seen { tracker, transactions, .. } = seen;
    let whole = matches!(fact.role, Portion::Whole | Portion::Last);
    // A reply of somebody else's says nothing of the transaction that it came into.
    let id = tracker.transaction_of(fact).filter(|_| !fact.marks.has(Marks::LEFT_OVER));
    let transaction = id.and_then(|id| transactions.get(id));
    let mut found = Findings::default();
    if whole {
        show::transfer(seen, transfer, std::slice::from_ref(fact), None, &mut found);
    }
    let command = whole && fact.direction == Direction::ToStick;
    let reply = whole && fact.direction == Direction::FromStick;
    let request = tracker.request(fact).filter(|_| whole);
    // Words have no field that a table of times could filter by.
    let operation = request.filter(|request| matches!(request.answered, Sent::Envelope(_)));
    let here = |at: Option<At>| at.is_some_and(|at| at.frame() == transfer.frame);
    let own = transaction.filter(|_| reply && !fact.marks.has(Marks::AFTER_END));
    let ended = own.filter(|transaction| transaction.ended() && here(transaction.response));
    let of_pump = |transaction: &&Transaction| matches!(transaction.asked, Asked::Pump(_));
    let begins = transaction.is_some_and(|transaction| transaction.request.frame() == transfer.frame);
    let transmits = command && begins && transaction.is_some_and(|transaction| of_pump(&transaction));
    let cut_short = || closed_by(transactions, id?).filter(|_| transmits);
    Report {
        device: Device::Meter,
        direction: fact.direction,
        len: fact.len,
        pump: transaction.and_then(Transaction::serial),
        whole,
        transmits,
        over_radio: found.carries && found.refusal.is_none() && transaction.as_ref().is_some_and(of_pump),
        device_code: request.and_then(|request| request.answered.code()),
        pump_opcode: transaction.and_then(Transaction::pump_opcode).filter(|_| whole),
        asked: operation.filter(|_| reply).and_then(|request| request.sent).map(At::time),
        pump_asked: ended.filter(of_pump).map(|transaction| transaction.request.time()),
        outcome: ended.or_else(cut_short).map(Transaction::outcome),
        pump_nak: found.pump_nak,
        device_nak: found.refusal.map(Refusal::into),
        bad_crcs: found.bad_crcs,
        rssi: None,
        object: ended.and_then(|transaction| object(transactions, id?, transaction, transfer.frame)),
    }
}

/// What the fields of a message say.
#[derive(Debug, Default)]
struct Findings {
    pump_nak: Option<Nak>,
    refusal: Option<Refusal>,
    bad_crcs: u32,
    /// True if there is a packet to the pump, or something that it said.
    carries: bool,
}

impl Sink for Findings {
    const KEEPS: bool = true;
    fn leaf(&mut self, item: Item<'_>) -> Mark {
        self.carries |= [PACKET, ACK, NAK, PAYLOAD, REPLY].contains(&item.field);
        let Value::Unsigned(value) = item.value else { return Mark::default() };
        let Ok(value) = u8::try_from(value) else { return Mark::default() };
        if item.field == CRC_STATUS {
            self.bad_crcs += u32::from(CrcStatus::from(value) == CrcStatus::Bad);
        } else if item.field == NAK {
            self.pump_nak = Some(value.into());
        } else if item.field == REFUSAL {
            self.refusal = Some(Refusal::from(value)).filter(|&refusal| refusal != Refusal::None);
        }
        Mark::default()
    }
    fn open(&mut self, item: Item<'_>) -> Mark {
        self.leaf(item)
    }
}
