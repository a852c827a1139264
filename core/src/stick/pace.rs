// SPDX-License-Identifier: GPL-2.0-or-later
//! In: how long one stick and its host waited for each other. Out: whether so long that packets are missing between.
//!
//! A stick answers from what it holds, as fast each time: Read Radio within 2 ms (35 ms at the most), other commands
//! within 100 ms (133 ms at the most); the host reads what is announced within 1 ms. A whole fetch takes 340 ms
//! (`docs/protocol/stick.md`, section 4.2). So a reply that takes much longer than the ones before it answers a later
//! command, and the one between was lost.

use super::Opcode;

/// What any reply may take, whatever the ones before it took, in nanoseconds.
const ALWAYS: u64 = 40_000_000;
/// What is assumed before the first reply to a command, in nanoseconds.
const USUAL: u64 = 100_000_000;

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The host, for the reply to a command.
    Reply(Opcode),
    /// Bytes that the stick has announced, for the host to read them.
    ToRead,
}

/// How many kinds of waits there are.
const WAITS: usize = Opcode::ALL.len() + 1;

/// The longest of each wait for one stick.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    longest: [Option<u64>; WAITS],
}

impl Pace {
    /// Takes a wait of so many nanoseconds. False if it took too long to have been this one.
    ///
    /// A stick or a host that has become slow is believed after a few such waits.
    #[must_use]
    pub fn keeps(&mut self, wait: Wait, took: u64) -> bool {
        let at = match wait {
            Wait::Reply(command) => Opcode::ALL.iter().position(|&known| known == command),
            Wait::ToRead => Some(Opcode::ALL.len()),
        };
        let Some(longest) = at.and_then(|at| self.longest.get_mut(at)) else { return true };
        let limit = ALWAYS.saturating_add(longest.unwrap_or(USUAL).saturating_mul(2));
        *longest = (*longest).max(Some(took.min(limit)));
        took <= limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;
    const READ: Wait = Wait::Reply(Opcode::ReadRadio);

    #[test]
    fn a_reply_takes_about_as_long_as_the_ones_before_it() {
        let mut pace = Pace::default();
        assert!(pace.keeps(READ, 2 * MS));
        assert!(pace.keeps(READ, 35 * MS));
        assert!(!pace.keeps(READ, 152 * MS));
        assert!(pace.keeps(Wait::Reply(Opcode::Transmit), 100 * MS), "each wait has a pace of its own");
        assert!(pace.keeps(Wait::ToRead, MS));
        assert!(!pace.keeps(Wait::ToRead, 60 * MS));
    }

    #[test]
    fn a_slow_stick_is_believed_in_the_end() {
        let mut pace = Pace::default();
        let late = (0..20).filter(|_| !pace.keeps(READ, 900 * MS)).count();
        assert!((1..4).contains(&late), "{late}");
    }
}
