// SPDX-License-Identifier: GPL-2.0-or-later
//! In: sensor records as typed values. Out: proof that what is emitted for them is read as the same records, with their times.

use carelink_core::pump::model::{Known, Model, Pump};
use carelink_core::sensor::beside::Isig;
use carelink_core::sensor::record::{RECORD_TYPES, RecordType, Stamp, Timing};
use carelink_core::sensor::{self, Beside, Body, Page, Record, When};
use carelink_core::tree::checksum::CrcStatus;
use carelink_core::tree::cursor::Cursor;
use carelink_core::tree::outline::Outline;
use carelink_core::units::clock::PumpTime;
use carelink_core::units::quantities::Calibration;
use carelink_samples::emit::sensor::SensorPages;
use jiff::ToSpan as _;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Debug;

/// Lowest glucose value that is an opcode by itself.
const LOWEST: u8 = 0x14;
const TIMESTAMP: u8 = 0x08;

/// Reads a page, of which each byte is to be claimed by one leaf.
fn read(bytes: &[u8], beside: &Beside<'_>) -> (Page, Vec<Record>) {
    let (mut outline, mut records) = (Outline::default(), Vec::new());
    let page = sensor::page(&mut Cursor::new(bytes, 0, false, &mut outline), beside, None, &mut records);
    assert_eq!(outline.misclaimed(0, bytes.len()), None, "{bytes:02x?}");
    (page, records)
}

fn bits<T: From<u8> + Debug>(bits: u32) -> impl Strategy<Value = T> {
    (0..=u8::MAX >> (8 - bits)).prop_map(T::from)
}

fn bytes_of<T: From<u8> + Debug>() -> impl Strategy<Value = T> {
    any::<u8>().prop_map(T::from)
}

/// A time to the minute, whether a calendar has it or not.
fn time() -> impl Strategy<Value = PumpTime> {
    (0_u16..128, 0_u8..16, 0_u8..32, 0_u8..32, 0_u8..64)
        .prop_map(|(year, month, day, hour, minute)| PumpTime::new(2000 + year, month, day, hour, minute, 0))
}

fn valid_time() -> impl Strategy<Value = PumpTime> {
    (0_u16..128, 1_u8..=12, 1_u8..=28, 0_u8..24, 0_u8..60)
        .prop_map(|(year, month, day, hour, minute)| PumpTime::new(2000 + year, month, day, hour, minute, 0))
}

/// What a record with this last byte may say.
fn bodies(opcode: u8, large: bool) -> BoxedStrategy<Body> {
    match opcode {
        LOWEST.. if large => {
            any::<bool>().prop_map(move |odd| Body::Glucose(u16::from(opcode) * 2 + u16::from(odd))).boxed()
        }
        LOWEST.. => Just(Body::Glucose(u16::from(opcode) * 2)).boxed(),
        0x03 => bytes_of().prop_map(Body::Cal).boxed(),
        0x04 => bytes_of().prop_map(Body::Packet).boxed(),
        0x05 => bytes_of().prop_map(Body::Error).boxed(),
        0x06 => any::<u8>().prop_map(Body::Low).boxed(),
        0x07 => any::<u8>().prop_map(Body::High).boxed(),
        0x08 => bits(3).prop_map(Body::Stamp).boxed(),
        0x0A => any::<bool>().prop_map(Body::Battery).boxed(),
        0x0B => bits(3).prop_map(Body::Status).boxed(),
        0x0C => bits(3).prop_map(Body::Clock).boxed(),
        0x0D => bits(3).prop_map(Body::Sync).boxed(),
        0x0E => (0_u16..512, bits(1)).prop_map(|(amount, origin)| Body::Meter(amount, origin)).boxed(),
        0x0F => any::<u16>().prop_map(|factor| Body::Factor(Calibration(factor))).boxed(),
        _ => Just(Body::Nothing).boxed(),
    }
}

fn record(opcode: u8, large: bool) -> impl Strategy<Value = Record> {
    let kind = RecordType::of(opcode).expect("a kind");
    // Nothing can be counted back from a time stamp that no calendar has.
    let time = if opcode == TIMESTAMP { valid_time().boxed() } else { time().boxed() };
    (bodies(opcode, large), time, any::<u16>(), any::<i8>()).prop_map(move |(body, time, isig, vcntr)| {
        let slot = kind.timing == Timing::Slot;
        // The lowest bit of the current is that of the glucose from the 523 on.
        let isig = Isig(if large { isig & !1 } else { isig });
        Record {
            offset: 0,
            len: kind.len.into(),
            opcode,
            when: if kind.timing == Timing::Stamped { When::Stored(time) } else { When::Unknown },
            isig: Some(isig).filter(|_| slot && !matches!(opcode, 0x02 | 0x05)),
            vcntr: Some(vcntr).filter(|_| slot),
            body,
        }
    })
}

fn opcode() -> impl Strategy<Value = u8> {
    let opcodes: Vec<u8> = RECORD_TYPES.iter().map(|kind| kind.opcode).collect();
    prop_oneof![proptest::sample::select(opcodes), LOWEST..]
}

/// Records that end in a time stamp, so that the times of all of them are certain.
fn records(large: bool) -> impl Strategy<Value = Vec<Record>> {
    let some = prop::collection::vec(opcode().prop_flat_map(move |opcode| record(opcode, large)), 0..100);
    let last = valid_time().prop_map(|time| Record {
        offset: 0,
        len: 5,
        opcode: TIMESTAMP,
        when: When::Stored(time),
        isig: None,
        vcntr: None,
        body: Body::Stamp(Stamp::PageEnd),
    });
    (some, last).prop_map(|(mut records, last)| {
        records.push(last);
        records
    })
}

/// Each record at its place. One without a time of its own lies five minutes before the next such one, and the last of them
/// at the time stamp behind it.
fn placed(mut records: Vec<Record>) -> Vec<Record> {
    let mut offset = 0;
    for at in 0..records.len() {
        records[at].offset = offset;
        offset += records[at].len;
        if RecordType::of(records[at].opcode).expect("a kind").timing != Timing::Slot {
            continue;
        }
        let stamp =
            records[at..].iter().position(|record| record.opcode == TIMESTAMP).expect("a time stamp") + at;
        let slots = |record: &&Record| RecordType::of(record.opcode).expect("a kind").timing == Timing::Slot;
        let between = i64::try_from(records[at + 1..stamp].iter().filter(slots).count()).expect("few");
        let When::Stored(time) = records[stamp].when else { panic!("a stamp has a time") };
        let counted = time.valid().and_then(|time| time.checked_sub((5 * between).minutes()).ok());
        records[at].when = counted.map_or(When::Unknown, |time| When::Counted(time.into()));
    }
    records
}

fn emitted(records: &[Record]) -> SensorPages {
    let mut pages = SensorPages::new();
    for record in records {
        pages.record(record).unwrap_or_else(|| panic!("it cannot be emitted: {record:?}"));
    }
    pages
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_are_read_as_they_were_emitted(
        (large, records) in any::<bool>().prop_flat_map(|large| (Just(large), records(large))),
        at: prop::sample::Index,
        value: u8,
    ) {
        let pages = emitted(&records);
        let (glucose, isig) = pages.finish().expect("they fit");
        let vcntr = pages.vcntr().expect("they fit");
        let beside = Beside { isig: Some(&isig), vcntr: Some(&vcntr), large: Some(large) };
        let (page, found) = read(&glucose, &beside);
        prop_assert_eq!((page.complete, page.crc), (true, CrcStatus::Good));
        prop_assert_eq!(found, placed(records));

        let mut outline = Outline::default();
        let model = Model::parse(if large { "723" } else { "722" }).map(|model| Pump::of(model, Known::Told));
        prop_assert_eq!(sensor::isig::page(&mut Cursor::new(&isig, 0, false, &mut outline), model.unwrap_or_default()), CrcStatus::Good);
        prop_assert_eq!(outline.misclaimed(0, isig.len()), None);
        outline.clear();
        prop_assert_eq!(sensor::vcntr::page(&mut Cursor::new(&vcntr, 0, false, &mut outline)), CrcStatus::Good);
        prop_assert_eq!(outline.misclaimed(0, vcntr.len()), None);

        let mut changed = glucose;
        changed[at.index(glucose.len())] = value;
        read(&changed, &beside);
        read(&glucose[..at.index(glucose.len())], &beside);
    }

    /// What the pages beside tell is not made up without them.
    #[test]
    fn nothing_is_made_up_without_the_pages_beside(records in records(true)) {
        let (glucose, _) = emitted(&records).finish().expect("they fit");
        let (_, found) = read(&glucose, &Beside { large: Some(true), ..Beside::default() });
        prop_assert!(found.iter().all(|record| record.isig.is_none() && record.vcntr.is_none()));
        let told = |record: &Record| matches!(record.body, Body::Glucose(_));
        prop_assert!(!found.iter().any(told), "the lowest bit is not here");
    }
}

/// Each kind of record alone before a time stamp; each byte of both changed to each other value.
#[test]
fn every_kind_is_read_and_every_changed_byte_is_claimed() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut tried = BTreeSet::new();
    for opcode in RECORD_TYPES.iter().map(|kind| kind.opcode).chain([LOWEST, 0xFF]) {
        let first = record(opcode, true).new_tree(&mut runner).expect("a record").current();
        let last = records(true).new_tree(&mut runner).expect("records").current().pop().expect("a stamp");
        let records = vec![first, last];
        let pages = emitted(&records);
        let (glucose, isig) = pages.finish().expect("they fit");
        let vcntr = pages.vcntr().expect("they fit");
        let beside = Beside { isig: Some(&isig), vcntr: Some(&vcntr), large: Some(true) };
        assert_eq!(read(&glucose, &beside).1, placed(records));
        for at in 0..14 {
            let mut changed = glucose;
            for value in 0..=255 {
                changed[at] = value;
                read(&changed, &beside);
            }
        }
        tried.insert(opcode);
    }
    assert_eq!(tried.len(), RECORD_TYPES.len() + 2);
}

/// What a record has no place for is not emitted as something else.
#[test]
fn what_a_record_cannot_hold_is_not_emitted() {
    let mut pages = SensorPages::new();
    let of = |opcode, when, body| Record { offset: 0, len: 0, opcode, when, isig: None, vcntr: None, body };
    assert_eq!(pages.record(&of(0xFF, When::Unknown, Body::Glucose(512))), None);
    assert_eq!(pages.record(&of(0x08, When::Unknown, Body::Stamp(Stamp::Gap))), None, "it stores no time");
    let time = When::Stored(PumpTime::new(2026, 1, 2, 3, 4, 0));
    assert_eq!(pages.record(&of(0x08, time, Body::Stamp(Stamp::Unknown(8)))), None);
    assert_eq!(pages, SensorPages::new());
    assert_eq!(pages.record(&of(0x08, time, Body::Stamp(Stamp::Gap))), Some(()));
}
