//! In: generated downloads and pages of our own making. Out: how many frames and pages the core takes in a second.

use carelink_core::cursor::Cursor;
use carelink_core::emit::history::{Bolus, BolusType, Stamp, Wizard, blood_glucose};
use carelink_core::emit::page::page;
use carelink_core::emit::sensor::SensorPages;
use carelink_core::history;
use carelink_core::pump::model::{Known, Model, Pump};
use carelink_core::sensor::page::{Beside, page as glucose};
use carelink_core::session::{Session, Transfer};
use carelink_core::sink::{Outline, Sink};
use carelink_samples::generate::Load;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

/// Transfers of the stick: what a first visit costs, and what each further one.
fn frames(c: &mut Criterion) {
    let load = Load::new(36);
    let frames: Vec<Transfer<'_>> =
        load.frames(u32::try_from(load.round()).expect("a round is short")).collect();
    let observed = || {
        let mut session = Session::default();
        frames.iter().for_each(|frame| {
            session.observe(black_box(frame));
        });
        session
    };
    let session = observed();
    let mut outline = Outline::default();
    let mut group = c.benchmark_group("frames");
    group.throughput(Throughput::Elements(frames.len() as u64));
    group.bench_function("observe", |b| b.iter(observed));
    group.bench_function("observe and dissect, no tree", |b| {
        b.iter(|| {
            let mut session = Session::default();
            for frame in &frames {
                session.observe(black_box(frame));
                session.dissect(black_box(frame), &mut ());
            }
            session
        });
    });
    group.bench_function("observe and dissect, tree", |b| {
        b.iter(|| {
            let mut session = Session::default();
            for frame in &frames {
                outline.clear();
                session.observe(black_box(frame));
                session.dissect(black_box(frame), &mut outline);
            }
            session
        });
    });
    group.bench_function("dissect again, tree", |b| {
        b.iter(|| {
            for frame in &frames {
                outline.clear();
                session.dissect(black_box(frame), &mut outline);
            }
        });
    });
    group.finish();
}

/// A page full of what a day brings: readings, and boluses that the wizard proposed.
fn history_page(large: bool) -> [u8; 1024] {
    let mut records = Vec::new();
    for n in 0.. {
        let at = Stamp { year: 26, month: 1, day: 5, hour: n % 24, minute: n, second: 0 };
        let wizard = Wizard {
            bg: 140,
            bg_units: 1,
            carbs: 45,
            carb_units: 1,
            carb_ratio: if large { 100 } else { 10 },
            sensitivity: 40,
            target: [90, 120],
            correction: 5,
            food: 45,
            active: 0,
            estimate: 50,
        };
        let bolus = Bolus {
            kind: BolusType::Normal,
            programmed: 50,
            delivered: 50,
            active: 0,
            half_hours: 0,
            requestor: 0,
        };
        let mut day = blood_glucose(140, 1, 0, at);
        day.extend(if large { wizard.large(at) } else { wizard.small(at) });
        day.extend(if large { bolus.large(at) } else { bolus.small(at) });
        if records.len() + day.len() > 1022 {
            break;
        }
        records.extend(day);
    }
    page(&records).expect("they fit")
}

/// A glucose page, a time stamp in each hour, and the ISIG page beside it.
fn sensor_page() -> ([u8; 1024], [u8; 2048]) {
    let mut pages = SensorPages::new();
    for hour in 0..24 {
        for n in 0..12 {
            pages.fine_value(100 + n, 2_000 + n);
        }
        let at = Stamp { year: 26, month: 1, day: 5, hour, minute: 59, second: 0 };
        pages.absolute(0x08, 0, false, at, &[]);
    }
    pages.finish().expect("they fit")
}

fn pages(c: &mut Criterion) {
    fn read<S: Sink>(bytes: &[u8], pump: Pump, sink: &mut S) -> usize {
        history::page(&mut Cursor::new(bytes, 0, false, sink), pump, |record| {
            black_box(record);
        })
        .records
    }
    fn read_glucose<S: Sink>(bytes: &[u8], beside: &Beside<'_>, sink: &mut S) -> usize {
        glucose(&mut Cursor::new(bytes, 0, false, sink), beside, None, |record| {
            black_box(record);
        })
        .records
    }
    let mut outline = Outline::default();
    let mut group = c.benchmark_group("pages");
    group.throughput(Throughput::Elements(1));
    for model in ["522", "523"] {
        let pump = Pump::of(Model::parse(model).expect("a model"), Known::Forced);
        let bytes = history_page(pump.large() == Some(true));
        assert!(read(&bytes, pump, &mut ()) > 20, "the page is read");
        group.bench_function(format!("history of a {model}, no tree"), |b| {
            b.iter(|| read(black_box(&bytes), pump, &mut ()));
        });
        group.bench_function(format!("history of a {model}, tree"), |b| {
            b.iter(|| {
                outline.clear();
                read(black_box(&bytes), pump, &mut outline)
            });
        });
    }
    let (bytes, isig) = sensor_page();
    let beside = Beside { isig: Some(&isig), vcntr: None, large: true };
    assert_eq!(read_glucose(&bytes, &beside, &mut ()), 24 * 13, "the page is read");
    group.bench_function("glucose and ISIG, no tree", |b| {
        b.iter(|| read_glucose(black_box(&bytes), &beside, &mut ()))
    });
    group.bench_function("glucose and ISIG, tree", |b| {
        b.iter(|| {
            outline.clear();
            read_glucose(black_box(&bytes), &beside, &mut outline)
        });
    });
    group.finish();
}

criterion_group!(benches, frames, pages);
criterion_main!(benches);
