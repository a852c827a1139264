// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a piece of a transfer, and what the tracker knows of it. Out: what statistics count of it, the same at every visit.
//!
//! Numbers that the tree shows as fields too are taken from those fields as they are reported, so that a count and a
//! display filter cannot disagree.

use super::received::{RSSI, ResponseType, TYPE};
use super::show::{self, Seen};
use super::{ACK, Ack, NAK_REASON, NakReason, Opcode};
use crate::carrier::ledger::{Fact, Marks};
use crate::carrier::packet::NAK;
use crate::carrier::piece::Portion;
use crate::carrier::report::{Report, closed_by, object};
use crate::exchange::{Device, Transaction};
use crate::pump::nak::Nak;
use crate::transfer::{At, Direction, Transfer};
use crate::tree::checksum::{CRC_STATUS, CrcStatus};
use crate::tree::field::Field;
use crate::tree::sink::{Item, Mark, Sink, Value};

/// What statistics count of the piece that a fact is about, at an offset in the transfer.
#[must_use]
pub fn piece(seen: Seen<'_>, transfer: &Transfer<'_>, (start, fact): (usize, &Fact)) -> Report {
    let Seen { tracker, transactions, .. } = seen;
    let whole = matches!(fact.role, Portion::Whole | Portion::Last);
    // A reply of somebody else's says nothing of the transaction that it came into.
    let id = tracker.transaction_of(fact).filter(|_| !fact.marks.has(Marks::LEFT_OVER));
    let transaction = id.and_then(|id| transactions.get(id));
    let mut found = Findings::default();
    if whole {
        show::transfer(seen, transfer, std::iter::once((start, fact)), None, &mut found);
    }
    let command = whole && fact.direction == Direction::ToStick;
    let reply = whole && fact.direction == Direction::FromStick;
    let request = tracker.request(fact).filter(|_| whole);
    let here = |at: Option<At>| at.is_some_and(|at| at.frame() == transfer.frame);
    let own = transaction.filter(|_| reply && !fact.marks.has(Marks::AFTER_END));
    let ended = own.filter(|transaction| transaction.ended() && here(transaction.response));
    let responded = own.filter(|transaction| match transaction.command() {
        // Most hosts do not fetch what a pump says to these, so the stick's acknowledge is the response.
        Some(_) if transaction.expects_nothing() => here(id.and_then(|id| tracker.attempt(id).acknowledged)),
        Some(_) => transaction.ended() && here(transaction.response),
        None => false,
    });
    let transmits = command && request.is_some_and(|request| request.answered.opcode == Opcode::Transmit);
    let cut_short = || closed_by(transactions, id?).filter(|_| transmits);
    Report {
        device: Device::Stick,
        direction: fact.direction,
        len: fact.len,
        pump: transaction.and_then(Transaction::serial),
        whole,
        transmits,
        over_radio: transmits || found.heard,
        device_code: request.map(|request| request.answered.opcode.into()),
        pump_opcode: transaction.and_then(Transaction::pump_opcode).filter(|_| whole),
        asked: request.filter(|_| reply).and_then(|request| request.sent).map(At::time),
        pump_asked: responded.map(|transaction| transaction.request.time()),
        outcome: ended.or_else(cut_short).map(Transaction::outcome),
        pump_nak: found.pump_nak,
        device_nak: found.stick_nak.map(NakReason::into),
        bad_crcs: found.bad_crcs,
        rssi: found.rssi,
        object: ended.and_then(|transaction| object(transactions, id?, transaction, transfer.frame)),
    }
}

/// What the fields of a frame say.
#[derive(Debug, Default)]
struct Findings {
    ack: Option<Ack>,
    pump_nak: Option<Nak>,
    stick_nak: Option<NakReason>,
    bad_crcs: u32,
    rssi: Option<i8>,
    /// True if the pump said something.
    heard: bool,
}

impl Findings {
    fn byte(&mut self, field: Field, value: u8) {
        if field == CRC_STATUS {
            self.bad_crcs += u32::from(CrcStatus::from(value) == CrcStatus::Bad);
        } else if field == NAK {
            self.pump_nak = Some(value.into());
        } else if field == ACK {
            self.ack = Some(value.into());
        } else if field == TYPE {
            self.heard = ResponseType::from(value) != ResponseType::Timeout;
        } else if field == NAK_REASON && self.ack == Some(Ack::Nak) {
            self.stick_nak = Some(value.into());
        }
    }
}

impl Sink for Findings {
    const KEEPS: bool = true;
    fn leaf(&mut self, item: Item<'_>) -> Mark {
        match item.value {
            Value::Unsigned(value) => {
                if let Ok(byte) = u8::try_from(value) {
                    self.byte(item.field, byte);
                }
            }
            // 0 is what the stick says when it received nothing.
            Value::Signed(strength) if item.field == RSSI && strength != 0 => {
                self.rssi = i8::try_from(strength).ok();
            }
            _ => {}
        }
        Mark::default()
    }
    fn open(&mut self, item: Item<'_>) -> Mark {
        self.leaf(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Outcome;
    use crate::session::Session;
    use crate::transfer::{Carrier, Claim, Stream};
    use crate::tree::crc::crc8;

    /// The reports of a session on one stick, each transfer 1 ms after the one before.
    fn reports(transfers: &[(Direction, Vec<u8>)]) -> Vec<Report> {
        let mut session = Session::default();
        let mut reports = Vec::new();
        for (frame, (direction, bytes)) in (1..).zip(transfers) {
            let transfer = Transfer {
                bytes,
                reported: bytes.len(),
                stream: Stream::Usb { interface: 0, bus: 1, device: 1 },
                time: u64::from(frame) * 1_000_000,
                frame,
                layer: 0,
                direction: Some(*direction),
                endpoint: None,
                carrier: Carrier::Transfers,
                claim: Claim::Certain,
                left_out: false,
            };
            session.observe(&transfer);
            reports.extend(session.report(&transfer));
        }
        reports
    }

    fn transmit(opcode: u8, pages: u8, parameters: &[u8]) -> (Direction, Vec<u8>) {
        let count = u8::try_from(parameters.len()).expect("a few");
        let mut bytes = vec![1, 0, 0xa7, 1, 0x12, 0x34, 0x56, 0x80, count, 0, 0, pages, 0, opcode];
        bytes.push(crc8(&bytes));
        bytes.extend(parameters);
        bytes.push(crc8(parameters));
        (Direction::ToStick, bytes)
    }

    fn ack() -> (Direction, Vec<u8>) {
        let mut bytes = vec![1, 0x55];
        bytes.resize(64, 0);
        (Direction::FromStick, bytes)
    }

    #[test]
    fn the_next_command_ends_a_transaction_that_has_no_end_of_its_own() {
        let reports = reports(&[transmit(0x4d, 0, &[1]), ack(), transmit(0x8d, 1, &[]), ack()]);
        let outcomes: Vec<_> = reports.iter().map(|report| report.outcome).collect();
        assert_eq!(outcomes, [None, None, Some(Outcome::Accepted), None]);
        let asked: Vec<_> = reports.iter().map(|report| report.pump_asked).collect();
        // The acknowledge of a command with pages is not its response.
        assert_eq!(asked, [None, Some(1_000_000), None, None]);
        assert!(reports.iter().all(|report| report.pump.is_some_and(|pump| pump.as_str() == "123456")));
    }

    #[test]
    fn bad_check_values_are_counted() {
        let (direction, mut bytes) = transmit(0x4d, 0, &[1]);
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        bytes[14] ^= 1;
        let reports = reports(&[(direction, bytes)]);
        assert_eq!(reports.iter().map(|report| report.bad_crcs).collect::<Vec<_>>(), [2]);
    }
}
