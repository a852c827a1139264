// SPDX-License-Identifier: GPL-2.0-or-later
//! In: parameters and replies as typed values. Out: the bytes that a host or a pump sends for them.
//!
//! The layouts are written down a second time here, from `docs/protocol/commands.md` and not from the readers,
//! one file per family.

mod device;
mod insulin;
mod schedule;
mod sensor;
mod settings;
mod to;

pub use to::To;

use crate::emit::count::{few_tenths, fortieths, half_hours, tenths};
use carelink_core::pump::temp_basal::SetTempBasal;
use carelink_core::pump::{Parameters, Reply};
use carelink_core::units::clock::PumpTime;
use carelink_core::units::quantities::TimeOfDay;

/// Bytes of a frame: a reply is a whole number of them.
const FRAME: usize = 64;

/// The parameters of a command.
///
/// `None` for a value that the layout cannot hold, such as a rate between two steps, and for one that nothing emits yet.
#[must_use]
pub fn parameters(value: &Parameters, to: To) -> Option<Vec<u8>> {
    Some(match value {
        Parameters::BasalProfile(profile) => schedule::basal_profile(profile)?,
        Parameters::Bolus(bolus) if to.large => fortieths(bolus.amount.0)?.to_vec(),
        Parameters::Bolus(bolus) => vec![few_tenths(bolus.amount.0)?],
        Parameters::CaptureEvent(on) => vec![on.0.into()],
        Parameters::Clock(clock) => self::clock(clock.time)?,
        Parameters::Days(days) => [day(days.begin)?, day(days.end)?].concat(),
        Parameters::DetailTrace(on) => vec![on.0.into()],
        Parameters::Key(key) => vec![key.0.into()],
        Parameters::MaxBasal(max) => fortieths(max.rate.0)?.to_vec(),
        Parameters::MaxBolus(max) if to.large => tenths(max.amount.0)?.to_vec(),
        Parameters::MaxBolus(max) => vec![few_tenths(max.amount.0)?],
        Parameters::Page(page) => sensor::page_request(*page),
        Parameters::Power(power) => vec![power.on.into(), u8::try_from(power.duration.0).ok()?],
        Parameters::RemoteEnable(on) => vec![on.0.into()],
        Parameters::RemoteId(set) => [&[set.index][..], &device::id(&set.id)?].concat(),
        Parameters::SelectProfile(select) => vec![select.0.into()],
        Parameters::Suspend(suspend) => vec![suspend.0.into()],
        Parameters::TempBasal(SetTempBasal::Absolute(rate, duration)) => {
            let rate = if to.opcode == 0x4B { tenths(rate.0) } else { fortieths(rate.0) }?;
            [&rate[..], &[half_hours(duration.0)?]].concat()
        }
        Parameters::TempBasal(SetTempBasal::Percent(percent, duration)) => {
            vec![*percent, half_hours(duration.0)?]
        }
        #[allow(unreachable_patterns, reason = "a layout need not have an emitter")]
        _ => return None,
    })
}

/// The payload of a reply, filled with zeros to whole frames.
///
/// `None` for a value that the layout cannot hold, and for one that nothing emits yet.
#[must_use]
pub fn reply(value: &Reply, to: To) -> Option<Vec<u8>> {
    let mut bytes = match value {
        Reply::AlarmClockEnable(on) => vec![on.0.into()],
        Reply::AlarmClocks(clocks) => reminders(&clocks.0)?,
        Reply::BasalProfile(profile) => {
            let mut bytes = schedule::basal_profile(profile)?;
            bytes.resize(3 * FRAME, 0);
            bytes
        }
        Reply::Battery(battery) => {
            let [high, low] = battery.voltage.0.to_be_bytes();
            vec![battery.status.into(), high, low]
        }
        Reply::BgReminderEnable(on) => vec![on.0.into()],
        Reply::BgUnits(units) => vec![units.0.into()],
        Reply::BolusReminderEnable(on) => vec![on.0.into()],
        Reply::BolusReminders(reminders) => self::reminders(&reminders.0)?,
        Reply::CalibrationFactor(factor) => factor.0.0.to_be_bytes().to_vec(),
        Reply::CaptureEventEnable(on) => vec![on.0.into()],
        Reply::CarbRatios(ratios) => schedule::carb_ratios(ratios, to.large)?,
        Reply::CarbUnits(units) => vec![units.0.into()],
        Reply::Clock(clock) => self::clock(clock.time)?,
        Reply::Contrast(contrast) => vec![contrast.level, contrast.maximum],
        Reply::ErrorStatus(status) => vec![status.0.into()],
        Reply::Factory(factory) => device::factory(factory),
        Reply::Firmware(firmware) => device::firmware(&firmware.0)?,
        Reply::GlucosePages(pages) => sensor::glucose_pages(pages),
        Reply::HistoryPages(pages) => pages.current.to_be_bytes().to_vec(),
        Reply::Language(language) => vec![language.0.into()],
        Reply::LinkIds(ids) => device::ids(&ids.0)?,
        Reply::Model(model) => device::model(model)?,
        Reply::OtherDevices(devices) => device::others(&devices.0)?,
        Reply::OtherDevicesEnable(on) => vec![on.0.into()],
        Reply::PageSpan(span) => [span.first, span.last].map(u16::to_be_bytes).concat(),
        Reply::PumpId(id) => device::id(&id.0)?.to_vec(),
        Reply::RemoteIds(ids) => device::ids(&ids.0)?,
        Reply::Reservoir(reservoir) => insulin::reservoir(*reservoir, to)?,
        Reply::ReservoirWarning(warning) => vec![warning.kind.into(), warning.point],
        // Nobody knows how; pumps that never saved their settings send anything.
        Reply::SavedSettings(_) => Vec::new(),
        Reply::Sensitivities(sensitivities) => schedule::sensitivities(sensitivities)?,
        Reply::SensorSettings(settings) => sensor::settings(settings)?,
        Reply::Settings(settings) => settings::settings(settings, to)?,
        Reply::SettingsCounter(counter) => counter.0.to_be_bytes().to_vec(),
        Reply::State(state) => vec![device::state(*state)],
        Reply::Status(status) => vec![status.state.into(), status.bolusing.into(), status.suspended.into()],
        Reply::Targets(targets) => schedule::targets(targets, to.opcode == 0x8C)?,
        Reply::TempBasal(temp) => insulin::temp_basal(*temp)?,
        Reply::TempBasal511(temp) => insulin::temp_basal_511(*temp)?,
        Reply::Totals(totals) => insulin::totals(*totals, to.large)?,
        Reply::WizardSetup(setup) => [setup.enabled]
            .into_iter()
            .chain(setup.complete.map(|complete| !complete))
            .map(u8::from)
            .collect(),
        #[allow(unreachable_patterns, reason = "a layout need not have an emitter")]
        _ => return None,
    };
    bytes.resize(bytes.len().div_ceil(FRAME).max(1) * FRAME, 0);
    Some(bytes)
}

/// Hour, minute, second, year of two bytes, month, day.
fn clock(time: PumpTime) -> Option<Vec<u8>> {
    let [year, month, day, hour, minute, second] = time.numbers();
    let [century, year] = year.to_be_bytes();
    let rest = [hour, minute, second, month, day].map(|part| u8::try_from(part).ok());
    let [Some(hour), Some(minute), Some(second), Some(month), Some(day)] = rest else { return None };
    Some(vec![hour, minute, second, century, year, month, day])
}

/// Year of two bytes, month, day.
fn day(time: PumpTime) -> Option<[u8; 4]> {
    let [year, month, day, 0, 0, 0] = time.numbers() else { return None };
    let [century, year] = year.to_be_bytes();
    Some([century, year, u8::try_from(month).ok()?, u8::try_from(day).ok()?])
}

/// Eight times of day, each an hour and a minute; those that are not set are 0xFF.
fn reminders(times: &[TimeOfDay]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(16);
    for time in times {
        bytes.extend([u8::try_from(time.0 / 60).ok()?, u8::try_from(time.0 % 60).ok()?]);
    }
    bytes.resize(16, 0xFF);
    Some(bytes)
}
