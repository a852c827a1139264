// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what an audit found. Out: its table, and the events that do not agree.

use super::therapy::told;
use super::veil::{Shown, Veil};
use crate::audit::{Judgement, WORDS};
use crate::output::Ending;
use crate::vendor::Export;

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
    pub heads: [&'static str; 5],
    /// A row for each type, and one for all.
    pub table: Vec<(Shown, [usize; 5])>,
    pub agrees: bool,
    pub others: Vec<Other>,
}

/// An event that does not agree.
#[derive(Debug)]
pub(super) struct Other {
    pub time: String,
    pub kind: Shown,
    pub verdict: &'static str,
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
            agrees: false,
            others: Vec::new(),
        }
    }

    pub fn of(judgement: &Judgement<'_>, export: &Export, veil: &Veil) -> Self {
        let table = judgement.table();
        let total = table.values().fold([0; 5], |sum, row| std::array::from_fn(|at| sum[at] + row[at]));
        let rows = table.into_iter().chain([("all", total)]);
        let others = judgement.verdicts.iter().filter(|verdict| verdict.word() != WORDS[0]);
        let others = others.map(|verdict| {
            let ((time, kind), (official, found)) = (verdict.event(), verdict.sides());
            Other {
                time: time.map(told).unwrap_or_default(),
                kind: veil.words(kind),
                verdict: verdict.word(),
                keys: verdict.keys().join(", "),
                export: official.map(|official| (official.line, veil.event(&official.event))),
                capture: found.map(|found| (found.frame, veil.event(&found.event))),
            }
        });
        Self {
            first: told(judgement.first),
            last: told(judgement.last),
            table: rows.map(|(kind, row)| (veil.words(kind), row)).collect(),
            agrees: judgement.ending() == Ending::Fine,
            others: others.collect(),
            ..Self::fault(Shown::default(), export)
        }
    }
}
