// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what host and meter say to each other in the style of ASTM. Out: control characters, words, frames with records.
//!
//! Source: `docs/protocol/nextlink.md`, section 2.

use super::codes::{CONTROL, Control, Word};
use super::record::{self, Characters, printable};
use crate::transfer::Direction;
use crate::tree::checksum::Check;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::opaque::UNKNOWN;
use crate::tree::seal::{Method, in_digits, sum};
use crate::tree::sink::Sink;
use nom::Parser as _;
use nom::bytes::complete::take;
use nom::number::complete::be_u8;

crate::fields! {
    /// What the host says to the meter: W|, Q| and 1| switch remote mode on, 0| switches it off, X asks for the header record.
    WORD: Text, "carelink.nextlink.word", "Word to the Meter", Inferred;
    /// A frame of the meter: number, record, check value.
    FRAME: Tree, "carelink.nextlink.frame", "Frame", Confirmed;
    /// The number of a frame, one digit.
    FRAME_NUMBER: Text, "carelink.nextlink.frame.number", "Frame Number", Confirmed;
}

/// A word has no more characters.
const WORD_LENGTH: usize = 2;

/// A message is no dialogue if one byte in so many is neither a character nor a control character.
const DIALOGUE: usize = 4;

/// What a message of the dialogue says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialogue {
    /// Its first byte, as what a host may say.
    pub word: Word,
    /// True if it is a refusal, and nothing else.
    pub refuses: bool,
}

/// Reads a message of the dialogue to its end.
pub fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, direction: Direction) -> Dialogue {
    let rest = c.rest();
    let word = Word::from(rest.first().copied().unwrap_or_default());
    if !seems(rest) {
        let _ = unknown(c, rest.len());
    }
    while let Some(&byte) = c.rest().first() {
        // A group never fails here: what cannot be read stays for the next round, and is then claimed as unknown.
        let _ = match Control::from(byte) {
            Control::Stx => c.group(FRAME, frame),
            Control::Unknown(_) if printable(byte) => words(c, direction),
            Control::Unknown(_) => unknown_run(c),
            control => control_character(c, control),
        };
    }
    Dialogue { word, refuses: rest == [Control::Nak.into()] }
}

/// True if nearly all bytes are characters or control characters.
#[must_use]
pub fn seems(bytes: &[u8]) -> bool {
    bytes.iter().filter(|&&byte| !known(byte)).count() * DIALOGUE <= bytes.len()
}

/// True for what a dialogue consists of.
fn known(byte: u8) -> bool {
    printable(byte) || Control::from(byte).name().is_some()
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
    let length = run(c);
    if direction == Direction::FromStick {
        return record::read(c, length);
    }
    let name = c.rest().first().and_then(|&first| Word::from(first).name());
    let Some(name) = name.filter(|_| length <= WORD_LENGTH) else { return record::unknown(c, length) };
    c.read(WORD, take(length).map(Characters))?;
    c.info(format_args!("{name}"));
    Ok(())
}

fn unknown_run<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<(), Stop> {
    let length = c.rest().iter().position(|&byte| known(byte)).unwrap_or(c.remaining());
    unknown(c, length)
}

fn unknown<S: Sink>(c: &mut Cursor<'_, '_, S>, length: usize) -> Result<(), Stop> {
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
        record::read(c, length)?;
    }
    loop {
        let next = c.rest().first().map(|&byte| Control::from(byte));
        match next {
            Some(Control::Cr | Control::Lf) => {
                c.read(CONTROL, be_u8)?;
            }
            Some(Control::Etb | Control::Etx) => {
                c.read(CONTROL, be_u8)?;
                let computed = sum(c.since(start));
                checksum(c, start, computed)?;
            }
            _ => return Ok(()),
        }
    }
}

fn checksum<S: Sink>(c: &mut Cursor<'_, '_, S>, start: usize, computed: u8) -> Result<(), Stop> {
    const DIGITS: usize = 2;
    if let Some(sent) = c.rest().get(..DIGITS).and_then(in_digits) {
        let check = Check { sent: sent.into(), computed: Some(computed.into()) };
        let covered = (c.span_since(start), Method::SumInDigits);
        c.sealed(&"Frame Checksum", DIGITS, covered, take(DIGITS).map(|_: &[u8]| check))?;
    }
    Ok(())
}
