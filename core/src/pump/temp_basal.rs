// SPDX-License-Identifier: GPL-2.0-or-later
//! In: replies to Read Temp Basal (0x78, 0x98) and parameters of Set Temp Basal (0x4B, 0x4C, 0x69).
//! Out: the temporary basal rate that runs, or that is asked for.

use super::block::{Block, Context};
use super::opcode::Opcode;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use crate::units::quantities::{Minutes, Rate};
use nom::Parser;
use nom::number::complete::{be_u16, u8};
use std::fmt;

crate::fields! {
    /// The temporary basal rate that runs.
    HEAD: Tree, "carelink.pump.temp_basal", "Temporary Basal", Confirmed;
    /// Whether the rate is absolute or a share of the profile's.
    KIND: U8, "carelink.pump.temp_basal.type", "Type", Confirmed, names TempBasalKind::NAMES;
    /// Share of the profile's rate, if the type is percent. If it is not, an earlier one is left here.
    PERCENT: U8, "carelink.pump.temp_basal.percent", "Percent", Inferred, unit " %";
    /// The rate, if the type is absolute. If it is not, or if no temporary rate runs, an earlier one is left here.
    RATE: F64, "carelink.pump.temp_basal.rate", "Rate", Confirmed, unit " U/h";
    /// Minutes that are left to run; 0 if no temporary rate runs.
    REMAINING: U16, "carelink.pump.temp_basal.remaining", "Remaining", Confirmed, unit " min";
    /// Starts or ends a temporary basal rate.
    SET: Tree, "carelink.pump.set_temp_basal", "Temporary Basal", Confirmed;
    /// The rate asked for.
    SET_RATE: F64, "carelink.pump.set_temp_basal.rate", "Rate", Confirmed, unit " U/h";
    /// The share of the profile's rate asked for.
    SET_PERCENT: U8, "carelink.pump.set_temp_basal.percent", "Percent", Inferred, unit " %";
    /// How long it is to run, sent in half hours; 0 ends the one that runs.
    SET_DURATION: U16, "carelink.pump.set_temp_basal.duration", "Duration", Confirmed, unit " min";
}

crate::open_enum! {
    /// What a temporary basal rate is counted in.
    pub enum TempBasalKind: u8 {
        Absolute = 0 => "absolute",
        Percent = 1 => "percent",
    }
}

/// Most that a pump delivers as basal.
const MOST: Rate = Rate(35_000);
const MOST_TEXT: &str = "at most 35 U/h";
/// The set command of the 511, which counts tenths; from the 512 on it is another one, in fortieths.
const SET_511: Opcode = Opcode(0x4B);
const SET_PERCENT_RATE: Opcode = Opcode(0x69);

/// The temporary basal rate that runs, if one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TempBasal {
    /// Whether `rate` or `percent` holds.
    pub kind: TempBasalKind,
    /// Share of the profile's rate.
    pub percent: u8,
    /// Absolute rate.
    pub rate: Rate,
    /// How long it still runs; 0 if none does, and then the others are left over from the last one.
    pub remaining: Minutes,
}

impl Block for TempBasal {
    const HEAD: Option<Field> = Some(HEAD);
    const NOUN: &'static str = "temporary basal";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        let runs = c.rest().get(4..6).is_some_and(|minutes| minutes != [0; 2]);
        let kind = c.choice(KIND)?;
        let percent = c.read(PERCENT, u8)?;
        c.expect(percent <= 200, "at most 200 %");
        if !(runs && kind == TempBasalKind::Percent) {
            c.relabel(format_args!("Percent: {percent} % (not in force)"));
        }
        let rate = c.read(RATE, be_u16.map(Rate::fortieths))?;
        c.expect(rate <= MOST, MOST_TEXT);
        if !(runs && kind == TempBasalKind::Absolute) {
            c.relabel(format_args!("Rate: {rate} (not in force)"));
        }
        Ok(Self { kind, percent, rate, remaining: remaining(c)? })
    }
}

fn remaining<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<Minutes, Stop> {
    let remaining = c.read(REMAINING, be_u16.map(|minutes| Minutes(minutes.into())))?;
    c.expect(remaining <= Minutes(1440), "at most 1440 min");
    Ok(remaining)
}

impl fmt::Display for TempBasal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, percent, rate, remaining } = self;
        match kind {
            _ if *remaining == Minutes(0) => f.write_str("none"),
            TempBasalKind::Absolute => write!(f, "{rate}, {remaining} left"),
            TempBasalKind::Percent => write!(f, "{percent} %, {remaining} left"),
            TempBasalKind::Unknown(_) => write!(f, "type {kind}, {remaining} left"),
        }
    }
}

/// The temporary basal rate that runs on a 511.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TempBasal511 {
    /// Absolute rate.
    pub rate: Rate,
    /// How long it still runs; 0 if none does.
    pub remaining: Minutes,
}

impl Block for TempBasal511 {
    const HEAD: Option<Field> = Some(HEAD);
    const NOUN: &'static str = "temporary basal";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        let rate = c.read(RATE, be_u16.map(Rate::tenths))?;
        c.expect(rate <= MOST, MOST_TEXT);
        Ok(Self { rate, remaining: remaining(c)? })
    }
}

impl fmt::Display for TempBasal511 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.remaining == Minutes(0) {
            return f.write_str("none");
        }
        write!(f, "{}, {} left", self.rate, self.remaining)
    }
}

/// A temporary basal rate that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetTempBasal {
    /// An absolute rate, for so long.
    Absolute(Rate, Minutes),
    /// A share of the profile's rate in percent, for so long.
    Percent(u8, Minutes),
}

impl Block for SetTempBasal {
    const HEAD: Option<Field> = Some(SET);
    const NOUN: &'static str = "temporary basal";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, of: Context) -> Result<Self, Stop> {
        if of.opcode == SET_PERCENT_RATE {
            let percent = c.read(SET_PERCENT, u8)?;
            c.expect(percent <= 200, "at most 200 %");
            return Ok(Self::Percent(percent, duration(c)?));
        }
        let count = if of.opcode == SET_511 { Rate::tenths } else { Rate::fortieths };
        let rate = c.read(SET_RATE, be_u16.map(count))?;
        c.expect(rate <= MOST, MOST_TEXT);
        Ok(Self::Absolute(rate, duration(c)?))
    }
}

fn duration<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<Minutes, Stop> {
    let duration = c.read(SET_DURATION, u8.map(|half_hours| Minutes(u32::from(half_hours) * 30)))?;
    c.expect(duration <= Minutes(1440), "at most 1440 min");
    Ok(duration)
}

impl fmt::Display for SetTempBasal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absolute(Rate(0), Minutes(0)) | Self::Percent(_, Minutes(0)) => f.write_str("cancelled"),
            Self::Absolute(rate, duration) => write!(f, "{rate} for {duration}"),
            Self::Percent(percent, duration) => write!(f, "{percent} % for {duration}"),
        }
    }
}
