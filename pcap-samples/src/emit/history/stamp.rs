// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a pump's date and time, and bits that share its bytes. Out: the stamps of records.

use crate::emit::count::few;
use carelink_core::units::clock::PumpTime;

/// What a record keeps in the spare bits of its time stamp; each record uses them in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spare {
    /// Above the hour, three bits: a type, a pattern, a unit...
    pub hour: u8,
    /// Above the day, three bits: mostly who asked (0 pump, 2 radio, 3 linked meter, 5 sensor).
    pub day: u8,
    /// Above the year, one bit.
    pub year: u8,
}

/// Years since 2000 in seven bits, month in four, day and hour in five, minute and second in six.
pub(in crate::emit) fn numbers(time: PumpTime) -> Option<[u8; 6]> {
    let mut numbers = [0; 6];
    let mut parts = time.numbers();
    parts[0] = parts[0].checked_sub(2000)?;
    for ((number, part), bits) in numbers.iter_mut().zip(parts).zip([7, 4, 5, 5, 6, 6]) {
        *number = few(u8::try_from(part).ok()?, bits)?;
    }
    Some(numbers)
}

/// The five bytes of a dated record. `None` for a time, or spare bits, for which there is no room.
#[must_use]
pub fn stamp(time: PumpTime, spare: Spare) -> Option<[u8; 5]> {
    let [year, month, day, hour, minute, second] = numbers(time)?;
    Some([
        month >> 2 << 6 | second,
        month << 6 | minute,
        few(spare.hour, 3)? << 5 | hour,
        few(spare.day, 3)? << 5 | day,
        few(spare.year, 1)? << 7 | year,
    ])
}

/// The two bytes of a day's totals; the time of day is left out.
pub(super) fn date(time: PumpTime) -> Option<[u8; 2]> {
    let [year, month, day, ..] = numbers(time)?;
    Some([month >> 1 << 5 | day, month << 7 | year])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_share_bytes_with_the_spare_bits() {
        let at = PumpTime::new(2026, 11, 28, 23, 58, 57);
        #[rustfmt::skip]
        assert_eq!(stamp(at, Spare { hour: 5, day: 3, year: 1 }),
            Some([0b10_111001, 0b11_111010, 0b101_10111, 0b011_11100, 0b1_0011010]));
        assert_eq!(date(at), Some([0b101_11100, 0b1_0011010]));
    }
}
