// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what a USB device says of itself. Out: the control transfers in which the host asks for it.

use crate::session::{MS, Transfer, TransferType};

/// An endpoint: its address (0x80 set means "in"), its type as descriptors number it, its packet size.
pub(crate) struct Endpoint(pub u8, pub u8, pub u16);

/// The number that descriptors use for a bulk endpoint.
pub(crate) const BULK: u8 = 2;
/// The number that descriptors use for an interrupt endpoint.
pub(crate) const INTERRUPT: u8 = 3;

/// An interface: class, subclass, protocol, and its endpoints.
pub(crate) struct Interface(pub [u8; 3], pub &'static [Endpoint]);

/// What identifies a device and its use.
pub(crate) struct Device {
    pub vendor: u16,
    pub product: u16,
    pub class: [u8; 3],
    pub interfaces: &'static [Interface],
}

/// The CareLink USB stick.
pub(crate) const STICK: Device = Device {
    vendor: 0x0A21,
    product: 0x8001,
    class: [0xFF, 0xFF, 0xFF],
    interfaces: &[Interface([0xFF, 0, 0], &[Endpoint(0x01, BULK, 64), Endpoint(0x82, BULK, 64)])],
};

/// A Contour Next Link meter in mg/dL.
pub(crate) const METER: Device = Device {
    vendor: 0x1A79,
    product: 0x6200,
    class: [0, 0, 0],
    interfaces: &[Interface([0x03, 0, 0], &[Endpoint(0x01, INTERRUPT, 64), Endpoint(0x81, INTERRUPT, 64)])],
};

/// The same in mmol/L.
pub(crate) const METER_MMOL: Device = Device { product: 0x6300, ..METER };

impl Device {
    /// GET DESCRIPTOR for the device, then for its configuration, the first one at `time_ns`.
    pub fn enumerate(&self, bus: u16, address: u8, time_ns: u64) -> Vec<Transfer> {
        let (device, configuration) = (self.device(), self.configuration());
        [(1, device, 0), (2, configuration, 2 * MS)]
            .into_iter()
            .map(|(kind, bytes, delay)| {
                let [length_low, length_high, ..] = bytes.len().to_le_bytes();
                Transfer {
                    time_ns: time_ns + delay,
                    bus,
                    address,
                    endpoint: 0x80,
                    transfer_type: TransferType::Control([0x80, 6, 0, kind, 0, 0, length_low, length_high]),
                    bytes,
                    lost: 0,
                    comment: None,
                }
            })
            .collect()
    }

    fn device(&self) -> Vec<u8> {
        let mut bytes = vec![18, 1, 0x00, 0x02];
        bytes.extend(self.class);
        bytes.push(64);
        bytes.extend(self.vendor.to_le_bytes());
        bytes.extend(self.product.to_le_bytes());
        bytes.extend([0x00, 0x01, 0, 0, 0, 1]);
        bytes
    }

    fn configuration(&self) -> Vec<u8> {
        let mut body = Vec::new();
        let mut count = 0;
        for Interface(class, endpoints) in self.interfaces {
            let [endpoint_count, ..] = endpoints.len().to_le_bytes();
            body.extend([9, 4, count, 0, endpoint_count]);
            body.extend(class);
            body.push(0);
            for Endpoint(address, kind, size) in *endpoints {
                body.extend([7, 5, *address, *kind]);
                body.extend(size.to_le_bytes());
                body.push(if *kind == INTERRUPT { 10 } else { 0 });
            }
            count += 1;
        }
        let [length_low, length_high, ..] = (9 + body.len()).to_le_bytes();
        [&[9, 2, length_low, length_high, count, 1, 0, 0x80, 50], &body[..]].concat()
    }
}
