//! In: files with history pages. Out: the events in them, as the vendor's exports list them.
//!
//! `pages --model 522 FILE...` prints tab-separated rows: time, type, values, pump, seq.

use carelink_core::cursor::Cursor;
use carelink_core::history;
use carelink_core::history::merge::{PageRecords, merge};
use carelink_core::pump::model::{Known, Model, Pump};
use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let mut pump = Pump::default();
    if arguments.next_if(|argument| argument == "--model").is_some() {
        let text = arguments.next().unwrap_or_default();
        pump = Pump::of(Model::parse(&text).ok_or("not a model")?, Known::Forced);
    }
    let files: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    let mut pages = Vec::new();
    for file in &files {
        let bytes = std::fs::read(file)?;
        let mut records = Vec::new();
        let page =
            history::page(&mut Cursor::new(&bytes, 0, false, &mut ()), pump, |record| records.push(record));
        if !page.complete {
            eprintln!("{}: not read to its end", file.display());
        }
        pages.push(PageRecords { number: number(file), records });
    }
    let model = pump.model.map_or_else(String::new, |model| model.to_string());
    println!("time\ttype\tvalues\tpump\tseq");
    for (seq, event) in history::events::events(&merge(pages)).iter().enumerate() {
        println!("{}\t{}\t{event}\t{model}\t{seq}", event.time, event.kind);
    }
    Ok(())
}

/// The page's number, if the file is called `...page-7...`.
fn number(file: &Path) -> Option<u32> {
    let name = file.file_name()?.to_str()?;
    let (_, rest) = name.rsplit_once("page-")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().ok()
}
