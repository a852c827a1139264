// SPDX-License-Identifier: GPL-2.0-or-later
//! In: records of one changed setting, one byte each as a rule. Out: the setting.

use super::reading::{Reading, VALUE};
use crate::pump::reservoir::WarningKind;
use crate::pump::settings::{AlertType, TimeFormat};
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use crate::units::quantities::{CarbUnit, Insulin, Minutes, Rate};
use nom::Parser;
use nom::number::complete::{be_u16, u8};
use std::fmt;

crate::fields! {
    /// The battery is in.
    BATTERY: Flag, "carelink.history.battery.enabled", "Battery In", Confirmed;
    /// The child lock of the keys is on.
    CHILD_BLOCK: Flag, "carelink.history.child_block.enabled", "Child Block Enabled", Confirmed;
    /// The bolus wizard is on.
    WIZARD: Flag, "carelink.history.wizard_enable.enabled", "Bolus Wizard Enabled", Confirmed;
    /// The pump calibrates its sensor with each meter reading.
    AUTO_CAL: Flag, "carelink.history.auto_cal.enabled", "Auto Calibration Enabled", Inferred;
    /// The sensor's graph shows a demonstration.
    DEMO_MODE: Flag, "carelink.history.settings.demo_mode", "Graph Demo Mode", Confirmed;
    /// How long the sensor's graph stays on the screen.
    GRAPH_TIMEOUT: U32, "carelink.history.settings.graph_timeout", "Graph Timeout", Confirmed, unit " min";
    /// Square and dual wave boluses can be given.
    VARIABLE_BOLUS: Flag, "carelink.history.variable_bolus.enabled", "Variable Bolus Enabled", Inferred;
    /// The pump reminds its user to measure blood glucose.
    BG_REMINDER: Flag, "carelink.history.bg_reminder.enabled", "BG Reminder Enabled", Confirmed;
    /// The alarm clock is on.
    ALARM_CLOCK: Flag, "carelink.history.alarm_clock.enabled", "Alarm Clock Enabled", Inferred;
    /// The pump reminds its user of missed boluses.
    BOLUS_REMINDER: Flag, "carelink.history.bolus_reminder.enabled", "Bolus Reminder Enabled", Inferred;
    /// The pump talks to other devices.
    WATCHDOG: Flag, "carelink.history.other_devices.enabled", "Other Devices Enabled", Inferred;
    /// The pump keeps a diary of its user's events.
    CAPTURE: Flag, "carelink.history.capture_event.enabled", "Capture Event Enabled", Inferred;
    /// Delivery stops when no key was pressed for so many hours; 0 for never.
    AUTO_OFF: U8, "carelink.history.auto_off.duration", "Auto Off", Inferred, unit " h";
    /// Largest bolus that the pump allows.
    MAX_BOLUS: F64, "carelink.history.max_bolus.amount", "Max Bolus", Inferred, unit " U";
    /// Largest basal rate that the pump allows. Three high bits lie in the time stamp.
    MAX_BASAL: F64, "carelink.history.max_basal.rate", "Max Basal", Inferred, unit " U/h";
    /// Easy bolus: bit 0 says that it is on, the others are its step in twentieths of a unit.
    EASY: X8, "carelink.history.easy_bolus.setting", "Easy Bolus", Confirmed;
    /// Easy boluses can be given.
    EASY_ON: Flag, "carelink.history.easy_bolus.enabled", "Easy Bolus Enabled", Confirmed;
    /// Step of an easy bolus.
    EASY_STEP: F64, "carelink.history.easy_bolus.step", "Step", Confirmed, unit " U";
    /// Step in which a bolus is dialled.
    SCROLL: F64, "carelink.history.scroll_step.step", "Scroll Step", Inferred, unit " U";
    /// How the pump alerts.
    ALERT: U8, "carelink.history.alert.type", "Alert Type", Confirmed, names AlertType::NAMES;
    /// How the time of day is shown.
    TIME_FORMAT: U8, "carelink.history.time_format.format", "Time Format", Confirmed, names TimeFormat::NAMES;
    /// Warning of a low reservoir: bit 0 says what it depends on, the bits from 2 on when it comes.
    WARNING: X8, "carelink.history.reservoir_warning.setting", "Reservoir Warning", Inferred;
    /// What the warning depends on.
    WARNING_KIND: U8, "carelink.history.reservoir_warning.kind", "Kind", Inferred, names WarningKind::NAMES;
    /// Insulin left when the pump warns.
    WARNING_INSULIN: U8, "carelink.history.reservoir_warning.insulin", "Insulin Left", Inferred, unit " U";
    /// Time left when the pump warns.
    WARNING_TIME: U16, "carelink.history.reservoir_warning.time", "Time Left", Inferred, unit " min";
    /// When the pump reminds its user of a missed bolus, in minutes.
    REMINDER: U16, "carelink.history.bolus_reminder.time", "Reminder Time", Inferred, unit " min";
    /// Carbohydrate units: before the change in the upper half, after it in the lower one.
    CARB_UNITS: X8, "carelink.history.carb_units.setting", "Carb Units", Inferred;
    /// What carbohydrates were counted in.
    CARB_UNITS_OLD: U8, "carelink.history.carb_units.old", "Old Carb Units", Inferred, names CarbUnit::NAMES;
    /// What carbohydrates are counted in from now on.
    CARB_UNITS_NEW: U8, "carelink.history.carb_units.new", "New Carb Units", Inferred, names CarbUnit::NAMES;
    /// State of delivery: before the change in the upper three bits, after it in the lower five.
    STATE: X8, "carelink.history.suspend.setting", "Delivery State", Inferred;
    /// State of delivery before the change.
    STATE_OLD: U8, "carelink.history.suspend.old", "Old State", Inferred, names Delivery::NAMES;
    /// State of delivery after the change.
    STATE_NEW: U8, "carelink.history.suspend.new", "New State", Inferred, names Delivery::NAMES;
}

crate::open_enum! {
    /// How delivery of insulin stands, from the 523 on.
    pub enum Delivery: u8 {
        Normal = 0 => "normal pumping",
        User = 1 => "suspended by user",
        Alarm = 2 => "suspended by alarm",
        LowGlucose = 3 => "low glucose suspend",
        NoResponse = 4 => "low glucose suspend without response",
        Selected = 5 => "low glucose suspend by choice of the user",
        Resumed = 6 => "basal restarted by user",
        AutoResumedReduced = 7 => "resumed by itself, reduced",
        AutoResumed = 8 => "resumed by itself, completely",
    }
}

impl Delivery {
    /// The vendor's names of the states, by their numbers. An export shows the first two; the others stand in the order
    /// in which real pumps go through the numbers (0, 2, 3, 5, 7; 0, 2, 4, 8; 1, 2, 3, 6).
    const EXPORTED: [&str; 9] = [
        "normal_pumping",
        "user_suspend",
        "alarm_suspend",
        "low_suspend_mode_1",
        "low_suspend_no_response",
        "low_suspend_user_selected",
        "user_restart_basal",
        "auto_resume_reduced",
        "auto_resume_complete",
    ];

    /// The vendor's name of the state, if it has one.
    #[must_use]
    pub fn exported(self) -> Option<&'static str> {
        Self::EXPORTED.get(usize::from(u8::from(self))).copied()
    }

    /// The state of that name in an export.
    #[must_use]
    pub fn of_export(name: &str) -> Option<Self> {
        (0..).zip(Self::EXPORTED).find(|(_, own)| *own == name).map(|(number, _)| Self::from(number))
    }

    /// True if basal insulin is delivered; `None` if nobody knows.
    #[must_use]
    pub const fn delivers(self) -> Option<bool> {
        match self {
            Self::Normal | Self::Resumed | Self::AutoResumedReduced | Self::AutoResumed => Some(true),
            Self::User | Self::Alarm | Self::LowGlucose | Self::NoResponse | Self::Selected => Some(false),
            Self::Unknown(_) => None,
        }
    }
}

/// A record without a value: what its second byte means, if anything, is not known.
pub(super) fn plain<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<u8, Stop> {
    let value = c.read(VALUE, u8)?;
    r.stamp(c)?;
    c.fill();
    Ok(value)
}

/// A switch: 0 for off, 1 for on.
pub(super) fn switch<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    r: &mut Reading<'_>,
    field: Field,
) -> Result<bool, Stop> {
    let on = c.flag(field)?;
    r.stamp(c)?;
    Ok(on)
}

pub(super) fn graph_timeout<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    r: &mut Reading<'_>,
) -> Result<Minutes, Stop> {
    let timeout = c.read(GRAPH_TIMEOUT, u8.map(|count| Minutes(count.into())))?;
    r.stamp(c)?;
    Ok(timeout)
}

pub(super) fn auto_off<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<u8, Stop> {
    let hours = c.read(AUTO_OFF, u8)?;
    r.stamp(c)?;
    Ok(hours)
}

/// The time before or after a change of the clock.
pub(super) fn clock<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Clock, Stop> {
    c.read(VALUE, u8)?;
    r.stamp(c)?;
    Ok(if r.opcode == NEW_TIME { Clock::New } else { Clock::Old })
}

const NEW_TIME: u8 = 0x18;

/// Delivery is suspended, or resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspend {
    /// How it stands from now on.
    pub new: Delivery,
    /// How it stood; `None` on pumps that do not tell.
    pub old: Option<Delivery>,
}

/// The clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// As it was before.
    Old,
    /// As it is from now on.
    New,
}

pub(super) fn suspend<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Suspend, Stop> {
    let (new, old) = if r.layout.large() {
        let state = c.packed(STATE, u8, |c, state| {
            c.derived(STATE_OLD, &Delivery::from(state >> 5));
            c.derived(STATE_NEW, &Delivery::from(state & 0x1F));
        })?;
        (state & 0x1F, Some(Delivery::from(state >> 5)))
    } else {
        c.read(VALUE, u8)?;
        (u8::from(r.opcode == SUSPEND), None)
    };
    r.stamp(c)?;
    Ok(Suspend { new: Delivery::from(new), old })
}

const SUSPEND: u8 = 0x1E;

pub(super) fn max_bolus<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Insulin, Stop> {
    let amount = if r.layout.large() {
        // The two lowest bits lie above the six that the year then has.
        let low = u16::from(r.spare(2).hour) << 2 | u16::from(r.byte(6) >> 6);
        let amount = |high: u8| Insulin::fortieths(u16::from(high & 0x1F) << 5 | low);
        let amount = c.read(MAX_BOLUS, u8.map(amount))?;
        r.stamp_with_year(c, 0x3F)?;
        amount
    } else {
        let amount = c.read(MAX_BOLUS, u8.map(Insulin::tenths))?;
        r.stamp(c)?;
        amount
    };
    Ok(amount)
}

pub(super) fn max_basal<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Rate, Stop> {
    let high = r.spare(2).hour;
    let rate = c.read(MAX_BASAL, u8.map(|low| Rate::fortieths(u16::from_be_bytes([high, low]))))?;
    r.stamp(c)?;
    Ok(rate)
}

/// Boluses that are given without looking, by counting beeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EasyBolus {
    /// They can be given.
    pub enabled: bool,
    /// Insulin for each beep.
    pub step: Insulin,
}

pub(super) fn easy_bolus<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<EasyBolus, Stop> {
    let setting = r.byte(1);
    let easy = EasyBolus { enabled: setting & 1 != 0, step: Insulin(i32::from(setting >> 1) * 50) };
    c.packed(EASY, u8, |c, _| {
        c.derived(EASY_ON, &easy.enabled);
        c.derived(EASY_STEP, &easy.step);
    })?;
    r.stamp(c)?;
    Ok(easy)
}

pub(super) fn scroll<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Insulin, Stop> {
    let step = c.read(SCROLL, u8.map(|thousandths| Insulin(thousandths.into())))?;
    r.stamp(c)?;
    Ok(step)
}

pub(super) fn alert<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<AlertType, Stop> {
    let alert = c.choice(ALERT)?;
    r.stamp(c)?;
    Ok(alert)
}

pub(super) fn time_format<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    r: &mut Reading<'_>,
) -> Result<TimeFormat, Stop> {
    let format = c.choice(TIME_FORMAT)?;
    r.stamp(c)?;
    Ok(format)
}

/// When the pump warns that its reservoir runs low.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReservoirWarning {
    /// With so much insulin left.
    Insulin(u8),
    /// With insulin for so long left.
    Time(Minutes),
}

pub(super) fn reservoir<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    r: &mut Reading<'_>,
) -> Result<ReservoirWarning, Stop> {
    let setting = r.byte(1);
    let point = setting >> 2;
    let kind = WarningKind::from(setting & 1);
    let warning = match kind {
        WarningKind::Time => ReservoirWarning::Time(Minutes(u32::from(point) * 30)),
        _ => ReservoirWarning::Insulin(point),
    };
    c.packed(WARNING, u8, |c, _| {
        c.derived(WARNING_KIND, &kind);
        match warning {
            ReservoirWarning::Insulin(units) => c.derived(WARNING_INSULIN, &units),
            ReservoirWarning::Time(time) => c.derived(WARNING_TIME, &time),
        }
    })?;
    r.stamp(c)?;
    Ok(warning)
}

/// A time to be reminded of a missed bolus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BolusReminder {
    /// When the pump reminds its user, from midnight.
    pub time: Minutes,
    /// When the time begins in which a bolus is expected, as sent: 0 is midnight, and no other value has been seen.
    pub start: u8,
}

pub(super) fn bolus_reminder<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    r: &mut Reading<'_>,
) -> Result<BolusReminder, Stop> {
    let start = c.read(VALUE, u8)?;
    r.stamp(c)?;
    let time = c.read(REMINDER, be_u16.map(|minutes| Minutes(minutes.into())))?;
    Ok(BolusReminder { time, start })
}

pub(super) fn carb_units<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<CarbUnit, Stop> {
    let mut new = CarbUnit::Unset;
    c.packed(CARB_UNITS, u8, |c, setting| {
        new = CarbUnit::from(setting & 0x0F);
        c.derived(CARB_UNITS_OLD, &CarbUnit::from(setting >> 4));
        c.derived(CARB_UNITS_NEW, &new);
    })?;
    r.stamp(c)?;
    Ok(new)
}

impl fmt::Display for ReservoirWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Insulin(units) => write!(f, "{units} U left"),
            Self::Time(time) => write!(f, "{time} left"),
        }
    }
}
