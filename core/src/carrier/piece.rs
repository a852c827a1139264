// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: how a piece of a transfer belongs to a frame.

/// What a piece of a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Portion {
    /// A frame of which this transfer holds all that was sent.
    Whole,
    /// The first or a middle part of a frame; more is owed.
    Part,
    /// The last part of a frame.
    Last,
    /// Bytes that fit no frame.
    Stray,
}

/// A piece of a transfer, from its front to its back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub role: Portion,
    /// Offset in the transfer.
    pub start: usize,
    /// Length as sent; the capture may hold less.
    pub len: usize,
    /// Length of the frame that it belongs to, as far as it is known; else the same as `len`.
    pub frame: usize,
}
