// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the history pages of one pump. Out: its events, with their places, in eras of the pump's clock.

use super::{Collection, Device, Found};
use crate::page::{Kind, Page};
use carelink_core::history::eras::{Jump, jumps};
use carelink_core::history::events::told;
use carelink_core::history::fit::trusted;
use carelink_core::history::halves::{Lack, lack};
use carelink_core::history::merge::{PageRecords, order};
use carelink_core::history::{self, Record, RecordType};
use carelink_core::tree::cursor::Cursor;

/// Adds the events of history pages. A number counts back from the newest page of its own download, so that it tells
/// nothing if there are `several`.
pub(crate) fn history_events(pages: &[Page<'_>], several: bool, pump: &Device, collection: &mut Collection) {
    let pages: Vec<_> = pages.iter().filter(|page| page.kind == Kind::History).collect();
    let read: Vec<_> = pages.iter().map(|page| records(page, several, &mut collection.warnings)).collect();
    let runs: Vec<(Vec<Record>, Vec<&Page<'_>>)> =
        order(&read).into_iter().map(|run| together(&run, &read, &pages)).collect();
    // A clock may go back between two runs, too.
    let all: Vec<_> = runs.iter().flat_map(|(records, _)| records.iter().cloned()).collect();
    let back = jumps(&all);
    let mut first = 0;
    for (records, origins) in &runs {
        let place = |at: usize| format!("{}, byte {}", origins[at].place(), records[at].offset);
        let within = |jump: &&Jump| (first..first + records.len()).contains(&jump.at);
        for Jump { at, from, to } in back.iter().filter(within) {
            collection.notes.push(format!(
                "{}: the pump's clock goes back from {from} to {to}; what is stored from there on is listed behind what is before",
                place(at - first)
            ));
        }
        for (at, event) in told(records) {
            let era = back.partition_point(|jump| jump.at <= first + at);
            let found = Found::on(origins[at], records[at].offset.into(), event, pump);
            collection.events.push(Found { era: Some(era), ..found });
        }
        let untold = |at: usize| Some(format!("{}: {}", place(at), untold(records, at)?));
        collection.notes.extend((0..records.len()).filter_map(untold));
        first += records.len();
    }
}

/// The records of a run of pages, and the page that each is on.
fn together<'p>(
    run: &[usize],
    read: &[PageRecords],
    pages: &[&'p Page<'p>],
) -> (Vec<Record>, Vec<&'p Page<'p>>) {
    let (mut records, mut origins) = (Vec::new(), Vec::new());
    for &page in run {
        records.extend(read[page].records.iter().cloned());
        origins.resize(records.len(), pages[page]);
    }
    (records, origins)
}

/// What the events do not tell of a record.
fn untold(records: &[Record], at: usize) -> Option<String> {
    let record = &records[at];
    let name = RecordType::of(record.opcode).map_or("a record", |kind| kind.name);
    if record.time.is_some_and(|time| !time.is_valid()) && record.event().is_some() {
        return Some(format!("{name} is not listed, as it has no valid time"));
    }
    Some(match lack(records, at)? {
        Lack::Before if at == 0 => {
            format!("{name} is not listed: it belongs to the end of the page before, which is not here")
        }
        Lack::Before => format!("{name} is not listed: what it belongs to is not before it"),
        Lack::After if at + 1 == records.len() => {
            format!("{name} is not told in full: the rest of it begins the next page, which is not here")
        }
        Lack::After => format!("{name} is not told in full: the rest of it does not follow"),
    })
}

/// The records of a page that can be trusted.
pub(super) fn records(page: &Page<'_>, several: bool, warnings: &mut Vec<String>) -> PageRecords {
    let (mut records, mut nobody) = (Vec::new(), ());
    let mut cursor = Cursor::new(page.bytes, 0, !page.filled(), &mut nobody);
    let read = history::page::page(&mut cursor, page.pump, &mut records);
    if !page.whole() {
        let lacks = if page.filled() { "has no CRC-16" } else { "lacks its end" };
        warnings.push(format!("{} {lacks}: nothing vouches for its records", page.place()));
    }
    if !read.complete {
        records.truncate(trusted(&records));
        let behind = records.last().map_or(0, |record| record.offset + record.len);
        warnings.push(format!("{} is not understood from byte {behind} on", page.place()));
    }
    let number = page.number.filter(|_| !several);
    PageRecords { number, records, complete: read.complete && page.filled() }
}
