// SPDX-License-Identifier: GPL-2.0-or-later
//! In: how often, and what to read: history or glucose pages with the models of their pumps, or pages of our own making.
//! Out: how many nanoseconds a page takes, and how many records it has.
//!
//! `decode ROUNDS history|sensor|[glucose] MODEL:FILE...` reads each page into a list of typed records and verifies its check
//! value, as often as told. `cargo xtask bench` counts its instructions, and runs it beside another decoder.

use carelink_core::history::layout::Layout;
use carelink_core::history::page::page as history;
use carelink_core::pump::model::{Known, Model, Pump};
use carelink_core::sensor::{Beside, page as sensor};
use carelink_core::tree::cursor::Cursor;
use carelink_samples::generate::pages::{history_page, sensor_pages};
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let rounds: u32 = arguments.next().ok_or("how often?")?.parse()?;
    if arguments.next_if(|word| word == "sensor").is_some() {
        let (glucose, isig) = sensor_pages();
        let beside = Beside { isig: Some(&isig), vcntr: None, large: Some(true) };
        return read(rounds, &[glucose], |glucose, records| {
            sensor(&mut Cursor::new(glucose, 0, false, &mut ()), &beside, None, records);
        });
    }
    let glucose = arguments.next_if(|word| word == "glucose").is_some();
    let pump =
        |model: &str| Model::parse(model).map(|model| Pump::of(model, Known::Forced)).ok_or("not a model");
    let mut pages = Vec::new();
    if arguments.next_if(|word| word == "history").is_some() {
        pages.push((pump("522")?, history_page(Layout::Small).to_vec()));
        pages.push((pump("523")?, history_page(Layout::Large).to_vec()));
    }
    for argument in arguments {
        let (model, file) = argument.split_once(':').ok_or("a page is given as MODEL:FILE")?;
        pages.push((pump(model)?, std::fs::read(file)?));
    }
    if glucose {
        return read(rounds, &pages, |(pump, bytes), records| {
            let beside = Beside { large: pump.large(), ..Beside::default() };
            sensor(&mut Cursor::new(bytes, 0, false, &mut ()), &beside, None, records);
        });
    }
    read(rounds, &pages, |(pump, bytes), records| {
        history(&mut Cursor::new(bytes, 0, false, &mut ()), *pump, records);
    })
}

fn read<P, R>(rounds: u32, pages: &[P], mut one: impl FnMut(&P, &mut Vec<R>)) -> Result<(), Box<dyn Error>> {
    let (mut records, mut count) = (Vec::new(), 0_u32);
    let start = Instant::now();
    for _ in 0..rounds {
        for page in pages {
            records.clear();
            one(black_box(page), &mut records);
            count += u32::try_from(black_box(&records).len())?;
        }
    }
    let spent = start.elapsed().as_secs_f64() * 1e9;
    let read = f64::from(rounds) * f64::from(u32::try_from(pages.len())?);
    println!("{:.0} {:.1}", spent / read, f64::from(count) / read);
    Ok(())
}
