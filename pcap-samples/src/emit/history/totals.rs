// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what a day came to. Out: the records in which a pump stores it.

use super::stamp::date;
use crate::emit::count::{few, fortieths, steps, ten_bits};
use carelink_core::history::totals::Totals;
use carelink_core::units::clock::PumpTime;
use carelink_core::units::quantities::{CarbUnit, Insulin};

/// The record of all insulin, with three bytes more from the 523 on.
pub(super) fn daily(opcode: u8, day: PumpTime, total: Insulin, large: bool) -> Option<Vec<u8>> {
    let rest = if large { &[0; 3][..] } else { &[] };
    Some([&[opcode][..], &steps(total.0, 25)?.to_be_bytes(), &date(day)?, rest].concat())
}

/// What a pump stores of a day beside its [`Totals`], which a reader shows and does not keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breakdown {
    /// What carbohydrates are counted in.
    pub carb_unit: CarbUnit,
    /// How often blood glucose was measured.
    pub readings: u8,
    /// Bolus insulin for food, for correction, without the wizard.
    pub boluses: [Insulin; 3],
    /// Number of boluses for food alone, for correction alone, for both, without the wizard.
    pub counts: [u8; 4],
}

impl Breakdown {
    /// Nothing is known.
    const NONE: Self =
        Self { carb_unit: CarbUnit::Unset, readings: 0, boluses: [Insulin(0); 3], counts: [0; 4] };
}

/// The record of a 515 (0x6C), of a 522 (0x6D), or of later models (0x6E), as far as its reader keeps it.
pub(super) fn totals(opcode: u8, day: PumpTime, value: &Totals) -> Option<Vec<u8>> {
    if opcode != 0x6E {
        return broken_down(opcode, day, value, &Breakdown::NONE);
    }
    let mut bytes = head(opcode, day, value, &Breakdown::NONE)?;
    bytes.resize(52, 0);
    Some(bytes)
}

/// The record of a 515 (0x6C), or of a 522 (0x6D) without a glucose sensor.
///
/// `None` for a value that it cannot hold.
#[must_use]
pub fn broken_down(opcode: u8, day: PumpTime, value: &Totals, more: &Breakdown) -> Option<Vec<u8>> {
    let mut bytes = head(opcode, day, value, more)?;
    // The bolus insulin again, and its share of all insulin; then its own parts.
    bytes.extend_from_within(BOLUS..BOLUS + 3);
    for part in more.boluses {
        bytes.extend(share(part, value.bolus)?);
    }
    bytes.push(more.counts.iter().try_fold(0_u8, |sum, count| sum.checked_add(*count))?);
    bytes.extend(more.counts);
    bytes.resize(if opcode == 0x6C { 38 } else { 44 }, 0);
    Some(bytes)
}

/// Where the bolus insulin lies.
const BOLUS: usize = 16;

/// What all models begin with, up to the carbohydrates.
fn head(opcode: u8, day: PumpTime, value: &Totals, more: &Breakdown) -> Option<Vec<u8>> {
    let Totals { bg, total, basal, bolus, carbs } = value;
    let mut high = 0;
    let mut low = [0; 3];
    for (n, glucose) in bg.iter().enumerate() {
        let bits = ten_bits(glucose.count)?;
        high |= bits[0] << (2 * n);
        low[n] = bits[1];
    }
    let units = few(more.carb_unit.into(), 2)? << 2 | few(bg[0].unit.into(), 2)?;
    let delivered = Insulin(basal.0 + bolus.0);
    Some(
        [
            &[opcode][..],
            &date(day)?,
            &[units, high],
            &low,
            &[more.readings],
            &steps(total.0, 25)?.to_be_bytes(),
            &share(*basal, delivered)?,
            &share(*bolus, delivered)?,
            &carbs.to_be_bytes(),
        ]
        .concat(),
    )
}

/// Insulin, and how many percent of `whole` it is, rounded to the nearest as pumps do.
fn share(part: Insulin, whole: Insulin) -> Option<[u8; 3]> {
    let [high, low] = fortieths(part.0)?;
    let (part, whole) = (i64::from(part.0), i64::from(whole.0));
    let percent = (part * 100 + whole / 2).checked_div(whole).unwrap_or(0);
    Some([high, low, u8::try_from(percent).ok()?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use carelink_core::units::quantities::{Glucose, GlucoseUnit};

    #[test]
    fn parts_are_stored_with_their_shares() {
        let value = Totals {
            bg: [140, 80, 300].map(|count| Glucose { count, unit: GlucoseUnit::MgDl }),
            total: Insulin::fortieths(1300),
            basal: Insulin::fortieths(800),
            bolus: Insulin::fortieths(500),
            carbs: 150,
        };
        let more = Breakdown {
            carb_unit: CarbUnit::Grams,
            readings: 5,
            boluses: [400, 100, 0].map(Insulin::fortieths),
            counts: [3, 1, 0, 0],
        };
        let bytes = broken_down(0x6D, PumpTime::new(2026, 11, 28, 0, 0, 0), &value, &more).unwrap();
        assert_eq!(bytes.len(), 44);
        #[rustfmt::skip]
        assert_eq!(bytes[..38], [
            0x6D, 0b101_11100, 0b1_0011010, 0b01_01, 0b01_00_00, 140, 80, 44, 5,
            0, 0, 0x05, 0x14, 0x03, 0x20, 62, 0x01, 0xF4, 38, 0, 150,
            0x01, 0xF4, 38, 0x01, 0x90, 80, 0, 100, 20, 0, 0, 0, 4, 3, 1, 0, 0,
        ]);
    }
}
