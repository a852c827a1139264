// SPDX-License-Identifier: GPL-2.0-or-later
//! In: records of what the bolus wizard worked out (0x5B, 0x2F). Out: what it was told, and what it proposed.

use super::bolus::dose;
use super::reading::Reading;
use crate::pump::carb_ratio::{large_ratio, small_ratio};
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::sink::Sink;
use crate::units::quantities::{CarbRatio, CarbUnit, Carbs, Glucose, GlucoseUnit, Insulin};
use nom::Parser;
use nom::number::complete::{be_u16, u8};
use std::fmt;

crate::fields! {
    /// Blood glucose that the wizard was told, in what `carelink.history.wizard.bg_units` says; 0 if none was. Its two high bits are in a later byte.
    BG: F64, "carelink.history.wizard.bg", "Blood Glucose", Confirmed;
    /// Carbohydrates that the wizard was told, in what `carelink.history.wizard.carb_units` says. Two high bits lie in the next byte.
    CARBS: F64, "carelink.history.wizard.carbs", "Carbohydrates", Confirmed;
    /// Units, and the high bits of blood glucose and carbohydrates.
    UNITS: X8, "carelink.history.wizard.units", "Units and High Bits", Confirmed;
    /// What blood glucose, sensitivity and target are counted in.
    BG_UNITS: U8, "carelink.history.wizard.bg_units", "BG Units", Confirmed, names GlucoseUnit::NAMES;
    /// What carbohydrates are counted in.
    CARB_UNITS: U8, "carelink.history.wizard.carb_units", "Carb Units", Confirmed, names CarbUnit::NAMES;
    /// Grams that one unit of insulin covers, or units of insulin per exchange.
    RATIO: F64, "carelink.history.wizard.carb_ratio", "Carb Ratio", Confirmed;
    /// How far one unit of insulin lowers blood glucose. Two high bits lie in the time stamp.
    SENSITIVITY: F64, "carelink.history.wizard.sensitivity", "Insulin Sensitivity", Confirmed;
    /// Lower end of the target range, or the target itself.
    TARGET_LOW: F64, "carelink.history.wizard.target_low", "Target Low", Confirmed;
    /// Upper end of the target range.
    TARGET_HIGH: F64, "carelink.history.wizard.target_high", "Target High", Confirmed;
    /// Insulin to correct blood glucose; negative if the glucose is below the target. Its high bits are in a later byte.
    CORRECTION: F64, "carelink.history.wizard.correction", "Correction Estimate", Confirmed, unit " U";
    /// High bits of the correction.
    CORRECTION_BITS: X8, "carelink.history.wizard.correction_bits", "High Bits of the Correction", Confirmed;
    /// Insulin for the food.
    FOOD: F64, "carelink.history.wizard.food", "Food Estimate", Confirmed, unit " U";
    /// Insulin of earlier boluses that was still active.
    ACTIVE: F64, "carelink.history.wizard.unabsorbed", "Unabsorbed Insulin", Confirmed, unit " U";
    /// What the wizard proposed.
    ESTIMATE: F64, "carelink.history.wizard.estimate", "Bolus Estimate", Confirmed, unit " U";
    /// A byte that is always zero; perhaps the high byte of the next one.
    BLANK: X8, "carelink.history.wizard.blank", "Unused", Guessed;
}

/// What the bolus wizard was told, and what it proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Blood glucose, 0 if none was entered.
    pub bg: Glucose,
    /// Carbohydrates.
    pub carbs: Carbs,
    /// Carb ratio in force.
    pub ratio: CarbRatio,
    /// Insulin sensitivity in force.
    pub sensitivity: Glucose,
    /// Target range, low and high.
    pub target: [Glucose; 2],
    /// Insulin to correct blood glucose.
    pub correction: Insulin,
    /// Insulin for the food.
    pub food: Insulin,
    /// Insulin still active.
    pub active: Insulin,
    /// What was proposed.
    pub estimate: Insulin,
}

/// Where the last two bytes of the first seven end, and the body begins.
const BODY: usize = 7;

pub(super) fn estimate<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Estimate, Stop> {
    let large = r.layout.large();
    let units = r.byte(BODY + 1);
    let unit = GlucoseUnit::from(units >> 6);
    let carb_unit = CarbUnit::from(units >> 4 & 3);
    let glucose = |high: u8, low: u8| Glucose { count: u16::from_be_bytes([high, low]), unit };

    let bg = c.read_shown(BG, u8.map(|low| glucose(units & 3, low)))?;
    let spare = r.stamp(c)?;
    let count = |low| Carbs { count: u16::from_be_bytes([units >> 2 & 3, low]), unit: carb_unit };
    let carbs = c.read_shown(CARBS, u8.map(count))?;
    c.packed(UNITS, u8, |c, _| {
        c.derived(BG_UNITS, &unit);
        c.derived(CARB_UNITS, &carb_unit);
    })?;
    let ratio = if large {
        c.read_shown(RATIO, be_u16.map(|count| large_ratio(carb_unit, count & 0x0FFF)))?
    } else {
        c.read_shown(RATIO, u8.map(|count| small_ratio(carb_unit, count)))?
    };
    let sensitivity = c.read_shown(SENSITIVITY, u8.map(|low| glucose(spare.hour >> 1 & 3, low)))?;
    let low = c.read_shown(TARGET_LOW, u8.map(|low| glucose(0, low)))?;
    let correction_bits = r.byte(BODY + if large { 9 } else { 7 });
    let correction = c.read(CORRECTION, u8.map(|low| correction(large, correction_bits, low)))?;
    let food = c.read(FOOD, dose(large))?;
    c.read(CORRECTION_BITS, u8)?;
    if !large {
        c.read(BLANK, u8)?;
    }
    let active = c.read(ACTIVE, dose(large))?;
    if !large {
        c.read(BLANK, u8)?;
    }
    let estimate = c.read(ESTIMATE, dose(large))?;
    // The 512 knows only one target.
    let high =
        if c.remaining() > 0 { c.read_shown(TARGET_HIGH, u8.map(|low| glucose(0, low)))? } else { low };
    Ok(Estimate { bg, carbs, ratio, sensitivity, target: [low, high], correction, food, active, estimate })
}

/// A signed number: 13 bits of fortieths in large records, 12 bits of tenths in small ones. The high bits are at
/// the top of their byte.
fn correction(large: bool, high: u8, low: u8) -> Insulin {
    let shift = if large { 3 } else { 4 };
    let count = i16::from(high.cast_signed() >> shift) << 8 | i16::from(low);
    if large { Insulin::fortieths(count) } else { Insulin::tenths(count) }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {} and {}", self.estimate, self.bg, self.carbs)
    }
}
