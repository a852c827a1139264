// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: how the lengths of records are known, for each layout of the table of models, and how places in a page are kept.

pub use crate::pump::family::Layout;

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

/// An offset in a page, or a number of its bytes, as records keep it.
pub(crate) fn in_page(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}
