// SPDX-License-Identifier: GPL-2.0-or-later
//! In: an ISIG page. Out: the sensor's current, word by word.

use super::beside::Isig;
use super::record::ISIG;
use crate::pump::model::Pump;
use crate::tree::checksum::{Check, CrcStatus};
use crate::tree::crc::crc16;
use crate::tree::cursor::Cursor;
use crate::tree::expert::TOO_LONG;
use crate::tree::opaque::PADDING;
use crate::tree::sink::Sink;
use nom::Parser;
use nom::bytes::complete::take;
use nom::number::complete::le_u16;

crate::fields! {
    /// The word at the place of an argument of a glucose record, or of a filler.
    ARGUMENT: X16, "carelink.sensor.isig.argument", "Beside an Argument", Confirmed;
    /// The word at the place of a glucose record without a current: it repeats the record's opcode.
    OPCODE: X16, "carelink.sensor.isig.opcode", "Beside a Record", Confirmed;
    /// The glucose record at this place has no current.
    NONE: X16, "carelink.sensor.isig.none", "No Current", Confirmed;
    /// Hundredths of a nanoampere; pumps from the 523 on keep the lowest bit of the glucose in bit 0.
    WORD: X16, "carelink.sensor.isig.word", "Word", Confirmed;
    /// Lowest bit of the glucose at the same place.
    ODD: U8, "carelink.sensor.isig.odd", "Odd Glucose", Inferred;
}

/// Bytes of a page.
pub const SIZE: usize = 2048;
/// Bytes of a page before its check value.
const WORDS: usize = SIZE - 4;

/// The word beside an argument.
const BESIDE_ARGUMENT: u16 = 0x0022;
/// The highest opcode that is a word by itself.
const HIGHEST_OPCODE: u16 = 0x0013;

/// Reads all that `c` has left as an ISIG page of `pump`; returns the verdict on its check value.
pub fn page<S: Sink>(c: &mut Cursor<'_, '_, S>, pump: Pump) -> CrcStatus {
    let (start, bytes) = (c.position(), c.rest());
    let area = &bytes[..bytes.len().min(WORDS)];
    let computed = (bytes.len() >= SIZE && c.verifies()).then(|| crc16(area));
    let large = pump.large();
    let _ = c.within(area.len(), |c| {
        words(c, large);
        Ok(())
    });
    // Its two bytes lie in the low halves of two words.
    let sent =
        take(4usize).map(|bytes: &[u8]| Check { sent: u16::from_be_bytes([bytes[0], bytes[2]]), computed });
    let crc = match c.check(&"Page CRC", 4, start, sent) {
        Ok(check) => check.status(),
        Err(_) => CrcStatus::NotPresent,
    };
    if c.remaining() > 0 {
        c.fill();
        if bytes.len() > SIZE {
            c.expert(TOO_LONG, format_args!("a page has {SIZE} bytes"));
        }
    }
    crc
}

fn words<S: Sink>(c: &mut Cursor<'_, '_, S>, large: Option<bool>) {
    while let Some(&[low, high]) = c.rest().first_chunk() {
        if c.rest().iter().all(|&byte| byte == 0) {
            c.remainder(PADDING);
            return;
        }
        let word = u16::from_le_bytes([low, high]);
        // A word is there, so reading it cannot fail.
        let _ = match word {
            0 => c.read(NONE, le_u16),
            BESIDE_ARGUMENT => c.read(ARGUMENT, le_u16),
            1..=HIGHEST_OPCODE => c.read(OPCODE, le_u16),
            _ => c.packed(WORD, le_u16, |c, &word| {
                if let Some(current) = Isig::read(word, large) {
                    c.derived(ISIG, &current);
                }
                if large == Some(true) {
                    c.derived(ODD, &(word & 1));
                }
            }),
        };
    }
    c.fill();
}
