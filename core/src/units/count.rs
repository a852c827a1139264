// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a number of things. Out: the number and the word for them: one entry, two entries.

use std::fmt;

/// A number of things, with the word for one of them and the word for any other number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count<N>(pub N, pub &'static str, pub &'static str);

/// `1 entry`, `3 entries`
impl<N: fmt::Display + Copy + PartialEq + From<u8>> fmt::Display for Count<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, one, many) = *self;
        number.fmt(f)?;
        f.write_str(" ")?;
        f.write_str(if number == N::from(1) { one } else { many })
    }
}

/// So many bytes.
#[must_use]
pub const fn bytes<N>(number: N) -> Count<N>
where
    N: Copy,
{
    Count(number, "byte", "bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        let told = [0_usize, 1, 2].map(|number| Count(number, "entry", "entries").to_string());
        assert_eq!(told, ["0 entries", "1 entry", "2 entries"]);
        assert_eq!(bytes(1_u8).to_string(), "1 byte");
    }
}
