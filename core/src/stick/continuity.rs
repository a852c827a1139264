// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the frames of one stick, one after another. Out: whether packets are missing before one of them.
//!
//! A reply does not name the command that it answers, so that it does is a claim that needs proof. The stick has one
//! reply buffer, and overwrites no more of it than the reply needs: the rest of each reply equals the replies before it
//! (`docs/protocol/stick.md`, section 2.3: no exception in 2,111 replies). The host asks for as many bytes as the
//! last status announced, and gets as many (941 of 941).

use super::codes::REPLY_LENGTH;
use super::received::OVERHEAD;
use super::{Answered, Opcode};

/// What the stick's reply buffer holds, as far as the capture shows it, and what the host was told last.
#[derive(Clone, Copy, Debug)]
pub struct Continuity {
    buffer: [u8; REPLY_LENGTH],
    /// A bit for each byte of the buffer that is known.
    known: u64,
    /// True once the stick has answered: nothing is missing before the first reply of a capture.
    begun: bool,
    /// What the last status announced, until it is read.
    announced: Option<u16>,
}

impl Default for Continuity {
    fn default() -> Self {
        Self { buffer: [0; REPLY_LENGTH], known: 0, begun: false, announced: None }
    }
}

/// The bits of the bytes before `end`.
const fn before(end: usize) -> u64 {
    if end < REPLY_LENGTH { (1 << end) - 1 } else { u64::MAX }
}

impl Continuity {
    /// Takes a status reply that announces `bytes` to be read, if any.
    pub fn announce(&mut self, bytes: u16) {
        self.announced = (bytes > 0).then_some(bytes);
    }

    /// Takes a command that asks for `size` bytes from the radio. False if no status has announced as many.
    #[must_use]
    pub fn reads(&mut self, size: u16) -> bool {
        self.announced.take() == Some(size) || !self.begun
    }

    /// Takes a packet to the pump: what was to be read before it is gone.
    pub fn transmits(&mut self) {
        self.announced = None;
    }

    /// The reply to `command` did not come: what it has overwritten is not known.
    pub fn lost(&mut self, command: Answered) {
        let written = match command.opcode {
            Opcode::ReadRadio => command.argument.into(),
            _ => command.written().unwrap_or(REPLY_LENGTH),
        };
        self.known &= !before(written);
    }

    /// Takes a reply of `sent` bytes, of which `bytes` were captured, and which has overwritten the first `written`
    /// ones. False if the rest does not equal what the buffer held.
    ///
    /// Bytes that differ count as not known from here on, so that damage to one reply is not held against the next.
    #[must_use]
    pub fn replies(&mut self, bytes: &[u8], sent: usize, written: usize) -> bool {
        let written = written.min(sent).min(REPLY_LENGTH);
        let bytes = &bytes[..bytes.len().min(sent).min(REPLY_LENGTH)];
        let (fresh, rest) = bytes.split_at(written.min(bytes.len()));
        let (over, held) = self.buffer[..bytes.len()].split_at_mut(fresh.len());
        over.copy_from_slice(fresh);
        let (mut known, mut differs) = (before(bytes.len()), 0);
        if held != rest {
            for (at, (held, byte)) in (fresh.len()..).zip(held.iter_mut().zip(rest)) {
                if held != byte && self.known & 1 << at != 0 {
                    differs |= 1 << at;
                } else {
                    *held = *byte;
                }
            }
            known &= !differs;
        }
        // What was overwritten and not captured, and what differs, is not known.
        self.known = (self.known & !before(written) & !differs) | known;
        self.begun = true;
        differs == 0
    }

    /// Forgets the first `end` bytes of the buffer: a check value says that they were not captured as they were sent.
    pub fn doubt(&mut self, end: usize) {
        self.known &= !before(end);
    }

    /// True if `bytes`, a reply of the stick itself, overwrite nothing of the buffer from `at` on.
    #[must_use]
    pub fn unchanged_from(&self, bytes: &[u8], at: usize) -> bool {
        let end = bytes.len().min(REPLY_LENGTH);
        let at = at.min(end);
        let (held, bytes) = (&self.buffer[at..end], &bytes[at..end]);
        let known = |at: usize| self.known & 1 << at != 0;
        held == bytes
            || (at..).zip(held.iter().zip(bytes)).all(|(at, (held, byte))| held == byte || !known(at))
    }

    /// True once the stick has answered anything.
    #[must_use]
    pub const fn begun(&self) -> bool {
        self.begun
    }
}

/// True if a radio reply with a payload of `length` bytes is what `command` asks for.
#[must_use]
pub fn asked_for(command: Option<Answered>, length: u16) -> bool {
    command.is_some_and(|command| {
        command.opcode == Opcode::ReadRadio && usize::from(command.argument) == usize::from(length) + OVERHEAD
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: Answered = Answered { opcode: Opcode::ReadStatus, argument: 0 };

    fn reply(fill: u8) -> [u8; REPLY_LENGTH] {
        [fill; REPLY_LENGTH]
    }

    #[test]
    fn the_rest_of_a_reply_is_that_of_the_reply_before() {
        let mut stick = Continuity::default();
        assert!(stick.replies(&reply(1), 64, 3), "nothing is known before the first reply");
        let mut next = reply(1);
        next[..11].fill(2);
        assert!(stick.replies(&next, 64, 11));
        next[11] = 3;
        assert!(!stick.replies(&next, 64, 11), "a byte that the reply does not overwrite has changed");
        assert!(stick.replies(&next, 64, 11), "it is held against one reply only");
        next[63] = 4;
        assert!(!stick.replies(&next, 64, 11));
    }

    #[test]
    fn a_lost_reply_hides_what_it_overwrites_and_no_more() {
        let mut stick = Continuity::default();
        assert!(stick.replies(&reply(1), 64, 64));
        stick.lost(STATUS);
        let mut next = reply(1);
        next[3..11].fill(7);
        assert!(stick.replies(&next, 64, 3));
        stick.lost(STATUS);
        next[11] = 7;
        assert!(!stick.replies(&next, 64, 3));
    }

    #[test]
    fn what_was_overwritten_and_not_captured_is_not_known() {
        let mut stick = Continuity::default();
        assert!(stick.replies(&reply(1), 64, 64));
        assert!(stick.replies(&reply(1)[..5], 64, 11));
        let mut next = reply(1);
        next[5..11].fill(7);
        assert!(stick.unchanged_from(&next, 3) && stick.replies(&next, 64, 3));
        next[10] = 8;
        assert!(!stick.unchanged_from(&next, 3) && !stick.replies(&next, 64, 3));
        // Of a reply of 20 bytes the rest is neither looked at nor overwritten.
        next[20..].fill(9);
        assert!(stick.replies(&next, 20, 3));
        assert!(!stick.unchanged_from(&next, 20));
    }

    #[test]
    fn a_read_asks_for_what_was_announced() {
        let mut stick = Continuity::default();
        assert!(stick.reads(78), "the capture may begin behind the status");
        assert!(stick.replies(&reply(1), 64, 64));
        assert!(!stick.reads(78));
        stick.announce(78);
        assert!(stick.reads(78));
        assert!(!stick.reads(78), "it is read once");
        stick.announce(78);
        stick.transmits();
        assert!(!stick.reads(78));
    }
}
