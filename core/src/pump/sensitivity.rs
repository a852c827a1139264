// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a reply to Read Insulin Sensitivities (0x8B). Out: how far a unit of insulin lowers glucose, through a day.

use super::block::{Block, Context, Schedule, Shape, Times, extent};
use super::carb_ratio::ends;
use crate::tree::cursor::Cursor;
use crate::tree::expert::{RESERVED_BITS, Stop};
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use crate::units::quantities::{Glucose, GlucoseUnit};
use nom::number::complete::be_u16;
use std::fmt;

crate::fields! {
    /// The insulin sensitivities of a day.
    HEAD: Tree, "carelink.pump.sensitivity", "Insulin Sensitivities", Confirmed;
    /// What the sensitivities count glucose in.
    UNITS: U8, "carelink.pump.sensitivity.units", "Units", Confirmed, names GlucoseUnit::NAMES;
    /// One sensitivity: bits 0 to 5 of the first byte are the start, bit 6 and the second byte the value.
    ENTRY: X16, "carelink.pump.sensitivity.entry", "Insulin Sensitivity", Confirmed;
    /// When the sensitivity takes effect, in minutes from midnight; sent in half hours.
    START: U16, "carelink.pump.sensitivity.start", "Start", Confirmed, unit " min";
    /// When the next sensitivity takes effect, in minutes from midnight.
    END: U16, "carelink.pump.sensitivity.end", "End", Confirmed, unit " min";
    /// How far one unit of insulin lowers glucose, in what the units field says.
    VALUE: F64, "carelink.pump.sensitivity.value", "Sensitivity", Confirmed;
}

/// The insulin sensitivities of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sensitivities {
    /// What they count glucose in.
    pub units: GlucoseUnit,
    /// How far one unit of insulin lowers glucose; none if that was never set.
    pub values: Schedule<Glucose, 8>,
}

const SHAPE: Shape = Shape {
    size: 2,
    start: |entry| entry[0] & 0x3F,
    ends: |index, entry| ends(index, &[entry[0] & 0x3F, entry[1] | entry[0] & 0x40]),
};

impl Block for Sensitivities {
    const HEAD: Option<Field> = Some(HEAD);
    const NOUN: &'static str = "insulin sensitivities";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        let units = c.choice(UNITS)?;
        let glucose = |word: u16| Glucose { count: word & 0xFF | (word & 0x4000) >> 6, unit: units };
        let values = SHAPE.read(c, |c, start, end| {
            let word = c.packed(ENTRY, be_u16, |c, &word| {
                let value = glucose(word);
                c.derived(START, &start);
                c.relabel(format_args!("Start: {start}"));
                c.slot_end(END, end);
                c.derived(VALUE, &value);
                c.relabel(format_args!("Sensitivity: {value} per U"));
                c.title(format_args!("{}: {value} per U", Times(start, end)));
            })?;
            if word & 0x8000 != 0 {
                c.expert(RESERVED_BITS, format_args!("bit 7 of the start; one source adds 512 for it"));
            }
            Ok(glucose(word))
        })?;
        Ok(Self { units, values })
    }
}

impl fmt::Display for Sensitivities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match extent(&self.values, Glucose::value) {
            None => f.write_str("not set"),
            Some((low, high)) if low == high => write!(f, "{low} per U"),
            Some((low, high)) => {
                write!(f, "{} values from {} to {high} per U", self.values.len(), low.value())
            }
        }
    }
}
