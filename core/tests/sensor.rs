// SPDX-License-Identifier: GPL-2.0-or-later
//! In: real and invented sensor pages. Out: every byte claimed once, times and events as the vendor has them.

mod shared;

use carelink_core::pump::model::{Known, Model, Pump};
use carelink_core::sensor::events::events;
use carelink_core::sensor::{self, Beside, Page, Pages, Record, When};
use carelink_core::tree::checksum::CrcStatus;
use carelink_core::tree::cursor::Cursor;
use carelink_core::tree::outline::Outline;
use carelink_core::units::clock::PumpTime;
use carelink_core::vendor::Event;
use carelink_samples::emit::sensor::SensorPages;
use proptest::prelude::*;

fn pump(model: &str) -> Pump {
    Pump::of(Model::parse(model).unwrap(), Known::Told)
}

/// Reads a page twice, with a tree and without; both must tell the same, and the tree must claim each byte once.
fn read(bytes: &[u8], beside: &Beside<'_>) -> (Page, Vec<Record>) {
    let (mut outline, mut records, mut silent) = (Outline::default(), Vec::new(), Vec::new());
    let page = sensor::page(&mut Cursor::new(bytes, 0, false, &mut outline), beside, None, &mut records);
    let again = sensor::page(&mut Cursor::new(bytes, 0, false, &mut ()), beside, None, &mut silent);
    assert_eq!(outline.misclaimed(0, bytes.len()), None, "a byte is not claimed once");
    assert_eq!((page, &records), (again, &silent));
    (page, records)
}

fn isig(bytes: &[u8], pump: Pump) -> CrcStatus {
    let mut outline = Outline::default();
    let crc = sensor::isig::page(&mut Cursor::new(bytes, 0, false, &mut outline), pump);
    assert_eq!(outline.misclaimed(0, bytes.len()), None, "a byte is not claimed once");
    crc
}

fn vcntr(bytes: &[u8]) -> CrcStatus {
    let mut outline = Outline::default();
    let crc = sensor::vcntr::page(&mut Cursor::new(bytes, 0, false, &mut outline));
    assert_eq!(outline.misclaimed(0, bytes.len()), None, "a byte is not claimed once");
    crc
}

/// What the vendor makes of sensor pages.
fn of_sensor(kind: &str) -> bool {
    kind.starts_with("Sensor") || kind.starts_with("GlucoseSensor") || kind.ends_with("GH")
}

#[test]
fn a_722_agrees_with_the_vendor() {
    let Some(glucose) = shared::files("pages/2014-05-01", "Glucose", "pg-") else { return };
    let Some(current) = shared::files("pages/2014-05-01", "ISIG", "pg-") else { return };
    let Some(official) = shared::export("exports/2014-05-01.tsv", "722") else { return };
    let mut pages = Vec::new();
    for ((number, glucose), (_, current)) in glucose.iter().zip(&current) {
        let (page, _) = read(glucose, &Beside { isig: Some(current), ..Beside::default() });
        assert_eq!((page.complete, page.crc), (true, CrcStatus::Good), "page {number}");
        assert_eq!(isig(current, pump("722")), CrcStatus::Good, "page {number}");
        pages.push(Pages { number: *number, glucose, isig: Some(current), vcntr: None });
    }
    let events = events(&sensor::read(&pages, pump("722")));
    let official: Vec<_> = official.iter().filter(|(_, kind, _)| of_sensor(kind)).collect();
    let (exact, missing) = shared::compare(&events, &official);
    assert_eq!((exact, missing), (13_288, vec![]));

    // In another order, and with a page twice, it is the same.
    pages.rotate_left(7);
    pages.push(pages[3]);
    let again = sensor::events::events(&sensor::read(&pages, pump("722")));
    assert_eq!(again, events);
}

#[test]
fn a_522_agrees_with_the_vendor() {
    let Some(glucose) = shared::files("pages/578398", "Glucose", "page-") else { return };
    let Some(mut official) = shared::export("exports/578398.tsv", "Paradigm 522") else { return };
    let [(number, glucose)] = &glucose[..] else { panic!("one page") };
    let (page, records) = read(glucose, &Beside::default());
    assert_eq!((page.complete, page.crc), (true, CrcStatus::Good));
    // The export ends before the last readings, so their times are estimated, and make no events.
    assert_eq!(records.iter().filter(|record| matches!(record.when, When::About(_))).count(), 6);
    let pages = [Pages { number: *number, glucose, isig: None, vcntr: None }];
    let events = events(&sensor::read(&pages, pump("522")));
    let (first, last) = (events[0].time.to_string(), events.last().unwrap().time.to_string());
    official.retain(|(time, kind, _)| of_sensor(kind) && *time > first && *time <= last);
    // Without the ISIG page there is no current.
    official.iter_mut().for_each(|(_, _, values)| values.retain(|(key, _)| key != "ISIG"));
    let (exact, missing) = shared::compare(&events, &official.iter().collect::<Vec<_>>());
    assert!(missing.is_empty(), "{missing:?}");
    assert!(exact > 160, "{exact}");
}

const AT: PumpTime = PumpTime::new(2026, 11, 28, 23, 58, 0);

/// Two pages of invented records: the time stamp behind the last readings of the first lies on the second.
fn invented() -> [([u8; 1024], [u8; 2048]); 2] {
    let mut first = SensorPages::new();
    first.absolute(0x0F, 0, false, AT, &[0x10, 0x20]).unwrap();
    first.value(120, 1840);
    first.relative(0x03, 1, 1850);
    first.bare(0x13);
    first.absolute(0x0E, 1, true, AT, &[0x2C]).unwrap();
    first.value(130, 1900);
    let mut second = SensorPages::new();
    second.fine_value(141, 2001);
    second.relative(0x06, 13, 500);
    second.absolute(0x08, 1, false, AT, &[]).unwrap();
    second.absolute(0x0C, 1, false, AT, &[]).unwrap();
    second.absolute(0x0C, 0, false, PumpTime::new(2026, 11, 28, 1, 58, 0), &[]).unwrap();
    second.value(150, 2100);
    [first.finish().unwrap(), second.finish().unwrap()]
}

fn rows(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| format!("{} {} {event}", event.time, event.kind)).collect()
}

#[test]
fn times_are_counted_over_the_border_of_pages() {
    let pages = invented();
    let numbered = |(number, (glucose, isig)): (u32, &'static ([u8; 1024], [u8; 2048]))| Pages {
        number,
        glucose,
        isig: Some(isig),
        vcntr: None,
    };
    let pages: &'static _ = Box::leak(Box::new(pages));
    let pages: Vec<_> = (7..).zip(pages).map(numbered).collect();
    #[rustfmt::skip]
    let expected = [
        "2026-11-28T23:58:00 SensorCalFactor CAL_FACTOR=4.128",
        "2026-11-28T23:38:00 GlucoseSensorData AMOUNT=120, ISIG=18.4, VCNTR=null, BACKFILL_INDICATOR=null",
        "2026-11-28T23:43:00 SensorCal CAL_TYPE=waiting, ISIG=18.5, VCNTR=null, BACKFILL_INDICATOR=null",
        "2026-11-28T23:58:00 CalBGForGH AMOUNT=300, ORIGIN_TYPE=rf",
        "2026-11-28T23:48:00 GlucoseSensorData AMOUNT=130, ISIG=19, VCNTR=null, BACKFILL_INDICATOR=null",
        "2026-11-28T23:53:00 GlucoseSensorData AMOUNT=141, ISIG=20, VCNTR=null, BACKFILL_INDICATOR=null",
        "2026-11-28T23:58:00 GlucoseSensorDataLow AMOUNT=40, ISIG=5, VCNTR=null, BACKFILL_INDICATOR=null",
        "2026-11-28T23:58:00 SensorTimestamp TIMESTAMP_TYPE=page_end",
        "2026-11-28T23:58:00 ChangeTimeGH NEW_TIME=1795831080000",
    ];
    assert_eq!(rows(&events(&sensor::read(&pages, pump("723")))), expected);

    // Without the second page, the times of the first are not known.
    let alone = sensor::read(&pages[..1], pump("723"));
    assert!(alone.iter().any(|record| record.when == When::Unknown));
    assert_eq!(events(&alone).len(), 2);
}

#[test]
fn nothing_is_read_before_an_unknown_record() {
    let mut bytes = invented()[0].0;
    let at = bytes.iter().rposition(|&byte| byte != 0).filter(|&at| at < 1000).unwrap_or(25);
    bytes[at.min(25)] = 0x09;
    let (page, _) = read(&bytes, &Beside::default());
    assert_eq!((page.complete, page.crc), (false, CrcStatus::Bad));
}

proptest! {
    #[test]
    fn any_bytes_are_claimed_once(bytes in proptest::collection::vec(any::<u8>(), 0..2200), large: bool) {
        read(&bytes, &Beside::default());
        read(&bytes, &Beside { isig: Some(&bytes), vcntr: Some(&bytes), large: Some(large) });
        isig(&bytes, pump(if large { "723" } else { "722" }));
        vcntr(&bytes);
    }

    #[test]
    fn any_change_of_a_byte_is_survived(at in 0_usize..1024, value: u8, second: bool) {
        let (mut glucose, current) = invented()[usize::from(second)];
        glucose[at] = value;
        read(&glucose, &Beside { isig: Some(&current), vcntr: None, large: Some(true) });
    }
}

/// A glucose value, a calibration that came by radio and was changed, and a time stamp of 2026-11-28, 10:15.
#[test]
fn the_lowest_bit_of_glucose_is_not_made_up() {
    let mut page = [0; 1024];
    let records = [0x43, 0x78, 0x9A, 0x9C, 0xCA, 0x8A, 0x0E, 0x1A, 0x1C, 0xCF, 0x8A, 0x08];
    page[..records.len()].copy_from_slice(&records);
    let listed = |model: &str, isig: Option<&[u8]>| -> Vec<String> {
        let pages = [Pages { number: 1, glucose: &page, isig, vcntr: None }];
        let events = events(&sensor::read(&pages, pump(model)));
        events.iter().map(|event| format!("{} {event}", event.time)).collect()
    };
    let rest = "ISIG=null, VCNTR=null, BACKFILL_INDICATOR=null";
    assert_eq!(
        listed("523", None)[..2],
        [
            format!("2026-11-28T10:15:00 AMOUNT=134 or 135, {rest}"),
            "2026-11-28T10:10:00 AMOUNT=120, ORIGIN_TYPE=rf_modified".to_owned()
        ]
    );
    assert_eq!(listed("522", None)[0], format!("2026-11-28T10:15:00 AMOUNT=134, {rest}"));
    let mut current = [0; 2048];
    current[0] = 0x65;
    // Of a pump that nobody knows, a bit that is set may be the glucose's or the current's.
    let pages = |isig| [Pages { number: 1, glucose: &page, isig, vcntr: None }];
    let unknown = |isig| events(&sensor::read(&pages(isig), Pump::default()))[0].to_string();
    assert_eq!(unknown(None), format!("AMOUNT=134 or 135, {rest}"));
    assert_eq!(unknown(Some(&current)), format!("AMOUNT=134 or 135, {rest}"));
    let even = current.map(|byte| byte & !1);
    assert_eq!(unknown(Some(&even)), "AMOUNT=134, ISIG=1, VCNTR=null, BACKFILL_INDICATOR=null");
    let known = listed("523", Some(&current));
    assert!(known[0].starts_with("2026-11-28T10:15:00 AMOUNT=135, ISIG=1,"), "{known:?}");
}

#[test]
fn two_values_leave_open_only_themselves() {
    use carelink_core::vendor::Datum;
    let either = Datum::Either([134.0, 135.0]);
    assert!(either.leaves_open(&Datum::Number(135.0)) && !either.agrees(&Datum::Number(135.0)));
    assert!(!either.leaves_open(&Datum::Number(136.0)));
}
