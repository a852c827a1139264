// SPDX-License-Identifier: GPL-2.0-or-later
//! In: history records as typed values. Out: proof that what is emitted for them is read as the same records.

use arrayvec::ArrayVec;
use carelink_core::history::alarm::{Alarm, SensorAlarm};
use carelink_core::history::basal::{BasalPattern, BasalRate, BasalStart, SelectPattern, TempBasal};
use carelink_core::history::bolus::{Bolus, Prime, Unabsorbed};
use carelink_core::history::glucose::MeterGlucose;
use carelink_core::history::ids::Ids;
use carelink_core::history::layout::{Layout, Length};
use carelink_core::history::page::Page;
use carelink_core::history::sensor_alerts::{
    Ahead, GlucoseLimits, GlucoseRate, Limits, Pattern as AlertPattern, PredictiveAlerts, RateAlert,
    RateAlerts,
};
use carelink_core::history::sensor_setup::{More, SensorConfig, SensorSetup, Silence};
use carelink_core::history::settings::{
    BolusReminder, Clock, Delivery, EasyBolus, ReservoirWarning, Suspend,
};
use carelink_core::history::stamp::Requestor;
use carelink_core::history::totals::Totals;
use carelink_core::history::wizard::Estimate;
use carelink_core::history::wizard_setup::{Config, Entries, Entry, WizardSetup};
use carelink_core::history::{self, Body, RECORD_TYPES, Record, RecordType};
use carelink_core::pump::model::{Known, Model, Pump};
use carelink_core::tree::checksum::CrcStatus;
use carelink_core::tree::cursor::Cursor;
use carelink_core::tree::outline::Outline;
use carelink_core::units::clock::PumpTime;
use carelink_core::units::quantities::{
    CarbRatio, CarbUnit, Carbs, Glucose, GlucoseUnit, Insulin, Minutes, Rate, TimeOfDay,
};
use carelink_samples::emit::history::{entry, record as emit};
use carelink_samples::emit::page::page as seal;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config as Cases, TestRunner};
use std::fmt::Debug;

/// One model of each layout.
const MODELS: [(&str, Layout); 4] =
    [("515", Layout::Oldest), ("522", Layout::Small), ("723", Layout::Large), ("554", Layout::Latest)];

fn pump(model: &str) -> Pump {
    Pump::of(Model::parse(model).expect("a model"), Known::Told)
}

/// Reads a page, of which each byte is to be claimed by one leaf.
fn read(bytes: &[u8], pump: Pump) -> (Page, Vec<Record>) {
    let (mut outline, mut records) = (Outline::default(), Vec::new());
    let page = history::page::page(&mut Cursor::new(bytes, 0, false, &mut outline), pump, &mut records);
    assert_eq!(outline.misclaimed(0, bytes.len()), None, "{bytes:02x?}");
    (page, records)
}

fn bytes_of<T: From<u8> + Debug>() -> impl Strategy<Value = T> {
    any::<u8>().prop_map(T::from)
}

/// A number of so many bits, as the type that has it.
fn bits<T: From<u8> + Debug>(bits: u32) -> impl Strategy<Value = T> {
    (0..=u8::MAX >> (8 - bits)).prop_map(T::from)
}

fn steps(most: i32, step: i32) -> impl Strategy<Value = i32> {
    (0..=most).prop_map(move |count| count * step)
}

fn fortieths() -> impl Strategy<Value = i32> {
    steps(0xFFFF, 25)
}

fn few_tenths() -> impl Strategy<Value = Insulin> {
    steps(255, 100).prop_map(Insulin)
}

/// One byte of tenths in small records, two of fortieths in large ones.
fn dose(large: bool) -> impl Strategy<Value = Insulin> {
    if large { fortieths().boxed() } else { steps(255, 100).boxed() }.prop_map(Insulin)
}

fn minutes(most: u32) -> impl Strategy<Value = Minutes> {
    (0..=most).prop_map(Minutes)
}

fn half_hours(most: u32) -> impl Strategy<Value = Minutes> {
    (0..=most).prop_map(|count| Minutes(count * 30))
}

/// Glucose of so many bits, in a unit of two.
fn glucose(most: u16) -> impl Strategy<Value = Glucose> {
    (0..=most, bits::<GlucoseUnit>(2)).prop_map(|(count, unit)| Glucose { count, unit })
}

fn start(first: u8) -> impl Strategy<Value = TimeOfDay> {
    (first..0x3F).prop_map(TimeOfDay::half_hours)
}

fn ratio(unit: CarbUnit, large: bool, most: u32) -> impl Strategy<Value = CarbRatio> {
    let step = match (unit, large) {
        (CarbUnit::Exchanges, true) => 1,
        (CarbUnit::Exchanges, false) | (CarbUnit::Grams, true) => 100,
        _ => 1000,
    };
    (0..=most).prop_map(move |count| CarbRatio { thousandths: count * step, unit })
}

fn basal_pattern() -> impl Strategy<Value = BasalPattern> {
    let rate =
        |first| (start(first), fortieths()).prop_map(|(start, rate)| BasalRate { start, rate: Rate(rate) });
    let rates = prop_oneof![
        Just(Vec::new()),
        (rate(0), prop::collection::vec(rate(1), 0..48))
            .prop_map(|(first, rest)| { std::iter::once(first).chain(rest).collect() }),
    ];
    (bits(3), rates).prop_map(|(pattern, rates)| BasalPattern { pattern, rates: rates.into_iter().collect() })
}

fn bolus(large: bool) -> impl Strategy<Value = Bolus> {
    ([dose(large), dose(large), dose(large)], half_hours(255), bits(3)).prop_map(
        move |([programmed, amount, active], duration, kind)| Bolus {
            programmed,
            amount,
            active: large.then_some(active),
            duration,
            kind,
        },
    )
}

fn unabsorbed() -> impl Strategy<Value = Vec<Unabsorbed>> {
    let entry = (steps(1023, 25), minutes(1023), 0_u8..16);
    let entry = entry.prop_map(|(amount, age, curve)| Unabsorbed { amount: Insulin(amount), age, curve });
    prop::collection::vec(entry, 0..=84)
}

fn ids() -> impl Strategy<Value = Ids> {
    let id = || 0_u32..1 << 24;
    (any::<bool>(), [id(), id(), id()]).prop_map(|(enabled, ids)| Ids { enabled, ids })
}

fn estimate(opcode: u8, large: bool) -> impl Strategy<Value = Estimate> {
    (bits::<GlucoseUnit>(2), bits::<CarbUnit>(2)).prop_flat_map(move |(unit, carb_unit)| {
        let glucose = move |most: u16| (0..=most).prop_map(move |count| Glucose { count, unit });
        let correction = if large { (-4096..4096, Just(25)) } else { (-2048..2048, Just(100)) };
        let ratio = ratio(carb_unit, large, if large { 0xFFF } else { 0xFF });
        let doses = [dose(large), dose(large), dose(large)];
        (glucose(1023), 0_u16..1024, ratio, glucose(1023), [glucose(255), glucose(255)], correction, doses)
            .prop_map(
                move |(
                    bg,
                    carbs,
                    ratio,
                    sensitivity,
                    [low, high],
                    (count, step),
                    [food, active, estimate],
                )| Estimate {
                    bg,
                    carbs: Carbs { count: carbs, unit: carb_unit },
                    ratio,
                    sensitivity,
                    // The 512 knows only one target.
                    target: [low, if opcode == 0x2F { low } else { high }],
                    correction: Insulin(count * step),
                    food,
                    active,
                    estimate,
                },
            )
    })
}

fn totals() -> impl Strategy<Value = Totals> {
    let insulin = (steps(i32::MAX / 25, 25), fortieths(), fortieths());
    (bits::<GlucoseUnit>(2), any::<[u16; 3]>(), insulin, any::<u16>()).prop_map(
        |(unit, bg, (total, basal, bolus), carbs)| Totals {
            bg: bg.map(|count| Glucose { count: count & 0x3FF, unit }),
            total: Insulin(total),
            basal: Insulin(basal),
            bolus: Insulin(bolus),
            carbs,
        },
    )
}

fn entries<T: Clone + Debug>(value: impl Strategy<Value = T> + Clone) -> impl Strategy<Value = Entries<T>> {
    // The first may begin at any time; a later one at midnight would end them.
    let entry = |first| (start(first), value.clone()).prop_map(|(start, value)| Entry { start, value });
    let some = (entry(0), prop::collection::vec(entry(1), 0..8));
    prop_oneof![
        Just(Entries::new()),
        some.prop_map(|(first, rest)| std::iter::once(first).chain(rest).collect()),
    ]
}

fn wizard_config(opcode: u8, large: bool) -> impl Strategy<Value = Config> {
    let oldest = opcode == 0x2E;
    (bits::<CarbUnit>(2), bits::<GlucoseUnit>(2)).prop_flat_map(move |(carb_units, bg_units)| {
        let glucose = move |count| Glucose { count, unit: bg_units };
        let most = if large { 0xFFFF } else { 0xFF };
        let ratio = ratio(carb_units, large, most).boxed();
        let sensitivity = (0_u16..1024).prop_map(glucose).boxed();
        let target = (0_u16..256, 0_u16..256)
            .prop_map(move |(low, high)| [glucose(low), glucose(if oldest { low } else { high })]);
        let curve = prop::option::of(0_u8..15);
        let schedules = (entries(ratio), entries(sensitivity), entries(target.boxed()));
        (any::<[bool; 2]>(), schedules, curve).prop_map(
            move |([complete, enabled], (ratios, sensitivities, targets), curve)| Config {
                complete,
                enabled,
                carb_units,
                bg_units,
                ratios,
                sensitivities,
                targets,
                curve: curve.filter(|_| !oldest),
            },
        )
    })
}

fn sensor_config(opcode: u8, layout: Layout) -> impl Strategy<Value = SensorConfig> {
    let times = (minutes(255), minutes(255), minutes(0xFFFF), minutes(255), minutes(0xFFFF));
    let transmitter = prop::option::of(0_u32..0x00FF_FFFF);
    let more = (any::<[bool; 2]>(), any::<u16>(), any::<[u8; 3]>());
    (any::<[bool; 2]>(), bits::<GlucoseUnit>(2), times, transmitter, more).prop_map(
        move |([enabled, reminder], units, times, transmitter, ([one, other], high, [low, area, limit]))| {
            let glucose = |count| Glucose { count, unit: units };
            let more = if opcode == 0x4F {
                let (high, low) = (glucose(high), glucose(low.into()));
                More::Limits { high_enabled: one, high, low_enabled: other, low }
            } else {
                let low_suspend = (layout == Layout::Latest).then(|| (other, glucose(limit.into())));
                let (high, low) = (glucose(area.into()), glucose(low.into()));
                More::Areas { high, low, auto_cal: one, low_suspend }
            };
            let (reminder_time, missed_data, high_snooze, low_snooze, alarm_snooze) = times;
            SensorConfig {
                enabled,
                units,
                reminder,
                reminder_time,
                missed_data,
                high_snooze,
                low_snooze,
                alarm_snooze,
                transmitter,
                more,
            }
        },
    )
}

/// Limits in one of so many units; a record without entries tells no unit.
fn limit_pattern(units: u8) -> impl Strategy<Value = AlertPattern<Limits>> {
    let entry = (0_u8..48, 0_u16..1024, 0_u16..1024);
    (0..units, prop::collection::vec(entry, 1..=8)).prop_map(|(unit, entries)| {
        let glucose = |count| Glucose { count, unit: GlucoseUnit::from(unit) };
        let entries = entries.into_iter().map(|(start, one, other)| Limits {
            start: TimeOfDay::half_hours(start),
            high: glucose(one.max(other)),
            low: glucose(one.min(other)),
        });
        AlertPattern { enabled: None, entries: entries.collect() }
    })
}

fn ahead_entries() -> impl Strategy<Value = ArrayVec<Ahead, 8>> {
    let entry = (0_u8..48, 0_u32..255, 0_u32..255);
    prop::collection::vec(entry, 0..=8).prop_map(|entries| {
        let entry = |(start, high, low)| Ahead {
            start: TimeOfDay::half_hours(start),
            high: Minutes(high),
            low: Minutes(low),
        };
        entries.into_iter().map(entry).collect()
    })
}

fn rate_alert() -> impl Strategy<Value = RateAlert> {
    (any::<[bool; 3]>(), 0_u16..512, 0_u16..256).prop_map(
        |([rising_enabled, falling_enabled, mmol], up, down)| {
            let unit = if mmol { GlucoseUnit::MmolL } else { GlucoseUnit::MgDl };
            let rate = |count| Some(GlucoseRate { count, unit });
            RateAlert { rising_enabled, rising: rate(up), falling_enabled, falling: rate(down) }
        },
    )
}

/// What a record of this kind may say. A kind that is not named here has no meaning but its name.
#[rustfmt::skip]
fn bodies(opcode: u8, layout: Layout) -> BoxedStrategy<Body> {
    let large = layout.large();
    match opcode {
        0x01 => bolus(large).prop_map(Body::Bolus).boxed(),
        0x03 => (steps(0xFFFF, 100), steps(0xFFFF, 100), bits(3)).prop_map(|(programmed, amount, kind)|
            Body::Prime(Prime { programmed: Insulin(programmed), amount: Insulin(amount), kind })).boxed(),
        0x06 => (bytes_of(), 0_u8..64, any::<u16>()).prop_map(|(code, module, line)| Body::Alarm(Alarm { code, module, line })).boxed(),
        0x07 => steps(i32::MAX / 25, 25).prop_map(|total| Body::DailyTotal(Insulin(total))).boxed(),
        0x08 | 0x09 => basal_pattern().prop_map(|pattern| Body::BasalPattern(pattern.into())).boxed(),
        0x0A => glucose(1023).prop_map(Body::Glucose).boxed(),
        0x0B => (bytes_of(), glucose(511)).prop_map(|(code, amount)| Body::SensorAlarm(SensorAlarm { code, amount })).boxed(),
        0x0C => any::<u8>().prop_map(Body::ClearAlarm).boxed(),
        0x14 => (bytes_of(), bits(3)).prop_map(|(old, new)| Body::SelectPattern(SelectPattern { old, new })).boxed(),
        0x16 => half_hours(255).prop_map(Body::TempDuration).boxed(),
        0x17 => Just(Body::Clock(Clock::Old)).boxed(),
        0x18 => Just(Body::Clock(Clock::New)).boxed(),
        0x1A | 0x23 | 0x2D | 0x44 | 0x52 | 0x5E | 0x60 | 0x61 | 0x66 | 0x7C | 0x83 => any::<bool>().prop_map(Body::Switch).boxed(),
        0x1B => any::<u8>().prop_map(Body::AutoOff).boxed(),
        0x1E | 0x1F if large => (bits(5), bits(3))
            .prop_map(|(new, old): (u8, u8)| Body::Suspend(Suspend { new: Delivery::from(new), old: Some(Delivery::from(old)) }))
            .boxed(),
        0x1E => Just(Body::Suspend(Suspend { new: Delivery::User, old: None })).boxed(),
        0x1F => Just(Body::Suspend(Suspend { new: Delivery::Normal, old: None })).boxed(),
        0x24 if large => steps(1023, 25).prop_map(|amount| Body::MaxBolus(Insulin(amount))).boxed(),
        0x24 => few_tenths().prop_map(Body::MaxBolus).boxed(),
        0x26 => ids().prop_map(Body::Remotes).boxed(),
        0x2C => steps(2047, 25).prop_map(|rate| Body::MaxBasal(Rate(rate))).boxed(),
        0x2E | 0x5A => [wizard_config(opcode, large), wizard_config(opcode, large)].prop_map(|[old, new]|
            Body::WizardSetup(WizardSetup { old, new }.into())).boxed(),
        0x2F | 0x5B => estimate(opcode, large).prop_map(Body::Estimate).boxed(),
        0x30 | 0x5C => unabsorbed().prop_map(|entries| Body::Unabsorbed(entries.into_iter().collect())).boxed(),
        0x33 => prop_oneof![
            steps(2047, 25).prop_map(|rate| TempBasal::Rate(Rate(rate))),
            any::<u8>().prop_map(TempBasal::Percent),
            (2_u8..32).prop_map(TempBasal::Unknown),
        ].prop_map(Body::TempBasal).boxed(),
        0x34 => few_tenths().prop_map(Body::LowReservoir).boxed(),
        0x36 | 0x3C => ids().prop_map(Body::Links).boxed(),
        0x39 | 0x3F => (0_u16..2048, 0_u32..1 << 24).prop_map(|(count, meter)|
            // Its unit is that of an entered reading before it, of which there is none.
            Body::MeterGlucose(MeterGlucose { amount: Glucose { count, unit: GlucoseUnit::Unset }, meter })).boxed(),
        0x40 => (any::<u16>(), bits(2)).prop_map(|(count, unit)| Body::Meal(Carbs { count, unit })).boxed(),
        0x42 => steps(1023, 100).prop_map(|amount| Body::InsulinMarker(Insulin(amount))).boxed(),
        0x4F | 0x50 => [sensor_config(opcode, layout), sensor_config(opcode, layout)].prop_map(|[old, new]|
            Body::SensorSetup(SensorSetup { old, new }.into())).boxed(),
        0x53 => (bytes_of(), minutes(2047)).prop_map(|(scope, duration)| Body::Silence(Silence { scope, duration })).boxed(),
        0x51 => minutes(255).prop_map(Body::GraphTimeout).boxed(),
        0x54 => [limit_pattern(4), limit_pattern(8)].prop_flat_map(|patterns| (Just(patterns), any::<bool>()))
            .prop_map(|([old, new], on)| Body::GlucoseLimits(GlucoseLimits {
                old: AlertPattern { enabled: Some(on), ..old }, new: AlertPattern { enabled: Some(on), ..new } }.into())).boxed(),
        0x55 => ([ahead_entries(), ahead_entries()], any::<bool>()).prop_map(|([old, new], on)|
            Body::PredictiveAlerts(PredictiveAlerts {
                old: AlertPattern { enabled: Some(on), entries: old }, new: AlertPattern { enabled: Some(on), entries: new } }.into())).boxed(),
        0x56 => [rate_alert(), rate_alert()].prop_map(|[old, new]| Body::RateAlerts(RateAlerts { old, new })).boxed(),
        0x57 => steps(255, 1).prop_map(|step| Body::ScrollStep(Insulin(step))).boxed(),
        0x5F => (any::<bool>(), steps(127, 50)).prop_map(|(enabled, step)| Body::EasyBolus(EasyBolus { enabled, step: Insulin(step) })).boxed(),
        0x62 => bytes_of().prop_map(Body::TempType).boxed(),
        0x63 => bytes_of().prop_map(Body::Alert).boxed(),
        0x64 => bytes_of().prop_map(Body::TimeFormat).boxed(),
        0x65 => prop_oneof![
            (0_u8..64).prop_map(ReservoirWarning::Insulin),
            half_hours(63).prop_map(ReservoirWarning::Time),
        ].prop_map(Body::ReservoirWarning).boxed(),
        0x67 | 0x68 => (minutes(0xFFFF), bytes_of()).prop_map(|(time, start)|
            Body::BolusReminder(BolusReminder { time, start })).boxed(),
        0x6C..=0x6E => totals().prop_map(Body::Totals).boxed(),
        0x6F => bits(4).prop_map(Body::CarbUnits).boxed(),
        0x7B => (bits(3), any::<u8>(), start(0), fortieths()).prop_map(|(pattern, index, start, rate)|
            Body::BasalStart(BasalStart { pattern, index, rate: BasalRate { start, rate: Rate(rate) } })).boxed(),
        0x7D | 0x81 | 0x82 => prop::collection::vec(any::<u32>(), 0..=if opcode == 0x7D { 6 } else { 1 })
            .prop_map(|ids| Body::Devices(ids.into_iter().collect::<ArrayVec<_, 6>>())).boxed(),
        _ => any::<u8>().prop_map(Body::Plain).boxed(),
    }
}

/// When, and by whom: those of a day have no time, and what belongs to the record before has neither.
fn circumstances(opcode: u8, layout: Layout) -> BoxedStrategy<(Option<PumpTime>, Option<Requestor>)> {
    let years = if opcode == 0x24 && layout.large() { 0_u16..64 } else { 0..128 };
    let day = (years, 0_u8..16, 0_u8..32);
    match opcode {
        0x30 | 0x5C => Just((None, None)).boxed(),
        0x07 | 0x6C..=0x6E => day
            .prop_map(|(year, month, day)| (Some(PumpTime::new(2000 + year, month, day, 0, 0, 0)), None))
            .boxed(),
        _ => (day, (0_u8..32, 0_u8..64, 0_u8..64), bits::<Requestor>(3))
            .prop_map(move |((year, month, day), (hour, minute, second), requestor)| {
                let time = PumpTime::new(2000 + year, month, day, hour, minute, second);
                (Some(time), Some(requestor).filter(|_| opcode != 0x06))
            })
            .boxed(),
    }
}

/// Each kind of record, on each model that has it.
fn rows() -> impl Iterator<Item = (&'static RecordType, &'static str, Layout)> {
    RECORD_TYPES.iter().flat_map(|kind| {
        let has = |(_, layout): &(&str, Layout)| kind.lengths[*layout as usize].is_some();
        MODELS.into_iter().filter(has).map(move |(model, layout)| (kind, model, layout))
    })
}

fn records(opcode: u8, layout: Layout) -> BoxedStrategy<Record> {
    (circumstances(opcode, layout), bodies(opcode, layout))
        .prop_map(move |((time, requestor), body)| Record { requestor, ..entry(opcode, time, body) })
        .boxed()
}

#[test]
fn records_are_read_as_they_were_emitted() {
    for (kind, model, layout) in rows() {
        let pump = pump(model);
        let changes = (any::<prop::sample::Index>(), any::<u8>(), any::<prop::sample::Index>());
        let config = Cases { cases: 32, failure_persistence: None, ..Cases::default() };
        let result =
            TestRunner::new(config).run(&(records(kind.opcode, layout), changes), |(record, changes)| {
                let bytes =
                    emit(&record, layout).ok_or_else(|| TestCaseError::fail("it cannot be emitted"))?;
                if let Some(Length::Fixed(length)) = kind.lengths[layout as usize] {
                    prop_assert_eq!(bytes.len(), usize::from(length));
                }
                let sealed = seal(&bytes).ok_or_else(|| TestCaseError::fail("it is too long"))?;
                let (page, found) = read(&sealed, pump);
                prop_assert_eq!((page.complete, page.crc), (true, CrcStatus::Good));
                prop_assert_eq!(
                    found,
                    [Record { len: u16::try_from(bytes.len()).unwrap(), ..record }],
                    "{:02x?}",
                    bytes
                );
                let (at, changed, end) = changes;
                let mut other = sealed;
                other[at.index(bytes.len())] = changed;
                read(&other, pump);
                read(&bytes[..end.index(bytes.len())], pump);
                Ok(())
            });
        result.unwrap_or_else(|error| panic!("{:#04x} {} of a {model}: {error}", kind.opcode, kind.name));
    }
}

/// A meter's reading is in the unit of the record before it, unless that is mmol/L: then the numbers must tell.
#[test]
fn a_reading_of_a_meter_takes_the_unit_before_it() {
    let mut runner = TestRunner::new(Cases { failure_persistence: None, ..Cases::default() });
    let pair = (records(0x0A, Layout::Small), records(0x3F, Layout::Small));
    let result = runner.run(&pair, |(entered, received)| {
        let bytes = [&entered, &received].map(|record| emit(record, Layout::Small).expect("bytes")).concat();
        let (_, found) = read(&seal(&bytes).expect("a page"), pump("522"));
        let (Body::Glucose(entered), Body::MeterGlucose(meter)) = (&entered.body, &found[1].body) else {
            return Err(TestCaseError::fail("other records"));
        };
        if entered.unit != GlucoseUnit::MmolL {
            prop_assert_eq!(meter.amount.unit, entered.unit);
        }
        Ok(())
    });
    result.expect("the unit of the record before it");
}

/// One record of each kind and layout: each prefix of its bytes, and each byte changed to each other value. Far behind, where
/// entries repeat, single bits and marks are changed.
#[test]
fn every_prefix_and_every_changed_byte_is_claimed() {
    let mut runner = TestRunner::deterministic();
    for (kind, model, layout) in rows().filter(|(.., layout)| matches!(layout, Layout::Small | Layout::Large))
    {
        let record = records(kind.opcode, layout).new_tree(&mut runner).expect("a record").current();
        let bytes = emit(&record, layout).expect("bytes");
        for end in 0..=bytes.len() {
            read(&bytes[..end], pump(model));
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            let marks = (0..8).map(|bit| bytes[at] ^ 1 << bit).chain([0x00, 0x3F, 0xFF]);
            let values: Vec<u8> = if at < 32 { (0..=255).collect() } else { marks.collect() };
            for value in values {
                changed[at] = value;
                read(&changed, pump(model));
            }
        }
    }
}

/// What a layout has no place for is not emitted as something else.
#[test]
fn what_a_record_cannot_hold_is_not_emitted() {
    let of = |opcode, body| entry(opcode, PumpTime::new(2026, 1, 2, 3, 4, 5), body);
    let max_bolus = |thousandths| of(0x24, Body::MaxBolus(Insulin(thousandths)));
    assert_eq!(emit(&max_bolus(12_500), Layout::Small).map(|bytes| bytes[1]), Some(125));
    assert_eq!(emit(&max_bolus(12_525), Layout::Small), None);
    assert_eq!(emit(&max_bolus(25_600), Layout::Small), None);
    assert!(emit(&max_bolus(25_575), Layout::Large).is_some());
    assert_eq!(emit(&max_bolus(25_600), Layout::Large), None);
    let glucose = |count| of(0x0A, Body::Glucose(Glucose { count, unit: GlucoseUnit::MgDl }));
    assert!(emit(&glucose(1023), Layout::Small).is_some());
    assert_eq!(emit(&glucose(1024), Layout::Small), None);
    let late = Record { time: Some(PumpTime::new(2128, 1, 1, 0, 0, 0)), ..glucose(100) };
    assert_eq!(emit(&late, Layout::Small), None);
}

/// Lengths as `docs/protocol/pages.md`, section 3, has them, of small records and of large ones.
#[test]
fn records_have_the_lengths_that_pumps_use() {
    #[rustfmt::skip]
    let lengths = [
        (0x01, [9, 13]), (0x03, [10, 10]), (0x06, [9, 9]), (0x07, [7, 10]), (0x08, [152, 152]), (0x0A, [7, 7]),
        (0x16, [7, 7]), (0x33, [8, 8]), (0x3F, [10, 10]), (0x5B, [20, 22]),
    ];
    let mut runner = TestRunner::deterministic();
    for (opcode, lengths) in lengths {
        for (layout, length) in [Layout::Small, Layout::Large].into_iter().zip(lengths) {
            let record = records(opcode, layout).new_tree(&mut runner).expect("a record").current();
            assert_eq!(emit(&record, layout).map(|bytes| bytes.len()), Some(length), "{opcode:#04x}");
        }
    }
}

#[test]
fn high_bits_go_to_their_places() {
    let glucose = |count| Glucose { count, unit: GlucoseUnit::MgDl };
    let wizard = Estimate {
        bg: glucose(0x1AB),
        carbs: Carbs { count: 0x2CD, unit: CarbUnit::Exchanges },
        ratio: CarbRatio { thousandths: 1_000, unit: CarbUnit::Exchanges },
        sensitivity: glucose(0x132),
        target: [glucose(90), glucose(120)],
        correction: Insulin::tenths(-3),
        food: Insulin::tenths(45),
        active: Insulin::tenths(8),
        estimate: Insulin::tenths(42),
    };
    let wizard = entry(0x5B, PumpTime::new(2026, 11, 28, 23, 58, 57), Body::Estimate(wizard));
    let bytes = emit(&wizard, Layout::Small).expect("bytes");
    assert_eq!((bytes[1], bytes[7], bytes[8]), (0xAB, 0xCD, 0b01_10_10_01));
    assert_eq!(bytes[4] >> 5, 0b010);
    assert_eq!((bytes[12], bytes[14]), (0xFD, 0xF0));
    let unabsorbed = |amount: i32, age, curve| {
        let entries = [Unabsorbed { amount: Insulin::fortieths(amount), age: Minutes(age), curve }];
        let record = entry(0x5C, None, Body::Unabsorbed(entries.into_iter().collect()));
        emit(&record, Layout::Small).expect("bytes")
    };
    // 4 hours are 04, 5 hours 44, 3 hours C0: as in real records.
    assert_eq!([4, 5, 3].map(|curve| unabsorbed(7, 20, curve)[4]), [0x04, 0x44, 0xC0]);
    assert_eq!(unabsorbed(0x123, 0x234, 4), [0x5C, 5, 0x23, 0x34, 0x25]);
}
