// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the bytes of a history page, whole or cut off. Out: its records, its padding and its check value.

use super::Record;
use super::fit::{Choice, choose, others};
use super::layout::Layout;
use super::records::records;
use crate::pump::model::Pump;
use crate::pump::models::Models;
use crate::tree::checksum::{Check, CrcStatus};
use crate::tree::crc::crc16;
use crate::tree::cursor::Cursor;
use crate::tree::expert::{MODEL_ASSUMED, OTHER_MODEL, TOO_LONG};
use crate::tree::sink::Sink;
use arrayvec::ArrayVec;
use nom::Parser;
use nom::number::complete::be_u16;

/// Bytes of a page before its check value.
pub const RECORDS: usize = super::records::RECORDS;
/// Bytes of a page.
pub const SIZE: usize = RECORDS + 2;

/// What became of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Number of records that were read.
    pub records: usize,
    /// True if the records led to the padding, or to where the page is cut off.
    pub complete: bool,
    /// How long its records are taken to be.
    pub layout: Layout,
    /// True if that had to be assumed, as the pump's model is not known.
    pub assumed: bool,
    /// The verdict on its check value; not present on a page that is cut off.
    pub crc: CrcStatus,
}

/// Reads all that `c` has left as a history page of `pump`, and adds its records to a list, oldest first.
pub fn page<S: Sink>(c: &mut Cursor<'_, '_, S>, pump: Pump, list: &mut Vec<Record>) -> Page {
    let (start, bytes) = (c.position(), c.rest());
    let (area, cut) = (&bytes[..bytes.len().min(RECORDS)], bytes.len() < RECORDS);
    let Choice { layout, assumed } = choose(pump, area, cut);
    let computed = (bytes.len() >= SIZE && c.verifies()).then(|| crc16(area));

    let note = |c: &mut Cursor<'_, '_, S>| {
        if assumed {
            c.expert(MODEL_ASSUMED, format_args!("by the lengths of the records"));
            return;
        }
        let others = if c.shows() { others(layout, area, cut) } else { ArrayVec::new() };
        if !others.is_empty() {
            c.expert(OTHER_MODEL, format_args!("they fit a {}", Models(&others)));
        }
    };
    let walked = c.within(area.len(), |c| Ok(records(c, layout, cut, note, list)));
    let (records, complete) = walked.unwrap_or_default();
    let crc = match c.check(&"Page CRC", 4, start, be_u16.map(|sent| Check { sent, computed })) {
        Ok(check) => check.status(),
        Err(_) => CrcStatus::NotPresent,
    };
    if c.remaining() > 0 {
        c.fill();
        c.expert(TOO_LONG, format_args!("a page has {SIZE} bytes"));
    }
    Page { records, complete, layout, assumed, crc }
}
