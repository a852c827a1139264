// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the records of pages, in any order, of one or several downloads. Out: runs without a gap, oldest first, each page
//! once.

use super::Record;
use std::cmp::Reverse;

/// The records of one page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRecords {
    /// How many pages back from the newest one, which is 0, it was when it was read; `None` if that is not known.
    pub number: Option<u32>,
    /// Its records, oldest first.
    pub records: Vec<Record>,
    /// True if these are all: what the pump stored next begins the next page.
    pub complete: bool,
}

/// Puts pages in order and leaves out those that others hold whole. Where a page is missing or lacks its end, a new run
/// begins: what lies on both sides of a gap does not belong together.
///
/// A pump only ever adds to its newest page, so a page whose records begin another page is an earlier reading of it, or
/// a part of it. Numbers give the order if each page has its own; else the time of the newest record does, and pages are
/// taken to follow each other.
#[must_use]
pub fn merge(pages: Vec<PageRecords>) -> Vec<Vec<Record>> {
    let records =
        |run: Vec<usize>| run.into_iter().flat_map(|page| pages[page].records.iter().cloned()).collect();
    order(&pages).into_iter().map(records).collect()
}

/// The same, by the places of the pages.
#[must_use]
pub fn order(pages: &[PageRecords]) -> Vec<Vec<usize>> {
    let mut fullest: Vec<_> = pages.iter().enumerate().collect();
    fullest.sort_by_key(|(_, page)| (Reverse(page.records.len()), !page.complete));
    let mut kept: Vec<(usize, &PageRecords)> = Vec::new();
    for (at, page) in fullest {
        if !kept.iter().any(|(_, other)| other.records.starts_with(&page.records)) {
            kept.push((at, page));
        }
    }
    kept.sort_by_key(|(_, page)| Reverse(page.number));
    let numbered = kept.iter().all(|(_, page)| page.number.is_some())
        && kept.windows(2).all(|pair| pair[0].1.number != pair[1].1.number);
    if !numbered {
        kept.sort_by_key(|(_, page)| page.records.iter().filter_map(|record| record.time?.valid()).max());
    }
    let follows = |(_, older): &(usize, &PageRecords), (_, newer): &(usize, &PageRecords)| {
        older.complete && (!numbered || older.number == newer.number.map(|number| number + 1))
    };
    kept.chunk_by(follows).map(|run| run.iter().map(|(at, _)| *at).collect()).collect()
}
