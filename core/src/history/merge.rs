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
pub fn merge(mut pages: Vec<PageRecords>) -> Vec<Vec<Record>> {
    pages.sort_by_key(|page| (Reverse(page.records.len()), !page.complete));
    let mut kept: Vec<PageRecords> = Vec::new();
    for page in pages {
        if !kept.iter().any(|other| other.records.starts_with(&page.records)) {
            kept.push(page);
        }
    }
    kept.sort_by_key(|page| Reverse(page.number));
    let numbered = kept.iter().all(|page| page.number.is_some())
        && kept.windows(2).all(|pair| pair[0].number != pair[1].number);
    if !numbered {
        kept.sort_by_key(|page| page.records.iter().filter_map(|record| record.time?.valid()).max());
    }
    let follows = |older: &PageRecords, newer: &PageRecords| {
        older.complete && (!numbered || older.number == newer.number.map(|number| number + 1))
    };
    let run = |pages: &[PageRecords]| pages.iter().flat_map(|page| page.records.iter().cloned()).collect();
    kept.chunk_by(follows).map(run).collect()
}
