// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a reply to Read Carb Ratios (0x8A), whose layout depends on the model. Out: the carb ratios of a day.

use super::block::{Block, Context, Schedule, Shape, Times, extent};
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use crate::units::quantities::{CarbRatio, CarbUnit, TimeOfDay};
use nom::Parser;
use nom::number::complete::{be_u16, u8};
use std::fmt;

crate::fields! {
    /// The carb ratios of a day.
    HEAD: Tree, "carelink.pump.carb_ratio", "Carb Ratios", Confirmed;
    /// What the ratios count carbohydrates in.
    UNITS: U8, "carelink.pump.carb_ratio.units", "Units", Confirmed, names CarbUnit::NAMES;
    /// Number of entries, or a constant.
    COUNT: U8, "carelink.pump.carb_ratio.count", "Count", Guessed;
    /// One carb ratio.
    ENTRY: Tree, "carelink.pump.carb_ratio.entry", "Carb Ratio", Confirmed;
    /// When the ratio takes effect, in minutes from midnight; sent in half hours.
    START: U16, "carelink.pump.carb_ratio.start", "Start", Confirmed, unit " min";
    /// When the next ratio takes effect, in minutes from midnight.
    END: U16, "carelink.pump.carb_ratio.end", "End", Confirmed, unit " min";
    /// The ratio, in what the units field says: grams per unit of insulin, or units of insulin per exchange.
    RATIO: F64, "carelink.pump.carb_ratio.value", "Ratio", Confirmed;
}

/// The carb ratios of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarbRatios {
    /// What they count carbohydrates in.
    pub units: CarbUnit,
    /// The ratios; none if they were never set.
    pub ratios: Schedule<CarbRatio, 8>,
}

const SMALL: Shape = Shape { size: 2, start: |entry| entry[0], ends };
const LARGE: Shape = Shape { size: 3, start: |entry| entry[0], ends };

/// A later entry at midnight ends the list; so does a first one that is all zeros.
pub(super) fn ends(index: usize, entry: &[u8]) -> bool {
    if index == 0 { entry.iter().all(|&byte| byte == 0) } else { entry[0] == 0 }
}

impl Block for CarbRatios {
    const HEAD: Option<Field> = Some(HEAD);
    const NOUN: &'static str = "carb ratios";

    /// What only one layout allows: the first entry begins at midnight, and a ratio is not zero.
    fn evidence(payload: &[u8]) -> Option<bool> {
        match *payload.first_chunk()? {
            [1 | 2, 0, first] if first != 0 => Some(false),
            [1 | 2, count, 0] if count != 0 => Some(true),
            _ => None,
        }
    }

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, of: Context) -> Result<Self, Stop> {
        // An empty list is the same in either layout.
        let empty = c.rest().get(1..).is_some_and(|rest| rest.iter().all(|&byte| byte == 0));
        let large =
            of.large(c, if empty { of.pump.large().or(Some(false)) } else { Self::evidence(c.rest()) });
        let units = c.choice(UNITS)?;
        if large {
            c.read(COUNT, u8)?;
        }
        let shape = if large { LARGE } else { SMALL };
        let ratios = shape.read(c, |c, start, end| {
            c.group(ENTRY, |c| {
                c.read_shown(START, u8.map(TimeOfDay::half_hours))?;
                c.slot_end(END, end);
                let ratio = if large {
                    c.read_shown(RATIO, be_u16.map(|count| large_ratio(units, count)))?
                } else {
                    c.read_shown(RATIO, u8.map(|count| small_ratio(units, count)))?
                };
                c.title(format_args!("{}: {ratio}", Times(start, end)));
                Ok(ratio)
            })
        })?;
        Ok(Self { units, ratios })
    }
}

/// Grams are whole, and exchanges are tenths.
pub(crate) fn small_ratio(unit: CarbUnit, count: u8) -> CarbRatio {
    let scale = if unit == CarbUnit::Exchanges { 100 } else { 1000 };
    CarbRatio { thousandths: u32::from(count) * scale, unit }
}

/// Grams are tenths, and exchanges are thousandths.
pub(crate) fn large_ratio(unit: CarbUnit, count: u16) -> CarbRatio {
    let scale = match unit {
        CarbUnit::Grams => 100,
        CarbUnit::Exchanges => 1,
        _ => 1000,
    };
    CarbRatio { thousandths: u32::from(count) * scale, unit }
}

impl fmt::Display for CarbRatios {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match extent(&self.ratios, CarbRatio::value) {
            None => f.write_str("not set"),
            Some((low, high)) if low == high => write!(f, "{low}"),
            Some((low, high)) => write!(f, "{} ratios from {} to {high}", self.ratios.len(), low.value()),
        }
    }
}
