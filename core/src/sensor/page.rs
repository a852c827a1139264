// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a glucose page, what lies beside it, and the time of what follows it. Out: its records, each with its time.

use super::beside::Beside;
use super::record::{Body, Record, RecordType, Stamp, Timing, When, record, stamp};
use crate::history::layout::in_page;
use crate::history::page::{RECORDS, SIZE};
use crate::tree::checksum::{Check, CrcStatus};
use crate::tree::crc::crc16;
use crate::tree::cursor::Cursor;
use crate::tree::expert::{TOO_LONG, TOO_SHORT, UNKNOWN_OPCODE};
use crate::tree::opaque::{PADDING, UNKNOWN};
use crate::tree::sink::Sink;
use crate::units::clock::PumpTime;
use arrayvec::ArrayVec;
use jiff::civil::DateTime;
use nom::Parser;
use nom::number::complete::be_u16;

/// Minutes from one record without a time to the next.
const SLOT: i8 = 5;

/// What became of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Number of records that were read.
    pub records: usize,
    /// True if all bytes belong to known records.
    pub complete: bool,
    /// The time of a record that would end the next older page, if it takes a slot.
    pub before: Option<DateTime>,
    /// The verdict on its check value; not present on a page that is cut off.
    pub crc: CrcStatus,
}

/// Where a record lies, and when it happened, as far as the bytes behind it and its own tell.
#[derive(Clone, Copy)]
struct Place {
    kind: &'static RecordType,
    when: When,
    start: u16,
}

/// Reads all that `c` has left as a glucose page, and adds its records to a list, oldest first.
///
/// `after` is the time at the end of the page: the `before` of the next newer [`Page`]. Without it, records behind the
/// last time stamp of the page have only estimated times, or none.
pub fn page<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    beside: &Beside<'_>,
    after: Option<DateTime>,
    list: &mut Vec<Record>,
) -> Page {
    let (start, bytes) = (c.position(), c.rest());
    if bytes.len() < RECORDS {
        let stop = c.stop();
        c.remainder(UNKNOWN);
        let expert = if stop.cut { stop.expert() } else { TOO_SHORT };
        c.expert(expert, format_args!("a page is read from its end, which is missing"));
        return Page { records: 0, complete: false, before: None, crc: CrcStatus::NotPresent };
    }
    let area = &bytes[..RECORDS];
    let computed = c.verifies().then(|| crc16(area));
    let mut places = ArrayVec::new();
    let walk = walk(area, after.map(PumpTime::from), &mut places);
    let _ = c.within(RECORDS, |c| {
        show(c, &places, walk.broken_at, beside, after.is_none(), list);
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
    let before = walk.before.filter(|_| walk.broken_at == 0).and_then(PumpTime::valid);
    Page { records: places.len(), complete: walk.broken_at == 0, before, crc }
}

/// How far the records of a page can be followed.
struct Walk {
    /// Bytes before this offset cannot be told apart.
    broken_at: usize,
    before: Option<PumpTime>,
}

/// Goes backwards from record to record, and tells where they lie, newest first; `time` is that of the newest.
fn walk(area: &[u8], mut time: Option<PumpTime>, places: &mut ArrayVec<Place, RECORDS>) -> Walk {
    let mut end = area.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    while end > 0 {
        let opcode = area[end - 1];
        if opcode == 0 {
            end -= 1;
            continue;
        }
        let Some(kind) = RecordType::of(opcode) else { break };
        let Some(start) = end.checked_sub(kind.len.into()) else { break };
        let when = match kind.timing {
            Timing::None => When::Unknown,
            Timing::Slot => {
                let own = time;
                time = own.and_then(|time| time.later(-SLOT));
                own.map_or(When::Unknown, When::Counted)
            }
            Timing::Stamped => {
                let own = stamp(&area[start..end]);
                if opcode == TIMESTAMP {
                    time = own.filter(|time| time.is_valid());
                }
                own.map_or(When::Unknown, When::Stored)
            }
        };
        if places.try_push(Place { kind, when, start: in_page(start) }).is_err() {
            break;
        }
        end = start;
    }
    Walk { broken_at: end, before: time }
}

const TIMESTAMP: u8 = 0x08;

/// Claims the page from its first byte on, record by record.
fn show<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    places: &[Place],
    broken_at: usize,
    beside: &Beside<'_>,
    newest: bool,
    list: &mut Vec<Record>,
) {
    if broken_at > 0 {
        let opcode = c.byte(broken_at - 1).unwrap_or_default();
        let _ = c.within(broken_at, |c| Ok(c.remainder(UNKNOWN)));
        if RecordType::of(opcode).is_some() {
            c.expert(TOO_SHORT, format_args!("the record that ends here would begin before the page"));
        } else {
            c.expert(
                UNKNOWN_OPCODE,
                format_args!(
                    "{opcode:#04x}: how long the record is, and so where the one before it ends, is not known"
                ),
            );
        }
    }
    list.reserve(places.len());
    let mut estimate: Option<PumpTime> = None;
    for &Place { kind, when, start } in places.iter().rev() {
        filler(c, usize::from(start) - c.position());
        let when = match when {
            When::Unknown if newest && kind.timing == Timing::Slot => {
                estimate = estimate.and_then(|time| time.later(SLOT));
                estimate.map_or(When::Unknown, When::About)
            }
            when => when,
        };
        let read = c.within(kind.len.into(), |c| record(c, kind, when, beside, list));
        let Ok(body) = read else { continue };
        // A gap ends a run, and what happens between may take time: nothing can be counted on from there.
        if kind.timing == Timing::Stamped {
            estimate = match (when, body) {
                (When::Stored(time), Body::Stamp(Stamp::LastRf | Stamp::PageEnd)) => Some(time),
                _ => None,
            };
        }
    }
    c.fill();
}

fn filler<S: Sink>(c: &mut Cursor<'_, '_, S>, len: usize) {
    if len > 0 {
        let _ = c.within(len, |c| Ok(c.remainder(PADDING)));
    }
}
