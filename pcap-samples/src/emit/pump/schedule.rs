// SPDX-License-Identifier: GPL-2.0-or-later
//! In: schedules of a day: basal rates, carb ratios, sensitivities, targets. Out: their entries, each with its start.

use crate::emit::count::{fortieths, half_hours, ratio};
use carelink_core::pump::block::{Schedule, Slot};
use carelink_core::pump::carb_ratio::CarbRatios;
use carelink_core::pump::profile::BasalProfile;
use carelink_core::pump::sensitivity::Sensitivities;
use carelink_core::pump::target::Targets;
use carelink_core::units::quantities::TimeOfDay;

/// Start of a pattern's only entry if it was never set.
const NEVER: u8 = 0x3F;

fn start<T>(slot: &Slot<T>) -> Option<u8> {
    half_hours(slot.start.0.into())
}

fn entries<T, const N: usize, const SIZE: usize>(
    slots: &Schedule<T, N>,
    entry: impl Fn(&Slot<T>) -> Option<[u8; SIZE]>,
) -> Option<Vec<u8>> {
    Some(slots.iter().map(entry).collect::<Option<Vec<_>>>()?.concat())
}

/// Rate in fortieths, low byte first, then the start; zeros end it. Parameters may lack the end.
pub(super) fn basal_profile(value: &BasalProfile) -> Option<Vec<u8>> {
    let Some(last) = value.rates.last() else { return Some(vec![0, 0, NEVER]) };
    let mut bytes = entries(&value.rates, |slot| {
        let [high, low] = fortieths(slot.value.0)?;
        Some([low, high, start(slot)?])
    })?;
    if last.end == Some(TimeOfDay(24 * 60)) && !value.rates.is_full() {
        bytes.extend([0; 3]);
    }
    Some(bytes)
}

/// Units, then start and ratio: grams or tenths of an exchange in one byte; from the 523 on, a count before them, and tenths
/// of a gram or thousandths of an exchange in two.
pub(super) fn carb_ratios(value: &CarbRatios, large: bool) -> Option<Vec<u8>> {
    let mut bytes = vec![value.units.into()];
    if large {
        bytes.push(u8::try_from(value.ratios.len()).ok()?);
    }
    for slot in &value.ratios {
        bytes.push(start(slot)?);
        bytes.extend(ratio(slot.value, large)?);
    }
    Some(bytes)
}

/// Units, then the start with the value's ninth bit above it, and the value.
pub(super) fn sensitivities(value: &Sensitivities) -> Option<Vec<u8>> {
    let entries = entries(&value.values, |slot| {
        let [high, low] = slot.value.count.to_be_bytes();
        (high < 2).then_some([high << 6 | start(slot)?, low])
    })?;
    Some([&[value.units.into()][..], &entries].concat())
}

/// Units, then start, low end and high end; the 512 has one number for both.
pub(super) fn targets(value: &Targets, single: bool) -> Option<Vec<u8>> {
    let ends = |slot: &Slot<carelink_core::pump::target::Range>| {
        Some((
            start(slot)?,
            u8::try_from(slot.value.low.count).ok()?,
            u8::try_from(slot.value.high.count).ok()?,
        ))
    };
    let entries = if single {
        entries(&value.ranges, |slot| {
            ends(slot).filter(|(_, low, high)| low == high).map(|(start, low, _)| [start, low])
        })?
    } else {
        entries(&value.ranges, |slot| ends(slot).map(|(start, low, high)| [start, low, high]))?
    };
    Some([&[value.units.into()][..], &entries].concat())
}
