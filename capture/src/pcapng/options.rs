// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the options of a block. Out: the same as a list that can be changed, and back, byte for byte.

use super::order::{Order, padding};
use std::borrow::Cow;

/// The option that holds a comment, of any block that has options.
pub const COMMENT: u16 = 1;
/// The option that ends the list.
const END: u16 = 0;

/// An option: what it is by its number, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What it is; what the number means depends on the block, but for [`COMMENT`].
    pub code: u16,
    /// Its value, without padding. At most 65,535 bytes are written of it.
    pub value: Vec<u8>,
    /// The padding, if it is not zeros.
    odd: Option<Vec<u8>>,
}

impl Choice {
    /// An option.
    #[must_use]
    pub fn new(code: u16, value: impl Into<Vec<u8>>) -> Self {
        Self { code, value: value.into(), odd: None }
    }

    /// The value of four bytes, as a number.
    #[must_use]
    pub fn number(&self, order: Order) -> Option<u32> {
        order.u32(&self.value, 0)
    }
}

/// The options of a block, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The options, but for the one that ends them.
    pub list: Vec<Choice>,
    /// True if the mark that ends a list stands where it is not expected: alone, or not at the end of a list.
    odd: bool,
    /// What comes after the end, or cannot be read: damage, which is kept as it is.
    rest: Vec<u8>,
}

impl Options {
    /// Reads what a block has.
    pub(crate) fn read(order: Order, bytes: &[u8]) -> Self {
        let (mut list, mut at, mut ended) = (Vec::new(), 0, false);
        while let Some((code, len)) = order.u16(bytes, at).zip(order.u16(bytes, at + 2)) {
            let (value, len) = (at + 4, usize::from(len));
            if (code, len) == (END, 0) {
                // An end with nothing before it and something behind it ends no list: all of it is damage.
                if !list.is_empty() || value == bytes.len() {
                    (at, ended) = (value, true);
                }
                break;
            }
            let end = value + len;
            let next = end + padding(len);
            let (Some(content), Some(padding)) = (bytes.get(value..end), bytes.get(end..next)) else { break };
            let odd = padding.iter().any(|&byte| byte != 0).then(|| padding.to_vec());
            list.push(Choice { code, value: content.to_vec(), odd });
            at = next;
        }
        let odd = ended == list.is_empty();
        Self { list, odd, rest: bytes[at..].to_vec() }
    }

    /// The bytes of a block.
    ///
    /// A list has its mark at the end, and what is empty has none, unless it was read otherwise: then it is the other way
    /// round, so that what is added and taken away again leaves the block as it was.
    pub(crate) fn write(&self, order: Order) -> Vec<u8> {
        let mut bytes = Vec::new();
        for Choice { code, value, odd } in &self.list {
            let len = u16::try_from(value.len()).unwrap_or(u16::MAX);
            let value = &value[..usize::from(len)];
            bytes.extend(order.of_u16(*code));
            bytes.extend(order.of_u16(len));
            bytes.extend_from_slice(value);
            match odd {
                Some(odd) if odd.len() == padding(value.len()) => bytes.extend_from_slice(odd),
                _ => bytes.resize(bytes.len() + padding(value.len()), 0),
            }
        }
        if self.list.is_empty() == self.odd {
            bytes.extend([0; 4]);
        }
        bytes.extend_from_slice(&self.rest);
        bytes
    }

    /// The value of the first option with this number.
    #[must_use]
    pub fn get(&self, code: u16) -> Option<&[u8]> {
        self.list.iter().find(|choice| choice.code == code).map(|choice| choice.value.as_slice())
    }

    /// The comments, in their order. What is no UTF-8 is replaced.
    pub(crate) fn comments(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let comments = self.list.iter().filter(|choice| choice.code == COMMENT);
        comments.map(|choice| String::from_utf8_lossy(&choice.value))
    }

    /// Adds an option behind the others.
    pub fn add(&mut self, code: u16, value: impl Into<Vec<u8>>) {
        self.list.push(Choice::new(code, value));
    }

    /// The same, in a row.
    #[must_use]
    pub fn with(mut self, code: u16, value: impl Into<Vec<u8>>) -> Self {
        self.add(code, value);
        self
    }

    /// The bytes after the end of the list, or after the last option that can be read.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        &self.rest
    }

    /// Takes away what [`Options::rest`] tells of.
    pub fn clear_rest(&mut self) {
        self.rest.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[u8] = &[
        0, 1, 0, 3, b'a', b'b', b'c', 0, // a comment
        0, 9, 0, 1, 6, 1, 2, 3, // with odd padding
        0, 0, 0, 0, // the end
        7, 7, 7, 7, // and after it
    ];

    #[test]
    fn each_prefix_is_written_as_it_was_read() {
        for end in 0..=LIST.len() {
            let options = Options::read(Order::Big, &LIST[..end]);
            assert_eq!(options.write(Order::Big), &LIST[..end], "{end}");
        }
        let options = Options::read(Order::Big, LIST);
        assert_eq!((options.list.len(), options.rest()), (2, &[7; 4][..]));
        assert_eq!(options.get(COMMENT), Some(&b"abc"[..]));
    }

    #[test]
    fn what_is_added_and_taken_away_leaves_no_trace() {
        for bytes in [&[][..], &[0; 4], &[0; 8], &[0; 11], &LIST[..8], &LIST[..16], &LIST[..20], LIST] {
            let mut options = Options::read(Order::Big, bytes);
            options.add(COMMENT, *b"new");
            let mut options = Options::read(Order::Big, &options.write(Order::Big));
            let added = options.list.pop();
            assert_eq!(added, Some(Choice::new(COMMENT, *b"new")), "{bytes:?}");
            assert_eq!(options.write(Order::Big), bytes);
        }
    }

    #[test]
    fn a_value_too_long_is_cut() {
        let bytes = Options::default().with(COMMENT, vec![b'x'; 70_000]).write(Order::Little);
        let read = Options::read(Order::Little, &bytes);
        assert_eq!((read.list.len(), read.list[0].value.len(), read.rest()), (1, 65_535, &[][..]));
    }
}
