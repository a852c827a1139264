//! In: any record of a pump's history, as its reader gives it. Out: its bytes.
//!
//! What a reader does not keep is emitted as zero. The layouts are written down a second time here, from the fact sheet and
//! not from the readers.

use super::{Spare, Stamp, setup};
use crate::emit::pump::insulin;
use crate::history::basal::{BasalPattern, BasalStart, TempBasal};
use crate::history::bolus::{Bolus, Unabsorbed};
use crate::history::ids::Ids;
use crate::history::layout::Layout;
use crate::history::settings::ReservoirWarning;
use crate::history::totals::Totals;
use crate::history::wizard::Estimate;
use crate::history::{Body, Record};
use crate::time::PumpTime;
use crate::units::{Glucose, Minutes};

/// What lies around the stamp of a record, and in its spare bits.
#[derive(Default)]
pub(super) struct Parts {
    /// Between the opcode and the stamp.
    pub(super) head: Vec<u8>,
    /// Above the hour, three bits.
    pub(super) hour: u8,
    /// Above the year, one bit.
    pub(super) year: u8,
    /// Behind the stamp.
    pub(super) tail: Vec<u8>,
}

impl Parts {
    pub(super) fn of(head: impl Into<Vec<u8>>) -> Self {
        Self { head: head.into(), ..Self::default() }
    }

    fn hour(self, hour: u8) -> Option<Self> {
        (hour < 8).then_some(Self { hour, ..self })
    }

    pub(super) fn tail(self, tail: impl Into<Vec<u8>>) -> Self {
        Self { tail: tail.into(), ..self }
    }

    /// Fills the tail with zeros.
    fn filled(mut self, len: usize) -> Option<Self> {
        let fits = self.tail.len() <= len;
        self.tail.resize(len, 0);
        fits.then_some(self)
    }
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
        Body::DailyTotal(total) => {
            let day = stamp(record.time?)?.date_bytes();
            let rest = if large { &[0; 3][..] } else { &[] };
            return Some([&[opcode], &insulin::steps(total.0, 25)?.to_be_bytes()[..], &day, rest].concat());
        }
        Body::Totals(totals) => return self::totals(record, totals),
        Body::Alarm(alarm) => {
            let [l0, l1] = alarm.line.to_be_bytes();
            let spare = Spare { hour: alarm.module >> 3, day: alarm.module & 7, year: 0 };
            let head = [opcode, alarm.code.into(), l0, l1];
            return (alarm.module < 64)
                .then_some([&head[..], &stamp(record.time?)?.to_bytes(spare)].concat());
        }
        Body::Plain(value) => Parts::of([*value]).filled(plain_tail(opcode, *value))?,
        Body::Switch(on) => Parts::of([u8::from(*on)]),
        Body::Alert(alert) => Parts::of([u8::from(*alert)]),
        Body::AutoOff(hours) => Parts::of([*hours]),
        Body::BasalPattern(pattern) => basal_pattern(pattern)?,
        Body::BasalStart(start) => basal_start(start)?,
        Body::Bolus(bolus) => self::bolus(bolus, large)?,
        Body::BolusReminder(reminder) => Parts::of([reminder.start]).tail(insulin::minutes(reminder.time)?),
        Body::CarbUnits(unit) => Parts::of([few(u8::from(*unit), 4)?]),
        Body::ClearAlarm(code) => Parts::of([*code]),
        Body::Devices(devices) => {
            let ids = devices.iter().flat_map(|id| [0].into_iter().chain(id.to_be_bytes()));
            let len = if opcode == 0x7D { 30 } else { 5 };
            Parts::of([u8::try_from(devices.len()).ok()?]).tail(ids.collect::<Vec<_>>()).filled(len)?
        }
        Body::EasyBolus(easy) => {
            let step = u8::try_from(insulin::steps(easy.step.0, 50)?).ok()?;
            Parts::of([few(step, 7)? << 1 | u8::from(easy.enabled)])
        }
        Body::Estimate(estimate) => self::estimate(estimate, opcode, large)?,
        Body::Glucose(glucose) => {
            let [high, low] = ten_bits(glucose.count)?;
            let parts = Parts::of([low]).hour(high >> 1 << 2 | few(u8::from(glucose.unit), 2)?)?;
            Parts { year: high & 1, ..parts }
        }
        Body::InsulinMarker(amount) => {
            let [high, low] = insulin::tenths(amount.0)?;
            Parts::of([low]).hour(few(high, 2)?)?.tail([0])
        }
        Body::Links(ids) | Body::Remotes(ids) => self::ids(ids, opcode)?,
        Body::LowReservoir(left) => Parts::of([insulin::few_tenths(left.0)?]),
        Body::MaxBasal(rate) => {
            let [high, low] = insulin::fortieths(rate.0)?;
            Parts::of([low]).hour(high)?
        }
        Body::MaxBolus(amount) if large => return max_bolus(record, amount.0),
        Body::MaxBolus(amount) => Parts::of([insulin::few_tenths(amount.0)?]),
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
        Body::NewTime | Body::OldTime | Body::Suspend(_) => Parts::of([0]),
        Body::Prime(prime) => {
            let amounts = [insulin::tenths(prime.programmed.0)?, insulin::tenths(prime.amount.0)?];
            Parts::of(amounts.concat()).hour(prime.kind.into())?
        }
        Body::ReservoirWarning(ReservoirWarning::Insulin(units)) => Parts::of([few(*units, 6)? << 2]),
        Body::ReservoirWarning(ReservoirWarning::Time(time)) => {
            Parts::of([few(half_hours(*time)?, 6)? << 2 | 1])
        }
        Body::ScrollStep(step) => Parts::of([u8::try_from(step.0).ok()?]),
        Body::SelectPattern(select) => Parts::of([u8::from(select.old)]).hour(select.new.into())?,
        Body::SensorAlarm(alarm) => {
            let [high, low] = alarm.amount.count.to_be_bytes();
            let parts = Parts::of([alarm.code.into(), low]).hour(few(u8::from(alarm.amount.unit), 2)?)?;
            Parts { year: few(high, 1)?, ..parts }
        }
        Body::SensorSetup(change) => setup::sensor(change)?,
        Body::Silence(silence) => {
            let [high, low] = insulin::minutes(silence.duration)?;
            Parts::of([u8::from(silence.scope)]).hour(high)?.tail([low])
        }
        Body::TempBasal(temp) => {
            let [high, low] = match temp {
                TempBasal::Rate(rate) => insulin::fortieths(rate.0)?,
                TempBasal::Percent(percent) => [1 << 3, *percent],
                TempBasal::Unknown(kind) => [few(*kind, 5)? << 3, 0],
            };
            // A rate has eleven bits; its three high ones lie below the kind, which is 0.
            let fits = !matches!(temp, TempBasal::Rate(_)) || high < 8;
            fits.then(|| Parts::of([low]).tail([high]))?
        }
        Body::TempDuration(duration) => Parts::of([half_hours(*duration)?]),
        Body::TempType(kind) => Parts::of([u8::from(*kind)]),
        Body::TimeFormat(format) => Parts::of([u8::from(*format)]),
        Body::WizardSetup(change) => setup::wizard(change, opcode, large)?,
    };
    let spare = Spare { hour: parts.hour, day: few(requestor, 3)?, year: parts.year };
    Some([&[opcode], &parts.head[..], &stamp(record.time?)?.to_bytes(spare), &parts.tail].concat())
}

/// From the 523 on: fortieths in ten bits, five before the stamp, three above the hour, and two above a year of six.
fn max_bolus(record: &Record, thousandths: i32) -> Option<Vec<u8>> {
    let [high, low] = ten_bits(u16::from_be_bytes(insulin::fortieths(thousandths)?))?;
    let at = stamp(record.time?)?;
    let at = Stamp { year: few(at.year, 6)? | (low & 1) << 6, ..at };
    let requestor = record.requestor.map_or(0, u8::from);
    let spare = Spare { hour: low >> 2 & 7, day: few(requestor, 3)?, year: low >> 1 & 1 };
    Some([&[record.opcode, high << 3 | low >> 5][..], &at.to_bytes(spare)].concat())
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

/// A number of so many bits.
pub(crate) fn few(number: u8, bits: u32) -> Option<u8> {
    (u32::from(number) < 1 << bits).then_some(number)
}

/// A number of ten bits, in two bytes.
pub(super) fn ten_bits(count: u16) -> Option<[u8; 2]> {
    (count < 1 << 10).then(|| count.to_be_bytes())
}

/// Minutes as half hours.
fn half_hours(minutes: Minutes) -> Option<u8> {
    u8::try_from(minutes.0 / 30).ok().filter(|_| minutes.0.is_multiple_of(30))
}

/// The fields of a stamp, whether a calendar has them or not.
pub(crate) fn stamp(time: PumpTime) -> Option<Stamp> {
    let small = |number: i8| u8::try_from(number).ok();
    let (year, [month, day, hour, minute, second]) = match time {
        PumpTime::At(at) => {
            let parts = [at.month(), at.day(), at.hour(), at.minute(), at.second()].map(small);
            let [Some(month), Some(day), Some(hour), Some(minute), Some(second)] = parts else { return None };
            (u16::try_from(at.year()).ok()?, [month, day, hour, minute, second])
        }
        PumpTime::Invalid([year, rest @ ..]) => {
            let parts = rest.map(|number| u8::try_from(number).ok());
            let [Some(month), Some(day), Some(hour), Some(minute), Some(second)] = parts else { return None };
            (year, [month, day, hour, minute, second])
        }
    };
    let year = few(u8::try_from(year.checked_sub(2000)?).ok()?, 7)?;
    Some(Stamp {
        year,
        month: few(month, 4)?,
        day: few(day, 5)?,
        hour: few(hour, 5)?,
        minute: few(minute, 6)?,
        second: few(second, 6)?,
    })
}

/// The count, and room for 48 rates, each with its start; a pattern without one ends at once.
fn basal_pattern(value: &BasalPattern) -> Option<Parts> {
    let mut tail = Vec::new();
    for rate in &value.rates {
        let [high, low] = insulin::fortieths(rate.rate.0)?;
        tail.extend([half_hours(Minutes(rate.start.0.into()))?, low, high]);
    }
    if tail.is_empty() {
        tail.push(0x3F);
    }
    Parts::of([u8::try_from(value.rates.len()).ok()?]).hour(value.pattern.into())?.tail(tail).filled(145)
}

fn basal_start(value: &BasalStart) -> Option<Parts> {
    let [high, low] = insulin::fortieths(value.rate.rate.0)?;
    let start = half_hours(Minutes(value.rate.start.0.into()))?;
    Some(Parts::of([value.index]).hour(value.pattern.into())?.tail([start, low, high]))
}

/// Insulin in tenths in one byte, or in fortieths in two.
fn dose(thousandths: i32, large: bool) -> Option<Vec<u8>> {
    if large {
        insulin::fortieths(thousandths).map(Vec::from)
    } else {
        insulin::few_tenths(thousandths).map(|count| vec![count])
    }
}

fn bolus(value: &Bolus, large: bool) -> Option<Parts> {
    let mut head = [dose(value.programmed.0, large)?, dose(value.amount.0, large)?].concat();
    match value.active {
        Some(active) if large => head.extend(dose(active.0, large)?),
        None if !large => {}
        _ => return None,
    }
    head.push(half_hours(value.duration)?);
    Parts::of(head).hour(value.kind.into())
}

/// The length, and three bytes for each bolus: amount, age, and the high bits of both around those of the curve.
fn unabsorbed(opcode: u8, entries: &[Unabsorbed]) -> Option<Vec<u8>> {
    let mut bytes = vec![opcode, u8::try_from(2 + 3 * entries.len()).ok()?];
    for entry in entries {
        let [amount_high, amount] = ten_bits(u16::from_be_bytes(insulin::fortieths(entry.amount.0)?))?;
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
    let Estimate { bg, carbs, ratio, sensitivity, target, correction, .. } = value;
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
    let ratio = setup::ratio(*ratio, large)?;
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

/// What a day came to, as far as it is kept: 38 bytes on a 515, 44 on a 522, 52 later.
fn totals(record: &Record, value: &Totals) -> Option<Vec<u8>> {
    let Totals { bg, total, basal, bolus, carbs } = value;
    let mut high = 0;
    let mut low = [0; 3];
    for (n, glucose) in bg.iter().enumerate() {
        let bits = ten_bits(glucose.count)?;
        high |= bits[0] << (2 * n);
        low[n] = bits[1];
    }
    let mut bytes = vec![record.opcode];
    bytes.extend(stamp(record.time?)?.date_bytes());
    bytes.extend([few(u8::from(bg[0].unit), 2)?, high]);
    bytes.extend(low);
    bytes.push(0);
    bytes.extend(insulin::steps(total.0, 25)?.to_be_bytes());
    for part in [basal, bolus] {
        bytes.extend(insulin::fortieths(part.0)?);
        bytes.push(0);
    }
    bytes.extend(carbs.to_be_bytes());
    bytes.resize(
        match record.opcode {
            0x6C => 38,
            0x6D => 44,
            _ => 52,
        },
        0,
    );
    Some(bytes)
}
