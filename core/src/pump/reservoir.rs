// SPDX-License-Identifier: GPL-2.0-or-later
//! In: replies to Read Remaining Insulin (0x73) and Read Reservoir Warning (0x8F). Out: the insulin that is left.

use super::block::{Block, Context};
use super::opcode::Opcode;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::field::Field;
use crate::tree::opaque::PADDING;
use crate::tree::sink::Sink;
use crate::units::quantities::Insulin;
use nom::Parser;
use nom::bytes::complete::{tag, take};
use nom::number::complete::{be_u16, u8};
use std::fmt;

crate::fields! {
    /// The insulin that is left in the reservoir.
    HEAD: Tree, "carelink.pump.reservoir", "Reservoir", Confirmed;
    /// Insulin that is left. Zero also if there is no reservoir.
    REMAINING: F64, "carelink.pump.reservoir.remaining", "Remaining", Confirmed, unit " U";
    /// When the pump warns that the reservoir runs low.
    WARNING: Tree, "carelink.pump.reservoir_warning", "Reservoir Warning", Confirmed;
    /// What the warning depends on.
    KIND: U8, "carelink.pump.reservoir_warning.type", "Type", Confirmed, names WarningKind::NAMES;
    /// The pump warns when only this much insulin is left.
    AMOUNT: U8, "carelink.pump.reservoir_warning.amount", "Amount", Confirmed, unit " U";
    /// The pump warns when the insulin lasts only this long. The unit is not known; perhaps half hours.
    TIME: U8, "carelink.pump.reservoir_warning.time", "Time", Guessed;
}

/// The insulin that is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservoir {
    /// How much; zero also if there is no reservoir.
    pub remaining: Insulin,
}

/// The command of the 508, which counts tenths.
const OF_508: Opcode = Opcode(0x23);

impl Block for Reservoir {
    const HEAD: Option<Field> = Some(HEAD);
    const NOUN: &'static str = "reservoir";

    /// What only one layout allows: the 523 and later send two zeros first.
    fn evidence(payload: &[u8]) -> Option<bool> {
        match payload {
            [0, 0, 0, 0, ..] => None,
            [0, 0, _, _, ..] => Some(true),
            [_, _, ..] => Some(false),
            _ => None,
        }
    }

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, of: Context) -> Result<Self, Stop> {
        if of.opcode == OF_508 {
            return Ok(Self { remaining: c.read(REMAINING, be_u16.map(Insulin::tenths))? });
        }
        // Four zeros are 0 U in either layout, so nothing is assumed of them.
        let empty = c.rest().starts_with(&[0; 4]);
        let large =
            of.large(c, if empty { of.pump.large().or(Some(false)) } else { Self::evidence(c.rest()) });
        let remaining = if large {
            if c.rest().starts_with(&[0, 0]) {
                c.read(PADDING, tag(&[0, 0][..]))?;
            } else {
                c.read(crate::tree::opaque::UNKNOWN, take(2usize))?;
            }
            c.read(REMAINING, be_u16.map(Insulin::fortieths))?
        } else {
            c.read(REMAINING, be_u16.map(Insulin::tenths))?
        };
        c.expect(remaining <= Insulin(310_000), "at most 310 U");
        Ok(Self { remaining })
    }
}

impl fmt::Display for Reservoir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} left", self.remaining)
    }
}

crate::open_enum! {
    /// What the warning of a low reservoir depends on.
    pub enum WarningKind: u8 {
        Insulin = 0 => "insulin",
        Time = 1 => "time",
    }
}

/// When a pump warns that its reservoir runs low.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReservoirWarning {
    /// What it goes by.
    pub kind: WarningKind,
    /// Units of insulin, or a time whose unit is not known.
    pub point: u8,
}

impl ReservoirWarning {
    /// Reads it with the fields of the block that it is part of: kind, amount, time.
    pub(super) fn fields<S: Sink>(
        c: &mut Cursor<'_, '_, S>,
        kind: Field,
        amount: Field,
        time: Field,
    ) -> Result<Self, Stop> {
        let kind = c.choice(kind)?;
        let point = c.read(if kind == WarningKind::Insulin { amount } else { time }, u8)?;
        Ok(Self { kind, point })
    }
}

impl Block for ReservoirWarning {
    const HEAD: Option<Field> = Some(WARNING);
    const NOUN: &'static str = "reservoir warning";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        Self::fields(c, KIND, AMOUNT, TIME)
    }
}

impl fmt::Display for ReservoirWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            WarningKind::Insulin => write!(f, "at {} U", self.point),
            kind => write!(f, "by {kind}, {} (unit not known)", self.point),
        }
    }
}
