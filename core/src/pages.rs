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

/// How many bytes of a page come at a time.
pub const PART: usize = 64;

/// Where the part lies that a page has too many, if one is there twice or is none of its own: leaving it out is the one
/// way to a good check value.
///
/// Hosts that read a part again keep both at times, so that people have files of 1,088 bytes.
#[must_use]
pub fn one_part_too_many(kind: PageKind, bytes: &[u8]) -> Option<usize> {
    let size = kind.size().filter(|size| bytes.len() == size + PART)?;
    let without = |at: usize| [&bytes[..at], &bytes[at + PART..]].concat();
    let mut good = (0..=size).step_by(PART).filter(|&at| check(kind, &without(at)) == CrcStatus::Good);
    let first = good.next()?;
    // Of two parts that are the same, it makes no difference which one is left out.
    let page = without(first);
    let last = good.try_fold(first, |_, at| (without(at) == page).then_some(at))?;
    Some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Vec<u8> {
        let mut page: Vec<u8> = (0..1022_u32).map(|at| (at * at / 8).to_le_bytes()[0]).collect();
        let crc = crc16(&page);
        page.extend(crc.to_be_bytes());
        page
    }

    #[test]
    fn a_part_that_came_twice_is_found() {
        let page = page();
        for at in (0..page.len()).step_by(PART) {
            let mut twice = page.clone();
            twice.splice(at..at, page[at..at + PART].iter().copied());
            assert_eq!(one_part_too_many(PageKind::History, &twice), Some(at + PART), "{at}");
        }
        assert_eq!(one_part_too_many(PageKind::History, &page), None);
    }

    #[test]
    fn a_damaged_page_is_not_mended() {
        let mut twice = page();
        twice.extend_from_within(..PART);
        assert_eq!(one_part_too_many(PageKind::History, &twice), Some(page().len()));
        twice[100] ^= 1;
        assert_eq!(one_part_too_many(PageKind::History, &twice), None);
    }
}
