// SPDX-License-Identifier: GPL-2.0-or-later
//! In: changed alerts of the glucose sensor. Out: the parts of their records, before and after.

use super::parts::Parts;
use crate::emit::count::half_hours;
use carelink_core::history::sensor_alerts::{
    Ahead, GlucoseLimits, GlucoseRate, Limits, MOST_ENTRIES, Pattern, PredictiveAlerts, RateAlert, RateAlerts,
};
use carelink_core::units::quantities::GlucoseUnit;

/// An entry that is not used.
const UNUSED: [u8; 3] = [0, 0xFF, 0xFF];

fn unit(pattern: &Pattern<Limits>) -> u8 {
    pattern.entries.first().map_or(0, |entry| entry.high.unit.into())
}

/// Limits of up to eight parts of the day: two bits of each lie before the bytes.
pub(super) fn limits(value: &GlucoseLimits) -> Option<Parts> {
    let GlucoseLimits { old, new } = value;
    let (tops, entries) = limit_entries(old)?;
    let [first, rest @ ..] = tops;
    let mut tail = [&rest[..], &entries].concat();
    let (tops, entries) = limit_entries(new)?;
    tail.extend(tops);
    tail.extend(entries);
    let on = if both(old.enabled, new.enabled)? { 3 } else { 0 };
    let count = |pattern: &Pattern<Limits>| u8::try_from(pattern.entries.len()).ok();
    let old_unit = Some(unit(old)).filter(|unit| *unit < 4)?;
    tail.extend([old_unit << 6 | count(new)? << 2 | on, count(old)?]);
    Some(Parts { hour: Some(unit(new)).filter(|unit| *unit < 8)?, ..Parts::of([first]).tail(tail) })
}

fn both(old: Option<bool>, new: Option<bool>) -> Option<bool> {
    old.filter(|_| old == new)
}

fn limit_entries(pattern: &Pattern<Limits>) -> Option<([u8; 4], Vec<u8>)> {
    let (mut high, mut low) = (u16::MAX, u16::MAX);
    let mut bytes = Vec::new();
    for (index, entry) in pattern.entries.iter().enumerate() {
        let parts = [entry.high, entry.low].map(|glucose| glucose.count.to_be_bytes());
        let [[high_top, high_byte], [low_top, low_byte]] = parts;
        for (bits, top) in [(&mut high, high_top), (&mut low, low_top)] {
            *bits = *bits & !(3 << (2 * index)) | u16::from(Some(top).filter(|top| *top < 4)?) << (2 * index);
        }
        bytes.extend([half_hours(entry.start.0.into())?, high_byte, low_byte]);
    }
    (pattern.entries.len()..MOST_ENTRIES).for_each(|_| bytes.extend(UNUSED));
    let ([a, b], [c, d]) = (high.to_le_bytes(), low.to_le_bytes());
    Some(([a, b, c, d], bytes))
}

/// Times ahead, of up to eight parts of the day; the first byte counts groups of three bytes.
pub(super) fn predictive(value: &PredictiveAlerts) -> Option<Parts> {
    let on = if both(value.old.enabled, value.new.enabled)? { 6 } else { 0 };
    let tail = [ahead_entries(&value.old)?, ahead_entries(&value.new)?].concat();
    Some(Parts { hour: on, ..Parts::of([1 + 2 * 8]).tail(tail) })
}

fn ahead_entries(pattern: &Pattern<Ahead>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for entry in &pattern.entries {
        let [high, low] = [entry.high, entry.low].map(|time| u8::try_from(time.0).ok());
        bytes.extend([half_hours(entry.start.0.into())?, high?, low?]);
    }
    (pattern.entries.len()..MOST_ENTRIES).for_each(|_| bytes.extend(UNUSED));
    Some(bytes)
}

/// Rates after the change come first; the units lie above the hour.
pub(super) fn rates(value: &RateAlerts) -> Option<Parts> {
    let (new_flags, new, new_mmol) = rate(value.new)?;
    let (old_flags, old, old_mmol) = rate(value.old)?;
    let tail = [&new[..], &[old_flags], &old].concat();
    Some(Parts { hour: new_mmol << 1 | old_mmol, ..Parts::of([new_flags]).tail(tail) })
}

/// Flags, the low bytes of both limits, and whether they are in mmol/L.
fn rate(alert: RateAlert) -> Option<(u8, [u8; 2], u8)> {
    let (rising, falling): (GlucoseRate, GlucoseRate) = (alert.rising?, alert.falling?);
    let [top, low] = rising.count.to_be_bytes();
    let top = Some(top).filter(|top| *top < 2)?;
    let mmol = match rising.unit {
        GlucoseUnit::MmolL => 1,
        GlucoseUnit::MgDl => 0,
        _ => return None,
    };
    let flags = u8::from(alert.rising_enabled) | u8::from(alert.falling_enabled) << 1 | top << 2;
    Some((flags, [low, u8::try_from(falling.count).ok()?], mmol))
}
