// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the bytes of a fuzzer. Out: a panic, where what holds for all bytes does not hold for these.

pub mod slow;
pub mod targets;
pub mod transfers;
