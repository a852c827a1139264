// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what a record says. Out: its bytes around the stamp.

/// What lies around the stamp of a record, and in its spare bits.
#[derive(Default)]
pub(super) struct Parts {
    /// Between the opcode and the stamp.
    pub(super) head: Vec<u8>,
    /// Above the hour, three bits.
    pub(super) hour: u8,
    /// Above the year, one bit.
    pub(super) year: u8,
    /// Behind the stamp.
    pub(super) tail: Vec<u8>,
}

impl Parts {
    pub(super) fn of(head: impl Into<Vec<u8>>) -> Self {
        Self { head: head.into(), ..Self::default() }
    }

    pub(super) fn hour(self, hour: u8) -> Option<Self> {
        (hour < 8).then_some(Self { hour, ..self })
    }

    pub(super) fn tail(self, tail: impl Into<Vec<u8>>) -> Self {
        Self { tail: tail.into(), ..self }
    }

    /// Fills the tail with zeros.
    pub(super) fn filled(mut self, len: usize) -> Option<Self> {
        let fits = self.tail.len() <= len;
        self.tail.resize(len, 0);
        fits.then_some(self)
    }
}
