// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the request to hand over what the radio received. Out: how many bytes it asks for.

use super::codes::{INTERFACE, Interface};
use super::command::Request;
use crate::carrier::context::Context;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::sink::Sink;
use crate::units::count;
use nom::Parser as _;
use nom::number::complete::{be_u8, be_u16};

crate::fields! {
    /// How many bytes the host asks for: as many as the status before it announced, including the 14 bytes of the frame around them.
    SIZE: U16, "carelink.stick.read_radio.size", "Bytes to Read", Confirmed, unit " bytes";
}

/// How many bytes the host asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u16);

impl Request for Size {
    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: &Context) -> Result<Self, Stop> {
        let start = c.position() - 1;
        c.read(INTERFACE, be_u8.map(Interface::from))?;
        let size = c.read(SIZE, be_u16)?;
        c.info(format_args!("Read Radio: {} waiting", count::bytes(size)));
        c.crc8(&"Request CRC", start)?;
        Ok(Self(size))
    }

    fn argument(&self) -> u16 {
        self.0
    }
}
