// SPDX-License-Identifier: GPL-2.0-or-later
//! In: any record of a pump's history, as its reader gives it. Out: its bytes.
//!
//! What a reader does not keep is emitted as zero, unless it follows from the rest. The layouts are written down a second
//! time here, from `docs/protocol/pages.md` and not from the readers.

mod alerts;
mod parts;
mod setup;
mod stamp;
mod totals;

use crate::emit::count::{few, few_tenths, fortieths, half_hours, minutes, ratio, steps, ten_bits, tenths};
use carelink_core::history::basal::{BasalPattern, BasalStart, TempBasal};
use carelink_core::history::bolus::{Bolus, Unabsorbed};
use carelink_core::history::ids::Ids;
use carelink_core::history::layout::Layout;
use carelink_core::history::settings::{ReservoirWarning, Suspend};
use carelink_core::history::stamp::Requestor;
use carelink_core::history::wizard::Estimate;
use carelink_core::history::{Body, Record};
use carelink_core::units::clock::PumpTime;
use carelink_core::units::quantities::Glucose;
use parts::Parts;
pub(super) use stamp::numbers;
pub use stamp::{Spare, stamp};
pub use totals::{Breakdown, broken_down};

/// A record to be emitted, of something that was done at the pump, by its first byte. Only what belongs to the record before
/// it has no time.
///
/// ```
/// use carelink_samples::emit::history::{entry, record};
/// use carelink_core::history::{Body, layout::Layout, settings::{Delivery, Suspend}};
/// use carelink_core::units::clock::PumpTime;
///
/// let resume = entry(0x1F, PumpTime::new(2026, 11, 28, 23, 58, 57), Body::Suspend(Suspend { new: Delivery::Normal, old: None }));
/// assert_eq!(record(&resume, Layout::Small), Some(vec![0x1F, 0, 0xB9, 0xFA, 0x17, 0x1C, 0x1A]));
/// ```
pub fn entry(opcode: u8, time: impl Into<Option<PumpTime>>, body: Body) -> Record {
    Record { offset: 0, len: 0, opcode, time: time.into(), requestor: Some(Requestor::Pump), body }
}

/// The bytes of a record, for a pump with records of this layout.
///
/// `None` for a value that the layout cannot hold, such as insulin between two steps.
#[must_use]
pub fn record(record: &Record, layout: Layout) -> Option<Vec<u8>> {
    let (opcode, large) = (record.opcode, layout.large());
    let requestor = record.requestor.map_or(0, u8::from);
    let parts = match &record.body {
        Body::Unabsorbed(entries) => return unabsorbed(opcode, entries),
        Body::DailyTotal(total) => return totals::daily(opcode, record.time?, *total, large),
        Body::Totals(value) => return totals::totals(opcode, record.time?, value),
        Body::Alarm(alarm) => {
            let [l0, l1] = alarm.line.to_be_bytes();
            let spare = Spare { hour: alarm.module >> 3, day: alarm.module & 7, year: 0 };
            let head = [opcode, alarm.code.into(), l0, l1];
            return Some([&head[..], &stamp(record.time?, spare)?].concat());
        }
        Body::Plain(value) => Parts::of([*value]).filled(plain_tail(opcode, *value))?,
        Body::Switch(on) => Parts::of([u8::from(*on)]),
        Body::Alert(alert) => Parts::of([u8::from(*alert)]),
        Body::AutoOff(hours) => Parts::of([*hours]),
        Body::BasalPattern(pattern) => basal_pattern(pattern)?,
        Body::BasalStart(start) => basal_start(start)?,
        Body::Bolus(bolus) => self::bolus(bolus, large)?,
        Body::BolusReminder(reminder) => Parts::of([reminder.start]).tail(minutes(reminder.time)?),
        Body::CarbUnits(unit) => Parts::of([few(u8::from(*unit), 4)?]),
        Body::ClearAlarm(code) => Parts::of([*code]),
        Body::Devices(devices) => {
            let ids = devices.iter().flat_map(|id| [0].into_iter().chain(id.to_be_bytes()));
            let len = if opcode == 0x7D { 30 } else { 5 };
            Parts::of([u8::try_from(devices.len()).ok()?]).tail(ids.collect::<Vec<_>>()).filled(len)?
        }
        Body::EasyBolus(easy) => {
            let step = u8::try_from(steps(easy.step.0, 50)?).ok()?;
            Parts::of([few(step, 7)? << 1 | u8::from(easy.enabled)])
        }
        Body::Estimate(estimate) => self::estimate(estimate, opcode, large)?,
        Body::Glucose(glucose) => {
            let [high, low] = ten_bits(glucose.count)?;
            let parts = Parts::of([low]).hour(high >> 1 << 2 | few(u8::from(glucose.unit), 2)?)?;
            Parts { year: high & 1, ..parts }
        }
        Body::InsulinMarker(amount) => {
            let [high, low] = tenths(amount.0)?;
            Parts::of([low]).hour(few(high, 2)?)?.tail([0])
        }
        Body::Links(ids) | Body::Remotes(ids) => self::ids(ids, opcode)?,
        Body::LowReservoir(left) => Parts::of([few_tenths(left.0)?]),
        Body::MaxBasal(rate) => {
            let [high, low] = fortieths(rate.0)?;
            Parts::of([low]).hour(high)?
        }
        Body::MaxBolus(amount) if large => return max_bolus(record, amount.0),
        Body::MaxBolus(amount) => Parts::of([few_tenths(amount.0)?]),
        Body::Meal(carbs) => {
            let [high, low] = carbs.count.to_be_bytes();
            Parts::of([high]).tail([low, few(u8::from(carbs.unit), 2)?])
        }
        Body::MeterGlucose(meter) => {
            let [high, low] = meter.amount.count.to_be_bytes();
            let high = few(high, 3)? << 5 | low >> 3;
            let [0, id @ ..] = meter.meter.to_be_bytes() else { return None };
            Parts::of([high]).hour(low & 7)?.tail(id)
        }
        Body::Clock(_) => Parts::of([0]),
        Body::Suspend(Suspend { new, old }) if large => {
            Parts::of([few(u8::from(*new), 5)? | few(u8::from((*old)?), 3)? << 5])
        }
        Body::Suspend(Suspend { .. }) => Parts::of([0]),
        Body::Prime(prime) => {
            let amounts = [tenths(prime.programmed.0)?, tenths(prime.amount.0)?];
            Parts::of(amounts.concat()).hour(prime.kind.into())?
        }
        Body::ReservoirWarning(ReservoirWarning::Insulin(units)) => Parts::of([few(*units, 6)? << 2]),
        Body::ReservoirWarning(ReservoirWarning::Time(time)) => {
            Parts::of([few(half_hours(time.0)?, 6)? << 2 | 1])
        }
        Body::ScrollStep(step) => Parts::of([u8::try_from(step.0).ok()?]),
        Body::SelectPattern(select) => Parts::of([u8::from(select.old)]).hour(select.new.into())?,
        Body::SensorAlarm(alarm) => {
            let [high, low] = alarm.amount.count.to_be_bytes();
            let parts = Parts::of([alarm.code.into(), low]).hour(few(u8::from(alarm.amount.unit), 2)?)?;
            Parts { year: few(high, 1)?, ..parts }
        }
        Body::SensorSetup(change) => setup::sensor(change)?,
        Body::GlucoseLimits(limits) => alerts::limits(limits)?,
        Body::GraphTimeout(timeout) => Parts::of([u8::try_from(timeout.0).ok()?]),
        Body::PredictiveAlerts(change) => alerts::predictive(change)?,
        Body::RateAlerts(change) => alerts::rates(change)?,
        Body::Silence(silence) => {
            let [high, low] = minutes(silence.duration)?;
            Parts::of([u8::from(silence.scope)]).hour(high)?.tail([low])
        }
        Body::TempBasal(temp) => {
            let [high, low] = match temp {
                TempBasal::Rate(rate) => fortieths(rate.0)?,
                TempBasal::Percent(percent) => [1 << 3, *percent],
                TempBasal::Unknown(kind) => [few(*kind, 5)? << 3, 0],
            };
            // A rate has eleven bits; its three high ones lie below the kind, which is 0.
            let fits = !matches!(temp, TempBasal::Rate(_)) || high < 8;
            fits.then(|| Parts::of([low]).tail([high]))?
        }
        Body::TempDuration(duration) => Parts::of([half_hours(duration.0)?]),
        Body::TempType(kind) => Parts::of([u8::from(*kind)]),
        Body::TimeFormat(format) => Parts::of([u8::from(*format)]),
        Body::WizardSetup(change) => setup::wizard(change, opcode, large)?,
    };
    let spare = Spare { hour: parts.hour, day: requestor, year: parts.year };
    Some([&[opcode][..], &parts.head, &stamp(record.time?, spare)?, &parts.tail].concat())
}

/// From the 523 on: fortieths in ten bits, five before the stamp, three above the hour, and two above a year of six.
fn max_bolus(record: &Record, thousandths: i32) -> Option<Vec<u8>> {
    let [high, low] = ten_bits(u16::from_be_bytes(fortieths(thousandths)?))?;
    let spare = Spare { hour: low >> 2 & 7, day: record.requestor.map_or(0, u8::from), year: 0 };
    let mut at = stamp(record.time?, spare)?;
    at[4] = few(at[4], 6)? | (low & 3) << 6;
    Some([&[record.opcode, high << 3 | low >> 5][..], &at].concat())
}

/// Bytes behind the stamp of a record whose meaning, but for its name, is not known.
fn plain_tail(opcode: u8, value: u8) -> usize {
    match opcode {
        0x29 => 14,
        0x41 | 0x7F => 1,
        0x54 => 57,
        0x55 => 3 * usize::from(value.saturating_sub(1)),
        0x56 => 5,
        0x69 => 2,
        _ => 0,
    }
}

/// The count, and room for 48 rates, each with its start; a pattern without one ends at once.
fn basal_pattern(value: &BasalPattern) -> Option<Parts> {
    let mut tail = Vec::new();
    for rate in &value.rates {
        let [high, low] = fortieths(rate.rate.0)?;
        tail.extend([half_hours(rate.start.0.into())?, low, high]);
    }
    if tail.is_empty() {
        tail.push(0x3F);
    }
    Parts::of([u8::try_from(value.rates.len()).ok()?]).hour(value.pattern.into())?.tail(tail).filled(145)
}

fn basal_start(value: &BasalStart) -> Option<Parts> {
    let [high, low] = fortieths(value.rate.rate.0)?;
    let start = half_hours(value.rate.start.0.into())?;
    Some(Parts::of([value.index]).hour(value.pattern.into())?.tail([start, low, high]))
}

/// Insulin in tenths in one byte, or in fortieths in two.
fn dose(thousandths: i32, large: bool) -> Option<Vec<u8>> {
    if large {
        fortieths(thousandths).map(Vec::from)
    } else {
        few_tenths(thousandths).map(|count| vec![count])
    }
}

fn bolus(value: &Bolus, large: bool) -> Option<Parts> {
    let mut head = [dose(value.programmed.0, large)?, dose(value.amount.0, large)?].concat();
    match value.active {
        Some(active) if large => head.extend(dose(active.0, large)?),
        None if !large => {}
        _ => return None,
    }
    head.push(half_hours(value.duration.0)?);
    Parts::of(head).hour(value.kind.into())
}

/// The length, and three bytes for each bolus: amount, age, and the high bits of both around those of the curve.
fn unabsorbed(opcode: u8, entries: &[Unabsorbed]) -> Option<Vec<u8>> {
    let mut bytes = vec![opcode, u8::try_from(2 + 3 * entries.len()).ok()?];
    for entry in entries {
        let [amount_high, amount] = ten_bits(u16::from_be_bytes(fortieths(entry.amount.0)?))?;
        let [age_high, age] = ten_bits(u16::try_from(entry.age.0).ok()?)?;
        let curve = few(entry.curve, 4)?;
        bytes.extend([amount, age, (curve & 3) << 6 | age_high << 4 | curve & 0x0C | amount_high]);
    }
    Some(bytes)
}

/// Two marks, behind which lie two identities and one; three bytes are left.
fn ids(value: &Ids, opcode: u8) -> Option<Parts> {
    let [Some(one), Some(two), Some(three)] = value.ids.map(|id| match id.to_be_bytes() {
        [0, id @ ..] => Some(id),
        _ => None,
    }) else {
        return None;
    };
    let tail = [&[opcode + 1][..], &one, &two, &[opcode + 2], &three].concat();
    Parts::of([u8::from(value.enabled)]).tail(tail).filled(14)
}

/// What the wizard was told, and what it proposed. The 512 has no high end of the target.
fn estimate(value: &Estimate, opcode: u8, large: bool) -> Option<Parts> {
    let Estimate { bg, carbs, sensitivity, target, correction, .. } = value;
    let [bg_high, bg_low] = ten_bits(bg.count)?;
    let [carbs_high, carbs_low] = ten_bits(carbs.count)?;
    let [sensitivity_high, sensitivity_low] = ten_bits(sensitivity.count)?;
    let units = few(u8::from(bg.unit), 2)? << 6 | few(u8::from(carbs.unit), 2)? << 4;
    let end = |of: &Glucose| u8::try_from(of.count).ok();
    // Two's complement of 13 or 12 bits; the high ones are at the top of their byte.
    let (step, bits) = if large { (25, 13) } else { (100, 12) };
    let count = correction.0 / step;
    let fits = correction.0 % step == 0 && (-(1 << (bits - 1))..1 << (bits - 1)).contains(&count);
    let [_, _, correction_high, correction_low] = count.to_be_bytes();
    let correction_high = correction_high << (16 - bits);
    let blank: &[u8] = if large { &[] } else { &[0] };
    let (food, active, estimate) =
        (dose(value.food.0, large)?, dose(value.active.0, large)?, dose(value.estimate.0, large)?);
    let high = if opcode == 0x2F { None } else { Some(end(&target[1])?) };
    let ratio = ratio(value.ratio, large)?;
    let ratio_fits = !large || ratio[0] < 16;
    let tail = [
        &[carbs_low, units | carbs_high << 2 | bg_high][..],
        &ratio,
        &[sensitivity_low, end(&target[0])?, correction_low],
        &food,
        &[correction_high],
        blank,
        &active,
        blank,
        &estimate,
        high.as_slice(),
    ]
    .concat();
    let parts = Parts::of([bg_low]).hour(sensitivity_high << 1)?.tail(tail);
    (fits && ratio_fits).then_some(parts)
}
