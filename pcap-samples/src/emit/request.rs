// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what the host wants. Out: the frame that it sends to the stick.

use super::count_and_end;
use carelink_core::tree::crc::crc8;

/// Asks for the product info. The stick takes the first two bytes alone as well.
#[must_use]
pub const fn read_product_info() -> [u8; 3] {
    [0x04, 0x00, 0x00]
}

/// Asks for the status. The stick takes the first two bytes alone as well.
#[must_use]
pub const fn read_status() -> [u8; 3] {
    [0x03, 0x00, 0x00]
}

/// Asks for the statistics of interface 0 (radio) or 1 (USB).
#[must_use]
pub const fn read_statistics(interface: u8) -> [u8; 3] {
    [0x05, interface, 0x00]
}

/// Asks for the signal strength.
#[must_use]
pub const fn read_signal_strength() -> [u8; 3] {
    [0x06, 0x00, 0x00]
}

/// Fetches `size` bytes of what came by radio, 14 bytes of frame around the payload included.
#[must_use]
pub const fn read_radio(size: u16) -> [u8; 5] {
    let [high, low] = size.to_be_bytes();
    [0x0C, 0x00, high, low, crc8(&[0x0C, 0x00, high, low])]
}

/// A packet that the stick is to send to a pump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transmit<'a> {
    /// The pump's serial number, packed BCD.
    pub serial: [u8; 3],
    /// What the pump is to do.
    pub opcode: u8,
    /// At most 32,767 bytes.
    pub parameters: &'a [u8],
    /// How often the packet is repeated by radio: 0x55 wakes a sleeping pump, else 0.
    pub repeat: u8,
    /// How often the stick may try again.
    pub retries: u8,
    /// 0 no data expected, 1 up to 64 bytes, 2 more than that.
    pub pages: u8,
}

impl<'a> Transmit<'a> {
    /// A command that expects one reply of up to 64 bytes, with two retries.
    #[must_use]
    pub const fn new(serial: [u8; 3], opcode: u8, parameters: &'a [u8]) -> Self {
        Self { serial, opcode, parameters, repeat: 0, retries: 2, pages: 1 }
    }

    /// Power control: `[1, minutes]` switches the pump's radio on, a first parameter of 0 switches it off.
    #[must_use]
    pub const fn power(serial: [u8; 3], parameters: &'a [u8]) -> Self {
        Self { serial, opcode: 0x5D, parameters, repeat: 0x55, retries: 0, pages: 0 }
    }

    /// The frame: 16 bytes and the parameters.
    ///
    /// # Panics
    /// If there are more than 32,767 parameters.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0x01, 0x00, 0xA7, 0x01];
        bytes.extend(self.serial);
        bytes.extend(count_and_end(self.parameters.len(), true));
        bytes.extend([self.repeat, self.retries, self.pages, 0x00, self.opcode]);
        bytes.push(crc8(&bytes));
        bytes.extend(self.parameters);
        bytes.push(crc8(self.parameters));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames whose checksums were computed by the vendor's and other programs.
    #[test]
    fn frames_equal_recorded_ones() {
        let on = Transmit::power([0x34, 0x27, 0x25], &[0x01, 0x0A]);
        #[rustfmt::skip]
        assert_eq!(on.to_bytes(), [0x01, 0x00, 0xA7, 0x01, 0x34, 0x27, 0x25, 0x80, 0x02,
            0x55, 0x00, 0x00, 0x00, 0x5D, 0x1E, 0x01, 0x0A, 0xA2]);
        let model = Transmit::new([0x34, 0x27, 0x25], 0x8D, &[]);
        #[rustfmt::skip]
        assert_eq!(model.to_bytes(), [0x01, 0x00, 0xA7, 0x01, 0x34, 0x27, 0x25, 0x80, 0x00,
            0x00, 0x02, 0x01, 0x00, 0x8D, 0xA3, 0x00]);
        let glucose = Transmit { pages: 2, ..Transmit::new([0x66, 0x54, 0x55], 0x9A, &[0, 0, 0, 0x2E]) };
        #[rustfmt::skip]
        assert_eq!(glucose.to_bytes(), [0x01, 0x00, 0xA7, 0x01, 0x66, 0x54, 0x55, 0x80, 0x04,
            0x00, 0x02, 0x02, 0x00, 0x9A, 0xBE, 0x00, 0x00, 0x00, 0x2E, 0x11]);
        assert_eq!(read_radio(78), [0x0C, 0x00, 0x00, 0x4E, 0x95]);
        assert_eq!(read_radio(206), [0x0C, 0x00, 0x00, 0xCE, 0x9E]);
    }
}
