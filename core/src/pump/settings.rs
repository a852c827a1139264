// SPDX-License-Identifier: GPL-2.0-or-later
//! In: replies to Read Settings (0x46, 0x7F, 0x91, 0xC0), whose layout depends on the model. Out: the pump's settings.

use super::block::{Block, Context};
use super::profile::Pattern;
use super::reservoir::{ReservoirWarning, WarningKind};
use super::temp_basal::TempBasalKind;
use crate::tree::cursor::Cursor;
use crate::tree::expert::{Stop, UNKNOWN_VALUE};
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use crate::units::quantities::{Insulin, Rate};
use nom::Parser;
use nom::number::complete::{be_u16, u8};
use std::fmt;

crate::fields! {
    /// The pump's settings.
    HEAD: Tree, "carelink.pump.settings", "Settings", Confirmed;
    /// The pump stops delivery when no key was pressed for so many hours; 0 for never.
    AUTO_OFF: U8, "carelink.pump.settings.auto_off", "Auto Off", Confirmed, unit " h";
    /// How the pump alerts.
    ALERT: U8, "carelink.pump.settings.alert_type", "Alert Type", Confirmed, names AlertType::NAMES;
    /// How a 508 alarms.
    MODE: U8, "carelink.pump.settings.alarm_mode", "Alarm Mode", Inferred, names AlarmMode::NAMES;
    /// How loud a 508 beeps.
    BEEP: U8, "carelink.pump.settings.beep", "Beep Volume", Inferred, names BeepVolume::NAMES;
    /// The easy bolus, given with one key, is enabled.
    EASY: Flag, "carelink.pump.settings.easy_bolus", "Easy Bolus Enabled", Confirmed;
    /// Step of the easy bolus; it stands also while the easy bolus is disabled.
    EASY_STEP: F64, "carelink.pump.settings.easy_bolus_step", "Easy Bolus Step", Confirmed, unit " U";
    /// Square and dual wave boluses are enabled.
    VARIABLE: Flag, "carelink.pump.settings.variable_bolus", "Variable Bolus Enabled", Confirmed;
    /// Largest bolus that the pump lets its user set.
    MAX_BOLUS: F64, "carelink.pump.settings.max_bolus", "Max Bolus", Confirmed, unit " U";
    /// Largest basal rate that the pump lets its user set.
    MAX_BASAL: F64, "carelink.pump.settings.max_basal", "Max Basal", Confirmed, unit " U/h";
    /// How the pump shows the time of day.
    TIME_FORMAT: U8, "carelink.pump.settings.time_format", "Time Format", Confirmed, names TimeFormat::NAMES;
    /// Concentration of the insulin. The 523 and later do not have this setting.
    CONCENTRATION: U8, "carelink.pump.settings.concentration", "Insulin Concentration", Inferred, names Concentration::NAMES;
    /// Basal patterns A and B are enabled.
    PATTERNS: Flag, "carelink.pump.settings.patterns", "Basal Patterns Enabled", Confirmed;
    /// The basal pattern that is in force.
    PATTERN: U8, "carelink.pump.settings.pattern", "Selected Pattern", Confirmed, names Pattern::NAMES;
    /// The pump listens to remote controls.
    REMOTE: Flag, "carelink.pump.settings.remote", "Remote Control Enabled", Confirmed;
    /// The child lock of the keys is on.
    BLOCK: Flag, "carelink.pump.settings.block", "Block Enabled", Confirmed;
    /// What temporary basal rates are set in.
    TEMP_BASAL: U8, "carelink.pump.settings.temp_basal_type", "Temporary Basal Type", Confirmed, names TempBasalKind::NAMES;
    /// Percentage that a temporary basal rate starts from, 100 as a rule.
    TEMP_PERCENT: U8, "carelink.pump.settings.temp_basal_percent", "Temporary Basal Percent", Inferred, unit " %";
    /// The pump listens to glucose meters (Paradigm Link).
    LINK: Flag, "carelink.pump.settings.link", "Meter Link Enabled", Confirmed;
    /// How fast the insulin acts, on a 512: fast is 6 hours, regular is 8 hours.
    ACTION: U8, "carelink.pump.settings.insulin_action_type", "Insulin Action Type", Inferred, names InsulinAction::NAMES;
    /// For how many hours insulin acts; 15 if that was never set.
    ACTION_HOURS: U8, "carelink.pump.settings.insulin_action", "Insulin Action", Confirmed, unit " h";
    /// What the warning of a low reservoir depends on.
    WARNING: U8, "carelink.pump.settings.reservoir_warning_type", "Reservoir Warning Type", Confirmed, names WarningKind::NAMES;
    /// The pump warns when only this much insulin is left.
    WARNING_AMOUNT: U8, "carelink.pump.settings.reservoir_warning_amount", "Reservoir Warning Amount", Confirmed, unit " U";
    /// The pump warns when the insulin lasts only this long. The unit is not known; perhaps half hours.
    WARNING_TIME: U8, "carelink.pump.settings.reservoir_warning_time", "Reservoir Warning Time", Guessed;
    /// The keys are locked.
    KEYPAD: Flag, "carelink.pump.settings.keypad_lock", "Keypad Locked", Confirmed;
    /// Step in which the keys scroll through bolus amounts, sent in thousandths of a unit.
    SCROLL: F64, "carelink.pump.settings.scroll_step", "Bolus Scroll Step", Confirmed, unit " U";
    /// Capture of events is enabled.
    CAPTURE: Flag, "carelink.pump.settings.capture_event", "Capture Event Enabled", Confirmed;
    /// Other devices (MySentry) are enabled.
    OTHERS: Flag, "carelink.pump.settings.other_devices", "Other Devices Enabled", Confirmed;
    /// Another device (MySentry) is paired.
    MARRIED: Flag, "carelink.pump.settings.other_devices_married", "Other Devices Married", Confirmed;
}

crate::open_enum! {
    /// How a pump alerts.
    pub enum AlertType: u8 {
        Low = 1 => "low beep",
        Medium = 2 => "medium beep",
        High = 3 => "high beep",
        Vibrate = 4 => "vibrate",
    }
}
crate::open_enum! {
    /// How a 508 alarms.
    pub enum AlarmMode: u8 {
        Audio = 1 => "audio",
        Vibrate = 2 => "vibrate",
    }
}
crate::open_enum! {
    /// How loud a 508 beeps.
    pub enum BeepVolume: u8 {
        Low = 1 => "low",
        Medium = 2 => "medium",
        High = 3 => "high",
    }
}

impl AlertType {
    /// The two settings that a 508 has instead.
    fn of_508(mode: AlarmMode, volume: BeepVolume) -> Self {
        match (mode, volume) {
            (AlarmMode::Vibrate, _) => Self::Vibrate,
            (AlarmMode::Audio, BeepVolume::Low) => Self::Low,
            (AlarmMode::Audio, BeepVolume::Medium) => Self::Medium,
            (AlarmMode::Audio, BeepVolume::High) => Self::High,
            (AlarmMode::Audio, BeepVolume::Unknown(n)) | (AlarmMode::Unknown(n), _) => Self::Unknown(n),
        }
    }
}

crate::open_enum! {
    /// How a pump shows the time of day.
    pub enum TimeFormat: u8 {
        Hours12 = 0 => "12 h",
        Hours24 = 1 => "24 h",
    }
}
crate::open_enum! {
    /// Concentration of the insulin.
    pub enum Concentration: u8 {
        U100 = 0 => "U100",
        U50 = 1 => "U50",
    }
}
crate::open_enum! {
    /// How fast insulin acts, on a 512.
    pub enum InsulinAction: u8 {
        Fast = 0 => "fast",
        Regular = 1 => "regular",
    }
}

/// A pump's settings, as far as its model has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Delivery stops when no key was pressed for so many hours; 0 for never.
    pub auto_off: u8,
    /// How it alerts.
    pub alert: AlertType,
    /// The easy bolus is enabled.
    pub easy_bolus: bool,
    /// Step of the easy bolus.
    pub easy_bolus_step: Insulin,
    /// Square and dual wave boluses are enabled.
    pub variable_bolus: bool,
    /// Largest bolus.
    pub max_bolus: Insulin,
    /// Largest basal rate.
    pub max_basal: Rate,
    /// How it shows the time of day.
    pub time_format: TimeFormat,
    /// Concentration of the insulin, up to the 522.
    pub concentration: Option<Concentration>,
    /// Basal patterns are enabled.
    pub patterns: bool,
    /// The basal pattern in force.
    pub pattern: Pattern,
    /// Remote controls are enabled.
    pub remote: bool,
    /// The child lock of the keys is on.
    pub block: bool,
    /// From the 512 on.
    pub since_512: Option<Since512>,
    /// From the 515 on.
    pub since_515: Option<Since515>,
    /// From the 523 on.
    pub since_523: Option<Since523>,
}

/// Settings that came with the 512.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since512 {
    /// What temporary basal rates are set in.
    pub temp_basal: TempBasalKind,
    /// Percentage that a temporary basal rate starts from.
    pub temp_basal_percent: u8,
    /// Glucose meters are enabled.
    pub link: bool,
    /// How insulin acts.
    pub action: Action,
}

/// How insulin acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// By kind, on a 512.
    Kind(InsulinAction),
    /// For so many hours.
    Hours(u8),
    /// Never set.
    Unset,
}

/// Settings that came with the 515.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since515 {
    /// When the reservoir counts as low.
    pub warning: ReservoirWarning,
    /// The keys are locked.
    pub keypad_lock: bool,
}

/// Settings that came with the 523.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since523 {
    /// Step in which the keys scroll through bolus amounts.
    pub scroll_step: Insulin,
    /// Capture of events is enabled.
    pub capture_event: bool,
    /// Other devices are enabled.
    pub other_devices: bool,
    /// Another device is paired.
    pub married: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layout {
    Of508,
    Of511,
    Of512,
    Of515,
    Of523,
}

impl Block for Settings {
    const HEAD: Option<Field> = Some(HEAD);
    const NOUN: &'static str = "settings";

    /// What only one layout of Read Settings (0xC0) allows: the 523 and later end with a scroll step, the others with zeros.
    fn evidence(payload: &[u8]) -> Option<bool> {
        match (payload.get(5)?, payload.get(21)?) {
            (0, 0x19 | 0x32 | 0x64) => Some(true),
            (1.., 0) => Some(false),
            _ => None,
        }
    }

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, of: Context) -> Result<Self, Stop> {
        let layout = match of.opcode.0 {
            0x46 => Layout::Of508,
            0x7F => Layout::Of511,
            0x91 => Layout::Of512,
            _ if of.large(c, Self::evidence(c.rest())) => Layout::Of523,
            _ => Layout::Of515,
        };
        let large = layout == Layout::Of523;

        let auto_off = c.read(AUTO_OFF, u8)?;
        c.expect(auto_off <= 24, "at most 24 h");
        let alert = match layout {
            Layout::Of508 => AlertType::of_508(c.choice(MODE)?, c.choice(BEEP)?),
            _ => c.choice(ALERT)?,
        };
        let easy_bolus = c.flag(EASY)?;
        let easy_bolus_step = c.read(EASY_STEP, u8.map(Insulin::tenths))?;
        c.expect((1..=20).contains(&(easy_bolus_step.0 / 100)), "0.1 to 2 U");
        let variable_bolus = c.flag(VARIABLE)?;
        let max_bolus = if large {
            let max_bolus = c.read(MAX_BOLUS, be_u16.map(Insulin::tenths))?;
            c.expect(max_bolus <= Insulin(75_000), "at most 75 U");
            max_bolus
        } else {
            let max_bolus = c.read(MAX_BOLUS, u8.map(Insulin::tenths))?;
            c.expect(max_bolus <= Insulin(25_000), "at most 25 U");
            max_bolus
        };
        let count = if layout <= Layout::Of511 { Rate::tenths } else { Rate::fortieths };
        let max_basal = c.read(MAX_BASAL, be_u16.map(count))?;
        c.expect(max_basal <= Rate(35_000), "at most 35 U/h");
        let time_format = c.choice(TIME_FORMAT)?;
        let concentration = if large { None } else { Some(c.choice(CONCENTRATION)?) };
        let patterns = c.flag(PATTERNS)?;
        let pattern = c.choice(PATTERN)?;
        let remote = c.flag(REMOTE)?;
        let block = c.flag(BLOCK)?;
        Ok(Self {
            auto_off,
            alert,
            easy_bolus,
            easy_bolus_step,
            variable_bolus,
            max_bolus,
            max_basal,
            time_format,
            concentration,
            patterns,
            pattern,
            remote,
            block,
            since_512: if layout >= Layout::Of512 { Some(Since512::read(c, layout)?) } else { None },
            since_515: if layout >= Layout::Of515 { Some(Since515::read(c)?) } else { None },
            since_523: if large { Some(Since523::read(c)?) } else { None },
        })
    }
}

impl Since512 {
    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, layout: Layout) -> Result<Self, Stop> {
        let temp_basal = c.choice(TEMP_BASAL)?;
        let temp_basal_percent = c.read(TEMP_PERCENT, u8)?;
        c.expect(temp_basal_percent <= 200, "at most 200 %");
        let link = c.flag(LINK)?;
        let action = if layout == Layout::Of512 {
            Action::Kind(c.choice(ACTION)?)
        } else {
            match c.read(ACTION_HOURS, u8)? {
                15 => {
                    c.relabel(format_args!("Insulin Action: not set"));
                    Action::Unset
                }
                hours => {
                    c.expect((2..=8).contains(&hours), "2 to 8 h");
                    Action::Hours(hours)
                }
            }
        };
        Ok(Self { temp_basal, temp_basal_percent, link, action })
    }
}

impl Since515 {
    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<Self, Stop> {
        let warning = ReservoirWarning::fields(c, WARNING, WARNING_AMOUNT, WARNING_TIME)?;
        Ok(Self { warning, keypad_lock: c.flag(KEYPAD)? })
    }
}

impl Since523 {
    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<Self, Stop> {
        let scroll_step = c.read(SCROLL, u8.map(|thousandths| Insulin(thousandths.into())))?;
        if !matches!(scroll_step, Insulin(25 | 50 | 100)) {
            c.expert(UNKNOWN_VALUE, format_args!("expected 0.025, 0.05 or 0.1 U"));
        }
        Ok(Self {
            scroll_step,
            capture_event: c.flag(CAPTURE)?,
            other_devices: c.flag(OTHERS)?,
            married: c.flag(MARRIED)?,
        })
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { max_bolus, max_basal, pattern, .. } = self;
        write!(f, "max bolus {max_bolus}, max basal {max_basal}, basal profile {pattern}")
    }
}
