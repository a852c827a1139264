// SPDX-License-Identifier: GPL-2.0-or-later
//! In: transfers, in any visiting order. Out: a verdict whether they are CareLink's, and their dissection.

use crate::carrier::ledger::placed;
use crate::carrier::report::Report;
use crate::exchange::Transactions;
use crate::stick::report;
use crate::stick::show::{self, Seen};
use crate::stick::tracker::Tracker;
use crate::transfer::{Claim, Stream, Transfer, Verdict};
use crate::tree::sink::Sink;
use crate::view::options::Options;

/// All that is remembered of one open capture.
#[derive(Debug, Default)]
pub struct Session {
    transactions: Transactions,
    tracker: Tracker,
    options: Options,
    /// The sticks, in the order they first spoke: their places are the numbers of `carelink.stream`.
    streams: Vec<Stream>,
}

impl Session {
    /// Takes a transfer on its first visit, in capture order. A second call with the same frame and
    /// time changes nothing; with another time, the first was rejected by a read filter, and gave its number away.
    pub fn observe(&mut self, transfer: &Transfer<'_>) -> Verdict {
        if !self.tracker.observe(&mut self.transactions, transfer) {
            return Verdict::Declined;
        }
        // Of too many sticks, the tracker follows the first ones only: no others are numbered.
        if self.tracker.takes(transfer.stream) && !self.streams.contains(&transfer.stream) {
            self.streams.push(transfer.stream);
        }
        Verdict::Ours
    }

    /// Dissects a transfer; the same each time, in any order, once all transfers were observed.
    ///
    /// One that was never observed shows what stands alone.
    pub fn dissect<S: Sink>(&self, transfer: &Transfer<'_>, sink: &mut S) -> Verdict {
        if let Some(facts) = self.tracker.facts(transfer.frame, transfer.layer) {
            if !self.tracker.takes(transfer.stream) {
                return Verdict::Declined;
            }
            // Where nobody looks, there is nothing to show.
            if S::KEEPS || sink.wants_info() {
                let stream = self.stream(transfer.stream);
                show::transfer(self.seen(), transfer, placed(facts), stream, sink);
            }
            return Verdict::Ours;
        }
        if transfer.claim == Claim::Ask {
            return Verdict::Declined;
        }
        let mut alone = Self::default();
        alone.choose(self.options);
        alone.observe(transfer);
        let facts = alone.tracker.facts(transfer.frame, transfer.layer).unwrap_or_default();
        let seen = Seen { passed_over: self.tracker.passes_over(transfer.stream), ..alone.seen() };
        show::transfer(seen, transfer, placed(facts), None, sink);
        Verdict::Ours
    }

    /// What statistics count of a transfer, piece by piece; nothing for one that was never observed.
    #[must_use]
    pub fn report(&self, transfer: &Transfer<'_>) -> Vec<Report> {
        let facts = self.tracker.facts(transfer.frame, transfer.layer).unwrap_or_default();
        placed(facts).map(|piece| report::piece(self.seen(), transfer, piece)).collect()
    }

    /// The number of a stick, from 0, in the order they first spoke.
    #[must_use]
    pub fn stream(&self, stream: Stream) -> Option<u32> {
        let place = self.streams.iter().position(|&known| known == stream)?;
        u32::try_from(place).ok()
    }

    /// Dissects by these options from now on.
    pub fn choose(&mut self, options: Options) {
        self.options = options;
        self.transactions.force_pump(options.pump);
    }

    /// The options that it dissects by.
    #[must_use]
    pub const fn options(&self) -> Options {
        self.options
    }

    /// All transactions, as far as they are known by now.
    #[must_use]
    pub fn transactions(&self) -> &Transactions {
        &self.transactions
    }

    /// What is known of the sticks' frames.
    #[must_use]
    pub fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    fn seen(&self) -> Seen<'_> {
        Seen {
            tracker: &self.tracker,
            transactions: &self.transactions,
            options: self.options,
            passed_over: false,
        }
    }
}
