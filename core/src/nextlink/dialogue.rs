// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what host and meter say to each other in the style of ASTM. Out: control characters, words, frames with records.
//!
//! Source: `docs/protocol/nextlink.md`, section 2.

use super::codes::{CONTROL, Control, Word};
use crate::transfer::Direction;
use crate::tree::checksum::Check;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::opaque::UNKNOWN;
use crate::tree::sink::{Show, Sink, Value};
use nom::Parser as _;
use nom::bytes::complete::take;
use nom::number::complete::be_u8;

crate::fields! {
    /// What the host says to the meter: W|, Q| and 1| switch remote mode on, 0| switches it off, X asks for the header record.
    WORD: Text, "carelink.nextlink.word", "Word to the Meter", Inferred;
    /// Text of the meter outside of any frame.
    TEXT: Text, "carelink.nextlink.text", "Text", Confirmed;
    /// A frame of the meter: number, record, check value.
    FRAME: Tree, "carelink.nextlink.frame", "Frame", Confirmed;
    /// The number of a frame, one digit.
    FRAME_NUMBER: Text, "carelink.nextlink.frame.number", "Frame Number", Confirmed;
    /// A record of the meter, or what a frame holds of one.
    RECORD: Text, "carelink.nextlink.record", "Record", Confirmed;
    /// The record in which the meter says what it is.
    HEADER: Text, "carelink.nextlink.header", "Header Record", Confirmed;
    /// The meter's product name.
    PRODUCT: Text, "carelink.nextlink.header.product", "Product", Confirmed;
    /// Versions of the meter's software.
    VERSIONS: Text, "carelink.nextlink.header.versions", "Versions", Inferred;
    /// The meter's serial number.
    SERIAL: Text, "carelink.nextlink.header.serial", "Meter Serial", Inferred, identity Text;
}

/// How the header record begins.
const HEADER_MARK: &[u8] = b"H|";

/// Product names of meters with a link to pumps begin so.
const PRODUCTS: [&str; 2] = ["Bayer6200", "Bayer6300"];

/// What a message of the dialogue says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialogue {
    /// Its first byte, as what a host may say.
    pub word: Word,
    /// True if it is a refusal, and nothing else.
    pub refuses: bool,
}

/// Characters that can be shown, as they are.
#[derive(Clone, Copy, Debug)]
struct Characters<'b>(&'b [u8]);

impl Show for Characters<'_> {
    fn show(&self) -> Value<'_> {
        Value::Text(str::from_utf8(self.0).unwrap_or_default())
    }
}

/// Reads a message of the dialogue to its end.
pub fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, direction: Direction) -> Dialogue {
    let rest = c.rest();
    let word = Word::from(rest.first().copied().unwrap_or_default());
    while let Some(&byte) = c.rest().first() {
        // A group never fails here: what cannot be read stays for the next round, and is then claimed as unknown.
        let _ = match Control::from(byte) {
            Control::Stx => c.group(FRAME, frame),
            Control::Unknown(_) if printable(byte) => words(c, direction),
            Control::Unknown(_) => unknown(c),
            control => control_character(c, control),
        };
    }
    Dialogue { word, refuses: rest == [Control::Nak.into()] }
}

/// The product that a header record in `message` names.
#[must_use]
pub fn product(message: &[u8]) -> Option<&str> {
    let start = message.windows(HEADER_MARK.len()).position(|window| window == HEADER_MARK)?;
    let record = message[start..].split(|&byte| !printable(byte)).next()?;
    header(record).next()
}

/// True if `message` has the header record of a meter with a link to pumps.
#[must_use]
pub fn introduces(message: &[u8]) -> bool {
    product(message).is_some_and(|product| PRODUCTS.contains(&product))
}

/// What a header record says of the meter: product, versions, serial number.
fn header(record: &[u8]) -> impl Iterator<Item = &str> {
    const SENDER: usize = 4;
    let sender = str::from_utf8(record).ok().and_then(|record| record.split('|').nth(SENDER));
    sender.into_iter().flat_map(|sender| sender.split('^')).take(3)
}

fn printable(byte: u8) -> bool {
    byte == b' ' || byte.is_ascii_graphic()
}

/// How many of the next bytes can be shown as text.
fn run<S: Sink>(c: &Cursor<'_, '_, S>) -> usize {
    c.rest().iter().take_while(|&&byte| printable(byte)).count()
}

fn control_character<S: Sink>(c: &mut Cursor<'_, '_, S>, control: Control) -> Result<(), Stop> {
    c.read(CONTROL, be_u8)?;
    if !matches!(control, Control::Cr | Control::Lf) {
        c.info(format_args!("{control}"));
    }
    Ok(())
}

fn words<S: Sink>(c: &mut Cursor<'_, '_, S>, direction: Direction) -> Result<(), Stop> {
    let field = if direction == Direction::ToStick { WORD } else { TEXT };
    let text = c.read(field, take(run(c)).map(Characters))?.0;
    let name = text.first().and_then(|&first| Word::from(first).name());
    match name.filter(|_| direction == Direction::ToStick && text.len() <= 2) {
        Some(name) => c.info(format_args!("{name}")),
        None => c.info(format_args!("{}", str::from_utf8(text).unwrap_or_default())),
    }
    Ok(())
}

fn unknown<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<(), Stop> {
    let known = |&byte: &u8| printable(byte) || Control::from(byte).name().is_some();
    let length = c.rest().iter().position(known).unwrap_or(c.remaining());
    c.info(format_args!("{length} bytes"));
    c.read(UNKNOWN, take(length))?;
    Ok(())
}

/// STX, the frame's number, a record and its end, a check value as two hexadecimal digits, CR, LF: as far as they are there.
fn frame<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<(), Stop> {
    c.read(CONTROL, be_u8)?;
    let start = c.position();
    if c.rest().first().is_some_and(u8::is_ascii_digit) {
        c.read(FRAME_NUMBER, take(1usize).map(Characters))?;
    }
    let length = run(c);
    if length > 0 {
        record(c, length)?;
    }
    loop {
        let next = c.rest().first().map(|&byte| Control::from(byte));
        match next {
            Some(Control::Cr | Control::Lf) => {
                c.read(CONTROL, be_u8)?;
            }
            Some(Control::Etb | Control::Etx) => {
                c.read(CONTROL, be_u8)?;
                let sum = c.since(start).iter().fold(0, |sum: u8, &byte| sum.wrapping_add(byte));
                checksum(c, start, sum)?;
            }
            _ => return Ok(()),
        }
    }
}

fn record<S: Sink>(c: &mut Cursor<'_, '_, S>, length: usize) -> Result<(), Stop> {
    if !c.rest().starts_with(HEADER_MARK) {
        let text = c.read(RECORD, take(length).map(Characters))?.0;
        c.info(format_args!("{}", str::from_utf8(text).unwrap_or_default()));
        return Ok(());
    }
    c.packed(HEADER, take(length).map(Characters), |c, text| {
        let parts = header(text.0);
        for (field, part) in [PRODUCT, VERSIONS, SERIAL].into_iter().zip(parts) {
            if field == PRODUCT {
                c.info(format_args!("Header Record: {part}"));
            }
            c.derived(field, &part);
        }
    })?;
    Ok(())
}

fn checksum<S: Sink>(c: &mut Cursor<'_, '_, S>, start: usize, computed: u8) -> Result<(), Stop> {
    let digits = c.rest().first_chunk::<2>().and_then(|digits| str::from_utf8(digits).ok());
    if let Some(sent) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
        let check = Check { sent: sent.into(), computed: Some(computed.into()) };
        c.check("Frame Checksum", 2, start, take(2usize).map(|_: &[u8]| check))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_record_names_the_meter() {
        let message = b"\x04\x021H|\\^&||abcdef|Bayer6300^01.22\\01.13^6301-1234567|A=1\r\x17";
        assert_eq!(product(message), Some("Bayer6300"));
        assert!(introduces(message));
        assert!(!introduces(b"\x021H|\\^&||abcdef|Bayer7410^01.22|"), "another meter of the maker's");
        assert!(!introduces(b"\x06"));
    }
}
