// SPDX-License-Identifier: GPL-2.0-or-later
//! In: settings of pumps, as replies and records have them. Out: the vendor's words for them.

use crate::pump::profile::Pattern;
use crate::pump::settings::TimeFormat;
use crate::pump::temp_basal::TempBasalKind;

impl Pattern {
    /// The vendor's word, if it is known.
    #[must_use]
    pub const fn exported(self) -> Option<&'static str> {
        match self {
            Self::Standard => Some("standard"),
            Self::A => Some("pattern a"),
            Self::B => Some("pattern b"),
            Self::Unknown(_) => None,
        }
    }
}

impl TimeFormat {
    /// The vendor's word, if it is known.
    #[must_use]
    pub const fn exported(self) -> Option<&'static str> {
        match self {
            Self::Hours12 => Some("d12"),
            Self::Hours24 => Some("d24"),
            Self::Unknown(_) => None,
        }
    }
}

impl TempBasalKind {
    /// The vendor's word, if it is known.
    #[must_use]
    pub const fn exported(self) -> Option<&'static str> {
        match self {
            Self::Absolute => Some("insulin_units"),
            Self::Percent => Some("percentage"),
            Self::Unknown(_) => None,
        }
    }
}
