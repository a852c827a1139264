// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what was done to a capture. Out: the same in words, without any of what was replaced.

use super::edit::Counts;
use super::select::LeftOut;
use std::fmt;

/// What was done to a capture.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Each invented identity, what it is called, and how often it was put in the place of the real one.
    pub identities: Vec<(String, Vec<&'static str>, u64)>,
    /// How often what was changed.
    pub counts: Counts,
    /// Places where bytes of another meaning look like a replaced identity.
    pub chance: u64,
    /// What was left out.
    pub left_out: LeftOut,
    /// True if times were moved.
    pub moved: bool,
}

impl Report {
    /// In how many places identities were replaced.
    #[must_use]
    pub fn replaced(&self) -> u64 {
        self.identities.iter().map(|(_, _, times)| times).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { identities, counts, chance, left_out, moved } = self;
        writeln!(
            f,
            "{:>8}  identities replaced, in {} places; invented are",
            identities.len(),
            self.replaced()
        )?;
        for (invented, labels, times) in identities {
            writeln!(f, "{times:>8}  times {invented} ({})", labels.join(", "))?;
        }
        let lines = [
            (counts.searched, "of these places in bytes that nobody understands"),
            (*chance, "places where bytes of another meaning look like a replaced identity, by chance: kept"),
            (counts.checks, "check values mended"),
            (counts.left_over.followed, "left-over bytes that follow the reply that they come from"),
            (counts.left_over.identities, "of these bytes are of identities"),
            (counts.left_over.cleared + counts.cleared, "bytes cleared that are left over or not understood"),
            (counts.kept, "bytes kept that nobody understands"),
            (left_out.packets, "packets left out: of other devices, or not to be read"),
            (left_out.blocks, "blocks left out: names, counts, keys and the like"),
            (left_out.options, "options left out: comments, names, filters and the like"),
        ];
        for (count, what) in lines.into_iter().filter(|(count, _)| *count > 0) {
            writeln!(f, "{count:>8}  {what}")?;
        }
        if *moved {
            writeln!(f, "{:>8}  dates of the pump moved, and all times with them", counts.dates)
        } else {
            Ok(())
        }
    }
}
