// SPDX-License-Identifier: GPL-2.0-or-later
//! In: typed values. Out: the bytes that a host, a stick or a pump would send for them.
//!
//! Nothing here is used to read traffic. It builds sample captures, and tests use it to show that parsing
//! what was emitted gives the values back. It shares only the types of values and the checksums with the parsers, so
//! that a mistake in a layout cannot cancel itself out.

mod count;
pub mod history;
pub mod nextlink;
pub mod page;
pub mod pump;
pub mod reply;
pub mod request;
pub mod sensor;

/// A pump's serial number as it is sent: six decimal digits, two to a byte.
///
/// Digits above the sixth are dropped.
///
/// ```
/// assert_eq!(carelink_samples::emit::bcd_serial(123_456), [0x12, 0x34, 0x56]);
/// ```
#[must_use]
pub fn bcd_serial(serial: u32) -> [u8; 3] {
    let pair = |value: u32| {
        let [_, _, _, digits] = (value % 100).to_be_bytes();
        ((digits / 10) << 4) | (digits % 10)
    };
    [pair(serial / 10_000), pair(serial / 100), pair(serial)]
}

/// The 15-bit count of a frame with its flag "end of data" in the highest bit.
///
/// # Panics
/// If `count` needs more than 15 bits: no frame can state it.
fn count_and_end(count: usize, end_of_data: bool) -> [u8; 2] {
    let count = u16::try_from(count).ok().filter(|count| *count < 0x8000);
    let count = count.expect("a frame carries at most 32,767 bytes");
    (count | u16::from(end_of_data) << 15).to_be_bytes()
}
