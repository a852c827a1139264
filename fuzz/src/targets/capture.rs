// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what is to be a capture file. Out: no panic, and the checks of [`follow`] on what it holds.

use crate::transfers::follow;
use carelink_capture::tcp;
use carelink_core::transfer::Claim;

/// Reads it, and follows what it holds.
pub fn run(bytes: &[u8]) {
    let mut packets = Vec::new();
    // A damaged file is refused, after what came before the damage was taken.
    let _ = carelink_capture::read(bytes, tcp::PORT, |packet| {
        packets.push(packet);
        Ok(())
    });
    follow(&packets.iter().map(|packet| packet.transfer(Claim::Ask)).collect::<Vec<_>>());
}
