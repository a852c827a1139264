// SPDX-License-Identifier: GPL-2.0-or-later
//! In: replies to Read Basal Profile (0x92 to 0x94), parameters of Set (0x30, 0x31, 0x6F) and Select (0x4A).
//! Out: the basal rates of a day.

use super::block::{Block, Context, Schedule, Shape, Times, extent};
use super::opcode::Opcode;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use crate::units::quantities::{Rate, TimeOfDay};
use nom::Parser;
use nom::bytes::complete::take;
use nom::number::complete::{le_u16, u8};
use std::fmt;

crate::fields! {
    /// The basal rates of a day, in one of the pump's three patterns.
    HEAD: Tree, "carelink.pump.basal_profile", "Basal Profile", Confirmed;
    /// One basal rate.
    ENTRY: Tree, "carelink.pump.basal_profile.entry", "Basal Rate", Confirmed;
    /// The rate, in units per hour.
    RATE: F64, "carelink.pump.basal_profile.rate", "Rate", Confirmed, unit " U/h";
    /// When the rate begins, in minutes from midnight; sent in half hours.
    START: U16, "carelink.pump.basal_profile.start", "Start", Confirmed, unit " min";
    /// When the rate ends, in minutes from midnight: where the next one begins.
    END: U16, "carelink.pump.basal_profile.end", "End", Confirmed, unit " min";
    /// Marks the end of the profile; not a rate.
    MARK: Bytes, "carelink.pump.basal_profile.end_mark", "End Mark", Confirmed;
    /// The pattern that is to be in force.
    SELECT: U8, "carelink.pump.select_profile.pattern", "Pattern", Inferred, names Pattern::NAMES;
}

crate::open_enum! {
    /// One of a pump's three basal profiles.
    pub enum Pattern: u8 {
        Standard = 0 => "standard",
        A = 1 => "pattern A",
        B = 2 => "pattern B",
    }
}

impl Pattern {
    /// The pattern that a command reads or sets.
    fn of(opcode: Opcode) -> Self {
        match opcode.0 {
            0x93 | 0x30 => Self::A,
            0x94 | 0x31 => Self::B,
            _ => Self::Standard,
        }
    }
}

/// The basal rates of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasalProfile {
    /// Which of the three.
    pub pattern: Pattern,
    /// Its rates; none if the pattern was never set.
    pub rates: Schedule<Rate, 48>,
}

/// Start of an entry that ends a profile.
const NEVER: u8 = 0x3F;

const SHAPE: Shape = Shape {
    size: 3,
    start: |entry| entry[2],
    ends: |index, entry| entry[2] == NEVER || (index > 0 && entry == [0; 3]),
};

impl Block for BasalProfile {
    const HEAD: Option<Field> = Some(HEAD);
    const NOUN: &'static str = "basal profile";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, of: Context) -> Result<Self, Stop> {
        let rates = SHAPE.read(c, |c, start, end| {
            c.group(ENTRY, |c| {
                let rate = c.read(RATE, le_u16.map(Rate::fortieths))?;
                c.expect(rate <= Rate(35_000), "at most 35 U/h");
                c.read_shown(START, u8.map(TimeOfDay::half_hours))?;
                c.slot_end(END, end);
                c.title(format_args!("{}: {rate}", Times(start, end)));
                Ok(rate)
            })
        })?;
        if c.rest().get(2) == Some(&NEVER) && !rates.is_full() {
            c.read(MARK, take(3usize))?;
        }
        Ok(Self { pattern: Pattern::of(of.opcode), rates })
    }
}

impl fmt::Display for BasalProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pattern, rates } = self;
        match extent(rates, Rate::value) {
            None => write!(f, "{pattern}, not set"),
            Some((low, high)) if low == high => write!(f, "{pattern}, {low}"),
            Some((low, high)) => write!(f, "{pattern}, {} rates from {} to {high}", rates.len(), low.value()),
        }
    }
}

/// The pattern that is to be in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectProfile(pub Pattern);

impl Block for SelectProfile {
    const HEAD: Option<Field> = None;
    const NOUN: &'static str = "basal profile";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        c.choice(SELECT).map(Self)
    }
}

impl fmt::Display for SelectProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
