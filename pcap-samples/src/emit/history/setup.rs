// SPDX-License-Identifier: GPL-2.0-or-later
//! In: changed setups of the bolus wizard and of the glucose sensor. Out: the parts of their records, before and after.

use super::parts::Parts;
use crate::emit::count::{few, half_hours, minutes, ratio, ten_bits};
use carelink_core::history::sensor_setup::{More, SensorConfig, SensorSetup};
use carelink_core::history::wizard_setup::{Config, Entry, WizardSetup};
use carelink_core::units::quantities::{Glucose, Minutes};

/// Stands for an action curve that is not set.
const NO_CURVE: u8 = 15;

/// The 512 (0x2E) has one target and no curve; from the 523 on ratios have two bytes.
pub(super) fn wizard(value: &WizardSetup, opcode: u8, large: bool) -> Option<Parts> {
    let WizardSetup { old, new } = value;
    let flags = [old.complete, new.complete, old.enabled, new.enabled];
    let flags = flags.iter().enumerate().fold(0, |bits, (bit, on)| bits | u8::from(*on) << bit);
    let oldest = opcode == 0x2E;
    let mut tail = [config(old, oldest, large)?, config(new, oldest, large)?].concat();
    if !oldest {
        let curve = |config: &Config| few(config.curve.unwrap_or(NO_CURVE), 4);
        tail.push(curve(new)? << 4 | curve(old)?);
    }
    Some(Parts::of([flags]).tail(tail))
}

/// Units and counts, and room for eight ratios, sensitivities and targets.
fn config(value: &Config, oldest: bool, large: bool) -> Option<Vec<u8>> {
    let count = |len: usize| few(u8::try_from(len).ok()?, 4);
    let units = few(u8::from(value.carb_units), 2)? | few(u8::from(value.bg_units), 2)? << 2;
    let mut bytes = vec![units | count(value.ratios.len())? << 4];
    bytes.push(count(value.sensitivities.len())? | count(value.targets.len())? << 4);
    let mut room = bytes.len();
    let mut fill = |bytes: &mut Vec<u8>, size: usize| {
        room += size;
        bytes.resize(room, 0);
    };
    for entry in &value.ratios {
        bytes.push(start(entry)?);
        bytes.extend(ratio(entry.value, large)?);
    }
    // Two bytes without a known meaning follow large ratios.
    fill(&mut bytes, if large { 24 + 2 } else { 16 });
    for entry in &value.sensitivities {
        let [high, low] = ten_bits(entry.value.count)?;
        bytes.extend([high << 6 | start(entry)?, low]);
    }
    fill(&mut bytes, 16);
    for entry in &value.targets {
        let [low, high] = entry.value.map(|glucose| u8::try_from(glucose.count).ok());
        bytes.extend([start(entry)?, low?]);
        bytes.extend(high.filter(|_| !oldest));
    }
    fill(&mut bytes, if oldest { 16 } else { 24 });
    Some(bytes)
}

fn start<T>(entry: &Entry<T>) -> Option<u8> {
    few(half_hours(entry.start.0.into())?, 6)
}

/// A byte without a known meaning, and the settings before and after.
pub(super) fn sensor(value: &SensorSetup) -> Option<Parts> {
    Some(Parts::of([0]).tail([sensor_config(&value.old)?, sensor_config(&value.new)?].concat()))
}

/// With limits 16 bytes; with areas 15, and 17 on pumps that can suspend delivery.
fn sensor_config(value: &SensorConfig) -> Option<Vec<u8>> {
    let short = |time: Minutes| u8::try_from(time.0).ok();
    let mut bytes = vec![u8::from(value.enabled) | few(u8::from(value.units), 2)? << 5];
    let reminder = u8::from(value.reminder);
    match value.more {
        More::Limits { high_enabled, high, low_enabled, low } => {
            bytes.push(reminder | u8::from(high_enabled) << 4 | u8::from(low_enabled) << 6);
            bytes.extend(high.count.to_be_bytes());
            bytes.extend([glucose(low)?, 0]);
        }
        More::Areas { .. } => bytes.push(reminder),
    }
    bytes.push(short(value.missed_data)?);
    bytes.extend(minutes(value.high_snooze)?);
    bytes.push(short(value.low_snooze)?);
    bytes.extend(minutes(value.alarm_snooze)?);
    bytes.push(short(value.reminder_time)?);
    let [0, transmitter @ ..] = value.transmitter.unwrap_or(0x00FF_FFFF).to_be_bytes() else { return None };
    bytes.extend(transmitter);
    if let More::Areas { high, low, auto_cal, low_suspend } = value.more {
        bytes.extend([glucose(high)?, glucose(low)?, u8::from(auto_cal) << 7]);
        if let Some((on, limit)) = low_suspend {
            bytes.extend([u8::from(on) << 7, glucose(limit)?]);
        }
    }
    Some(bytes)
}

fn glucose(value: Glucose) -> Option<u8> {
    u8::try_from(value.count).ok()
}
