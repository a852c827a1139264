// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a VCNTR page. Out: the voltage at the sensor's counter electrode, as counts.

use super::record::VCNTR;
use crate::history::page::{RECORDS, SIZE};
use crate::tree::checksum::{Check, CrcStatus};
use crate::tree::crc::crc16;
use crate::tree::cursor::Cursor;
use crate::tree::expert::TOO_LONG;
use crate::tree::opaque::PADDING;
use crate::tree::sink::Sink;
use nom::Parser;
use nom::number::complete::{be_u16, i8};

/// Reads all that `c` has left as a VCNTR page; returns the verdict on its check value.
pub fn page<S: Sink>(c: &mut Cursor<'_, '_, S>) -> CrcStatus {
    let (start, bytes) = (c.position(), c.rest());
    let area = &bytes[..bytes.len().min(RECORDS)];
    let computed = (bytes.len() >= SIZE && c.verifies()).then(|| crc16(area));
    let _ = c.within(area.len(), |c| {
        while c.remaining() > 0 {
            if c.rest().iter().all(|&byte| byte == 0) {
                c.remainder(PADDING);
                break;
            }
            c.read(VCNTR, i8)?;
        }
        Ok(())
    });
    let crc = match c.check(&"Page CRC", 4, start, be_u16.map(|sent| Check { sent, computed })) {
        Ok(check) => check.status(),
        Err(_) => CrcStatus::NotPresent,
    };
    if c.remaining() > 0 {
        c.fill();
        c.expert(TOO_LONG, format_args!("a page has {SIZE} bytes"));
    }
    crc
}
