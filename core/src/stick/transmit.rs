// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the host's command to send a packet. Out: the pump, the opcode, and the parameters.

use super::codes::{INTERFACE, Interface};
use super::command::Request;
use super::length::Length;
use super::radio::{self, address, length_word};
use crate::carrier::context::Context;
use crate::carrier::packet;
use crate::pump::Opcode;
use crate::pump::serial::Serial;
use crate::tree::checksum::CrcStatus;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::opaque::{PADDING, UNKNOWN};
use crate::tree::sink::Sink;
use nom::Parser as _;
use nom::number::complete::be_u8;

/// Where the parts of the header lie, from the stick's opcode on.
mod at {
    pub const INTERFACE: usize = 1;
    pub const DEVICE: usize = 2;
    pub const LENGTH: usize = 7;
    pub const CRC: usize = 14;
}

/// Bytes before the parameters.
pub const HEADER_LENGTH: usize = at::CRC + 1;
/// Bytes of a transmit frame that are not parameters.
pub const OVERHEAD: usize = HEADER_LENGTH + 1;

crate::fields! {
    /// Header of a packet to a pump.
    HEADER: Tree, "carelink.radio.transmit", "Transmit Header", Confirmed;
    /// How often the packet is repeated as a burst: 0x55 for power control, which wakes the pump, else 0.
    REPEAT: X8, "carelink.radio.transmit.repeat", "Repeat", Confirmed;
    /// How often the stick may try again.
    RETRIES: U8, "carelink.radio.transmit.retries", "Maximum Retries", Confirmed;
    /// How much the pump is to answer: 0 nothing, 1 up to 64 bytes, 2 more.
    PAGES: U8, "carelink.radio.transmit.pages", "Expected Pages", Confirmed;
    /// Zero in all known traffic.
    RESERVED: Bytes, "carelink.radio.transmit.reserved", "Reserved", Guessed;
}

/// A packet to a pump, without its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// The pump.
    pub serial: Serial,
    /// The pump's command.
    pub opcode: Opcode,
    /// How many bytes of parameters follow.
    pub parameters: u16,
    /// The first parameter, if there is one.
    pub first: Option<u8>,
    /// How often the stick may try again.
    pub retries: u8,
    /// How much the pump is to answer: 0 nothing, 1 up to 64 bytes, 2 more.
    pub pages: u8,
    /// Verdict on the header's check value.
    pub header_crc: CrcStatus,
    /// Verdict on the parameters' check value.
    pub parameters_crc: CrcStatus,
}

impl Transmit {
    /// True for the command that switches the pump's radio off; the stick does not answer it.
    #[must_use]
    pub fn powers_off(&self) -> bool {
        self.opcode == Opcode::POWER_CONTROL && self.first == Some(0)
    }

    /// True if the header's check value is good, so that pump and opcode are what they say.
    #[must_use]
    pub fn header_good(&self) -> bool {
        self.header_crc == CrcStatus::Good
    }

    /// True if both check values are good, as far as there are any.
    #[must_use]
    pub fn crcs_good(&self) -> bool {
        self.header_good() && matches!(self.parameters_crc, CrcStatus::Good | CrcStatus::NotPresent)
    }
}

/// The marks of a packet that is for a pump, as far as the bytes go.
fn marks(bytes: &[u8]) -> impl Iterator<Item = bool> {
    let over_radio = bytes.get(at::INTERFACE).is_some_and(|&byte| Interface::from(byte) == Interface::Radio);
    let [device, vendor] = radio::of_a_pump(bytes, at::DEVICE);
    [over_radio, device, vendor].into_iter().take(bytes.len().saturating_sub(at::INTERFACE))
}

/// The length of the command that begins `bytes`, whose first is its opcode.
pub(super) fn length(bytes: &[u8]) -> Length {
    if !marks(bytes).all(|mark| mark) {
        return Length::None;
    }
    radio::length_at(bytes, at::LENGTH).map_or(Length::Open, |parameters| Length::Is(OVERHEAD + parameters))
}

/// True if `bytes`, whose first is its opcode, may begin such a command; they must reach to the kind of device.
pub(super) fn begins(bytes: &[u8]) -> bool {
    bytes.len() > at::DEVICE && marks(bytes).take(at::DEVICE).all(|mark| mark)
}

/// True if `bytes` begin with a header whose check value is good.
pub(super) fn sealed(bytes: &[u8]) -> bool {
    marks(bytes).all(|mark| mark) && radio::sealed(bytes, at::CRC)
}

impl Request for Transmit {
    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, context: &Context) -> Result<Self, Stop> {
        transmit(c, context)
    }
}

/// Reads the frame after its stick opcode.
///
/// # Errors
/// [`Stop`] if bytes of the header are missing; missing parameters are a note.
fn transmit<S: Sink>(c: &mut Cursor<'_, '_, S>, context: &Context) -> Result<Transmit, Stop> {
    let start = c.position() - 1;
    c.read(INTERFACE, be_u8.map(Interface::from))?;
    let mut packet = c.group(HEADER, |c| {
        let serial = address(c)?;
        let parameters = length_word(c)?.length();
        c.read(REPEAT, be_u8)?;
        let retries = c.read(RETRIES, be_u8)?;
        let pages = c.read(PAGES, be_u8)?;
        c.read(RESERVED, nom::bytes::complete::take(1usize))?;
        let opcode = packet::opcode(c)?;
        c.info(format_args!("{opcode} → pump {serial}"));
        c.title(format_args!("Transmit Header: {opcode}, pump {serial}"));
        let (header_crc, parameters_crc) = (CrcStatus::Unverified, CrcStatus::NotPresent);
        Ok(Transmit { serial, opcode, parameters, first: None, retries, pages, header_crc, parameters_crc })
    })?;
    packet.header_crc = c.crc8(&"Transmit Header CRC", start)?.status();
    packet.first = c.rest().first().copied().filter(|_| packet.parameters > 0);
    packet.parameters_crc = parameters(c, packet, context).unwrap_or_else(|stop| {
        c.expert_stop(stop);
        c.remainder(UNKNOWN);
        CrcStatus::Unverified
    });
    Ok(packet)
}

fn parameters<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    sent: Transmit,
    context: &Context,
) -> Result<CrcStatus, Stop> {
    let length = usize::from(sent.parameters);
    if length == 0 {
        // There is nothing to check; the byte is there all the same, and zero.
        c.read(PADDING, nom::bytes::complete::take(1usize))?;
        return Ok(CrcStatus::NotPresent);
    }
    let start = c.position();
    packet::parameters(c, sent.opcode, length, context.pump)?;
    Ok(c.crc8(&"Parameters CRC", start)?.status())
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
        let bytes = [0; OVERHEAD];
        let mut c = Cursor::new(&bytes, 0, false, &mut outline);
        c.seek(at::INTERFACE);
        transmit(&mut c, &Context::default()).expect("it is whole");
        let starts = [INTERFACE, DEVICE_TYPE, LENGTH_WORD, CRC]
            .map(|field| outline.nodes().iter().find(|node| node.field == field.id()).map(|node| node.start));
        assert_eq!(starts, [at::INTERFACE, at::DEVICE, at::LENGTH, at::CRC].map(|at| u32::try_from(at).ok()));
    }
}
