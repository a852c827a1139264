// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a user's choices. Out: how transfers are dissected.

use crate::pump::model::Pump;

/// What a user may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether check values are verified.
    pub verify: bool,
    /// Whether a reply that came in several radio reads is shown whole.
    pub reassemble: bool,
    /// What all pumps are taken for, whatever the traffic says.
    pub pump: Option<Pump>,
}

impl Default for Options {
    fn default() -> Self {
        Self { verify: true, reassemble: true, pump: None }
    }
}
