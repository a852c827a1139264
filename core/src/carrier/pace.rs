// SPDX-License-Identifier: GPL-2.0-or-later
//! In: how long a device and its host waited for each other, by the kind of wait. Out: whether so long that packets are missing
//! between.

/// The longest of each kind of wait for one device, in nanoseconds; `K` is how many kinds there are.
#[derive(Clone, Copy, Debug)]
pub struct Pace<const K: usize> {
    longest: [Option<u64>; K],
}

impl<const K: usize> Default for Pace<K> {
    fn default() -> Self {
        Self { longest: [None; K] }
    }
}

impl<const K: usize> Pace<K> {
    /// Takes a wait of a kind. False if it took too long to have been this one: more than `always` over twice the longest
    /// before, or over twice the `usual`, if that is more.
    ///
    /// A device that has become slow is believed after a few such waits.
    #[must_use]
    pub fn keeps(&mut self, kind: usize, took: u64, usual: u64, always: u64) -> bool {
        let Some(longest) = self.longest.get_mut(kind) else { return true };
        let limit = always.saturating_add(longest.unwrap_or(0).max(usual).saturating_mul(2));
        *longest = (*longest).max(Some(took.min(limit)));
        took <= limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_pace_of_its_own_and_a_slow_device_is_believed_in_the_end() {
        let mut pace = Pace::<2>::default();
        assert!(pace.keeps(0, 200, 250, 100));
        assert!(!pace.keeps(0, 2_000, 250, 100));
        assert!(pace.keeps(1, 600, 250, 100), "another kind");
        let late = (0..20).filter(|_| !pace.keeps(0, 2_000, 250, 100)).count();
        assert!((1..4).contains(&late), "{late}");
        assert!(pace.keeps(7, 1, 1, 1), "nobody waits so");
    }
}
