// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what a packet to the pump and one from it have in common. Out: whom it is for or from, and its length.
//!
//! Source: `docs/protocol/stick.md`, section 3.

use crate::carrier::packet::{self, DeviceType};
use crate::pump::serial::Serial;
use crate::tree::crc::crc8;
use crate::tree::cursor::Cursor;
use crate::tree::expert::{Stop, UNKNOWN_VALUE};
use crate::tree::sink::{Show, Sink, Value};
use nom::Parser as _;
use nom::number::complete::{be_u8, be_u16};

crate::open_enum! {
    /// The maker of the device.
    pub enum Vendor: u8 {
        Medtronic = 0x01 => "Medtronic",
    }
}

crate::fields! {
    /// The maker of the device.
    VENDOR: X8, "carelink.radio.vendor", "Vendor", Confirmed, names Vendor::NAMES;
    /// The two bytes that hold the flag "end of data" and a length.
    LENGTH_WORD: X16, "carelink.radio.length_word", "End of Data and Length", Confirmed;
    /// Nothing follows for this command.
    END_OF_DATA: Flag, "carelink.radio.end_of_data", "End of Data", Confirmed;
    /// Length of the payload, or count of the parameters.
    LENGTH: U16, "carelink.radio.length", "Length", Confirmed, unit " bytes";
}

/// True if the bytes at `device` of a header, and the one after it, name a pump of the maker's.
pub(super) fn of_a_pump(header: &[u8], device: usize) -> [bool; 2] {
    let is = |at: usize, test: &dyn Fn(u8) -> bool| header.get(at).is_some_and(|&byte| test(byte));
    [
        is(device, &|byte| DeviceType::from(byte) == DeviceType::Pump),
        is(device + 1, &|byte| Vendor::from(byte) == Vendor::Medtronic),
    ]
}

/// The length in the length word at `at` of a header.
pub(super) fn length_at(header: &[u8], at: usize) -> Option<usize> {
    let word = LengthWord(u16::from_be_bytes(*header.get(at..)?.first_chunk()?));
    Some(word.length().into())
}

/// True if the byte at `crc` of a header is the check value of all before it.
pub(super) fn sealed(header: &[u8], crc: usize) -> bool {
    header.get(crc).is_some_and(|&sent| crc8(&header[..crc]) == sent)
}

/// A length of 15 bits, and the flag "end of data".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LengthWord(pub u16);

impl LengthWord {
    /// Nothing follows for this command.
    #[must_use]
    pub const fn end_of_data(self) -> bool {
        self.0 & 0x8000 != 0
    }

    /// The length in bytes.
    #[must_use]
    pub const fn length(self) -> u16 {
        self.0 & 0x7fff
    }
}

impl Show for LengthWord {
    fn show(&self) -> Value<'_> {
        Value::Unsigned(self.0.into())
    }
}

pub(super) fn length_word<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<LengthWord, Stop> {
    c.packed(LENGTH_WORD, be_u16.map(LengthWord), |c, word| {
        c.derived(END_OF_DATA, &word.end_of_data());
        c.derived(LENGTH, &word.length());
    })
}

/// Device type, vendor and serial: whom the packet is for, or from whom it came.
pub(super) fn address<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<Serial, Stop> {
    packet::device_type(c)?;
    let vendor = c.read(VENDOR, be_u8.map(Vendor::from))?;
    if let Vendor::Unknown(number) = vendor {
        c.expert(UNKNOWN_VALUE, format_args!("{number:#04x} is not a known vendor"));
    }
    packet::serial(c)
}
