//! In: packets of a network capture. Out: the bytes that a TCP connection carries, each once, and which way they went.

use carelink_core::session::Direction;
use etherparse::{EtherType, NetSlice, SlicedPacket, TransportSlice};
use std::collections::HashMap;
use std::net::IpAddr;

/// The port that a stick's line is forwarded to, if nobody says otherwise.
pub const PORT: u16 = 7305;

/// An end of a connection.
type End = (IpAddr, u16);

/// Link types that carry IP: what [`Connections::payload`] can read.
pub(crate) const LINKS: [i32; 4] = [RAW, ETHERNET, LINUX_SLL, LINUX_SLL2];
const ETHERNET: i32 = 1;
const RAW: i32 = 101;
const LINUX_SLL: i32 = 113;
const LINUX_SLL2: i32 = 276;

/// Bytes of the second version of Linux's header, which begins with the protocol's number.
const SLL2_HEADER: usize = 20;

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
        let packet = match link {
            ETHERNET => SlicedPacket::from_ethernet(data),
            RAW => SlicedPacket::from_ip(data),
            LINUX_SLL => SlicedPacket::from_linux_sll(data),
            _ => {
                let protocol = u16::from_be_bytes(*data.first_chunk()?);
                SlicedPacket::from_ether_type(EtherType(protocol), data.get(SLL2_HEADER..)?)
            }
        }
        .ok()?;
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
