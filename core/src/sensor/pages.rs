// SPDX-License-Identifier: GPL-2.0-or-later
//! In: sensor pages with their numbers, of one or several downloads. Out: their records, oldest first, with their times.

use super::beside::Beside;
use super::page::page;
use super::record::Record;
use crate::pump::model::Pump;
use crate::tree::cursor::Cursor;
use std::cmp::Reverse;

/// The pages of one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pages<'b> {
    /// Their number, counted since the pump began.
    pub number: u32,
    /// The glucose page.
    pub glucose: &'b [u8],
    /// The ISIG page.
    pub isig: Option<&'b [u8]>,
    /// The VCNTR page.
    pub vcntr: Option<&'b [u8]>,
}

/// Reads pages of `pump`, oldest record first.
///
/// Of several readings of a page the fullest counts: a pump only ever adds to a page. Records behind the last time
/// stamp of a page get their time from the page with the next number; if that is missing, they have none, or one that
/// is estimated.
#[must_use]
pub fn read(pages: &[Pages<'_>], pump: Pump) -> Vec<Record> {
    read_by_page(pages, pump).into_iter().flat_map(|(_, records)| records).collect()
}

/// The same, page by page, with their numbers.
#[must_use]
pub fn read_by_page(pages: &[Pages<'_>], pump: Pump) -> Vec<(u32, Vec<Record>)> {
    let mut pages = pages.to_vec();
    let filled = |bytes: &[u8]| bytes.iter().rposition(|&byte| byte != 0);
    pages.sort_by_key(|page| (page.number, Reverse(filled(page.glucose)), page.isig.is_none()));
    pages.dedup_by_key(|page| page.number);

    let mut newer = None;
    let mut newest_first = Vec::new();
    for Pages { number, glucose, isig, vcntr } in pages.into_iter().rev() {
        let after =
            newer.filter(|(newer, _)| number.checked_add(1) == Some(*newer)).and_then(|(_, time)| time);
        let beside = Beside { isig, vcntr, large: pump.large() };
        let mut records = Vec::new();
        let page = page(&mut Cursor::new(glucose, 0, false, &mut ()), &beside, after, &mut records);
        newer = Some((number, page.before));
        newest_first.push((number, records));
    }
    newest_first.reverse();
    newest_first
}
