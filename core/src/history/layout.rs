// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: how the lengths of records are known, for each layout of the table of models.

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
