// SPDX-License-Identifier: GPL-2.0-or-later
//! In: parameters and replies, byte by byte. Out: proof that each is read to the right values, and that any bytes are read.

use carelink_core::pump::model::{Known, Model, Pump};
use carelink_core::pump::opcode::Opcode;
use carelink_core::pump::{COMMANDS, parameters, reply};
use carelink_core::registry;
use carelink_core::tree::cursor::Cursor;
use carelink_core::tree::expert::{EXPERTS, Stop};
use carelink_core::tree::field::FieldType;
use carelink_core::tree::outline::Outline;
use carelink_core::tree::sink::{Role, Sink};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Asks,
    Answers,
}
use Way::{Answers, Asks};

/// What is read of some bytes.
#[derive(Debug, PartialEq)]
struct Read {
    sentence: Result<Option<String>, Stop>,
    /// `name=value` of all items with a value, without the `carelink.` that all names begin with.
    values: Vec<String>,
    experts: Vec<&'static str>,
}

fn pump(model: &str) -> Pump {
    Model::parse(model).map_or_else(Pump::default, |model| Pump::of(model, Known::Told))
}

fn sentence<S: Sink>(
    way: Way,
    opcode: u8,
    c: &mut Cursor<'_, '_, S>,
    pump: Pump,
) -> Result<Option<String>, Stop> {
    match way {
        Asks => parameters(Opcode(opcode), c, pump).map(|read| read.map(|read| format!("{read:#}"))),
        Answers => reply(Opcode(opcode), c, pump).map(|read| read.map(|read| format!("{read:#}"))),
    }
}

fn read(way: Way, opcode: u8, pump: Pump, bytes: &[u8], cut: bool) -> Read {
    let mut outline = Outline::default();
    let sentence = sentence(way, opcode, &mut Cursor::new(bytes, 0, cut, &mut outline), pump);
    let fields: Vec<_> = registry::fields().collect();
    let mut values = Vec::new();
    for node in outline.nodes() {
        let def = fields[usize::from(node.field)];
        let span = node.start as usize..(node.start + node.len) as usize;
        let value = match def.kind {
            FieldType::Tree => None,
            FieldType::F64 => Some(f64::from_bits(node.value).to_string()),
            FieldType::Flag => Some((node.value != 0).to_string()),
            FieldType::Text => {
                let at = usize::try_from(node.value).expect("a place in the texts");
                outline.texts()[at..].split('\0').next().map(str::to_string)
            }
            FieldType::Bytes => Some(bytes[span.clone()].iter().map(|byte| format!("{byte:02x}")).collect()),
            FieldType::Clock => Some(node.value.cast_signed().to_string()),
            _ => Some(node.value.to_string()),
        };
        values.extend(value.map(|value| format!("{}={value}", def.name.trim_start_matches("carelink."))));
    }
    let experts = outline.experts().iter().map(|expert| EXPERTS[expert.expert as usize].name).collect();
    Read { sentence, values, experts }
}

/// Bytes of a row, and for a reply the zeros that fill its frames.
fn bytes(way: Way, opcode: u8, hex: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        hex.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect();
    if way == Answers {
        let frames = if (0x92..=0x94).contains(&opcode) { 3 } else { 1 };
        bytes.resize(frames * 64, 0);
    }
    bytes
}

/// Way, opcode, model, leading bytes, the sentence, and some values.
type Row = (Way, u8, &'static str, &'static str, &'static str, &'static [&'static str]);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    (Answers, 0x21, "508", "31 32 33 34 35 36 20 20 20 20", "123456", &[]),
    (Answers, 0x22, "508", "01 00 91", "low, 1.45 V", &[]),
    (Answers, 0x23, "508", "03 90", "91.2 U left", &[]),
    (Answers, 0x25, "508", "56 45 52 20 36 30 47", "VER 60G", &["pump.firmware.version=VER 60G"]),
    (Answers, 0x46, "508", "00 02 03 01 05 00 64 00 14 01 00 01 01 00 00", "max bolus 10 U, max basal 2 U/h, basal profile pattern A", &[
        "pump.settings.alarm_mode=2", "pump.settings.beep=3", "pump.settings.easy_bolus_step=0.5", "pump.settings.time_format=1"]),
    (Answers, 0x70, "515", "03 28 17 07 D0 01 01", "2000-01-01 03:40:23", &["pump.clock.time=946698023"]),
    (Answers, 0x70, "515", "03 36 2D 07 D0 01 01", "2000-01-01 03:54:45", &[]),
    (Answers, 0x70, "512", "17 2E 0A 07 DD 08 1C", "2013-08-28 23:46:10", &[]),
    (Answers, 0x71, "515", "31 32 33 34 35 36", "123456", &["pump.id.serial=123456"]),
    (Answers, 0x72, "515", "00 00 91", "normal, 1.45 V", &["pump.battery.status=0", "pump.battery.voltage=1.45"]),
    (Answers, 0x72, "515", "00 00 98", "normal, 1.52 V", &[]),
    (Answers, 0x73, "515", "06 9B", "169.1 U left", &["pump.reservoir.remaining=169.1"]),
    (Answers, 0x73, "512", "03 90", "91.2 U left", &[]),
    (Answers, 0x73, "522", "05 46", "135 U left", &[]),
    (Answers, 0x73, "523", "00 00 0C A3", "80.875 U left", &["pump.reservoir.remaining=80.875"]),
    (Answers, 0x73, "523", "00 00 00 00", "0 U left", &[]),
    (Answers, 0x73, "554", "00 00 0B 41", "72.025 U left", &[]),
    (Answers, 0x74, "515", "56 45 52 20 32 2E 31 41 31 2E 31 20 0B 0B", "VER 2.1A1.1", &["pump.firmware.version=VER 2.1A1.1 ", "pump.firmware.end=0b0b"]),
    (Answers, 0x75, "515", "00", "none", &["pump.error.alarm=0"]),
    (Answers, 0x75, "515", "04", "no delivery", &[]),
    (Answers, 0x76, "715", "39 31 30 30 30 30 2D 2D 2D 2D 2D 2D 2D 2D 2D 2D 2D 2D", "910000, none, none", &["pump.remote_ids.id=910000", "pump.remote_ids.id=------"]),
    (Answers, 0x78, "511", "00 0F 00 3C", "1.5 U/h, 60 min left", &["pump.temp_basal.rate=1.5"]),
    (Answers, 0x79, "515", "00 27", "3.9 U today, 0 U yesterday", &["pump.totals.today=3.9"]),
    (Answers, 0x79, "512", "00 67 00 02", "10.3 U today, 0.2 U yesterday", &[]),
    (Answers, 0x79, "523", "00 00 02 75 00 00 04 7A", "15.725 U today, 28.65 U yesterday", &["pump.totals.today=15.725", "pump.totals.yesterday=28.65"]),
    (Answers, 0x79, "554", "00 00 07 C4 00 00 09 8A", "49.7 U today, 61.05 U yesterday", &[]),
    (Answers, 0x7F, "511", "00 01 00 01 00 64 00 14 00 00 00 00 00 00", "max bolus 10 U, max basal 2 U/h, basal profile standard", &[]),
    (Answers, 0x83, "515", "03", "normal", &["pump.state=3"]),
    (Answers, 0x83, "515", "00", "rewinding", &[]),
    (Answers, 0x83, "511", "00", "normal", &["pump.state=0"]),
    (Answers, 0x83, "511", "03", "not normal (3)", &[]),
    (Answers, 0x86, "515", "00", "English", &["pump.language=0"]),
    (Answers, 0x87, "515", "00 01 01 01 01 01", "not enabled, 5 parts are missing", &["pump.wizard.enabled=false", "pump.wizard.targets_complete=false"]),
    (Answers, 0x87, "515", "01 00 00 00 00 00", "enabled, complete", &["pump.wizard.enabled=true", "pump.wizard.carb_units_complete=true"]),
    (Answers, 0x88, "515", "01", "grams", &["pump.carb_units=1"]),
    (Answers, 0x89, "515", "00", "not set", &["pump.bg_units=0"]),
    (Answers, 0x89, "554", "02", "mmol/L", &["pump.bg_units=2"]),
    (Answers, 0x8A, "515", "00", "not set", &["pump.carb_ratio.units=0"]),
    (Answers, 0x8A, "515", "01 00 0A", "10 g/U", &["pump.carb_ratio.start=0", "pump.carb_ratio.end=1440", "pump.carb_ratio.value=10"]),
    (Answers, 0x8A, "522", "01 00 06 12 08", "2 ratios from 6 to 8 g/U", &["pump.carb_ratio.end=540", "pump.carb_ratio.start=540", "pump.carb_ratio.value=8"]),
    (Answers, 0x8A, "522", "02 00 0C", "1.2 U/exchange", &["pump.carb_ratio.value=1.2"]),
    (Answers, 0x8A, "523", "01 01 00 01 2C", "30 g/U", &["pump.carb_ratio.count=1", "pump.carb_ratio.value=30"]),
    (Answers, 0x8A, "523", "02 01 00 04 D2", "1.234 U/exchange", &["pump.carb_ratio.value=1.234"]),
    (Answers, 0x8B, "515", "01 00 32", "50 mg/dL per U", &["pump.sensitivity.start=0", "pump.sensitivity.value=50"]),
    (Answers, 0x8B, "522", "01 40 0C", "268 mg/dL per U", &["pump.sensitivity.start=0", "pump.sensitivity.value=268"]),
    (Answers, 0x8B, "522", "02 00 16", "2.2 mmol/L per U", &["pump.sensitivity.units=2", "pump.sensitivity.value=2.2"]),
    (Answers, 0x8B, "522", "01 00 32 2C 3C", "2 values from 50 to 60 mg/dL per U", &["pump.sensitivity.end=1320", "pump.sensitivity.start=1320", "pump.sensitivity.value=60"]),
    (Answers, 0x8C, "512", "01 00 64 02 65 04 66 06 67 08 68 0A 69 0C 6A 0E 6B 00 00", "8 ranges, the first 100 mg/dL", &["pump.bg_target.target=107", "pump.bg_target.start=420"]),
    (Answers, 0x8D, "", "03 35 31 35", "515", &["pump.model.length=3", "pump.model.number=515"]),
    (Answers, 0x8D, "", "04 37 32 33 4B", "723K", &["pump.model.number=723K"]),
    (Answers, 0x8E, "515", "FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF", "none", &["pump.alarm_clocks.unset=ffff"]),
    (Answers, 0x8F, "515", "00 14", "at 20 U", &["pump.reservoir_warning.type=0", "pump.reservoir_warning.amount=20"]),
    (Answers, 0x8F, "554", "01 14", "by time, 20 (unit not known)", &["pump.reservoir_warning.time=20"]),
    (Answers, 0x90, "515", "00", "off", &["pump.bg_reminder_enable=false"]),
    (Answers, 0x91, "512", "0F 02 01 01 00 64 00 78 00 00 00 00 01 00 00 64 01 00", "max bolus 10 U, max basal 3 U/h, basal profile standard", &[
        "pump.settings.auto_off=15", "pump.settings.alert_type=2", "pump.settings.easy_bolus=true", "pump.settings.easy_bolus_step=0.1",
        "pump.settings.concentration=0", "pump.settings.remote=true", "pump.settings.link=true", "pump.settings.insulin_action_type=0"]),
    (Answers, 0x92, "515", "30 00 00 24 00 04 28 00 0E 3C 00 16 28 00 20", "standard, 5 rates from 0.9 to 1.5 U/h", &[
        "pump.basal_profile.rate=1.2", "pump.basal_profile.start=960", "pump.basal_profile.end=1440", "pump.basal_profile.rate=1.5"]),
    (Answers, 0x92, "522", "20 00 00 26 00 0D 2C 00 13 26 00 1C", "standard, 4 rates from 0.8 to 1.1 U/h", &["pump.basal_profile.start=390"]),
    (Answers, 0x92, "522", "28 00 00 40 01 08 28 00 2C", "standard, 3 rates from 1 to 8 U/h", &["pump.basal_profile.rate=8"]),
    (Answers, 0x92, "722", "00 00 00", "standard, 0 U/h", &["pump.basal_profile.end=1440"]),
    (Answers, 0x93, "515", "00 00 3F", "pattern A, not set", &["pump.basal_profile.end_mark=00003f"]),
    (Answers, 0x93, "515", "02 00 00 04 00 0C 06 00 16 08 00 1E 0A 00 22 16 00 26 18 00 28 20 00 29 24 00 2A 28 00 2C 2C 00 2E 34 00 2F",
        "pattern A, 12 rates from 0.05 to 1.3 U/h", &["pump.basal_profile.start=1410"]),
    (Answers, 0x94, "515", "00 00 00 04 00 02 50 00 28 00 00 29 04 00 2A 2F 00 2F", "pattern B, 6 rates from 0 to 2 U/h", &["pump.basal_profile.start=1230", "pump.basal_profile.rate=0"]),
    (Answers, 0x95, "515", "2D 2D 2D 2D 2D 2D 2D 2D 2D 2D 2D 2D 2D 2D 2D 2D 2D 2D", "none", &["pump.link_ids.id=------"]),
    (Answers, 0x97, "515", "00", "off", &["pump.alarm_clock_enable=false"]),
    (Answers, 0x98, "515", "00 00 00 50 00 3C", "2 U/h, 60 min left", &["pump.temp_basal.type=0", "pump.temp_basal.rate=2", "pump.temp_basal.remaining=60"]),
    (Answers, 0x98, "523", "00 00 00 37 00 17", "1.375 U/h, 23 min left", &[]),
    (Answers, 0x98, "523", "01 93 00 34 00 00", "none", &["pump.temp_basal.percent=147", "pump.temp_basal.remaining=0"]),
    (Answers, 0x98, "523", "01 93 00 34 00 1E", "147 %, 30 min left", &[]),
    (Answers, 0x99, "522", "00 01 00 B8 00 3C 01 00 4E 00 14 00 00 28 00 1E 01 00 3C 12 34 56 01 00 1E", "off, limits 78 mg/dL and 184 mg/dL", &[
        "pump.sensor_settings.enabled=false", "pump.sensor_settings.high_enabled=true", "pump.sensor_settings.high=184", "pump.sensor_settings.high_snooze=60",
        "pump.sensor_settings.low=78", "pump.sensor_settings.low_snooze=20", "unknown=000028", "pump.sensor_settings.alarm_snooze=30",
        "pump.sensor_settings.calibration_reminder=60", "pump.sensor_settings.transmitter=1193046", "pump.sensor_settings.units=1", "pump.sensor_settings.missed_data=30"]),
    (Answers, 0x9C, "522", "22 8C", "8.844", &["pump.calibration_factor=8.844"]),
    (Answers, 0x9D, "522", "00 00 02 16", "534", &["pump.history_pages.current=534"]),
    (Answers, 0x9F, "515", "01 00 64 64", "100 mg/dL", &["pump.bg_target.low=100", "pump.bg_target.high=100"]),
    (Answers, 0x9F, "722", "01 00 64 78 0C 5A 64", "2 ranges, the first 100-120 mg/dL", &["pump.bg_target.start=360", "pump.bg_target.low=90", "pump.bg_target.high=100"]),
    (Answers, 0x9F, "554", "02 00 2C 43", "4.4-6.7 mmol/L", &["pump.bg_target.units=2", "pump.bg_target.low=4.4", "pump.bg_target.high=6.7"]),
    (Answers, 0xA8, "522", "00 05 00 0A", "5 to 10", &["pump.filtered.first=5"]),
    (Answers, 0xC0, "515", "00 01 01 14 00 64 00 50 00 00 01 00 00 00 00 64 00 0F 00 14", "max bolus 10 U, max basal 2 U/h, basal profile standard", &[
        "pump.settings.alert_type=1", "pump.settings.easy_bolus_step=2", "pump.settings.time_format=0", "pump.settings.patterns=true", "pump.settings.remote=false",
        "pump.settings.temp_basal_type=0", "pump.settings.link=false", "pump.settings.insulin_action=15", "pump.settings.reservoir_warning_amount=20"]),
    (Answers, 0xC0, "515", "00 01 01 14 00 64 00 50 00 00 01 02 00 00 00 64 00 05 00 14", "max bolus 10 U, max basal 2 U/h, basal profile pattern B", &["pump.settings.insulin_action=5"]),
    (Answers, 0xC0, "522", "00 04 00 05 01 96 00 50 00 00 00 00 00 00 00 64 01 04 00 14", "max bolus 15 U, max basal 2 U/h, basal profile standard", &[
        "pump.settings.alert_type=4", "pump.settings.easy_bolus=false", "pump.settings.easy_bolus_step=0.5", "pump.settings.variable_bolus=true", "pump.settings.link=true"]),
    (Answers, 0xC0, "523", "00 04 01 05 01 00 8C 00 50 00 00 00 00 00 01 64 01 04 00 14 00 64 01 01 00", "max bolus 14 U, max basal 2 U/h, basal profile standard", &[
        "pump.settings.temp_basal_type=1", "pump.settings.scroll_step=0.1", "pump.settings.capture_event=true", "pump.settings.other_devices=true", "pump.settings.other_devices_married=false"]),
    (Answers, 0xC0, "554", "0A 04 01 02 01 00 64 00 50 01 00 00 01 00 01 64 01 04 01 14 00 64", "max bolus 10 U, max basal 2 U/h, basal profile standard", &[
        "pump.settings.auto_off=10", "pump.settings.time_format=1", "pump.settings.remote=true", "pump.settings.reservoir_warning_time=20"]),
    (Answers, 0xC0, "522", "00 03 01 01 00 E5 05 50 00 00 00 00 00 00 01 64 00 04 00 14", "max bolus 22.9 U, max basal 34 U/h, basal profile standard", &[]),
    (Answers, 0xC1, "515", "00 14", "layout not known", &["pump.saved_settings=0014"]),
    (Answers, 0xC3, "515", "02 07", "2, 7 (not certain)", &["pump.contrast.level=2"]),
    (Answers, 0xC5, "515", "01", "on", &["pump.bolus_reminder_enable=true"]),
    (Answers, 0xC6, "515", "FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF", "none", &["pump.bolus_reminders.unset=ffff"]),
    (Answers, 0xC7, "515", "01 02 01 01 01 01 02 02 00 11 02 61 5D C0", "meaning not known", &["pump.factory.word=609", "pump.factory.constant=24000"]),
    (Answers, 0xCD, "522", "00 00 00 2E 00 20 00 20 00 20 00 20", "46, 32 glucose and 32 ISIG pages stored", &["pump.glucose_pages.current=46"]),
    (Answers, 0xCD, "722", "00 00 00 0D 00 0E 00 0E 00 20 00 20", "13, 14 glucose and 14 ISIG pages stored", &[]),
    (Answers, 0xCD, "523", "00 00 0D 61 00 10 00 20", "3425, 16 glucose and 32 ISIG pages stored", &[]),
    (Answers, 0xCE, "515", "03 00 00", "normal", &["pump.status.state=3", "pump.status.bolusing=false"]),
    (Answers, 0xCE, "515", "03 01 01", "normal, bolusing, suspended", &["pump.status.suspended=true"]),
    (Answers, 0xEC, "523", "00 AF", "175", &["pump.settings_counter=175"]),
    (Answers, 0xF0, "523", "00 15 03 68 00", "none", &["unknown=15"]),
    (Answers, 0xF0, "523", "01 01 A2 11 22 33 00", "A2112233", &["pump.other_devices.id=2719031859"]),
    (Answers, 0xF0, "523", "02 01 A2 11 22 33 00 A2 44 55 66 01", "A2112233, A2445566", &[]),
    (Answers, 0xF1, "523", "01", "on", &["pump.capture_event_enable=true"]),
    (Answers, 0xF3, "523", "01", "on", &["pump.other_devices_enable=true"]),
    (Asks, 0x31, "522", "28 00 00", "pattern B, 1 U/h", &["pump.basal_profile.rate=1"]),
    (Asks, 0x40, "523", "09 16 3B 07 E1 0C 1D", "2017-12-29 09:22:59", &["pump.clock.time=1514539379"]),
    (Asks, 0x41, "522", "40", "6.4 U", &["pump.set_max_bolus.amount=6.4"]),
    (Asks, 0x41, "523", "00 40", "6.4 U", &[]),
    (Asks, 0x42, "522", "0B", "1.1 U", &["pump.bolus.amount=1.1"]),
    (Asks, 0x42, "523", "00 2C", "1.1 U", &["pump.bolus.amount=1.1"]),
    (Asks, 0x42, "523", "01 3C", "7.9 U", &[]),
    (Asks, 0x42, "523", "01 98", "10.2 U", &[]),
    (Asks, 0x4A, "522", "01", "pattern A", &["pump.select_profile.pattern=1"]),
    (Asks, 0x4B, "511", "00 0F 02", "1.5 U/h for 60 min", &[]),
    (Asks, 0x4C, "515", "00 50 02", "2 U/h for 60 min", &["pump.set_temp_basal.rate=2", "pump.set_temp_basal.duration=60"]),
    (Asks, 0x4C, "523", "01 04 05", "6.5 U/h for 150 min", &[]),
    (Asks, 0x4C, "515", "00 00 00", "cancelled", &[]),
    (Asks, 0x4C, "515", "00 00 02", "0 U/h for 60 min", &[]),
    (Asks, 0x4D, "515", "00", "resume", &["pump.suspend.action=0"]),
    (Asks, 0x4D, "515", "01", "suspend", &[]),
    (Asks, 0x51, "522", "00 31 32 33 34 35 36", "1 is 123456", &["pump.set_remote_id.index=0", "pump.set_remote_id.id=123456"]),
    (Asks, 0x51, "522", "02 2D 2D 2D 2D 2D 2D", "3 deleted", &[]),
    (Asks, 0x57, "522", "01", "on", &["pump.set_remote_enable=true"]),
    (Asks, 0x5B, "522", "02", "ACT", &["pump.keypad.key=2"]),
    (Asks, 0x5D, "515", "01 0A", "on for 10 min", &["pump.power.on=true", "pump.power.duration=10"]),
    (Asks, 0x5D, "515", "00 00", "off", &[]),
    (Asks, 0x69, "522", "3C 01", "60 % for 30 min", &["pump.set_temp_basal.percent=60"]),
    (Asks, 0x6E, "522", "01 00", "6.4 U/h", &["pump.set_max_basal.rate=6.4"]),
    (Asks, 0x6E, "522", "00 A0", "4 U/h", &[]),
    (Asks, 0x6E, "522", "01 6C", "9.1 U/h", &[]),
    (Asks, 0x6F, "522", "28 00 00 40 01 08 28 00 2C", "standard, 3 rates from 1 to 8 U/h", &[]),
    (Asks, 0x80, "515", "00", "0 (the newest)", &["pump.history_page.back=0"]),
    (Asks, 0x80, "515", "05", "5 (before the newest)", &[]),
    (Asks, 0x9A, "522", "00 00 00 2E", "46", &["pump.sensor_page.number=46"]),
    (Asks, 0x9B, "522", "00 00 00 2E", "46", &[]),
    (Asks, 0xA0, "522", "01", "on", &[]),
    (Asks, 0xA3, "522", "02", "2", &["pump.trace_page.number=2"]),
    (Asks, 0xA8, "522", "07 DE 04 0D 07 DE 04 0E", "2014-04-13 to 2014-04-14", &["pump.filter.begin=1397347200"]),
    (Asks, 0xD5, "523", "07", "7", &["pump.sensor_page.number=7"]),
    (Asks, 0xF2, "523", "01", "on", &[]),
];

#[test]
fn rows_are_read() {
    for &(way, opcode, model, hex, sentence, values) in ROWS {
        let read = read(way, opcode, pump(model), &bytes(way, opcode, hex), false);
        assert_eq!(read.sentence, Ok(Some(sentence.into())), "{way:?} {opcode:#04x} of {model}: {hex}");
        for value in values {
            let found = read.values.iter().any(|one| one == value);
            assert!(found, "{opcode:#04x} lacks {value}: {:#?}", read.values);
        }
        assert_eq!(read.experts, [""; 0], "{way:?} {opcode:#04x} of {model}: {hex}");
    }
}

#[test]
fn every_layout_has_a_row() {
    for command in COMMANDS {
        let tried = |way| {
            ROWS.iter().filter(|row| row.0 == way).any(|row| {
                let other = Opcode(row.1).command().expect("a command");
                match way {
                    Asks => other.parameters == command.parameters,
                    Answers => other.reply == command.reply,
                }
            })
        };
        assert!(command.parameters.is_none() || tried(Asks), "no row for the parameters of {}", command.name);
        assert!(command.reply.is_none() || tried(Answers), "no row for the reply to {}", command.name);
    }
}

/// Where the model decides and is not known, the bytes decide; where they do not, a note says what is assumed.
#[test]
fn an_unknown_model_is_told_by_the_bytes_or_assumed() {
    for &(way, opcode, model, hex, sentence, _) in ROWS {
        // The state of a 511 cannot be told from that of another pump.
        if (opcode, model) == (0x83, "511") {
            continue;
        }
        let read = read(way, opcode, Pump::default(), &bytes(way, opcode, hex), false);
        assert_eq!(read.sentence, Ok(Some(sentence.into())), "{way:?} {opcode:#04x} of {model}: {hex}");
        assert_eq!(read.experts, [""; 0], "{way:?} {opcode:#04x}: {hex}");
    }
    let either = read(Answers, 0x79, Pump::default(), &bytes(Answers, 0x79, "00 00 00 02"), false);
    assert_eq!(either.sentence, Ok(Some("0 U today, 0.2 U yesterday".into())));
    assert_eq!(either.experts, ["carelink.note.model_assumed"]);
}

/// What was concluded from earlier bytes gives way to what these bytes show; what the pump has said does not.
#[test]
fn bytes_stand_above_earlier_conclusions() {
    let large = bytes(Answers, 0x73, "00 00 0C A3");
    let model = Model::parse("522").expect("a model");
    let concluded = read(Answers, 0x73, Pump::of(model, Known::ByLayout), &large, false);
    assert_eq!(concluded.sentence, Ok(Some("80.875 U left".into())));
    let told = read(Answers, 0x73, Pump::of(model, Known::Told), &large, false);
    assert_eq!(told.sentence, Ok(Some("0 U left".into())));
    assert!(told.values.iter().any(|value| value.starts_with("unknown=")), "{told:?}");
}

#[rustfmt::skip]
const ODD: &[(Way, u8, &str, &str, &str)] = &[
    (Answers, 0x70, "515", "19 28 17 07 D0 01 01", "not_a_date"),
    (Answers, 0x70, "515", "03 28 17 07 CF 01 01", "out_of_range"),
    (Answers, 0x71, "515", "31 32 33 34 35 41", "unknown_value"),
    (Answers, 0x72, "515", "03 00 91", "unknown_value"),
    (Answers, 0x73, "515", "0C 1D", "out_of_range"),
    (Answers, 0x79, "523", "FF FF FF FF", "out_of_range"),
    (Answers, 0x8B, "522", "01 80 0C", "reserved_bits"),
    (Answers, 0x8D, "522", "03 41 42 43", "unknown_value"),
    (Answers, 0x8E, "522", "18 00 FF FF FF FF FF FF FF FF FF FF FF FF FF FF", "unknown_value"),
    (Answers, 0x90, "522", "02", "unknown_value"),
    (Answers, 0x92, "522", "20 00 04 26 00 04", "out_of_range"),
    (Answers, 0x92, "522", "20 00 00 26 00 30", "out_of_range"),
    (Answers, 0x92, "522", "79 05 00", "out_of_range"),
    (Answers, 0x98, "522", "00 00 00 50 05 A1", "out_of_range"),
    (Answers, 0x9F, "522", "01 00 78 64", "out_of_range"),
    (Answers, 0xC0, "523", "00 04 01 05 01 00 8C 00 50 00 00 00 00 00 01 64 01 04 00 14 00 65 01 01 00", "unknown_value"),
    (Asks,    0x42, "522", "00 2C", "size_mismatch"),
    (Asks,    0x42, "523", "0B", "size_mismatch"),
    (Asks,    0x4C, "522", "05 79 02", "out_of_range"),
    (Asks,    0x4C, "522", "00 50 31", "out_of_range"),
    (Asks,    0x4D, "522", "02", "unknown_value"),
    (Asks,    0x4D, "522", "01 00", "too_long"),
    (Asks,    0x51, "522", "03 31 32 33 34 35 36", "out_of_range"),
    (Asks,    0x80, "522", "24", "out_of_range"),
];

#[test]
fn oddities_are_noted() {
    for &(way, opcode, model, hex, expert) in ODD {
        let read = read(way, opcode, pump(model), &bytes(way, opcode, hex), false);
        assert_eq!(read.experts, [format!("carelink.note.{expert}")], "{way:?} {opcode:#04x}: {hex}");
    }
}

/// Where an entry ends is told by the next one; bytes that end before it leave that open.
#[test]
fn an_end_that_is_not_told_is_not_made_up() {
    let cut = &bytes(Answers, 0x92, "30 00 00 24 00 04 28 00 0E")[..6];
    let backwards = bytes(Answers, 0x92, "30 00 00 24 00 04 28 00 02");
    for profile in [cut, &backwards] {
        let read = read(Answers, 0x92, pump("515"), profile, true);
        let end = |value: &&String| value.starts_with("pump.basal_profile.end=");
        assert_eq!(read.values.iter().filter(end).collect::<Vec<_>>(), ["pump.basal_profile.end=120"]);
    }
}

fn pumps() -> [Pump; 6] {
    ["", "511", "512", "522", "523", "7100"].map(pump)
}

/// Each byte is claimed by one leaf, or none is read; and if the bytes end too early, the error says so.
fn assert_claimed(way: Way, opcode: u8, pump: Pump, bytes: &[u8], cut: bool) {
    let mut outline = Outline::default();
    let sentence = sentence(way, opcode, &mut Cursor::new(bytes, 0, cut, &mut outline), pump);
    let mut claims = vec![0; bytes.len()];
    for node in outline.nodes().iter().filter(|node| node.role == Role::Wire as u8) {
        let span = node.start as usize..(node.start + node.len) as usize;
        claims[span].iter_mut().for_each(|claim| *claim += 1);
    }
    let expected = i32::from(sentence != Ok(None));
    assert!(
        claims.iter().all(|claim| *claim == expected),
        "{way:?} {opcode:#04x} {pump:?} {bytes:02x?}: {claims:?}"
    );
    if let Err(stop) = sentence {
        assert_eq!(stop.cut, cut);
        assert!(stop.at as usize <= bytes.len());
    }
}

#[test]
fn every_prefix_is_read() {
    for &(way, opcode, _, hex, _, _) in ROWS {
        let bytes = bytes(way, opcode, hex);
        for pump in pumps() {
            for len in 0..=bytes.len() {
                assert_claimed(way, opcode, pump, &bytes[..len], false);
                assert_claimed(way, opcode, pump, &bytes[..len], true);
            }
        }
    }
}

#[test]
fn every_changed_byte_is_read() {
    for &(way, opcode, _, hex, _, _) in ROWS {
        let good = bytes(way, opcode, hex);
        for at in 0..good.len().min(40) {
            for value in [0x00, 0x01, 0x02, 0x0F, 0x2F, 0x30, 0x3F, 0x40, 0x7F, 0x80, 0xFF] {
                let mut bytes = good.clone();
                bytes[at] = value;
                for pump in pumps() {
                    assert_claimed(way, opcode, pump, &bytes, false);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read(
        opcode: u8,
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        cut: bool,
        of in 0usize..6,
    ) {
        for way in [Asks, Answers] {
            assert_claimed(way, opcode, pumps()[of], &bytes, cut);
            let seen = read(way, opcode, pumps()[of], &bytes, cut).sentence;
            let unseen = sentence(way, opcode, &mut Cursor::new(&bytes, 0, cut, &mut ()), pumps()[of]);
            prop_assert_eq!(unseen, seen, "the same is read when nobody looks");
        }
    }
}

#[test]
fn nouns_come_before_sentences() {
    let read = reply(Opcode(0x72), &mut Cursor::new(&[0, 0, 0x91], 0, false, &mut ()), Pump::default());
    assert_eq!(read.map(|read| read.map(|read| read.to_string())), Ok(Some("battery normal, 1.45 V".into())));
    let asked = parameters(Opcode(0x4C), &mut Cursor::new(&[0, 0x50, 2], 0, false, &mut ()), Pump::default());
    let sentence = "temporary basal 2 U/h for 60 min";
    assert_eq!(asked.map(|asked| asked.map(|asked| asked.to_string())), Ok(Some(sentence.into())));
}

#[test]
fn fields_are_well_named() {
    let mut names: Vec<_> = registry::fields().map(|def| def.name).collect();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._".contains(&byte);
    for name in &names {
        assert!(name.starts_with("carelink.") && name.bytes().all(plain), "{name}");
    }
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "a name stands for one field");
}
