// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what an envelope holds. Out: the command to the pump, or what the pump says.
//!
//! Source: `docs/protocol/nextlink.md`, section 3.

use super::codes::{Control, Operation, Refusal};
use super::envelope::Envelope;
use crate::carrier::context::Context;
use crate::carrier::packet;
use crate::pump::Opcode;
use crate::pump::nak::Nak;
use crate::pump::serial::Serial;
use crate::transfer::Direction;
use crate::tree::checksum::CrcStatus;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::opaque::UNKNOWN;
use crate::tree::sink::Sink;
use crate::units::count::bytes;
use crate::view::payload::{PAYLOAD, decode};
use nom::bytes::complete::take;
use nom::number::complete::be_u8;

/// Where the parts of a packet to a pump lie.
mod at {
    pub const COUNT: usize = 5;
}

/// Bytes before the parameters.
pub const HEADER_LENGTH: usize = at::COUNT + 1;

crate::fields! {
    /// A packet to a pump, as the meter sends it over the radio.
    PACKET: Tree, "carelink.nextlink.packet", "Packet to the Pump", Confirmed;
    /// How many bytes of parameters there are.
    COUNT: U8, "carelink.nextlink.packet.count", "Parameter Count", Confirmed;
    /// Says that a refusal of the pump follows.
    PUMP_NAK_MARK: X8, "carelink.nextlink.pump_nak", "Pump NAK", Confirmed, names Control::NAMES;
}

/// A packet to a pump, without its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The pump.
    pub serial: Serial,
    /// What it is to do.
    pub opcode: Opcode,
    /// How many bytes of parameters there are.
    pub count: u8,
    /// Verdict on its check value.
    pub crc: CrcStatus,
}

/// What an envelope holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Nothing.
    Empty,
    /// A packet to a pump.
    Packet(Packet),
    /// The pump took the command.
    Ack,
    /// The pump refused the command.
    Nak(Nak),
    /// What the pump sent.
    Data,
    /// Something to a pump that is no packet.
    Other,
}

/// Reads the payload of an envelope, which is all that `c` has.
///
/// # Errors
/// [`Stop`] if bytes are missing; those that are there are claimed.
pub fn read<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    direction: Direction,
    envelope: &Envelope,
    context: &Context,
) -> Result<Payload, Stop> {
    let Envelope { echo, refusal, length, .. } = *envelope;
    let digits = echo.serial.as_str();
    match (direction, echo.operation) {
        (Direction::ToStick, Operation::Send) if length > 0 => return to_pump(c, context),
        (Direction::ToStick, operation) => c.info(format_args!("{operation} → pump {digits}")),
        (Direction::FromStick, operation) if refusal != Refusal::None => {
            c.info(format_args!("Meter NAK of {operation}: {refusal}"));
        }
        (Direction::FromStick, Operation::Send) if length > 0 => return from_pump(c, envelope, context),
        (Direction::FromStick, Operation::Send) => c.info(format_args!("Nothing from the pump")),
        (Direction::FromStick, operation) => c.info(format_args!("{operation}: done, pump {digits}")),
    }
    let empty = c.remaining() == 0;
    c.remainder(PAYLOAD);
    Ok(if empty { Payload::Empty } else { Payload::Other })
}

fn to_pump<S: Sink>(c: &mut Cursor<'_, '_, S>, context: &Context) -> Result<Payload, Stop> {
    c.group(PACKET, |c| {
        let read = packet(c, context);
        if read.is_err() {
            c.remainder(UNKNOWN);
        }
        read
    })
    .map(Payload::Packet)
}

fn packet<S: Sink>(c: &mut Cursor<'_, '_, S>, context: &Context) -> Result<Packet, Stop> {
    let start = c.position();
    packet::device_type(c)?;
    let serial = packet::serial(c)?;
    let opcode = packet::opcode(c)?;
    c.title(format_args!("Packet to the Pump: {opcode}, pump {serial}"));
    c.info(format_args!("{opcode} → pump {serial}"));
    let count = c.read(COUNT, be_u8)?;
    let left = c.remaining().checked_sub(1).ok_or_else(|| c.stop())?;
    if count > 0 {
        c.within(left, |c| packet::parameters(c, opcode, count.into(), context.pump))?;
    }
    if c.remaining() > 1 {
        let left = c.remaining() - 1;
        c.within(left, |c| {
            c.fill();
            Ok(())
        })?;
    }
    let crc = c.crc8(&"Packet CRC", start)?.status();
    Ok(Packet { serial, opcode, count, crc })
}

fn from_pump<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    envelope: &Envelope,
    context: &Context,
) -> Result<Payload, Stop> {
    const ACK: u8 = 0x06;
    const NAK: u8 = 0x15;
    match (c.rest(), envelope.length) {
        ([ACK], 1) => {
            c.read(packet::ACK, take(1usize))?;
            if let Some(asked) = context.pump_opcode {
                c.info(format_args!("{asked}"));
            }
            c.info(format_args!("Pump ACK"));
            Ok(Payload::Ack)
        }
        ([NAK, _], 2) => {
            c.read(PUMP_NAK_MARK, be_u8)?;
            packet::nak(c).map(Payload::Nak)
        }
        _ => {
            let length = c.remaining();
            match envelope.echo.expected {
                0 => c.info(format_args!("Pump data: {}", bytes(length))),
                expected => c.info(format_args!("Pump data: {} of {expected}", bytes(length))),
            }
            if context.whole_reply {
                decode(context.pump_opcode, context.pump, c);
            } else {
                c.remainder(PAYLOAD);
            }
            Ok(Payload::Data)
        }
    }
}
