// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: what statistics count of a piece of a transfer, whatever device it is of.

use crate::exchange::{Asked, Device, DeviceCode, Outcome, Stage, Transaction, TransactionId, Transactions};
use crate::pump::nak::Nak;
use crate::pump::pages::PageRequest;
use crate::pump::serial::Serial;
use crate::pump::{self, Opcode, Parameters};
use crate::transfer::Direction;
use crate::tree::cursor::Cursor;

/// What statistics count of one piece of a transfer.
///
/// What concerns a whole frame is told with its last piece; other pieces have their length, device and pump only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What kind of device it is of.
    pub device: Device,
    /// Which way it went.
    pub direction: Direction,
    /// Its length as sent, in bytes.
    pub len: u32,
    /// The pump that its transaction is about.
    pub pump: Option<Serial>,
    /// True if a frame is complete with it.
    pub whole: bool,
    /// True if the frame is a command to a pump.
    pub transmits: bool,
    /// True if the frame holds a packet to a pump, or what came from one.
    pub over_radio: bool,
    /// The device's own command that the frame is or answers.
    pub device_code: Option<DeviceCode>,
    /// The pump's command that the frame belongs to.
    pub pump_opcode: Option<Opcode>,
    /// When the device was given the command that the frame answers, in nanoseconds.
    pub asked: Option<u64>,
    /// When the device was given the pump's command that the frame is the end of the response to.
    pub pump_asked: Option<u64>,
    /// A transaction that ends with the frame: by what it says, or because the next command comes.
    pub outcome: Option<Outcome>,
    /// Why the pump refused.
    pub pump_nak: Option<Nak>,
    /// Why the device refused.
    pub device_nak: Option<DeviceCode>,
    /// How many check values of it are bad.
    pub bad_crcs: u32,
    /// Strength of the pump's signal in dBm.
    pub rssi: Option<i8>,
    /// The whole reply of the pump that is complete with the frame.
    pub object: Option<Object>,
}

/// A whole reply of a pump, as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The transaction whose reply it is: [`Transactions::reply`] has the bytes.
    pub transaction: TransactionId,
    /// Such as `123456-read-history-page-00-frame168.bin`: pump, command, page if any, and frame.
    pub name: String,
}

/// The transaction that had not ended when the command of this one came over the same device.
pub(crate) fn closed_by(transactions: &Transactions, id: TransactionId) -> Option<&Transaction> {
    let opener = transactions.get(id).filter(|opener| matches!(opener.asked, Asked::Pump(_)))?;
    let of_the_radio =
        |before: &&Transaction| before.stream == opener.stream && !matches!(before.asked, Asked::Device(_));
    transactions.before(id).find(of_the_radio).filter(|before| !before.ended())
}

/// The reply of a transaction, if all of it came.
pub(crate) fn object(
    transactions: &Transactions,
    id: TransactionId,
    transaction: &Transaction,
    frame: u32,
) -> Option<Object> {
    if transaction.stage != Stage::EndOfData || transaction.missing > 0 {
        return None;
    }
    let opcode = transaction.pump_opcode()?;
    let serial = transaction.serial()?;
    let command = words(&opcode.to_string());
    let page = page(transactions, transaction).map(|page| format!("-{page:02}")).unwrap_or_default();
    let doubt = match transaction.outcome() {
        Outcome::Damaged => "-damaged",
        Outcome::Unproven => "-unproven",
        Outcome::DoesNotFit => "-does-not-fit",
        _ => "",
    };
    Some(Object { transaction: id, name: format!("{serial}-{command}{page}-frame{frame}{doubt}.bin") })
}

/// `Suspend/Resume (511)` as `suspend-resume-511`.
fn words(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// The page that was asked for, if the command asks for one.
fn page(transactions: &Transactions, transaction: &Transaction) -> Option<u32> {
    let opcode = transaction.pump_opcode()?;
    let pump = transactions.pump_of(transaction);
    let mut nobody = ();
    let mut cursor = Cursor::new(transaction.parameters(), 0, false, &mut nobody);
    match pump::parameters(opcode, &mut cursor, pump) {
        Ok(Some(Parameters::Page(page))) => Some(match page {
            PageRequest::History(back) => back.into(),
            PageRequest::Sensor(number) => number,
            PageRequest::Trace(number) => number.into(),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_hold_letters_digits_and_dashes() {
        assert_eq!(words("Suspend/Resume"), "suspend-resume");
        assert_eq!(words("Read Temp Basal (511)"), "read-temp-basal-511");
        assert_eq!(words("unknown (0x2f)"), "unknown-0x2f");
    }
}
