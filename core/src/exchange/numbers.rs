// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the frames of a capture, as they come. Out: which of them still have their numbers.
//!
//! Where Wireshark reads a file by a read filter, a frame that the filter rejects gives its number to the next one: what was
//! learnt of it is true, but its number leads to another frame.

use crate::transfer::At;
use rustc_hash::FxHashMap;

/// The numbers that were given to more than one frame.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    newest: Option<At>,
    /// When the frames came that have them now.
    taken: FxHashMap<u32, u64>,
}

impl Numbers {
    /// Takes a frame, on its first visit or later. True if it has its number from the newest one, which was rejected.
    pub fn take(&mut self, at: At) -> bool {
        let newest = self.newest.filter(|newest| newest.frame() >= at.frame());
        let rejected = newest.is_some_and(|newest| newest.frame() == at.frame() && newest != at);
        if rejected {
            self.taken.insert(at.frame(), at.time());
        }
        if rejected || newest.is_none() {
            self.newest = Some(at);
        }
        rejected
    }

    /// True if the frame is the one that has its number.
    pub fn has(&self, at: At) -> bool {
        self.taken.get(&at.frame()).is_none_or(|&time| time == at.time())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejected_frame_gives_its_number_away() {
        let mut numbers = Numbers::default();
        let frames = [(1, 10), (2, 20), (2, 30), (2, 40), (3, 50), (1, 10)];
        let rejected = frames.map(|(frame, time)| numbers.take(At::new(frame, time)));
        assert_eq!(rejected, [false, false, true, true, false, false]);
        let has = [(1, 10), (2, 20), (2, 30), (2, 40), (3, 50)]
            .map(|(frame, time)| numbers.has(At::new(frame, time)));
        assert_eq!(has, [true, false, false, true, true]);
    }
}
