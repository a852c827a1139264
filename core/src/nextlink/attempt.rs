// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what it takes to carry a command over the meter. Out: how many messages it took, and when the pump was ready.

use crate::transfer::At;
use crate::tree::field::Field;

crate::fields! {
    /// How many messages went to the meter and back.
    MESSAGES: U32, "carelink.nextlink.messages", "Messages", Confirmed;
}

/// How a transaction was carried over the meter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attempt {
    /// When the pump was ready for the parameters.
    pub acknowledged: Option<At>,
    /// How many messages there were.
    pub messages: u32,
}

impl Attempt {
    /// Its counts, as they are shown.
    pub(super) const fn counts(&self) -> [(Field, u32); 1] {
        [(MESSAGES, self.messages)]
    }
}
