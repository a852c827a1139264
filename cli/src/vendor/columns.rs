// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the row that names the columns of an export or of a table, and the rows below. Out: which column holds what.
//!
//! The vendor's `Raw-` columns have the same names in all languages; those of date and time are told by what they hold.

use super::dates::{Numbers, clock};

/// The type of an event that the vendor has or has had: letters and digits.
pub(super) fn is_type(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Columns whose names are the same everywhere: type; values; device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Raw {
    pub kind: usize,
    pub values: usize,
    pub device: Option<usize>,
    /// The column of date and time in one, which only a table of ours has.
    pub moment: Option<usize>,
}

impl Raw {
    /// The columns that the cells of a row name, if they do.
    pub(super) fn of<'c>(cells: impl Iterator<Item = &'c str>) -> Option<Self> {
        let names: Vec<_> = cells.map(|name| name.trim().trim_matches('"').to_ascii_lowercase()).collect();
        let at = |name: &str| names.iter().position(|other| other == name);
        let export = || {
            let (kind, values) = (at("raw-type")?, at("raw-values")?);
            Some(Self { kind, values, device: at("raw-device type"), moment: None })
        };
        let table = || {
            let (time, kind, values) = (at("time")?, at("type")?, at("values")?);
            Some(Self { kind, values, device: at("pump"), moment: Some(time) })
        };
        export().or_else(table)
    }
}

/// The columns of date and of time: the first two beside each other that hold those in most `rows`, before the `Raw-` ones.
pub(super) fn times(rows: &[&csv::StringRecord], kind: usize) -> Option<(usize, usize)> {
    let cell = |row: &csv::StringRecord, at: usize| row.get(at).unwrap_or_default().trim().to_owned();
    let fits = |row: &csv::StringRecord, at: usize| {
        Numbers::of(&cell(row, at)).is_some() && clock(&cell(row, at + 1)).is_some()
    };
    let count = |at: usize| rows.iter().filter(|row| fits(row, at)).count();
    let best = (0..kind.saturating_sub(1)).rev().max_by_key(|&at| count(at))?;
    (count(best) > 0).then_some((best, best + 1))
}
