// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: a packet as its carrier tells of it, for the core.

use carelink_core::transfer::{Carrier, Claim, Direction, Stream, Transfer};

/// A transfer with payload, or the bytes of a serial line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Frame number in the capture, from 1.
    pub frame: u32,
    /// Nanoseconds since 1970-01-01 UTC.
    pub time: u64,
    /// Tells one stick from another.
    pub stream: Stream,
    /// Which way it went, if that is known.
    pub direction: Option<Direction>,
    /// USB endpoint number without the direction bit, if there is one.
    pub endpoint: Option<u8>,
    /// How it was carried.
    pub carrier: Carrier,
    /// Where its bytes begin in the packet of the capture.
    pub start: usize,
    /// The captured bytes.
    pub bytes: Vec<u8>,
    /// How many bytes were sent.
    pub reported: usize,
    /// True if the capture itself shows that the device is a stick, or that somebody recorded it for this purpose.
    pub certain: bool,
    /// True if a comment says that packets of the stick were left out before it.
    pub left_out: bool,
}

impl Packet {
    /// The same for the core. `claim` says whether the device is known to be a stick where the capture does not tell.
    #[must_use]
    pub fn transfer(&self, claim: Claim) -> Transfer<'_> {
        Transfer {
            bytes: &self.bytes,
            reported: self.reported,
            stream: self.stream,
            time: self.time,
            frame: self.frame,
            layer: 0,
            direction: self.direction,
            endpoint: self.endpoint,
            carrier: self.carrier,
            claim: if self.certain { Claim::Certain } else { claim },
            left_out: self.left_out,
        }
    }
}
