// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what the stick received from a pump, as it answers Read Radio. Out: how it went, and the payload.

use super::codes::{INTERFACE, Interface, Opcode, REPLY_CODE, ReplyCode};
use super::context::Context;
use super::radio::{address, length_word};
use crate::pump;
use crate::pump::nak::Nak;
use crate::pump::serial::Serial;
use crate::tree::checksum::CrcStatus;
use crate::tree::crc::crc8;
use crate::tree::cursor::Cursor;
use crate::tree::diagnosis::{NO_REQUEST, PUMP_NAK, RADIO_TIMEOUT, SIZE_MISMATCH, Stop, UNKNOWN_VALUE};
use crate::tree::opaque::PADDING;
use crate::tree::sink::Sink;
use nom::Parser as _;
use nom::number::complete::{be_i8, be_u8};

/// Bytes before the payload.
pub const HEADER_LENGTH: usize = 13;
/// Bytes of a reply that are not payload.
pub const OVERHEAD: usize = HEADER_LENGTH + 1;

crate::open_enum! {
    /// What the pump did.
    pub enum ResponseType: u8 {
        Ack = 1 => "pump ACK",
        Nak = 2 => "pump NAK",
        Single = 3 => "data",
        Part = 4 => "part of data",
        Timeout = 5 => "timeout",
    }
}

crate::fields! {
    /// Header of what the radio received.
    HEADER: Tree, "carelink.radio.reply", "Radio Header", Confirmed;
    /// What the pump did.
    TYPE: U8, "carelink.radio.type", "Response Type", Confirmed, names ResponseType::NAMES;
    /// How often the stick had to try again.
    RETRIES: U8, "carelink.radio.retries", "Retries", Confirmed;
    /// Strength of the received signal; 0 when nothing was received.
    RSSI: I8, "carelink.radio.rssi", "RSSI", Confirmed, unit " dBm";
    /// What the pump sent.
    PAYLOAD: Bytes, "carelink.radio.payload", "Payload", Confirmed;
    /// Why the pump refused the command.
    NAK: U8, "carelink.pump.nak", "NAK Reason", Inferred, names Nak::NAMES;
    /// The byte that comes with an ACK; zero.
    ACK: Bytes, "carelink.pump.ack", "Acknowledge", Confirmed;
    /// The decoded payload.
    REPLY: Tree, "carelink.pump.reply", "Reply", Confirmed;
}

/// What the radio received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RadioReply {
    /// What the pump did.
    pub response: ResponseType,
    /// How often the stick had to try again.
    pub retries: u8,
    /// Strength of the received signal in dBm; 0 when nothing was received.
    pub rssi: i8,
    /// True if nothing follows for this command.
    pub end_of_data: bool,
    /// Length of the payload, which begins at [`HEADER_LENGTH`].
    pub length: u16,
    /// The pump that it came from.
    pub serial: Serial,
    /// Verdict on the header's check value.
    pub header_crc: CrcStatus,
    /// Verdict on the payload's check value.
    pub payload_crc: CrcStatus,
    /// Why the pump refused, if it did.
    pub nak: Option<Nak>,
}

/// Reads the reply from its first byte.
///
/// # Errors
/// [`Stop`] if bytes of the header are missing; a payload that is cut short is a note.
pub fn reply<S: Sink>(c: &mut Cursor<'_, '_, S>, context: &Context) -> Result<RadioReply, Stop> {
    let start = c.position();
    c.read(REPLY_CODE, be_u8.map(ReplyCode::from))?;
    let mut reply = header(c, start)?;
    let length = usize::from(reply.length);
    compare_size(c, length + OVERHEAD, context);
    if length == 0 {
        describe(c, &reply);
        c.read(PADDING, nom::bytes::complete::take(1usize))?;
        return Ok(reply);
    }
    let covered = c.rest().get(..length);
    if reply.response != ResponseType::Nak {
        describe(c, &reply);
    }
    reply.nak = c.within(length, |c| payload(c, &reply, context))?;
    reply.payload_crc = match c.crc8("Payload CRC", covered.map(crc8)) {
        Ok(check) => check.status(),
        Err(stop) => {
            c.note_stop(stop);
            CrcStatus::Unverified
        }
    };
    Ok(reply)
}

fn header<S: Sink>(c: &mut Cursor<'_, '_, S>, start: usize) -> Result<RadioReply, Stop> {
    c.group(HEADER, |c| {
        c.read(INTERFACE, be_u8.map(Interface::from))?;
        let response = c.read(TYPE, be_u8.map(ResponseType::from))?;
        match response {
            ResponseType::Timeout => c.note(RADIO_TIMEOUT, format_args!("")),
            ResponseType::Unknown(n) => {
                c.note(UNKNOWN_VALUE, format_args!("{n} is not a known response type"))
            }
            _ => {}
        }
        let retries = c.read(RETRIES, be_u8)?;
        let rssi = c.read(RSSI, be_i8)?;
        let word = length_word(c)?;
        let serial = address(c)?;
        let computed = crc8(c.since(start));
        let header_crc = c.crc8("Radio Header CRC", Some(computed))?.status();
        c.title(format_args!("Radio Header: {response}, pump {serial}"));
        Ok(RadioReply {
            response,
            retries,
            rssi,
            end_of_data: word.end_of_data(),
            length: word.length(),
            serial,
            header_crc,
            payload_crc: CrcStatus::NotPresent,
            nak: None,
        })
    })
}

fn compare_size<S: Sink>(c: &mut Cursor<'_, '_, S>, size: usize, context: &Context) {
    match context.answers {
        Some(answers) if answers.opcode == Opcode::ReadRadio => {
            if usize::from(answers.argument) != size {
                c.note(SIZE_MISMATCH, format_args!("{} bytes were asked for, {size} came", answers.argument));
            }
        }
        _ => c.note(NO_REQUEST, format_args!("Read Radio comes before")),
    }
}

fn payload<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    reply: &RadioReply,
    context: &Context,
) -> Result<Option<Nak>, Stop> {
    match reply.response {
        ResponseType::Nak => {
            let nak = c.read(NAK, be_u8.map(Nak::from))?;
            c.note(PUMP_NAK, format_args!("{nak}"));
            c.info(format_args!("Pump NAK: {nak}"));
            c.fill();
            Ok(Some(nak))
        }
        ResponseType::Ack => {
            c.read(ACK, nom::bytes::complete::take(1usize))?;
            c.fill();
            Ok(None)
        }
        ResponseType::Single if reply.end_of_data && context.whole_reply => {
            decode(c, context);
            Ok(None)
        }
        _ => {
            c.remainder(PAYLOAD);
            Ok(None)
        }
    }
}

/// Shows the payload of a whole reply by the opcode of the transaction it belongs to.
pub fn decode<S: Sink>(c: &mut Cursor<'_, '_, S>, context: &Context) {
    let Some(opcode) = context.pump_opcode.filter(|_| c.shows() || c.informs()) else {
        c.remainder(PAYLOAD);
        return;
    };
    // A group never fails here: it notes its own stops.
    let _ = c.group(REPLY, |c| {
        match pump::reply(opcode, c, context.pump) {
            Ok(Some(reply)) => c.info(format_args!("{reply}")),
            Ok(None) => {}
            Err(stop) => c.note_stop(stop),
        }
        c.fill();
        Ok(())
    });
}

fn describe<S: Sink>(c: &mut Cursor<'_, '_, S>, reply: &RadioReply) {
    let RadioReply { rssi, length, .. } = reply;
    let minus = if *rssi < 0 { "−" } else { "" };
    let strength = rssi.unsigned_abs();
    let end = if reply.end_of_data { ", end of data" } else { "" };
    match reply.response {
        ResponseType::Ack => c.info(format_args!("Pump ACK, RSSI {minus}{strength} dBm")),
        ResponseType::Timeout => {
            c.info(format_args!("Timeout: the pump did not answer after {} retries", reply.retries))
        }
        ResponseType::Single | ResponseType::Part => {
            c.info(format_args!("Radio data: {length} bytes, RSSI {minus}{strength} dBm{end}"));
        }
        other => c.info(format_args!("Radio reply: {other}")),
    }
}
