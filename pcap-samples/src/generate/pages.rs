// SPDX-License-Identifier: GPL-2.0-or-later
//! In: how long a pump's records are. Out: full pages, of what a day brings, for benchmarks.

use crate::emit::history::{entry, record};
use crate::emit::page;
use crate::emit::sensor::SensorPages;
use carelink_core::history::bolus::{Bolus, BolusType};
use carelink_core::history::layout::Layout;
use carelink_core::history::wizard::Estimate;
use carelink_core::history::{Body, page as history};
use carelink_core::units::clock::PumpTime;
use carelink_core::units::quantities::{CarbRatio, CarbUnit, Carbs, Glucose, GlucoseUnit, Insulin, Minutes};

/// A history page full of readings, and of boluses that the wizard proposed.
///
/// # Panics
/// If records cannot hold what they hold here.
#[must_use]
pub fn history_page(layout: Layout) -> [u8; history::SIZE] {
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
        if records.len() > history::RECORDS {
            records.truncate(before);
            break;
        }
    }
    page::page(&records).expect("they fit")
}

/// A glucose page, a time stamp in each hour, and the ISIG page beside it.
///
/// # Panics
/// If pages cannot hold a day.
#[must_use]
pub fn sensor_pages() -> ([u8; 1024], [u8; 2048]) {
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
