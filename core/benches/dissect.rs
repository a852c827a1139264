// SPDX-License-Identifier: GPL-2.0-or-later
//! In: generated downloads and pages of our own making. Out: how many frames and pages the core takes in a second.

use carelink_core::history;
use carelink_core::history::layout::Layout;
use carelink_core::pump::model::{Known, Model, Pump};
use carelink_core::sensor::{Beside, page as glucose};
use carelink_core::session::Session;
use carelink_core::transfer::Transfer;
use carelink_core::tree::cursor::Cursor;
use carelink_core::tree::outline::Outline;
use carelink_core::tree::sink::Sink;
use carelink_samples::generate::Load;
use carelink_samples::generate::pages::{history_page, sensor_pages};
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

fn pages(c: &mut Criterion) {
    fn read<S: Sink>(bytes: &[u8], pump: Pump, sink: &mut S) -> usize {
        history::page::page(&mut Cursor::new(bytes, 0, false, sink), pump, &mut Vec::new()).records
    }
    fn read_glucose<S: Sink>(bytes: &[u8], beside: &Beside<'_>, sink: &mut S) -> usize {
        glucose(&mut Cursor::new(bytes, 0, false, sink), beside, None, &mut Vec::new()).records
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
    let (bytes, isig) = sensor_pages();
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
