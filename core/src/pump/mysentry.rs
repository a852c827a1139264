// SPDX-License-Identifier: GPL-2.0-or-later
//! In: replies to Read Other Devices IDs (0xF0) and Read Settings Change Counter (0xEC). Out: the pump's companions.

use super::block::{Block, Context};
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::field::Field;
use crate::tree::opaque::{LEFT_OVER, PADDING, UNKNOWN};
use crate::tree::sink::Sink;
use arrayvec::ArrayVec;
use nom::bytes::complete::take;
use nom::number::complete::{be_u16, be_u32, u8};
use std::fmt;

crate::fields! {
    /// The devices (MySentry) that the pump sends to.
    HEAD: Tree, "carelink.pump.other_devices", "Other Devices", Inferred;
    /// How many devices the pump sends to.
    COUNT: U8, "carelink.pump.other_devices.count", "Count", Inferred;
    /// Identity of a device.
    ID: X32, "carelink.pump.other_devices.id", "Device", Inferred, identity Packed;
    /// Counter that grows by one when certain settings change.
    COUNTER: U16, "carelink.pump.settings_counter", "Settings Change Counter", Inferred;
}

/// The devices that a pump sends to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherDevices(pub ArrayVec<u32, 12>);

impl Block for OtherDevices {
    const HEAD: Option<Field> = Some(HEAD);
    const NOUN: &'static str = "other devices";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        let count = c.read(COUNT, u8)?;
        c.expect(count <= 12, "no more than a reply has room for");
        c.read(UNKNOWN, take(1usize))?;
        let mut ids = ArrayVec::new();
        for _ in 0..count.min(12) {
            ids.push(c.read(ID, be_u32)?);
            c.read(UNKNOWN, take(1usize))?;
        }
        let clean = c.rest().iter().all(|&byte| byte == 0);
        c.remainder(if clean { PADDING } else { LEFT_OVER });
        Ok(Self(ids))
    }
}

impl fmt::Display for OtherDevices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.0.as_slice() else { return f.write_str("none") };
        write!(f, "{first:08X}")?;
        rest.iter().try_for_each(|id| write!(f, ", {id:08X}"))
    }
}

/// A counter that grows by one when certain settings change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingsCounter(pub u16);

impl Block for SettingsCounter {
    const HEAD: Option<Field> = None;
    const NOUN: &'static str = "settings change counter";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        c.read(COUNTER, be_u16).map(Self)
    }
}

impl fmt::Display for SettingsCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
