// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the head of a message about a pump. Out: which pump, what the meter is to do, and what is expected of it.
//!
//! Source: `docs/protocol/nextlink.md`, section 3.

use super::codes::{OPERATION, Operation, REFUSAL, Refusal};
use crate::carrier::packet::SERIAL;
use crate::tree::checksum::{Check, CrcStatus};
use crate::tree::cursor::Cursor;
use crate::tree::expert::{METER_NAK, RESERVED_BITS, Stop, UNKNOWN_VALUE};
use crate::tree::seal::Method;
use crate::tree::sink::{Show, Sink, Value};
use nom::Parser as _;
use nom::bytes::complete::take;
use nom::number::complete::{be_u8, be_u16, le_u16};

/// How an envelope begins.
const KIND: u16 = 0x5101;

/// Where its parts lie.
mod at {
    pub const SERIAL: usize = 2;
    pub const OPERATION: usize = 18;
    pub const PAYLOAD: usize = 28;
    pub const CHECK: usize = 32;
}

/// How many digits a pump's serial number has.
const DIGITS: usize = 6;

/// Bytes before the payload.
pub const LENGTH: usize = at::CHECK + 1;

/// What is added to the number of parts, if there are several.
const SEVERAL: u16 = 0x1000;

crate::fields! {
    /// What is around a packet to or from a pump.
    ENVELOPE: Tree, "carelink.nextlink.envelope", "Envelope", Confirmed;
    /// What all envelopes begin with.
    KIND_FIELD: X16, "carelink.nextlink.kind", "Kind of Message", Confirmed;
    /// Zero in all known traffic.
    RESERVED: Bytes, "carelink.nextlink.reserved", "Reserved", Guessed;
    /// How often the meter may try again, times 16, plus 1.
    RETRY_BYTE: X8, "carelink.nextlink.retry", "Retry Byte", Inferred;
    /// How often the meter may try again.
    RETRIES: U8, "carelink.nextlink.retries", "Maximum Retries", Inferred;
    /// How long the meter may wait for the pump.
    TIMEOUT: U8, "carelink.nextlink.timeout", "Timeout", Inferred, unit " s";
    /// How many bytes the pump is to answer in several parts; 0 for a reply in one.
    EXPECTED: U16, "carelink.nextlink.expected", "Bytes Expected", Confirmed, unit " bytes";
    /// How many parts are expected, plus 0x1000 if there are several.
    PARTS_WORD: X16, "carelink.nextlink.parts_word", "Parts Word", Inferred;
    /// How many parts are expected.
    PARTS: U16, "carelink.nextlink.parts", "Parts Expected", Inferred;
    /// How many bytes follow the envelope.
    PAYLOAD_LENGTH: U16, "carelink.nextlink.length", "Payload Length", Confirmed, unit " bytes";
}

/// The part of an envelope that an answer repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// The pump's serial number, as text.
    pub serial: Digits,
    /// What the meter is to do.
    pub operation: Operation,
    /// How often it may try again, times 16, plus 1.
    pub retry: u8,
    /// How long it may wait for the pump, in seconds.
    pub timeout: u8,
    /// How many bytes are to come in several parts; 0 for a reply in one.
    pub expected: u16,
    /// The word that tells how many parts there are.
    pub parts: u16,
}

impl Echo {
    /// True if an envelope that repeats this much answers this one. All answers that were seen repeat the patience of the
    /// meter, too; but that tells no command from another.
    #[must_use]
    pub fn is_answered_by(&self, answer: &Self) -> bool {
        let telling = |echo: &Self| (echo.serial, echo.operation, echo.expected);
        telling(self) == telling(answer)
    }
}

/// An envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// What an answer repeats.
    pub echo: Echo,
    /// Why the meter could not do what it was asked to.
    pub refusal: Refusal,
    /// How many bytes follow.
    pub length: u16,
    /// Verdict on the sum of the whole message.
    pub check: CrcStatus,
}

/// A serial number as it is sent: text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digits(pub [u8; DIGITS]);

impl Digits {
    /// The digits, if they are any.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let digits = self.0.iter().all(u8::is_ascii_digit);
        str::from_utf8(&self.0).ok().filter(|_| digits).unwrap_or("(no digits)")
    }
}

impl Show for Digits {
    fn show(&self) -> Value<'_> {
        Value::Text(self.as_str())
    }
}

/// True if `message` begins as envelopes do.
#[must_use]
pub fn begins(message: &[u8]) -> bool {
    message.starts_with(&KIND.to_be_bytes())
}

/// The length of the message that begins so, if it is an envelope's and so much of it is here.
#[must_use]
pub fn message_length(start: &[u8]) -> Option<usize> {
    let payload = start.get(at::PAYLOAD..).filter(|_| begins(start))?;
    Some(LENGTH + usize::from(u16::from_le_bytes(*payload.first_chunk()?)))
}

/// True if nothing but an envelope looks so.
#[must_use]
pub fn opens(start: &[u8]) -> bool {
    let digits = start.get(at::SERIAL..at::SERIAL + DIGITS);
    let zeros = start.get(at::SERIAL + DIGITS..at::OPERATION);
    begins(start)
        && digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
        && zeros.is_some_and(|zeros| zeros.iter().all(|&byte| byte == 0))
        && start.get(at::OPERATION).is_some_and(|&number| Operation::from(number).name().is_some())
}

/// The sum that the message should have, if it is all here.
#[must_use]
pub fn sum(message: &[u8]) -> Option<u8> {
    let whole = message_length(message).is_some_and(|length| length <= message.len());
    let bytes = message.iter().enumerate().filter(|&(at, _)| at != at::CHECK);
    whole.then(|| bytes.fold(0, |sum: u8, (_, &byte)| sum.wrapping_add(byte)))
}

/// Reads an envelope; behind it, `c` has its payload.
///
/// # Errors
/// [`Stop`] if bytes are missing.
pub fn read<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<Envelope, Stop> {
    let computed = sum(c.rest());
    let (start, end) = (c.position(), c.position() + c.remaining());
    c.group(ENVELOPE, |c| {
        c.read(KIND_FIELD, be_u16)?;
        let serial = c.read(SERIAL, take(DIGITS).map(digits))?;
        if !serial.0.iter().all(u8::is_ascii_digit) {
            c.expert(UNKNOWN_VALUE, format_args!("a serial has decimal digits only"));
        }
        reserved(c, at::OPERATION - at::SERIAL - DIGITS)?;
        let operation = c.read(OPERATION, be_u8.map(Operation::from))?;
        if let Operation::Unknown(number) = operation {
            c.expert(UNKNOWN_VALUE, format_args!("{number:#04x} is not a known operation"));
        }
        let retry = c.packed(RETRY_BYTE, be_u8, |c, retry| c.derived(RETRIES, &(retry >> 4)))?;
        let timeout = c.read(TIMEOUT, be_u8)?;
        reserved(c, 2)?;
        let expected = c.read(EXPECTED, le_u16)?;
        let parts = c.packed(PARTS_WORD, le_u16, |c, word| c.derived(PARTS, &(word & !SEVERAL)))?;
        let refusal = c.read(REFUSAL, be_u8.map(Refusal::from))?;
        if refusal != Refusal::None {
            c.expert(METER_NAK, format_args!("{refusal}"));
        }
        let length = c.read(PAYLOAD_LENGTH, le_u16)?;
        reserved(c, 2)?;
        let sent = |sent: u8| Check { sent: sent.into(), computed: computed.map(u16::from) };
        let covered = (c.span(start, end), Method::Sum);
        let check = c.sealed(&"Message Checksum", 2, covered, be_u8.map(sent))?.status();
        c.title(format_args!("Envelope: {operation}, pump {}", serial.as_str()));
        let echo = Echo { serial, operation, retry, timeout, expected, parts };
        Ok(Envelope { echo, refusal, length, check })
    })
}

fn digits(bytes: &[u8]) -> Digits {
    Digits(bytes.try_into().unwrap_or_default())
}

fn reserved<S: Sink>(c: &mut Cursor<'_, '_, S>, len: usize) -> Result<(), Stop> {
    let bytes = c.read(RESERVED, take(len))?;
    if bytes.iter().any(|&byte| byte != 0) {
        c.expert(RESERVED_BITS, format_args!("zeros are expected"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::checksum::CRC;
    use crate::tree::outline::Outline;

    #[test]
    fn the_parts_lie_where_the_reader_reads_them() {
        let mut outline = Outline::default();
        read(&mut Cursor::new(&[0; LENGTH], 0, false, &mut outline)).expect("it is whole");
        let starts = [SERIAL, OPERATION, PAYLOAD_LENGTH, CRC]
            .map(|field| outline.nodes().iter().find(|node| node.field == field.id()).map(|node| node.start));
        let expected = [at::SERIAL, at::OPERATION, at::PAYLOAD, at::CHECK];
        assert_eq!(starts, expected.map(|at| u32::try_from(at).ok()));
    }

    #[test]
    fn the_sum_is_of_all_bytes_but_itself() {
        let mut message = vec![0x51, 0x01];
        message.extend(b"123456");
        message.resize(LENGTH, 0);
        message[at::OPERATION..][..3].copy_from_slice(&[0x10, 0x01, 0x1E]);
        assert_eq!(sum(&message), Some(0xB6));
        message[at::CHECK] = 0xFF;
        assert_eq!(sum(&message), Some(0xB6));
        assert!(opens(&message));
        message[at::PAYLOAD] = 1;
        assert_eq!(sum(&message), None, "its payload lacks");
    }
}
