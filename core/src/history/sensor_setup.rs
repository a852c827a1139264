// SPDX-License-Identifier: GPL-2.0-or-later
//! In: records of changed settings of the glucose sensor (0x4F, 0x50, 0x53). Out: the settings before and after.

use super::reading::{Reading, VALUE};
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::sink::Sink;
use crate::units::quantities::{Glucose, GlucoseUnit, Minutes};
use nom::Parser;
use nom::number::complete::{be_u16, be_u24, u8};
use std::fmt;

crate::fields! {
    /// The settings before the change.
    OLD: Tree, "carelink.history.sensor_setup.old", "Before", Confirmed;
    /// The settings after the change.
    NEW: Tree, "carelink.history.sensor_setup.new", "After", Confirmed;
    /// Whether the sensor is on, and its units.
    FLAGS: X8, "carelink.history.sensor_setup.flags", "Flags", Confirmed;
    /// The sensor is on.
    ENABLED: Flag, "carelink.history.sensor_setup.enabled", "Sensor Enabled", Confirmed;
    /// What glucose is counted in.
    UNITS: U8, "carelink.history.sensor_setup.units", "Units", Confirmed, names GlucoseUnit::NAMES;
    /// Which alarms are on.
    ALARMS: X8, "carelink.history.sensor_setup.alarms", "Alarms", Confirmed;
    /// The pump reminds its user to calibrate the sensor.
    REMINDER_ON: Flag, "carelink.history.sensor_setup.calibration_reminder_enabled", "Calibration Reminder Enabled", Confirmed;
    /// The alarm at the high limit is on. Which of two bits it is follows from nothing but their order.
    HIGH_ON: Flag, "carelink.history.sensor_setup.high_enabled", "High Alarm Enabled", Inferred;
    /// The alarm at the low limit is on. Which of two bits it is follows from nothing but their order.
    LOW_ON: Flag, "carelink.history.sensor_setup.low_enabled", "Low Alarm Enabled", Inferred;
    /// The high limit.
    HIGH: F64, "carelink.history.sensor_setup.high", "High Limit", Confirmed;
    /// The low limit.
    LOW: F64, "carelink.history.sensor_setup.low", "Low Limit", Confirmed;
    /// The pump alarms when no data of the sensor came for this long.
    MISSED: U16, "carelink.history.sensor_setup.missed_data", "Missed Data Time", Confirmed, unit " min";
    /// Pause between two alarms at the high limit.
    HIGH_SNOOZE: U16, "carelink.history.sensor_setup.high_snooze", "High Snooze", Confirmed, unit " min";
    /// Pause between two alarms at the low limit.
    LOW_SNOOZE: U16, "carelink.history.sensor_setup.low_snooze", "Low Snooze", Confirmed, unit " min";
    /// Pause between two other alarms of the sensor.
    SNOOZE: U16, "carelink.history.sensor_setup.alarm_snooze", "Alarm Snooze", Confirmed, unit " min";
    /// How long before a calibration is due the pump reminds of it.
    REMINDER: U16, "carelink.history.sensor_setup.calibration_reminder", "Calibration Reminder", Confirmed, unit " min";
    /// Identity of the transmitter on the sensor; 16777215 is none.
    TRANSMITTER: U32, "carelink.history.sensor_setup.transmitter", "Transmitter ID", Confirmed, identity Number;
    /// Limit for the area above which glucose counts as high.
    HIGH_AREA: F64, "carelink.history.sensor_setup.high_area", "High Area Under Curve", Confirmed;
    /// Limit for the area below which glucose counts as low.
    LOW_AREA: F64, "carelink.history.sensor_setup.low_area", "Low Area Under Curve", Confirmed;
    /// Bit 7 is set if each meter reading calibrates the sensor.
    AUTO_CAL_BITS: X8, "carelink.history.sensor_setup.auto_cal_bits", "Auto Calibration", Inferred;
    /// Each meter reading calibrates the sensor.
    AUTO_CAL: Flag, "carelink.history.sensor_setup.auto_cal", "Auto Calibration Enabled", Inferred;
    /// Bit 7 is set if low glucose suspends delivery.
    SUSPEND_BITS: X8, "carelink.history.sensor_setup.low_suspend_bits", "Low Suspend", Confirmed;
    /// Low glucose suspends delivery.
    SUSPEND_ON: Flag, "carelink.history.sensor_setup.low_suspend_enabled", "Low Suspend Enabled", Confirmed;
    /// The glucose that suspends delivery.
    SUSPEND: F64, "carelink.history.sensor_setup.low_suspend", "Low Suspend Limit", Confirmed;
    /// Which alarms are silent.
    SCOPE: U8, "carelink.history.silence.scope", "Silent Alarms", Confirmed, names Scope::NAMES;
    /// How long the alarms are silent. Three high bits lie in the time stamp.
    SILENCE: U16, "carelink.history.silence.duration", "Duration", Confirmed, unit " min";
}

/// What settings of the sensor all models have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SensorConfig {
    /// The sensor is on.
    pub enabled: bool,
    /// What glucose is counted in.
    pub units: GlucoseUnit,
    /// The pump reminds its user to calibrate the sensor.
    pub reminder: bool,
    /// How long before a calibration is due.
    pub reminder_time: Minutes,
    /// Data must be missing for so long until the pump alarms.
    pub missed_data: Minutes,
    /// Pause between two alarms at the high limit.
    pub high_snooze: Minutes,
    /// Pause between two alarms at the low limit.
    pub low_snooze: Minutes,
    /// Pause between two other alarms.
    pub alarm_snooze: Minutes,
    /// Identity of the transmitter; `None` if there is none.
    pub transmitter: Option<u32>,
    /// What only some models have.
    pub more: More,
}

/// Settings of the sensor that only some models have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum More {
    /// The 522 and 722: one high and one low limit.
    Limits {
        /// The alarm at the high limit is on.
        high_enabled: bool,
        /// The high limit.
        high: Glucose,
        /// The alarm at the low limit is on.
        low_enabled: bool,
        /// The low limit.
        low: Glucose,
    },
    /// From the 523 on; limits have records of their own.
    Areas {
        /// Limit of the area of high glucose.
        high: Glucose,
        /// Limit of the area of low glucose.
        low: Glucose,
        /// Each meter reading calibrates the sensor.
        auto_cal: bool,
        /// Low glucose suspends delivery: whether it does, and the limit. `None` on models that cannot.
        low_suspend: Option<(bool, Glucose)>,
    },
}

/// Changed settings of the sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SensorSetup {
    /// Before.
    pub old: SensorConfig,
    /// After.
    pub new: SensorConfig,
}

pub(super) fn limits<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<SensorSetup, Stop> {
    c.read(VALUE, u8)?;
    r.stamp(c)?;
    let (old, new) = (c.group(OLD, with_limits)?, c.group(NEW, with_limits)?);
    Ok(SensorSetup { old, new })
}

pub(super) fn areas<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<SensorSetup, Stop> {
    c.read(VALUE, u8)?;
    r.stamp(c)?;
    let size = c.remaining() / 2;
    let (old, new) = (c.group(OLD, |c| with_areas(c, size))?, c.group(NEW, |c| with_areas(c, size))?);
    Ok(SensorSetup { old, new })
}

fn flags<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<(bool, GlucoseUnit), Stop> {
    let mut flags = (false, GlucoseUnit::Unset);
    c.packed(FLAGS, u8, |c, byte| {
        flags = (byte & 1 != 0, GlucoseUnit::from(byte >> 5 & 3));
        c.derived(ENABLED, &flags.0);
        c.derived(UNITS, &flags.1);
    })?;
    Ok(flags)
}

fn with_limits<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<SensorConfig, Stop> {
    let (enabled, units) = flags(c)?;
    let on = |alarms: u8, bit: u8| alarms >> bit & 1 != 0;
    let alarms = c.packed(ALARMS, u8, |c, &alarms| {
        c.derived(REMINDER_ON, &on(alarms, 0));
        c.derived(HIGH_ON, &on(alarms, 4));
        c.derived(LOW_ON, &on(alarms, 6));
    })?;
    let high = c.read_shown(HIGH, be_u16.map(|count| Glucose { count, unit: units }))?;
    let low = c.read_shown(LOW, u8.map(|count| Glucose { count: count.into(), unit: units }))?;
    c.read(VALUE, u8)?;
    let missed_data = c.read(MISSED, minutes)?;
    let high_snooze = c.read(HIGH_SNOOZE, long_minutes)?;
    let low_snooze = c.read(LOW_SNOOZE, minutes)?;
    let alarm_snooze = c.read(SNOOZE, long_minutes)?;
    let reminder_time = c.read(REMINDER, minutes)?;
    let transmitter = transmitter(c)?;
    let more = More::Limits { high_enabled: on(alarms, 4), high, low_enabled: on(alarms, 6), low };
    let reminder = on(alarms, 0);
    Ok(SensorConfig {
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
    })
}

/// `size` is 15 bytes, or 17 on models that can suspend delivery.
fn with_areas<S: Sink>(c: &mut Cursor<'_, '_, S>, size: usize) -> Result<SensorConfig, Stop> {
    let (enabled, units) = flags(c)?;
    let alarms = c.packed(ALARMS, u8, |c, alarms| c.derived(REMINDER_ON, &(alarms & 1 != 0)))?;
    let missed_data = c.read(MISSED, minutes)?;
    let high_snooze = c.read(HIGH_SNOOZE, long_minutes)?;
    let low_snooze = c.read(LOW_SNOOZE, minutes)?;
    let alarm_snooze = c.read(SNOOZE, long_minutes)?;
    let reminder_time = c.read(REMINDER, minutes)?;
    let transmitter = transmitter(c)?;
    let glucose = || u8.map(|count| Glucose { count: count.into(), unit: units });
    let high = c.read_shown(HIGH_AREA, glucose())?;
    let low = c.read_shown(LOW_AREA, glucose())?;
    let top = |byte: u8| byte & 0x80 != 0;
    let auto_cal = top(c.packed(AUTO_CAL_BITS, u8, |c, &bits| c.derived(AUTO_CAL, &top(bits)))?);
    let low_suspend = if size > 15 {
        let enabled = top(c.packed(SUSPEND_BITS, u8, |c, &bits| c.derived(SUSPEND_ON, &top(bits)))?);
        let limit = c.read_shown(SUSPEND, u8.map(|count| Glucose { count: count.into(), unit: units }))?;
        Some((enabled, limit))
    } else {
        None
    };
    let more = More::Areas { high, low, auto_cal, low_suspend };
    let reminder = alarms & 1 != 0;
    Ok(SensorConfig {
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
    })
}

const NO_TRANSMITTER: u32 = 0x00FF_FFFF;

fn transmitter<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<Option<u32>, Stop> {
    let id = c.read(TRANSMITTER, be_u24)?;
    if id == NO_TRANSMITTER {
        c.relabel(format_args!("Transmitter ID: none"));
    }
    Ok(Some(id).filter(|id| *id != NO_TRANSMITTER))
}

fn minutes(bytes: &[u8]) -> nom::IResult<&[u8], Minutes> {
    u8.map(|count| Minutes(count.into())).parse(bytes)
}

fn long_minutes(bytes: &[u8]) -> nom::IResult<&[u8], Minutes> {
    be_u16.map(|count| Minutes(count.into())).parse(bytes)
}

crate::open_enum! {
    /// Which alarms of the sensor are silent.
    pub enum Scope: u8 {
        Off = 0 => "off",
        High = 1 => "high",
        Low = 2 => "low",
        HighAndLow = 4 => "high and low",
        All = 8 => "all",
    }
}

/// Alarms of the sensor that are silent for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Which.
    pub scope: Scope,
    /// How long.
    pub duration: Minutes,
}

pub(super) fn silence<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Silence, Stop> {
    let scope = c.choice(SCOPE)?;
    let high = r.stamp(c)?.hour;
    let duration = c.read(SILENCE, u8.map(|low| Minutes(u16::from_be_bytes([high, low]).into())))?;
    Ok(Silence { scope, duration })
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.scope, self.duration)
    }
}
