// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what is to be a capture file. Out: no panic; what is scrubbed goes to none of the pumps that it went to before, and
//! has as many fetches.

use carelink_capture::tcp;
use carelink_cli::conversation::{Conversation, Keep, Options};
use carelink_cli::scrub::{Wishes, scrub};
use carelink_core::pump::serial::Serial;
use std::collections::BTreeSet;

const OPTIONS: Options = Options { model: None, tcp_port: tcp::PORT };

fn pumps(capture: &[u8]) -> Option<(BTreeSet<Serial>, usize)> {
    let known = Conversation::follow(capture, &OPTIONS, "capture", Keep::Nothing, |_| Ok(())).ok()?;
    let commands = known.entries().filter_map(|entry| entry.transaction.sound_command());
    Some((commands.map(|command| command.serial).collect(), known.entries().len()))
}

/// Scrubs it, and looks for what was in it.
pub fn run(bytes: &[u8]) {
    let wishes = Wishes { options: OPTIONS, times: true, unknown: true, seed: Some(7) };
    // Where anything would be left no file is written, and that is well.
    let Ok(Some(scrubbed)) = scrub(bytes, "capture", &wishes) else { return };
    let Some((before, _)) = pumps(bytes) else { return };
    let (after, fetches) = pumps(&scrubbed.capture).expect("what we write can be read");
    assert!(before.is_disjoint(&after), "left: {:?}", before.intersection(&after).collect::<Vec<_>>());
    assert!(fetches > 0 || before.is_empty(), "the fetches are gone");
}
