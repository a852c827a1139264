// SPDX-License-Identifier: GPL-2.0-or-later
//! In: history pages. Out: their records, shown to the last byte, and typed.
//!
//! The table below has one row per kind of record. A page holds records from its first byte on, oldest first, then
//! zeros, and a CRC-16 in its last two bytes. A record's length follows from its first byte and the pump's model; there
//! are no marks between records, so nothing can be read behind a record that is not known.

pub mod alarm;
pub mod basal;
pub mod bolus;
pub mod eras;
pub mod events;
pub mod fit;
pub mod glucose;
pub mod halves;
pub mod ids;
pub mod journal;
pub mod layout;
pub mod merge;
pub mod page;
pub mod reading;
mod records;
pub mod sensor_alerts;
pub mod sensor_setup;
pub mod settings;
mod setups;
pub mod stamp;
pub mod totals;
mod walk;
pub mod wizard;
pub mod wizard_setup;
mod words;

crate::tables! {
    self, reading, alarm, basal, bolus, glucose, ids, journal, sensor_alerts, sensor_setup, settings, stamp, totals, wizard, wizard_setup,
}

use crate::pump::settings::{AlertType, TimeFormat};
use crate::pump::temp_basal::TempBasalKind;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::sink::Sink;
use crate::units::clock::PumpTime;
use crate::units::count::Count;
use crate::units::quantities::{CarbUnit, Carbs, Glucose, Insulin, Minutes, Rate};
use arrayvec::ArrayVec;
use layout::{Layout, Length};
use reading::Reading;
use settings::{Delivery, Suspend};
use stamp::Requestor;
use std::{fmt, mem};

crate::fields! {
    /// One record of the pump's history.
    RECORD: Tree, "carelink.history.record", "Record", Confirmed;
    /// What kind of record it is: its first byte.
    TYPE: X8, "carelink.history.type", "Record Type", Confirmed, names TYPE_NAMES;
    /// The vendor's name for the event that the record tells of.
    EVENT: Text, "carelink.history.event", "Event", Confirmed;
}

/// A kind of record.
#[derive(Debug)]
pub struct RecordType {
    /// Its first byte.
    pub opcode: u8,
    /// Its name, in words.
    pub name: &'static str,
    /// The vendor's name of the event that it tells of, if the vendor has one; some depend on its values.
    pub event: Option<&'static str>,
    /// Its length, by [`Layout`].
    pub lengths: [Option<Length>; Layout::COUNT],
}

macro_rules! length {
    (-) => {
        None
    };
    ($bytes:literal) => {
        Some(Length::Fixed($bytes))
    };
    ($rule:ident) => {
        Some(Length::$rule)
    };
}

macro_rules! event {
    (-) => {
        None
    };
    ($event:ident) => {
        Some(stringify!($event))
    };
}

/// Declares the records: first byte, name, the vendor's event, the length on a 512 and 515, on a 522, on a 523 and on
/// later models, and the reader. A length of `-` means that the model has no such record.
macro_rules! records {
    ($($opcode:literal $name:literal $event:tt $oldest:tt $small:tt $large:tt $latest:tt
        $file:ident::$reader:ident $(($field:ident))? -> $variant:ident $(($type:ty))?;)+) => {
        /// All kinds of records, in the order of their numbers.
        pub const RECORD_TYPES: &[RecordType] = &[$(RecordType {
            opcode: $opcode,
            name: $name,
            event: event!($event),
            lengths: [length!($oldest), length!($small), length!($large), length!($latest)],
        }),+];

        const TYPE_NAMES: &[(u32, &str)] = &[$(($opcode, $name)),+];

        /// What a record says beside its kind and its time.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Body {
            $($(#[doc = concat!("Of \"", $name, "\".")] $variant($type),)?)+
        }

        /// Reads what lies behind a record's first byte, into the place where it stays.
        fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>, place: &mut Body) -> Result<(), Stop> {
            match r.opcode {
                $($opcode => {
                    let body = $file::$reader(c, r $(, $file::$field)?)?;
                    put(place, Body::$variant(body.into()));
                })+
                _ => c.fill(),
            }
            Ok(())
        }
    };
}

#[rustfmt::skip]
records! {
    0x01 "Bolus"                           BolusNormal                          9   9  13  13  bolus::bolus -> Bolus(bolus::Bolus);
    0x03 "Prime"                           Prime                               10  10  10  10  bolus::prime -> Prime(bolus::Prime);
    0x06 "Pump Alarm"                      AlarmPump                            9   9   9   9  alarm::pump -> Alarm(alarm::Alarm);
    0x07 "Daily Total"                     ResultDailyTotal                     7   7  10  10  totals::daily -> DailyTotal(Insulin);
    0x08 "Basal Pattern Before"            ChangeBasalProfilePatternPre       152 152 152 152  basal::pattern -> BasalPattern(Box<basal::BasalPattern>);
    0x09 "Basal Pattern After"             ChangeBasalProfilePattern          152 152 152 152  basal::pattern -> BasalPattern;
    0x0A "Blood Glucose"                   CalBGForPH                           7   7   7   7  glucose::entered -> Glucose(Glucose);
    0x0B "Sensor Alarm"                    AlarmSensor                          8   8   8   8  alarm::sensor -> SensorAlarm(alarm::SensorAlarm);
    0x0C "Clear Alarm"                     ClearAlarm                           7   7   7   7  alarm::clear -> ClearAlarm(u8);
    0x14 "Select Basal Pattern"            ChangeActiveBasalProfilePattern      7   7   7   7  basal::select -> SelectPattern(basal::SelectPattern);
    0x16 "Temp Basal Duration"             -                                    7   7   7   7  basal::temp_duration -> TempDuration(Minutes);
    0x17 "Change Time"                     ChangeTime                           7   7   7   7  settings::clock -> Clock(settings::Clock);
    0x18 "New Time"                        -                                    7   7   7   7  settings::clock -> Clock;
    0x19 "Low Battery"                     JournalEntryPumpLowBattery           7   7   7   7  settings::plain -> Plain(u8);
    0x1A "Battery"                         ChangeBatteryEnable                  7   7   7   7  settings::switch(BATTERY) -> Switch(bool);
    0x1B "Auto Off"                        ChangeAutoOffDuration                7   7   7   7  settings::auto_off -> AutoOff(u8);
    0x1C "Prepare Insulin Change"          -                                    7   7   7   7  settings::plain -> Plain;
    0x1E "Suspend"                         ChangeSuspendEnable                  7   7   7   7  settings::suspend -> Suspend(Suspend);
    0x1F "Resume"                          ChangeSuspendEnable                  7   7   7   7  settings::suspend -> Suspend;
    0x20 "Self Test"                       SelfTest                             7   7   7   7  settings::plain -> Plain;
    0x21 "Rewind"                          Rewind                               7   7   7   7  settings::plain -> Plain;
    0x22 "Clear Settings"                  ClearSettings                        7   7   7   7  settings::plain -> Plain;
    0x23 "Child Block"                     ChangeChildBlockEnable               7   7   7   7  settings::switch(CHILD_BLOCK) -> Switch;
    0x24 "Max Bolus"                       ChangeMaxBolus                       7   7   7   7  settings::max_bolus -> MaxBolus(Insulin);
    0x25 "Max Basal (Old)"                 -                                    7   7   7   7  settings::plain -> Plain;
    0x26 "Remote Controls"                 ChangeRemoteControlID               21  21  21  21  ids::remotes -> Remotes(ids::Ids);
    0x29 "Code Update"                     -                                   21  21  21  21  settings::plain -> Plain;
    0x2C "Max Basal"                       ChangeMaxBasal                       7   7   7   7  settings::max_basal -> MaxBasal(Rate);
    0x2D "Bolus Wizard Enable"             ChangeBolusWizardEnable              7   7   7   7  settings::switch(WIZARD) -> Switch;
    0x2E "Bolus Wizard Setup (512)"        ChangeBolusWizardSetup             107   -   -   -  wizard_setup::oldest -> WizardSetup(Box<wizard_setup::WizardSetup>);
    0x2F "Bolus Wizard Estimate (512)"     BolusWizardBolusEstimate            19   -   -   -  wizard::estimate -> Estimate(wizard::Estimate);
    0x30 "Unabsorbed Insulin (512)"        UnabsorbedInsulin                Own     -   -   -  bolus::unabsorbed -> Unabsorbed(Box<[bolus::Unabsorbed]>);
    0x31 "BG Reminder Offset"              ChangeBGReminderOffset               7   7   7   7  settings::plain -> Plain;
    0x32 "Alarm Clock Time"                ChangeAlarmClockTime                 7   7   7   7  settings::plain -> Plain;
    0x33 "Temp Basal"                      ChangeTempBasal                      8   8   8   8  basal::temp_rate -> TempBasal(basal::TempBasal);
    0x34 "Low Reservoir"                   JournalEntryPumpLowReservoir         7   7   7   7  journal::low_reservoir -> LowReservoir(Insulin);
    0x35 "Alarm Clock"                     AlarmClockReminder                   7   7   7   7  settings::plain -> Plain;
    0x36 "Meters"                          ChangeMeterID                       21  21  21  21  ids::meters -> Links(ids::Ids);
    0x39 "Meter BG (515)"                  BGReceived                          10  10   -   -  glucose::received -> MeterGlucose(glucose::MeterGlucose);
    0x3A "Confirm Insulin Change"          -                                    7   7   7   7  settings::plain -> Plain;
    0x3B "Sensor Status or Weak Battery"   -                                    7   7   7   7  settings::plain -> Plain;
    0x3C "Paradigm Links"                  ChangeParadigmLinkID                21  21  21  21  ids::links -> Links;
    0x3F "Meter BG"                        BGReceived                          10  10  10  10  glucose::received -> MeterGlucose;
    0x40 "Meal Marker"                     JournalEntryMealMarker               -   -   9   9  journal::meal -> Meal(Carbs);
    0x41 "Exercise Marker"                 JournalEntryExerciseMarker           -   -   8   8  settings::plain -> Plain;
    0x42 "Insulin Marker"                  JournalEntryInsulinMarker            -   -   8   8  journal::insulin -> InsulinMarker(Insulin);
    0x43 "Other Marker"                    JournalEntryOtherMarker              -   -   7   7  settings::plain -> Plain;
    0x44 "Sensor Auto Calibration"         ChangeSensorAutoCalEnable            -   -   7   7  settings::switch(AUTO_CAL) -> Switch;
    0x4F "Sensor Setup"                    ChangeSensorSetup                    -  39  39  39  sensor_setup::limits -> SensorSetup(Box<sensor_setup::SensorSetup>);
    0x50 "Sensor Setup (523)"              ChangeSensorSetup2                   -   -  37  41  sensor_setup::areas -> SensorSetup;
    0x51 "Sensor Graph Timeout"            ChangeSensorGraphTimeout -   -   7   7  settings::graph_timeout -> GraphTimeout(Minutes);
    0x52 "Sensor Demo Mode"                ChangeSensorGraphDemoMode -   -   7   7  settings::switch(DEMO_MODE) -> Switch;
    0x53 "Sensor Alarm Silence"            ChangeSensorAlarmSilenceConfig       -   -   8   8  sensor_setup::silence -> Silence(sensor_setup::Silence);
    0x54 "Sensor Glucose Limits"           ChangeSensorGlucoseLimitPatternSetup -   -  64  64  sensor_alerts::limits -> GlucoseLimits(Box<sensor_alerts::GlucoseLimits>);
    0x55 "Sensor Predictive Alerts"        ChangeSensorPredictiveAlertPatternSetup -   - Triples Triples  sensor_alerts::predictive -> PredictiveAlerts(Box<sensor_alerts::PredictiveAlerts>);
    0x56 "Sensor Rate of Change Alerts"    ChangeSensorRateOfChangeAlertSetup   -   -  12  12  sensor_alerts::rates -> RateAlerts(sensor_alerts::RateAlerts);
    0x57 "Bolus Scroll Step"               ChangeBolusScrollStepSize            -   -   7   7  settings::scroll -> ScrollStep(Insulin);
    0x5A "Bolus Wizard Setup"              ChangeBolusWizardSetup             124 124 144 144  wizard_setup::change -> WizardSetup;
    0x5B "Bolus Wizard Estimate"           BolusWizardBolusEstimate            20  20  22  22  wizard::estimate -> Estimate;
    0x5C "Unabsorbed Insulin"              UnabsorbedInsulin                Own Own Own Own    bolus::unabsorbed -> Unabsorbed;
    0x5D "Save Settings"                   SaveSettings                         7   7   7   7  settings::plain -> Plain;
    0x5E "Variable Bolus"                  ChangeVariableBolusEnable            7   7   7   7  settings::switch(VARIABLE_BOLUS) -> Switch;
    0x5F "Easy Bolus"                      ChangeAudioBolusEnable               7   7   7   7  settings::easy_bolus -> EasyBolus(settings::EasyBolus);
    0x60 "BG Reminder"                     ChangeBGReminderEnable               7   7   7   7  settings::switch(BG_REMINDER) -> Switch;
    0x61 "Alarm Clock Enable"              ChangeAlarmClockEnable               7   7   7   7  settings::switch(ALARM_CLOCK) -> Switch;
    0x62 "Temp Basal Type"                 ChangeTempBasalType                  7   7   7   7  basal::temp_type -> TempType(TempBasalKind);
    0x63 "Alert Type"                      ChangeAlarmNotifyMode                7   7   7   7  settings::alert -> Alert(AlertType);
    0x64 "Time Format"                     ChangeTimeDisplayFormat              7   7   7   7  settings::time_format -> TimeFormat(TimeFormat);
    0x65 "Reservoir Warning"               ChangeReservoirWarningInsulin        7   7   7   7  settings::reservoir -> ReservoirWarning(settings::ReservoirWarning);
    0x66 "Bolus Reminder Enable"           ChangeBolusReminderEnable            7   7   7   7  settings::switch(BOLUS_REMINDER) -> Switch;
    0x67 "Bolus Reminder Time"             ChangeBolusReminderTime              9   9   9   9  settings::bolus_reminder -> BolusReminder(settings::BolusReminder);
    0x68 "Delete Bolus Reminder Time"      DeleteBolusReminderTime              9   9   9   9  settings::bolus_reminder -> BolusReminder;
    0x69 "Bolus Reminder"                  BolusReminder                        9   9   9   9  settings::plain -> Plain;
    0x6A "Delete Alarm Clock Time"         DeleteAlarmClockTime                 7   7   7   7  settings::plain -> Plain;
    0x6C "Daily Totals (515)"              -                                   38   -   -   -  totals::totals -> Totals(totals::Totals);
    0x6D "Daily Totals (522)"              -                                    -  44   -   -  totals::totals -> Totals;
    0x6E "Daily Totals (523)"              -                                    -   -  52  52  totals::totals -> Totals;
    0x6F "Carb Units"                      ChangeCarbUnits                      -   -   7   7  settings::carb_units -> CarbUnits(CarbUnit);
    0x7B "Basal Rate Start"                BasalProfileStart                    -   -  10  10  basal::start -> BasalStart(basal::BasalStart);
    0x7C "Other Devices Enable"            ChangeWatchdogEnable                 -   -   7   7  settings::switch(WATCHDOG) -> Switch;
    0x7D "Other Devices"                   ChangeOtherDeviceID                  -   -  37  37  ids::devices -> Devices(ArrayVec<u32, 6>);
    0x7E "Low Suspend Limit"               -                                    -   -   -   7  settings::plain -> Plain;
    0x7F "Low Suspend Parameters"          -                                    -   -   -   8  settings::plain -> Plain;
    0x81 "Other Device Marriage"           ChangeWatchdogMarriageProfile        -   -  12  12  ids::devices -> Devices;
    0x82 "Delete Other Device"             DeleteOtherDeviceID                  -   -  12  12  ids::devices -> Devices;
    0x83 "Capture Event"                   ChangeCaptureEventEnable             -   -   7   7  settings::switch(CAPTURE) -> Switch;
}

/// Writes what a record says into its place. What lies there is the body of a record before it is read, which has nothing to
/// drop; to ask which it is, for each record, would take longer than to write the new one.
fn put(place: &mut Body, body: Body) {
    mem::forget(mem::replace(place, body));
}

/// The kinds, each at its first byte.
static BY_OPCODE: [Option<&RecordType>; 256] = {
    let (mut kinds, mut at) = ([None; 256], 0);
    while at < RECORD_TYPES.len() {
        kinds[RECORD_TYPES[at].opcode as usize] = Some(&RECORD_TYPES[at]);
        at += 1;
    }
    kinds
};

impl RecordType {
    /// The kind with this first byte.
    #[must_use]
    pub fn of(opcode: u8) -> Option<&'static Self> {
        BY_OPCODE[usize::from(opcode)]
    }
}

/// A record of a pump's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Offset in its page.
    pub offset: u16,
    /// How many bytes it has.
    pub len: u16,
    /// Its first byte, which tells its kind.
    pub opcode: u8,
    /// When it was stored, by the pump's clock; `None` for a record that belongs to the one before it.
    pub time: Option<PumpTime>,
    /// Who made the pump do it, if the record tells.
    pub requestor: Option<Requestor>,
    /// The rest.
    pub body: Body,
}

/// Thousands of records are held and moved at a time: one takes a cache line, and what few of them have is elsewhere.
const _: () = assert!(size_of::<Record>() <= 64);

impl Body {
    /// True if its `Display` says anything.
    fn speaks(&self) -> bool {
        use Body::{Clock, Plain, SensorSetup, WizardSetup};
        !matches!(self, Plain(_) | Clock(_) | SensorSetup(_) | WizardSetup(_))
    }
}

/// A short sentence, or nothing.
impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(_) | Self::Clock(_) | Self::SensorSetup(_) | Self::WizardSetup(_) => Ok(()),
            Self::Switch(on) => f.write_str(if *on { "on" } else { "off" }),
            Self::Alarm(alarm) => alarm.code.fmt(f),
            Self::Alert(alert) => alert.fmt(f),
            Self::AutoOff(hours) => write!(f, "{hours} h"),
            Self::BasalPattern(pattern) => pattern.fmt(f),
            Self::BasalStart(start) => write!(f, "{}, {}", start.pattern, start.rate.rate),
            Self::Bolus(bolus) => bolus.fmt(f),
            Self::BolusReminder(reminder) => reminder.time.fmt(f),
            Self::CarbUnits(unit) => unit.fmt(f),
            Self::ClearAlarm(code) => code.fmt(f),
            Self::DailyTotal(insulin)
            | Self::InsulinMarker(insulin)
            | Self::LowReservoir(insulin)
            | Self::MaxBolus(insulin)
            | Self::ScrollStep(insulin) => insulin.fmt(f),
            Self::Devices(devices) => devices.len().fmt(f),
            Self::EasyBolus(easy) => write!(f, "{}, {}", if easy.enabled { "on" } else { "off" }, easy.step),
            Self::Estimate(estimate) => estimate.fmt(f),
            Self::Glucose(glucose) => glucose.fmt(f),
            Self::Links(ids) | Self::Remotes(ids) => f.write_str(if ids.enabled { "on" } else { "off" }),
            Self::MaxBasal(rate) => rate.fmt(f),
            Self::Meal(carbs) => carbs.fmt(f),
            Self::MeterGlucose(meter) => meter.amount.fmt(f),
            Self::GlucoseLimits(limits) => limits.fmt(f),
            Self::GraphTimeout(timeout) => timeout.fmt(f),
            Self::PredictiveAlerts(alerts) => alerts.fmt(f),
            Self::RateAlerts(alerts) => alerts.fmt(f),
            Self::Prime(prime) => prime.fmt(f),
            Self::ReservoirWarning(warning) => warning.fmt(f),
            Self::SelectPattern(select) => write!(f, "{} to {}", select.old, select.new),
            Self::SensorAlarm(alarm) => alarm.fmt(f),
            Self::Silence(silence) => silence.fmt(f),
            Self::Suspend(Suspend { new: Delivery::Normal, .. }) => f.write_str("resumed"),
            Self::Suspend(Suspend { new: Delivery::User, .. }) => f.write_str("suspended"),
            Self::Suspend(Suspend { new, .. }) => write!(f, "{new}"),
            Self::TempBasal(temp) => temp.fmt(f),
            Self::TempDuration(duration) => duration.fmt(f),
            Self::TempType(kind) => kind.fmt(f),
            Self::TimeFormat(format) => format.fmt(f),
            Self::Totals(totals) => totals.fmt(f),
            Self::Unabsorbed(entries) => Count(entries.len(), "entry", "entries").fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{RECORD_TYPES, RecordType};

    #[test]
    fn kinds_are_in_the_order_of_their_numbers() {
        assert!(RECORD_TYPES.is_sorted_by(|a, b| a.opcode < b.opcode));
        assert_eq!(RecordType::of(0x5B).map(|kind| kind.name), Some("Bolus Wizard Estimate"));
        assert!(RecordType::of(0x02).is_none());
    }
}
