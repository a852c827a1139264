// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what a packet to or from a pump holds, whatever carries it. Out: the opcode, the parameters, the refusal.

use crate::pump::model::Pump;
use crate::pump::nak::Nak;
use crate::pump::serial::Serial;
use crate::pump::{self, Opcode, Parameters};
use crate::tree::cursor::Cursor;
use crate::tree::expert::{CHANGES_THERAPY, PUMP_NAK, Stop, UNKNOWN_OPCODE, UNKNOWN_VALUE};
use crate::tree::opaque::UNKNOWN;
use crate::tree::sink::Sink;
use nom::Parser as _;
use nom::number::complete::be_u8;

crate::open_enum! {
    /// The kind of device that a radio packet speaks for.
    pub enum DeviceType: u8 {
        MySentry = 0xa2 => "MySentry",
        Meter = 0xa5 => "glucose meter",
        Remote = 0xa6 => "remote control",
        Pump = 0xa7 => "pump or CareLink",
        Sensor = 0xa8 => "sensor",
    }
}

crate::fields! {
    /// The kind of device that the packet speaks for.
    DEVICE_TYPE: X8, "carelink.radio.device_type", "Device Type", Confirmed, names DeviceType::NAMES;
    /// Six digits on the pump's back, sent as packed BCD; in a meter's envelope, as text.
    SERIAL: Text, "carelink.pump.serial", "Pump Serial", Confirmed, identity Serial;
    /// The pump's command; on other frames of the same transaction, the command that they belong to.
    OPCODE: X8, "carelink.pump.opcode", "Pump Opcode", Confirmed, names pump::NAMES;
    /// Parameters of the pump's command.
    PARAMETERS: Tree, "carelink.pump.parameters", "Parameters", Confirmed;
    /// Why the pump refused the command.
    NAK: U8, "carelink.pump.nak", "NAK Reason", Inferred, names Nak::NAMES;
    /// The byte that comes with an ACK: zero behind the stick, 6 behind a meter.
    ACK: Bytes, "carelink.pump.ack", "Acknowledge", Confirmed;
}

/// Reads the kind of device that a packet speaks for.
///
/// # Errors
/// [`Stop`] if it is missing.
pub(crate) fn device_type<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<DeviceType, Stop> {
    let device = c.read(DEVICE_TYPE, be_u8.map(DeviceType::from))?;
    if let DeviceType::Unknown(number) = device {
        c.expert(UNKNOWN_VALUE, format_args!("{number:#04x} is not a known device type"));
    }
    Ok(device)
}

/// Reads the pump's serial number as packets hold it.
///
/// # Errors
/// [`Stop`] if bytes are missing.
pub(crate) fn serial<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<Serial, Stop> {
    let serial = c.read(SERIAL, nom::bytes::complete::take(3usize).map(Serial::new))?;
    if !serial.decimal() {
        c.expert(UNKNOWN_VALUE, format_args!("a serial has decimal digits only"));
    }
    Ok(serial)
}

/// Reads the opcode of a command to a pump.
///
/// # Errors
/// [`Stop`] if it is missing.
pub(crate) fn opcode<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<Opcode, Stop> {
    let opcode = c.read(OPCODE, be_u8.map(Opcode))?;
    match opcode.command() {
        Some(command) if command.therapy => c.expert(CHANGES_THERAPY, format_args!("{opcode}")),
        Some(_) => {}
        None => c.expert(UNKNOWN_OPCODE, format_args!("{:#04x} is not a known command of a pump", opcode.0)),
    }
    Ok(opcode)
}

/// Shows the next `length` bytes as the parameters of a command.
///
/// # Errors
/// [`Stop`] if bytes are missing; those that are there are claimed.
pub(crate) fn parameters<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    opcode: Opcode,
    length: usize,
    pump: Pump,
) -> Result<(), Stop> {
    let whole = length <= c.remaining();
    if c.shows() || c.wants_info() {
        c.within(length, |c| {
            c.group(PARAMETERS, |c| {
                match pump::parameters(opcode, c, pump) {
                    // Its number alone, away from the command's name, would say nothing.
                    Ok(Some(page @ Parameters::Page(_))) => c.info(format_args!("{page}")),
                    Ok(Some(parameters)) => c.info(format_args!("{parameters:#}")),
                    Ok(None) => {}
                    Err(stop) => c.expert_stop(stop),
                }
                c.remainder(UNKNOWN);
                Ok(())
            })
        })?;
    } else {
        c.seek(c.position() + length);
    }
    if whole { Ok(()) } else { Err(c.stop()) }
}

/// Reads why a pump refused, and what is behind it.
///
/// # Errors
/// [`Stop`] if it is missing.
pub(crate) fn nak<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<Nak, Stop> {
    let nak = c.read(NAK, be_u8.map(Nak::from))?;
    c.expert(PUMP_NAK, format_args!("{nak}"));
    c.info(format_args!("Pump NAK: {nak}"));
    c.fill();
    Ok(nak)
}
