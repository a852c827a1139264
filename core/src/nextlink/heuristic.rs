// SPDX-License-Identifier: GPL-2.0-or-later
//! In: reports of a device that may be anything. Out: whether it is a meter with a link to pumps.
//!
//! Other meters of the maker put their dialogue into the same reports, and say all but the same. So only an envelope tells, or
//! a header record with the product's name; what came before is not taken.

use super::hid::Report;
use super::{envelope, record};
use crate::transfer::{Claim, Transfer};

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
        let sure = self == Self::Sure || transfer.claim == Claim::Certain || looks(transfer);
        if sure { Self::Sure } else { Self::Open }
    }

    /// True if the device's transfers are to be dissected.
    #[must_use]
    pub fn takes(self) -> bool {
        self == Self::Sure
    }
}

/// True if only such a meter's reports look so, or those to it.
fn looks(transfer: &Transfer<'_>) -> bool {
    let Some(report) = Report::of(transfer.bytes, transfer.direction) else { return false };
    let content = transfer.bytes.get(report.content(transfer.bytes.len())).unwrap_or_default();
    let fits = content.len() == usize::from(report.length);
    // What comes in one report has its sum in it, too.
    let sound = || envelope::sum(content).is_none_or(|sum| content.get(envelope::LENGTH - 1) == Some(&sum));
    fits && (record::introduces(content) || envelope::opens(content) && sound())
}
