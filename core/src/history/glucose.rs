// SPDX-License-Identifier: GPL-2.0-or-later
//! In: records of blood glucose, entered or received (0x0A) or sent by a meter (0x3F, 0x39). Out: how much, and by whom.

use super::reading::Reading;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::sink::Sink;
use crate::units::clock::PumpTime;
use crate::units::quantities::{Glucose, GlucoseUnit};
use nom::Parser;
use nom::number::complete::{be_u24, u8};

crate::fields! {
    /// Blood glucose, in what `carelink.history.bg.units` says. Two high bits lie in the time stamp.
    AMOUNT: F64, "carelink.history.bg.amount", "Blood Glucose", Confirmed;
    /// What blood glucose is counted in.
    UNITS: U8, "carelink.history.bg.units", "Units", Confirmed, names GlucoseUnit::NAMES;
    /// Blood glucose from a meter, in the unit that the record before it tells. Three low bits lie in the time stamp.
    METER_AMOUNT: F64, "carelink.history.meter_bg.amount", "Blood Glucose", Confirmed;
    /// Identity of the meter; people know it by its hexadecimal digits.
    METER: X32, "carelink.history.meter_bg.meter", "Meter", Confirmed, identity Packed;
}

pub(super) fn entered<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Glucose, Stop> {
    let spare = r.spare(2);
    let unit = GlucoseUnit::from(spare.hour & 3);
    let high = spare.hour >> 2 << 1 | spare.year;
    let glucose = |low| Glucose { count: u16::from_be_bytes([high, low]), unit };
    let amount = c.read_shown(AMOUNT, u8.map(glucose))?;
    r.stamp(c)?;
    c.derived_at(UNITS, r.hour_bits(c), &unit);
    r.page.glucose = Some((amount, *r.time));
    Ok(amount)
}

/// What a meter's reading is counted in, which its record does not say.
///
/// The pump stores what it takes the reading for in the same second, just before. One that counts in mg/dL leaves no
/// question; of one that counts in mmol/L the two numbers tell, or nothing does.
fn unit_of(count: u16, time: Option<PumpTime>, stored: Option<(Glucose, Option<PumpTime>)>) -> GlucoseUnit {
    match stored {
        None => GlucoseUnit::Unset,
        Some((stored, _)) if stored.unit != GlucoseUnit::MmolL => stored.unit,
        Some((stored, at)) if at == time && stored.count == count => GlucoseUnit::MmolL,
        Some((stored, at)) if at == time && (stored.exported() - f64::from(count)).abs() < 2.0 => {
            GlucoseUnit::MgDl
        }
        Some(_) => GlucoseUnit::Unknown(u8::MAX),
    }
}

/// Blood glucose that a linked meter sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeterGlucose {
    /// How much.
    pub amount: Glucose,
    /// Identity of the meter: 24 bits.
    pub meter: u32,
}

pub(super) fn received<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    r: &mut Reading<'_>,
) -> Result<MeterGlucose, Stop> {
    let count = u16::from(r.byte(1)) << 3 | u16::from(r.spare(2).hour);
    let amount = Glucose { count, unit: unit_of(count, r.time_ahead(2), r.page.glucose) };
    c.read_shown(METER_AMOUNT, u8.map(|_| amount))?;
    r.stamp(c)?;
    let meter = c.read(METER, be_u24)?;
    c.relabel(format_args!("Meter: {meter:06X}"));
    Ok(MeterGlucose { amount, meter })
}
