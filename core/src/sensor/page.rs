// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a glucose page, what lies beside it, and the time of what follows it. Out: its records, each with its time.

use super::beside::Beside;
use super::record::{Body, Record, RecordType, Stamp, Timing, When, record, stamp};
use crate::history::page::{RECORDS, SIZE};
use crate::tree::checksum::{Check, CrcStatus};
use crate::tree::crc::crc16;
use crate::tree::cursor::Cursor;
use crate::tree::expert::{TOO_LONG, TOO_SHORT, UNKNOWN_OPCODE};
use crate::tree::opaque::{PADDING, UNKNOWN};
use crate::tree::sink::Sink;
use crate::units::clock::PumpTime;
use arrayvec::ArrayVec;
use jiff::SignedDuration;
use jiff::civil::DateTime;
use nom::Parser;
use nom::number::complete::be_u16;

/// From one record without a time to the next.
const SLOT: SignedDuration = SignedDuration::from_mins(5);

/// A known time, and how many slots lie between it and the place that it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The time stamp.
    pub time: DateTime,
    /// How many records without a time lie between.
    pub slots: u16,
}

impl Anchor {
    fn back(self) -> Option<DateTime> {
        self.time.checked_sub(SLOT * i32::from(self.slots)).ok()
    }

    fn forth(self) -> Option<DateTime> {
        self.time.checked_add(SLOT * i32::from(self.slots)).ok()
    }
}

/// What became of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Number of records that were read.
    pub records: usize,
    /// True if all bytes belong to known records.
    pub complete: bool,
    /// The time of what lies before the page, counted from here; for the next older page.
    pub before: Option<Anchor>,
    /// The verdict on its check value; not present on a page that is cut off.
    pub crc: CrcStatus,
}

/// Where a record lies, and how far it is from its time stamp.
#[derive(Clone, Copy)]
struct Place {
    start: u16,
    end: u16,
    /// The next newer time stamp, and the slots up to it, of a record that takes a slot.
    anchor: Option<Anchor>,
}

/// Reads all that `c` has left as a glucose page, and calls `each` with each record, oldest first.
///
/// `after` is where the next newer page begins in time: the `before` of its [`Page`]. Without it, records behind the
/// last time stamp of the page have only estimated times, or none.
pub fn page<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    beside: &Beside<'_>,
    after: Option<Anchor>,
    mut each: impl FnMut(Record),
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
    let walk = walk(area, after, &mut places);
    let _ = c.within(RECORDS, |c| {
        show(c, &places, walk.broken_at, beside, after.is_none(), &mut each);
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
    let before = walk.before.filter(|_| walk.broken_at == 0);
    Page { records: places.len(), complete: walk.broken_at == 0, before, crc }
}

/// How far the records of a page can be followed.
struct Walk {
    /// Bytes before this offset cannot be told apart.
    broken_at: usize,
    before: Option<Anchor>,
}

/// Goes backwards from record to record, and tells where they lie, newest first.
fn walk(area: &[u8], mut anchor: Option<Anchor>, places: &mut ArrayVec<Place, RECORDS>) -> Walk {
    let mut end = area.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    while end > 0 && !places.is_full() {
        let opcode = area[end - 1];
        if opcode == 0 {
            end -= 1;
            continue;
        }
        let Some(kind) = RecordType::of(opcode) else { break };
        let Some(start) = end.checked_sub(kind.len.into()) else { break };
        if opcode == TIMESTAMP {
            anchor = stamp(&area[start..end]).and_then(PumpTime::valid).map(|time| Anchor { time, slots: 0 });
        }
        let own = anchor.filter(|_| kind.timing == Timing::Slot);
        if let (Timing::Slot, Some(anchor)) = (kind.timing, &mut anchor) {
            anchor.slots = anchor.slots.saturating_add(1);
        }
        let offset = |at| u16::try_from(at).unwrap_or(u16::MAX);
        places.push(Place { start: offset(start), end: offset(end), anchor: own });
        end = start;
    }
    Walk { broken_at: end, before: anchor }
}

const TIMESTAMP: u8 = 0x08;

/// Claims the page from its first byte on, record by record.
fn show<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    places: &[Place],
    broken_at: usize,
    beside: &Beside<'_>,
    newest: bool,
    each: &mut impl FnMut(Record),
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
    let mut estimate: Option<Anchor> = None;
    for place in places.iter().rev() {
        filler(c, usize::from(place.start) - c.position());
        let opcode = c.byte(usize::from(place.end) - 1).unwrap_or_default();
        let Some(kind) = RecordType::of(opcode) else { continue };
        let when = match kind.timing {
            Timing::None => When::Unknown,
            Timing::Stamped => {
                let bytes = c.rest().get(..kind.len.into()).unwrap_or_default();
                stamp(bytes).map_or(When::Unknown, When::Stored)
            }
            Timing::Slot => match (place.anchor, &mut estimate) {
                (Some(anchor), _) => anchor.back().map_or(When::Unknown, When::Counted),
                (None, Some(anchor)) if newest => {
                    anchor.slots = anchor.slots.saturating_add(1);
                    anchor.forth().map_or(When::Unknown, When::About)
                }
                (None, _) => When::Unknown,
            },
        };
        let read = c.within(kind.len.into(), |c| record(c, kind, when, beside));
        let Ok(record) = read else { continue };
        // A gap ends a run, and what happens between may take time: nothing can be counted on from there.
        if kind.timing == Timing::Stamped {
            estimate = match record.body {
                Body::Stamp(Stamp::LastRf | Stamp::PageEnd) => {
                    when.certain().map(|time| Anchor { time, slots: 0 })
                }
                _ => None,
            };
        }
        each(record);
    }
    c.fill();
}

fn filler<S: Sink>(c: &mut Cursor<'_, '_, S>, len: usize) {
    if len > 0 {
        let _ = c.within(len, |c| Ok(c.remainder(PADDING)));
    }
}
