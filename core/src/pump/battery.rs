// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a reply to Read Battery (0x72). Out: how the pump judges its battery, and the voltage.

use super::block::{Block, Context};
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use crate::units::quantities::Centivolts;
use nom::Parser;
use nom::number::complete::be_u16;
use std::fmt;

crate::fields! {
    /// The pump's battery.
    HEAD: Tree, "carelink.pump.battery", "Battery", Confirmed;
    /// How the pump judges its battery.
    STATUS: U8, "carelink.pump.battery.status", "Status", Confirmed, names BatteryStatus::NAMES;
    /// Cell voltage, sent by the pump in hundredths of a volt.
    VOLTAGE: F64, "carelink.pump.battery.voltage", "Voltage", Confirmed, unit " V";
}

crate::open_enum! {
    /// How a pump judges its battery.
    pub enum BatteryStatus: u8 {
        Normal = 0 => "normal",
        Low = 1 => "low",
        Off = 2 => "off",
    }
}

/// The state of a pump's battery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Battery {
    /// How the pump judges it.
    pub status: BatteryStatus,
    /// Cell voltage.
    pub voltage: Centivolts,
}

/// More than any cell of the size has.
const MOST: Centivolts = Centivolts(200);

impl Block for Battery {
    const HEAD: Option<Field> = Some(HEAD);
    const NOUN: &'static str = "battery";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        let status = c.choice(STATUS)?;
        let voltage = c.read(VOLTAGE, be_u16.map(Centivolts))?;
        c.expect(voltage <= MOST, "at most 2 V from one cell");
        Ok(Self { status, voltage })
    }
}

impl fmt::Display for Battery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.status, self.voltage)
    }
}
