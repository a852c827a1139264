// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a page. Out: how long it should be, and whether its check value holds.

use crate::pump::PageKind;
use crate::tree::checksum::{Check, CrcStatus};
use crate::tree::crc::crc16;
use crate::{history, sensor};

/// The two bytes of an ISIG page's check value lie in the low halves of two words.
const ISIG_SEAL: usize = 4;

impl PageKind {
    /// How many bytes such a page has, its check value included; `None` if nobody knows.
    #[must_use]
    pub const fn size(self) -> Option<usize> {
        match self {
            Self::History | Self::Glucose | Self::Vcntr => Some(history::page::SIZE),
            Self::Isig => Some(sensor::isig::SIZE),
            Self::Trace => None,
        }
    }

    /// How many bytes its check value takes up.
    pub(crate) const fn check_width(self) -> usize {
        match self {
            Self::Isig => ISIG_SEAL,
            _ => 2,
        }
    }
}

/// How many bytes such a page has without its check value.
#[must_use]
pub fn unsealed(kind: PageKind) -> Option<usize> {
    Some(kind.size()? - kind.check_width())
}

/// The verdict on a page's own check value.
#[must_use]
pub fn check(kind: PageKind, page: &[u8]) -> CrcStatus {
    seal(kind, page).map_or(CrcStatus::NotPresent, |(_, check)| check.status())
}

/// How many bytes a page's check value covers, and the check value behind them; `None` if the page is cut off.
pub(crate) fn seal(kind: PageKind, page: &[u8]) -> Option<(usize, Check)> {
    let size = kind.size()?;
    let width = kind.check_width();
    let (area, tail) = page.get(..size)?.split_at(size - width);
    let sent = u16::from_be_bytes([tail[0], tail[width / 2]]);
    Some((area.len(), Check { sent, computed: Some(crc16(area)) }))
}
