// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what an audit found. Out: its table, and the events that do not agree.

use super::therapy::told;
use super::veil::{Shown, Veil};
use crate::audit::judge::{Counts, Judgement, Verdict, WORDS};
use crate::vendor::Export;
use std::collections::BTreeMap;

/// What the comparison with an export comes to.
#[derive(Debug)]
pub(super) struct Audit {
    /// Why nothing could be compared, if so.
    pub fault: Shown,
    pub first: String,
    pub last: String,
    /// How the dates of the export were read, and whether they leave their order open.
    pub dates: String,
    pub open: bool,
    pub heads: [&'static str; WORDS.len()],
    /// A row for each type, and the sum.
    pub table: Vec<(Shown, Counts)>,
    pub total: Counts,
    /// Why how many are not judged.
    pub absent: Vec<(&'static str, usize)>,
    pub agrees: bool,
    pub others: Vec<Group>,
}

/// The most events that are shown of a verdict on a type.
const MOST: usize = 50;

/// The events with one verdict that do not agree.
#[derive(Debug)]
pub(super) struct Group {
    pub verdict: &'static str,
    pub count: usize,
    pub kinds: Vec<OfKind>,
}

/// Those of one type.
#[derive(Debug)]
pub(super) struct OfKind {
    pub name: Shown,
    pub shown: Vec<Other>,
    /// How many there are besides.
    pub more: usize,
}

impl OfKind {
    pub const fn count(&self) -> usize {
        self.shown.len() + self.more
    }
}

/// An event that does not agree.
#[derive(Debug)]
pub(super) struct Other {
    pub time: String,
    pub keys: String,
    /// The line of the export, and its values.
    pub export: Option<(u64, Shown)>,
    /// The values in the capture.
    pub capture: Option<(Option<u32>, Shown)>,
}

impl Audit {
    /// An audit that could not be made.
    pub fn fault(fault: Shown, export: &Export) -> Self {
        Self {
            fault,
            first: String::new(),
            last: String::new(),
            dates: export.dates.to_string(),
            open: !export.others.is_empty(),
            heads: WORDS,
            table: Vec::new(),
            total: Counts::default(),
            absent: Vec::new(),
            agrees: false,
            others: Vec::new(),
        }
    }

    pub fn of(judgement: &Judgement<'_>, export: &Export, veil: &Veil) -> Self {
        let table = judgement.table();
        let total = judgement.counts();
        Self {
            first: told(judgement.first),
            last: told(judgement.last),
            table: table.into_iter().map(|(kind, row)| (veil.words(kind), row)).collect(),
            total,
            absent: judgement.absent().into_iter().map(|(why, count)| (why.words(), count)).collect(),
            agrees: total[1..WORDS.len() - 1].iter().all(|count| *count == 0),
            others: WORDS[1..].iter().filter_map(|word| group(judgement, word, veil)).collect(),
            ..Self::fault(Shown::default(), export)
        }
    }
}

/// The events with one verdict, by their types.
fn group(judgement: &Judgement<'_>, word: &'static str, veil: &Veil) -> Option<Group> {
    let mut kinds: BTreeMap<&str, OfKind> = BTreeMap::new();
    let mut count = 0;
    for verdict in judgement.verdicts.iter().filter(|verdict| verdict.word() == word) {
        count += 1;
        let (_, kind) = verdict.event();
        let new = || OfKind { name: veil.words(kind), shown: Vec::new(), more: 0 };
        let of_kind = kinds.entry(kind).or_insert_with(new);
        if of_kind.shown.len() < MOST {
            of_kind.shown.push(other(verdict, veil));
        } else {
            of_kind.more += 1;
        }
    }
    (count > 0).then(|| Group { verdict: word, count, kinds: kinds.into_values().collect() })
}

fn other(verdict: &Verdict<'_>, veil: &Veil) -> Other {
    let ((time, _), (official, found)) = (verdict.event(), verdict.sides());
    Other {
        time: time.map(told).unwrap_or_default(),
        keys: verdict.keys().join(", "),
        export: official.map(|official| (official.line, veil.event(&official.event))),
        capture: found.map(|found| (found.frame, veil.event(&found.event))),
    }
}
