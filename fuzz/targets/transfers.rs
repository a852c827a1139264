// SPDX-License-Identifier: GPL-2.0-or-later
//! In: transfers of up to four sticks. Out: no panic, and the same tree in any order, each byte in it once.
#![no_main]

use carelink_fuzz::{follow, transfers};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| follow(&transfers(bytes)));
