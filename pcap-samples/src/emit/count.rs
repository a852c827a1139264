// SPDX-License-Identifier: GPL-2.0-or-later
//! In: quantities and times. Out: the numbers that fields of so many bits hold for them, or nothing if they cannot.

use carelink_core::units::quantities::{CarbRatio, CarbUnit, Minutes};

/// A number of so many bits.
pub(super) fn few(number: u8, bits: u32) -> Option<u8> {
    (u32::from(number) < 1 << bits).then_some(number)
}

/// A number of ten bits, in two bytes.
pub(super) fn ten_bits(number: u16) -> Option<[u8; 2]> {
    (number < 1 << 10).then(|| number.to_be_bytes())
}

/// A count of steps of so many thousandths.
pub(super) fn steps(thousandths: i32, step: i32) -> Option<u32> {
    u32::try_from(thousandths / step).ok().filter(|_| thousandths % step == 0)
}

/// Tenths of a unit in two bytes.
pub(super) fn tenths(thousandths: i32) -> Option<[u8; 2]> {
    u16::try_from(steps(thousandths, 100)?).ok().map(u16::to_be_bytes)
}

/// Tenths of a unit in one byte.
pub(super) fn few_tenths(thousandths: i32) -> Option<u8> {
    u8::try_from(steps(thousandths, 100)?).ok()
}

/// Fortieths of a unit in two bytes.
pub(super) fn fortieths(thousandths: i32) -> Option<[u8; 2]> {
    u16::try_from(steps(thousandths, 25)?).ok().map(u16::to_be_bytes)
}

/// Grams, or tenths of an exchange, in one byte; tenths of a gram, or thousandths of an exchange, in two.
pub(super) fn ratio(value: CarbRatio, large: bool) -> Option<Vec<u8>> {
    let step = match (value.unit, large) {
        (CarbUnit::Exchanges, true) => 1,
        (CarbUnit::Exchanges, false) | (CarbUnit::Grams, true) => 100,
        _ => 1000,
    };
    let count = u16::try_from(value.thousandths / step).ok()?;
    value.thousandths.is_multiple_of(step).then_some(())?;
    if large { Some(count.to_be_bytes().to_vec()) } else { Some(vec![u8::try_from(count).ok()?]) }
}

/// Minutes in two bytes.
pub(super) fn minutes(minutes: Minutes) -> Option<[u8; 2]> {
    u16::try_from(minutes.0).ok().map(u16::to_be_bytes)
}

/// Minutes as half hours.
pub(super) fn half_hours(minutes: u32) -> Option<u8> {
    u8::try_from(minutes / 30).ok().filter(|_| minutes.is_multiple_of(30))
}
