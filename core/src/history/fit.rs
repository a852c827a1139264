// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the bytes of a page, and what is known of its pump. Out: how long its records are, or may be.
//!
//! Records of the wrong layout do not lead from one to the next up to the padding, or lead over bytes that are no times.

use super::layout::Layout;
use super::records::{RECORDS, records};
use super::walk::{Walk, is_padding};
use super::{Record, RecordType};
use crate::pump::model::{Known, Model, Pump};
use crate::tree::cursor::Cursor;
use crate::units::clock::PumpTime;
use arrayvec::ArrayVec;

/// The layouts by which the records of a page lead exactly to its padding, all with valid times. None fits a page that is
/// damaged, or no history page; all fit an empty one. A page that is cut off need only fit as far as it goes.
pub fn fitting(page: &[u8]) -> impl Iterator<Item = Layout> {
    let (area, cut) = area(page);
    Layout::ALL.into_iter().filter(move |layout| layout.walk(area, cut).clean && dated(*layout, area, cut))
}

/// What the records on the pages of one pump tell of its model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// The layouts that fit all pages but those that none fits.
    pub layouts: Vec<Layout>,
    /// A pump of such a layout; `None` if the pages leave open how they are to be read, or none of them tells anything.
    pub pump: Option<Pump>,
}

impl Fit {
    /// Looks at pages that are not damaged.
    #[must_use]
    pub fn of(pages: &[&[u8]]) -> Self {
        let mut layouts: Vec<_> = Layout::ALL.into();
        for page in pages {
            let fits: Vec<_> = fitting(page).collect();
            if !fits.is_empty() {
                layouts.retain(|layout| fits.contains(layout));
            }
        }
        let alike = || {
            let (first, rest) = layouts.split_first()?;
            let same = |page: &&[u8]| rest.iter().all(|layout| read(page, *layout) == read(page, *first));
            pages.iter().all(same).then_some(*first)
        };
        let pump = alike().filter(|_| !pages.iter().all(|page| is_empty(page))).and_then(pump);
        Self { layouts, pump }
    }
}

/// How many of the first `records` of a page can be trusted though they do not lead to its padding: those before a time that
/// no calendar has, without the last one if its length is one that models differ in.
#[must_use]
pub fn trusted(records: &[Record]) -> usize {
    let dated = |record: &Record| record.time.is_none_or(PumpTime::is_valid);
    let first = records.iter().take_while(|record| dated(record)).count();
    let differs = |record: &Record| {
        let lengths = RecordType::of(record.opcode).map(|kind| kind.lengths);
        lengths.is_none_or(|lengths| lengths.iter().any(|length| *length != lengths[0]))
    };
    match records[..first].last() {
        Some(last) if differs(last) => first - 1,
        _ => first,
    }
}

/// A pump of this layout.
fn pump(layout: Layout) -> Option<Pump> {
    let family = layout.families().last()?;
    let model = Model::parse(&family.members[0].number.to_string())?;
    Some(Pump::of(model, Known::ByLayout))
}

/// The records of a page that has this layout.
fn read(page: &[u8], layout: Layout) -> Vec<Record> {
    let (area, cut) = area(page);
    let mut found = Vec::new();
    records(&mut Cursor::new(area, 0, cut, &mut ()), layout, cut, |_| {}, &mut found);
    found
}

/// True if a page has no records.
#[must_use]
pub fn is_empty(page: &[u8]) -> bool {
    is_padding(area(page).0)
}

/// What of a page has records, and whether it is cut off.
fn area(page: &[u8]) -> (&[u8], bool) {
    (&page[..page.len().min(RECORDS)], page.len() < RECORDS)
}

/// True if all records have valid times, as far as they have one.
fn dated(layout: Layout, area: &[u8], cut: bool) -> bool {
    let mut found = Vec::new();
    records(&mut Cursor::new(area, 0, false, &mut ()), layout, cut, |_| {}, &mut found);
    found.iter().all(|record| record.time.is_none_or(PumpTime::is_valid))
}

/// How a page is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// How long its records are taken to be.
    pub layout: Layout,
    /// True if that had to be assumed.
    pub assumed: bool,
}

/// The layouts that fit a page on which records of this layout, which is the pump's own, lead astray.
pub(super) fn others(layout: Layout, area: &[u8], cut: bool) -> ArrayVec<Layout, { Layout::COUNT }> {
    let astray = !layout.walk(area, cut).clean;
    let fits = |other: &Layout| other.walk(area, cut).clean && dated(*other, area, cut);
    Layout::ALL.into_iter().filter(|other| astray && fits(other)).collect()
}

/// How a page is read whose records, padding and all, are `area`.
///
/// A pump that has told its model, or a user who has, is believed, if the lengths of that model's records were ever seen.
/// Otherwise the page decides.
pub(super) fn choose(pump: Pump, area: &[u8], cut: bool) -> Choice {
    let told = pump.model.filter(|_| pump.known >= Known::Told);
    if let Some(layout) = told.and_then(|model| model.row().known_layout()) {
        return Choice { layout, assumed: false };
    }
    let known = pump.model.and_then(|model| model.row().layout).map(|layout| layout.value);
    let fit = |layout: Layout| {
        let Walk { clean, reach } = layout.walk(area, cut);
        (clean, clean && dated(layout, area, cut), reach)
    };
    let best = known.into_iter().chain(Layout::ALL).fold(None, |best, layout| {
        let fit = fit(layout);
        if best.is_none_or(|(_, other)| fit > other) { Some((layout, fit)) } else { best }
    });
    let layout = best.map_or(Layout::Small, |(layout, _)| layout);
    Choice { layout, assumed: known != Some(layout) }
}
