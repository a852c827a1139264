// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the transfers of a stick. Out: what the tracker of all devices must know of it.

use super::Answered;
use super::attempt::Attempt;
use super::book::Book;
use super::conversation::Conversation;
use super::state::Stick;
use crate::carrier::book::Reassembly;
use crate::carrier::tracker::{self, Followed};
use crate::exchange::Transactions;
use crate::transfer::Transfer;

/// Follows what every stick in a capture says.
pub type Tracker = tracker::Tracker<Stick>;

impl Followed for Stick {
    const PLURAL: &'static str = "sticks";
    type Sent = Answered;
    type Attempt = Attempt;

    fn heed(&mut self, transfer: &Transfer<'_>) {
        if transfer.left_out {
            self.heuristic = self.heuristic.resumed();
        }
        self.heuristic = self.heuristic.after(transfer);
    }

    fn takes(&self) -> bool {
        self.heuristic.takes()
    }

    fn follow(&mut self, book: &mut Book, transactions: &mut Transactions, transfer: &Transfer<'_>) {
        let mut conversation = Conversation { book, transactions, stick: self };
        if transfer.left_out {
            conversation.resume(transfer);
        }
        conversation.follow(transfer);
    }

    fn is_no_frame(whole: Reassembly<'_>) -> bool {
        whole.length == 0
    }
}
