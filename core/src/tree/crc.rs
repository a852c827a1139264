// SPDX-License-Identifier: GPL-2.0-or-later
//! In: bytes. Out: the two checksums that the stick, the pump and the pages carry.

use crc::{CRC_8_LTE, CRC_16_IBM_3740, Crc, Table};

/// Polynomial 0x9B, initial value 0: it guards stick requests, radio headers, payloads and radio packets.
static CRC8: Crc<u8, Table<16>> = Crc::<u8, Table<16>>::new(&CRC_8_LTE);

/// CCITT-FALSE (polynomial 0x1021, initial value 0xFFFF): it guards history, glucose and ISIG pages.
static CRC16: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&CRC_16_IBM_3740);

/// The CRC-8 of `bytes`.
///
/// ```
/// assert_eq!(carelink_core::tree::crc::crc8(&[0xA7, 0x12, 0x89, 0x86, 0x5D, 0x00]), 0xBE);
/// ```
#[must_use]
pub const fn crc8(bytes: &[u8]) -> u8 {
    CRC8.checksum(bytes)
}

/// The CRC-16 of `bytes`.
///
/// ```
/// assert_eq!(carelink_core::tree::crc::crc16(&[0x02, 0x06, 0x06, 0x03]), 0x41CD);
/// ```
#[must_use]
pub const fn crc16(bytes: &[u8]) -> u16 {
    CRC16.checksum(bytes)
}

#[cfg(test)]
mod tests {
    use super::{crc8, crc16};

    #[test]
    fn the_catalogues_check_values_hold() {
        assert_eq!(crc8(b"123456789"), 0xEA);
        assert_eq!(crc16(b"123456789"), 0x29B1);
    }

    #[test]
    fn known_packets_hold() {
        #[rustfmt::skip]
        let crc8_vectors: &[(&[u8], u8)] = &[
            (&[],                                                                             0x00),
            (&[0x00, 0xFF, 0x00],                                                             0xB1),
            (&[0xA7, 0x12, 0x89, 0x86, 0x5D, 0x00],                                           0xBE),
            // Read radio requests for 78, 142, 206, 15 and 14 bytes.
            (&[0x0C, 0x00, 0x00, 0x4E],                                                       0x95),
            (&[0x0C, 0x00, 0x00, 0x8E],                                                       0x56),
            (&[0x0C, 0x00, 0x00, 0xCE],                                                       0x9E),
            (&[0x0C, 0x00, 0x00, 0x0F],                                                       0xC6),
            (&[0x0C, 0x00, 0x00, 0x0E],                                                       0x5D),
            // The payload of a pump NAK.
            (&[0x08],                                                                         0x19),
            (&[0x0D],                                                                         0x43),
        ];
        for (bytes, expected) in crc8_vectors {
            assert_eq!(crc8(bytes), *expected, "{bytes:02X?}");
        }
        assert_eq!(crc16(&[0x02, 0x09, 0x00, 0x05, 0x0D, 0x02, 0x03]), 0x71DA);
    }

    /// The tables work on 16 bytes at a time; a bit-by-bit division must agree at every length.
    #[test]
    fn every_length_agrees_with_long_division() {
        fn divide(bytes: &[u8], polynomial: u32, width: u32, initial: u32) -> u32 {
            let mask = (1 << width) - 1;
            bytes.iter().fold(initial, |crc, &byte| {
                (0..8).fold(crc ^ u32::from(byte) << (width - 8), |crc, _| {
                    (crc << 1 ^ if crc >> (width - 1) & 1 == 1 { polynomial } else { 0 }) & mask
                })
            })
        }
        let bytes: Vec<u8> = (0..=255u8).map(|n| n.wrapping_mul(89) ^ 0x3C).collect();
        for length in 0..=bytes.len() {
            let bytes = &bytes[..length];
            assert_eq!(u32::from(crc8(bytes)), divide(bytes, 0x9B, 8, 0));
            assert_eq!(u32::from(crc16(bytes)), divide(bytes, 0x1021, 16, 0xFFFF));
        }
    }
}
