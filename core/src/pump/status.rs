// SPDX-License-Identifier: GPL-2.0-or-later
//! In: replies to Read Error Status (0x75), Read Pump State (0x83), Read Pump Status (0xCE). Out: what the pump is at.

use super::block::{Block, Context};
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use nom::number::complete::u8;
use std::fmt;

crate::fields! {
    /// The alarm that is active; 0 for none. The vendor's reader takes 100 off numbers above 100.
    ALARM: U8, "carelink.pump.error.alarm", "Alarm", Confirmed, names Alarm::NAMES;
    /// What the pump is doing. On the 511, 0 means normal.
    STATE: U8, "carelink.pump.state", "State", Confirmed, names PumpState::NAMES;
    /// What the pump is doing.
    HEAD: Tree, "carelink.pump.status", "Pump Status", Confirmed;
    /// What the pump is doing, by the same numbers as its state.
    STATUS: U8, "carelink.pump.status.state", "State", Confirmed, names PumpState::NAMES;
    /// A bolus is being delivered.
    BOLUSING: Flag, "carelink.pump.status.bolusing", "Bolusing", Inferred;
    /// Delivery is suspended.
    SUSPENDED: Flag, "carelink.pump.status.suspended", "Suspended", Inferred;
}

crate::open_enum! {
    /// Alarms of a pump; the history counts them by the same numbers.
    pub enum Alarm: u8 {
        None = 0 => "none",
        BatteryOut = 3 => "battery out limit exceeded",
        NoDelivery = 4 => "no delivery",
        BatteryDepleted = 5 => "battery depleted",
        AutoOff = 6 => "auto off",
        DeviceReset = 16 => "device reset",
        DeviceResetBattery17 = 17 => "device reset, battery issue",
        DeviceResetBattery21 = 21 => "device reset, battery issue",
        MaxHourlyBolus = 51 => "max hourly bolus",
        ButtonError = 59 => "button error",
        ReprogramError = 61 => "reprogram error",
        EmptyReservoir = 62 => "empty reservoir",
        LowReservoir = 82 => "low reservoir",
    }
}

/// The alarm that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorStatus(pub Alarm);

impl Block for ErrorStatus {
    const HEAD: Option<Field> = None;
    const NOUN: &'static str = "alarm";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        c.choice(ALARM).map(Self)
    }
}

impl fmt::Display for ErrorStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

crate::open_enum! {
    /// What a pump is at, from the 512 on.
    pub enum PumpState: u8 {
        Rewinding = 0 => "rewinding",
        Preparing = 1 => "preparing to prime",
        Priming = 2 => "priming",
        Normal = 3 => "normal",
    }
}

/// What a pump is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As the 512 and later count it.
    Now(PumpState),
    /// As the 511 counts it: 0 is normal, the others are not known.
    Old(u8),
}

impl State {
    /// True if the pump is in use.
    #[must_use]
    pub fn normal(self) -> bool {
        matches!(self, Self::Now(PumpState::Normal) | Self::Old(0))
    }
}

impl Block for State {
    const HEAD: Option<Field> = None;
    const NOUN: &'static str = "state";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, of: Context) -> Result<Self, Stop> {
        if of.pump.model.is_none_or(|model| model.family() != 11) {
            return c.choice(STATE).map(Self::Now);
        }
        let state = Self::Old(c.read(STATE, u8)?);
        c.relabel(format_args!("State: {state}"));
        Ok(state)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(state) => state.fmt(f),
            Self::Old(0) => f.write_str("normal"),
            Self::Old(other) => write!(f, "not normal ({other})"),
        }
    }
}

/// What a pump is at, from the 515 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PumpStatus {
    /// Whether it is ready.
    pub state: PumpState,
    /// A bolus is being delivered.
    pub bolusing: bool,
    /// Delivery is suspended.
    pub suspended: bool,
}

impl Block for PumpStatus {
    const HEAD: Option<Field> = Some(HEAD);
    const NOUN: &'static str = "status";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        Ok(Self { state: c.choice(STATUS)?, bolusing: c.flag(BOLUSING)?, suspended: c.flag(SUSPENDED)? })
    }
}

impl fmt::Display for PumpStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bolusing = if self.bolusing { ", bolusing" } else { "" };
        let suspended = if self.suspended { ", suspended" } else { "" };
        write!(f, "{}{bolusing}{suspended}", self.state)
    }
}
