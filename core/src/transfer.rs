// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: a transfer as a capture holds it, what is known of how it went, and whether it is CareLink's.

/// Which way a transfer went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the host to the stick.
    ToStick,
    /// From the stick to the host.
    FromStick,
}

/// How the bytes were carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// In USB transfers: a transfer begins where a frame begins or goes on.
    Transfers,
    /// As a stream of bytes, cut anywhere: serial lines, TCP.
    Stream,
}

/// Whether the caller knows that this is a CareLink stick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// By the device's descriptor, or because the user said so.
    Certain,
    /// Not known: the bytes must show it.
    Ask,
}

/// One transfer with payload.
#[derive(Clone, Copy, Debug)]
pub struct Transfer<'a> {
    /// The captured bytes.
    pub bytes: &'a [u8],
    /// How many bytes were sent; more than were captured if the capture cut them.
    pub reported: usize,
    /// Tells one stick from another.
    pub stream: u64,
    /// Nanoseconds since 1970-01-01 UTC.
    pub time: u64,
    /// Frame number in the capture, from 1.
    pub frame: u32,
    /// Which of several transfers within the frame, from 0.
    pub layer: u32,
    /// Which way it went, if that is known.
    pub direction: Option<Direction>,
    /// USB endpoint number without the direction bit, if that is known.
    pub endpoint: Option<u8>,
    /// How the bytes were carried.
    pub carrier: Carrier,
    /// Whether the device is known to be a CareLink stick.
    pub claim: Claim,
}

/// Whether a transfer belongs to a CareLink stick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Ours,
    /// It does not, or nothing shows that it does.
    Declined,
}
