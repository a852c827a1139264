// SPDX-License-Identifier: GPL-2.0-or-later
//! In: reports of a device that may be anything. Out: whether it is a meter with a link to pumps.
//!
//! Other meters of the maker put their dialogue into the same reports, and say all but the same. So only an envelope tells, or
//! a header record with the product's name; what came before is not taken.

use super::hid::Report;
use super::{envelope, record};
use crate::transfer::{Claim, Direction, Transfer};

/// What is thought of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Heuristic {
    /// Nothing that it has sent tells.
    #[default]
    Open,
    /// It is a meter with a link to pumps.
    Sure,
}

impl Heuristic {
    /// What is thought of the device after `transfer`.
    #[must_use]
    pub fn after(self, transfer: &Transfer<'_>) -> Self {
        let sure = self == Self::Sure
            || transfer.claim == Claim::Certain
            || tells(transfer.bytes, transfer.direction);
        if sure { Self::Sure } else { Self::Open }
    }

    /// True if the device's transfers are to be dissected.
    #[must_use]
    pub fn takes(self) -> bool {
        self == Self::Sure
    }
}

/// True if only reports of such a meter look so, or those to it.
#[must_use]
pub fn tells(bytes: &[u8], direction: Option<Direction>) -> bool {
    let Some(report) = Report::of(bytes, direction) else { return false };
    let content = bytes.get(report.content(bytes.len())).unwrap_or_default();
    let fits = content.len() == usize::from(report.length);
    // What comes in one report has its sum in it, too.
    let sound = || envelope::sum(content).is_none_or(|sum| content.get(envelope::LENGTH - 1) == Some(&sum));
    fits && (record::introduces(content) || envelope::opens(content) && sound())
}
