// SPDX-License-Identifier: GPL-2.0-or-later
//! In: records that a user makes as a diary (0x40 to 0x42), and of the reservoir running low (0x34).
//! Out: meals, insulin, insulin left.

use super::reading::Reading;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::sink::Sink;
use crate::units::quantities::{CarbUnit, Carbs, Insulin};
use nom::Parser;
use nom::number::complete::u8;

crate::fields! {
    /// High byte of the carbohydrates.
    CARBS_HIGH: X8, "carelink.history.meal.carbs_high", "Carbohydrates, High Byte", Inferred;
    /// Carbohydrates of the meal, in what `carelink.history.meal.units` says; the high byte lies before the time.
    CARBS: F64, "carelink.history.meal.carbs", "Carbohydrates", Inferred;
    /// Units of the carbohydrates.
    UNITS: X8, "carelink.history.meal.units_byte", "Units", Inferred;
    /// What carbohydrates are counted in.
    CARB_UNITS: U8, "carelink.history.meal.units", "Carb Units", Inferred, names CarbUnit::NAMES;
    /// Insulin that was not given by the pump. Two high bits lie in the time stamp.
    INSULIN: F64, "carelink.history.insulin_marker.amount", "Insulin", Inferred, unit " U";
    /// Insulin left in the reservoir when the pump warned.
    LEFT: F64, "carelink.history.low_reservoir.amount", "Insulin Left", Confirmed, unit " U";
}

pub(super) fn meal<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Carbs, Stop> {
    let high = c.read(CARBS_HIGH, u8)?;
    r.stamp(c)?;
    let unit = CarbUnit::from(r.byte(8) & 3);
    let count = |low| Carbs { count: u16::from_be_bytes([high, low]), unit };
    let carbs = c.read_shown(CARBS, u8.map(count))?;
    c.packed(UNITS, u8, |c, _| c.derived(CARB_UNITS, &unit))?;
    Ok(carbs)
}

pub(super) fn insulin<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Insulin, Stop> {
    let high = r.spare(2).hour & 3;
    let amount = c.read(INSULIN, u8.map(|low| Insulin::tenths(u16::from_be_bytes([high, low]))))?;
    r.stamp(c)?;
    c.fill();
    Ok(amount)
}

pub(super) fn low_reservoir<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    r: &mut Reading<'_>,
) -> Result<Insulin, Stop> {
    let left = c.read(LEFT, u8.map(Insulin::tenths))?;
    r.stamp(c)?;
    Ok(left)
}
