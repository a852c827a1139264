// SPDX-License-Identifier: GPL-2.0-or-later
//! In: packets as a capture has them. Out: the same with other payloads, and without what their wrapping tells of whose they
//! are, where and when.

use super::descriptors::{self, Devices, Part};
use super::identities::Identities;
use super::network::{self, Addresses};
use carelink_capture::container::Record;
use carelink_capture::{line, usb};
use carelink_core::tree::field::Identity;
use std::ops::Range;

/// What texts that tell one device from another are called.
const LABEL: &str = "USB Serial";

/// Link types whose headers hold a time, and where its seconds lie.
const USBMON: [i32; 2] = [189, 220];
const USBMON_SECONDS: Range<usize> = 16..24;
const RTAC: i32 = 250;
const RTAC_SECONDS: Range<usize> = 0..4;
/// Seconds below this one, 1990, do not count from 1970, but from the start of a log.
const SINCE_1970: i64 = 631_152_000;

/// Tags of exported PDUs that hold addresses of IP, and those that tell nobody anything but how to read them: names of
/// dissectors, kinds and numbers of ports, the number of the frame, the direction.
const ADDRESSES: [u16; 4] = [20, 21, 22, 23];
const HARMLESS: [u16; 9] = [12, 13, 14, 24, 25, 26, 30, 32, 35];
/// The link type of exported PDUs.
const EXPORTED: i32 = 252;

/// Goes through the packets of a capture.
#[derive(Debug, Default)]
pub struct Carrier {
    devices: Devices,
    addresses: Addresses,
}

impl Carrier {
    /// The texts of a packet that tell one device from another.
    pub fn meet(&mut self, record: &Record<'_>, identities: &mut Identities) {
        for part in self.control(record) {
            if let Part::Text(range) = part
                && let Some(text) = named(&record.data[range])
            {
                identities.meet(text, LABEL, Identity::Text);
            }
        }
    }

    /// A packet with another payload. `seconds` is by how much its times are moved.
    pub fn rewrite(
        &mut self,
        record: &Record<'_>,
        payload: Option<(usize, &[u8])>,
        identities: &Identities,
        seconds: i64,
    ) -> Vec<u8> {
        let mut packet = record.data.to_vec();
        for part in self.control(record) {
            match part {
                Part::Text(range) => {
                    if let Some(text) = named(&packet[range.clone()]) {
                        descriptors::write(&mut packet[range], identities.of(&text));
                    }
                }
                Part::Other(range) => packet[range].fill(0),
            }
        }
        let layers = network::layers(record.link, record.data);
        if let Some(range) = bare(record, layers.as_ref().map(|layers| layers.data.start)) {
            packet[range].fill(0);
        }
        if let Some((start, payload)) = payload {
            // A header may claim to be longer than its packet.
            let place = packet.get_mut(start..).unwrap_or_default();
            let len = place.len().min(payload.len());
            place[..len].copy_from_slice(&payload[..len]);
        }
        match record.link {
            EXPORTED => self.tags(&mut packet),
            RTAC => delay::<4>(&mut packet, RTAC_SECONDS, seconds, true),
            link if USBMON.contains(&link) => delay::<8>(&mut packet, USBMON_SECONDS, seconds, false),
            _ => {}
        }
        if let Some(layers) = layers {
            self.addresses.of(&layers, &mut packet);
            network::mend(&layers, record.data, &mut packet);
        }
        packet
    }

    fn control(&mut self, record: &Record<'_>) -> Vec<Part> {
        let urb = usb::urb(record.link, record.data).filter(|urb| urb.number() == 0);
        urb.map(|urb| self.devices.parts(record.interface, &urb, record.data)).unwrap_or_default()
    }

    /// Takes addresses and words from the tags of an exported PDU.
    fn tags(&mut self, packet: &mut [u8]) {
        let mut at = 0;
        while let Some(&[tag_high, tag_low, len_high, len_low]) =
            packet.get(at..).and_then(|rest| rest.first_chunk())
        {
            let tag = u16::from_be_bytes([tag_high, tag_low]);
            let value = at + 4..at + 4 + usize::from(u16::from_be_bytes([len_high, len_low]));
            at = value.end;
            let Some(value) = packet.get_mut(value).filter(|_| tag != 0) else { return };
            if ADDRESSES.contains(&tag) {
                self.addresses.replace(value);
            } else if !HARMLESS.contains(&tag) {
                value.fill(0);
            }
        }
    }
}

/// A text that is more than one letter.
fn named(bytes: &[u8]) -> Option<Vec<u8>> {
    Some(descriptors::text(bytes)).filter(|text| text.iter().any(u8::is_ascii_alphanumeric) && text.len() > 2)
}

/// What lies behind the headers of a packet: the payload, and what nobody reads.
fn bare(record: &Record<'_>, data: Option<usize>) -> Option<Range<usize>> {
    let start = match usb::urb(record.link, record.data) {
        // Descriptors stay.
        Some(urb) if urb.number() == 0 => return None,
        Some(urb) => urb.header,
        None => match data {
            Some(start) => start,
            None => line::wrapped(record.link, record.data, record.flags)?.header,
        },
    };
    (start < record.data.len()).then_some(start..record.data.len())
}

/// Moves seconds, the lowest byte first or last.
fn delay<const N: usize>(packet: &mut [u8], place: Range<usize>, seconds: i64, big: bool) {
    let Some(bytes) = packet.get_mut(place) else { return };
    let mut number = [0; 8];
    number[..N].copy_from_slice(bytes);
    if big {
        number[..N].reverse();
    }
    let time = i64::from_le_bytes(number);
    let Some(moved) = time.checked_add(seconds).filter(|_| time >= SINCE_1970) else { return };
    let mut number = moved.to_le_bytes();
    if big {
        number[..N].reverse();
    }
    bytes.copy_from_slice(&number[..N]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use carelink_capture::tcp;
    use etherparse::PacketBuilder;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    fn rewritten(link: i32, data: &[u8], payload: Option<(usize, &[u8])>, seconds: i64) -> Vec<u8> {
        let sent = data.len();
        let record =
            Record { frame: 1, time: 0, interface: 0, link, data, sent, flags: None, left_out: false };
        Carrier::default().rewrite(&record, payload, &Identities::default(), seconds)
    }

    #[test]
    fn words_and_addresses_in_the_tags_of_a_pdu_go() {
        let pdu = |tags: &[(u16, &[u8])]| {
            let mut bytes = Vec::new();
            for (tag, value) in tags.iter().chain(&[(0, &[][..])]) {
                bytes.extend(tag.to_be_bytes());
                bytes.extend(u16::try_from(value.len()).expect("short").to_be_bytes());
                bytes.extend_from_slice(value);
            }
            bytes
        };
        let head: (u16, &[u8]) = (12, b"carelink");
        let told = pdu(&[head, (20, &[10, 1, 2, 3]), (36, b"pump 123456"), (35, &[0, 0, 0, 1])]);
        let kept = pdu(&[head, (20, &[198, 18, 0, 1]), (36, &[0; 11]), (35, &[0, 0, 0, 1])]);
        let with = |head: &[u8], payload: &[u8]| [head, payload].concat();
        let after = rewritten(EXPORTED, &with(&told, b"old"), Some((told.len(), b"new")), 0);
        assert_eq!(after, with(&kept, b"new"));
    }

    #[test]
    fn what_is_sent_again_or_behind_a_segment_is_cleared() {
        let ethernet = PacketBuilder::ethernet2([8, 1, 2, 3, 4, 5], [8, 1, 2, 3, 4, 6]);
        let builder = ethernet.ipv4([10, 1, 2, 3], [10, 1, 2, 4], 64).tcp(7305, 4000, 1, 8192);
        let mut packet = Vec::new();
        builder.write(&mut packet, b"secret").expect("a packet");
        packet.extend_from_slice(b"secret trailer");
        let start = packet.len() - 20;
        for (payload, text) in [(None, &b"\0\0\0\0\0\0"[..]), (Some((start + 3, &b"new"[..])), b"\0\0\0new")]
        {
            let after = rewritten(tcp::ETHERNET, &packet, payload, 0);
            assert_eq!((&after[start..start + 6], &after[start + 6..]), (text, &[0; 14][..]));
            assert!(!after.windows(4).any(|window| window == [10, 1, 2, 3]));
        }
    }

    #[test]
    fn the_serial_text_of_usb_is_replaced() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let mut packet = vec![0; 64];
        (packet[8], packet[9], packet[10], packet[14]) = (b'C', 2, 0x80, b'-');
        packet.extend([16, 3]);
        packet.extend(utf16("SN20885"));
        let sent = packet.len();
        let link = USBMON[1];
        let record = Record {
            frame: 1,
            time: 0,
            interface: 0,
            link,
            data: &packet,
            sent,
            flags: None,
            left_out: false,
        };
        let mut identities = Identities::default();
        Carrier::default().meet(&record, &mut identities);
        identities.invent(&mut StdRng::seed_from_u64(1)).expect("there are others");
        let after = Carrier::default().rewrite(&record, None, &identities, 0);
        let invented = String::from_utf8_lossy(identities.of(b"SN20885")).into_owned();
        assert_ne!(invented, "SN20885");
        assert_eq!((&after[..66], &after[66..]), (&packet[..66], &utf16(&invented)[..]));
    }

    #[test]
    fn a_header_that_claims_more_than_its_packet_is_left_alone() {
        // 249 is USBPcap.
        let packet = [0x5A; 27];
        assert_eq!(rewritten(249, &packet, Some((65_509, b"")), 0), packet);
    }

    #[test]
    fn times_in_headers_move_if_they_are_times() {
        let mut header = [0; 64];
        header[10] = 1;
        header[USBMON_SECONDS].copy_from_slice(&1_400_000_000_u64.to_le_bytes());
        let after = rewritten(USBMON[1], &header, None, -86_400);
        assert_eq!(after[USBMON_SECONDS], 1_399_913_600_u64.to_le_bytes());
        for (before, expected) in [(1_400_000_000_u32, 1_400_086_400_u32), (17, 17)] {
            let log = [&before.to_be_bytes()[..], &[0; 8]].concat();
            assert_eq!(rewritten(RTAC, &log, None, 86_400)[RTAC_SECONDS], expected.to_be_bytes());
        }
    }
}
