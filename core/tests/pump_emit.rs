// SPDX-License-Identifier: GPL-2.0-or-later
//! In: parameters and replies as typed values. Out: proof that what is emitted for them is read as the same values.

use arrayvec::{ArrayString, ArrayVec};
use carelink_core::pump::battery::Battery;
use carelink_core::pump::block::{Schedule, Slot};
use carelink_core::pump::carb_ratio::CarbRatios;
use carelink_core::pump::clock::Clock;
use carelink_core::pump::control::{Bolus, KeyPush, Power, SetMaxBasal, SetMaxBolus, Suspend};
use carelink_core::pump::factory::{Contrast, Factory, SavedSettings};
use carelink_core::pump::identity::{Firmware, PumpId, PumpModel};
use carelink_core::pump::ids::{DeviceId, LinkIds, RemoteIds, SetRemoteId};
use carelink_core::pump::model::{Known, Model, Pump};
use carelink_core::pump::mysentry::{OtherDevices, SettingsCounter};
use carelink_core::pump::opcode::Command;
use carelink_core::pump::pages::{GlucosePages, HistoryPages, PageRequest};
use carelink_core::pump::profile::{BasalProfile, Pattern, SelectProfile};
use carelink_core::pump::reminders::{AlarmClocks, BolusReminders};
use carelink_core::pump::reservoir::{Reservoir, ReservoirWarning};
use carelink_core::pump::sensitivity::Sensitivities;
use carelink_core::pump::sensor::{CalibrationFactor, DayFilter, Limit, PageSpan, SensorSettings};
use carelink_core::pump::settings::{Action, Settings, Since512, Since515, Since523};
use carelink_core::pump::status::{ErrorStatus, PumpStatus, State};
use carelink_core::pump::switches::*;
use carelink_core::pump::target::{Range, Targets};
use carelink_core::pump::temp_basal::{SetTempBasal, TempBasal, TempBasal511};
use carelink_core::pump::totals::Totals;
use carelink_core::pump::wizard::{BgUnits, CarbUnits, LanguageSet, WizardSetup};
use carelink_core::pump::{COMMANDS, Opcode, Parameters, Reply, parameters, reply};
use carelink_core::tree::cursor::Cursor;
use carelink_core::tree::expert::Stop;
use carelink_core::tree::outline::Outline;
use carelink_core::units::clock::PumpTime;
use carelink_core::units::quantities::{
    Calibration, CarbRatio, CarbUnit, Centivolts, Glucose, GlucoseUnit, Insulin, Minutes, Rate, TimeOfDay,
};
use carelink_samples::emit::pump::{self as emit, To};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeSet;
use std::fmt::Debug;

/// One model of each family whose layouts differ.
const MODELS: [&str; 9] = ["508", "511", "512", "515", "522", "723", "554", "7200", "7100"];

fn bytes_of<T: From<u8> + Debug>() -> impl Strategy<Value = T> {
    any::<u8>().prop_map(T::from)
}

fn tenths(most: u16) -> impl Strategy<Value = i32> {
    (0..=most).prop_map(|count| i32::from(count) * 100)
}

fn fortieths() -> impl Strategy<Value = i32> {
    any::<u16>().prop_map(|count| i32::from(count) * 25)
}

/// Tenths of a unit in one byte up to the 522, in two later.
fn max_bolus(large: bool) -> impl Strategy<Value = Insulin> {
    tenths(if large { u16::MAX } else { 255 }).prop_map(Insulin)
}

fn minutes() -> impl Strategy<Value = Minutes> {
    any::<u16>().prop_map(|minutes| Minutes(minutes.into()))
}

fn id() -> impl Strategy<Value = DeviceId> {
    prop_oneof![Just("------".to_owned()), "[0-9A-Z]{6}"]
        .prop_map(|id| DeviceId::new(&id).expect("an identity"))
}

fn three() -> impl Strategy<Value = [DeviceId; 3]> {
    [id(), id(), id()]
}

/// Any numbers at all: what is no date is kept as the numbers are.
fn time() -> impl Strategy<Value = PumpTime> {
    let dates = (2000_u16..2100, 1_u8..=12, 1_u8..=31, 0_u8..24, 0_u8..60, 0_u8..60);
    let any_numbers = (any::<u16>(), any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>());
    prop_oneof![dates.boxed(), any_numbers.boxed()].prop_map(|(year, month, day, hour, minute, second)| {
        PumpTime::new(year, month, day, hour, minute, second)
    })
}

fn day() -> impl Strategy<Value = PumpTime> {
    (any::<u16>(), 0_u8..14, 0_u8..33).prop_map(|(year, month, day)| PumpTime::new(year, month, day, 0, 0, 0))
}

/// Up to `N` entries; each ends where the next one begins, and the last one ends the day.
fn schedule<T: Clone + Debug + 'static, const N: usize>(
    value: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Schedule<T, N>> {
    let starts = prop::collection::btree_set(0_u8..48, 0..=N);
    (starts, prop::collection::vec(value, N)).prop_map(|(starts, values)| {
        let starts: Vec<_> = starts.into_iter().map(TimeOfDay::half_hours).collect();
        let ends = starts.iter().skip(1).copied().chain([TimeOfDay(1440)]);
        starts
            .iter()
            .zip(ends)
            .zip(values)
            .map(|((&start, end), value)| Slot { start, end: Some(end), value })
            .collect()
    })
}

fn profile(opcode: u8) -> impl Strategy<Value = BasalProfile> {
    let pattern = match opcode {
        0x30 | 0x93 => Pattern::A,
        0x31 | 0x94 => Pattern::B,
        _ => Pattern::Standard,
    };
    schedule(fortieths().prop_map(Rate)).prop_map(move |rates| BasalProfile { pattern, rates })
}

fn carb_ratios(large: bool) -> impl Strategy<Value = CarbRatios> {
    bytes_of::<CarbUnit>().prop_flat_map(move |unit| {
        let step = match (unit, large) {
            (CarbUnit::Exchanges, false) | (CarbUnit::Grams, true) => 100,
            (CarbUnit::Exchanges, true) => 1,
            _ => 1000,
        };
        let count = 1..=if large { u32::from(u16::MAX) } else { 255 };
        let ratio = count.prop_map(move |count| CarbRatio { thousandths: count * step, unit });
        schedule(ratio).prop_map(move |ratios| CarbRatios { units: unit, ratios })
    })
}

fn sensitivities() -> impl Strategy<Value = Sensitivities> {
    bytes_of::<GlucoseUnit>().prop_flat_map(|units| {
        let value = (1_u16..512).prop_map(move |count| Glucose { count, unit: units });
        schedule(value).prop_map(move |values| Sensitivities { units, values })
    })
}

fn targets(single: bool) -> impl Strategy<Value = Targets> {
    bytes_of::<GlucoseUnit>().prop_flat_map(move |units| {
        let glucose = move |count: u8| Glucose { count: count.into(), unit: units };
        let range = (1_u8.., any::<u8>()).prop_map(move |(low, high)| Range {
            low: glucose(low),
            high: glucose(if single { low } else { high }),
        });
        schedule(range).prop_map(move |ranges| Targets { units, ranges })
    })
}

fn settings(opcode: u8, large: bool) -> impl Strategy<Value = Settings> {
    let large = large && opcode == 0xC0;
    let rate = if matches!(opcode, 0x46 | 0x7F) { tenths(u16::MAX).boxed() } else { fortieths().boxed() };
    let head = (any::<u8>(), bytes_of(), any::<bool>(), tenths(255), any::<bool>());
    let limits = (max_bolus(large), rate, bytes_of(), bytes_of());
    let rest = (any::<[bool; 3]>(), bytes_of());
    let since_512 = (bytes_of(), any::<u8>(), any::<bool>(), any::<u8>()).prop_map(
        move |(temp_basal, temp_basal_percent, link, action)| {
            let action = match action {
                kind if opcode == 0x91 => Action::Kind(kind.into()),
                15 => Action::Unset,
                hours => Action::Hours(hours),
            };
            Since512 { temp_basal, temp_basal_percent, link, action }
        },
    );
    let since_515 =
        (warning(), any::<bool>()).prop_map(|(warning, keypad_lock)| Since515 { warning, keypad_lock });
    let since_523 =
        (any::<u8>(), any::<[bool; 3]>()).prop_map(|(step, [capture_event, other_devices, married])| {
            Since523 { scroll_step: Insulin(step.into()), capture_event, other_devices, married }
        });
    (head, limits, rest, since_512, since_515, since_523).prop_map(
        move |(
            (auto_off, alert, easy_bolus, easy_bolus_step, variable_bolus),
            (max_bolus, max_basal, time_format, concentration),
            ([patterns, remote, block], pattern),
            since_512,
            since_515,
            since_523,
        )| Settings {
            auto_off,
            alert,
            easy_bolus,
            easy_bolus_step: Insulin(easy_bolus_step),
            variable_bolus,
            max_bolus,
            max_basal: Rate(max_basal),
            time_format,
            concentration: (!large).then_some(concentration),
            patterns,
            pattern,
            remote,
            block,
            since_512: matches!(opcode, 0x91 | 0xC0).then_some(since_512),
            since_515: (opcode == 0xC0).then_some(since_515),
            since_523: large.then_some(since_523),
        },
    )
}

fn warning() -> impl Strategy<Value = ReservoirWarning> {
    (bytes_of(), any::<u8>()).prop_map(|(kind, point)| ReservoirWarning { kind, point })
}

fn sensor_settings() -> impl Strategy<Value = SensorSettings> {
    let limit = || (any::<bool>(), any::<u16>(), minutes());
    let rest = (minutes(), any::<bool>(), minutes(), 0..1_u32 << 24, minutes());
    (any::<bool>(), bytes_of::<GlucoseUnit>(), limit(), limit(), rest).prop_map(
        |(enabled, units, high, low, rest)| {
            let limit =
                |(enabled, count, snooze)| Limit { enabled, glucose: Glucose { count, unit: units }, snooze };
            let (alarm_snooze, calibration_reminder, calibration_reminder_time, transmitter, missed_data) =
                rest;
            SensorSettings {
                enabled,
                high: limit(high),
                low: limit(low),
                alarm_snooze,
                calibration_reminder,
                calibration_reminder_time,
                transmitter,
                units,
                missed_data,
            }
        },
    )
}

fn reminders() -> impl Strategy<Value = ArrayVec<TimeOfDay, 8>> {
    prop::collection::vec((0_u16..1440).prop_map(TimeOfDay), 0..=8)
        .prop_map(|times| times.into_iter().collect())
}

fn totals(large: bool) -> BoxedStrategy<Insulin> {
    // No more than fit in the type, which holds 2.1 million units.
    let large_count = (0..i32::MAX / 25).prop_map(|count| Insulin(count * 25));
    if large { large_count.boxed() } else { tenths(u16::MAX).prop_map(Insulin).boxed() }
}

fn replies(name: &str, model: Model, To { opcode, large }: To) -> Option<BoxedStrategy<Reply>> {
    use Reply as R;
    let on = any::<bool>;
    Some(match name {
        "AlarmClockEnable" => on().prop_map(|on| R::AlarmClockEnable(AlarmClockEnable(on))).boxed(),
        "AlarmClocks" => reminders().prop_map(|times| R::AlarmClocks(AlarmClocks(times))).boxed(),
        "BasalProfile" => profile(opcode).prop_map(R::BasalProfile).boxed(),
        "Battery" => (bytes_of(), any::<u16>())
            .prop_map(|(status, voltage)| R::Battery(Battery { status, voltage: Centivolts(voltage) }))
            .boxed(),
        "BgReminderEnable" => on().prop_map(|on| R::BgReminderEnable(BgReminderEnable(on))).boxed(),
        "BgUnits" => bytes_of().prop_map(|units| R::BgUnits(BgUnits(units))).boxed(),
        "BolusReminderEnable" => on().prop_map(|on| R::BolusReminderEnable(BolusReminderEnable(on))).boxed(),
        "BolusReminders" => reminders().prop_map(|times| R::BolusReminders(BolusReminders(times))).boxed(),
        "CalibrationFactor" => any::<u16>()
            .prop_map(|factor| R::CalibrationFactor(CalibrationFactor(Calibration(factor))))
            .boxed(),
        "CaptureEventEnable" => on().prop_map(|on| R::CaptureEventEnable(CaptureEventEnable(on))).boxed(),
        "CarbRatios" => carb_ratios(large).prop_map(R::CarbRatios).boxed(),
        "CarbUnits" => bytes_of().prop_map(|units| R::CarbUnits(CarbUnits(units))).boxed(),
        "Clock" => time().prop_map(|time| R::Clock(Clock { time })).boxed(),
        "Contrast" => {
            any::<[u8; 2]>().prop_map(|[level, maximum]| R::Contrast(Contrast { level, maximum })).boxed()
        }
        "ErrorStatus" => bytes_of().prop_map(|alarm| R::ErrorStatus(ErrorStatus(alarm))).boxed(),
        "Factory" => {
            any::<[u16; 2]>().prop_map(|[word, constant]| R::Factory(Factory { word, constant })).boxed()
        }
        "Firmware" => "VER [0-9]\\.[0-9]A[0-9]\\.[0-9]{0,40}"
            .prop_map(|text| R::Firmware(Firmware(ArrayString::from(&text).expect("a version"))))
            .boxed(),
        "GlucosePages" => (any::<u32>(), any::<[u16; 2]>())
            .prop_map(|(current, [glucose, isig])| R::GlucosePages(GlucosePages { current, glucose, isig }))
            .boxed(),
        "HistoryPages" => any::<u32>().prop_map(|current| R::HistoryPages(HistoryPages { current })).boxed(),
        "Language" => bytes_of().prop_map(|language| R::Language(LanguageSet(language))).boxed(),
        "LinkIds" => three().prop_map(|ids| R::LinkIds(LinkIds(ids))).boxed(),
        "Model" => "[0-9A-Z]{3,8}"
            .prop_map(|text| {
                let (model, text) = (Model::parse(&text), ArrayString::from(&text).expect("a model"));
                R::Model(PumpModel { text, model })
            })
            .boxed(),
        "OtherDevices" => prop::collection::vec(any::<u32>(), 0..=12)
            .prop_map(|ids| R::OtherDevices(OtherDevices(ids.into_iter().collect())))
            .boxed(),
        "OtherDevicesEnable" => on().prop_map(|on| R::OtherDevicesEnable(OtherDevicesEnable(on))).boxed(),
        "PageSpan" => {
            any::<[u16; 2]>().prop_map(|[first, last]| R::PageSpan(PageSpan { first, last })).boxed()
        }
        "PumpId" => id().prop_map(|id| R::PumpId(PumpId(id))).boxed(),
        "RemoteIds" => three().prop_map(|ids| R::RemoteIds(RemoteIds(ids))).boxed(),
        "Reservoir" => if large && opcode == 0x73 { fortieths().boxed() } else { tenths(u16::MAX).boxed() }
            .prop_map(|remaining| R::Reservoir(Reservoir { remaining: Insulin(remaining) }))
            .boxed(),
        "ReservoirWarning" => warning().prop_map(R::ReservoirWarning).boxed(),
        "SavedSettings" => Just(R::SavedSettings(SavedSettings)).boxed(),
        "Sensitivities" => sensitivities().prop_map(R::Sensitivities).boxed(),
        "SensorSettings" => sensor_settings().prop_map(R::SensorSettings).boxed(),
        "Settings" => settings(opcode, large).prop_map(R::Settings).boxed(),
        "SettingsCounter" => {
            any::<u16>().prop_map(|count| R::SettingsCounter(SettingsCounter(count))).boxed()
        }
        "State" if model.family() == 11 => any::<u8>().prop_map(|state| R::State(State::Old(state))).boxed(),
        "State" => bytes_of().prop_map(|state| R::State(State::Now(state))).boxed(),
        "Status" => (bytes_of(), any::<[bool; 2]>())
            .prop_map(|(state, [bolusing, suspended])| R::Status(PumpStatus { state, bolusing, suspended }))
            .boxed(),
        "Targets" => targets(opcode == 0x8C).prop_map(R::Targets).boxed(),
        "TempBasal" => (bytes_of(), any::<u8>(), fortieths(), minutes())
            .prop_map(|(kind, percent, rate, remaining)| {
                R::TempBasal(TempBasal { kind, percent, rate: Rate(rate), remaining })
            })
            .boxed(),
        "TempBasal511" => (tenths(u16::MAX), minutes())
            .prop_map(|(rate, remaining)| R::TempBasal511(TempBasal511 { rate: Rate(rate), remaining }))
            .boxed(),
        "Totals" => [totals(large), totals(large)]
            .prop_map(|[today, yesterday]| R::Totals(Totals { today, yesterday }))
            .boxed(),
        "WizardSetup" => (any::<bool>(), any::<[bool; 5]>())
            .prop_map(|(enabled, complete)| R::WizardSetup(WizardSetup { enabled, complete }))
            .boxed(),
        _ => return None,
    })
}

fn asked(name: &str, To { opcode, large }: To) -> Option<BoxedStrategy<Parameters>> {
    use Parameters as P;
    let on = any::<bool>;
    let amount = |steps_large: BoxedStrategy<i32>| if large { steps_large } else { tenths(255).boxed() };
    let duration = || any::<u8>().prop_map(|half_hours| Minutes(u32::from(half_hours) * 30));
    Some(match name {
        "BasalProfile" => (profile(opcode), any::<bool>())
            .prop_map(|(mut profile, told)| {
                let full = profile.rates.is_full();
                // Parameters may end with the last entry; then nobody says that it ends the day.
                if let Some(last) = profile.rates.last_mut().filter(|_| !told && !full) {
                    last.end = None;
                }
                P::BasalProfile(profile)
            })
            .boxed(),
        "Bolus" => {
            amount(fortieths().boxed()).prop_map(|amount| P::Bolus(Bolus { amount: Insulin(amount) })).boxed()
        }
        "CaptureEvent" => on().prop_map(|on| P::CaptureEvent(SetCaptureEvent(on))).boxed(),
        "Clock" => time().prop_map(|time| P::Clock(Clock { time })).boxed(),
        "Days" => (day(), day()).prop_map(|(begin, end)| P::Days(DayFilter { begin, end })).boxed(),
        "DetailTrace" => on().prop_map(|on| P::DetailTrace(SetDetailTrace(on))).boxed(),
        "Key" => bytes_of().prop_map(|key| P::Key(KeyPush(key))).boxed(),
        "MaxBasal" => fortieths().prop_map(|rate| P::MaxBasal(SetMaxBasal { rate: Rate(rate) })).boxed(),
        "MaxBolus" => max_bolus(large).prop_map(|amount| P::MaxBolus(SetMaxBolus { amount })).boxed(),
        "Page" => match opcode {
            0x80 => any::<u8>().prop_map(|back| P::Page(PageRequest::History(back))).boxed(),
            0xA3 => any::<u8>().prop_map(|number| P::Page(PageRequest::Trace(number))).boxed(),
            _ => any::<u32>().prop_map(|number| P::Page(PageRequest::Sensor(number))).boxed(),
        },
        "Power" => (on(), any::<u8>())
            .prop_map(|(on, minutes)| P::Power(Power { on, duration: Minutes(minutes.into()) }))
            .boxed(),
        "RemoteEnable" => on().prop_map(|on| P::RemoteEnable(SetRemoteEnable(on))).boxed(),
        "RemoteId" => {
            (any::<u8>(), id()).prop_map(|(index, id)| P::RemoteId(SetRemoteId { index, id })).boxed()
        }
        "SelectProfile" => bytes_of().prop_map(|pattern| P::SelectProfile(SelectProfile(pattern))).boxed(),
        "Suspend" => bytes_of().prop_map(|delivery| P::Suspend(Suspend(delivery))).boxed(),
        "TempBasal" if opcode == 0x69 => (any::<u8>(), duration())
            .prop_map(|(percent, duration)| P::TempBasal(SetTempBasal::Percent(percent, duration)))
            .boxed(),
        "TempBasal" => {
            (if opcode == 0x4B { tenths(u16::MAX).boxed() } else { fortieths().boxed() }, duration())
                .prop_map(|(rate, duration)| P::TempBasal(SetTempBasal::Absolute(Rate(rate), duration)))
                .boxed()
        }
        _ => return None,
    })
}

/// Each command with a layout, for each model that may know it.
fn rows(layout: fn(&Command) -> Option<&'static str>) -> impl Iterator<Item = (&'static str, Model, To)> {
    COMMANDS.iter().filter_map(move |command| Some((layout(command)?, command))).flat_map(
        |(name, command)| {
            let models = MODELS.iter().map(|model| Model::parse(model).expect("a model"));
            models
                .filter(|model| command.models.include(*model))
                .map(move |model| (name, model, To { opcode: command.opcode.0, large: model.large() }))
        },
    )
}

#[test]
fn every_command_with_a_layout_is_tried() {
    for layout in [|command: &Command| command.reply, |command: &Command| command.parameters] {
        let tried: BTreeSet<_> = rows(layout).map(|(_, _, to)| to.opcode).collect();
        let all: BTreeSet<_> = COMMANDS
            .iter()
            .filter(|command| layout(command).is_some())
            .map(|command| command.opcode.0)
            .collect();
        assert_eq!(tried, all);
    }
}

type Reader<T> = fn(Opcode, &mut Cursor<'_, '_, Outline>, Pump) -> Result<Option<T>, Stop>;

/// Reads bytes, each of which is to be claimed by one leaf.
fn read<T>(reader: Reader<T>, opcode: u8, pump: Pump, bytes: &[u8], cut: bool) -> Result<Option<T>, Stop> {
    let mut outline = Outline::default();
    let value = reader(Opcode(opcode), &mut Cursor::new(bytes, 0, cut, &mut outline), pump);
    if !bytes.is_empty() {
        assert_eq!(outline.misclaimed(0, bytes.len()), None, "{opcode:#04x} {bytes:02x?}");
    }
    value
}

/// Emits any value and reads it back; then what is left of the bytes, and what they are with one of them changed.
fn round_trips<T: Debug + PartialEq + Clone>(
    values: BoxedStrategy<T>,
    model: Model,
    to: To,
    emit: fn(&T, To) -> Option<Vec<u8>>,
    reader: Reader<T>,
) {
    let pump = Pump::of(model, Known::Told);
    let of = |bytes: &[u8]| read(reader, to.opcode, pump, bytes, false);
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let changes = (any::<prop::sample::Index>(), any::<u8>(), any::<prop::sample::Index>());
    let result = TestRunner::new(config).run(&(values, changes), |(value, (at, changed, end))| {
        let bytes = emit(&value, to).ok_or_else(|| TestCaseError::fail("it cannot be emitted"))?;
        prop_assert_eq!(of(&bytes), Ok(Some(value)), "{:02x?}", bytes);
        let mut other = bytes.clone();
        other[at.index(bytes.len())] = changed;
        let _ = of(&other);
        let _ = read(reader, to.opcode, pump, &bytes[..end.index(bytes.len())], true);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{:#04x} of a {model}: {error}", to.opcode));
}

#[test]
fn replies_are_read_as_they_were_emitted() {
    for (name, model, to) in rows(|command| command.reply) {
        let Some(values) = replies(name, model, to) else { continue };
        round_trips(values, model, to, emit::reply, reply::<Outline>);
    }
}

#[test]
fn parameters_are_read_as_they_were_emitted() {
    for (name, model, to) in rows(|command| command.parameters) {
        let Some(values) = asked(name, to) else { continue };
        round_trips(values, model, to, emit::parameters, parameters::<Outline>);
    }
}

/// One value of each layout: each prefix of its bytes, and each byte changed to each other value.
#[test]
fn every_prefix_and_every_changed_byte_is_claimed() {
    fn try_all<T: Debug>(
        values: &BoxedStrategy<T>,
        model: Model,
        to: To,
        emit: fn(&T, To) -> Option<Vec<u8>>,
        reader: Reader<T>,
    ) {
        let value = values.new_tree(&mut TestRunner::deterministic()).expect("a value").current();
        let bytes = emit(&value, to).expect("bytes");
        for pump in [Pump::of(model, Known::Told), Pump::default()] {
            for end in 0..=bytes.len() {
                for cut in [false, true] {
                    let _ = read(reader, to.opcode, pump, &bytes[..end], cut);
                }
            }
        }
        // Behind the last byte that is not zero, one change is as good as another.
        let used = bytes.iter().rposition(|&byte| byte != 0).map_or(1, |last| last + 2).min(bytes.len());
        for at in 0..used {
            let mut changed = bytes.clone();
            for value in 0..=255 {
                changed[at] = value;
                let _ = read(reader, to.opcode, Pump::of(model, Known::Told), &changed, false);
            }
        }
    }
    use proptest::strategy::ValueTree as _;
    // Models that send the same layout are tried once.
    let mut tried = BTreeSet::new();
    for (name, model, to) in rows(|command| command.reply) {
        if let Some(values) = replies(name, model, to)
            && tried.insert((name, to.opcode, to.large))
        {
            try_all(&values, model, to, emit::reply, reply::<Outline>);
        }
    }
    tried.clear();
    for (name, model, to) in rows(|command| command.parameters) {
        if let Some(values) = asked(name, to)
            && tried.insert((name, to.opcode, to.large))
        {
            try_all(&values, model, to, emit::parameters, parameters::<Outline>);
        }
    }
}

/// What lies between two steps of a pump, or beyond its bytes, is not emitted as something else.
#[test]
fn what_a_layout_cannot_hold_is_not_emitted() {
    let to = |opcode, large| To { opcode, large };
    let bolus = |thousandths| Parameters::Bolus(Bolus { amount: Insulin(thousandths) });
    assert_eq!(emit::parameters(&bolus(1_100), to(0x42, false)), Some(vec![11]));
    assert_eq!(emit::parameters(&bolus(1_100), to(0x42, true)), Some(vec![0, 44]));
    for thousandths in [1_050, 25_600, -100] {
        assert_eq!(emit::parameters(&bolus(thousandths), to(0x42, false)), None, "{thousandths}");
    }
    assert_eq!(emit::parameters(&bolus(1_010), to(0x42, true)), None);
    let temp = SetTempBasal::Absolute(Rate(1_000), Minutes(45));
    assert_eq!(emit::parameters(&Parameters::TempBasal(temp), to(0x4C, false)), None);
    let low = Glucose { count: 90, unit: GlucoseUnit::MgDl };
    let slot = Slot {
        start: TimeOfDay(0),
        end: Some(TimeOfDay(1440)),
        value: Range { low, high: Glucose { count: 110, ..low } },
    };
    let targets = Targets { units: GlucoseUnit::MgDl, ranges: [slot].into_iter().collect() };
    assert_eq!(emit::reply(&Reply::Targets(targets), to(0x8C, false)), None);
}
