// SPDX-License-Identifier: GPL-2.0-or-later
//! In: how often, and history pages with the models of their pumps. Out: how many nanoseconds a page takes, and a record.
//!
//! `decode ROUNDS MODEL:FILE...` reads each page into a list of typed records and verifies its check value, as often as
//! told. `cargo xtask bench pages` runs it beside another decoder.

use carelink_core::history::page::page;
use carelink_core::pump::model::{Known, Model, Pump};
use carelink_core::tree::cursor::Cursor;
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let rounds: u32 = arguments.next().ok_or("how often?")?.parse()?;
    let mut pages = Vec::new();
    for argument in arguments {
        let (model, file) = argument.split_once(':').ok_or("a page is given as MODEL:FILE")?;
        let model = Model::parse(model).ok_or("not a model")?;
        pages.push((Pump::of(model, Known::Forced), std::fs::read(file)?));
    }
    let mut records = Vec::new();
    let mut count = 0_u32;
    let start = Instant::now();
    for _ in 0..rounds {
        for (pump, bytes) in &pages {
            records.clear();
            page(&mut Cursor::new(black_box(bytes), 0, false, &mut ()), *pump, |record| records.push(record));
            count += u32::try_from(black_box(&records).len())?;
        }
    }
    let spent = start.elapsed().as_secs_f64() * 1e9;
    let read = f64::from(rounds) * f64::from(u32::try_from(pages.len())?);
    println!("{:.0} {:.1}", spent / read, spent / f64::from(count));
    Ok(())
}
