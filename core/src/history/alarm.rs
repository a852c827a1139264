// SPDX-License-Identifier: GPL-2.0-or-later
//! In: records of alarms of the pump (0x06) and of the glucose sensor (0x0B), and of clearing them (0x0C).
//! Out: which alarm, and what goes with it.

use super::reading::Reading;
use super::stamp::YEAR;
use crate::pump::status::Alarm as PumpAlarm;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::sink::Sink;
use crate::units::quantities::{Glucose, GlucoseUnit};
use nom::Parser;
use nom::number::complete::{be_u16, u8};
use std::fmt;

crate::fields! {
    /// The alarm of the pump.
    CODE: U8, "carelink.history.alarm.code", "Alarm", Confirmed, names PumpAlarm::NAMES;
    /// Line of the firmware's source that raised the alarm.
    LINE: U16, "carelink.history.alarm.line", "Firmware Line", Confirmed;
    /// Module of the firmware that raised the alarm.
    MODULE: U8, "carelink.history.alarm.module", "Firmware Module", Confirmed;
    /// The alarm that was cleared: below 100 of the pump, from 100 of the sensor.
    CLEARED: U8, "carelink.history.clear_alarm.code", "Alarm", Confirmed, names CLEARED_NAMES;
    /// The alarm of the sensor.
    SENSOR: U8, "carelink.history.sensor_alarm.code", "Sensor Alarm", Confirmed, names SensorAlarmCode::NAMES;
    /// The sensor glucose that raised the alarm, in the unit that the pump is set to; 0 if another cause did. One high bit lies in the time stamp.
    AMOUNT: F64, "carelink.history.sensor_alarm.amount", "Sensor Glucose", Confirmed;
    /// What the amount is counted in.
    UNITS: U8, "carelink.history.sensor_alarm.units", "Units", Inferred, names GlucoseUnit::NAMES;
}

const PUMP_NAMES: &[(u32, &str)] = PumpAlarm::NAMES;
const SENSOR_NAMES: &[(u32, &str)] = SensorAlarmCode::NAMES;

/// Names of the alarms of pump and sensor: a number that both have is the pump's.
const CLEARED_NAMES: &[(u32, &str)] = &{
    let mut names = [(0, ""); PUMP_NAMES.len() + SENSOR_NAMES.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = if at < PUMP_NAMES.len() { PUMP_NAMES[at] } else { SENSOR_NAMES[at - PUMP_NAMES.len()] };
        at += 1;
    }
    names
};

crate::open_enum! {
    /// Alarms of the glucose sensor.
    pub enum SensorAlarmCode: u8 {
        High = 101 => "high glucose",
        Low = 102 => "low glucose",
        MeterNow = 104 => "meter BG now",
        Reminder = 105 => "calibration reminder",
        CalibrationError = 106 => "calibration error",
        End = 107 => "sensor end",
        Weak = 112 => "weak signal",
        Lost = 113 => "lost sensor",
        HighPredicted = 114 => "high glucose predicted",
        LowPredicted = 115 => "low glucose predicted",
    }
}

/// An alarm of the pump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Which.
    pub code: PumpAlarm,
    /// Module of the firmware that raised it.
    pub module: u8,
    /// Line of that module.
    pub line: u16,
}

pub(super) fn pump<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Alarm, Stop> {
    let code = c.choice(CODE)?;
    let line = c.read(LINE, be_u16)?;
    let spare = r.bare_stamp(c, YEAR)?;
    let module = spare.hour << 3 | spare.day;
    let at = c.position();
    c.derived_at(MODULE, c.span(at - 3, at - 1), &module);
    Ok(Alarm { code, module, line })
}

pub(super) fn clear<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<u8, Stop> {
    let code = c.choice(CLEARED)?;
    r.stamp(c)?;
    Ok(code)
}

/// An alarm of the glucose sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SensorAlarm {
    /// Which.
    pub code: SensorAlarmCode,
    /// The glucose that raised it, or 0.
    pub amount: Glucose,
}

pub(super) fn sensor<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<SensorAlarm, Stop> {
    let code = c.choice(SENSOR)?;
    let spare = r.spare(3);
    let unit = GlucoseUnit::from(spare.hour & 3);
    let glucose = |low| Glucose { count: u16::from_be_bytes([spare.year, low]), unit };
    let amount = c.read_shown(AMOUNT, u8.map(glucose))?;
    r.stamp(c)?;
    c.derived_at(UNITS, r.hour_bits(c), &unit);
    Ok(SensorAlarm { code, amount })
}

impl fmt::Display for SensorAlarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if self.amount.count > 0 { write!(f, ", {}", self.amount) } else { Ok(()) }
    }
}
