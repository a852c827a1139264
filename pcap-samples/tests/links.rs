// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a session. Out: proof that every link type's capture gives its bytes back.

use std::time::Duration;

use carelink_samples::link::Link;
use carelink_samples::session::{Direction, START, Session};
use carelink_samples::stick::{Outcome, Stick, Transaction};
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
use pcap_file::pcapng::{Block, PcapNgReader};

fn session() -> Session {
    let mut stick = Stick::new(1, 5, [0x0A, 0x1B, 0x2C]);
    stick.descriptors();
    stick.product_info();
    stick.fetch(&Transaction { parts: vec![192], ..Transaction::new(0x92, Outcome::Data(vec![7; 190])) });
    stick.power_off();
    stick.signal_strength(Ok(-61));
    stick.take()
}

/// The data of each direction, end to end.
type Streams = [Vec<u8>; 2];

fn of_session(session: &Session) -> Streams {
    [Direction::Out, Direction::In].map(|direction| {
        let data = session.data().filter(|transfer| transfer.direction() == direction);
        data.flat_map(|transfer| transfer.bytes.clone()).collect()
    })
}

/// Takes the link's header off a packet: the direction, and the rest. `None` for control transfers.
fn take_off(link: Link, packet: &[u8], flags: Option<u32>) -> Option<(Direction, Vec<u8>)> {
    let direction = |inward| if inward { Direction::In } else { Direction::Out };
    let (endpoint, control, head) = match link {
        Link::Usbmon48 => (packet[10], packet[9] == 2, 48),
        Link::Usbmon64 => (packet[10], packet[9] == 2, 64),
        Link::Usbpcap => (packet[21], packet[22] == 2, usize::from(packet[0])),
        Link::Darwin => (packet[30], packet[31] == 0, usize::from(packet[2])),
        Link::User0 => (if flags == Some(1) { 0x80 } else { 0 }, false, 0),
        Link::ExportedPdu => (packet[19] << 7, false, 24),
        Link::RtacSerial => (if packet[8] == 2 { 0x80 } else { 0 }, false, 12),
        // The stick's port is the source.
        Link::Tcp => (if packet[20..22] == 7305_u16.to_be_bytes() { 0x80 } else { 0 }, false, 40),
    };
    (!control).then(|| (direction(endpoint & 0x80 != 0), packet[head..].to_vec()))
}

#[test]
fn every_link_gives_the_bytes_back() {
    let session = session();
    for link in Link::ALL {
        let capture = link.write(&session, Vec::new()).unwrap();
        let mut streams = Streams::default();
        let mut last = Duration::ZERO;
        let mut reader = PcapNgReader::new(&capture[..]).unwrap();
        while let Some(block) = reader.next_block() {
            let Block::EnhancedPacket(packet) = block.unwrap() else { continue };
            assert!(packet.timestamp >= last, "{link:?}: packets are sorted by time");
            last = packet.timestamp;
            let flags = packet.options.iter().find_map(|option| match option {
                EnhancedPacketOption::Flags(flags) => Some(*flags),
                _ => None,
            });
            if let Some((direction, bytes)) = take_off(link, &packet.data, flags) {
                streams[usize::from(direction == Direction::In)].extend(bytes);
            }
        }
        assert!(last > Duration::from_nanos(START));
        assert!(streams == of_session(&session), "{link:?}");
    }
}

#[test]
fn urbs_come_in_pairs_and_bytes_that_were_not_captured_count() {
    let mut session = session();
    let last = session.transfers.last_mut().unwrap();
    last.bytes.truncate(10);
    last.lost = 54;
    let capture = Link::Usbmon64.write(&session, Vec::new()).unwrap();
    let mut reader = PcapNgReader::new(&capture[..]).unwrap();
    let mut open = Vec::new();
    let mut packets = 0;
    let mut cut = 0;
    while let Some(block) = reader.next_block() {
        let Block::EnhancedPacket(packet) = block.unwrap() else { continue };
        packets += 1;
        let id = packet.data[..8].to_vec();
        match packet.data[8] {
            b'S' => {
                assert!(!open.contains(&id), "an endpoint has one URB at a time");
                open.push(id);
            }
            b'C' => {
                let at = open.iter().position(|known| *known == id);
                open.remove(at.expect("each completion belongs to a submission"));
            }
            other => panic!("{other}"),
        }
        cut += usize::try_from(packet.original_len).unwrap() - packet.data.len();
    }
    assert!(open.is_empty());
    assert_eq!(packets, 2 * session.transfers.len());
    assert_eq!(cut, 54);
}
