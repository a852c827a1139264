// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what is to be a log, a report or a table of USB traffic, or a file with pages. Out: no panic; what is imported reads as
//! a capture does, with the checks of [`follow`] on it.

use crate::transfers::follow;
use carelink_capture::import::Recording;
use carelink_capture::tcp;
use carelink_cli::forms;
use carelink_core::transfer::Claim;

/// Imports it, and reads what was made of it.
pub fn run(bytes: &[u8]) {
    // What is no page is refused, and that is well.
    let _ = forms::read_mended(bytes);
    let Some(recording) = Recording::read(bytes) else { return };
    let mut packets = Vec::new();
    carelink_capture::read(recording.bytes().as_slice(), tcp::PORT, |packet| {
        packets.push(packet);
        Ok(())
    })
    .expect("what we write can be read");
    // Of some transfers a recording has the end only: they are no more than its lines.
    assert!(packets.len() <= bytes.iter().filter(|&&byte| byte == b'\n' || byte == b'\r').count() + 1);
    follow(&packets.iter().map(|packet| packet.transfer(Claim::Ask)).collect::<Vec<_>>());
}
