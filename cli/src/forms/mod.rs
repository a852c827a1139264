// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a file with pages, in any form that people keep them in. Out: their bytes.
//!
//! Each habit has a file of its own and a row in `FORMS`. What a form does not recognise is not its own; what it does, but
//! cannot read, is told by its line.

mod arrays;
mod canonical;
mod decocare;
mod digits;
mod dump;
mod json;
mod log;
mod words;
mod xxd;

use crate::page::Kind;
use anyhow::Result;
use carelink_core::pages;
use std::borrow::Cow;

/// Bytes that lie together in a file: a page, or several one after another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// What it holds, if its form tells.
    pub kind: Option<Kind>,
    /// The number of its first page, if its form tells.
    pub number: Option<u32>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// The bytes in it.
    pub pieces: Vec<Piece>,
    /// What of it is no bytes of a page, and is stepped over.
    pub notes: Vec<String>,
    /// Whether it is text.
    pub text: Text,
}

/// Whether a file is text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Text {
    /// It is bytes.
    No,
    /// It is, in a form that is known here.
    #[default]
    Known,
    /// It is, in none.
    Unknown,
}

impl Content {
    fn of(bytes: Vec<u8>) -> Self {
        Self { pieces: vec![Piece { bytes, ..Piece::default() }], ..Self::default() }
    }

    /// True if all of it has the size of pages.
    #[must_use]
    pub fn is_pages(&self) -> bool {
        self.pieces.iter().all(|piece| sized(piece.bytes.len()))
    }
}

/// A way to write bytes down. It gives nothing for a text that is of another.
type Form = fn(&str) -> Option<Result<Content>>;

/// In the order in which they are tried: those that nothing else is taken for come first.
const FORMS: [Form; 9] = [
    log::history_page,
    log::data,
    xxd::read,
    decocare::read,
    canonical::read,
    words::dump,
    json::read,
    arrays::read,
    digits::read,
];

/// How forms are named in messages.
pub const KNOWN: &str = "hexadecimal digits, base64, dumps of xxd, hexdump and decocare, lines of Loop's log, arrays of C, and JSON of records";

/// True if `len` bytes can be pages, with or without their check values.
fn sized(len: usize) -> bool {
    let fits = |size: usize| len > 0 && len.is_multiple_of(size);
    Kind::ALL.into_iter().any(|kind| kind.size().is_some_and(fits) || pages::unsealed(kind).is_some_and(fits))
}

/// Reads what a file holds.
///
/// # Errors
/// If it is of a known form, but damaged.
pub fn read(file: &[u8]) -> Result<Content> {
    let Some(text) = text(file) else {
        let bytes = words::binary(file).unwrap_or_else(|| file.to_owned());
        return Ok(Content { text: Text::No, ..Content::of(bytes) });
    };
    let unknown = || Content { text: Text::Unknown, ..Content::of(file.to_owned()) };
    FORMS.iter().find_map(|form| form(&text)).unwrap_or_else(|| Ok(unknown()))
}

/// The same, and mends pages that have one part too many.
///
/// # Errors
/// As [`read`].
pub fn read_mended(file: &[u8]) -> Result<Content> {
    let mut content = read(file)?;
    for piece in &mut content.pieces {
        let too_many = |kind: Kind| pages::one_part_too_many(kind, &piece.bytes);
        if let Some(at) = Kind::ALL.into_iter().find_map(too_many) {
            piece.bytes.drain(at..at + pages::PART);
            content.notes.push(format!(
                "{} bytes are one part too many of a page: the {} from byte {at} on are left out, without which, and in no \
                 other way, its CRC-16 is good",
                piece.bytes.len() + pages::PART,
                pages::PART
            ));
        }
    }
    Ok(content)
}

/// The text that a file is, if it is one.
fn text(file: &[u8]) -> Option<Cow<'_, str>> {
    let (text, _, faulty) = encoding_rs::UTF_8.decode(file);
    let plain = |c: char| !c.is_control() || c.is_ascii_whitespace();
    (!faulty && text.chars().all(plain)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text of each form, cut off anywhere and with any letter replaced, is read or refused, and nothing else.
    #[test]
    fn damaged_text_is_read_or_refused() {
        let texts = [
            "HistoryPage 00 - (bytes 000-003): 7b140020\nHistoryPage 00 - (bytes 004-005): 0a0b\n",
            "Fetched page 0: <6d2f0505 1e>\n",
            "00000000: 7b00 c000 000c 1000  {.......\n00000008: 2800  (.\n",
            "0000   0x33 0x00 0x2f    3./\n0003   0x0A    .\n",
            "00000000  7b 00 c0 00 00 0c 10 00  28 00 61 62 63 64 65 66  |{.......(.abcdef|\n*\n00000030\n",
            "0000000 007b 00c0 0c00 0010\n0000008 00aa\n0000009\n",
            r#"[{"Type":"Rewind","Time":"2016-01-01T13:26:07Z","Data":"IQBHGg0BEA=="}]"#,
            "unsigned char page[3] = { 0x33, /* 0 */ 0x00, 47 };",
            "7B-14-00",
        ];
        for text in texts {
            assert!(read(text.as_bytes()).is_ok_and(|content| content.text == Text::Known), "{text}");
            for at in 0..text.len() {
                let _ = read(&text.as_bytes()[..at]);
                for other in b"09fF:-x*<>{}[] \n\"\\\xFF" {
                    let mut text = text.as_bytes().to_vec();
                    text[at] = *other;
                    let _ = read(&text);
                }
            }
        }
    }
}
