// SPDX-License-Identifier: GPL-2.0-or-later
//! In: packets of a serial line, whatever wraps them. Out: where the bytes begin, who sent them, and over which conversation.

use crate::usb::number;
use carelink_core::transfer::{Carrier, Direction};

/// The link types that are left to users.
const USER: std::ops::RangeInclusive<i32> = 147..=162;
/// Records of a serial line by an RTAC.
const RTAC: i32 = 250;
/// PDUs that Wireshark has exported.
const EXPORTED: i32 = 252;

/// Bytes before the data of an RTAC's record; the one at 8 says who sent it.
const RTAC_HEADER: usize = 12;
const RTAC_EVENT: usize = 8;

/// What a packet's wrapping tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// How many bytes come before the data.
    pub header: usize,
    /// Who sent the data, if that is known.
    pub direction: Option<Direction>,
    /// How it is carried: as a stream, or as the reports of a meter.
    pub carrier: Carrier,
    /// What tells the conversation from others on the same interface, in either direction the same.
    pub ends: Ends,
}

/// Both ends of a conversation, as far as the capture names them: the lower one first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ends([Vec<u8>; 2]);

/// True if packets with this link type carry a serial line that can be read.
#[must_use]
pub fn carries(link: i32) -> bool {
    USER.contains(&link) || matches!(link, RTAC | EXPORTED)
}

/// What wraps the data of a packet. `flags` are those that pcapng keeps of it. `None` if it is another protocol's.
#[must_use]
pub fn wrapped(link: i32, data: &[u8], flags: Option<u32>) -> Option<Wrapped> {
    match link {
        EXPORTED => exported(data),
        RTAC => {
            let direction = data.get(RTAC_EVENT).and_then(|&event| towards(event.into(), 1, 2));
            Some(Wrapped { header: RTAC_HEADER, direction, carrier: Carrier::Stream, ends: Ends::default() })
        }
        _ => {
            let direction = flags.and_then(|flags| towards(flags & 3, 2, 1));
            Some(Wrapped { header: 0, direction, carrier: Carrier::Stream, ends: Ends::default() })
        }
    }
}

/// The direction that `value` tells, if it is one of the two.
fn towards(value: u32, to_stick: u32, from_stick: u32) -> Option<Direction> {
    match value {
        _ if value == to_stick => Some(Direction::ToStick),
        _ if value == from_stick => Some(Direction::FromStick),
        _ => None,
    }
}

/// Numbers of the tags of exported PDUs.
mod tag {
    pub const END: u16 = 0;
    pub const DISSECTOR: u16 = 12;
    /// Addresses: IPv4, IPv6 and others that come in pairs of source and destination.
    pub const SOURCES: [u16; 3] = [20, 22, 25];
    pub const DESTINATIONS: [u16; 3] = [21, 23, 26];
    pub const DIRECTION: u16 = 35;
}

fn exported(data: &[u8]) -> Option<Wrapped> {
    let (mut at, mut carrier, mut direction) = (0, None, None);
    let mut ends = [Vec::new(), Vec::new()];
    loop {
        let tag = u16::from_be_bytes(number(data, at)?);
        let len = usize::from(u16::from_be_bytes(number(data, at + 2)?));
        let value = data.get(at + 4..at + 4 + len)?;
        at += 4 + len;
        match tag {
            tag::END => {
                ends.sort_unstable();
                return carrier.map(|carrier| Wrapped { header: at, direction, carrier, ends: Ends(ends) });
            }
            tag::DISSECTOR => {
                carrier = match value.split(|&byte| byte == 0).next()? {
                    b"carelink" => Some(Carrier::Stream),
                    b"carelink_nextlink" => Some(Carrier::Reports),
                    _ => None,
                }
            }
            tag::DIRECTION => direction = towards(u32::from_be_bytes(number(value, 0)?), 0, 1),
            _ if tag::SOURCES.contains(&tag) => ends[0].extend_from_slice(value),
            _ if tag::DESTINATIONS.contains(&tag) => ends[1].extend_from_slice(value),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pdu(tags: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (tag, value) in tags.iter().chain(&[(0, &[][..])]) {
            bytes.extend(tag.to_be_bytes());
            bytes.extend(u16::try_from(value.len()).expect("short").to_be_bytes());
            bytes.extend_from_slice(value);
        }
        bytes
    }

    #[test]
    fn the_ends_of_a_conversation_are_the_same_both_ways() {
        let of = |source: u8, destination: u8, direction: u8| {
            let (source, destination) = ([0, 0, 0, source], [0, 0, 0, destination]);
            let direction = [0, 0, 0, direction];
            let bytes = pdu(&[(12, b"carelink\0"), (25, &source), (26, &destination), (35, &direction)]);
            wrapped(EXPORTED, &bytes, None).expect("it is ours")
        };
        let (to, from, other) = (of(0, 1, 0), of(1, 0, 1), of(0, 2, 0));
        assert_eq!(to.ends, from.ends);
        assert_ne!(to.ends, other.ends, "another stick");
        assert_eq!((to.direction, from.direction), (Some(Direction::ToStick), Some(Direction::FromStick)));
    }

    #[test]
    fn pdus_of_other_protocols_are_passed_over() {
        assert_eq!(wrapped(EXPORTED, &pdu(&[(12, b"usbms\0")]), None), None);
        assert_eq!(wrapped(EXPORTED, &pdu(&[])[..3], None), None, "cut off");
    }
}
