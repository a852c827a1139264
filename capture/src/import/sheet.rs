// SPDX-License-Identifier: GPL-2.0-or-later
//! In: transfers, as far as a recording tells of them. Out: the packets of a capture, and what had to be invented.

use super::Unread;
use super::urb::{Event, IN_PROGRESS, Kind, Stage};
use carelink_core::transfer::Direction;
use std::collections::HashSet;

/// What a stick has.
const OUT: u8 = 1;
const IN: u8 = 0x82;
/// Said of writes that were seen to begin, and not to end.
pub(crate) const LOST: &str = "Writes whose end it does not show are taken for done.";
/// Nanoseconds between invented times.
const BETWEEN: u64 = 10_000_000;
const WITHIN: u64 = 150_000;

/// A transfer. What a recording does not tell is `None`.
#[derive(Clone, Debug)]
pub(crate) struct Transfer {
    pub way: Direction,
    /// Nanoseconds; since 1970 if the recording has a date.
    pub submitted: Option<u64>,
    pub completed: Option<u64>,
    pub kind: Kind,
    /// Bus and device.
    pub address: Option<(u16, u8)>,
    /// Without the direction bit.
    pub endpoint: Option<u8>,
    pub setup: Option<[u8; 8]>,
    pub bytes: Vec<u8>,
    /// How many bytes there were, of which the recording may show fewer.
    pub len: usize,
}

impl Transfer {
    /// A transfer of which only this is known.
    pub fn new(way: Direction, bytes: Vec<u8>) -> Self {
        let len = bytes.len();
        let (submitted, completed, address, endpoint, setup) = (None, None, None, None, None);
        Self { way, submitted, completed, kind: Kind::Either, address, endpoint, setup, bytes, len }
    }
}

/// What was read so far.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub events: Vec<Event>,
    pub unread: Vec<Unread>,
    /// What had to be invented.
    pub notes: Vec<String>,
    tags: u64,
    /// True if an endpoint had to be invented.
    endpoints: bool,
}

impl Sheet {
    /// Adds both packets of a transfer.
    pub fn transfer(&mut self, transfer: Transfer) {
        self.tags += 1;
        let Transfer { way, submitted, completed, kind, address, endpoint, setup, bytes, len } = transfer;
        let inward = way == Direction::FromStick;
        self.endpoints |= endpoint.is_none();
        let known = endpoint.map(|number| if inward { number | 0x80 } else { number });
        let submit = Event {
            tag: self.tags,
            stage: Stage::Submit,
            time: submitted.or(completed),
            kind,
            address,
            endpoint: known.unwrap_or(if inward { IN } else { OUT }),
            setup,
            status: IN_PROGRESS,
            len,
            data: None,
        };
        let stage = Stage::Complete;
        let complete =
            Event { stage, time: completed.or(submitted), setup: None, status: 0, ..submit.clone() };
        let (submit, complete) = if inward {
            (submit, Event { data: Some(bytes), ..complete })
        } else {
            (Event { data: Some(bytes), ..submit }, complete)
        };
        self.events.extend([submit, complete]);
    }

    /// Takes note of a line that cannot be read.
    pub fn unread(&mut self, what: &'static str, number: usize, why: &'static str) {
        self.unread.push(Unread { place: (what, number), why });
    }

    /// Takes note of something that must be said, once.
    pub fn note(&mut self, note: &str) {
        if !self.notes.iter().any(|said| said == note) {
            self.notes.push(note.to_owned());
        }
    }

    /// How many transfers there are.
    pub fn transfers(&self) -> usize {
        self.events.iter().filter(|event| event.stage == Stage::Submit).count()
    }

    /// Concludes of which kind the endpoints are, where the recording does not tell: a meter's are of the kind interrupt.
    fn conclude(&mut self) {
        let of_meter = |event: &&Event| event.tells_meter();
        let meters: HashSet<_> = self.events.iter().filter(of_meter).map(|event| event.address).collect();
        let (mut interrupts, mut bulks) = (false, false);
        for event in self.events.iter_mut().filter(|event| event.kind == Kind::Either) {
            let meter = meters.contains(&event.address);
            event.kind = if meter { Kind::Interrupt } else { Kind::Bulk };
            (interrupts, bulks) = (interrupts || meter, bulks || !meter);
        }
        let taken = match (interrupts, bulks) {
            (false, false) => return,
            (false, true) => "they are taken for bulk",
            (true, false) => "they are taken for interrupt, as a Contour Next Link meter has them",
            (true, true) => "those of a Contour Next Link meter are taken for interrupt, all others for bulk",
        };
        self.notes.push(format!("Transfers of bulk and interrupt endpoints look the same in it: {taken}."));
    }

    /// Invents what is missing, and puts packets in the order of their times.
    pub fn finish(&mut self) {
        self.conclude();
        let missing = self.events.iter().filter(|event| event.time.is_none()).count();
        if missing == self.events.len() {
            self.note("It has no times: they are invented, 10 ms apart.");
        } else if missing > 0 {
            self.notes.push(format!(
                "The times of {missing} of {} packets are missing: they are invented.",
                self.events.len()
            ));
        }
        let mut last = 0;
        for event in &mut self.events {
            let gap = if event.stage == Stage::Submit { BETWEEN } else { WITHIN };
            last = *event.time.get_or_insert(u64::saturating_add(last, gap));
        }
        if missing == 0 {
            self.events.sort_by_key(|event| event.time);
        }
        if self.events.iter().any(|event| event.address.is_none()) {
            self.note("Bus 1 and device 2 are invented.");
        }
        if self.endpoints {
            self.note("The endpoints are invented: 1 to the device, 2 from it.");
        }
    }
}
