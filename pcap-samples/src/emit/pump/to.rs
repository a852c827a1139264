// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: what the layout of a pump's values depends on.

/// Who talks about what: the layout of many values depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct To {
    /// The command's number.
    pub opcode: u8,
    /// True for the 523, 723 and later.
    pub large: bool,
}
