// SPDX-License-Identifier: GPL-2.0-or-later
//! In: Read Clock (0x70) replies and Set Clock (0x40) parameters. Out: the pump's date and time, which has no zone.

use super::block::{Block, Context};
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use crate::units::clock::PumpTime;
use jiff::civil::Date;
use nom::Parser;
use nom::number::complete::{be_u16, u8};
use std::fmt;

crate::fields! {
    /// The pump's clock.
    HEAD: Tree, "carelink.pump.clock", "Clock", Confirmed;
    /// Date and time of the pump's clock, in local time: a pump knows of no time zone.
    TIME: Clock, "carelink.pump.clock.time", "Time", Confirmed, redate |time, _, to| put_day(time.get_mut(3..).unwrap_or_default(), to);
}

/// Writes a day as pumps have it in commands and replies: the year in two bytes, month, day.
pub(super) fn put_day(bytes: &mut [u8], to: Date) {
    let [high, low] = to.year().to_be_bytes();
    let day = [high, low, to.month().cast_unsigned(), to.day().cast_unsigned()];
    bytes.iter_mut().zip(day).for_each(|(byte, with)| *byte = with);
}

/// The date and time that a pump has, or is told to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Local time.
    pub time: PumpTime,
}

impl Block for Clock {
    const HEAD: Option<Field> = Some(HEAD);
    const NOUN: &'static str = "clock";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        let parts = (u8, u8, u8, be_u16, u8, u8);
        let time = c.clock(
            TIME,
            parts.map(|(hour, minute, second, year, month, day)| {
                PumpTime::new(year, month, day, hour, minute, second)
            }),
        )?;
        if let Some(at) = time.valid() {
            c.expect((2000..=2099).contains(&at.year()), "2000 to 2099");
        }
        Ok(Self { time })
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.time.fmt(f)
    }
}
