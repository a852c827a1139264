// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the pages of one kind that a capture has of a pump, and what could not be read of them. Out: the times whose records
//! are in them, by the pump's clock.
//!
//! What is not proven to lie elsewhere counts as here: a page that is here but cannot be read may hold all that lies
//! between its neighbours.

use carelink_core::history::eras::{jumps, stored_at_its_time};
use carelink_core::history::merge::{PageRecords, order};
use carelink_core::history::settings::Clock;
use carelink_core::history::{self, Body};
use carelink_core::sensor;
use carelink_core::sensor::record::Clock as Told;
use jiff::ToSpan as _;
use jiff::civil::DateTime;
use std::collections::BTreeSet;

/// How often a sensor sends.
const SLOT_MINUTES: i64 = 5;

/// Times of which the pages have all records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    from: DateTime,
    to: DateTime,
    /// False for a page that is here, but cannot be read.
    read: bool,
}

/// The times whose records are in the pages of one kind.
#[derive(Clone, Debug, Default)]
pub struct Held {
    stretches: Vec<Stretch>,
    /// When the first record was stored, and the last one.
    ends: Option<(DateTime, DateTime)>,
    /// True if something is here that may hold any time.
    loose: bool,
}

/// Where the record of a moment lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a page that was read.
    Here,
    /// Perhaps in a page that is here, but could not be read.
    Unread,
    /// Before the oldest page.
    Older,
    /// Between two pages that do not follow each other.
    Gap,
    /// After the last record.
    Newer,
    /// There are no pages.
    NoPages,
}

/// Pages of one download, oldest first: their times, in spans of the pump's clock; or that some cannot be read; or that
/// some are not here.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Read(Vec<(DateTime, DateTime)>),
    Unread,
    Gap,
}

impl Held {
    /// Takes the pages of one download.
    fn lay(&mut self, pieces: &[Piece]) {
        let spans = |piece: &Piece| match piece {
            Piece::Read(spans) => spans.clone(),
            Piece::Unread | Piece::Gap => Vec::new(),
        };
        for (at, piece) in pieces.iter().enumerate() {
            let stretch = |from, to, read| Stretch { from, to, read };
            self.stretches.extend(spans(piece).into_iter().map(|(from, to)| stretch(from, to, true)));
            if *piece == Piece::Unread {
                let before = pieces[..at].iter().flat_map(spans).last().map(|(_, to)| to);
                let after = pieces[at + 1..].iter().flat_map(spans).next().map(|(from, _)| from);
                let (from, to) = (before.unwrap_or(DateTime::MIN), after.unwrap_or(DateTime::MAX));
                // Where the clock went back meanwhile, nobody knows how far it had come.
                self.loose |= from > to;
                self.stretches.push(stretch(from, to, false));
            }
        }
        let all: Vec<_> = pieces.iter().flat_map(spans).collect();
        if let (Some((from, _)), Some((_, to))) = (all.first(), all.last()) {
            let (first, last) = self.ends.unwrap_or((*from, *to));
            self.ends = Some((first.min(*from), last.max(*to)));
        }
    }

    /// Takes the history pages of one download, and the numbers of those that cannot be read, as far as they are known. The
    /// rest of a page that is not `complete` is here, and cannot be read, unless it never came, by the page's place.
    ///
    /// Returns when the last record was stored before the download, if the newest page was read to its end.
    pub(super) fn add_history(
        &mut self,
        pages: &[PageRecords],
        never_came: &[bool],
        mut unread: Vec<Option<u32>>,
    ) -> Option<DateTime> {
        let runs = order(pages);
        let kept: Vec<_> = runs.iter().flatten().map(|&at| pages[at].number).collect();
        let numbered = !kept.contains(&None) && kept.iter().collect::<BTreeSet<_>>().len() == kept.len();
        // What was read once is here.
        unread.retain(|number| number.is_none() || pages.iter().all(|page| page.number != *number));
        self.loose |= unread.iter().any(|number| number.is_none() || !numbered);
        // Numbers count back: the oldest page has the highest.
        let between = |above: Option<u32>, below: Option<u32>| {
            unread.iter().flatten().any(|&number| {
                above.is_none_or(|above| number < above) && below.is_none_or(|below| number > below)
            })
        };
        let mut pieces = Vec::new();
        let mut above = None;
        for run in &runs {
            let (first, last) = (&pages[run[0]], &pages[run[run.len() - 1]]);
            pieces.push(if between(above, first.number) { Piece::Unread } else { Piece::Gap });
            let records: Vec<_> = run.iter().flat_map(|&at| pages[at].records.iter().cloned()).collect();
            pieces.push(Piece::Read(spans(&records)));
            let cut = !last.complete && !never_came[run[run.len() - 1]];
            pieces.extend(cut.then_some(Piece::Unread));
            above = last.number;
        }
        pieces.push(if between(above, None) { Piece::Unread } else { Piece::Gap });
        self.lay(&pieces);
        let newest = runs
            .last()
            .and_then(|run| Some((run, pages[*run.last()?].number?, pages[*run.last()?].complete)));
        if let Some((run, 0, true)) = newest {
            let records: Vec<_> = run.iter().flat_map(|&at| pages[at].records.iter().cloned()).collect();
            return spans(&records).last().map(|(_, to)| *to);
        }
        None
    }

    /// Takes the glucose pages of one download with their numbers, and the numbers of those that cannot be read.
    pub(super) fn add_sensor(&mut self, pages: &[(u32, Vec<sensor::Record>)], unread: Vec<Option<u32>>) {
        self.loose |= unread.contains(&None);
        let read = pages.iter().map(|(number, _)| *number);
        let numbers: BTreeSet<_> = read.chain(unread.into_iter().flatten()).collect();
        let mut pieces = Vec::new();
        let mut newer: Option<(u32, DateTime)> = None;
        for number in numbers.into_iter().rev() {
            let joined = newer.is_some_and(|(newer, _)| number.checked_add(1) == Some(newer));
            let begin = newer.filter(|_| joined).map(|(_, begin)| begin);
            if newer.is_some() && !joined {
                pieces.push(Piece::Gap);
            }
            newer = None;
            match pages.iter().find(|(of, _)| *of == number) {
                Some((_, records)) => {
                    let spans = slots(records, begin);
                    newer = spans.first().map(|(from, _)| (number, *from));
                    pieces.push(Piece::Read(spans));
                }
                None => pieces.push(Piece::Unread),
            }
        }
        pieces.reverse();
        self.lay(&pieces);
    }

    /// Takes what may hold records of any time.
    pub(super) fn anything(&mut self) {
        self.loose = true;
    }

    /// Where the record of what lasted `from` to `to` lies. A page that cannot be read may hold any time if the clock was set
    /// meanwhile: `set` are the times at which it was.
    #[must_use]
    pub fn place(&self, from: DateTime, to: DateTime, set: &[DateTime]) -> Place {
        let meets = |stretch: &&Stretch| stretch.from <= to && from <= stretch.to;
        let met = |read| {
            self.stretches.iter().filter(|stretch| stretch.read == read).any(|stretch| meets(&stretch))
        };
        let moved = |stretch: &Stretch| {
            !stretch.read && set.iter().any(|set| (stretch.from..=stretch.to).contains(set))
        };
        match self.ends {
            _ if met(true) => Place::Here,
            _ if met(false) || self.loose || self.stretches.iter().any(moved) => Place::Unread,
            None => Place::NoPages,
            Some((first, _)) if to < first => Place::Older,
            Some((_, last)) if from > last => Place::Newer,
            Some(_) => Place::Gap,
        }
    }
}

/// The spans of the pump's clock in records that were stored one after another: a new one begins where it was set.
fn spans(records: &[history::Record]) -> Vec<(DateTime, DateTime)> {
    let back: BTreeSet<_> = jumps(records).iter().map(|jump| jump.at).collect();
    let mut spans: Vec<(DateTime, DateTime)> = Vec::new();
    for (at, record) in records.iter().enumerate() {
        let Some(time) = record.time.and_then(|time| time.valid()).filter(|_| stored_at_its_time(record))
        else {
            continue;
        };
        let set = back.contains(&at) || matches!(record.body, Body::Clock(Clock::New));
        match spans.last_mut().filter(|_| !set) {
            Some((from, to)) => (*from, *to) = ((*from).min(time), (*to).max(time)),
            None => spans.push((time, time)),
        }
    }
    spans
}

/// The spans of the pump's clock in a glucose page; `newer` is when the next one begins. Records behind the last time stamp
/// have no certain time, but come one a slot.
fn slots(records: &[sensor::Record], newer: Option<DateTime>) -> Vec<(DateTime, DateTime)> {
    let mut spans: Vec<(DateTime, DateTime)> = Vec::new();
    let mut latest: Option<DateTime> = None;
    let mut open = 0;
    for record in records {
        let Some(time) = record.when.certain() else {
            open += 1;
            continue;
        };
        open = 0;
        let set = matches!(record.body, sensor::Body::Clock(Told::New | Told::Reset))
            || latest.is_some_and(|latest| time < latest);
        match spans.last_mut().filter(|_| !set) {
            Some((from, to)) => (*from, *to) = ((*from).min(time), (*to).max(time)),
            None => spans.push((time, time)),
        }
        latest = Some(time);
    }
    if let Some((_, to)) = spans.last_mut() {
        let slots = if open > 0 { open + 1 } else { 0 };
        let counted = to.saturating_add((SLOT_MINUTES * slots).minutes());
        *to = newer.filter(|newer| newer >= to).unwrap_or(counted);
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn day(day: i8) -> DateTime {
        date(2015, 4, day).at(12, 0, 0, 0)
    }

    fn read(from: i8, to: i8) -> Piece {
        Piece::Read(vec![(day(from), day(to))])
    }

    fn places(pieces: &[Piece]) -> Vec<Place> {
        let mut held = Held::default();
        held.lay(pieces);
        [1, 5, 10, 15, 20].map(|at| held.place(day(at), day(at), &[])).to_vec()
    }

    #[test]
    fn what_lies_outside_the_pages_is_told_by_its_side() {
        use Place::{Gap as Between, Here, Newer, NoPages, Older};
        assert_eq!(places(&[read(4, 6), Piece::Gap, read(14, 16)]), [Older, Here, Between, Here, Newer]);
        assert_eq!(places(&[read(4, 16)]), [Older, Here, Here, Here, Newer]);
        assert_eq!(places(&[]), [NoPages; 5]);
    }

    #[test]
    fn a_page_that_cannot_be_read_excuses_nothing() {
        use Place::{Here, Newer, Older, Unread};
        assert_eq!(places(&[read(4, 6), Piece::Unread, read(14, 16)]), [Older, Here, Unread, Here, Newer]);
        assert_eq!(places(&[Piece::Unread, read(4, 16)]), [Unread, Here, Here, Here, Newer]);
        assert_eq!(places(&[read(4, 16), Piece::Unread]), [Older, Here, Here, Here, Unread]);
        assert_eq!(places(&[Piece::Unread]), [Unread; 5]);
        let back = [read(14, 16), Piece::Unread, read(4, 6)];
        assert_eq!(places(&back), [Unread, Here, Unread, Here, Unread], "the clock may have been anywhere");
    }

    #[test]
    fn a_page_that_cannot_be_read_may_hold_any_time_if_the_clock_was_set_in_it() {
        let mut held = Held::default();
        held.lay(&[read(4, 6), Piece::Unread, read(14, 16)]);
        let place = |set| held.place(day(1), day(1), &[day(set)]);
        assert_eq!((place(5), place(10), place(15)), (Place::Older, Place::Unread, Place::Older));
    }

    #[test]
    fn what_lasts_is_here_if_any_of_it_is() {
        let mut held = Held::default();
        held.lay(&[read(4, 6)]);
        assert_eq!(held.place(day(1), day(4), &[]), Place::Here);
        assert_eq!(held.place(day(1), day(3), &[]), Place::Older);
        assert_eq!(held.place(day(6), day(9), &[]), Place::Here);
    }
}
