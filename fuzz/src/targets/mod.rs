// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the name of a target. Out: what it does with the bytes of a fuzzer.

pub mod capture;
pub mod export;
pub mod pages;
pub mod passes;
pub mod recording;
pub mod scrub;
pub mod transfers;

/// What a target does with bytes: it panics if it has a finding.
pub type Target = fn(&[u8]);

/// All targets by name.
pub const ALL: [(&str, Target); 7] = [
    ("transfers", transfers::run),
    ("passes", passes::run),
    ("pages", pages::run),
    ("export", export::run),
    ("capture", capture::run),
    ("recording", recording::run),
    ("scrub", scrub::run),
];
