// SPDX-License-Identifier: GPL-2.0-or-later
//! In: bytes in words: a dump of plain `hexdump`, two in a word, or a file of 32-bit numbers, one in each. Out: the bytes.

use super::dump::{Line, gather, offset};
use super::{Content, sized};
use anyhow::Result;

/// A dump of plain `hexdump`: the second byte of a word comes first.
pub(super) fn dump(text: &str) -> Option<Result<Content>> {
    gather(text, line)
}

fn line(text: &str) -> Option<Line<'_>> {
    let (offset, rest) = offset(text)?;
    let word = |token: &str| u16::from_str_radix(token, 16).ok().filter(|_| token.len() == 4);
    let words: Option<Vec<_>> = rest.split_whitespace().map(word).collect();
    Some((offset, words?.into_iter().flat_map(u16::to_le_bytes).collect()))
}

/// The bytes of a file that has a 32-bit number for each, in either order: no page is mostly zeros in just those places.
pub(super) fn binary(file: &[u8]) -> Option<Vec<u8>> {
    let (words, rest) = file.as_chunks::<4>();
    if !rest.is_empty() || !sized(words.len()) || file.iter().all(|&byte| byte == 0) {
        return None;
    }
    let little = words.iter().all(|word| word[1..] == [0; 3]);
    let big = words.iter().all(|word| word[..3] == [0; 3]);
    (little || big).then(|| words.iter().map(|word| word[if little { 0 } else { 3 }]).collect())
}

#[cfg(test)]
mod tests {
    use super::super::dump::bytes;
    use super::*;

    #[test]
    fn the_second_byte_of_a_word_comes_first() {
        let dump_of_nine = "0000000 007b 00c0 0c00 0010\n0000008 00aa\n0000009\n";
        assert_eq!(bytes(dump(dump_of_nine)), [vec![0x7b, 0, 0xc0, 0, 0, 0x0c, 0x10, 0, 0xaa]]);
        assert!(dump("7b14 0020 1a0c\n1015 0a0b 0c0d\n").is_none(), "bare digits");
    }

    #[test]
    fn numbers_of_32_bits_are_bytes_in_either_order() {
        let page: Vec<u8> = (0..1024_u16).map(|at| at.to_le_bytes()[0]).collect();
        let little: Vec<u8> = page.iter().flat_map(|&byte| u32::from(byte).to_le_bytes()).collect();
        let big: Vec<u8> = page.iter().flat_map(|&byte| u32::from(byte).to_be_bytes()).collect();
        assert_eq!(binary(&little), Some(page.clone()));
        assert_eq!(binary(&big), Some(page.clone()));
        assert_eq!(binary(&page), None);
        assert_eq!(binary(&[0; 4096]), None, "four empty pages, for all that is known");
        assert_eq!(binary(&little[..400]), None, "no size of a page");
    }
}
