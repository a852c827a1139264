// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a dump byte by byte, as `hexdump -C`, `od -t x1` and PowerShell's `Format-Hex` write it. Out: its bytes.

use super::Content;
use super::dump::{Line, gather, offset};
use anyhow::Result;

/// Bytes in half a line, between which and the rest there may be two blanks.
const HALF: usize = 8;

pub(super) fn read(text: &str) -> Option<Result<Content>> {
    gather(text, line)
}

fn line(text: &str) -> Option<Line<'_>> {
    let (offset, rest) = offset(text)?;
    // The bytes as letters stand between bars, behind a `>`, or behind two blanks.
    let data = rest.split(['|', '>']).next()?;
    if !data.is_empty() && !data.starts_with(char::is_whitespace) {
        return None;
    }
    let mut bytes = Vec::new();
    for (at, part) in data.trim().split("  ").enumerate() {
        let tokens = part.split_whitespace();
        let of_part: Option<Vec<u8>> = tokens.map(byte).collect();
        match of_part {
            Some(of_part) if at == 0 || (at == 1 && bytes.len() == HALF) => bytes.extend(of_part),
            None if at == 0 => return None,
            _ => break,
        }
    }
    Some((offset, bytes))
}

fn byte(token: &str) -> Option<u8> {
    u8::from_str_radix(token, 16).ok().filter(|_| token.len() == 2)
}

#[cfg(test)]
mod tests {
    use super::super::dump::bytes;
    use super::*;

    #[test]
    fn a_star_stands_for_lines_that_are_the_same() {
        let dump = "00000000  7b 00 c0 00 00 0c 10 00  28 00 61 62 63 64 65 66  |{.......(.abcdef|\n\
                    00000010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n\
                    *\n00000040  aa bb                                             |..|\n00000042\n";
        let mut expected = b"\x7b\0\xc0\0\0\x0c\x10\0\x28\0abcdef".to_vec();
        expected.resize(64, 0);
        expected.extend([0xaa, 0xbb]);
        assert_eq!(bytes(read(dump)), [expected]);
    }

    #[test]
    fn other_programs_write_the_same() {
        let expected = [b"\x7b\0\xc0\0\0\x0c\x10\0\x28\0abcdef\x01".to_vec()];
        let od = "0000000 7b 00 c0 00 00 0c 10 00 28 00 61 62 63 64 65 66\n0000020 01\n0000021\n";
        assert_eq!(bytes(read(od)), expected, "its offsets are octal");
        let power_shell = "           00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F\n\n\
            00000000   7B 00 C0 00 00 0C 10 00 28 00 61 62 63 64 65 66  {.......(.abcdef\n\
            00000010   01                                               .\n";
        assert_eq!(bytes(read(power_shell)), expected);
    }

    #[test]
    fn bare_digits_are_no_dump() {
        assert!(read("7b14 00 20\n00 10\n").is_none());
        assert!(read("0000 1000\n").is_none());
    }
}
