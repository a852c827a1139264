// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the times of one device's frames, one after another, in nanoseconds. Out: which of them are out of order.

use crate::exchange::{TransactionId, Transactions};
use crate::transfer::Transfer;

/// The times that have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// That of the frame before.
    last: u64,
    /// The latest of all.
    latest: u64,
}

/// How a frame follows the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It came later.
    On,
    /// It came earlier: frames are out of order, or doubled.
    Back,
    /// It came later than all others, after ones that were out of order.
    Return,
}

/// How a frame follows, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follows {
    /// How it follows the frame before.
    pub is: Step,
    /// The time of that frame; of the first frame, its own.
    pub before: u64,
}

impl Order {
    /// Takes the time of the next transfer. Where it is out of order, nothing was proven: not in the transaction that is
    /// `open`, nor where it belongs, for it was missing there.
    pub fn follow(
        &mut self,
        transfer: &Transfer<'_>,
        transactions: &mut Transactions,
        open: Option<TransactionId>,
    ) -> Follows {
        let follows = self.step(transfer.time);
        if follows.is == Step::Back {
            transactions.interrupt_at(transfer.stream, transfer.time);
        }
        if let Some(open) = open.filter(|_| follows.is != Step::On).and_then(|id| transactions.get_mut(id)) {
            open.interrupt();
        }
        follows
    }

    /// Takes the time of the next frame.
    pub fn step(&mut self, time: u64) -> Follows {
        let before = if *self == Self::default() { time } else { self.last };
        let is = if time < before {
            Step::Back
        } else if before < self.latest && time >= self.latest {
            Step::Return
        } else {
            Step::On
        };
        (self.last, self.latest) = (time, self.latest.max(time));
        Follows { is, before }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_comes_late_is_told_from_what_follows_it() {
        let mut order = Order::default();
        let steps: Vec<_> = [1, 2, 5, 6, 3, 4, 7].map(|time| order.step(time).is).into();
        assert_eq!(steps, [Step::On, Step::On, Step::On, Step::On, Step::Back, Step::On, Step::Return]);
        assert_eq!(order.step(9), Follows { is: Step::On, before: 7 });
    }
}
