// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the bytes of pump commands and replies. Out: typed values, for the pump's model.
//!
//! The table below has one row per command. A row without a layout is legal: its bytes are shown as they are. The
//! layouts are [`Block`](block::Block)s, one file per block of parameters or reply.
//!
//! Quantities are shown in the unit that a person thinks in. Glucose and carb ratios are shown in the unit that the pump
//! is set to, which a field named `units` beside them tells; nothing is converted.
//!
//! Where the older MiniMed 508 uses a number for something else, the Paradigm meaning stands, as a 508 is not
//! reached through this stick.

pub mod battery;
pub mod block;
pub mod carb_ratio;
pub mod clock;
pub mod control;
pub mod factory;
pub mod family;
pub mod identity;
pub mod ids;
pub mod learn;
pub mod model;
pub mod models;
pub mod mysentry;
pub mod nak;
pub mod opcode;
pub mod page_kind;
pub mod pages;
pub mod profile;
pub mod reminders;
pub mod reservoir;
pub mod sensitivity;
pub mod sensor;
pub mod serial;
pub mod settings;
pub mod status;
pub mod switches;
pub mod target;
pub mod temp_basal;
pub mod told;
pub mod totals;
pub mod wizard;

crate::tables! {
    battery, carb_ratio, clock, control, factory, identity, ids, mysentry, pages, profile, reminders, reservoir,
    sensitivity, sensor, settings, status, switches, target, temp_basal, totals, wizard,
}

use crate::tree::cursor::Cursor;
use crate::tree::expert::{OUT_OF_RANGE, Stop, TOO_LONG};
use crate::tree::sink::Sink;
use block::{Context, block, blocks, evidence};
use model::Pump;
pub use opcode::Opcode;
use opcode::{Answer, Class, Command, Models};
pub use page_kind::PageKind;
use std::fmt;

/// Declares the commands, one row each: number, class, name, models, `*` if it can change therapy, answer; then, as far
/// as they are known, the layouts of parameters (`asks`) and reply (`answers`), and what the page holds that it reads
/// (`page`).
///
/// A layout is a name with the type that reads it; a further command with the same layout gives the name alone. The
/// names are the variants of [`Parameters`] and [`Reply`].
macro_rules! commands {
    ($($number:literal $class:ident $name:literal $models:ident $therapy:tt $answer:ident $(($frames:literal))?
        $(asks $asks:ident $(($asks_type:ty))?)?
        $(answers $answers:ident $(($answers_type:ty))?)?
        $(page $page:ident)?;)+) => {
        /// All commands with a name, in the order of their numbers.
        pub const COMMANDS: &[Command] = &[$(Command {
            opcode: Opcode($number),
            name: $name,
            class: Class::$class,
            models: Models::$models,
            therapy: matches!(stringify!($therapy).as_bytes(), b"*"),
            answer: Answer::$answer $(($frames))?,
            parameters: { const NAME: &[&str] = &[$(stringify!($asks))?]; NAME.first().copied() },
            reply: { const NAME: &[&str] = &[$(stringify!($answers))?]; NAME.first().copied() },
            page: { const PAGE: &[PageKind] = &[$(PageKind::$page)?]; PAGE.first().copied() },
        }),+];

        blocks! {
            /// What a host says beside the command itself.
            pub enum Parameters {
                $($($(#[doc = concat!("Of ", $name, ".")] $asks($asks_type),)?)?)+
            }
        }

        blocks! {
            /// What a pump says.
            pub enum Reply {
                $($($(#[doc = concat!("To ", $name, ".")] $answers($answers_type),)?)?)+
            }
        }

        fn asked<S: Sink>(c: &mut Cursor<'_, '_, S>, of: Context) -> Result<Option<Parameters>, Stop> {
            match of.opcode.0 {
                $($($number => block(c, of).map(|block| Some(Parameters::$asks(block))),)?)+
                _ => Ok(None),
            }
        }

        /// What the bytes of parameters alone show of the pump, as [`block::Block::evidence`].
        fn parameters_evidence(opcode: Opcode, bytes: &[u8]) -> Option<bool> {
            match opcode.0 {
                $($($number => evidence(Parameters::$asks, bytes),)?)+
                _ => None,
            }
        }

        /// What the bytes of a reply alone show of the pump, as [`block::Block::evidence`].
        fn reply_evidence(opcode: Opcode, bytes: &[u8]) -> Option<bool> {
            match opcode.0 {
                $($($number => evidence(Reply::$answers, bytes),)?)+
                _ => None,
            }
        }

        fn answered<S: Sink>(c: &mut Cursor<'_, '_, S>, of: Context) -> Result<Option<Reply>, Stop> {
            match of.opcode.0 {
                $($($number => block(c, of).map(|block| Some(Reply::$answers(block))),)?)+
                _ => Ok(None),
            }
        }
    };
}

commands! {
    0x01 Control "Set Access Code (508)"                 ONLY_508  - Unknown;
    0x06 Control "Acknowledge"                           RADIO     - Unknown;
    0x10 Control "Suspend/Resume (508)"                  ONLY_508  * Unknown asks Suspend;
    0x15 Control "Negative Acknowledge"                  RADIO     - Unknown;
    0x20 Read    "Read Clock (508)"                      ONLY_508  - Unknown answers Clock;
    0x21 Read    "Read Pump ID (508)"                    ONLY_508  - Unknown answers PumpId;
    0x22 Read    "Read Battery (508)"                    ONLY_508  - Unknown answers Battery;
    0x23 Read    "Read Remaining Insulin (508)"          ONLY_508  - Unknown answers Reservoir;
    0x24 Control "Self Check (guessed)"                  SINCE_511 - Unknown;
    0x25 Read    "Read Firmware Version (508)"           ONLY_508  - Unknown answers Firmware;
    0x26 Set     "Begin Parameter Setting"               SINCE_512 - Unknown;
    0x27 Set     "End Parameter Setting"                 SINCE_512 - Unknown;
    0x28 Sensor  "Write Glucose History Timestamp"       SINCE_522 - Optional;
    0x29 Read    "Read Prime Boluses (508)"              ONLY_508  - Unknown;
    0x2A Read    "Read Alarms (508)"                     ONLY_508  - Unknown;
    0x2B Read    "Read Profile Sets (508)"               ONLY_508  - Unknown;
    0x2C Read    "Read User Events (508)"                ONLY_508  - Unknown;
    0x2E Read    "Read Remote Control ID (508)"          ONLY_508  - Unknown;
    0x30 Set     "Set Basal Profile A"                   SINCE_512 * Ack asks BasalProfile(profile::BasalProfile);
    0x31 Set     "Set Basal Profile B"                   SINCE_512 * Ack asks BasalProfile;
    0x32 Set     "Set Paradigm Link ID"                  SINCE_512 - Unknown;
    0x33 Set     "Set Paradigm Link Enable"              SINCE_512 - Unknown;
    0x37 Read    "Read 128K Memory (508)"                ONLY_508  - Unknown;
    0x38 Read    "Read 256K Memory (508)"                ONLY_508  - Unknown;
    0x3D Sensor  "Set Sensor Settings"                   SINCE_522 - Unknown;
    0x40 Set     "Set Clock"                             SINCE_511 * Optional asks Clock(clock::Clock);
    0x41 Set     "Set Max Bolus"                         SINCE_511 * Ack asks MaxBolus(control::SetMaxBolus);
    0x42 Control "Bolus"                                 SINCE_511 * Ack asks Bolus(control::Bolus);
    0x43 Read    "Read Basal Profile A (508)"            ONLY_508  - Unknown;
    0x44 Read    "Read Basal Profile B (508)"            ONLY_508  - Unknown;
    0x45 Set     "Set Variable Bolus Enable"             SINCE_512 * Ack;
    0x46 Read    "Read Settings (508)"                   ONLY_508  - Unknown answers Settings;
    0x4A Set     "Select Basal Profile"                  SINCE_511 * Ack asks SelectProfile(profile::SelectProfile);
    0x4B Control "Set Temp Basal (511)"                  ONLY_511  * Ack asks TempBasal;
    0x4C Control "Set Temp Basal"                        SINCE_512 * Ack asks TempBasal(temp_basal::SetTempBasal);
    0x4D Control "Suspend/Resume"                        SINCE_511 * Nothing asks Suspend(control::Suspend);
    0x4E Set     "Set Auto Off"                          SINCE_511 * Unknown;
    0x4F Set     "Set Easy Bolus Enable"                 SINCE_511 * Unknown;
    0x51 Set     "Set Remote Control ID"                 SINCE_511 * Ack asks RemoteId(ids::SetRemoteId);
    0x52 Set     "Set Block Enable"                      SINCE_511 - Unknown;
    0x53 Set     "Set Language"                          SINCE_512 - Unknown;
    0x54 Set     "Set Alert Type"                        SINCE_511 - Unknown;
    0x55 Set     "Set Basal Patterns Enable"             SINCE_511 * Unknown;
    0x57 Set     "Set Remote Control Enable"             SINCE_511 * Ack asks RemoteEnable(switches::SetRemoteEnable);
    0x58 Set     "Set Insulin Action Type"               SINCE_512 * Unknown;
    0x5B Control "Push Keypad"                           SINCE_511 * Optional asks Key(control::KeyPush);
    0x5C Set     "Set Time Format"                       SINCE_511 - Unknown;
    0x5D Control "Power Control"                         SINCE_511 - Optional asks Power(control::Power);
    0x5E Set     "Set Bolus Wizard Setup (512)"          ONLY_512  * Unknown;
    0x61 Set     "Set Bolus Wizard 1"                    SINCE_512 * Unknown;
    0x62 Set     "Set Bolus Wizard 2"                    SINCE_512 * Unknown;
    0x63 Set     "Set Bolus Wizard 3"                    SINCE_512 * Unknown;
    0x64 Set     "Set Bolus Wizard 4"                    SINCE_512 * Unknown;
    0x65 Set     "Set Bolus Wizard 5"                    SINCE_512 * Unknown;
    0x67 Set     "Set Alarm Clock Enable"                SINCE_512 - Unknown;
    0x68 Set     "Set Temp Basal Type"                   SINCE_512 * Unknown;
    0x69 Control "Set Temp Basal Percent"                SINCE_512 * Ack asks TempBasal;
    0x6A Set     "Set Reservoir Warning"                 SINCE_512 - Unknown;
    0x6B Set     "Set Alarm Clocks"                      SINCE_512 - Unknown;
    0x6C Set     "Set BG Reminder Enable"                SINCE_512 - Unknown;
    0x6E Set     "Set Max Basal"                         SINCE_511 * Ack asks MaxBasal(control::SetMaxBasal);
    0x6F Set     "Set Basal Profile Standard"            SINCE_512 * Ack asks BasalProfile;
    0x70 Read    "Read Clock"                            SINCE_511 - Frames(1) answers Clock(clock::Clock);
    0x71 Read    "Read Pump ID"                          SINCE_511 - Frames(1) answers PumpId(identity::PumpId);
    0x72 Read    "Read Battery"                          SINCE_511 - Frames(1) answers Battery(battery::Battery);
    0x73 Read    "Read Remaining Insulin"                SINCE_511 - Frames(1) answers Reservoir(reservoir::Reservoir);
    0x74 Read    "Read Firmware Version"                 SINCE_511 - Frames(1) answers Firmware(identity::Firmware);
    0x75 Read    "Read Error Status"                     SINCE_511 - Frames(1) answers ErrorStatus(status::ErrorStatus);
    0x76 Read    "Read Remote Control IDs"               SINCE_511 - Frames(1) answers RemoteIds(ids::RemoteIds);
    0x78 Read    "Read Temp Basal (511)"                 ONLY_511  - Frames(1) answers TempBasal511(temp_basal::TempBasal511);
    0x79 Read    "Read Totals Today"                     SINCE_511 - Frames(1) answers Totals(totals::Totals);
    0x7A Read    "Read Basal Profile Standard (511)"     ONLY_511  - Frames(2);
    0x7B Read    "Read Basal Profile A (511)"            ONLY_511  - Frames(2);
    0x7C Read    "Read Basal Profile B (511)"            ONLY_511  - Frames(2);
    0x7F Read    "Read Settings (511)"                   ONLY_511  - Frames(1) answers Settings;
    0x80 Read    "Read History Page"                     SINCE_511 - Frames(16) asks Page(pages::PageRequest) page History;
    0x83 Read    "Read Pump State"                       SINCE_511 - Frames(1) answers State(status::State);
    0x86 Read    "Read Language"                         SINCE_512 - Frames(1) answers Language(wizard::LanguageSet);
    0x87 Read    "Read Bolus Wizard Setup Status"        SINCE_512 - Frames(1) answers WizardSetup(wizard::WizardSetup);
    0x88 Read    "Read Carb Units"                       SINCE_512 - Frames(1) answers CarbUnits(wizard::CarbUnits);
    0x89 Read    "Read BG Units"                         SINCE_512 - Frames(1) answers BgUnits(wizard::BgUnits);
    0x8A Read    "Read Carb Ratios"                      SINCE_512 - Frames(1) answers CarbRatios(carb_ratio::CarbRatios);
    0x8B Read    "Read Insulin Sensitivities"            SINCE_512 - Frames(1) answers Sensitivities(sensitivity::Sensitivities);
    0x8C Read    "Read BG Targets (512)"                 ONLY_512  - Frames(1) answers Targets;
    0x8D Read    "Read Pump Model"                       SINCE_512 - Frames(1) answers Model(identity::PumpModel);
    0x8E Read    "Read Alarm Clocks"                     SINCE_512 - Frames(1) answers AlarmClocks(reminders::AlarmClocks);
    0x8F Read    "Read Reservoir Warning"                SINCE_512 - Frames(1) answers ReservoirWarning(reservoir::ReservoirWarning);
    0x90 Read    "Read BG Reminder Enable"               SINCE_512 - Frames(1) answers BgReminderEnable(switches::BgReminderEnable);
    0x91 Read    "Read Settings (512)"                   ONLY_512  - Frames(1) answers Settings;
    0x92 Read    "Read Basal Profile Standard"           SINCE_512 - Frames(3) answers BasalProfile(profile::BasalProfile);
    0x93 Read    "Read Basal Profile A"                  SINCE_512 - Frames(3) answers BasalProfile;
    0x94 Read    "Read Basal Profile B"                  SINCE_512 - Frames(3) answers BasalProfile;
    0x95 Read    "Read Paradigm Link IDs"                SINCE_512 - Frames(1) answers LinkIds(ids::LinkIds);
    0x97 Read    "Read Alarm Clock Enable"               SINCE_512 - Frames(1) answers AlarmClockEnable(switches::AlarmClockEnable);
    0x98 Read    "Read Temp Basal"                       SINCE_512 - Frames(1) answers TempBasal(temp_basal::TempBasal);
    0x99 Sensor  "Read Sensor Settings (522)"            ONLY_522  - Frames(1) answers SensorSettings(sensor::SensorSettings);
    0x9A Sensor  "Read Glucose Page"                     SINCE_522 - Frames(16) asks Page page Glucose;
    0x9B Sensor  "Read ISIG Page"                        SINCE_522 - Frames(32) asks Page page Isig;
    0x9C Sensor  "Read Calibration Factor"               SINCE_522 - Frames(1) answers CalibrationFactor(sensor::CalibrationFactor);
    0x9D Read    "Read Current History Page Number"      SINCE_515 - Frames(1) answers HistoryPages(pages::HistoryPages);
    0x9F Read    "Read BG Targets"                       SINCE_515 - Frames(1) answers Targets(target::Targets);
    0xA0 Trace   "Enable Detail Trace"                   SINCE_511 - Ack asks DetailTrace(switches::SetDetailTrace);
    0xA3 Trace   "Read Pump Trace"                       SINCE_511 - Frames(16) asks Page page Trace;
    0xA4 Trace   "Read Detail Trace"                     SINCE_511 - Frames(16) page Trace;
    0xA6 Trace   "Read New Alarm Trace"                  SINCE_511 - Frames(16) page Trace;
    0xA7 Trace   "Read Old Alarm Trace"                  SINCE_511 - Frames(16) page Trace;
    0xA8 Sensor  "Filter Glucose Pages"                  SINCE_522 - Frames(1) asks Days(sensor::DayFilter) answers PageSpan(sensor::PageSpan);
    0xA9 Sensor  "Filter ISIG Pages"                     SINCE_522 - Frames(1) asks Days answers PageSpan;
    0xB2 Set     "Set Bolus Wizard Setup"                SINCE_515 * Unknown;
    0xB9 Set     "Set Keypad Lock"                       SINCE_515 - Unknown;
    0xC0 Read    "Read Settings"                         SINCE_515 - Frames(1) answers Settings(settings::Settings);
    0xC1 Read    "Read Saved Settings Date"              SINCE_515 - Frames(1) answers SavedSettings(factory::SavedSettings);
    0xC3 Read    "Read Contrast"                         SINCE_515 - Frames(1) answers Contrast(factory::Contrast);
    0xC5 Read    "Read Bolus Reminder Enable"            SINCE_515 - Frames(1) answers BolusReminderEnable(switches::BolusReminderEnable);
    0xC6 Read    "Read Bolus Reminders"                  SINCE_515 - Frames(1) answers BolusReminders(reminders::BolusReminders);
    0xC7 Read    "Read Factory Parameters"               SINCE_515 - Frames(1) answers Factory(factory::Factory);
    0xCD Sensor  "Read Current Glucose Page Number"      SINCE_522 - Frames(1) answers GlucosePages(pages::GlucosePages);
    0xCE Read    "Read Pump Status"                      SINCE_515 - Frames(1) answers Status(status::PumpStatus);
    0xCF Sensor  "Read Sensor Settings"                  SINCE_523 - Frames(1);
    0xD1 Sensor  "Read Sensor Predictive Alerts"         SINCE_523 - Frames(1);
    0xD2 Sensor  "Read Sensor Demo and Graph Timeout"    SINCE_523 - Frames(1);
    0xD3 Sensor  "Read Sensor Alarm Silence"             SINCE_523 - Frames(1);
    0xD4 Sensor  "Read Sensor Rate of Change Alerts"     SINCE_523 - Frames(1);
    0xD5 Sensor  "Read VCNTR Page"                       SINCE_523 - Frames(16) asks Page page Vcntr;
    0xE2 Read    "Unknown Read E2"                       SINCE_523 - Frames(1);
    0xE6 Read    "Unknown Read E6"                       SINCE_523 - Frames(1);
    0xEC Read    "Read Settings Change Counter"          SINCE_523 - Frames(1) answers SettingsCounter(mysentry::SettingsCounter);
    0xF0 Read    "Read Other Devices IDs"                SINCE_523 - Frames(1) answers OtherDevices(mysentry::OtherDevices);
    0xF1 Read    "Read Capture Event Enable"             SINCE_523 - Frames(1) answers CaptureEventEnable(switches::CaptureEventEnable);
    0xF2 Set     "Set Capture Event Enable"              SINCE_523 - Ack asks CaptureEvent(switches::SetCaptureEvent);
    0xF3 Read    "Read Other Devices Status"             SINCE_523 - Frames(1) answers OtherDevicesEnable(switches::OtherDevicesEnable);
}

impl Opcode {
    /// Its row in the table of commands; `None` for numbers that no source names.
    #[must_use]
    pub fn command(self) -> Option<&'static Command> {
        COMMANDS.binary_search_by_key(&self, |command| command.opcode).ok().map(|row| &COMMANDS[row])
    }

    /// Its name, if it has one.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        self.command().map(|command| command.name)
    }

    /// What the page holds that the command reads, if it reads one.
    #[must_use]
    pub fn page(self) -> Option<PageKind> {
        self.command().and_then(|command| command.page)
    }
}

/// `Read Battery`, or `unknown (0x2f)`.
impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "unknown ({:#04x})", self.0),
        }
    }
}

/// Reads the parameters of a command. `c` holds them and nothing else.
///
/// All bytes are claimed, unless this gives `None`: then there are none, or their layout is not known, and none is read.
///
/// # Errors
/// [`Stop`] if the bytes end before the layout does; the bytes that are there are claimed nevertheless.
pub fn parameters<S: Sink>(
    opcode: Opcode,
    c: &mut Cursor<'_, '_, S>,
    pump: Pump,
) -> Result<Option<Parameters>, Stop> {
    if c.remaining() == 0 {
        return Ok(None);
    }
    let read = asked(c, Context { opcode, pump });
    if !matches!(read, Ok(None)) && c.remaining() > 0 {
        c.fill();
        if read.is_ok() {
            c.expert(TOO_LONG, format_args!(""));
        }
    }
    read
}

/// Reads the reply to a command: the payload put together, with its zero padding. The bodies of history and sensor pages
/// are not read here.
///
/// All bytes are claimed, unless this gives `None`: then there are none, or their layout is not known, and none is read.
///
/// # Errors
/// [`Stop`] if the bytes end before the layout does; the bytes that are there are claimed nevertheless.
pub fn reply<S: Sink>(opcode: Opcode, c: &mut Cursor<'_, '_, S>, pump: Pump) -> Result<Option<Reply>, Stop> {
    if c.remaining() == 0 {
        return Ok(None);
    }
    let read = answered(c, Context { opcode, pump });
    if !matches!(read, Ok(None)) {
        if read.is_ok() && c.rest().iter().any(|&byte| byte != 0) {
            // No reply in the recordings has anything but zeros after its values.
            c.expert(OUT_OF_RANGE, format_args!("expected zeros after the values"));
        }
        c.fill();
    }
    read
}

/// Highest number that the stick uses for commands of its own. The two commands below it never cross the stick.
const STICK_LAST: u8 = 0x0C;

const CARRIED: usize = {
    let mut first = 0;
    while COMMANDS[first].opcode.0 <= STICK_LAST {
        first += 1;
    }
    first
};

/// Numbers and names of the commands that can cross the stick; the stick's own numbers are not among them.
pub const NAMES: &[(u32, &str)] = &{
    let mut names = [(0, ""); COMMANDS.len() - CARRIED];
    let mut row = 0;
    while row < names.len() {
        let command = &COMMANDS[CARRIED + row];
        names[row] = (command.opcode.0 as u32, command.name);
        row += 1;
    }
    names
};

#[cfg(test)]
mod tests {
    use super::*;
    use model::Model;

    #[test]
    fn the_table_is_in_order() {
        assert!(COMMANDS.is_sorted_by(|a, b| a.opcode < b.opcode));
        assert_eq!(NAMES[0], (0x10, "Suspend/Resume (508)"));
        assert_eq!(NAMES.last().map(|row| row.0), Some(0xF3));
    }

    #[test]
    fn opcodes_have_names() {
        assert_eq!(Opcode(0x8D).to_string(), "Read Pump Model");
        assert_eq!(Opcode(0x40).to_string(), "Set Clock", "and not the 508's Read Temp Basal");
        assert_eq!(Opcode(0xFE).to_string(), "unknown (0xfe)");
        assert_eq!(Opcode(0x80).command().map(|command| command.answer), Some(Answer::Frames(16)));
        assert_eq!(Opcode(0x42).command().map(|command| command.therapy), Some(true));
    }

    #[test]
    fn models_know_their_commands() {
        let knows = |model: &str, number| {
            let model = Model::parse(model).expect("a model");
            Opcode(number).command().is_some_and(|command| command.models.include(model))
        };
        assert!(knows("512", 0x91) && !knows("515", 0x91) && knows("515", 0xC0) && !knows("512", 0xC0));
        assert!(knows("522", 0x99) && !knows("523", 0x99) && knows("723K", 0xCF) && !knows("722", 0xCF));
        assert!(knows("7200", 0x99) && knows("7100", 0xCF) && !knows("7100", 0x99));
        assert_eq!(Models::SINCE_515.to_string(), "515 and later");
        assert_eq!(Models::ONLY_511.to_string(), "511");
    }
}
