// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a dump as `xxd` and Emacs write it, `00000000: 7b00 c000  {...`. Out: its bytes.

use super::Content;
use super::dump::{Line, gather, offset};
use anyhow::Result;

pub(super) fn read(text: &str) -> Option<Result<Content>> {
    gather(text, line)
}

/// Groups of digits with one blank between them; what follows two is the bytes as letters.
fn line(text: &str) -> Option<Line<'_>> {
    let (offset, rest) = offset(text)?;
    let data = rest.strip_prefix(':')?.trim_start().split("  ").next()?;
    let digits: String = data.split_whitespace().collect();
    Some((offset, hex::decode(digits).ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::dump::bytes;
    use super::*;

    #[test]
    fn bytes_and_not_letters_are_read() {
        let dump = "00000000: 7b00 c000 000c 1000 2800 0abe 6162 6364  {.......(...abcd\n\
                    00000010: 6162 63                                  abc\n";
        let expected = b"\x7b\0\xc0\0\0\x0c\x10\0\x28\0\x0a\xbeabcdabc";
        assert_eq!(bytes(read(dump)), [expected]);
        assert_eq!(bytes(read(&dump.replace("00000010", "00000000"))).len(), 2, "another file begins");
        assert!(read(&dump.replace("00000010", "00000030")).is_none(), "no dump begins so");
        let third = dump.to_owned() + "00000014: 61\n";
        assert!(read(&third).is_some_and(|read| read.is_err()), "a byte is missing");
    }
}
