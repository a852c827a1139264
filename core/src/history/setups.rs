// SPDX-License-Identifier: GPL-2.0-or-later
//! In: one side of a change of setups, before it or after it. Out: its events.

use super::sensor_alerts::{Ahead, GlucoseRate, Limits, Pattern, RateAlert};
use super::sensor_setup::{More, SensorConfig};
use super::wizard_setup::Config;
use crate::units::quantities::{Glucose, GlucoseUnit, Minutes};
use crate::vendor::Event;
use jiff::civil::DateTime;

pub(super) fn wizard_config(time: DateTime, config: &Config, out: &mut Vec<Event>) {
    let size = |entries: usize| u16::try_from(entries).unwrap_or(u16::MAX);
    out.push(
        Event::new(time, "ChangeBolusWizardSetupConfig")
            .with("IS_SETUP_COMPLETE", config.complete)
            .with("IS_BOLUS_WIZARD_ENABLED", config.enabled)
            .with("CARB_UNITS", config.carb_units)
            .with("BG_UNITS", config.bg_units)
            .with("INSULIN_ACTION_CURVE", u16::from(config.curve.unwrap_or(0)) * 60),
    );
    out.push(Event::new(time, "ChangeCarbRatioPattern").with("SIZE", size(config.ratios.len())));
    for (index, entry) in (0_u8..).zip(&config.ratios) {
        out.push(
            Event::new(time, "ChangeCarbRatio")
                .with("INDEX", index)
                .with("AMOUNT", entry.value.value())
                .with("UNITS", config.carb_units)
                .with("START_TIME", entry.start),
        );
    }
    let pattern = |kind, entries| {
        Event::new(time, kind).with("ORIGINAL_UNITS", config.bg_units).with("SIZE", size(entries))
    };
    out.push(pattern("ChangeInsulinSensitivityPattern", config.sensitivities.len()));
    for (index, entry) in (0_u8..).zip(&config.sensitivities) {
        out.push(
            Event::new(time, "ChangeInsulinSensitivity")
                .with("INDEX", index)
                .with("AMOUNT", entry.value)
                .with("START_TIME", entry.start),
        );
    }
    out.push(pattern("ChangeBGTargetRangePattern", config.targets.len()));
    for (index, entry) in (0_u8..).zip(&config.targets) {
        let [low, high] = entry.value;
        out.push(
            Event::new(time, "ChangeBGTargetRange")
                .with("INDEX", index)
                .with("AMOUNT_LOW", low)
                .with("AMOUNT_HIGH", high)
                .with("START_TIME", entry.start),
        );
    }
}

pub(super) fn limit_pattern(time: DateTime, pattern: &Pattern<Limits>, out: &mut Vec<Event>) {
    out.push(
        Event::new(time, "ChangeSensorGlucoseLimitPattern")
            .with("ENABLE", pattern.enabled)
            .with("NUM_PROFILES", pattern.entries.len()),
    );
    for (index, entry) in (0_u8..).zip(&pattern.entries) {
        // A low limit that is off is stored as 0, and exported as the lowest there is. None is known of the high one.
        let low = match entry.low {
            Glucose { count: 0, unit: GlucoseUnit::MgDl } => Glucose { count: 50, unit: GlucoseUnit::MgDl },
            Glucose { count: 0, unit: GlucoseUnit::MmolL } => Glucose { count: 28, unit: GlucoseUnit::MmolL },
            low => low,
        };
        let high = Some(entry.high).filter(|high| high.count > 0);
        out.push(
            Event::new(time, "ChangeSensorGlucoseLimitProfile")
                .with("PROFILE_INDEX", index)
                .with("LOW_LIMIT_ENABLE", entry.low.count > 0)
                .with("LOW_LIMIT", low)
                .with("HIGH_LIMIT_ENABLE", high.is_some())
                .with("HIGH_LIMIT", high)
                .with("START_TIME", entry.start),
        );
    }
}

pub(super) fn ahead_pattern(time: DateTime, pattern: &Pattern<Ahead>, out: &mut Vec<Event>) {
    out.push(
        Event::new(time, "ChangeSensorPredictiveAlertPattern")
            .with("ENABLE", pattern.enabled)
            .with("NUM_PROFILES", pattern.entries.len()),
    );
    for (index, entry) in (0_u8..).zip(&pattern.entries) {
        // What 0 stands for is not known.
        let told = |minutes: Minutes| Some(minutes).filter(|minutes| minutes.0 > 0);
        let (low, high) = (told(entry.low), told(entry.high));
        out.push(
            Event::new(time, "ChangeSensorPredictiveAlertProfile")
                .with("PROFILE_INDEX", index)
                .with("LOW_ENABLE", low.map(|_| true))
                .with("LOW_DURATION", low)
                .with("HIGH_ENABLE", high.map(|_| true))
                .with("HIGH_DURATION", high)
                .with("START_TIME", entry.start),
        );
    }
}

/// The keys of a rate alert, after the change and before it.
pub(super) const RATE_NEW: [&str; 5] = [
    "NEW_LIMIT_UNITS",
    "NEW_RISING_LIMIT_ENABLE",
    "NEW_RISING_LIMIT",
    "NEW_FALLING_LIMIT_ENABLE",
    "NEW_FALLING_LIMIT",
];
pub(super) const RATE_OLD: [&str; 5] = [
    "OLD_LIMIT_UNITS",
    "OLD_RISING_LIMIT_ENABLE",
    "OLD_RISING_LIMIT",
    "OLD_FALLING_LIMIT_ENABLE",
    "OLD_FALLING_LIMIT",
];

pub(super) fn rate_alert(event: Event, alert: &RateAlert, keys: [&'static str; 5]) -> Event {
    let [units, rising_enable, rising, falling_enable, falling] = keys;
    let unit = alert.rising.and_then(|rate| match rate.unit {
        GlucoseUnit::MmolL => Some("mmol_l_minute"),
        GlucoseUnit::MgDl => Some("mg_dl_minute"),
        GlucoseUnit::Unset | GlucoseUnit::Unknown(_) => None,
    });
    event
        .with(units, unit)
        .with(rising_enable, alert.rising_enabled)
        .with(rising, alert.rising.and_then(GlucoseRate::exported))
        .with(falling_enable, alert.falling_enabled)
        .with(falling, alert.falling.and_then(GlucoseRate::exported))
}

pub(super) fn sensor_config(time: DateTime, config: &SensorConfig) -> Event {
    let with_limits = matches!(config.more, More::Limits { .. });
    let kind = if with_limits { "ChangeSensorSetupConfig" } else { "ChangeSensorSetupConfig2" };
    let event =
        Event::new(time, kind).with("IS_SENSOR_ENABLED", config.enabled).with("BG_UNITS", config.units);
    let event = match config.more {
        More::Limits { high_enabled, high, low_enabled, low } => event
            .with("HIGH_GLUCOSE_ALARM_ENABLE", high_enabled)
            .with("HIGH_GLUCOSE_LIMIT", high)
            .with("HIGH_GLUCOSE_SNOOZE_TIME", config.high_snooze)
            .with("LOW_GLUCOSE_ALARM_ENABLE", low_enabled)
            .with("LOW_GLUCOSE_LIMIT", low)
            .with("LOW_GLUCOSE_SNOOZE_TIME", config.low_snooze),
        More::Areas { high, low, .. } => event
            .with("HIGH_AREA_UNDER_CURVE", high)
            .with("HIGH_GLUCOSE_SNOOZE_TIME", config.high_snooze)
            .with("LOW_AREA_UNDER_CURVE", low)
            .with("LOW_GLUCOSE_SNOOZE_TIME", config.low_snooze),
    };
    let event = event
        .with("CAL_REMINDER_ENABLE", config.reminder)
        .with("CAL_REMINDER_TIME", config.reminder_time)
        .with("ALARM_SNOOZE_TIME", config.alarm_snooze)
        .with("MISSED_DATA_TIME", config.missed_data);
    let event = match config.more {
        More::Areas { auto_cal, low_suspend, .. } => {
            let event = event.with("IS_AUTO_CAL_ENABLE", auto_cal);
            match low_suspend {
                Some((enabled, limit)) => {
                    event.with("IS_LOW_SUSPEND_ENABLE", enabled).with("LOW_SUSPEND_LIMIT", limit)
                }
                None => event,
            }
        }
        More::Limits { .. } => event,
    };
    let transmitter = config.transmitter.map_or_else(|| "-------".into(), |id| id.to_string());
    event.with("TRANSMITTER_ID", transmitter)
}
