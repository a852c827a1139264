// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the bytes of a page, and a layout. Out: how far records of that layout can be followed.

use super::RECORD_TYPES;
use super::layout::{Layout, Length};

/// How far the records of a page can be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Walk {
    /// To the padding, or to the end of a page that is cut off.
    pub(super) clean: bool,
    /// To this offset.
    pub(super) reach: usize,
}

/// The lengths of each layout, each at the first byte of its record: where the next record begins is asked most often.
static LENGTHS: [[Option<Length>; 256]; Layout::COUNT] = {
    let (mut lengths, mut at) = ([[None; 256]; Layout::COUNT], 0);
    while at < RECORD_TYPES.len() {
        let (kind, mut layout) = (&RECORD_TYPES[at], 0);
        while layout < Layout::COUNT {
            lengths[layout][kind.opcode as usize] = kind.lengths[layout];
            layout += 1;
        }
        at += 1;
    }
    lengths
};

/// True if all that is left of a page is zeros. No record begins with one, so the first byte tells for most; and as the rest
/// is looked at no more than once, it is looked at in one go.
pub(super) fn is_padding(rest: &[u8]) -> bool {
    rest.first().is_none_or(|&first| first == 0) && rest.iter().fold(0, |any, byte| any | byte) == 0
}

impl Layout {
    /// Goes from record to record.
    pub(super) fn walk(self, records: &[u8], cut: bool) -> Walk {
        let mut reach = 0;
        loop {
            let rest = &records[reach..];
            if is_padding(rest) {
                return Walk { clean: true, reach };
            }
            match self.length(rest) {
                Some(length) if length <= rest.len() => reach += length,
                Some(_) => return Walk { clean: cut, reach },
                None => return Walk { clean: false, reach },
            }
        }
    }

    /// Length of the record that `bytes` begin with; `None` if it is not known.
    #[must_use]
    pub fn length(self, bytes: &[u8]) -> Option<usize> {
        let length = LENGTHS[self as usize][usize::from(*bytes.first()?)]?;
        if let Length::Fixed(length) = length {
            return Some(length.into());
        }
        let second = bytes.get(1).copied().unwrap_or_default();
        Some(if length == Length::Own {
            usize::from(second).max(2)
        } else {
            7 + 3 * usize::from(second.saturating_sub(1))
        })
    }
}
