// SPDX-License-Identifier: GPL-2.0-or-later
//! In: bytes of libFuzzer. Out: what [`carelink_fuzz::targets::export`] finds in them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| carelink_fuzz::targets::export::run(bytes));
