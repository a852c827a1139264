// SPDX-License-Identifier: GPL-2.0-or-later
//! In: typed replies. Out: the events that the vendor's program makes of them, by the vendor's names.
//!
//! The names and values are those of the vendor's exports. Left out are the database ids of an export (`PATTERN_DATUM`),
//! and all that would be a guess: replies whose layout is not known, and values that no export at hand has. What comes
//! in two replies of a session makes events once: `CurrentPumpStatus` of Read Pump State, the warning of a low reservoir
//! of its own reply.

use super::datum::Datum;
use super::event::Event;
use crate::pump::Reply;
use crate::pump::battery::BatteryStatus;
use crate::pump::profile::BasalProfile;
use crate::pump::reservoir::{ReservoirWarning, WarningKind};
use crate::pump::sensor::{Limit, SensorSettings};
use crate::pump::settings::{Action, AlertType, Settings};
use crate::pump::status::ErrorStatus;
use crate::pump::temp_basal::TempBasalKind;
use crate::pump::wizard::{Language, WizardSetup};
use crate::units::quantities::{Insulin, Minutes, Rate};
use jiff::civil::DateTime;

/// The events that the vendor's program makes of `reply`, by a pump whose clock says `time`.
///
/// A value that the vendor's exports do not show how to name makes no event.
#[must_use]
pub fn current_events(reply: &Reply, time: DateTime) -> Vec<Event> {
    let mut all = Vec::new();
    say(reply, &mut Events { time, all: &mut all });
    all
}

fn say(reply: &Reply, events: &mut Events<'_>) {
    match reply {
        Reply::AlarmClockEnable(enable) => events.enabled("CurrentAlarmClockEnable", enable.0),
        Reply::BgReminderEnable(enable) => events.enabled("CurrentBGReminderEnable", enable.0),
        Reply::BolusReminderEnable(enable) => events.enabled("CurrentBolusReminderEnable", enable.0),
        Reply::BasalProfile(profile) => basal_profile(profile, events),
        Reply::Battery(battery) if battery.status == BatteryStatus::Normal => {
            let voltage = battery.voltage.0;
            events.add("CurrentBatteryStatus", [("STATUS", "normal".into()), ("VOLTAGE", voltage.into())]);
        }
        Reply::BgUnits(units) => {
            if let Some(units) = units.0.exported() {
                events.add("CurrentBolusWizardBGUnits", [("UNITS", units.into())]);
            }
        }
        Reply::CalibrationFactor(factor) => {
            events.add("CurrentSensorCalFactor", [("CAL_FACTOR", factor.0.value().into())]);
        }
        Reply::CarbRatios(ratios) => {
            events.add("CurrentCarbRatioPattern", [("SIZE", ratios.ratios.len().into())]);
            let Some(units) = ratios.units.exported() else { return };
            for (index, slot) in ratios.ratios.iter().enumerate() {
                let (amount, start) = (slot.value.value(), slot.start);
                events.add(
                    "CurrentCarbRatio",
                    [
                        ("INDEX", index.into()),
                        ("AMOUNT", amount.into()),
                        ("UNITS", units.into()),
                        ("START_TIME", start.into()),
                    ],
                );
            }
        }
        Reply::CarbUnits(units) => {
            if let Some(units) = units.0.exported() {
                events.add("CurrentBolusWizardCarbUnits", [("UNITS", units.into())]);
            }
        }
        Reply::ErrorStatus(ErrorStatus(alarm)) => {
            let code = u8::from(*alarm);
            let code = if code > 100 { code - 100 } else { code };
            events.add("CurrentErrorStatus", [("RAW_STATUS", code.into())]);
        }
        Reply::GlucosePages(pages) => {
            events.add("CurrentGlucoseHistoryPageNumber", [("PAGE_NUMBER", pages.current.into())]);
        }
        Reply::HistoryPages(pages) => {
            events.add("CurrentHistoryPageNumber", [("PAGE_NUMBER", pages.current.into())]);
        }
        Reply::Language(language) if language.0 == Language::English => {
            events.add("CurrentDisplayLanguage", [("LANGUAGE", "english".into())]);
        }
        Reply::LinkIds(ids) => {
            for (place, id) in (1_u32..).zip(&ids.0) {
                let id = id.text();
                events.add(
                    "CurrentParadigmLinkID",
                    [("PROGRAMMER_NUM", place.into()), ("PARADIGM_LINK_ID", id.to_owned().into())],
                );
            }
        }
        Reply::RemoteIds(ids) => {
            for (place, id) in (1_u32..).zip(&ids.0) {
                let id = id.text();
                events.add(
                    "CurrentRemoteControlID",
                    [("PROGRAMMER_NUM", place.into()), ("REMOTE_CONTROL_ID", id.to_owned().into())],
                );
            }
        }
        Reply::Model(model) => {
            events.add("CurrentPumpModelNumber", [("MODEL_NUMBER", model.text.to_string().into())]);
        }
        Reply::Reservoir(reservoir) => {
            // The vendor drops the fraction.
            events.add("CurrentTotalRemaining", [("AMOUNT", reservoir.remaining.value().trunc().into())]);
        }
        Reply::ReservoirWarning(warning) => reservoir_warning(warning, events),
        Reply::Sensitivities(sensitivities) => {
            let Some(units) = sensitivities.units.exported() else { return };
            let size = sensitivities.values.len();
            events.add(
                "CurrentInsulinSensitivityPattern",
                [("ORIGINAL_UNITS", units.into()), ("SIZE", size.into())],
            );
            for (index, slot) in sensitivities.values.iter().enumerate() {
                let (amount, start) = (slot.value.exported(), slot.start);
                events.add(
                    "CurrentInsulinSensitivity",
                    [("INDEX", index.into()), ("AMOUNT", amount.into()), ("START_TIME", start.into())],
                );
            }
        }
        Reply::SensorSettings(settings) => sensor_settings(settings, events),
        Reply::Settings(settings) => pump_settings(settings, events),
        Reply::State(state) if state.normal() => {
            events.add("CurrentPumpStatus", [("STATUS", "normal".into())]);
        }
        Reply::Targets(targets) => {
            let Some(units) = targets.units.exported() else { return };
            let size = targets.ranges.len();
            events.add(
                "CurrentBGTargetRangePattern",
                [("ORIGINAL_UNITS", units.into()), ("SIZE", size.into())],
            );
            for (index, slot) in targets.ranges.iter().enumerate() {
                let (low, high) = (slot.value.low.exported(), slot.value.high.exported());
                let start = slot.start;
                events.add(
                    "CurrentBGTargetRange",
                    [
                        ("INDEX", index.into()),
                        ("AMOUNT_LOW", low.into()),
                        ("AMOUNT_HIGH", high.into()),
                        ("START_TIME", start.into()),
                    ],
                );
            }
        }
        // The rate beside a percentage that is in force is left over; what an export says then is not known.
        Reply::TempBasal(temp) if temp.kind == TempBasalKind::Percent && temp.remaining.0 > 0 => {}
        Reply::TempBasal(temp) => temp_basal(temp.rate, temp.remaining, events),
        Reply::TempBasal511(temp) => temp_basal(temp.rate, temp.remaining, events),
        Reply::Totals(totals) => {
            events.add("CurrentTotalToday", [("AMOUNT", totals.today.value().into())]);
            events.add("CurrentTotalYesterday", [("AMOUNT", totals.yesterday.value().into())]);
        }
        Reply::WizardSetup(setup) => wizard_setup(setup, events),
        // The rest makes none, or none that an export at hand shows.
        _ => {}
    }
}

/// The events of a reply, as they are made.
struct Events<'e> {
    time: DateTime,
    all: &'e mut Vec<Event>,
}

impl Events<'_> {
    fn add<const N: usize>(&mut self, kind: &'static str, values: [(&'static str, Datum); N]) {
        let event = Event::new(self.time, kind);
        self.all.push(values.into_iter().fold(event, |event, (key, value)| event.with(key, value)));
    }

    fn enabled(&mut self, kind: &'static str, enable: bool) {
        self.add(kind, [("ENABLE", enable.into())]);
    }

    fn time(&mut self, kind: &'static str, time: Minutes) {
        self.add(kind, [("TIME", time.into())]);
    }
}

fn basal_profile(profile: &BasalProfile, events: &mut Events<'_>) {
    let Some(name) = profile.pattern.exported() else { return };
    let count = profile.rates.len();
    events.add("CurrentBasalProfilePattern", [("PATTERN_NAME", name.into()), ("NUM_PROFILES", count.into())]);
    for (index, slot) in profile.rates.iter().enumerate() {
        let (rate, start) = (slot.value.value(), slot.start);
        events.add(
            "CurrentBasalProfile",
            [("PROFILE_INDEX", index.into()), ("RATE", rate.into()), ("START_TIME", start.into())],
        );
    }
}

fn temp_basal(rate: Rate, remaining: Minutes, events: &mut Events<'_>) {
    let (rate, duration) = (rate.value(), remaining);
    events.add("CurrentTempBasal", [("RATE", rate.into()), ("DURATION", duration.into())]);
}

fn reservoir_warning(warning: &ReservoirWarning, events: &mut Events<'_>) {
    // What an export says of a warning by time is not known.
    if warning.kind == WarningKind::Insulin {
        events.add("CurrentReservoirWarningUnits", [("UNITS", "insulin".into())]);
        events.add("CurrentReservoirWarningValueInsulin", [("AMOUNT", warning.point.into())]);
    }
}

fn wizard_setup(setup: &WizardSetup, events: &mut Events<'_>) {
    let enable = setup.enabled;
    events.enabled("CurrentBolusWizardEnable", enable);
    // Which part is which is a guess, so they are named only if all are alike.
    let [carb_units, carb_ratios, bg_units, sensitivities, targets] = setup.complete;
    if setup.complete.iter().all(|complete| *complete == carb_units) {
        events.add(
            "CurrentBolusWizardSetupStatus",
            [
                ("IS_SETUP_COMPLETE", carb_units.into()),
                ("IS_BOLUS_WIZARD_ENABLED", enable.into()),
                ("IS_CARB_UNITS_COMPLETE", carb_units.into()),
                ("IS_CARB_RATIOS_COMPLETE", carb_ratios.into()),
                ("IS_BG_UNITS_COMPLETE", bg_units.into()),
                ("IS_INSULIN_SENSITIVITIES_COMPLETE", sensitivities.into()),
                ("IS_BG_TARGETS_COMPLETE", targets.into()),
            ],
        );
    }
}

fn sensor_settings(settings: &SensorSettings, events: &mut Events<'_>) {
    events.enabled("CurrentSensorEnable", settings.enabled);
    if let Some(units) = settings.units.exported() {
        events.add("CurrentSensorBGUnits", [("UNITS", units.into())]);
    }
    let Limit { enabled: high, glucose, snooze } = settings.high;
    events.enabled("CurrentSensorHighGlucoseAlarmEnable", high);
    events.add("CurrentSensorHighGlucoseLimit", [("AMOUNT", glucose.exported().into())]);
    events.time("CurrentSensorHighGlucoseSnoozeTime", snooze);
    let Limit { enabled: low, glucose, snooze } = settings.low;
    events.enabled("CurrentSensorLowGlucoseAlarmEnable", low);
    events.add("CurrentSensorLowGlucoseLimit", [("AMOUNT", glucose.exported().into())]);
    events.time("CurrentSensorLowGlucoseSnoozeTime", snooze);
    events.time("CurrentSensorAlarmSnoozeTime", settings.alarm_snooze);
    events.enabled("CurrentSensorCalReminderEnable", settings.calibration_reminder);
    events.time("CurrentSensorCalReminderTime", settings.calibration_reminder_time);
    events.time("CurrentSensorMissedDataTime", settings.missed_data);
    events.add("CurrentSensorTransmitterID", [("TRANSMITTER_ID", settings.transmitter.to_string().into())]);
}

fn pump_settings(settings: &Settings, events: &mut Events<'_>) {
    if let Some(format) = settings.time_format.exported() {
        events.add("CurrentTimeDisplayFormat", [("FORMAT", format.into())]);
    }
    let (step, easy) = (settings.easy_bolus_step.value(), settings.easy_bolus);
    events.add("CurrentAudioBolusStep", [("AMOUNT", step.into()), ("ENABLE", easy.into())]);
    events.enabled("CurrentVariableBolusEnable", settings.variable_bolus);
    let (mode, level) = match settings.alert {
        AlertType::Low => (Some("audio"), Some("low")),
        AlertType::Medium => (Some("audio"), Some("medium")),
        AlertType::High => (Some("audio"), None),
        AlertType::Vibrate => (Some("vibration"), None),
        AlertType::Unknown(_) => (None, None),
    };
    if let Some(level) = level {
        events.add("CurrentBeepVolume", [("LEVEL", level.into())]);
    }
    if let Some(mode) = mode {
        events.add("CurrentAlarmNotifyMode", [("MODE", mode.into())]);
    }
    events.add("CurrentAutoOffDuration", [("DURATION", Minutes(u32::from(settings.auto_off) * 60).into())]);
    events.add("CurrentMaxBasal", [("RATE", settings.max_basal.value().into())]);
    events.add("CurrentMaxBolus", [("AMOUNT", settings.max_bolus.value().into())]);
    if let Some(name) = settings.pattern.exported() {
        events.add("CurrentActiveBasalProfilePattern", [("PATTERN_NAME", name.into())]);
    }
    events.enabled("CurrentVariableBasalProfilePatternEnable", settings.patterns);
    events.enabled("CurrentChildBlockEnable", settings.block);
    events.enabled("CurrentRFEnable", settings.remote);
    if let Some(since) = settings.since_512 {
        if let Some(kind) = since.temp_basal.exported() {
            events.add("CurrentTempBasalType", [("TEMP_BASAL_TYPE", kind.into())]);
        }
        events.enabled("CurrentParadigmLinkEnable", since.link);
        match since.action {
            Action::Hours(hours) => {
                events.add("CurrentInsulinActionCurve", [("AMOUNT", (u32::from(hours) * 60).into())]);
            }
            Action::Unset => events.add("CurrentInsulinActionCurve", [("AMOUNT", 0u32.into())]),
            Action::Kind(_) => {}
        }
    }
    if let Some(since) = settings.since_515 {
        events.enabled("CurrentKeypadLockedEnable", since.keypad_lock);
    }
    if let Some(since) = settings.since_523 {
        if since.scroll_step == Insulin(100) {
            events.add("CurrentBolusScrollStepSize", [("STEP_SIZE", "step_0_point_1".into())]);
        }
        events.enabled("CurrentCaptureEventEnable", since.capture_event);
        events.enabled("CurrentOtherDeviceEnable", since.other_devices);
        events.add("CurrentOtherDeviceMarried", [("MARRIED", since.married.into())]);
    }
}
