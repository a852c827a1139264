// SPDX-License-Identifier: GPL-2.0-or-later
//! In: packets of a network capture. Out: the bytes that a TCP connection carries, each once, and which way they went.

use carelink_core::transfer::Direction;
use etherparse::{EtherType, NetSlice, SlicedPacket, TransportSlice};
use std::collections::HashMap;
use std::net::IpAddr;

/// The port that a stick's line is forwarded to, if nobody says otherwise.
pub const PORT: u16 = 7305;

/// An end of a connection.
type End = (IpAddr, u16);

/// The link type of Ethernet.
pub const ETHERNET: i32 = 1;
const RAW: i32 = 101;
/// The link type of Linux's own header, which holds the sender's address.
pub const LINUX_SLL: i32 = 113;
/// The same of its second version.
pub const LINUX_SLL2: i32 = 276;

/// Bytes of the second version of Linux's header, which begins with the protocol's number.
const SLL2_HEADER: usize = 20;

/// True if packets with this link type carry IP that can be read.
#[must_use]
pub const fn carries(link: i32) -> bool {
    matches!(link, RAW | ETHERNET | LINUX_SLL | LINUX_SLL2)
}

/// The layers of a packet; `None` if it is no IP, or damaged.
#[must_use]
pub fn sliced(link: i32, data: &[u8]) -> Option<SlicedPacket<'_>> {
    match link {
        ETHERNET => SlicedPacket::from_ethernet(data),
        RAW => SlicedPacket::from_ip(data),
        LINUX_SLL => SlicedPacket::from_linux_sll(data),
        _ => {
            let protocol = u16::from_be_bytes(*data.first_chunk()?);
            SlicedPacket::from_ether_type(EtherType(protocol), data.get(SLL2_HEADER..)?)
        }
    }
    .ok()
}

/// Where in `data` its part `bytes` begins.
#[must_use]
pub fn place(bytes: &[u8], data: &[u8]) -> usize {
    bytes.as_ptr().addr().saturating_sub(data.as_ptr().addr()).min(data.len())
}

/// The connections to one port.
#[derive(Debug)]
pub(crate) struct Connections {
    port: u16,
    /// By the end that opened it and the end with the port.
    known: HashMap<(End, End), Connection>,
}

#[derive(Clone, Copy, Debug)]
struct Connection {
    number: u32,
    /// The sequence number that comes next, each way.
    next: [Option<u32>; 2],
}

/// New bytes of a connection.
pub(crate) struct Piece<'a> {
    /// The connection, from 0.
    pub connection: u32,
    pub direction: Direction,
    pub bytes: &'a [u8],
}

impl Connections {
    pub fn new(port: u16) -> Self {
        Self { port, known: HashMap::new() }
    }

    /// The new bytes in a packet. What was sent again is left out; segments are taken in the order they were captured.
    pub fn payload<'a>(&mut self, link: i32, data: &'a [u8]) -> Option<Piece<'a>> {
        let packet = sliced(link, data)?;
        let (from, to): (IpAddr, IpAddr) = match packet.net? {
            NetSlice::Ipv4(ip) => {
                let header = ip.header();
                (header.source_addr().into(), header.destination_addr().into())
            }
            NetSlice::Ipv6(ip) => {
                let header = ip.header();
                (header.source_addr().into(), header.destination_addr().into())
            }
            NetSlice::Arp(_) => return None,
        };
        let TransportSlice::Tcp(segment) = packet.transport? else { return None };
        let (from, to) = ((from, segment.source_port()), (to, segment.destination_port()));
        let (ends, direction) = if to.1 == self.port {
            ((from, to), Direction::ToStick)
        } else if from.1 == self.port {
            ((to, from), Direction::FromStick)
        } else {
            return None;
        };
        let number = u32::try_from(self.known.len()).ok()?;
        let connection = self.known.entry(ends).or_insert(Connection { number, next: [None; 2] });
        let next = &mut connection.next[direction as usize];
        let start = segment.sequence_number().wrapping_add(segment.syn().into());
        if segment.syn() {
            *next = None;
        }
        let bytes = segment.payload();
        // Sequence numbers go round; what lies up to half a round back was sent before.
        let seen = next.map_or(0, |next| next.wrapping_sub(start));
        let bytes = if seen > u32::MAX / 2 { bytes } else { bytes.get(seen as usize..).unwrap_or_default() };
        if bytes.is_empty() {
            return None;
        }
        *next = Some(start.wrapping_add(u32::try_from(segment.payload().len()).ok()?));
        Some(Piece { connection: connection.number, direction, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::PacketBuilder;

    /// A segment from port 4000 to the stick's, or back, within Ethernet.
    fn segment(back: bool, sequence: u32, payload: &[u8]) -> Vec<u8> {
        let (from, to) = if back { (PORT, 4000) } else { (4000, PORT) };
        let (a, b) = if back { ([192, 0, 2, 2], [192, 0, 2, 1]) } else { ([192, 0, 2, 1], [192, 0, 2, 2]) };
        let builder = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(a, b, 64).tcp(from, to, sequence, 8192);
        let mut packet = Vec::new();
        builder.write(&mut packet, payload).expect("a packet");
        packet
    }

    #[test]
    fn each_byte_is_taken_once() {
        let mut connections = Connections::new(PORT);
        let mut take = |back, sequence, payload: &[u8]| {
            let packet = segment(back, sequence, payload);
            connections.payload(ETHERNET, &packet).map(|piece| (piece.direction, piece.bytes.to_vec()))
        };
        let to = |bytes: &[u8]| Some((Direction::ToStick, bytes.to_vec()));
        assert_eq!(take(false, u32::MAX, b"ab"), to(b"ab"));
        assert_eq!(take(false, u32::MAX, b"ab"), None, "sent again");
        assert_eq!(take(false, 0, b"bcd"), to(b"cd"), "part of it sent again, past the end of the numbers");
        assert_eq!(take(true, 7, b"x"), Some((Direction::FromStick, b"x".to_vec())));
        assert_eq!(take(false, 100, b"later"), to(b"later"), "what is missing is not waited for");
        assert_eq!(take(false, 3, b"cd"), None, "and not taken when it comes late");
    }

    #[test]
    fn other_links_carry_the_same() {
        let packet = segment(false, 1, b"ab");
        let ip = packet.get(14..).expect("an IP packet");
        let mut linux = vec![0; 16];
        linux[14] = 8;
        linux[5] = 6;
        linux[3] = 1;
        linux.extend_from_slice(ip);
        let mut linux_2 = vec![8, 0];
        linux_2.resize(SLL2_HEADER, 0);
        linux_2.extend_from_slice(ip);
        for (link, packet) in
            [(ETHERNET, packet.as_slice()), (RAW, ip), (LINUX_SLL, &linux), (LINUX_SLL2, &linux_2)]
        {
            let mut connections = Connections::new(PORT);
            assert_eq!(
                connections.payload(link, packet).map(|piece| piece.bytes),
                Some(&b"ab"[..]),
                "{link}"
            );
            assert!(Connections::new(80).payload(link, packet).is_none(), "{link}");
            for end in 0..packet.len() {
                let cut = connections.payload(link, &packet[..end]);
                assert!(cut.is_none_or(|piece| piece.bytes.len() < 2), "{link} {end}");
            }
        }
    }
}
