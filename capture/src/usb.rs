// SPDX-License-Identifier: GPL-2.0-or-later
//! In: USB packets of Linux, Windows and macOS. Out: what their headers tell of a transfer.
//!
//! Layouts: the Linux kernel's usbmon documentation, USBPcap's and Wireshark's documentation.

use carelink_core::transfer::Carrier;

/// Link types that carry USB.
const USBMON: i32 = 189;
const USBMON_MMAPPED: i32 = 220;
const USBPCAP: i32 = 249;
const DARWIN: i32 = 266;

/// The types of transfers that a stick and a meter use.
const BULK: u8 = 3;
const INTERRUPT: u8 = 1;
/// The same, as macOS numbers them.
const DARWIN_BULK: u8 = 2;
const DARWIN_INTERRUPT: u8 = 3;

/// What a packet's header tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Urb {
    /// The bus.
    pub bus: u16,
    /// The device's address on it.
    pub device: u16,
    /// The endpoint, with the direction bit.
    pub endpoint: u8,
    /// How the packet carries data; `None` if it is of another type of transfer, or the one of the two that carries none.
    pub carrier: Option<Carrier>,
    /// Tells the transfer from others that are under way: its two packets have the same number.
    pub id: u64,
    /// True if the packet ends its transfer, false if it begins it.
    pub completes: bool,
    /// How many bytes come before the data.
    pub header: usize,
}

/// How transfers of a type carry data, by the numbers that the link type has for bulk and interrupt.
fn carrier(transfer: u8, bulk: u8, interrupt: u8) -> Option<Carrier> {
    match transfer {
        _ if transfer == bulk => Some(Carrier::Transfers),
        _ if transfer == interrupt => Some(Carrier::Reports),
        _ => None,
    }
}

impl Urb {
    /// The endpoint, without the direction bit.
    #[must_use]
    pub const fn number(&self) -> u8 {
        self.endpoint & 0x7f
    }

    /// True if data goes to the host.
    #[must_use]
    pub const fn inward(&self) -> bool {
        self.endpoint & 0x80 != 0
    }
}

/// True if packets with this link type carry USB that can be read.
#[must_use]
pub const fn carries(link: i32) -> bool {
    matches!(link, USBMON | USBMON_MMAPPED | USBPCAP | DARWIN)
}

/// What the header of a packet tells; `None` if it is cut off.
#[must_use]
pub fn urb(link: i32, data: &[u8]) -> Option<Urb> {
    match link {
        USBMON => usbmon(data, 48),
        USBMON_MMAPPED => usbmon(data, 64),
        USBPCAP => usbpcap(data),
        DARWIN => darwin(data),
        _ => None,
    }
}

/// Vendor and product of the devices that speak to pumps, and how each carries its data: the stick, and the meters in
/// mg/dL and in mmol/L.
pub(crate) const DEVICES: [((u16, u16), Carrier); 3] = [
    ((0x0a21, 0x8001), Carrier::Transfers),
    ((0x1a79, 0x6200), Carrier::Reports),
    ((0x1a79, 0x6300), Carrier::Reports),
];

/// Vendor and product of a device, if `bytes` are its descriptor.
#[must_use]
pub fn descriptor(bytes: &[u8]) -> Option<(u16, u16)> {
    let [18, 1, rest @ ..] = bytes else { return None };
    let [vendor_low, vendor_high, product_low, product_high] = number(rest, 6)?;
    Some((u16::from_le_bytes([vendor_low, vendor_high]), u16::from_le_bytes([product_low, product_high])))
}

pub(crate) fn number<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..at + N)?.try_into().ok()
}

fn usbmon(data: &[u8], header: usize) -> Option<Urb> {
    let [kind, transfer, endpoint, device] = number(data, 8)?;
    let bus = u16::from_le_bytes(number(data, 12)?);
    // Data lies in the submission of a write and in the completion of a read.
    let id = u64::from_le_bytes(number(data, 0)?);
    let completes = kind != b'S';
    let carries = (endpoint & 0x80 != 0) == completes;
    let carrier = carrier(transfer, BULK, INTERRUPT).filter(|_| carries);
    Some(Urb { bus, device: device.into(), endpoint, carrier, id, completes, header })
}

fn usbpcap(data: &[u8]) -> Option<Urb> {
    let header = usize::from(u16::from_le_bytes(number(data, 0)?));
    let [bus_low, bus_high, device_low, device_high, endpoint, transfer] = number(data, 17)?;
    let bus = u16::from_le_bytes([bus_low, bus_high]);
    let device = u16::from_le_bytes([device_low, device_high]);
    let id = u64::from_le_bytes(number(data, 2)?);
    // Its lowest bit says whether the packet goes from the bus to the program.
    let completes = data.get(16)? & 1 != 0;
    Some(Urb { bus, device, endpoint, carrier: carrier(transfer, BULK, INTERRUPT), id, completes, header })
}

fn darwin(data: &[u8]) -> Option<Urb> {
    let [header, request] = number(data, 2)?;
    let location = u32::from_le_bytes(number(data, 24)?);
    let [_speed, device, endpoint, transfer] = number(data, 28)?;
    let bus = u16::try_from(location >> 24).unwrap_or(0);
    let id = u64::from_le_bytes(number(data, 16)?);
    let completes = request != 0;
    let carries = (endpoint & 0x80 == 0) != completes;
    Some(Urb {
        bus,
        device: device.into(),
        endpoint,
        carrier: carrier(transfer, DARWIN_BULK, DARWIN_INTERRUPT).filter(|_| carries),
        id,
        completes,
        header: header.into(),
    })
}
