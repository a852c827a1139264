// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: the kinds of pages that a pump keeps.

/// What a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PageKind {
    /// The pump's history.
    History,
    /// Glucose of the sensor.
    Glucose,
    /// The sensor's current.
    Isig,
    /// Voltage at the sensor's counter electrode.
    Vcntr,
    /// A trace, whose layout nobody knows.
    Trace,
}

impl PageKind {
    /// All kinds. History comes after the sensor's, whose full names hold that word too.
    pub const ALL: [Self; 5] = [Self::Glucose, Self::Isig, Self::Vcntr, Self::History, Self::Trace];

    /// Its word in names of files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Glucose => "glucose",
            Self::Isig => "isig",
            Self::Vcntr => "vcntr",
            Self::Trace => "trace",
        }
    }
}
