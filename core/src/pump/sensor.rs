// SPDX-License-Identifier: GPL-2.0-or-later
//! In: replies to Read Sensor Settings (0x99), Read Calibration Factor (0x9C), Filter Pages (0xA8, 0xA9) and their
//! parameters. Out: the settings of the glucose sensor, its calibration, and where its pages are.

use super::block::{Block, Context};
use super::clock::put_day;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::field::Field;
use crate::tree::opaque::UNKNOWN;
use crate::tree::sink::Sink;
use crate::units::clock::PumpTime;
use crate::units::quantities::{Calibration, Glucose, GlucoseUnit, Minutes};
use nom::Parser;
use nom::bytes::complete::take;
use nom::number::complete::{be_u16, be_u24, u8};
use std::fmt;

crate::fields! {
    /// The settings of the glucose sensor.
    HEAD: Tree, "carelink.pump.sensor_settings", "Sensor Settings", Confirmed;
    /// The sensor is on.
    ENABLED: Flag, "carelink.pump.sensor_settings.enabled", "Sensor Enabled", Confirmed;
    /// The alarm for high glucose is on.
    HIGH_ON: Flag, "carelink.pump.sensor_settings.high_enabled", "High Alarm Enabled", Confirmed;
    /// Glucose from which the high alarm sounds, in what the units field says.
    HIGH: F64, "carelink.pump.sensor_settings.high", "High Limit", Confirmed;
    /// Pause between two high alarms.
    HIGH_SNOOZE: U16, "carelink.pump.sensor_settings.high_snooze", "High Snooze", Confirmed, unit " min";
    /// The alarm for low glucose is on.
    LOW_ON: Flag, "carelink.pump.sensor_settings.low_enabled", "Low Alarm Enabled", Confirmed;
    /// Glucose from which the low alarm sounds, in what the units field says.
    LOW: F64, "carelink.pump.sensor_settings.low", "Low Limit", Confirmed;
    /// Pause between two low alarms.
    LOW_SNOOZE: U16, "carelink.pump.sensor_settings.low_snooze", "Low Snooze", Confirmed, unit " min";
    /// Pause between two other alarms of the sensor.
    SNOOZE: U16, "carelink.pump.sensor_settings.alarm_snooze", "Alarm Snooze", Confirmed, unit " min";
    /// The pump reminds its user to calibrate the sensor.
    REMINDER_ON: Flag, "carelink.pump.sensor_settings.calibration_reminder_enabled", "Calibration Reminder Enabled", Confirmed;
    /// How long before a calibration is due the pump reminds.
    REMINDER: U16, "carelink.pump.sensor_settings.calibration_reminder", "Calibration Reminder", Confirmed, unit " min";
    /// Identity of the transmitter on the sensor.
    TRANSMITTER: U32, "carelink.pump.sensor_settings.transmitter", "Transmitter ID", Confirmed, identity Number;
    /// What the limits count glucose in.
    UNITS: U8, "carelink.pump.sensor_settings.units", "Units", Confirmed, names GlucoseUnit::NAMES;
    /// The pump alarms when no data of the sensor came for this long.
    MISSED: U16, "carelink.pump.sensor_settings.missed_data", "Missed Data Time", Confirmed, unit " min";
    /// Calibration factor of the sensor: glucose per sensor current.
    FACTOR: F64, "carelink.pump.calibration_factor", "Calibration Factor", Confirmed;
    /// Asks for the pages of a span of days.
    FILTER: Tree, "carelink.pump.filter", "Page Filter", Inferred;
    /// First day of the span.
    BEGIN: Clock, "carelink.pump.filter.begin", "Begin", Inferred, redate |day, _, to| put_day(day, to);
    /// Last day of the span.
    END: Clock, "carelink.pump.filter.end", "End", Inferred, redate |day, _, to| put_day(day, to);
    /// The pages of a span of days.
    PAGES: Tree, "carelink.pump.filtered", "Filtered Pages", Inferred;
    /// First page of the span.
    FIRST: U16, "carelink.pump.filtered.first", "First Page", Inferred;
    /// Last page of the span.
    LAST: U16, "carelink.pump.filtered.last", "Last Page", Inferred;
}

/// An alarm of the sensor at a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// It is alarmed.
    pub enabled: bool,
    /// Glucose from which it is.
    pub glucose: Glucose,
    /// Pause between two alarms.
    pub snooze: Minutes,
}

/// The settings of the glucose sensor, on a 522, 722 or 7200.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SensorSettings {
    /// The sensor is on.
    pub enabled: bool,
    /// The high alarm.
    pub high: Limit,
    /// The low alarm.
    pub low: Limit,
    /// Pause between two other alarms.
    pub alarm_snooze: Minutes,
    /// The pump reminds its user to calibrate.
    pub calibration_reminder: bool,
    /// How long before a calibration is due it does.
    pub calibration_reminder_time: Minutes,
    /// Identity of the transmitter.
    pub transmitter: u32,
    /// What the limits count glucose in.
    pub units: GlucoseUnit,
    /// How long data may be missing before it is alarmed.
    pub missed_data: Minutes,
}

const UNITS_AT: usize = 22;

impl Block for SensorSettings {
    const HEAD: Option<Field> = Some(HEAD);
    const NOUN: &'static str = "sensor settings";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        let unit = c.rest().get(UNITS_AT).copied().unwrap_or_default().into();
        let enabled = c.flag(ENABLED)?;
        let high = limit(c, unit, [HIGH_ON, HIGH, HIGH_SNOOZE])?;
        let low = limit(c, unit, [LOW_ON, LOW, LOW_SNOOZE])?;
        c.read(UNKNOWN, take(3usize))?;
        Ok(Self {
            enabled,
            high,
            low,
            alarm_snooze: c.read(SNOOZE, minutes)?,
            calibration_reminder: c.flag(REMINDER_ON)?,
            calibration_reminder_time: c.read(REMINDER, minutes)?,
            transmitter: c.read(TRANSMITTER, be_u24)?,
            units: c.choice(UNITS)?,
            missed_data: c.read(MISSED, minutes)?,
        })
    }
}

fn minutes(bytes: &[u8]) -> nom::IResult<&[u8], Minutes> {
    be_u16.map(|count| Minutes(count.into())).parse(bytes)
}

fn limit<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    unit: GlucoseUnit,
    [enabled, glucose, snooze]: [Field; 3],
) -> Result<Limit, Stop> {
    Ok(Limit {
        enabled: c.flag(enabled)?,
        glucose: c.read_shown(glucose, be_u16.map(|count| Glucose { count, unit }))?,
        snooze: c.read(snooze, minutes)?,
    })
}

impl fmt::Display for SensorSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { enabled, low, high, .. } = self;
        let state = if *enabled { "on" } else { "off" };
        write!(f, "{state}, limits {} and {}", low.glucose, high.glucose)
    }
}

/// Calibration factor of the sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalibrationFactor(pub Calibration);

impl Block for CalibrationFactor {
    const HEAD: Option<Field> = None;
    const NOUN: &'static str = "calibration factor";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        c.read(FACTOR, be_u16.map(Calibration)).map(Self)
    }
}

impl fmt::Display for CalibrationFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A span of days whose pages are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayFilter {
    /// First day, from midnight.
    pub begin: PumpTime,
    /// Last day, from midnight.
    pub end: PumpTime,
}

/// Shows the day of a time.
struct Day(PumpTime);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.valid() {
            Some(time) => time.date().fmt(f),
            None => self.0.fmt(f),
        }
    }
}

fn day<S: Sink>(c: &mut Cursor<'_, '_, S>, field: Field) -> Result<PumpTime, Stop> {
    let day =
        c.clock(field, (be_u16, u8, u8).map(|(year, month, day)| PumpTime::new(year, month, day, 0, 0, 0)))?;
    c.relabel(format_args!("{}: {}", field.def().label, Day(day)));
    Ok(day)
}

impl Block for DayFilter {
    const HEAD: Option<Field> = Some(FILTER);
    const NOUN: &'static str = "days";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        Ok(Self { begin: day(c, BEGIN)?, end: day(c, END)? })
    }
}

impl fmt::Display for DayFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", Day(self.begin), Day(self.end))
    }
}

/// The pages that hold a span of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSpan {
    /// First page.
    pub first: u16,
    /// Last page.
    pub last: u16,
}

impl Block for PageSpan {
    const HEAD: Option<Field> = Some(PAGES);
    const NOUN: &'static str = "pages";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        Ok(Self { first: c.read(FIRST, be_u16)?, last: c.read(LAST, be_u16)? })
    }
}

impl fmt::Display for PageSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.first, self.last)
    }
}
