//! In: records of blood glucose, entered or received (0x0A) or sent by a meter (0x3F, 0x39). Out: how much, and by whom.

use super::{Body, Reading};
use crate::cursor::Cursor;
use crate::diagnosis::Stop;
use crate::sink::Sink;
use crate::units::{Glucose, GlucoseUnit};
use nom::Parser;
use nom::number::complete::{be_u24, u8};

crate::fields! { group HistoryGlucose;
    /// Blood glucose, in what `carelink.history.bg.units` says. Two high bits lie in the time stamp.
    AMOUNT: F64, "carelink.history.bg.amount", "Blood Glucose", Confirmed;
    /// What blood glucose is counted in.
    UNITS: U8, "carelink.history.bg.units", "Units", Confirmed, names GlucoseUnit::NAMES;
    /// Blood glucose from a meter, in the unit of the record before it. Three low bits lie in the time stamp.
    METER_AMOUNT: F64, "carelink.history.meter_bg.amount", "Blood Glucose", Confirmed;
    /// Identity of the meter; people know it by its hexadecimal digits.
    METER: X32, "carelink.history.meter_bg.meter", "Meter", Confirmed;
}

pub(super) fn entered<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Body, Stop> {
    let spare = r.spare(2);
    let unit = GlucoseUnit::from(spare.hour & 3);
    let high = spare.hour >> 2 << 1 | spare.year;
    let glucose = |low| Glucose { count: u16::from_be_bytes([high, low]), unit };
    let amount = c.read_shown(AMOUNT, u8.map(glucose))?;
    r.stamp(c)?;
    c.derived_at(UNITS, r.hour_bits(c), &unit);
    r.page.glucose = unit;
    Ok(Body::Glucose(amount))
}

/// Blood glucose that a linked meter sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeterGlucose {
    /// How much.
    pub amount: Glucose,
    /// Identity of the meter: 24 bits.
    pub meter: u32,
}

pub(super) fn received<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Body, Stop> {
    let (low, unit) = (r.spare(2).hour, r.page.glucose);
    let glucose = |high| Glucose { count: u16::from(high) << 3 | u16::from(low), unit };
    let amount = c.read_shown(METER_AMOUNT, u8.map(glucose))?;
    r.stamp(c)?;
    let meter = c.read(METER, be_u24)?;
    c.relabel(format_args!("Meter: {meter:06X}"));
    Ok(Body::MeterGlucose(MeterGlucose { amount, meter }))
}
