// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the reports of a meter. Out: what the tracker of all devices must know of it.

use super::attempt::Attempt;
use super::conversation::Conversation;
use super::state::{Book, Meter, Sent};
use crate::carrier::tracker::{self, Followed};
use crate::exchange::Transactions;
use crate::transfer::Transfer;

/// Follows what every meter in a capture says.
pub type Tracker = tracker::Tracker<Meter>;

impl Followed for Meter {
    const PLURAL: &'static str = "meters";
    type Sent = Sent;
    type Attempt = Attempt;

    fn heed(&mut self, transfer: &Transfer<'_>) {
        self.heuristic = self.heuristic.after(transfer);
    }

    fn takes(&self) -> bool {
        self.heuristic.takes()
    }

    fn follow(&mut self, book: &mut Book, transactions: &mut Transactions, transfer: &Transfer<'_>) {
        let mut conversation = Conversation { book, transactions, meter: self };
        if transfer.left_out {
            conversation.resume(transfer);
        }
        conversation.follow(transfer);
    }
}
