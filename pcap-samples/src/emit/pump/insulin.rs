// SPDX-License-Identifier: GPL-2.0-or-later
//! In: insulin that is left, that was given, that a temporary rate gives. Out: the bytes that say so.

use super::to::To;
use crate::emit::count::{fortieths, minutes, steps, tenths};
use carelink_core::pump::reservoir::Reservoir;
use carelink_core::pump::temp_basal::{TempBasal, TempBasal511};
use carelink_core::pump::totals::Totals;

/// What is left: tenths; from the 523 on, fortieths behind two zeros.
pub(super) fn reservoir(value: Reservoir, to: To) -> Option<Vec<u8>> {
    let remaining = value.remaining.0;
    if to.large && to.opcode == 0x73 {
        return Some([[0, 0], fortieths(remaining)?].concat());
    }
    Some(tenths(remaining)?.to_vec())
}

/// Today and yesterday: tenths in two bytes each; from the 523 on, fortieths in four.
pub(super) fn totals(value: Totals, large: bool) -> Option<Vec<u8>> {
    let (today, yesterday) = (value.today.0, value.yesterday.0);
    if large {
        return Some([steps(today, 25)?, steps(yesterday, 25)?].map(u32::to_be_bytes).concat());
    }
    Some([tenths(today)?, tenths(yesterday)?].concat())
}

/// Kind, percent, rate in fortieths, minutes.
pub(super) fn temp_basal(value: TempBasal) -> Option<Vec<u8>> {
    let head = [value.kind.into(), value.percent];
    Some([head, fortieths(value.rate.0)?, minutes(value.remaining)?].concat())
}

/// Rate in tenths, minutes.
pub(super) fn temp_basal_511(value: TempBasal511) -> Option<Vec<u8>> {
    Some([tenths(value.rate.0)?, minutes(value.remaining)?].concat())
}
