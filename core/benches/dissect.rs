// SPDX-License-Identifier: GPL-2.0-or-later
//! In: generated downloads and pages of our own making. Out: how many frames and pages the core takes in a second.

use carelink_core::history::bolus::{Bolus, BolusType};
use carelink_core::history::layout::Layout;
use carelink_core::history::wizard::Estimate;
use carelink_core::history::{self, Body};
use carelink_core::pump::model::{Known, Model, Pump};
use carelink_core::sensor::{Beside, page as glucose};
use carelink_core::session::Session;
use carelink_core::transfer::Transfer;
use carelink_core::tree::cursor::Cursor;
use carelink_core::tree::sink::{Outline, Sink};
use carelink_core::units::clock::PumpTime;
use carelink_core::units::quantities::{CarbRatio, CarbUnit, Carbs, Glucose, GlucoseUnit, Insulin, Minutes};
use carelink_samples::emit::history::{entry, record};
use carelink_samples::emit::page::page;
use carelink_samples::emit::sensor::SensorPages;
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
fn history_page(layout: Layout) -> [u8; 1024] {
    let large = layout.large();
    let insulin = |count: i32| if large { Insulin::fortieths(count) } else { Insulin::tenths(count) };
    let mg_dl = |count| Glucose { count, unit: GlucoseUnit::MgDl };
    let estimate = Estimate {
        bg: mg_dl(140),
        carbs: Carbs { count: 45, unit: CarbUnit::Grams },
        ratio: CarbRatio { thousandths: 10_000, unit: CarbUnit::Grams },
        sensitivity: mg_dl(40),
        target: [mg_dl(90), mg_dl(120)],
        correction: insulin(5),
        food: insulin(45),
        active: insulin(0),
        estimate: insulin(50),
    };
    let bolus = Bolus {
        kind: BolusType::Normal,
        programmed: insulin(50),
        amount: insulin(50),
        active: large.then_some(Insulin(0)),
        duration: Minutes(0),
    };
    let mut records = Vec::new();
    for n in 0.. {
        let at = PumpTime::new(2026, 1, 5, n % 24, n, 0);
        let events = [
            entry(0x0A, at, Body::Glucose(mg_dl(140))),
            entry(0x5B, at, Body::Estimate(estimate)),
            entry(0x01, at, Body::Bolus(bolus)),
        ];
        let stored = events.iter().flat_map(|event| record(event, layout).expect("it holds these values"));
        let before = records.len();
        records.extend(stored);
        if records.len() > 1022 {
            records.truncate(before);
            break;
        }
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
        let at = PumpTime::new(2026, 1, 5, hour, 59, 0);
        pages.absolute(0x08, 0, false, at, &[]).expect("it is a time");
    }
    pages.finish().expect("they fit")
}

fn pages(c: &mut Criterion) {
    fn read<S: Sink>(bytes: &[u8], pump: Pump, sink: &mut S) -> usize {
        history::page::page(&mut Cursor::new(bytes, 0, false, sink), pump, |record| {
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
    for (model, layout) in [("522", Layout::Small), ("523", Layout::Large)] {
        let pump = Pump::of(Model::parse(model).expect("a model"), Known::Forced);
        let bytes = history_page(layout);
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
    let beside = Beside { isig: Some(&isig), vcntr: None, large: Some(true) };
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
