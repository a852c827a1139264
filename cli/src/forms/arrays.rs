// SPDX-License-Identifier: GPL-2.0-or-later
//! In: numbers in a list, as C, Python or a log have them: `0x33, 0x00`, `{ 51, 0 }`. Out: their bytes.

use super::{Content, Piece};
use anyhow::{Result, bail};

pub(super) fn read(text: &str) -> Option<Result<Content>> {
    let text = without_comments(text);
    let lists = match (text.contains('{'), text.contains('[')) {
        (true, _) => between(&text, '{', '}'),
        (false, true) => between(&text, '[', ']'),
        (false, false) => vec![text.as_str()],
    };
    let mut pieces = Vec::new();
    // The size of an array stands in brackets, too: one number is no list.
    for list in lists {
        let numbers: Option<Vec<i64>> = tokens(list).map(number).collect();
        match numbers?.as_slice() {
            [] | [_] => {}
            numbers => pieces.push(bytes(numbers)),
        }
    }
    let content = |pieces| Content { pieces, ..Content::default() };
    (!pieces.is_empty()).then(|| pieces.into_iter().collect::<Result<_>>().map(content))
}

fn tokens(list: &str) -> impl Iterator<Item = &str> {
    list.split(|c: char| c == ',' || c.is_whitespace()).filter(|token| !token.is_empty())
}

fn number(token: &str) -> Option<i64> {
    match token.strip_prefix("0x").or_else(|| token.strip_prefix("0X")) {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => token.parse().ok(),
    }
}

/// A piece of numbers, which may be counted from -128 to 127.
pub(super) fn bytes(numbers: &[i64]) -> Result<Piece> {
    let mut bytes = Vec::with_capacity(numbers.len());
    for (at, &number) in (1..).zip(numbers) {
        match (u8::try_from(number), i8::try_from(number)) {
            (Ok(byte), _) => bytes.push(byte),
            (_, Ok(byte)) => bytes.push(byte.cast_unsigned()),
            _ => bail!("the number {at} of the list is {number}, which is no byte"),
        }
    }
    Ok(Piece { bytes, ..Piece::default() })
}

/// What stands between two signs, without those between them.
fn between(text: &str, open: char, close: char) -> Vec<&str> {
    text.split(open).skip(1).filter_map(|rest| Some(rest.split_once(close)?.0)).collect()
}

fn without_comments(text: &str) -> String {
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("/*") {
        left += before;
        left.push(' ');
        rest = comment.split_once("*/").map_or("", |(_, behind)| behind);
    }
    left += rest;
    left.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::dump;
    use super::*;

    #[test]
    fn lists_of_numbers_are_bytes() {
        let expected = [vec![0x33, 0, 0x2f]];
        let c =
            "unsigned char page[1024] = {\n  /* 0000 */ 0x33, 0x00, // 2\n  0x2f };\nunsigned int len = 3;";
        for text in ["0x33, 0x00, 0x2F", "0x33 0x00 0x2f", "51, 0, 47\n", "bytearray([0x33, 0x00, 0x2f])", c]
        {
            assert_eq!(dump::bytes(read(text)), expected, "{text}");
        }
        assert_eq!(dump::bytes(read("-1, 0, -128")), [vec![0xFF, 0, 0x80]], "as Java counts bytes");
        assert_eq!(dump::bytes(read("{1, 2}, {3, 4}")), [vec![1, 2], vec![3, 4]]);
        assert!(read("0x33, 0x133").is_some_and(|read| read.is_err()));
        for text in ["", "some words", "a, b", "7"] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
