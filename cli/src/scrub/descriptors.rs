// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what a host and a device say on the endpoint by which the device is controlled. Out: the texts that tell one device
//! from others of its kind, and what is no descriptor at all.

use super::identities::Digits;
use carelink_capture::usb::Urb;
use std::collections::HashMap;
use std::ops::Range;

/// Kinds of descriptors.
const DEVICE: u8 = 1;
const STRING: u8 = 3;
/// Lengths and kinds of those that hold numbers which all devices of a kind share: device, configuration, interface,
/// endpoint, qualifier, other speed, association.
const SHARED: [(u8, u8); 8] = [(18, DEVICE), (9, 2), (9, 4), (7, 5), (9, 5), (10, 6), (9, 7), (8, 11)];
/// The request for a descriptor.
const GET_DESCRIPTOR: u8 = 6;
/// Where a device's descriptor says which text is its serial.
const SERIAL_INDEX: usize = 16;
/// Bytes of a setup.
const SETUP: usize = 8;
/// Where a header of Linux says whether it holds a setup, and where that is.
const USBMON_FLAG: usize = 14;
const USBMON_SETUP: Range<usize> = 40..48;

/// What there is in a control transfer.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    /// A text that may tell one device from another.
    Text(Range<usize>),
    /// Something that nobody needs to read the rest.
    Other(Range<usize>),
}

/// What is known of each device, by interface, bus and address.
#[derive(Debug, Default)]
pub struct Devices(HashMap<(u32, u16, u16), Device>);

#[derive(Debug, Default)]
struct Device {
    /// Which of its texts is its serial.
    serial: Option<u8>,
    /// The text that it was asked for last.
    asked: Option<u8>,
}

impl Devices {
    /// What there is in a packet of a control transfer that may tell whose the device is.
    pub fn parts(&mut self, interface: u32, urb: &Urb, packet: &[u8]) -> Vec<Part> {
        let device = self.0.entry((interface, urb.bus, urb.device)).or_default();
        let start = urb.header.min(packet.len());
        let data = &packet[start..];
        let in_header = packet
            .get(USBMON_SETUP)
            .filter(|_| packet.get(USBMON_FLAG) == Some(&0) && start >= USBMON_SETUP.end);
        if let Some(setup) = in_header.or_else(|| Some(data).filter(|data| is_setup(data))) {
            if let [0x80, GET_DESCRIPTOR, index, STRING, ..] = *setup {
                device.asked = Some(index);
            }
            if in_header.is_none() {
                return Vec::new();
            }
        }
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some((&len, &kind)) = data.get(at).zip(data.get(at + 1)) {
            let end = at + usize::from(len);
            if len < 2 {
                break;
            }
            // The capture may have cut it off.
            let end = end.min(data.len());
            let descriptor = &data[at..end];
            if kind == DEVICE {
                device.serial = descriptor.get(SERIAL_INDEX).copied().filter(|index| *index > 0);
            }
            let place = start + at + 2..start + end;
            if kind == STRING {
                let serial = device.asked.is_some() && device.asked == device.serial;
                if serial || text(&packet[place.clone()]).iter().any(u8::is_ascii_digit) {
                    parts.push(Part::Text(place));
                }
            } else if !SHARED.contains(&(len, kind)) {
                parts.push(Part::Other(place));
            }
            at = end;
        }
        if at < data.len() {
            parts.push(Part::Other(start + at..packet.len()));
        }
        parts
    }
}

/// True if data is the setup of a standard request to the device.
fn is_setup(data: &[u8]) -> bool {
    data.len() == SETUP && data[0] & 0x60 == 0 && data[1] <= 12 && data[0] != 8
}

/// The letters and digits of a text in UTF-16.
pub fn text(bytes: &[u8]) -> Digits {
    plain(bytes).map(|(_, letter)| letter).collect()
}

/// Writes other letters and digits into a text in UTF-16.
pub fn write(bytes: &mut [u8], text: &[u8]) {
    let places: Vec<_> = plain(bytes).map(|(at, _)| at).collect();
    std::iter::zip(places, text).for_each(|(at, &letter)| bytes[at] = letter);
}

fn plain(bytes: &[u8]) -> impl Iterator<Item = (usize, u8)> {
    let units = bytes.chunks_exact(2).enumerate();
    units.filter(|(_, unit)| unit[0].is_ascii_graphic() && unit[1] == 0).map(|(at, unit)| (2 * at, unit[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urb() -> Urb {
        Urb { bus: 1, device: 2, endpoint: 0x80, bulk: false, header: 64 }
    }

    fn packet(setup: Option<[u8; 8]>, data: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; 64];
        packet[USBMON_FLAG] = u8::from(setup.is_none());
        packet[USBMON_SETUP].copy_from_slice(&setup.unwrap_or_default());
        packet.extend_from_slice(data);
        packet
    }

    fn string(text: &str) -> Vec<u8> {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        let mut bytes = vec![u8::try_from(2 + 2 * text.len()).expect("short"), STRING];
        bytes.extend(units);
        bytes
    }

    #[test]
    fn the_text_that_is_a_serial_is_found_by_its_index_or_its_digits() {
        let mut devices = Devices::default();
        let mut ask = |index: u8, text: &str| {
            devices.parts(0, &urb(), &packet(Some([0x80, 6, index, STRING, 9, 4, 255, 0]), &[]));
            devices.parts(0, &urb(), &packet(None, &string(text)))
        };
        let all = |text: &str| vec![Part::Text(66..66 + 2 * text.len())];
        assert_eq!(ask(1, "Medtronic"), []);
        assert_eq!(ask(3, "A1"), all("A1"));
        let mut device = [0; 18];
        device[..2].copy_from_slice(&[18, DEVICE]);
        device[SERIAL_INDEX] = 3;
        devices.parts(0, &urb(), &packet(None, &device));
        devices.parts(0, &urb(), &packet(Some([0x80, 6, 3, STRING, 9, 4, 255, 0]), &[]));
        assert_eq!(devices.parts(0, &urb(), &packet(None, &string("ABC"))), all("ABC"));
    }

    #[test]
    fn what_is_no_descriptor_is_told() {
        let mut devices = Devices::default();
        let other = |range| vec![Part::Other(range)];
        assert_eq!(devices.parts(0, &urb(), &packet(None, &[7, 5, 1, 2, 64, 0, 0])), []);
        assert_eq!(devices.parts(0, &urb(), &packet(None, &[1, 2, 3])), other(64..67));
        assert_eq!(devices.parts(0, &urb(), &packet(None, &[4, 0x21, 3, 4])), other(66..68));
    }

    #[test]
    fn a_text_keeps_its_form() {
        let mut bytes = string("SN-1 é")[2..].to_vec();
        assert_eq!(text(&bytes), b"SN-1");
        write(&mut bytes, b"QX-7");
        assert_eq!(bytes, string("QX-7 é")[2..]);
    }
}
