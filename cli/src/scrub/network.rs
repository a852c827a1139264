// SPDX-License-Identifier: GPL-2.0-or-later
//! In: packets of a network capture. Out: the same with invented addresses, and with the check values of their layers mended.

use carelink_capture::tcp::{ETHERNET, LINUX_SLL, LINUX_SLL2, place, sliced};
use etherparse::{NetSlice, TransportSlice};
use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// Where a segment's check value lies in it, and where that of an IPv4 header lies.
const TCP_CHECK: usize = 16;
const IPV4_CHECK: usize = 10;

/// Where the parts of a packet lie.
#[derive(Debug)]
pub struct Layers {
    /// Addresses of the link and of IP.
    addresses: Vec<Range<usize>>,
    /// The header of IPv4, which has a check value of its own.
    ipv4: Option<Range<usize>>,
    /// The addresses of IP, which the check value of TCP covers.
    pseudo: Range<usize>,
    /// The segment, as far as it was captured.
    segment: Range<usize>,
    /// The data of the segment.
    pub data: Range<usize>,
}

/// Where the parts of a packet lie; `None` if it is no TCP.
pub fn layers(link: i32, packet: &[u8]) -> Option<Layers> {
    let slices = sliced(link, packet)?;
    let range = |part: &[u8]| {
        let start = place(part, packet);
        start..start + part.len()
    };
    let TransportSlice::Tcp(tcp) = slices.transport? else { return None };
    let (segment, data) = (range(tcp.slice()), range(tcp.payload()));
    let (ipv4, pseudo) = match slices.net? {
        NetSlice::Ipv4(ip) => {
            let header = range(ip.header().slice());
            let pseudo = header.start + 12..header.start + 20;
            (Some(header), pseudo)
        }
        NetSlice::Ipv6(ip) => {
            let start = range(ip.header().slice()).start;
            (None, start + 8..start + 40)
        }
        NetSlice::Arp(_) => return None,
    };
    let half = pseudo.len() / 2;
    let mut addresses = vec![pseudo.start..pseudo.start + half, pseudo.start + half..pseudo.end];
    match link {
        ETHERNET => addresses.extend([0..6, 6..12]),
        LINUX_SLL => addresses.push(6..14),
        LINUX_SLL2 => addresses.push(12..20),
        _ => {}
    }
    Some(Layers { addresses, ipv4, pseudo, segment, data })
}

/// Invented addresses, the same each time.
#[derive(Debug, Default)]
pub struct Addresses(HashMap<Vec<u8>, u16>);

impl Addresses {
    /// Writes an invented address over one; those that mean nobody or everybody stay.
    pub fn replace(&mut self, address: &mut [u8]) {
        let plain = match *address {
            [127, _, _, _] | [255, 255, 255, 255] => true,
            [first, .., last] => {
                let rest = address[..address.len() - 1].iter().all(|&byte| byte == 0);
                rest && last <= 1 || first & 1 != 0 && address.len() == 6
            }
            _ => true,
        };
        if plain {
            return;
        }
        let count = u16::try_from(self.0.len()).unwrap_or(u16::MAX);
        let [high, low] = self.0.entry(address.to_vec()).or_insert(count).saturating_add(1).to_be_bytes();
        match address.len() {
            // Addresses that nobody has: for examples, for tests of speed, or of one's own choice.
            4 => address.copy_from_slice(&Ipv4Addr::new(198, 18, high, low).octets()),
            16 => {
                let number = u16::from_be_bytes([high, low]);
                address.copy_from_slice(&Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number).octets());
            }
            6 => address.copy_from_slice(&[2, 0, 0, 0, high, low]),
            8 => address.copy_from_slice(&[2, 0, 0, 0, high, low, 0, 0]),
            _ => address.fill(0),
        }
    }

    /// Replaces the addresses of a packet.
    pub fn of(&mut self, layers: &Layers, packet: &mut [u8]) {
        for address in &layers.addresses {
            self.replace(&mut packet[address.clone()]);
        }
    }
}

/// Mends the check values of a packet that has changed: they are as right or as wrong as they were before.
pub fn mend(layers: &Layers, before: &[u8], after: &mut [u8]) {
    let mut one = |at: usize, covered: &[&Range<usize>]| {
        let sum =
            |packet: &[u8]| covered.iter().map(|&range| ones(&packet[range.clone()])).sum::<u64>() % 0xFFFF;
        let (old, new) = (sum(before), sum(after));
        if let Some(check) = after.get_mut(at..at + 2).filter(|_| old != new) {
            let sent = u64::from(!u16::from_be_bytes([check[0], check[1]]));
            let mended = (sent + new + 0xFFFF - old) % 0xFFFF;
            check.copy_from_slice(&(!u16::try_from(mended).unwrap_or_default()).to_be_bytes());
        }
    };
    if let Some(header) = &layers.ipv4 {
        one(header.start + IPV4_CHECK, &[header]);
    }
    one(layers.segment.start + TCP_CHECK, &[&layers.pseudo, &layers.segment]);
}

/// The sum of 16-bit words.
fn ones(bytes: &[u8]) -> u64 {
    bytes.chunks(2).map(|word| u64::from(word[0]) << 8 | u64::from(word.get(1).copied().unwrap_or(0))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::{PacketBuilder, SlicedPacket};

    #[test]
    fn check_values_stay_right() {
        let six = |builder: etherparse::PacketBuilderStep<etherparse::Ethernet2Header>| {
            builder.ipv6([0x20; 16], [0x21; 16], 64)
        };
        let mac = || PacketBuilder::ethernet2([8, 1, 2, 3, 4, 5], [8, 1, 2, 3, 4, 6]);
        for version in [4, 6] {
            let ip = if version == 4 { mac().ipv4([10, 1, 2, 3], [10, 1, 2, 4], 64) } else { six(mac()) };
            let mut before = Vec::new();
            ip.tcp(7305, 4000, 1, 8192).write(&mut before, b"payload").expect("a packet");
            let layers = layers(1, &before).expect("TCP");
            assert_eq!(&before[layers.data.clone()], b"payload");
            let mut after = before.clone();
            after[layers.data.start..].copy_from_slice(b"changed");
            Addresses::default().of(&layers, &mut after);
            assert_ne!(after[..12], before[..12]);
            mend(&layers, &before, &mut after);
            let sliced = SlicedPacket::from_ethernet(&after).expect("a packet");
            let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("TCP") };
            let sum = match sliced.net.expect("IP") {
                NetSlice::Ipv4(ip) => {
                    let header = ip.header().to_header();
                    assert_eq!(header.header_checksum, header.calc_header_checksum());
                    tcp.calc_checksum_ipv4(header.source, header.destination)
                }
                NetSlice::Ipv6(ip) => {
                    let header = ip.header().to_header();
                    tcp.calc_checksum_ipv6(header.source, header.destination)
                }
                NetSlice::Arp(_) => panic!("IP"),
            };
            assert_eq!(sum.expect("short"), tcp.checksum(), "IPv{version}");
        }
    }
}
