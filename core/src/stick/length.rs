// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: what is known of the length of a frame.

/// What the bytes at a possible beginning of a frame say of its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// A frame of this many bytes.
    Is(usize),
    /// More bytes are needed to tell.
    Open,
    /// No frame begins here.
    None,
}
