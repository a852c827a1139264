// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the bytes of a page, and what is known of its pump. Out: how long its records are.

use super::RecordType;
use super::layout::{Layout, Length};
use crate::pump::model::{Known, Pump};
use crate::tree::field::Evidence;

/// How far the records of a page can be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Walk {
    /// To the padding, or to the end of a page that is cut off.
    clean: bool,
    /// To this offset.
    reach: usize,
}

impl Layout {
    /// The layout of a page whose records, padding and all, are `records`, and whether it had to be assumed.
    ///
    /// A pump that has told its model, or a user who has, is believed, if the lengths of that model's records were ever seen.
    /// Otherwise the page decides: lengths of the wrong model do not lead from record to record up to the padding.
    pub(super) fn choose(pump: Pump, records: &[u8], cut: bool) -> (Self, bool) {
        let known = pump.model.and_then(|model| model.row().layout);
        match known {
            Some(layout) if pump.known >= Known::Told && layout.evidence != Evidence::Guessed => {
                (layout.value, false)
            }
            _ => {
                let known = known.map(|layout| layout.value);
                let best = known.into_iter().chain(Self::ALL).fold(None, |best, layout| {
                    let walk = layout.walk(records, cut);
                    if best.is_none_or(|(_, other)| walk > other) { Some((layout, walk)) } else { best }
                });
                let layout = best.map_or(Self::Small, |(layout, _)| layout);
                (layout, known != Some(layout))
            }
        }
    }

    fn walk(self, records: &[u8], cut: bool) -> Walk {
        let mut reach = 0;
        loop {
            let rest = &records[reach..];
            if rest.iter().all(|&byte| byte == 0) {
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
        let kind = RecordType::of(*bytes.first()?)?;
        let second = || bytes.get(1).copied().unwrap_or_default();
        Some(match kind.lengths[self as usize]? {
            Length::Fixed(length) => length.into(),
            Length::Own => usize::from(second()).max(2),
            Length::Triples => 7 + 3 * usize::from(second().saturating_sub(1)),
        })
    }
}
