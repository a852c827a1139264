// SPDX-License-Identifier: GPL-2.0-or-later
//! In: bytes in either order. Out: numbers, and back.

/// The order of the bytes of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The lowest first.
    #[default]
    Little,
    /// The highest first.
    Big,
}

impl Order {
    /// The number of two bytes at `at`; `None` past the end.
    pub(crate) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let number = *bytes.get(at..)?.first_chunk()?;
        Some(if self == Self::Big { u16::from_be_bytes(number) } else { u16::from_le_bytes(number) })
    }

    /// The number of four bytes at `at`; `None` past the end.
    pub(crate) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let number = *bytes.get(at..)?.first_chunk()?;
        Some(if self == Self::Big { u32::from_be_bytes(number) } else { u32::from_le_bytes(number) })
    }

    /// The number of eight bytes at `at`; `None` past the end.
    pub(crate) fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        let number = *bytes.get(at..)?.first_chunk()?;
        Some(if self == Self::Big { u64::from_be_bytes(number) } else { u64::from_le_bytes(number) })
    }

    pub(crate) const fn of_u16(self, number: u16) -> [u8; 2] {
        if matches!(self, Self::Big) { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    pub(crate) const fn of_u32(self, number: u32) -> [u8; 4] {
        if matches!(self, Self::Big) { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    pub(crate) const fn of_u64(self, number: u64) -> [u8; 8] {
        if matches!(self, Self::Big) { number.to_be_bytes() } else { number.to_le_bytes() }
    }
}

/// How many bytes of padding follow so many bytes: all that pcapng holds ends at a multiple of four.
pub(crate) const fn padding(len: usize) -> usize {
    len.wrapping_neg() & 3
}
