// SPDX-License-Identifier: GPL-2.0-or-later
//! In: files with history pages, or with glucose pages and their ISIG pages. Out: the events in them, as the vendor's
//! exports list them.
//!
//! `pages --model 522 FILE...` prints tab-separated rows: time, type, values, pump, seq. A file's name tells what it
//! holds (`Glucose`, `ISIG`, else history), and `pg-7` or `page-7` in it the number of its first page.

use carelink_core::history::merge::{PageRecords, merge};
use carelink_core::pump::model::{Known, Model, Pump};
use carelink_core::sensor::Pages;
use carelink_core::tree::cursor::Cursor;
use carelink_core::{history, sensor};
use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let mut pump = Pump::default();
    if arguments.next_if(|argument| argument == "--model").is_some() {
        let text = arguments.next().unwrap_or_default();
        pump = Pump::of(Model::parse(&text).ok_or("not a model")?, Known::Forced);
    }
    let mut pages = Vec::new();
    let (mut glucose, mut isig) = (BTreeMap::new(), BTreeMap::new());
    for file in arguments {
        let bytes = std::fs::read(&file)?;
        let name = file.rsplit('/').next().unwrap_or(&file);
        let number = number(name);
        if name.contains("Glucose") {
            glucose.insert(number.ok_or("a glucose page without a number")?, bytes);
        } else if name.contains("ISIG") {
            isig.insert(number.ok_or("an ISIG page without a number")?, bytes);
        } else {
            let mut records = Vec::new();
            let page = history::page::page(&mut Cursor::new(&bytes, 0, false, &mut ()), pump, &mut records);
            if !page.complete {
                eprintln!("{file}: not read to its end");
            }
            let complete = page.complete && bytes.len() == history::page::SIZE;
            pages.push(PageRecords { number, records, complete });
        }
    }
    let mut events: Vec<_> = merge(pages).iter().flat_map(|run| history::events::events(run)).collect();
    let isig = |number| isig.get(number).map(Vec::as_slice);
    let sensor_pages: Vec<_> = glucose
        .iter()
        .map(|(number, bytes)| Pages { number: *number, glucose: bytes, isig: isig(number), vcntr: None })
        .collect();
    events.extend(sensor::events::events(&sensor::read(&sensor_pages, pump)));
    events.sort_by_key(|event| event.time);

    let model = pump.model.map_or_else(String::new, |model| model.to_string());
    let mut out = std::io::stdout().lock();
    writeln!(out, "time\ttype\tvalues\tpump\tseq")?;
    for (seq, event) in events.iter().enumerate() {
        writeln!(out, "{}\t{}\t{event}\t{model}\t{seq}", event.time, event.kind)?;
    }
    Ok(())
}

/// The number of the page, from the name of its file.
fn number(name: &str) -> Option<u32> {
    let (_, rest) = name.split_once("pg-").or_else(|| name.split_once("page-"))?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().ok()
}
