// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a dump as decocare prints it, `0000   0x33 0x00 0x2f   3./`. Out: its bytes.

use super::Content;
use super::dump::{Line, gather, offset};
use anyhow::Result;

pub(super) fn read(text: &str) -> Option<Result<Content>> {
    gather(text, line)
}

/// Bytes with one blank between them; what follows three is the bytes as letters.
fn line(text: &str) -> Option<Line<'_>> {
    let (offset, rest) = offset(text)?;
    let data = rest.trim_start().split("  ").next()?;
    let byte = |token: &str| u8::from_str_radix(token.strip_prefix("0x")?, 16).ok();
    let bytes: Vec<u8> = data.split_whitespace().map(byte).collect::<Option<_>>()?;
    (!bytes.is_empty()).then_some((offset, bytes))
}

#[cfg(test)]
mod tests {
    use super::super::dump::bytes;
    use super::*;

    #[test]
    fn log_lines_around_a_dump_are_told() {
        let dump = "INFO:root:page 0\n    0000   0x33 0x00 0x2f 0x30 0x78 0x20 0x41 0x00    3./0x A.\n    0008   0x0A    .\n";
        assert_eq!(bytes(read(dump)), [vec![0x33, 0, 0x2f, 0x30, 0x78, 0x20, 0x41, 0, 0x0A]]);
        let notes = read(dump).expect("a dump").expect("it is whole").notes;
        assert_eq!(notes, ["line 1 is none of the dump and is stepped over"]);
    }
}
