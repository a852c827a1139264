// SPDX-License-Identifier: GPL-2.0-or-later
//! In: real and invented history pages. Out: every byte claimed once, records and events as others read them.

mod shared;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use carelink_core::history::alarm::Alarm;
use carelink_core::history::basal::{self, BasalPattern, BasalRate, TempBasal};
use carelink_core::history::bolus::{Bolus, BolusType, Prime, PrimeType, Unabsorbed};
use carelink_core::history::events::events;
use carelink_core::history::fit::{Fit, fitting};
use carelink_core::history::glucose::MeterGlucose;
use carelink_core::history::layout::Layout;
use carelink_core::history::merge::{PageRecords, merge};
use carelink_core::history::page::Page;
use carelink_core::history::settings::BolusReminder;
use carelink_core::history::stamp::Requestor;
use carelink_core::history::wizard::Estimate;
use carelink_core::history::{self, Body, Record};
use carelink_core::pump::model::{Known, Model, Pump};
use carelink_core::pump::profile::Pattern;
use carelink_core::tree::checksum::CrcStatus;
use carelink_core::tree::cursor::Cursor;
use carelink_core::tree::expert::EXPERTS;
use carelink_core::tree::opaque::UNKNOWN;
use carelink_core::tree::outline::Outline;
use carelink_core::units::clock::PumpTime;
use carelink_core::units::quantities::{
    CarbRatio, CarbUnit, Carbs, Glucose, GlucoseUnit, Insulin, Minutes, Rate, TimeOfDay,
};
use carelink_core::vendor::Event;
use carelink_samples::emit::history::{self as emit, Spare, entry};
use carelink_samples::emit::page as seal;
use proptest::prelude::*;
use std::fs;

fn pump(model: &str) -> Pump {
    Pump::of(Model::parse(model).unwrap(), Known::Told)
}

/// Reads a page twice, with a tree and without; both must tell the same, and the tree must claim each byte once.
fn read(bytes: &[u8], pump: Pump) -> (Page, Vec<Record>) {
    let (mut outline, mut records, mut silent) = (Outline::default(), Vec::new(), Vec::new());
    let page = history::page::page(&mut Cursor::new(bytes, 0, false, &mut outline), pump, &mut records);
    let again = history::page::page(&mut Cursor::new(bytes, 0, false, &mut ()), pump, &mut silent);
    assert_eq!(outline.misclaimed(0, bytes.len()), None, "a byte is not claimed once");
    assert_eq!((page, &records), (again, &silent));
    (page, records)
}

/// The bytes of a page that other programs keep as hexadecimal text, without its check value.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks_exact(2).map(pair).collect()
}

/// The records of a list by another decoder, in the order of the list.
fn by_others(text: &str) -> Vec<Vec<u8>> {
    let list: serde_json::Value = serde_json::from_str(text).unwrap();
    let data = |record: &serde_json::Value| BASE64_STANDARD.decode(record["Data"].as_str().unwrap()).unwrap();
    list.as_array().unwrap().iter().map(data).collect()
}

fn layout(model: &str) -> Layout {
    Model::parse(model).unwrap().row().layout.unwrap().value
}

#[test]
fn another_decoder_finds_the_same_records() {
    let Some(folder) = carelink_recordings::path("history-vectors") else { return };
    let mut pages = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let model = name.split('-').find(|part| part.starts_with('5')).unwrap();
        if path.extension().is_some_and(|extension| extension == "json")
            && !path.with_extension("data").exists()
        {
            for record in by_others(&fs::read_to_string(&path).unwrap()) {
                assert_eq!(layout(model).length(&record), Some(record.len()), "{name}: {record:02x?}");
            }
        }
        if path.extension().is_some_and(|extension| extension == "data") {
            let bytes = hex(&fs::read_to_string(&path).unwrap());
            let mut expected = by_others(&fs::read_to_string(path.with_extension("json")).unwrap());
            expected.reverse();
            // The page must be read alike if its model is not told.
            for pump in [pump(model), Pump::default()] {
                let (page, records) = read(&bytes, pump);
                let found: Vec<_> = records
                    .iter()
                    .map(|record| bytes[record.offset.into()..][..record.len.into()].to_vec())
                    .collect();
                assert_eq!(found, expected, "{name}");
                assert!(page.complete, "{name}");
            }
            pages += 1;
        }
    }
    assert_eq!(pages, 11);
}

/// The records of real pages tell how they are to be read: no page of a small pump fits a large one, or the other way round.
#[test]
fn records_tell_the_layouts_that_they_fit() {
    let Some(folder) = carelink_recordings::path("history-vectors") else { return };
    let mut pages: Vec<(Layout, Vec<u8>)> = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let model = path.file_stem().unwrap().to_str().unwrap().split('-').find(|part| part.starts_with('5'));
        if path.extension().is_some_and(|extension| extension == "data") {
            pages.push((layout(model.unwrap()), hex(&fs::read_to_string(&path).unwrap())));
        }
    }
    let kept = [("pages/578398", "522"), ("pages/fall-2013", "522"), ("pages/veo-554", "554")];
    for (name, model) in kept {
        let files = shared::files(name, "ReadHistoryData", "page-").unwrap_or_default();
        assert_eq!(
            Fit::of(&files.iter().map(|(_, page)| page.as_slice()).collect::<Vec<_>>()).layouts,
            [layout(model)]
        );
        pages.extend(files.into_iter().map(|(_, page)| (layout(model), page)));
    }
    for (right, page) in &pages {
        let fits: Vec<_> = fitting(page).collect();
        assert!(
            fits.contains(right) && fits.iter().all(|fit| fit.large() == right.large()),
            "{right:?}: {fits:?}"
        );
    }
    println!("{} pages fit", pages.len());
    assert_eq!(pages.len(), 11 + 11 + 36 + 8);
}

/// A pump that is said to be another is believed, and the tree says what its records fit.
#[test]
fn records_of_another_model_are_told() {
    let mut page = [0; 1022];
    let setup = [0x50, 0, 0x80, 0x40, 0x0A, 0x05, 0x10];
    page[..7].copy_from_slice(&setup);
    page[41..48].copy_from_slice(&[0x21, 0, 0x80, 0x40, 0x0B, 0x05, 0x10]);
    let noted = |model: &str| {
        let mut outline = Outline::default();
        history::page::page(&mut Cursor::new(&page, 0, false, &mut outline), pump(model), &mut Vec::new());
        let told = outline
            .experts()
            .iter()
            .any(|expert| EXPERTS[expert.expert as usize].name == "carelink.note.other_model");
        (told, outline.texts().contains("they fit a 551 or 554"))
    };
    assert_eq!(noted("554"), (false, false));
    assert_eq!([noted("522"), noted("523")], [(true, true); 2]);
}

/// Pages of the sensor, damaged pages and empty ones tell nothing.
#[test]
fn what_tells_no_layout_is_told_as_such() {
    let files = shared::files("pages/2014-05-01", "ReadGlucoseHistory", "pg-").unwrap_or_default();
    assert!(files.iter().all(|(_, page)| fitting(page).next().is_none()));
    assert_eq!(fitting(&[0; 1024]).count(), Layout::COUNT);
    assert_eq!(Fit::of(&[&[0; 1024]]).pump, None);
    // Seven bytes that all pumps read alike say nothing of the model, and need not.
    let page = |record: &[u8]| {
        let mut page = [0; 1022];
        page[..record.len()].copy_from_slice(record);
        page
    };
    let rewind = page(&[0x21, 0, 0x80, 0x40, 0x0A, 0x05, 0x10]);
    assert!(Fit::of(&[&rewind]).pump.is_some());
    // The same bytes are 2.5 U on a small pump.
    let max_bolus = page(&[0x24, 0x19, 0x80, 0x40, 0x0A, 0x05, 0x10]);
    let fit = Fit::of(&[&max_bolus]);
    assert_eq!((fit.layouts.len(), fit.pump), (Layout::COUNT, None), "how it is to be read is open");
}

/// Pages with their numbers, the newest first.
type Numbered = Vec<(u32, Vec<u8>)>;

/// Pages of a folder, and the events in them.
fn folder(name: &str, pump: Pump) -> Option<(Numbered, Vec<Event>)> {
    let pages = shared::files(name, "ReadHistoryData", "page-")?;
    let mut read_pages = Vec::new();
    for (number, bytes) in &pages {
        let (page, records) = read(bytes, pump);
        assert!(page.complete, "page {number}");
        let whole = bytes.len() == history::page::SIZE;
        assert_eq!(page.crc, if whole { CrcStatus::Good } else { CrcStatus::NotPresent }, "page {number}");
        read_pages.push(PageRecords { number: Some(*number), records, complete: whole });
    }
    Some((pages, merge(read_pages).iter().flat_map(|run| events(run)).collect()))
}

/// Events that a history page has no bytes of: settings at the time of an upload, and those of sensor pages.
fn elsewhere(kind: &str) -> bool {
    kind.starts_with("Current")
        || kind.starts_with("Sensor")
        || kind.starts_with("Glucose")
        || kind.ends_with("GH")
}

#[test]
fn a_522_agrees_with_the_vendor() {
    let Some((pages, events)) = folder("pages/578398", pump("522")) else { return };
    let Some(official) = shared::export("exports/578398.tsv", "Paradigm 522") else { return };
    assert_eq!(pages.len(), 11);
    let official: Vec<_> = official.iter().filter(|(_, kind, _)| !elsewhere(kind)).collect();
    let (exact, missing) = shared::compare(&events, &official);
    assert_eq!((exact, missing), (1290, vec![]));
}

#[test]
fn another_522_agrees_where_its_pages_are_whole() {
    let Some((pages, events)) = folder("pages/fall-2013", pump("522")) else { return };
    let Some(official) = shared::export("exports/fall-2013.tsv", "522") else { return };
    assert_eq!(pages.iter().filter(|(_, bytes)| bytes.len() == history::page::SIZE).count(), 32);
    let last = events.iter().map(|event| event.time.to_string()).max().unwrap();
    // Four pages are cut off; what the pump stored from here to there is lost with them.
    let lost = "2013-07-17T12:13:27".to_owned().."2013-07-23T00:00:00".to_owned();
    let held =
        |(time, kind, _): &&shared::Official| !elsewhere(kind) && !lost.contains(time) && *time <= last;
    let official: Vec<_> = official.iter().filter(held).collect();
    let (exact, missing) = shared::compare(&events, &official);
    let missing: Vec<_> = missing.iter().map(|(time, kind, _)| (time.as_str(), kind.as_str())).collect();
    // The total of the day on which the loss begins is lost too: it is stored at the end of the day.
    assert_eq!((exact, missing), (924, vec![("2013-07-17T00:00:00", "ResultDailyTotal")]));
}

#[test]
fn pages_decide_for_a_model_that_is_not_told() {
    let Some(pages) = shared::files("pages/578398", "ReadHistoryData", "page-") else { return };
    for (number, bytes) in pages {
        let (told, records) = read(&bytes, pump("522"));
        let (page, assumed) = read(&bytes, Pump::default());
        assert_eq!((page.layout, page.assumed, told.assumed), (Layout::Small, true, false), "page {number}");
        assert_eq!(records, assumed, "page {number}");
    }
}

const AT: PumpTime = PumpTime::new(2026, 11, 28, 23, 58, 57);

/// The bytes of records of a 522, or of a 723.
fn emitted(records: &[Record], large: bool) -> Vec<u8> {
    let layout = if large { Layout::Large } else { Layout::Small };
    records.iter().flat_map(|record| emit::record(record, layout).unwrap()).collect()
}

fn mg_dl(count: u16) -> Glucose {
    Glucose { count, unit: GlucoseUnit::MgDl }
}

/// Blood glucose that a linked meter sent, as the pump takes it, and as it came.
fn linked(amount: Glucose, time: PumpTime) -> Record {
    Record { requestor: Some(Requestor::Link), ..entry(0x0A, time, Body::Glucose(amount)) }
}

fn received(amount: Glucose, meter: u32, time: PumpTime) -> Record {
    let body = Body::MeterGlucose(MeterGlucose { amount, meter });
    Record { requestor: Some(Requestor::Link), ..entry(0x3F, time, body) }
}

/// A page of invented records: a bolus with its estimate, a temporary rate, glucose, an alarm, a pattern, a day.
fn invented(large: bool) -> [u8; 1024] {
    let insulin = |count: i32| if large { Insulin::fortieths(count) } else { Insulin::tenths(count) };
    let bolus = Bolus {
        kind: BolusType::DualSquare,
        programmed: insulin(45),
        amount: insulin(40),
        active: large.then(|| insulin(12)),
        duration: Minutes(90),
    };
    let wizard = Estimate {
        bg: mg_dl(300),
        carbs: Carbs { count: 260, unit: CarbUnit::Grams },
        ratio: CarbRatio { thousandths: if large { 1_000 } else { 10_000 }, unit: CarbUnit::Grams },
        sensitivity: mg_dl(300),
        target: [mg_dl(90), mg_dl(120)],
        correction: insulin(-3),
        food: insulin(45),
        active: insulin(8),
        estimate: insulin(42),
    };
    let active = Unabsorbed { amount: Insulin::fortieths(0x123), age: Minutes(0x234), curve: 5 };
    let prime = Prime { programmed: Insulin(0), amount: Insulin::tenths(120), kind: PrimeType::Manual };
    let rates = [(0, 36), (16, 300)]
        .map(|(start, rate)| BasalRate { start: TimeOfDay::half_hours(start), rate: Rate::fortieths(rate) });
    let pattern = BasalPattern { pattern: Pattern::A, rates: rates.into_iter().collect() };
    let records = [
        entry(0x5B, AT, Body::Estimate(wizard)),
        entry(0x5C, None, Body::Unabsorbed([active].into_iter().collect())),
        Record { requestor: Some(Requestor::Radio), ..entry(0x01, AT, Body::Bolus(bolus)) },
        entry(0x33, AT, Body::TempBasal(TempBasal::Rate(Rate::fortieths(60)))),
        entry(0x16, AT, Body::TempDuration(Minutes(60))),
        entry(0x33, AT, Body::TempBasal(TempBasal::Percent(125))),
        entry(0x16, AT, Body::TempDuration(Minutes(30))),
        linked(mg_dl(300), AT),
        received(mg_dl(300), 0x00AB_CDEF, AT),
        entry(0x03, AT, Body::Prime(prime)),
        entry(0x06, AT, Body::Alarm(Alarm { code: 4.into(), module: 18, line: 3071 })),
        entry(0x09, AT, Body::BasalPattern(pattern.into())),
    ];
    seal::page(&emitted(&records, large)).unwrap()
}

fn rows(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| format!("{} {} {event}", event.time, event.kind)).collect()
}

#[test]
fn invented_records_make_the_vendors_events() {
    let (page, records) = read(&invented(false), pump("522"));
    assert_eq!((page.complete, page.crc, page.records), (true, CrcStatus::Good, 12));
    #[rustfmt::skip]
    let expected = [
        "BolusWizardBolusEstimate BG_INPUT=300, BG_UNITS=mg dl, CARB_INPUT=260, CARB_UNITS=grams, CARB_RATIO=10, INSULIN_SENSITIVITY=300, BG_TARGET_LOW=90, BG_TARGET_HIGH=120, BOLUS_ESTIMATE=4.2, CORRECTION_ESTIMATE=-0.3, FOOD_ESTIMATE=4.5, UNABSORBED_INSULIN_TOTAL=0.8, UNABSORBED_INSULIN_COUNT=1, ACTION_REQUESTOR=pump",
        "UnabsorbedInsulin INDEX=0, AMOUNT=7.275, RECORD_AGE=564, INSULIN_TYPE=null, INSULIN_ACTION_CURVE=300",
        "BolusSquare AMOUNT=4, CONCENTRATION=null, PROGRAMMED_AMOUNT=4.5, ACTION_REQUESTOR=rf_diagnostic, DURATION=5400000, IS_DUAL_COMPONENT=true, UNABSORBED_INSULIN_TOTAL=null",
        "ChangeTempBasal RATE=1.5, DURATION=3600000, ACTION_REQUESTOR=pump",
        "ChangeTempBasalPercent PERCENT_OF_RATE=125, DURATION=1800000, ACTION_REQUESTOR=pump",
        "CalBGForPH AMOUNT=300, ACTION_REQUESTOR=paradigm link or b key",
        "BGReceived AMOUNT=300, ACTION_REQUESTOR=paradigm link or b key, PARADIGM_LINK_ID=ABCDEF",
        "Prime AMOUNT=12, CONCENTRATION=null, PROGRAMMED_AMOUNT=0, PRIME_TYPE=manual, ACTION_REQUESTOR=pump",
        "AlarmPump RAW_TYPE=4, RAW_MODULE=18, LINE_NUM=3071",
        "ChangeBasalProfile PROFILE_INDEX=0, RATE=0.9, START_TIME=0",
        "ChangeBasalProfile PROFILE_INDEX=1, RATE=7.5, START_TIME=28800000",
        "ChangeBasalProfilePattern PATTERN_NAME=pattern a, NUM_PROFILES=2, ACTION_REQUESTOR=pump",
    ].map(|row| format!("2026-11-28T23:58:57 {row}"));
    assert_eq!(rows(&events(&records)), expected);
}

#[test]
fn large_records_count_fortieths() {
    let (page, records) = read(&invented(true), pump("723"));
    assert_eq!((page.complete, page.records), (true, 12));
    let events = rows(&events(&records));
    let values = |n: usize| events[n].split_once(' ').unwrap().1;
    #[rustfmt::skip]
    assert_eq!([values(0), values(2)], [
        "BolusWizardBolusEstimate BG_INPUT=300, BG_UNITS=mg dl, CARB_INPUT=260, CARB_UNITS=grams, CARB_RATIO=1, INSULIN_SENSITIVITY=300, BG_TARGET_LOW=90, BG_TARGET_HIGH=120, BOLUS_ESTIMATE=1.05, CORRECTION_ESTIMATE=-0.075, FOOD_ESTIMATE=1.125, UNABSORBED_INSULIN_TOTAL=0.2, UNABSORBED_INSULIN_COUNT=1, ACTION_REQUESTOR=pump",
        "BolusSquare AMOUNT=1, CONCENTRATION=null, PROGRAMMED_AMOUNT=1.125, ACTION_REQUESTOR=rf_diagnostic, DURATION=5400000, IS_DUAL_COMPONENT=true, UNABSORBED_INSULIN_TOTAL=0.3",
    ]);
    // The page itself tells which of the two layouts it has.
    let (page, assumed) = read(&invented(true), Pump::default());
    assert_eq!((page.assumed, page.layout.large(), assumed), (true, true, records));
}

/// Puts bytes at their places in a record of `len` bytes that is zero elsewhere.
fn laid_out(len: usize, parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut record = vec![0; len];
    for (at, bytes) in parts {
        record[*at..at + bytes.len()].copy_from_slice(bytes);
    }
    record
}

fn events_of(records: &[u8], model: &str) -> Vec<String> {
    let (page, records) = read(&seal::page(records).unwrap(), pump(model));
    assert!(page.complete);
    rows(&events(&records)).iter().map(|row| row.split_once(' ').unwrap().1.to_owned()).collect()
}

#[test]
fn setups_of_the_bolus_wizard_have_three_layouts() {
    let stamp = emit::stamp(AT, Spare::default()).unwrap();
    // Units and counts, then ratios, sensitivities and targets: nothing before, two of each after.
    #[rustfmt::skip]
    let large = laid_out(144, &[
        (0,  &[0x5A, 0b1110]), (2, &stamp), (7, &[0x05, 0x00]),
        (75, &[0x25, 0x22]),
        (77, &[0, 0, 95, 20, 0, 120]), (103, &[0, 45, 1 << 6 | 16, 4]), (119, &[0, 90, 110, 16, 100, 130]),
        (143, &[0x3F]),
    ]);
    #[rustfmt::skip]
    let small = laid_out(124, &[
        (0,  &[0x5A, 0b1110]), (2, &stamp), (7, &[0x05, 0x00]),
        (65, &[0x25, 0x22]),
        (67, &[0, 9, 20, 12]), (83, &[0, 45, 1 << 6 | 16, 4]), (99, &[0, 90, 110, 16, 100, 130]),
        (123, &[0x3F]),
    ]);
    #[rustfmt::skip]
    let oldest = laid_out(107, &[
        (0,  &[0x2E, 0b1110]), (2, &stamp), (7, &[0x05, 0x00]),
        (57, &[0x25, 0x22]),
        (59, &[0, 9, 20, 12]), (75, &[0, 45, 1 << 6 | 16, 4]), (91, &[0, 90, 16, 100]),
    ]);
    let expected = |first: &str, high: [&str; 2], curve: &str| {
        [
            format!("ChangeBolusWizardSetupConfig IS_SETUP_COMPLETE=true, IS_BOLUS_WIZARD_ENABLED=true, CARB_UNITS=grams, BG_UNITS=mg dl, INSULIN_ACTION_CURVE={curve}"),
            "ChangeCarbRatioPattern SIZE=2".into(),
            format!("ChangeCarbRatio INDEX=0, AMOUNT={first}, UNITS=grams, START_TIME=0"),
            "ChangeCarbRatio INDEX=1, AMOUNT=12, UNITS=grams, START_TIME=36000000".into(),
            "ChangeInsulinSensitivityPattern ORIGINAL_UNITS=mg dl, SIZE=2".into(),
            "ChangeInsulinSensitivity INDEX=0, AMOUNT=45, START_TIME=0".into(),
            "ChangeInsulinSensitivity INDEX=1, AMOUNT=260, START_TIME=28800000".into(),
            "ChangeBGTargetRangePattern ORIGINAL_UNITS=mg dl, SIZE=2".into(),
            format!("ChangeBGTargetRange INDEX=0, AMOUNT_LOW=90, AMOUNT_HIGH={}, START_TIME=0", high[0]),
            format!("ChangeBGTargetRange INDEX=1, AMOUNT_LOW=100, AMOUNT_HIGH={}, START_TIME=28800000", high[1]),
            "ChangeBolusWizardSetupConfig IS_SETUP_COMPLETE=false, IS_BOLUS_WIZARD_ENABLED=true, CARB_UNITS=grams, BG_UNITS=mg dl, INSULIN_ACTION_CURVE=0".into(),
            "ChangeCarbRatioPattern SIZE=0".into(),
            "ChangeInsulinSensitivityPattern ORIGINAL_UNITS=mg dl, SIZE=0".into(),
            "ChangeBGTargetRangePattern ORIGINAL_UNITS=mg dl, SIZE=0".into(),
            "ChangeBolusWizardSetup ACTION_REQUESTOR=pump".into(),
        ]
    };
    assert_eq!(events_of(&large, "554"), expected("9.5", ["110", "130"], "180"));
    assert_eq!(events_of(&small, "715"), expected("9", ["110", "130"], "180"));
    assert_eq!(events_of(&oldest, "512"), expected("9", ["90", "100"], "0"));
}

/// A pattern that was never set has no rate, and an entry that ends it, as in the replies to Read Basal Profile.
#[test]
fn a_pattern_that_was_never_set_ends_with_a_mark() {
    let stamp = emit::stamp(AT, Spare { hour: 1, ..Spare::default() }).unwrap();
    let record = laid_out(152, &[(0, &[0x08, 0]), (2, &stamp), (7, &[0x3F, 0, 0])]);
    let page = seal::page(&record).unwrap();
    let mut outline = Outline::default();
    history::page::page(&mut Cursor::new(&page, 0, false, &mut outline), pump("515"), &mut Vec::new());
    let leaf = outline.nodes().iter().find(|node| node.field == basal::MARK.id()).unwrap();
    assert_eq!((leaf.start, leaf.len), (7, 3));
    assert!(outline.nodes().iter().all(|node| node.field != UNKNOWN.id()));
}

#[test]
fn setups_of_the_sensor_have_three_layouts() {
    let stamp = emit::stamp(AT, Spare::default()).unwrap();
    #[rustfmt::skip]
    let limits = laid_out(39, &[
        (0, &[0x4F, 0]), (2, &stamp),
        (7,  &[0x20, 0x00, 0, 220, 75, 0x28, 25, 0, 90, 15, 0, 35, 45, 0xFF, 0xFF, 0xFF]),
        (23, &[0x21, 0x51, 0, 240, 80, 0x28, 30, 1, 44, 20, 0, 40, 50, 0x01, 0xE2, 0x40]),
    ]);
    let config = [0x21, 0x01, 30, 1, 44, 20, 0, 40, 50, 0x01, 0xE2, 0x40, 190, 65, 0x80];
    let areas = laid_out(37, &[(0, &[0x50, 0]), (2, &stamp), (7, &config), (22, &config)]);
    let suspend = [0x80, 60];
    #[rustfmt::skip]
    let latest = laid_out(41, &[(0, &[0x50, 0]), (2, &stamp), (7, &config), (22, &suspend), (24, &config), (39, &suspend)]);

    let new = "IS_SENSOR_ENABLED=true, BG_UNITS=mg dl, HIGH_GLUCOSE_ALARM_ENABLE=true, HIGH_GLUCOSE_LIMIT=240, HIGH_GLUCOSE_SNOOZE_TIME=18000000, LOW_GLUCOSE_ALARM_ENABLE=true, LOW_GLUCOSE_LIMIT=80, LOW_GLUCOSE_SNOOZE_TIME=1200000, CAL_REMINDER_ENABLE=true, CAL_REMINDER_TIME=3000000, ALARM_SNOOZE_TIME=2400000, MISSED_DATA_TIME=1800000, TRANSMITTER_ID=123456";
    let old = "IS_SENSOR_ENABLED=false, BG_UNITS=mg dl, HIGH_GLUCOSE_ALARM_ENABLE=false, HIGH_GLUCOSE_LIMIT=220, HIGH_GLUCOSE_SNOOZE_TIME=5400000, LOW_GLUCOSE_ALARM_ENABLE=false, LOW_GLUCOSE_LIMIT=75, LOW_GLUCOSE_SNOOZE_TIME=900000, CAL_REMINDER_ENABLE=false, CAL_REMINDER_TIME=2700000, ALARM_SNOOZE_TIME=2100000, MISSED_DATA_TIME=1500000, TRANSMITTER_ID=-------";
    #[rustfmt::skip]
    assert_eq!(events_of(&limits, "722"), [
        format!("ChangeSensorSetupConfig {new}"),
        format!("ChangeSensorSetupConfig {old}"),
        "ChangeSensorSetup ACTION_REQUESTOR=pump".into(),
    ]);
    let both = "IS_SENSOR_ENABLED=true, BG_UNITS=mg dl, HIGH_AREA_UNDER_CURVE=190, HIGH_GLUCOSE_SNOOZE_TIME=18000000, LOW_AREA_UNDER_CURVE=65, LOW_GLUCOSE_SNOOZE_TIME=1200000, CAL_REMINDER_ENABLE=true, CAL_REMINDER_TIME=3000000, ALARM_SNOOZE_TIME=2400000, MISSED_DATA_TIME=1800000, IS_AUTO_CAL_ENABLE=true";
    let event = |more| format!("ChangeSensorSetupConfig2 {both}{more}, TRANSMITTER_ID=123456");
    assert_eq!(events_of(&areas, "723")[..2], [event(""), event("")]);
    let more = ", IS_LOW_SUSPEND_ENABLE=true, LOW_SUSPEND_LIMIT=60";
    assert_eq!(events_of(&latest, "551")[..2], [event(more), event(more)]);
}

#[test]
fn settings_share_bits_with_the_stamp() {
    let plain = |opcode, value, hour| {
        let stamp = emit::stamp(AT, Spare { hour, ..Spare::default() }).unwrap();
        [&[opcode, value][..], &stamp].concat()
    };
    let rows = |records: &[Vec<u8>], model| events_of(&records.concat(), model);
    #[rustfmt::skip]
    assert_eq!(rows(&[
        plain(0x14, 1, 2), plain(0x2C, 0x10, 1), plain(0x24, 125, 0), plain(0x65, 9 << 2, 0), plain(0x65, 5 << 2 | 1, 0),
        plain(0x63, 3, 0), plain(0x5F, 2 << 1 | 1, 0), plain(0x0C, 62, 0), plain(0x17, 0, 0), plain(0x18, 0, 0),
    ], "522"), [
        "ChangeActiveBasalProfilePattern PATTERN_NAME=pattern b, OLD_PATTERN_NAME=pattern a, ACTION_REQUESTOR=pump",
        "ChangeMaxBasal RATE=6.8, ACTION_REQUESTOR=pump",
        "ChangeMaxBolus AMOUNT=12.5, ACTION_REQUESTOR=pump",
        "ChangeReservoirWarningInsulin AMOUNT=9, ACTION_REQUESTOR=pump",
        "ChangeReservoirWarningTime AMOUNT=9000000, ACTION_REQUESTOR=pump",
        "ChangeBeepVolume LEVEL=high",
        "ChangeAlarmNotifyMode MODE=audio, ACTION_REQUESTOR=pump",
        "ChangeAudioBolusStepSize AMOUNT=0.1, ACTION_REQUESTOR=pump",
        "ChangeAudioBolusEnable ENABLE=true, ACTION_REQUESTOR=pump",
        "ClearAlarm ALARM_TYPE=62, ACTION_REQUESTOR=pump",
        "ChangeTime NEW_TIME=1795910337000, ACTION_REQUESTOR=pump",
    ]);
    // The two lowest bits lie above the year: (12 << 5 | 5 << 2 | 3) / 40 U.
    let mut max_bolus = plain(0x24, 12, 5);
    max_bolus[6] |= 0b11_000000;
    assert_eq!(rows(&[max_bolus], "754"), ["ChangeMaxBolus AMOUNT=10.175, ACTION_REQUESTOR=pump"]);
}

#[test]
fn nothing_is_read_behind_an_unknown_record() {
    let first = emitted(&[entry(0x21, AT, Body::Plain(0))], false);
    let page = seal::page(&[&first[..], &[0xEE], &first].concat()).unwrap();
    let (page, records) = read(&page, pump("522"));
    assert_eq!((page.complete, page.crc, records.len()), (false, CrcStatus::Good, 1));
}

#[test]
fn a_page_may_end_anywhere() {
    let page = invented(false);
    for end in 0..=page.len() {
        let (cut, records) = read(&page[..end], pump("522"));
        let whole: Vec<_> = read(&page, pump("522")).1;
        assert!(cut.complete && whole.starts_with(&records), "{end} bytes");
    }
}

#[test]
fn overlapping_downloads_are_told_once() {
    let newer = read(&invented(false), pump("522")).1;
    let older = newer[..5].to_vec();
    let before = vec![Record { opcode: 0x21, ..older[0].clone() }];
    let page =
        |number, records: &Vec<Record>| PageRecords { number, records: records.clone(), complete: true };
    let all = vec![[before.clone(), newer.clone()].concat()];
    let numbered = vec![page(Some(0), &newer), page(Some(0), &older), page(Some(1), &before)];
    assert_eq!(merge(numbered), all);
    let repeated =
        vec![page(Some(0), &newer), page(Some(1), &before), page(Some(1), &before), page(Some(0), &newer)];
    assert_eq!(merge(repeated), all);
}

#[test]
fn what_lies_on_both_sides_of_a_gap_does_not_belong_together() {
    let all = read(&invented(false), pump("522")).1;
    let at = all.iter().position(|record| matches!(record.body, Body::Estimate(_))).unwrap();
    assert!(matches!(all[at + 1].body, Body::Unabsorbed(_)));
    let counts = |older: u32, complete| {
        let page = |number, records: &[Record]| PageRecords {
            number: Some(number),
            records: records.to_vec(),
            complete,
        };
        let runs = merge(vec![page(older, &all[..=at]), page(0, &all[at + 1..])]);
        let all: Vec<_> = runs.iter().flat_map(|run| events(run)).map(|event| event.to_string()).collect();
        let active =
            all.iter().filter(|event| event.contains("ACTION_CURVE") || event.contains("INDEX")).count();
        let told = all
            .iter()
            .find_map(|event| event.split_once("UNABSORBED_INSULIN_COUNT=").map(|(_, rest)| rest.to_owned()));
        (runs.len(), told.unwrap().split(',').next().unwrap().to_owned(), active)
    };
    let (runs, told, active) = counts(1, true);
    assert_eq!((runs, told.as_str()), (1, "1"));
    for (older, complete) in [(2, true), (1, false)] {
        let (runs, told, fewer) = counts(older, complete);
        assert_eq!((runs, told.as_str()), (2, "null"));
        assert!(fewer < active, "insulin without its estimate has no time");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_claimed_once(
        bytes in proptest::collection::vec(any::<u8>(), 0..1400),
        model in proptest::option::of(proptest::sample::select(vec!["512", "515", "522", "723", "554"])),
    ) {
        read(&bytes, model.map(pump).unwrap_or_default());
    }

    #[test]
    fn any_change_of_a_byte_is_survived(at in 0_usize..1024, value: u8, large: bool, told: bool) {
        let mut page = invented(large);
        page[at] = value;
        let (_, records) = read(&page, if told { pump(if large { "723" } else { "522" }) } else { Pump::default() });
        let _ = events(&records);
    }
}

#[test]
fn any_change_of_a_byte_of_a_real_page_is_survived() {
    let Some(pages) = shared::files("pages/578398", "ReadHistoryData", "page-") else { return };
    for (number, bytes) in pages {
        for (at, flip) in (0..bytes.len()).step_by(7).zip((1..=255).cycle()) {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            let pump = if at % 2 == 0 { pump("522") } else { Pump::default() };
            let (page, records) = read(&changed, pump);
            assert_eq!(page.crc, CrcStatus::Bad, "page {number}, byte {at}");
            let _ = events(&records);
        }
    }
}

/// The vendor counts glucose in mg/dL whatever the pump is set to, with 18.016 mg/dL to the mmol/L.
#[test]
fn glucose_in_mmol_is_exported_as_the_vendor_does() {
    let at = |minute| PumpTime::new(2026, 3, 4, 5, minute, 0);
    let mmol = Glucose { count: 61, unit: GlucoseUnit::MmolL };
    // A meter's record tells no unit.
    let from_meter =
        |count, minute| received(Glucose { count, unit: GlucoseUnit::Unset }, 0x00C2_7532, at(minute));
    let records = [
        // 6.1 mmol/L, which the meter sends in tenths of mmol/L, then in mg/dL, then as a number that fits neither.
        linked(mmol, at(1)),
        from_meter(61, 1),
        linked(mmol, at(2)),
        from_meter(110, 2),
        linked(mmol, at(3)),
        from_meter(140, 3),
        // The number alone says nothing if it is of another time.
        from_meter(61, 4),
    ];
    let lines = events_of(&emitted(&records, false), "522");
    let amounts: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("BGReceived"))
        .map(|line| line.split_once("AMOUNT=").expect("an amount").1.split(',').next().unwrap_or_default())
        .collect();
    assert_eq!(amounts, ["109.898", "110", "null", "null"]);
    assert!(lines[0].contains("AMOUNT=110,"), "what was entered is rounded: {}", lines[0]);
}

#[test]
fn a_bolus_reminder_tells_its_start_if_that_is_midnight() {
    let at = PumpTime::new(2014, 4, 7, 2, 25, 27);
    let reminder = |start| {
        let time = Minutes(30);
        entry(0x67, at, Body::BolusReminder(BolusReminder { time, start }))
    };
    let lines = events_of(&emitted(&[reminder(0), reminder(9)], true), "551");
    assert!(lines[0].contains("ALARM_TIME=1800000") && lines[0].contains("START_TIME=0"), "{}", lines[0]);
    assert!(lines[1].contains("START_TIME=null"), "{}", lines[1]);
}

/// A stamp of 2026-03-04 05:01:00, with bits above the hour.
fn stamp_with(hour: u8) -> [u8; 5] {
    [0x00, 0xC1, 0x05 | hour << 5, 0x04, 0x1A]
}

fn lines_of(before: &[u8], hour: u8, after: &[u8]) -> Vec<String> {
    let lines = events_of(&[before, &stamp_with(hour), after].concat(), "554");
    lines.iter().map(|line| line.replace(", ACTION_REQUESTOR=pump", "")).collect()
}

#[track_caller]
fn assert_lines(lines: &[String], expected: &[&str]) {
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for expected in expected {
        assert!(lines.iter().any(|line| line.contains(expected)), "{expected} in {lines:#?}");
    }
}

/// 12 of 12 rows of an export agree: both units, and a rising limit above a byte.
#[test]
fn rates_of_change_are_in_the_unit_that_each_was_set_in() {
    let lines = lines_of(&[0x56, 0x07], 3, &[0x13, 0xFA, 0x03, 0x41, 0x55]);
    assert_lines(
        &lines,
        &["ChangeSensorRateOfChangeAlertSetup NEW_LIMIT_UNITS=mmol_l_minute, NEW_RISING_LIMIT_ENABLE=true, \
           NEW_RISING_LIMIT=4.954, NEW_FALLING_LIMIT_ENABLE=true, NEW_FALLING_LIMIT=4.504, \
           OLD_LIMIT_UNITS=mmol_l_minute, OLD_RISING_LIMIT_ENABLE=true, OLD_RISING_LIMIT=1.171, \
           OLD_FALLING_LIMIT_ENABLE=true, OLD_FALLING_LIMIT=1.531"],
    );
    let lines = lines_of(&[0x56, 0x01], 1, &[0x2D, 0x28, 0x02, 0x41, 0x55]);
    assert_lines(
        &lines,
        &["NEW_LIMIT_UNITS=mg_dl_minute, NEW_RISING_LIMIT_ENABLE=true, NEW_RISING_LIMIT=4.5, \
           NEW_FALLING_LIMIT_ENABLE=false, NEW_FALLING_LIMIT=4, OLD_LIMIT_UNITS=mmol_l_minute, \
           OLD_RISING_LIMIT_ENABLE=false"],
    );
    // Bits that no record at hand has set make no number.
    let lines = lines_of(&[0x56, 0x0B], 1, &[0x2D, 0x28, 0x02, 0x41, 0x55]);
    assert_lines(&lines, &["NEW_LIMIT_UNITS=null, NEW_RISING_LIMIT_ENABLE=true, NEW_RISING_LIMIT=null"]);
}

/// 28 of 28 profiles, 16 of 16 patterns and 8 of 8 setups of an export agree.
#[test]
fn limits_of_glucose_are_before_and_after_in_their_units() {
    let unused = [0x00, 0xFF, 0xFF];
    let old = [&[0x00, 0x4C, 0x00, 0x28, 0x64, 0x28][..], &unused.repeat(6)].concat();
    let new = [&[0x00, 0x89, 0x30][..], &unused.repeat(7)].concat();
    let after = [&[0xFF, 0xF0, 0xFF][..], &old, &[0xFC, 0xFF, 0xFC, 0xFF], &new, &[0x87, 0x02]].concat();
    let lines = lines_of(&[0x54, 0xF0], 1, &after);
    assert_lines(
        &lines,
        &[
            "ChangeSensorGlucoseLimitPattern ENABLE=true, NUM_PROFILES=2",
            "PROFILE_INDEX=0, LOW_LIMIT_ENABLE=false, LOW_LIMIT=50.445, HIGH_LIMIT_ENABLE=true, HIGH_LIMIT=136.922, START_TIME=0",
            "PROFILE_INDEX=1, LOW_LIMIT_ENABLE=true, LOW_LIMIT=72.064, HIGH_LIMIT_ENABLE=true, HIGH_LIMIT=180.16, START_TIME=72000000",
            "ChangeSensorGlucoseLimitPattern ENABLE=true, NUM_PROFILES=1",
            "PROFILE_INDEX=0, LOW_LIMIT_ENABLE=true, LOW_LIMIT=48, HIGH_LIMIT_ENABLE=true, HIGH_LIMIT=137, START_TIME=0",
            "ChangeSensorGlucoseLimitPatternSetup",
        ],
    );
}

/// 2 of 2 profiles of an export agree.
#[test]
fn predictive_alerts_are_before_and_after() {
    let unused = [0x00, 0xFF, 0xFF].repeat(7);
    let after = [&[0x00, 0x0F, 0x14][..], &unused, &[0x00, 0x1E, 0x19], &unused].concat();
    let lines = lines_of(&[0x55, 0x11], 6, &after);
    assert_lines(
        &lines,
        &[
            "ChangeSensorPredictiveAlertPattern ENABLE=true, NUM_PROFILES=1",
            "LOW_ENABLE=true, LOW_DURATION=1200000, HIGH_ENABLE=true, HIGH_DURATION=900000, START_TIME=0",
            "ChangeSensorPredictiveAlertPattern ENABLE=true, NUM_PROFILES=1",
            "LOW_ENABLE=true, LOW_DURATION=1500000, HIGH_ENABLE=true, HIGH_DURATION=1800000, START_TIME=0",
            "ChangeSensorPredictiveAlertPatternSetup",
        ],
    );
}

/// 14 of 14 silences, one graph timeout, one demo mode and one reminder of an export agree.
#[test]
fn small_settings_of_the_sensor_have_the_vendors_values() {
    for (scope, name) in [
        (0, "normal"),
        (1, "high_glucose"),
        (2, "low_glucose"),
        (4, "high_and_low_glucose"),
        (8, "all"),
        (3, "null"),
    ] {
        let lines = lines_of(&[0x53, scope], 0, &[0x5A]);
        assert_lines(&lines, &[&format!("ChangeSensorAlarmSilenceConfig DURATION=5400000, SCOPE={name}")]);
    }
    assert_lines(&lines_of(&[0x51, 0x06], 0, &[]), &["ChangeSensorGraphTimeout DURATION=360000"]);
    assert_lines(&lines_of(&[0x52, 0x01], 0, &[]), &["ChangeSensorGraphDemoMode ENABLE=true"]);
    assert_lines(&lines_of(&[0x35, 0x00], 0, &[]), &["AlarmClockReminder REASON=bolus offset expired"]);
    assert_lines(&lines_of(&[0x35, 0x01], 0, &[]), &["AlarmClockReminder REASON=null"]);
}
