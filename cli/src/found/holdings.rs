// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the pages of captures and files. Out: of which times each pump's records are in them.

use super::Device;
use super::held::Held;
use super::history::records;
use crate::conversation::{Conversation, Entry};
use crate::page::{Kind, Page};
use carelink_core::exchange::Asked;
use carelink_core::pages;
use carelink_core::pump::Parameters;
use carelink_core::pump::pages::PageRequest;
use carelink_core::pump::serial::Serial;
use carelink_core::sensor::{self, Pages};
use jiff::civil::DateTime;
use std::collections::{BTreeMap, BTreeSet};

/// What of a pump is in captures and files.
#[derive(Clone, Debug)]
pub struct Holding {
    /// The pump.
    pub pump: Device,
    /// Its history.
    pub history: Held,
    /// Its sensor's values.
    pub sensor: Held,
    /// By the number of the source: the last record that had been stored when the newest page was read.
    pub newest: BTreeMap<usize, DateTime>,
}

/// A page whose bytes are here, in full or in part, but cannot be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lost {
    kind: Kind,
    number: Option<u32>,
    pub(crate) serial: Option<Serial>,
    source: usize,
}

impl Lost {
    /// The same of a page that is left out.
    pub(crate) fn of(page: &Page<'_>) -> Self {
        Self { kind: page.kind, number: page.number, serial: page.serial, source: page.source }
    }
}

/// The pages of a capture of which nothing but damage came. Where bytes of a stick fit no frame, or transfers are cut, they
/// may be of any page that did not come.
pub(crate) fn lost(conversation: &Conversation, damaged: bool, source: usize) -> Vec<Lost> {
    let no_bytes = |entry: &Entry<'_>| entry.data.is_empty() && (damaged || entry.lacks());
    conversation
        .entries()
        .filter(no_bytes)
        .filter_map(|entry| {
            let number = match entry.parameters() {
                Some(Parameters::Page(PageRequest::History(back))) => Some(back.into()),
                Some(Parameters::Page(PageRequest::Sensor(number))) => Some(number),
                _ => None,
            };
            let kind = entry.opcode()?.page()?;
            Some(Lost { kind, number, serial: entry.transaction.serial(), source })
        })
        .collect()
}

/// True if a capture has a longer reply to a command that it does not have, or that came damaged: it may be a page of any
/// pump, of any number. So may what follows damage to the file.
pub(crate) fn has_strangers(conversation: &Conversation) -> bool {
    let stranger = |entry: Entry<'_>| {
        let known = entry.transaction.sound_command().is_some();
        let of_pump = !matches!(entry.transaction.asked, Asked::Device(_));
        of_pump && !known && (entry.data.len() > pages::PART || (entry.data.is_empty() && entry.lacks()))
    };
    conversation.damage.is_some() || conversation.entries().any(stranger)
}

impl Holding {
    /// What there is of a pump: the pages that can be read, and those that cannot. In `damaged` sources, what did not come may
    /// be in what cannot be read.
    pub(crate) fn of(
        pump: Device,
        serial: Option<Serial>,
        pages: &[Page<'_>],
        lost: &[Lost],
        damaged: &BTreeSet<usize>,
        strangers: bool,
    ) -> Self {
        let mut holding =
            Self { pump, history: Held::default(), sensor: Held::default(), newest: BTreeMap::new() };
        let lost: Vec<_> = lost.iter().filter(|lost| lost.serial == serial).collect();
        let sources = pages.iter().map(|page| page.source).chain(lost.iter().map(|lost| lost.source));
        for source in sources.collect::<BTreeSet<_>>() {
            let pages: Vec<_> = pages.iter().filter(|page| page.source == source).collect();
            let lost: Vec<_> = lost.iter().copied().filter(|lost| lost.source == source).collect();
            holding.take(source, &pages, &lost, damaged.contains(&source));
        }
        if strangers {
            holding.history.anything();
            holding.sensor.anything();
        }
        holding
    }

    /// Takes the pages of one download.
    fn take(&mut self, source: usize, pages: &[&Page<'_>], lost: &[&Lost], damaged: bool) {
        let of = |kind| pages.iter().copied().filter(move |page: &&Page<'_>| page.kind == kind);
        let unread = |kind| lost.iter().filter(|lost| lost.kind == kind).map(|lost| lost.number).collect();
        let read: Vec<_> = of(Kind::History).map(|page| records(page, false, &mut Vec::new())).collect();
        let never_came = |page: &Page<'_>| {
            let sound =
                |entry: Entry<'_>| !damaged && !entry.transaction.damaged() && !entry.transaction.unproven;
            !page.filled() && page.entry.is_none_or(sound)
        };
        let never_came: Vec<_> = of(Kind::History).map(never_came).collect();
        let newest = self.history.add_history(&read, &never_came, unread(Kind::History));
        self.newest.extend(newest.map(|time| (source, time)));
        let pump = pages.first().map(|page| page.pump).unwrap_or_default();
        let together: Vec<_> = of(Kind::Glucose).filter_map(glucose).collect();
        self.sensor.add_sensor(&sensor::read_by_page(&together, pump), unread(Kind::Glucose));
    }
}

fn glucose<'b>(page: &Page<'b>) -> Option<Pages<'b>> {
    Some(Pages { number: page.number?, glucose: page.bytes, isig: None, vcntr: None })
}
