// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the lines of a dump, each an offset and bytes. Out: the bytes, in pieces that begin at offset 0.

use super::{Content, Piece};
use anyhow::{Result, bail};

/// What a line of a dump says: its offset in digits, and its bytes; none if it only tells where the dump ends.
pub(super) type Line<'t> = (&'t str, Vec<u8>);

/// What a line is.
enum Row<'t> {
    Bytes(&'t str, Vec<u8>),
    /// More of the line before, up to the offset of the next one.
    Repeat,
}

/// Puts the lines of a dump together; nothing if the text is no dump of this form.
pub(super) fn gather(text: &str, line: fn(&str) -> Option<Line<'_>>) -> Option<Result<Content>> {
    let (mut rows, mut others) = (Vec::new(), Vec::new());
    for (number, text) in (1..).zip(text.lines()) {
        match line(text) {
            Some((offset, bytes)) => rows.push((number, Row::Bytes(offset, bytes))),
            None if text.trim() == "*" => rows.push((number, Row::Repeat)),
            None if text.trim().is_empty() => {}
            None => others.push(number),
        }
    }
    let radix = radix(&rows)?;
    Some(pieces(rows, radix).map(|pieces| Content { pieces, notes: left_out(&others), ..Content::default() }))
}

fn left_out(others: &[usize]) -> Vec<String> {
    let note = |first: &usize| match others.len() {
        1 => format!("line {first} is none of the dump and is stepped over"),
        count => {
            format!("{count} lines are none of the dump and are stepped over, the first is line {first}")
        }
    };
    others.first().map(note).into_iter().collect()
}

/// What offsets are counted in: the first is 0, and the second follows from the length of the first line.
fn radix(rows: &[(usize, Row<'_>)]) -> Option<u32> {
    let (_, Row::Bytes(first, bytes)) = rows.first()? else { return None };
    if bytes.is_empty() || first.bytes().any(|digit| digit != b'0') {
        return None;
    }
    let second = match rows.get(1) {
        Some((_, Row::Bytes(second, _))) => second,
        _ => return Some(16),
    };
    let offset = |radix| usize::from_str_radix(second, radix).ok();
    [16, 8, 10]
        .into_iter()
        .find(|&radix| matches!(offset(radix), Some(offset) if offset == bytes.len() || offset == 0))
}

fn pieces(rows: Vec<(usize, Row<'_>)>, radix: u32) -> Result<Vec<Piece>> {
    let (mut pieces, mut bytes, mut last) = (Vec::new(), Vec::new(), Vec::new());
    let mut repeat = false;
    for (number, row) in rows {
        let (offset, line) = match row {
            Row::Repeat => {
                repeat = true;
                continue;
            }
            Row::Bytes(offset, line) => (usize::from_str_radix(offset, radix)?, line),
        };
        if offset == 0 && !bytes.is_empty() && !repeat {
            pieces.push(Piece { bytes: std::mem::take(&mut bytes), ..Piece::default() });
        }
        let lacking = offset.checked_sub(bytes.len());
        match lacking {
            Some(lacking) if repeat && !last.is_empty() && lacking <= MOST => {
                bytes.extend(last.iter().copied().cycle().take(lacking));
            }
            // A dump of words fills the last one up.
            None if line.is_empty() && offset + 1 == bytes.len() => bytes.truncate(offset),
            Some(0) => {}
            _ => bail!(
                "line {number} of the dump begins at byte {offset}, where byte {} is to come",
                bytes.len()
            ),
        }
        repeat = false;
        bytes.extend(&line);
        if !line.is_empty() {
            last = line;
        }
    }
    pieces.push(Piece { bytes, ..Piece::default() });
    Ok(pieces)
}

/// The most bytes that one `*` stands for.
const MOST: usize = 1 << 20;

/// The offset that a line begins with, four to sixteen hexadecimal digits, and the rest of the line.
pub(super) fn offset(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let end = line.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(line.len());
    (4..=16).contains(&end).then(|| line.split_at(end))
}

#[cfg(test)]
pub(super) fn bytes(content: Option<Result<Content>>) -> Vec<Vec<u8>> {
    let content = content.expect("it is of this form").expect("it is whole");
    content.pieces.into_iter().map(|piece| piece.bytes).collect()
}
