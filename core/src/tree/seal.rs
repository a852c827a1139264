// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a check value whose bytes have changed that it covers. Out: the check value mended, as right or as wrong as it was.

use crate::tree::crc::{crc8, crc16};

/// How a check value is made of what it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A CRC: of one byte it is a CRC-8, of two a CRC-16, of four a CRC-16 in the low halves of two words, as on ISIG pages.
    Crc,
    /// The sum of all bytes, modulo 256; the check value itself does not count, even if it lies among them.
    Sum,
    /// The same as two hexadecimal digits.
    SumInDigits,
}

impl Method {
    /// Mends a check value after what it covers has changed from `before` to `after`.
    pub fn mend(self, check: &mut [u8], before: &[u8], after: &[u8]) {
        let more = sum(after).wrapping_sub(sum(before));
        let [high, low] = (crc16(before) ^ crc16(after)).to_be_bytes();
        match (self, check) {
            (Self::Crc, [sent]) => *sent ^= crc8(before) ^ crc8(after),
            (Self::Crc, [first, second] | [first, _, second, _]) => {
                *first ^= high;
                *second ^= low;
            }
            (Self::Sum, [sent]) => *sent = sent.wrapping_add(more),
            (Self::SumInDigits, digits) => {
                if let Some(sent) = in_digits(digits) {
                    digits.copy_from_slice(format!("{:02X}", sent.wrapping_add(more)).as_bytes());
                }
            }
            _ => {}
        }
    }
}

/// The sum of all bytes, modulo 256.
#[must_use]
pub fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, &byte| sum.wrapping_add(byte))
}

/// The byte that two hexadecimal digits stand for.
#[must_use]
pub fn in_digits(digits: &[u8]) -> Option<u8> {
    let text = str::from_utf8(digits).ok();
    let text = text.filter(|text| text.len() == 2 && text.bytes().all(|digit| digit.is_ascii_hexdigit()));
    u8::from_str_radix(text?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mended_check_value_is_as_right_or_wrong_as_before() {
        let (before, after) = (b"one thing".as_slice(), b"and other".as_slice());
        for error in [0, 1, 0x80] {
            let [high, low] = crc16(before).to_be_bytes();
            let [new_high, new_low] = crc16(after).to_be_bytes();
            let mut short = [crc8(before) ^ error];
            let mut long = [high ^ error, low];
            let mut spread = [high ^ error, 0x22, low, 0];
            for check in [short.as_mut_slice(), &mut long, &mut spread] {
                Method::Crc.mend(check, before, after);
            }
            assert_eq!(short, [crc8(after) ^ error]);
            assert_eq!(long, [new_high ^ error, new_low]);
            assert_eq!(spread, [new_high ^ error, 0x22, new_low, 0]);
        }
    }

    #[test]
    fn a_sum_is_mended_as_it_is_written() {
        let (mut byte, mut digits, mut none) = ([0xFE], *b"FE", *b"G1");
        Method::Sum.mend(&mut byte, &[1, 2, 0xFE], &[1, 5, 0xFE]);
        Method::SumInDigits.mend(&mut digits, &[1, 2], &[1, 5]);
        Method::SumInDigits.mend(&mut none, &[1, 2], &[1, 5]);
        assert_eq!((byte, &digits, &none), ([1], b"01", b"G1"));
        assert_eq!([in_digits(b"fE"), in_digits(b"+1"), in_digits(b"123")], [Some(0xFE), None, None]);
    }
}
