// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what the stick received from a pump, as it answers Read Radio. Out: how it went, and the payload.

use super::codes::{INTERFACE, Interface, REPLY_CODE, ReplyCode, speaker};
use super::radio::{self, address, length_word};
use crate::carrier::context::Context;
use crate::carrier::packet;
use crate::pump::Opcode;
use crate::pump::nak::Nak;
use crate::pump::serial::Serial;
use crate::tree::checksum::CrcStatus;
use crate::tree::cursor::Cursor;
use crate::tree::expert::{NO_REQUEST, RADIO_TIMEOUT, SIZE_MISMATCH, Stop, UNKNOWN_VALUE};
use crate::tree::opaque::PADDING;
use crate::tree::sink::Sink;
use crate::units::count;
use crate::view::payload::{PAYLOAD, decode};
use nom::Parser as _;
use nom::number::complete::{be_i8, be_u8};

/// Where the parts of the header lie.
mod at {
    pub const INTERFACE: usize = 1;
    pub const TYPE: usize = 2;
    pub const LENGTH: usize = 5;
    pub const DEVICE: usize = 7;
    pub const CRC: usize = 12;
}

/// Bytes before the payload.
pub const HEADER_LENGTH: usize = at::CRC + 1;
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
}

/// True if `reply` begins with a header from a pump whose check value is good.
#[must_use]
pub fn sealed(reply: &[u8]) -> bool {
    let [pump, _] = radio::of_a_pump(reply, at::DEVICE);
    speaker(reply) == Some(ReplyCode::Pump) && pump && radio::sealed(reply, at::CRC)
}

/// The length of the reply that begins with this header.
#[must_use]
pub fn length(header: &[u8]) -> Option<usize> {
    radio::length_at(header, at::LENGTH).map(|payload| payload + OVERHEAD)
}

/// True if the reply that begins so may yet turn out to have a header.
#[must_use]
pub fn may_begin(start: &[u8]) -> bool {
    speaker(start) == Some(ReplyCode::Pump) && start.len() < HEADER_LENGTH
}

/// What each known header has.
fn marks(header: &[u8]) -> [bool; 5] {
    let is = |at: usize, test: &dyn Fn(u8) -> bool| header.get(at).is_some_and(|&byte| test(byte));
    let [device, vendor] = radio::of_a_pump(header, at::DEVICE);
    [
        speaker(header) == Some(ReplyCode::Pump),
        is(at::INTERFACE, &|byte| Interface::from(byte) == Interface::Radio),
        is(at::TYPE, &|byte| ResponseType::from(byte).name().is_some()),
        device,
        vendor,
    ]
}

/// True if `reply` begins like a reply of `size` bytes with at most one part of its header damaged.
#[must_use]
pub fn resembles(reply: &[u8], size: usize) -> bool {
    let marks = marks(reply).into_iter().chain([length(reply) == Some(size)]);
    marks.filter(|&mark| !mark).count() <= 1
}

/// True if nothing but a stick's reply to Read Radio looks so.
#[must_use]
pub fn is_sure(reply: &[u8]) -> bool {
    sealed(reply) && marks(reply).into_iter().all(|mark| mark)
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

/// Reads the reply from its first byte. `asked` is how many bytes the host asked for, if its request is known.
///
/// # Errors
/// [`Stop`] if bytes of the header are missing; a payload that is cut short is a note.
pub fn reply<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    asked: Option<u16>,
    context: &Context,
) -> Result<RadioReply, Stop> {
    let start = c.position();
    c.read(REPLY_CODE, be_u8.map(ReplyCode::from))?;
    let mut reply = header(c, start)?;
    let length = usize::from(reply.length);
    compare_size(c, length + OVERHEAD, asked);
    if length == 0 {
        describe(c, &reply, context.pump_opcode);
        c.read(PADDING, nom::bytes::complete::take(1usize))?;
        return Ok(reply);
    }
    let payload_at = c.position();
    if reply.response != ResponseType::Nak {
        describe(c, &reply, context.pump_opcode);
    }
    reply.nak = c.within(length, |c| payload(c, &reply, context))?;
    reply.payload_crc = match c.crc8(&"Payload CRC", payload_at) {
        Ok(check) => check.status(),
        Err(stop) => {
            c.expert_stop(stop);
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
            ResponseType::Timeout => c.expert(RADIO_TIMEOUT, format_args!("")),
            ResponseType::Unknown(n) => {
                c.expert(UNKNOWN_VALUE, format_args!("{n} is not a known response type"))
            }
            _ => {}
        }
        let retries = c.read(RETRIES, be_u8)?;
        let rssi = c.read(RSSI, be_i8)?;
        let word = length_word(c)?;
        let serial = address(c)?;
        let header_crc = c.crc8(&"Radio Header CRC", start)?.status();
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

fn compare_size<S: Sink>(c: &mut Cursor<'_, '_, S>, size: usize, asked: Option<u16>) {
    match asked {
        Some(asked) if usize::from(asked) != size => {
            c.expert(SIZE_MISMATCH, format_args!("{asked} bytes were asked for, {size} came"));
        }
        Some(_) => {}
        None => c.expert(NO_REQUEST, format_args!("Read Radio comes before")),
    }
}

fn payload<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    reply: &RadioReply,
    context: &Context,
) -> Result<Option<Nak>, Stop> {
    match reply.response {
        ResponseType::Nak => packet::nak(c).map(Some),
        ResponseType::Ack => {
            c.read(packet::ACK, nom::bytes::complete::take(1usize))?;
            c.fill();
            Ok(None)
        }
        ResponseType::Single if reply.end_of_data && context.whole_reply => {
            decode(context.pump_opcode, context.pump, c);
            Ok(None)
        }
        _ => {
            c.remainder(PAYLOAD);
            Ok(None)
        }
    }
}

/// Says how it came, and how much if nobody knows what it belongs to.
fn describe<S: Sink>(c: &mut Cursor<'_, '_, S>, reply: &RadioReply, asked: Option<Opcode>) {
    let RadioReply { rssi, length, .. } = reply;
    match reply.response {
        ResponseType::Ack => {
            if let Some(asked) = asked {
                c.info(format_args!("{asked}"));
            }
            c.info(format_args!("Pump ACK, RSSI {rssi} dBm"));
        }
        ResponseType::Timeout => {
            c.info(format_args!("Timeout: the pump did not answer after {} retries", reply.retries))
        }
        ResponseType::Single | ResponseType::Part if asked.is_some() => {
            c.info(format_args!("RSSI {rssi} dBm"));
        }
        ResponseType::Single | ResponseType::Part => {
            c.info(format_args!("{}, RSSI {rssi} dBm", count::bytes(*length)));
        }
        other => c.info(format_args!("Radio reply: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::packet::DEVICE_TYPE;
    use crate::stick::radio::LENGTH_WORD;
    use crate::tree::checksum::CRC;
    use crate::tree::outline::Outline;

    #[test]
    fn the_parts_of_the_header_lie_where_the_reader_reads_them() {
        let mut outline = Outline::default();
        let bytes = [0; HEADER_LENGTH + 1];
        reply(&mut Cursor::new(&bytes, 0, false, &mut outline), None, &Context::default())
            .expect("it is whole");
        let starts = [INTERFACE, TYPE, LENGTH_WORD, DEVICE_TYPE, CRC]
            .map(|field| outline.nodes().iter().find(|node| node.field == field.id()).map(|node| node.start));
        assert_eq!(
            starts,
            [at::INTERFACE, at::TYPE, at::LENGTH, at::DEVICE, at::CRC].map(|at| u32::try_from(at).ok())
        );
    }
}
