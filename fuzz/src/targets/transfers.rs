// SPDX-License-Identifier: GPL-2.0-or-later
//! In: transfers of up to four sticks. Out: no panic, and the same tree in any order, each byte in it once.

use crate::transfers::{follow, transfers};

/// Reads and follows them.
pub fn run(bytes: &[u8]) {
    follow(&transfers(bytes));
}
