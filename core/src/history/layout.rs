// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a pump's model, or the bytes of a page. Out: how long its records are.

use super::Kind;
use crate::pump::model::{Known, Pump};

/// How the length of a record is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Always the same.
    Fixed(u8),
    /// Its second byte says it; 2 at least.
    Own,
    /// Its second byte counts groups of three bytes, and one.
    Triples,
}

/// Models whose records have the same lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Up to the 515 and 715.
    Oldest,
    /// The 522 and 722.
    Small,
    /// The 523 and 723.
    Large,
    /// From the 530 and 730 on, which know of low glucose suspend.
    Latest,
}

/// How far the records of a page can be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Walk {
    /// To the padding, or to the end of a page that is cut off.
    clean: bool,
    /// To this offset.
    reach: usize,
}

impl Layout {
    /// How many there are.
    pub const COUNT: usize = 4;

    /// All of them; the commonest first, for pages that say nothing.
    const ALL: [Self; Self::COUNT] = [Self::Small, Self::Large, Self::Latest, Self::Oldest];

    /// The layout of a pump of this family.
    #[must_use]
    pub const fn of_family(family: u16) -> Self {
        match family {
            0..22 => Self::Oldest,
            22 => Self::Small,
            23..30 => Self::Large,
            _ => Self::Latest,
        }
    }

    /// True if insulin is counted in fortieths of a unit, and records are larger.
    #[must_use]
    pub const fn large(self) -> bool {
        matches!(self, Self::Large | Self::Latest)
    }

    /// The layout of a page whose records, padding and all, are `records`, and whether it had to be assumed.
    ///
    /// A pump that has told its model, or a user who has, is believed. Otherwise the page decides: lengths of the
    /// wrong model do not lead from record to record up to the padding.
    pub(super) fn choose(pump: Pump, records: &[u8], cut: bool) -> (Self, bool) {
        let known = pump.model.map(|model| Self::of_family(model.family()));
        match known {
            Some(layout) if pump.known >= Known::Told => (layout, false),
            _ => {
                let best = known.into_iter().chain(Self::ALL).fold(None, |best, layout| {
                    let walk = layout.walk(records, cut);
                    if best.is_none_or(|(_, other)| walk > other) { Some((layout, walk)) } else { best }
                });
                (best.map_or(Self::Small, |(layout, _)| layout), known.is_none())
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
        let kind = Kind::of(*bytes.first()?)?;
        let second = || bytes.get(1).copied().unwrap_or_default();
        Some(match kind.lengths[self as usize]? {
            Length::Fixed(length) => length.into(),
            Length::Own => usize::from(second()).max(2),
            Length::Triples => 7 + 3 * usize::from(second().saturating_sub(1)),
        })
    }
}
