// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what is to be a capture file. Out: no panic, and the checks of [`follow`] on what it holds.
#![no_main]

use carelink_capture::tcp;
use carelink_core::transfer::Claim;
use carelink_fuzz::follow;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut packets = Vec::new();
    // A damaged file is refused, after what came before the damage was taken.
    let _ = carelink_capture::read(bytes, tcp::PORT, |packet| {
        packets.push(packet);
        Ok(())
    });
    follow(&packets.iter().map(|packet| packet.transfer(Claim::Ask)).collect::<Vec<_>>());
});
