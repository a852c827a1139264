// SPDX-License-Identifier: GPL-2.0-or-later
//! In: transfers, in any visiting order. Out: a verdict whether they are CareLink's, and their dissection.
//!
//! How a transfer was carried tells which device's room it goes to.

use crate::carrier::book::Frames;
use crate::carrier::ledger::{Fact, placed};
use crate::carrier::report::Report;
use crate::carrier::show::Seen;
use crate::carrier::tracker::{Followed, Tracker};
use crate::exchange::{Device, TransactionId, Transactions};
use crate::transfer::{Carrier, Claim, Stream, Transfer, Verdict};
use crate::tree::sink::Sink;
use crate::view::options::Options;
use crate::{nextlink, stick};

/// All that is remembered of one open capture.
#[derive(Debug, Default)]
pub struct Session {
    transactions: Transactions,
    sticks: stick::tracker::Tracker,
    meters: nextlink::tracker::Tracker,
    options: Options,
    /// The devices, in the order they first spoke: their places are the numbers of `carelink.stream`.
    streams: Vec<Stream>,
}

impl Session {
    /// Takes a transfer on its first visit, in capture order. A second call with the same frame and
    /// time changes nothing; with another time, the first was rejected by a read filter, and gave its number away.
    pub fn observe(&mut self, transfer: &Transfer<'_>) -> Verdict {
        if self.transactions.frame(transfer.at()) {
            self.sticks.forget(transfer.frame);
            self.meters.forget(transfer.frame);
        }
        let learnt = match transfer.carrier {
            Carrier::Reports => self.meters.observe(&mut self.transactions, transfer),
            Carrier::Transfers | Carrier::Stream => self.sticks.observe(&mut self.transactions, transfer),
        };
        let Some(learnt) = learnt else { return Verdict::Declined };
        // Of too many devices, the trackers follow the first ones only: no others are numbered.
        if !self.streams.contains(&transfer.stream) && self.takes(transfer.carrier, transfer.stream) {
            self.streams.push(transfer.stream);
        }
        if learnt { Verdict::Ours } else { self.verdict(transfer) }
    }

    /// Whether a transfer is CareLink's, as far as is known now: what [`Session::dissect`] says where nobody looks.
    #[must_use]
    pub fn verdict(&self, transfer: &Transfer<'_>) -> Verdict {
        self.judge(transfer, self.facts(transfer))
    }

    fn judge(&self, transfer: &Transfer<'_>, facts: Option<&[Fact]>) -> Verdict {
        let ours = match facts {
            Some(_) => self.takes(transfer.carrier, transfer.stream),
            None => transfer.claim == Claim::Certain,
        };
        if ours { Verdict::Ours } else { Verdict::Declined }
    }

    /// Dissects a transfer; the same each time, in any order, once all transfers were observed.
    ///
    /// One that was never observed shows what stands alone.
    pub fn dissect<S: Sink>(&self, transfer: &Transfer<'_>, sink: &mut S) -> Verdict {
        let facts = self.facts(transfer);
        if self.judge(transfer, facts) == Verdict::Declined {
            return Verdict::Declined;
        }
        if let Some(facts) = facts {
            self.show(transfer, facts, self.stream(transfer.stream), false, sink);
            return Verdict::Ours;
        }
        let mut alone = Self::default();
        alone.choose(self.options);
        alone.observe(transfer);
        let facts = alone.facts(transfer).unwrap_or_default();
        alone.show(transfer, facts, None, self.passes_over(transfer), sink);
        Verdict::Ours
    }

    /// What statistics count of a transfer, piece by piece; nothing for one that was never observed.
    #[must_use]
    pub fn report(&self, transfer: &Transfer<'_>) -> Vec<Report> {
        let facts = self.facts(transfer).unwrap_or_default();
        match transfer.carrier {
            Carrier::Reports => {
                let seen = self.seen(&self.meters, false);
                facts.iter().map(|fact| nextlink::report::piece(seen, transfer, fact)).collect()
            }
            Carrier::Transfers | Carrier::Stream => {
                let seen = self.seen(&self.sticks, false);
                placed(facts).map(|piece| stick::report::piece(seen, transfer, piece)).collect()
            }
        }
    }

    /// The number of a device, from 0, in the order they first spoke.
    #[must_use]
    pub fn stream(&self, stream: Stream) -> Option<u32> {
        let place = self.streams.iter().position(|&known| known == stream)?;
        u32::try_from(place).ok()
    }

    /// What kind of device it is.
    #[must_use]
    pub fn device(&self, stream: Stream) -> Device {
        if self.meters.takes(stream) { Device::Meter } else { Device::Stick }
    }

    /// The transactions that a transfer is of, piece by piece, as far as they are known by now.
    pub fn transactions_of(&self, transfer: &Transfer<'_>) -> impl Iterator<Item = TransactionId> {
        let frames = self.frames(transfer.carrier);
        let facts = frames.facts(transfer.frame, transfer.layer).unwrap_or_default();
        facts.iter().filter_map(|fact| frames.transaction_of(fact))
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

    /// The pieces of transfers that fit no frame: the frame of the capture that each lies in, and how many bytes it has.
    pub fn strays(&self) -> impl Iterator<Item = (u32, u32)> {
        self.sticks.strays().chain(self.meters.strays())
    }

    /// What is known of the frames of all devices that speak over `carrier`.
    #[must_use]
    pub fn frames(&self, carrier: Carrier) -> &dyn Frames {
        match carrier {
            Carrier::Reports => self.meters.frames(),
            Carrier::Transfers | Carrier::Stream => self.sticks.frames(),
        }
    }

    /// What is known of the sticks' frames.
    #[must_use]
    pub fn tracker(&self) -> &stick::tracker::Tracker {
        &self.sticks
    }

    fn facts(&self, transfer: &Transfer<'_>) -> Option<&[Fact]> {
        self.frames(transfer.carrier).facts(transfer.frame, transfer.layer)
    }

    /// True if a device's transfers are dissected, as far as is known now.
    #[must_use]
    pub fn takes(&self, carrier: Carrier, stream: Stream) -> bool {
        match carrier {
            Carrier::Reports => self.meters.takes(stream),
            Carrier::Transfers | Carrier::Stream => self.sticks.takes(stream),
        }
    }

    fn passes_over(&self, transfer: &Transfer<'_>) -> bool {
        match transfer.carrier {
            Carrier::Reports => self.meters.passes_over(transfer.stream),
            Carrier::Transfers | Carrier::Stream => self.sticks.passes_over(transfer.stream),
        }
    }

    fn show<S: Sink>(
        &self,
        transfer: &Transfer<'_>,
        facts: &[Fact],
        stream: Option<u32>,
        passed_over: bool,
        sink: &mut S,
    ) {
        match transfer.carrier {
            Carrier::Reports => {
                let seen = self.seen(&self.meters, passed_over);
                nextlink::show::transfer(seen, transfer, facts, stream, sink);
            }
            Carrier::Transfers | Carrier::Stream => {
                let seen = self.seen(&self.sticks, passed_over);
                stick::show::transfer(seen, transfer, placed(facts), stream, sink);
            }
        }
        sink.finish();
    }

    fn seen<'t, D: Followed>(&'t self, tracker: &'t Tracker<D>, passed_over: bool) -> Seen<'t, D> {
        Seen { tracker, transactions: &self.transactions, options: self.options, passed_over }
    }
}
