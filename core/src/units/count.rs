// SPDX-License-Identifier: GPL-2.0-or-later
//! In: how many of something. Out: the same in words, one as one.

use std::fmt;

/// So many of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count(usize, &'static str);

/// So many things that are called `noun` one by one, and with an s behind it together.
#[must_use]
pub const fn count(number: usize, noun: &'static str) -> Count {
    Count(number, noun)
}

/// So many bytes.
#[must_use]
pub const fn bytes(number: usize) -> Count {
    count(number, "byte")
}

/// `1 byte`, `2 bytes`
impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, noun) = self;
        write!(f, "{number} {noun}{}", if *number == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one() {
        assert_eq!([0, 1, 2].map(|number| bytes(number).to_string()), ["0 bytes", "1 byte", "2 bytes"]);
    }
}
