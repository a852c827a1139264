// SPDX-License-Identifier: GPL-2.0-or-later
//! In: one transfer of the meter. Out: where the bytes of a message lie in the HID report that it is.
//!
//! Source: `docs/protocol/nextlink.md`, section 1. A report begins with three bytes that tell its direction, and the
//! number of bytes that belong to a message; some captures have the report's id before that. Hosts may leave out the
//! zeros that fill a report.

use crate::transfer::Direction;
use crate::tree::cursor::Cursor;
use crate::tree::expert::{CUT_CAPTURE, Stop, TOO_SHORT};
use crate::tree::opaque::{LEFT_OVER, PADDING, UNKNOWN};
use crate::tree::sink::Sink;
use crate::units::count::bytes;
use nom::bytes::complete::take;
use nom::number::complete::be_u8;
use std::ops::Range;

/// Bytes before those of the message, beside an id: the mark and the length.
const HEAD: usize = 4;

const MARK_LENGTH: usize = 3;

/// The mark of what goes each way.
const MARKS: [(Direction, &[u8; MARK_LENGTH]); 2] =
    [(Direction::ToStick, &[0, 0, 0]), (Direction::FromStick, b"ABC")];

crate::fields! {
    /// A HID report of the meter, or to it.
    REPORT: Tree, "carelink.nextlink.report", "HID Report", Confirmed;
    /// The report's id, which some captures keep.
    REPORT_ID: X8, "carelink.nextlink.report.id", "Report ID", Inferred;
    /// Three zeros to the meter, "ABC" from it.
    MARK: Bytes, "carelink.nextlink.report.mark", "Mark", Confirmed;
    /// How many bytes of the report belong to a message.
    LENGTH: U8, "carelink.nextlink.report.length", "Length", Confirmed, unit " bytes";
}

/// A report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which way it goes.
    pub direction: Direction,
    /// True if its id comes first.
    pub has_id: bool,
    /// How many bytes of a message it says to hold.
    pub length: u8,
}

impl Report {
    /// The report that `bytes` begin, if they are one, which goes in `direction` if that is known.
    #[must_use]
    pub fn of(bytes: &[u8], direction: Option<Direction>) -> Option<Self> {
        [false, true].into_iter().find_map(|has_id| {
            let head = bytes.get(usize::from(has_id)..)?;
            let (mark, rest) = head.split_first_chunk()?;
            let (&length, rest) = rest.split_first()?;
            let (direction, _) = MARKS
                .into_iter()
                .find(|&(way, known)| known == mark && direction.is_none_or(|direction| direction == way))?;
            // With an id of zero, too, a report begins with three zeros; but then it would be empty.
            let empty = length == 0 && rest.first().is_some_and(|&byte| byte != 0);
            (!empty || has_id).then_some(Self { direction, has_id, length })
        })
    }

    /// How many bytes come before those of the message.
    #[must_use]
    pub const fn head(self) -> usize {
        HEAD + self.has_id as usize
    }

    /// Where the bytes of the message lie in a report of so many bytes.
    #[must_use]
    pub fn content(self, len: usize) -> Range<usize> {
        let start = self.head().min(len);
        start..(start + usize::from(self.length)).min(len)
    }

    /// Reads the report; `message` reads the bytes of a message that it holds.
    pub(super) fn show<S: Sink>(
        self,
        c: &mut Cursor<'_, '_, S>,
        message: impl FnOnce(&mut Cursor<'_, '_, S>),
    ) {
        if let Err(stop) = self.show_head(c) {
            c.expert_stop(stop);
            c.remainder(UNKNOWN);
            return;
        }
        let length = usize::from(self.length).min(c.remaining());
        if length < self.length.into() {
            let stop = c.stop();
            let expert = if stop.cut { CUT_CAPTURE } else { TOO_SHORT };
            c.expert(expert, format_args!("the report has room for {length} bytes"));
        }
        if length > 0 {
            let _ = c.within(length, |c| {
                message(c);
                Ok(())
            });
        }
        // Zeros fill a report, or what its buffer held before.
        let zeros = c.rest().iter().all(|&byte| byte == 0);
        c.remainder(if zeros { PADDING } else { LEFT_OVER });
    }

    fn show_head<S: Sink>(self, c: &mut Cursor<'_, '_, S>) -> Result<(), Stop> {
        c.group(REPORT, |c| {
            c.title(format_args!("HID Report of {}", bytes(self.length)));
            if self.has_id {
                c.read(REPORT_ID, be_u8)?;
            }
            c.read(MARK, take(MARK_LENGTH))?;
            c.read(LENGTH, be_u8)?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_may_have_an_id() {
        let is = |bytes: &[u8], direction, has_id, length| {
            let report = Report::of(bytes, None).expect("a report");
            assert_eq!(report, Report { direction, has_id, length }, "{bytes:02x?}");
            report.content(bytes.len())
        };
        assert_eq!(is(&[0, 0, 0, 1, b'X', 0], Direction::ToStick, false, 1), 4..5);
        assert_eq!(is(&[0, 0, 0, 0, 1, b'X'], Direction::ToStick, true, 1), 5..6);
        assert_eq!(is(&[7, 0, 0, 0, 1, b'X'], Direction::ToStick, true, 1), 5..6);
        assert_eq!(is(b"ABC\x02\x06\x06", Direction::FromStick, false, 2), 4..6);
        assert_eq!(is(b"\x00ABC\x3c\x06", Direction::FromStick, true, 60), 5..6, "cut");
        assert_eq!(is(&[0; 64], Direction::ToStick, false, 0), 4..4);
    }

    #[test]
    fn what_is_no_report_is_none() {
        for bytes in [&[][..], &[0, 0, 0], b"ABD\x01\x06", &[0, 0, 4, 0, 0, 0, 0, 0]] {
            assert_eq!(Report::of(bytes, None), None, "{bytes:02x?}");
        }
        assert_eq!(Report::of(b"ABC\x01\x06", Some(Direction::ToStick)), None, "the other way");
    }
}
