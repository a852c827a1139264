// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what is to be an export of the vendor's. Out: no panic.

use carelink_cli::vendor::{self, Dates};

/// Reads it with every order of dates.
pub fn run(bytes: &[u8]) {
    for dates in [None, Some(Dates::Mdy), Some(Dates::Dmy), Some(Dates::Ymd)] {
        // What is no export is refused, and that is well.
        let _ = vendor::read(bytes, dates);
    }
}
