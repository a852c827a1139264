// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a seed. Out: an endless run of bytes without meaning, the same for the same seed for ever: committed
//! captures are built from it, so it must not change with a library's version.

/// The bytes (splitmix64).
pub(crate) fn noise(seed: u64) -> impl Iterator<Item = u8> {
    (1..).flat_map(move |n: u64| {
        let mut z = seed.wrapping_add(n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ z >> 31).to_le_bytes()
    })
}
