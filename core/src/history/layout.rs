// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a pump's model. Out: which lengths its records have.

/// How the length of a record is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Always the same.
    Fixed(u8),
    /// Its second byte says it; 2 at least.
    Own,
    /// Its second byte counts groups of three bytes, and one.
    Triples,
}

/// Models whose records have the same lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Up to the 515 and 715.
    Oldest,
    /// The 522 and 722.
    Small,
    /// The 523 and 723.
    Large,
    /// From the 530 and 730 on, which know of low glucose suspend.
    Latest,
}

impl Layout {
    /// How many there are.
    pub const COUNT: usize = 4;

    /// All of them; the commonest first, for pages that say nothing.
    pub(super) const ALL: [Self; Self::COUNT] = [Self::Small, Self::Large, Self::Latest, Self::Oldest];

    /// The layout of a pump of this family.
    #[must_use]
    pub const fn of_family(family: u16) -> Self {
        match family {
            0..22 => Self::Oldest,
            22 => Self::Small,
            23..30 => Self::Large,
            _ => Self::Latest,
        }
    }

    /// True if insulin is counted in fortieths of a unit, and records are larger.
    #[must_use]
    pub const fn large(self) -> bool {
        matches!(self, Self::Large | Self::Latest)
    }
}
