// SPDX-License-Identifier: GPL-2.0-or-later
//! In: records of what a day came to (0x07, 0x6C, 0x6D, 0x6E). Out: insulin, carbohydrates, glucose, counts.

use super::reading::Reading;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use crate::units::quantities::{CarbUnit, Glucose, GlucoseUnit, Insulin};
use nom::Parser;
use nom::number::complete::{be_u16, be_u32, u8};
use std::fmt;

crate::fields! {
    /// All insulin of the day.
    DAILY: F64, "carelink.history.daily_total.amount", "Total Insulin", Confirmed, unit " U";
    /// Units that the pump is set to.
    UNITS: X8, "carelink.history.totals.units", "Units", Inferred;
    /// What blood glucose is counted in.
    BG_UNITS: U8, "carelink.history.totals.bg_units", "BG Units", Inferred, names GlucoseUnit::NAMES;
    /// What carbohydrates are counted in.
    CARB_UNITS: U8, "carelink.history.totals.carb_units", "Carb Units", Inferred, names CarbUnit::NAMES;
    /// High bits of the next bytes.
    HIGH: X8, "carelink.history.totals.high_bits", "High Bits", Confirmed;
    /// Mean of the day's blood glucose.
    BG_MEAN: F64, "carelink.history.totals.bg_mean", "Mean BG", Confirmed;
    /// Lowest of the day's blood glucose, 1000 if there is none; from the 523 on only of what linked meters sent.
    BG_LOW: F64, "carelink.history.totals.bg_low", "Lowest BG", Confirmed;
    /// Highest of the day's blood glucose; from the 523 on only of what linked meters sent.
    BG_HIGH: F64, "carelink.history.totals.bg_high", "Highest BG", Confirmed;
    /// How often blood glucose was entered or received.
    BG_COUNT: U8, "carelink.history.totals.bg_count", "BG Readings", Confirmed;
    /// All insulin of the day.
    TOTAL: F64, "carelink.history.totals.insulin", "Total Insulin", Confirmed, unit " U";
    /// Basal insulin of the day.
    BASAL: F64, "carelink.history.totals.basal", "Basal", Confirmed, unit " U";
    /// Basal insulin as a part of all insulin.
    BASAL_SHARE: U8, "carelink.history.totals.basal_percent", "Basal Share", Confirmed, unit "%";
    /// Bolus insulin of the day.
    BOLUS: F64, "carelink.history.totals.bolus", "Bolus", Confirmed, unit " U";
    /// Bolus insulin as a part of all insulin.
    BOLUS_SHARE: U8, "carelink.history.totals.bolus_percent", "Bolus Share", Confirmed, unit "%";
    /// Carbohydrates of the day, in grams or tenths of exchanges.
    CARBS: U16, "carelink.history.totals.carbs", "Carbohydrates", Confirmed;
    /// The bolus insulin once more; the same in all records seen.
    BOLUS_AGAIN: F64, "carelink.history.totals.bolus_again", "Bolus, Repeated", Guessed, unit " U";
    /// The share of the bolus insulin once more; the same in all records seen.
    BOLUS_SHARE_AGAIN: U8, "carelink.history.totals.bolus_again_percent", "Bolus Share, Repeated", Guessed, unit "%";
    /// Insulin for food.
    FOOD: F64, "carelink.history.totals.food", "Food Bolus", Inferred, unit " U";
    /// Insulin for food as a part of bolus insulin.
    FOOD_SHARE: U8, "carelink.history.totals.food_percent", "Food Share", Inferred, unit "%";
    /// Insulin to correct blood glucose.
    CORRECTION: F64, "carelink.history.totals.correction", "Correction Bolus", Inferred, unit " U";
    /// Insulin to correct blood glucose as a part of bolus insulin.
    CORRECTION_SHARE: U8, "carelink.history.totals.correction_percent", "Correction Share", Inferred, unit "%";
    /// Insulin of boluses with both food and correction.
    BOTH: F64, "carelink.history.totals.food_and_correction", "Food and Correction Bolus", Inferred, unit " U";
    /// Insulin of boluses without the wizard.
    MANUAL: F64, "carelink.history.totals.manual", "Manual Bolus", Inferred, unit " U";
    /// Insulin of boluses without the wizard, as a part of bolus insulin.
    MANUAL_SHARE: U8, "carelink.history.totals.manual_percent", "Manual Share", Inferred, unit "%";
    /// Number of boluses.
    COUNT: U8, "carelink.history.totals.boluses", "Boluses", Inferred;
    /// Number of boluses for food alone.
    FOOD_COUNT: U8, "carelink.history.totals.food_boluses", "Food Boluses", Inferred;
    /// Number of boluses for correction alone.
    CORRECTION_COUNT: U8, "carelink.history.totals.correction_boluses", "Correction Boluses", Inferred;
    /// Number of boluses for both.
    BOTH_COUNT: U8, "carelink.history.totals.food_and_correction_boluses", "Food and Correction Boluses", Inferred;
    /// Number of boluses without the wizard.
    MANUAL_COUNT: U8, "carelink.history.totals.manual_boluses", "Manual Boluses", Inferred;
    /// Mean of the day's sensor glucose.
    SENSOR_MEAN: F64, "carelink.history.totals.sensor_mean", "Mean Sensor Glucose", Confirmed;
    /// Lowest of the day's sensor glucose, 1000 if there is none.
    SENSOR_LOW: F64, "carelink.history.totals.sensor_low", "Lowest Sensor Glucose", Confirmed;
    /// Highest of the day's sensor glucose.
    SENSOR_HIGH: F64, "carelink.history.totals.sensor_high", "Highest Sensor Glucose", Confirmed;
    /// Number of the day's sensor readings, 288 at most.
    SENSOR_COUNT: U16, "carelink.history.totals.sensor_readings", "Sensor Readings", Confirmed;
    /// Number of the day's calibrations.
    CALIBRATIONS: U8, "carelink.history.totals.calibrations", "Calibrations", Confirmed;
    /// How much of the day's sensor glucose lay above the high limit.
    ABOVE: U8, "carelink.history.totals.sensor_above", "Above the High Limit", Confirmed, unit "%";
    /// How much of the day's sensor glucose lay between the limits.
    WITHIN: U8, "carelink.history.totals.sensor_within", "Between the Limits", Confirmed, unit "%";
    /// How much of the day's sensor glucose lay below the low limit.
    BELOW: U8, "carelink.history.totals.sensor_below", "Below the Low Limit", Confirmed, unit "%";
    /// Standard deviation of the day's sensor glucose.
    DEVIATION: F64, "carelink.history.totals.sensor_deviation", "Standard Deviation", Confirmed;
    /// Number of the day's alarms that high glucose is to come.
    HIGH_PREDICTED: U8, "carelink.history.totals.high_predicted_alarms", "High Predicted Alarms", Confirmed;
    /// Number of the day's alarms that low glucose is to come.
    LOW_PREDICTED: U8, "carelink.history.totals.low_predicted_alarms", "Low Predicted Alarms", Confirmed;
    /// Lowest of the blood glucose that was entered at the pump.
    ENTERED_LOW: F64, "carelink.history.totals.entered_low", "Lowest Entered BG", Inferred;
    /// Highest of the blood glucose that was entered at the pump.
    ENTERED_HIGH: F64, "carelink.history.totals.entered_high", "Highest Entered BG", Inferred;
    /// Number of the day's alarms of low glucose.
    LOW_ALARMS: U8, "carelink.history.totals.low_alarms", "Low Alarms", Confirmed;
    /// Number of the day's alarms of high glucose.
    HIGH_ALARMS: U8, "carelink.history.totals.high_alarms", "High Alarms", Confirmed;
}

/// Insulin of a day, as the vendor reports it.
pub(super) fn daily<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Insulin, Stop> {
    let total = c.read(DAILY, be_u32.map(fortieths))?;
    r.day(c)?;
    c.fill();
    Ok(total)
}

/// What a day came to, as far as all models have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Meter readings: mean, lowest, highest.
    pub bg: [Glucose; 3],
    /// All insulin.
    pub total: Insulin,
    /// Basal insulin.
    pub basal: Insulin,
    /// Bolus insulin.
    pub bolus: Insulin,
    /// Carbohydrates, in grams or tenths of exchanges.
    pub carbs: u16,
}

pub(super) fn totals<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Totals, Stop> {
    r.day(c)?;
    let units = r.byte(3);
    let unit = GlucoseUnit::from(units & 3);
    c.packed(UNITS, u8, |c, _| {
        c.derived(BG_UNITS, &unit);
        c.derived(CARB_UNITS, &CarbUnit::from(units >> 2 & 3));
    })?;
    let bg = three(c, unit, [BG_MEAN, BG_LOW, BG_HIGH])?;
    c.read(BG_COUNT, u8)?;
    let total = c.read(TOTAL, be_u32.map(fortieths))?;
    let basal = part(c, BASAL, BASAL_SHARE)?;
    let bolus = part(c, BOLUS, BOLUS_SHARE)?;
    let carbs = c.read(CARBS, be_u16)?;
    if r.layout.large() {
        for field in [FOOD, CORRECTION, BOTH, MANUAL] {
            c.read(field, be_u16.map(Insulin::fortieths))?;
        }
        for field in [FOOD_COUNT, CORRECTION_COUNT, BOTH_COUNT, MANUAL_COUNT] {
            c.read(field, u8)?;
        }
        large_sensor(c, r, unit)?;
    } else {
        part(c, BOLUS_AGAIN, BOLUS_SHARE_AGAIN)?;
        part(c, FOOD, FOOD_SHARE)?;
        part(c, CORRECTION, CORRECTION_SHARE)?;
        part(c, MANUAL, MANUAL_SHARE)?;
        for field in [COUNT, FOOD_COUNT, CORRECTION_COUNT, BOTH_COUNT, MANUAL_COUNT] {
            c.read(field, u8)?;
        }
        if c.remaining() > 0 {
            let high = u16::from(c.rest()[0] >> 6) << 8;
            three(c, unit, [SENSOR_MEAN, SENSOR_LOW, SENSOR_HIGH])?;
            c.read(SENSOR_COUNT, u8.map(|low| high | u16::from(low)))?;
            c.read(CALIBRATIONS, u8)?;
        }
    }
    Ok(Totals { bg, total, basal, bolus, carbs })
}

/// The day's sensor glucose, from the 523 on; a 523's days and the vendor's readings of them show what is what.
fn large_sensor<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &Reading<'_>, unit: GlucoseUnit) -> Result<(), Stop> {
    let glucose = |high, low| Glucose { count: u16::from_be_bytes([high & 3, low]), unit };
    let high = c.read(HIGH, u8)?;
    c.read_shown(SENSOR_MEAN, u8.map(|low| glucose(high, low)))?;
    for field in [ABOVE, WITHIN, BELOW] {
        c.read(field, u8)?;
    }
    let count_high = r.byte(COUNT_HIGH);
    c.read(SENSOR_COUNT, u8.map(|low| u16::from_be_bytes([count_high, low])))?;
    c.read_shown(DEVIATION, u8.map(|low| glucose(0, low)))?;
    c.read(HIGH_PREDICTED, u8)?;
    c.read(LOW_PREDICTED, u8)?;
    // Both have two high bits, one pair here and one beside those of the meter's; which is whose is not sure.
    let meter_high = r.byte(METER_HIGH);
    c.read_shown(ENTERED_LOW, u8.map(|low| glucose(meter_high >> 6, low)))?;
    c.read_shown(ENTERED_HIGH, u8.map(|low| glucose(high >> 2, low)))?;
    c.read(LOW_ALARMS, u8)?;
    c.read(HIGH_ALARMS, u8)?;
    c.read(HIGH, u8)?;
    c.fill();
    Ok(())
}

/// Where the high bits of the meter's readings lie in the record, and the high byte of the sensor's count.
const METER_HIGH: usize = 4;
const COUNT_HIGH: usize = 46;

/// A byte of high bits, then mean, lowest and highest.
fn three<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    unit: GlucoseUnit,
    fields: [Field; 3],
) -> Result<[Glucose; 3], Stop> {
    let bits = c.read(HIGH, u8)?;
    let mut values = [Glucose { count: 0, unit }; 3];
    for ((value, field), shift) in values.iter_mut().zip(fields).zip([0, 2, 4]) {
        let glucose = |low| Glucose { count: u16::from_be_bytes([bits >> shift & 3, low]), unit };
        *value = c.read_shown(field, u8.map(glucose))?;
    }
    Ok(values)
}

/// Insulin, and its share in percent.
fn part<S: Sink>(c: &mut Cursor<'_, '_, S>, amount: Field, share: Field) -> Result<Insulin, Stop> {
    let insulin = c.read(amount, be_u16.map(Insulin::fortieths))?;
    c.read(share, u8)?;
    Ok(insulin)
}

fn fortieths(count: u32) -> Insulin {
    Insulin::fortieths(i32::try_from(count).unwrap_or(i32::MAX))
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} of it basal", self.total, self.basal)
    }
}
