// SPDX-License-Identifier: GPL-2.0-or-later
//! In: typed replies. Out: the events that the vendor's program makes of them, by the vendor's names.
//!
//! The names and values are those of the vendor's exports. Left out are the database ids of an export (`PATTERN_DATUM`),
//! and all that would be a guess: replies whose layout is not known, and values that no export at hand has. What comes
//! in two replies of a session makes events once: `CurrentPumpStatus` of Read Pump State, the warning of a low reservoir
//! of its own reply.

use super::Reply;
use super::battery::BatteryStatus;
use super::profile::{BasalProfile, Pattern};
use super::reservoir::{ReservoirWarning, WarningKind};
use super::sensor::{Limit, SensorSettings};
use super::settings::{Action, AlertType, Settings, TimeFormat};
use super::status::ErrorStatus;
use super::temp_basal::TempBasalKind;
use super::wizard::{Language, WizardSetup};
use crate::units::quantities::{Insulin, Minutes, Rate, TimeOfDay};
use std::fmt;

/// Calls `event` with the name and the values, `KEY=VALUE, ...`, of each event that the vendor's program makes of `reply`.
///
/// A value that the vendor's exports do not show how to name makes no event.
pub fn current_events(reply: &Reply, event: &mut impl FnMut(&'static str, fmt::Arguments<'_>)) {
    match reply {
        Reply::AlarmClockEnable(enable) => enabled(event, "CurrentAlarmClockEnable", enable.0),
        Reply::BgReminderEnable(enable) => enabled(event, "CurrentBGReminderEnable", enable.0),
        Reply::BolusReminderEnable(enable) => enabled(event, "CurrentBolusReminderEnable", enable.0),
        Reply::BasalProfile(profile) => basal_profile(profile, event),
        Reply::Battery(battery) => {
            if battery.status == BatteryStatus::Normal {
                let voltage = battery.voltage.0;
                event("CurrentBatteryStatus", format_args!("STATUS=normal, VOLTAGE={voltage}"));
            }
        }
        Reply::BgUnits(units) => {
            if let Some(units) = units.0.exported() {
                event("CurrentBolusWizardBGUnits", format_args!("UNITS={units}"));
            }
        }
        Reply::CalibrationFactor(factor) => {
            event("CurrentSensorCalFactor", format_args!("CAL_FACTOR={factor}"));
        }
        Reply::CarbRatios(ratios) => {
            event("CurrentCarbRatioPattern", format_args!("SIZE={}", ratios.ratios.len()));
            let Some(units) = ratios.units.exported() else { return };
            for (index, slot) in ratios.ratios.iter().enumerate() {
                let (amount, start) = (slot.value.value(), of_day(slot.start));
                event(
                    "CurrentCarbRatio",
                    format_args!("INDEX={index}, AMOUNT={amount}, UNITS={units}, START_TIME={start}"),
                );
            }
        }
        Reply::CarbUnits(units) => {
            if let Some(units) = units.0.exported() {
                event("CurrentBolusWizardCarbUnits", format_args!("UNITS={units}"));
            }
        }
        Reply::ErrorStatus(ErrorStatus(alarm)) => {
            let code = u8::from(*alarm);
            let code = if code > 100 { code - 100 } else { code };
            event("CurrentErrorStatus", format_args!("RAW_STATUS={code}"));
        }
        Reply::GlucosePages(pages) => {
            event("CurrentGlucoseHistoryPageNumber", format_args!("PAGE_NUMBER={}", pages.current));
        }
        Reply::HistoryPages(pages) => {
            event("CurrentHistoryPageNumber", format_args!("PAGE_NUMBER={}", pages.current));
        }
        Reply::Language(language) => {
            if language.0 == Language::English {
                event("CurrentDisplayLanguage", format_args!("LANGUAGE=english"));
            }
        }
        Reply::LinkIds(ids) => {
            for (place, id) in (1..).zip(&ids.0) {
                let id = id.text();
                event("CurrentParadigmLinkID", format_args!("PROGRAMMER_NUM={place}, PARADIGM_LINK_ID={id}"));
            }
        }
        Reply::RemoteIds(ids) => {
            for (place, id) in (1..).zip(&ids.0) {
                let id = id.text();
                event(
                    "CurrentRemoteControlID",
                    format_args!("PROGRAMMER_NUM={place}, REMOTE_CONTROL_ID={id}"),
                );
            }
        }
        Reply::Model(model) => {
            event("CurrentPumpModelNumber", format_args!("MODEL_NUMBER={}", model.text));
        }
        Reply::Reservoir(reservoir) => {
            // The vendor drops the fraction.
            event("CurrentTotalRemaining", format_args!("AMOUNT={}", reservoir.remaining.value().trunc()));
        }
        Reply::ReservoirWarning(warning) => reservoir_warning(warning, event),
        Reply::Sensitivities(sensitivities) => {
            let Some(units) = sensitivities.units.exported() else { return };
            let size = sensitivities.values.len();
            event("CurrentInsulinSensitivityPattern", format_args!("ORIGINAL_UNITS={units}, SIZE={size}"));
            for (index, slot) in sensitivities.values.iter().enumerate() {
                let (amount, start) = (slot.value.exported(), of_day(slot.start));
                event(
                    "CurrentInsulinSensitivity",
                    format_args!("INDEX={index}, AMOUNT={amount}, START_TIME={start}"),
                );
            }
        }
        Reply::SensorSettings(settings) => sensor_settings(settings, event),
        Reply::Settings(settings) => pump_settings(settings, event),
        Reply::State(state) => {
            if state.normal() {
                event("CurrentPumpStatus", format_args!("STATUS=normal"));
            }
        }
        Reply::Targets(targets) => {
            let Some(units) = targets.units.exported() else { return };
            let size = targets.ranges.len();
            event("CurrentBGTargetRangePattern", format_args!("ORIGINAL_UNITS={units}, SIZE={size}"));
            for (index, slot) in targets.ranges.iter().enumerate() {
                let (low, high) = (slot.value.low.exported(), slot.value.high.exported());
                let start = of_day(slot.start);
                event(
                    "CurrentBGTargetRange",
                    format_args!("INDEX={index}, AMOUNT_LOW={low}, AMOUNT_HIGH={high}, START_TIME={start}"),
                );
            }
        }
        // The rate beside a percentage that is in force is left over; what an export says then is not known.
        Reply::TempBasal(temp) if temp.kind == TempBasalKind::Percent && temp.remaining.0 > 0 => {}
        Reply::TempBasal(temp) => temp_basal(temp.rate, temp.remaining, event),
        Reply::TempBasal511(temp) => temp_basal(temp.rate, temp.remaining, event),
        Reply::Totals(totals) => {
            event("CurrentTotalToday", format_args!("AMOUNT={}", totals.today.value()));
            event("CurrentTotalYesterday", format_args!("AMOUNT={}", totals.yesterday.value()));
        }
        Reply::WizardSetup(setup) => wizard_setup(setup, event),
        Reply::AlarmClocks(_)
        | Reply::BolusReminders(_)
        | Reply::CaptureEventEnable(_)
        | Reply::Clock(_)
        | Reply::Contrast(_)
        | Reply::Factory(_)
        | Reply::Firmware(_)
        | Reply::OtherDevices(_)
        | Reply::OtherDevicesEnable(_)
        | Reply::PageSpan(_)
        | Reply::PumpId(_)
        | Reply::SavedSettings(_)
        | Reply::SettingsCounter(_)
        | Reply::Status(_) => {}
    }
}

const MINUTE: u32 = 60_000;
const HOUR: u32 = 60 * MINUTE;

/// Milliseconds since midnight.
fn of_day(time: TimeOfDay) -> u32 {
    u32::from(time.0) * MINUTE
}

fn milliseconds(time: Minutes) -> u32 {
    time.0.saturating_mul(MINUTE)
}

fn enabled(event: &mut impl FnMut(&'static str, fmt::Arguments<'_>), name: &'static str, enable: bool) {
    event(name, format_args!("ENABLE={enable}"));
}

fn pattern_name(pattern: Pattern) -> Option<&'static str> {
    match pattern {
        Pattern::Standard => Some("standard"),
        Pattern::A => Some("pattern a"),
        Pattern::B => Some("pattern b"),
        Pattern::Unknown(_) => None,
    }
}

fn basal_profile(profile: &BasalProfile, event: &mut impl FnMut(&'static str, fmt::Arguments<'_>)) {
    let Some(name) = pattern_name(profile.pattern) else { return };
    let count = profile.rates.len();
    event("CurrentBasalProfilePattern", format_args!("PATTERN_NAME={name}, NUM_PROFILES={count}"));
    for (index, slot) in profile.rates.iter().enumerate() {
        let (rate, start) = (slot.value.value(), of_day(slot.start));
        event("CurrentBasalProfile", format_args!("PROFILE_INDEX={index}, RATE={rate}, START_TIME={start}"));
    }
}

fn temp_basal(rate: Rate, remaining: Minutes, event: &mut impl FnMut(&'static str, fmt::Arguments<'_>)) {
    let (rate, duration) = (rate.value(), milliseconds(remaining));
    event("CurrentTempBasal", format_args!("RATE={rate}, DURATION={duration}"));
}

fn reservoir_warning(warning: &ReservoirWarning, event: &mut impl FnMut(&'static str, fmt::Arguments<'_>)) {
    // What an export says of a warning by time is not known.
    if warning.kind == WarningKind::Insulin {
        event("CurrentReservoirWarningUnits", format_args!("UNITS=insulin"));
        event("CurrentReservoirWarningValueInsulin", format_args!("AMOUNT={}", warning.point));
    }
}

fn wizard_setup(setup: &WizardSetup, event: &mut impl FnMut(&'static str, fmt::Arguments<'_>)) {
    let enable = setup.enabled;
    enabled(event, "CurrentBolusWizardEnable", enable);
    // Which part is which is a guess, so they are named only if all are alike.
    let [carb_units, carb_ratios, bg_units, sensitivities, targets] = setup.complete;
    if setup.complete.iter().all(|complete| *complete == carb_units) {
        event(
            "CurrentBolusWizardSetupStatus",
            format_args!(
                "IS_SETUP_COMPLETE={carb_units}, IS_BOLUS_WIZARD_ENABLED={enable}, \
                 IS_CARB_UNITS_COMPLETE={carb_units}, IS_CARB_RATIOS_COMPLETE={carb_ratios}, \
                 IS_BG_UNITS_COMPLETE={bg_units}, IS_INSULIN_SENSITIVITIES_COMPLETE={sensitivities}, \
                 IS_BG_TARGETS_COMPLETE={targets}"
            ),
        );
    }
}

fn sensor_settings(settings: &SensorSettings, event: &mut impl FnMut(&'static str, fmt::Arguments<'_>)) {
    let time = |event: &mut dyn FnMut(&'static str, fmt::Arguments<'_>), name, minutes| {
        event(name, format_args!("TIME={}", milliseconds(minutes)));
    };
    enabled(event, "CurrentSensorEnable", settings.enabled);
    if let Some(units) = settings.units.exported() {
        event("CurrentSensorBGUnits", format_args!("UNITS={units}"));
    }
    let Limit { enabled: high, glucose, snooze } = settings.high;
    enabled(event, "CurrentSensorHighGlucoseAlarmEnable", high);
    event("CurrentSensorHighGlucoseLimit", format_args!("AMOUNT={}", glucose.exported()));
    time(event, "CurrentSensorHighGlucoseSnoozeTime", snooze);
    let Limit { enabled: low, glucose, snooze } = settings.low;
    enabled(event, "CurrentSensorLowGlucoseAlarmEnable", low);
    event("CurrentSensorLowGlucoseLimit", format_args!("AMOUNT={}", glucose.exported()));
    time(event, "CurrentSensorLowGlucoseSnoozeTime", snooze);
    time(event, "CurrentSensorAlarmSnoozeTime", settings.alarm_snooze);
    enabled(event, "CurrentSensorCalReminderEnable", settings.calibration_reminder);
    time(event, "CurrentSensorCalReminderTime", settings.calibration_reminder_time);
    time(event, "CurrentSensorMissedDataTime", settings.missed_data);
    event("CurrentSensorTransmitterID", format_args!("TRANSMITTER_ID={}", settings.transmitter));
}

fn pump_settings(settings: &Settings, event: &mut impl FnMut(&'static str, fmt::Arguments<'_>)) {
    match settings.time_format {
        TimeFormat::Hours12 => event("CurrentTimeDisplayFormat", format_args!("FORMAT=d12")),
        TimeFormat::Hours24 => event("CurrentTimeDisplayFormat", format_args!("FORMAT=d24")),
        TimeFormat::Unknown(_) => {}
    }
    let (step, easy) = (settings.easy_bolus_step.value(), settings.easy_bolus);
    event("CurrentAudioBolusStep", format_args!("AMOUNT={step}, ENABLE={easy}"));
    enabled(event, "CurrentVariableBolusEnable", settings.variable_bolus);
    let (mode, level) = match settings.alert {
        AlertType::Low => (Some("audio"), Some("low")),
        AlertType::Medium => (Some("audio"), Some("medium")),
        AlertType::High => (Some("audio"), None),
        AlertType::Vibrate => (Some("vibration"), None),
        AlertType::Unknown(_) => (None, None),
    };
    if let Some(level) = level {
        event("CurrentBeepVolume", format_args!("LEVEL={level}"));
    }
    if let Some(mode) = mode {
        event("CurrentAlarmNotifyMode", format_args!("MODE={mode}"));
    }
    event("CurrentAutoOffDuration", format_args!("DURATION={}", u32::from(settings.auto_off) * HOUR));
    event("CurrentMaxBasal", format_args!("RATE={}", settings.max_basal.value()));
    event("CurrentMaxBolus", format_args!("AMOUNT={}", settings.max_bolus.value()));
    if let Some(name) = pattern_name(settings.pattern) {
        event("CurrentActiveBasalProfilePattern", format_args!("PATTERN_NAME={name}"));
    }
    enabled(event, "CurrentVariableBasalProfilePatternEnable", settings.patterns);
    enabled(event, "CurrentChildBlockEnable", settings.block);
    enabled(event, "CurrentRFEnable", settings.remote);
    if let Some(since) = settings.since_512 {
        match since.temp_basal {
            TempBasalKind::Absolute => {
                event("CurrentTempBasalType", format_args!("TEMP_BASAL_TYPE=insulin_units"));
            }
            TempBasalKind::Percent => {
                event("CurrentTempBasalType", format_args!("TEMP_BASAL_TYPE=percentage"));
            }
            TempBasalKind::Unknown(_) => {}
        }
        enabled(event, "CurrentParadigmLinkEnable", since.link);
        match since.action {
            Action::Hours(hours) => {
                event("CurrentInsulinActionCurve", format_args!("AMOUNT={}", u32::from(hours) * 60));
            }
            Action::Unset => event("CurrentInsulinActionCurve", format_args!("AMOUNT=0")),
            Action::Kind(_) => {}
        }
    }
    if let Some(since) = settings.since_515 {
        enabled(event, "CurrentKeypadLockedEnable", since.keypad_lock);
    }
    if let Some(since) = settings.since_523 {
        if since.scroll_step == Insulin(100) {
            event("CurrentBolusScrollStepSize", format_args!("STEP_SIZE=step_0_point_1"));
        }
        enabled(event, "CurrentCaptureEventEnable", since.capture_event);
        enabled(event, "CurrentOtherDeviceEnable", since.other_devices);
        event("CurrentOtherDeviceMarried", format_args!("MARRIED={}", since.married));
    }
}
