// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what it takes to carry a command over the stick. Out: how often the host polled and read, and how long it took.

use crate::transfer::At;
use crate::tree::field::Field;

crate::fields! {
    /// How often the host asked the stick for its status.
    POLLS: U32, "carelink.transaction.polls", "Status Polls", Confirmed;
    /// How many of the polls found nothing to read.
    EMPTY_POLLS: U32, "carelink.transaction.empty_polls", "Empty Polls", Confirmed;
    /// How often the host read from the radio.
    READS: U32, "carelink.transaction.reads", "Radio Reads", Confirmed;
    /// How often the host read again after a bad check value.
    REREADS: U32, "carelink.transaction.rereads", "Reads After a Bad CRC", Confirmed;
    /// Retries over the radio that the stick reports.
    RETRIES: U32, "carelink.transaction.retries", "Radio Retries", Confirmed;
}

/// How a transaction was carried over the stick.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attempt {
    /// When the stick acknowledged the command.
    pub acknowledged: Option<At>,
    /// How often the host asked for the status.
    pub polls: u32,
    /// How many of the polls brought nothing.
    pub empty_polls: u32,
    /// How often the host read from the radio.
    pub reads: u32,
    /// How often the host read again after a bad check value.
    pub rereads: u32,
    /// Retries that the stick reports.
    pub retries: u32,
}

impl Attempt {
    /// Its counts, as they are shown.
    pub(super) const fn counts(&self) -> [(Field, u32); 5] {
        [
            (POLLS, self.polls),
            (EMPTY_POLLS, self.empty_polls),
            (READS, self.reads),
            (REREADS, self.rereads),
            (RETRIES, self.retries),
        ]
    }
}
