// SPDX-License-Identifier: GPL-2.0-or-later
//! In: replies to Read BG Targets (0x8C of the 512, 0x9F from the 515 on). Out: the glucose targets of a day.

use super::block::{Block, Context, Schedule, Shape, Times};
use super::carb_ratio::ends;
use super::opcode::Opcode;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use crate::units::quantities::{Glucose, GlucoseUnit, TimeOfDay};
use nom::Parser;
use nom::number::complete::u8;
use std::fmt;

crate::fields! {
    /// The glucose targets of a day.
    HEAD: Tree, "carelink.pump.bg_target", "BG Targets", Confirmed;
    /// What the targets count glucose in.
    UNITS: U8, "carelink.pump.bg_target.units", "Units", Confirmed, names GlucoseUnit::NAMES;
    /// One target range.
    ENTRY: Tree, "carelink.pump.bg_target.entry", "BG Target", Confirmed;
    /// When the target takes effect, in minutes from midnight; sent in half hours.
    START: U16, "carelink.pump.bg_target.start", "Start", Confirmed, unit " min";
    /// When the next target takes effect, in minutes from midnight.
    END: U16, "carelink.pump.bg_target.end", "End", Confirmed, unit " min";
    /// Low end of the target range, in what the units field says.
    LOW: F64, "carelink.pump.bg_target.low", "Low", Confirmed;
    /// High end of the target range, in what the units field says.
    HIGH: F64, "carelink.pump.bg_target.high", "High", Confirmed;
    /// The target, in what the units field says: the 512 has one number for both ends.
    BOTH: F64, "carelink.pump.bg_target.target", "Target", Inferred;
}

/// A range that glucose is to stay in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Low end.
    pub low: Glucose,
    /// High end.
    pub high: Glucose,
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { low, high } = self;
        if low == high { write!(f, "{low}") } else { write!(f, "{}-{high}", low.value()) }
    }
}

/// The glucose targets of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Targets {
    /// What they count glucose in.
    pub units: GlucoseUnit,
    /// The ranges; none if they were never set.
    pub ranges: Schedule<Range, 8>,
}

const OF_512: Opcode = Opcode(0x8C);
const SINGLE: Shape = Shape { size: 2, start: |entry| entry[0], ends };
const DOUBLE: Shape = Shape { size: 3, start: |entry| entry[0], ends };

impl Block for Targets {
    const HEAD: Option<Field> = Some(HEAD);
    const NOUN: &'static str = "BG targets";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, of: Context) -> Result<Self, Stop> {
        let units = c.choice(UNITS)?;
        let glucose = |count: u8| Glucose { count: count.into(), unit: units };
        let single = of.opcode == OF_512;
        let shape = if single { SINGLE } else { DOUBLE };
        let ranges = shape.read(c, |c, start, end| {
            c.group(ENTRY, |c| {
                c.read_shown(START, u8.map(TimeOfDay::half_hours))?;
                c.slot_end(END, end);
                let low = c.read_shown(if single { BOTH } else { LOW }, u8.map(glucose))?;
                let high = if single { low } else { c.read_shown(HIGH, u8.map(glucose))? };
                let range = Range { low, high };
                c.expect(low.count <= high.count, "the low end below the high end");
                c.title(format_args!("{}: {range}", Times(start, end)));
                Ok(range)
            })
        })?;
        Ok(Self { units, ranges })
    }
}

impl fmt::Display for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ranges.as_slice() {
            [] => f.write_str("not set"),
            [only] => write!(f, "{}", only.value),
            [first, ..] => write!(f, "{} ranges, the first {}", self.ranges.len(), first.value),
        }
    }
}
