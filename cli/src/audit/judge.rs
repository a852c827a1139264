// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the events of captures, and the rows of an export. Out: the verdict on each.
//!
//! Events agree if time, type and all judged values of the export's do. A row that no event goes with is missing, unless it
//! is proven that its bytes are in no capture.

use super::absent::{Absent, Bytes};
use super::pump::{self, Owners};
use crate::found::{Collection, Found};
use crate::output::Ending;
use crate::vendor::{Export, Official};
use anyhow::{Result, bail};
use jiff::civil::DateTime;
use std::collections::{BTreeMap, HashMap};

/// The verdicts in words.
pub(crate) const WORDS: [&str; 6] = ["agrees", "not known", "differs", "missing", "only ours", "not judged"];

/// How many there are of each verdict, in the order of [`WORDS`].
pub(crate) type Counts = [usize; WORDS.len()];

/// How an event compares.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict<'a> {
    Agrees(&'a Official, &'a Found),
    /// All that differs is what the capture leaves open.
    NotKnown(&'a Official, &'a Found),
    Differs(&'a Official, &'a Found),
    /// The capture should have it; true if it may be in what could not be read.
    Missing(&'a Official, bool),
    OnlyOurs(&'a Found),
    /// One side cannot have it.
    NotJudged(Side<'a>, Absent),
}

/// An event of one side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Side<'a> {
    Export(&'a Official),
    Capture(&'a Found),
}

/// What a comparison comes to.
#[derive(Debug)]
pub(crate) struct Judgement<'a> {
    /// The first and the last time that was judged.
    pub first: DateTime,
    pub last: DateTime,
    /// In order of time.
    pub verdicts: Vec<Verdict<'a>>,
    /// Whose the captures are, by the vendor's names.
    pub pumps: Vec<String>,
    /// What makes it doubtful that the export is of the same pump.
    pub warnings: Vec<String>,
}

/// Compares captures with an export.
///
/// # Errors
/// If the export is another pump's, or nothing of it can be compared.
pub(crate) fn judge<'a>(
    export: &'a Export,
    found: &'a Collection,
    device: Option<&str>,
) -> Result<Judgement<'a>> {
    let pump::Choice { mut warnings, pumps, devices, owners } = pump::choose(export, found, device)?;
    let (rows, others): (Vec<_>, Vec<_>) = export
        .events
        .iter()
        .partition(|row| devices.as_ref().is_none_or(|known| known.contains(&row.device)));
    let mut verdicts = compare(&rows, &found.events, &owners, &Bytes::new(found, &rows, &owners));
    let judged = verdicts.iter().filter(|verdict| !matches!(verdict, Verdict::NotJudged(..)));
    let times = judged.filter_map(|verdict| verdict.event().0);
    let Some((first, last)) = span(times) else {
        let times = span(rows.iter().map(|row| row.event.time))
            .zip(span(found.events.iter().map(|found| found.event.time)));
        let Some(((a, b), (c, d))) = times else {
            bail!(
                "nothing to compare: {} events in the capture, {} in the export",
                found.events.len(),
                rows.len()
            );
        };
        bail!("nothing to compare: the export is of {a} to {b}, the capture of {c} to {d}");
    };
    let others = others.into_iter().map(|row| Verdict::NotJudged(Side::Export(row), Absent::OtherPump));
    verdicts.extend(others);
    verdicts.sort_by_cached_key(Verdict::order);
    let mut judgement = Judgement { first, last, verdicts, pumps, warnings: Vec::new() };
    warnings.extend(judgement.strange());
    judgement.warnings = warnings;
    Ok(judgement)
}

impl Judgement<'_> {
    /// How a run ends that found this: what is not known, or cannot be judged, is no difference.
    pub fn ending(&self) -> Ending {
        let [_, _, differs, missing, ours, _] = self.counts();
        if differs + missing + ours == 0 { Ending::Fine } else { Ending::Found }
    }

    /// How many there are of each verdict.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.verdicts.iter().for_each(|verdict| counts[verdict.column()] += 1);
        counts
    }

    /// How many of those that are missing may be in what could not be read.
    pub fn unread(&self) -> usize {
        self.verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Missing(_, true))).count()
    }

    /// Why how many are not judged.
    pub fn absent(&self) -> BTreeMap<Absent, usize> {
        let mut absent = BTreeMap::new();
        for verdict in &self.verdicts {
            if let Verdict::NotJudged(_, why) = verdict {
                *absent.entry(*why).or_default() += 1;
            }
        }
        absent
    }

    /// That nothing at all goes together, if so.
    fn strange(&self) -> Option<String> {
        let [agrees, not_known, differs, missing, ours, _] = self.counts();
        let none = agrees + not_known + differs == 0 && missing + ours > 0;
        none.then(|| {
            format!(
                "no event of the capture is in the export ({ours} are only ours, {missing} are missing): is it an export of \
                 this pump, and was the pump's clock the same?"
            )
        })
    }
}

impl<'a> Judgement<'a> {
    /// How many events of each type there are of each verdict.
    pub fn table(&self) -> BTreeMap<&'a str, Counts> {
        let mut table: BTreeMap<&str, Counts> = BTreeMap::new();
        for verdict in &self.verdicts {
            table.entry(verdict.event().1).or_default()[verdict.column()] += 1;
        }
        table
    }
}

fn span(times: impl Iterator<Item = DateTime>) -> Option<(DateTime, DateTime)> {
    times.fold(None, |span, time| {
        let (first, last) = span.unwrap_or((time, time));
        Some((time.min(first), time.max(last)))
    })
}

fn compare<'a>(
    rows: &[&'a Official],
    found: &'a [Found],
    owners: &Owners,
    bytes: &Bytes<'_>,
) -> Vec<Verdict<'a>> {
    let mut pool: HashMap<(DateTime, &str, &str), Vec<&Found>> = HashMap::new();
    for found in found {
        let key = (found.event.time, found.event.kind.as_ref(), owners.of_pump(&found.pump));
        pool.entry(key).or_default().push(found);
    }
    let key = |row: &'a Official| (row.event.time, row.event.kind.as_ref(), owners.of_row(row));
    // Those that agree come first, so that others do not take their place.
    let (mut verdicts, mut rest) = (Vec::new(), Vec::new());
    for &row in rows {
        let same = pool.get_mut(&key(row)).and_then(|found| {
            let at = found.iter().position(|found| row.event.differing(&found.event).is_empty())?;
            Some(found.remove(at))
        });
        match same {
            Some(found) => verdicts.push(Verdict::Agrees(row, found)),
            None => rest.push(row),
        }
    }
    for row in rest {
        let namesakes = pool.get_mut(&key(row)).filter(|found| !found.is_empty());
        verdicts.push(match namesakes {
            Some(found) => {
                let differing = |&at: &usize| row.event.differing(&found[at].event).len();
                let nearest = (0..found.len()).min_by_key(differing).unwrap_or(0);
                let found = found.remove(nearest);
                if row.event.differing(&found.event).iter().all(|key| open(row, found, key)) {
                    Verdict::NotKnown(row, found)
                } else {
                    Verdict::Differs(row, found)
                }
            }
            None => bytes.of_row(row),
        });
    }
    verdicts.extend(pool.into_values().flatten().map(|found| bytes.of_event(found)));
    verdicts
}

/// True if the capture does not tell the value of a key, and does not contradict the export's.
fn open(row: &Official, found: &Found, key: &str) -> bool {
    let values = row.event.get(key).zip(found.event.get(key));
    values.is_some_and(|(official, ours)| ours.leaves_open(official))
}

impl<'a> Verdict<'a> {
    pub const fn column(&self) -> usize {
        match self {
            Self::Agrees(..) => 0,
            Self::NotKnown(..) => 1,
            Self::Differs(..) => 2,
            Self::Missing(..) => 3,
            Self::OnlyOurs(_) => 4,
            Self::NotJudged(..) => 5,
        }
    }

    pub const fn word(&self) -> &'static str {
        WORDS[self.column()]
    }

    /// Why it is missing or not judged.
    pub const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::NotJudged(_, absent) => Some(absent.words()),
            Self::Missing(_, true) => Some("perhaps in bytes that cannot be read"),
            _ => None,
        }
    }

    pub const fn sides(&self) -> (Option<&'a Official>, Option<&'a Found>) {
        match *self {
            Self::Agrees(official, found)
            | Self::NotKnown(official, found)
            | Self::Differs(official, found) => (Some(official), Some(found)),
            Self::Missing(official, _) | Self::NotJudged(Side::Export(official), _) => (Some(official), None),
            Self::OnlyOurs(found) | Self::NotJudged(Side::Capture(found), _) => (None, Some(found)),
        }
    }

    /// Time and type, the same on both sides.
    pub fn event(&self) -> (Option<DateTime>, &'a str) {
        match self.sides() {
            (Some(official), _) => (Some(official.event.time), &official.event.kind),
            (None, Some(found)) => (Some(found.event.time), &found.event.kind),
            (None, None) => (None, ""),
        }
    }

    fn order(&self) -> (Option<DateTime>, &'a str, u64, u32, String) {
        let ((time, kind), (official, found)) = (self.event(), self.sides());
        let frame = found.and_then(|found| found.frame).unwrap_or_default();
        let values = found.map(|found| found.event.to_string()).unwrap_or_default();
        (time, kind, official.map_or(0, |official| official.line), frame, values)
    }

    pub fn keys(&self) -> Vec<&'a str> {
        match *self {
            Self::NotKnown(official, found) | Self::Differs(official, found) => {
                official.event.differing(&found.event)
            }
            _ => Vec::new(),
        }
    }
}
