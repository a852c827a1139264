// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the request to hand over what the radio received. Out: how many bytes it asks for.

use super::codes::{INTERFACE, Interface};
use crate::tree::crc::crc8;
use crate::tree::cursor::Cursor;
use crate::tree::diagnosis::Stop;
use crate::tree::sink::Sink;
use nom::Parser as _;
use nom::number::complete::{be_u8, be_u16};

crate::fields! {
    /// How many bytes the host asks for: as many as the status before it announced, including the 14 bytes of the frame around them.
    SIZE: U16, "carelink.stick.read_radio.size", "Bytes to Read", Confirmed, unit " bytes";
}

/// Reads the bytes behind the opcode.
///
/// # Errors
/// [`Stop`] if bytes are missing.
pub fn request<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<u16, Stop> {
    let start = c.position() - 1;
    c.read(INTERFACE, be_u8.map(Interface::from))?;
    let size = c.read(SIZE, be_u16)?;
    c.info(format_args!("Read Radio: {size} bytes waiting"));
    let computed = crc8(c.since(start));
    c.crc8("Request CRC", Some(computed))?;
    Ok(size)
}
