// SPDX-License-Identifier: GPL-2.0-or-later
//! In: bytes without a reading. Out: leaves that claim them honestly.

use crate::tree::cursor::Cursor;
use crate::tree::sink::Sink;

crate::fields! {
    /// Bytes whose meaning nobody knows.
    UNKNOWN: Bytes, "carelink.unknown", "Unknown", Inferred;
    /// Zero bytes that fill a fixed length.
    PADDING: Bytes, "carelink.padding", "Padding", Confirmed;
    /// Bytes of an earlier reply or report that the stick, the pump or whoever fills reports did not overwrite; they may hold a patient's data.
    LEFT_OVER: Bytes, "carelink.leftover", "Left Over from an Earlier Reply", Confirmed;
}

impl<S: Sink> Cursor<'_, '_, S> {
    /// Claims what is left: as padding if it is all zeros, else as unknown.
    pub fn fill(&mut self) {
        let field = if self.rest().iter().all(|&byte| byte == 0) { PADDING } else { UNKNOWN };
        self.remainder(field);
    }
}
