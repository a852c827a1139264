// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what happened to a transfer. Out: a packet as Linux captures it.
//!
//! Layout: the Linux kernel's usbmon documentation.

use crate::usb::{self, DEVICES};
use carelink_core::nextlink::heuristic;
use carelink_core::transfer::{Carrier, Direction};

/// The link type of these packets.
pub(crate) const LINK: u16 = 220;
/// The status of a transfer that was submitted and is not done.
pub(crate) const IN_PROGRESS: i32 = -115;

/// How a transfer is made, as Linux numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Interrupt = 1,
    Control = 2,
    Bulk = 3,
    /// Bulk or interrupt: the recording does not tell. What is concluded takes its place.
    Either = 0xff,
}

/// Which of a transfer's packets it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Submit = b'S' as isize,
    Complete = b'C' as isize,
    Error = b'E' as isize,
}

/// A packet of a transfer.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// The same in all packets of a transfer.
    pub tag: u64,
    pub stage: Stage,
    /// Nanoseconds since 1970, or since an unknown day; `None` until one is invented.
    pub time: Option<u64>,
    pub kind: Kind,
    /// Bus and device, if they are known.
    pub address: Option<(u16, u8)>,
    /// With the direction bit.
    pub endpoint: u8,
    pub setup: Option<[u8; 8]>,
    pub status: i32,
    /// How many bytes are asked for or carried.
    pub len: usize,
    /// The bytes, as far as the recording has them; `None` in the packet of the two that carries none.
    pub data: Option<Vec<u8>>,
}

impl Event {
    /// True if only a Contour Next Link meter says so, or only its host to it.
    pub fn tells_meter(&self) -> bool {
        let bytes = self.data.as_deref().unwrap_or_default();
        let inward = self.endpoint & 0x80 != 0;
        match self.kind {
            Kind::Control => DEVICES.iter().any(|&(names, carrier)| {
                carrier == Carrier::Reports && usb::descriptor(bytes) == Some(names)
            }),
            _ => {
                let direction = if inward { Direction::FromStick } else { Direction::ToStick };
                heuristic::tells(bytes, Some(direction))
            }
        }
    }

    /// The packet, and how many bytes it would have with all its data.
    pub fn packet(&self) -> (Vec<u8>, u32) {
        let (bus, device) = self.address.unwrap_or((1, 2));
        let time = self.time.unwrap_or(0);
        let len = u32::try_from(self.len).unwrap_or(u32::MAX);
        let carried = if self.data.is_some() { len } else { 0 };
        let missing = if self.endpoint & 0x80 == 0 { b'>' } else { b'<' };
        let microseconds = u32::try_from(time % 1_000_000_000 / 1000).unwrap_or(0);
        let mut packet = self.tag.to_le_bytes().to_vec();
        packet.extend([self.stage as u8, self.kind as u8, self.endpoint, device]);
        packet.extend(bus.to_le_bytes());
        packet.push(if self.setup.is_some() { 0 } else { b'-' });
        packet.push(if self.data.is_some() { 0 } else { missing });
        packet.extend((time / 1_000_000_000).to_le_bytes());
        packet.extend(microseconds.to_le_bytes());
        packet.extend(self.status.to_le_bytes());
        packet.extend(len.to_le_bytes());
        packet.extend(carried.to_le_bytes());
        packet.extend(self.setup.unwrap_or_default());
        // Interval, start of frame, flags, descriptors.
        packet.extend([0; 16]);
        let header = u32::try_from(packet.len()).unwrap_or(0);
        packet.extend_from_slice(self.data.as_deref().unwrap_or_default());
        (packet, header.saturating_add(carried))
    }
}
