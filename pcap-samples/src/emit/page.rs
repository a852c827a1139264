// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the records of a page. Out: the page, filled up with zeros and sealed with its CRC-16.

use carelink_core::tree::crc::crc16;

/// A history or glucose page: up to 1,022 bytes of records, then the CRC-16, high byte first.
///
/// `None` when the records do not fit.
#[must_use]
pub fn page(records: &[u8]) -> Option<[u8; 1024]> {
    let mut page = [0; 1024];
    page[..1022].get_mut(..records.len())?.copy_from_slice(records);
    let crc = crc16(&page[..1022]);
    page[1022..].copy_from_slice(&crc.to_be_bytes());
    Some(page)
}

/// An ISIG page: up to 1,022 little-endian words, then the CRC-16 as two words, high byte first.
///
/// `None` when the words do not fit.
#[must_use]
pub fn isig_page(words: &[u16]) -> Option<[u8; 2048]> {
    let mut page = [0; 2048];
    let slots = page[..2044].get_mut(..2 * words.len())?;
    for (slot, word) in slots.chunks_exact_mut(2).zip(words) {
        slot.copy_from_slice(&word.to_le_bytes());
    }
    let [high, low] = crc16(&page[..2044]).to_be_bytes();
    page[2044..].copy_from_slice(&[high, 0, low, 0]);
    Some(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_sealed() {
        let sealed = page(&[1, 2, 3]).unwrap();
        // A CRC without final XOR leaves nothing when it runs over its own value.
        assert_eq!(crc16(&sealed), 0);
        assert_eq!(sealed[..5], [1, 2, 3, 0, 0]);
        assert!(page(&[0; 1022]).is_some());
        assert!(page(&[0; 1023]).is_none());
    }

    #[test]
    fn isig_pages_are_sealed() {
        let sealed = isig_page(&[0x1234]).unwrap();
        assert_eq!(sealed[..3], [0x34, 0x12, 0]);
        let crc = crc16(&sealed[..2044]);
        assert_eq!(u16::from_be_bytes([sealed[2044], sealed[2046]]), crc);
        assert!(isig_page(&[0; 1022]).is_some());
        assert!(isig_page(&[0; 1023]).is_none());
    }
}
