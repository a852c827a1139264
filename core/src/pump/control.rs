// SPDX-License-Identifier: GPL-2.0-or-later
//! In: parameters of commands that act: suspend, power, keys, bolus, limits. Out: what was asked for, in its units.

use super::block::{Block, Context};
use crate::tree::cursor::Cursor;
use crate::tree::expert::{SIZE_MISMATCH, Stop};
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use crate::units::quantities::{Insulin, Minutes, Rate};
use nom::Parser;
use nom::number::complete::{be_u16, u8};
use std::fmt;

crate::fields! {
    /// Whether delivery is to stop or to go on.
    SUSPEND: U8, "carelink.pump.suspend.action", "Delivery", Confirmed, names Delivery::NAMES;
    /// Turns the pump's radio on, or off again.
    POWER: Tree, "carelink.pump.power", "Radio Power", Confirmed;
    /// True if the pump's radio is to be on.
    ON: Flag, "carelink.pump.power.on", "On", Confirmed;
    /// How long the radio is to stay on.
    MINUTES: U8, "carelink.pump.power.duration", "Duration", Confirmed, unit " min";
    /// The key that is to be pushed.
    KEY: U8, "carelink.pump.keypad.key", "Key", Inferred, names Key::NAMES;
    /// The bolus that is to be delivered.
    BOLUS: F64, "carelink.pump.bolus.amount", "Bolus", Inferred, unit " U";
    /// Largest bolus that the pump is to allow.
    MAX_BOLUS: F64, "carelink.pump.set_max_bolus.amount", "Max Bolus", Inferred, unit " U";
    /// Largest basal rate that the pump is to allow.
    MAX_BASAL: F64, "carelink.pump.set_max_basal.rate", "Max Basal", Inferred, unit " U/h";
}

crate::open_enum! {
    /// What is to become of the delivery of insulin.
    pub enum Delivery: u8 {
        Resume = 0 => "resume",
        Suspend = 1 => "suspend",
    }
}
crate::open_enum! {
    /// A key of a pump.
    pub enum Key: u8 {
        Easy = 0 => "easy bolus",
        Esc = 1 => "ESC",
        Act = 2 => "ACT",
        Up = 3 => "up",
        Down = 4 => "down",
    }
}

/// Whether delivery is to stop or to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspend(pub Delivery);

impl Block for Suspend {
    const HEAD: Option<Field> = None;
    const NOUN: &'static str = "delivery";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        c.choice(SUSPEND).map(Self)
    }
}

impl fmt::Display for Suspend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether the pump's radio is to be on, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Power {
    /// It is to be on.
    pub on: bool,
    /// For how long.
    pub duration: Minutes,
}

impl Block for Power {
    const HEAD: Option<Field> = Some(POWER);
    const NOUN: &'static str = "radio";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        let on = c.flag(ON)?;
        Ok(Self { on, duration: c.read(MINUTES, u8.map(|minutes| Minutes(minutes.into())))? })
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.on { write!(f, "on for {}", self.duration) } else { f.write_str("off") }
    }
}

/// A key that is to be pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPush(pub Key);

impl Block for KeyPush {
    const HEAD: Option<Field> = None;
    const NOUN: &'static str = "key";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        c.choice(KEY).map(Self)
    }
}

impl fmt::Display for KeyPush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A host sends an amount in one byte to a 522 or earlier, in two to a 523 or later.
fn amount_evidence(parameters: &[u8]) -> Option<bool> {
    match parameters.len() {
        1 => Some(false),
        2 => Some(true),
        _ => None,
    }
}

/// Reads an amount: one byte in tenths of a unit as to a 522 or earlier, two bytes in `large`'s count as to a 523 or
/// later. Its length tells what the host takes the pump for; a host that is wrong about it still asks for that amount.
fn amount<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    of: Context,
    field: Field,
    large: fn(u16) -> Insulin,
) -> Result<Insulin, Stop> {
    if c.remaining() > 1 {
        let amount = c.read(field, be_u16.map(large))?;
        if of.pump.large() == Some(false) {
            c.expert(SIZE_MISMATCH, format_args!("sent as to a 523 or later"));
        }
        c.expect(amount <= Insulin(75_000), "at most 75 U");
        Ok(amount)
    } else {
        let amount = c.read(field, u8.map(Insulin::tenths))?;
        if of.pump.large() == Some(true) {
            c.expert(SIZE_MISMATCH, format_args!("sent as to a 522 or earlier"));
        }
        c.expect(amount <= Insulin(25_000), "at most 25 U");
        Ok(amount)
    }
}

/// A bolus that is to be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bolus {
    /// How much.
    pub amount: Insulin,
}

impl Block for Bolus {
    const HEAD: Option<Field> = None;
    const NOUN: &'static str = "bolus";

    fn evidence(bytes: &[u8]) -> Option<bool> {
        amount_evidence(bytes)
    }

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, of: Context) -> Result<Self, Stop> {
        Ok(Self { amount: amount(c, of, BOLUS, Insulin::fortieths)? })
    }
}

impl fmt::Display for Bolus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.amount.fmt(f)
    }
}

/// Largest bolus that a pump is to allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetMaxBolus {
    /// How much.
    pub amount: Insulin,
}

impl Block for SetMaxBolus {
    const HEAD: Option<Field> = None;
    const NOUN: &'static str = "max bolus";

    fn evidence(bytes: &[u8]) -> Option<bool> {
        amount_evidence(bytes)
    }

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, of: Context) -> Result<Self, Stop> {
        Ok(Self { amount: amount(c, of, MAX_BOLUS, Insulin::tenths)? })
    }
}

impl fmt::Display for SetMaxBolus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.amount.fmt(f)
    }
}

/// Largest basal rate that a pump is to allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetMaxBasal {
    /// How much per hour.
    pub rate: Rate,
}

impl Block for SetMaxBasal {
    const HEAD: Option<Field> = None;
    const NOUN: &'static str = "max basal";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        let rate = c.read(MAX_BASAL, be_u16.map(Rate::fortieths))?;
        c.expect(rate <= Rate(35_000), "at most 35 U/h");
        Ok(Self { rate })
    }
}

impl fmt::Display for SetMaxBasal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rate.fmt(f)
    }
}
