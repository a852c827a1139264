// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the ISIG and VCNTR pages with the number of a glucose page. Out: what lies beside one of its bytes.

use crate::tree::sink::{Show, Value};

/// The pages with the same number as a glucose page, as far as they are known, and whether odd glucose is on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beside<'b> {
    /// The ISIG page.
    pub isig: Option<&'b [u8]>,
    /// The VCNTR page.
    pub vcntr: Option<&'b [u8]>,
    /// True for pumps from the 523 on, which keep the lowest bit of glucose in the ISIG word; `None` if that is not known.
    pub large: Option<bool>,
}

impl Beside<'_> {
    fn word(&self, at: usize) -> Option<u16> {
        let word = self.isig?.get(2 * at..)?.first_chunk()?;
        Some(u16::from_le_bytes(*word))
    }

    /// The current beside the byte at `at`.
    pub(super) fn isig(&self, at: usize) -> Option<Isig> {
        self.word(at).and_then(|word| Isig::read(word, self.large))
    }

    /// The lowest bit of the glucose at `at`; `None` if it is on an ISIG page that is not here, or may be the current's.
    pub(super) fn odd(&self, at: usize) -> Option<u16> {
        let bit = self.word(at).map(|word| word & 1);
        match self.large {
            Some(true) => bit,
            Some(false) => Some(0),
            None => bit.filter(|bit| *bit == 0),
        }
    }

    /// The count of the counter electrode beside the byte at `at`.
    pub(super) fn vcntr(&self, at: usize) -> Option<i8> {
        self.vcntr?.get(at).map(|byte| byte.cast_signed())
    }
}

/// A sensor's current, in hundredths of a nanoampere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Isig(pub u16);

impl Isig {
    /// The current in a word of an ISIG page, whose lowest bit is the glucose's if the pump is `large`.
    #[must_use]
    pub const fn of(word: u16, large: bool) -> Self {
        Self(if large { word & !1 } else { word })
    }

    /// The same; `None` if it is not known whose the lowest bit is, and that makes a difference.
    #[must_use]
    pub fn read(word: u16, large: Option<bool>) -> Option<Self> {
        let settled = large.or((word & 1 == 0).then_some(false))?;
        Some(Self::of(word, settled))
    }

    /// The current in nA.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl Show for Isig {
    fn show(&self) -> Value<'_> {
        Value::Float(self.value())
    }
}
