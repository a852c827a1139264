//! In: the reply to a page command, or a file with a page. Out: the page with its kind and number, and what is in it.

use crate::conversation::Fetch;
use anyhow::{Context as _, Result, bail};
use carelink_core::checksum::CrcStatus;
use carelink_core::cursor::Cursor;
use carelink_core::history;
use carelink_core::pump::model::Pump;
use carelink_core::pump::pages::PageRequest;
use carelink_core::pump::{Opcode, Parameters};
use carelink_core::radio::serial::Serial;
use carelink_core::sensor::{self, Beside};
use carelink_core::sink::Sink;
use std::path::Path;

/// What a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What the pump did.
    History,
    /// Sensor glucose.
    Glucose,
    /// Sensor current.
    Isig,
    /// Voltage at the sensor's counter electrode.
    Vcntr,
}

impl Kind {
    /// The kinds, with the command that reads them and the word for them in file names.
    const ALL: [(Self, u8, &'static str); 4] = [
        (Self::Glucose, 0x9A, "glucose"),
        (Self::Isig, 0x9B, "isig"),
        (Self::Vcntr, 0xD5, "vcntr"),
        // The last: names of other pages hold this word too.
        (Self::History, 0x80, "history"),
    ];

    /// The kind of page that a command reads.
    #[must_use]
    pub fn of(opcode: Opcode) -> Option<Self> {
        Self::ALL.iter().find(|(_, number, _)| *number == opcode.0).map(|(kind, ..)| *kind)
    }

    /// The kind that a file's name tells.
    fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        Self::ALL.iter().find(|(.., word)| name.contains(word)).map(|(kind, ..)| *kind)
    }

    /// Its word in file names.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(kind, ..)| *kind == self).map_or("", |(.., word)| word)
    }

    /// Bytes of a whole page.
    #[must_use]
    pub fn size(self) -> usize {
        if self == Self::Isig { sensor::isig::SIZE } else { history::page::SIZE }
    }
}

/// A page, whole or without its end.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// What it holds.
    pub kind: Kind,
    /// Its number: a history page's counts back from the newest one, which is 0; others count since the pump began.
    pub number: Option<u32>,
    /// The pump that it is of.
    pub serial: Option<Serial>,
    /// What is known of that pump.
    pub pump: Pump,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The fetch that it came in, if it is of a capture.
    pub fetch: Option<Fetch<'a>>,
}

impl<'a> Page<'a> {
    /// The page that a fetch brought, as far as it came.
    #[must_use]
    pub fn of(fetch: &Fetch<'a>) -> Option<Self> {
        let kind = Kind::of(fetch.opcode()?).filter(|_| !fetch.data.is_empty())?;
        let number = match fetch.parameters() {
            Some(Parameters::Page(PageRequest::History(back))) => Some(back.into()),
            Some(Parameters::Page(PageRequest::Sensor(number))) => Some(number),
            _ => None,
        };
        let (serial, pump) = (fetch.transaction.serial(), fetch.pump);
        Some(Self { kind, number, serial, pump, bytes: fetch.data, fetch: Some(*fetch) })
    }

    /// The page in a file, whose name tells what it holds and its number: `history`, `glucose`, `isig` or `vcntr`, and
    /// `page-7` or `pg-7`.
    ///
    /// # Errors
    /// If the name does not tell the kind, or the size is another kind's. A history page may lack its end.
    pub fn of_file(path: &Path, bytes: &'a [u8], pump: Pump) -> Result<Self> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let kind = Kind::of_name(name).with_context(|| {
            format!(
                "{}: neither a capture nor named as a history, glucose, ISIG or VCNTR page",
                path.display()
            )
        })?;
        let short = kind == Kind::History && bytes.len() < kind.size();
        if bytes.len() != kind.size() && !short {
            bail!(
                "{}: {} bytes are no {} page, which has {}",
                path.display(),
                bytes.len(),
                kind.word(),
                kind.size()
            );
        }
        Ok(Self { kind, number: number(name), serial: None, pump, bytes, fetch: None })
    }

    /// True if all of it is there.
    #[must_use]
    pub fn whole(&self) -> bool {
        self.bytes.len() == self.kind.size() && self.fetch.is_none_or(|fetch| fetch.complete())
    }

    /// Reads it into `sink`: how many records it has, as far as that is known, and the verdict on its check value.
    pub fn read<S: Sink>(&self, sink: &mut S) -> (Option<usize>, CrcStatus) {
        let cut = self.bytes.len() < self.kind.size();
        let mut cursor = Cursor::new(self.bytes, 0, cut, sink);
        match self.kind {
            Kind::History => {
                let page = history::page(&mut cursor, self.pump, drop);
                (Some(page.records), page.crc)
            }
            Kind::Glucose => {
                let beside = Beside { large: self.pump.large().unwrap_or(false), ..Beside::default() };
                let page = sensor::page(&mut cursor, &beside, None, drop);
                (Some(page.records), page.crc)
            }
            Kind::Isig => (None, sensor::isig::page(&mut cursor, self.pump)),
            Kind::Vcntr => (None, sensor::vcntr::page(&mut cursor)),
        }
    }

    /// `history page, 1024 bytes, 37 records, page CRC Good`
    #[must_use]
    pub fn summary(&self) -> String {
        let (records, crc) = self.read(&mut ());
        let records = records.map(|records| format!(", {records} records")).unwrap_or_default();
        let verdict = match crc {
            CrcStatus::NotPresent => String::new(),
            crc => format!(", page CRC {}", crc.to_string().to_lowercase()),
        };
        format!("{} page, {} bytes{records}{verdict}", self.kind.word(), self.bytes.len())
    }
}

/// The number of the page, from the name of its file.
fn number(name: &str) -> Option<u32> {
    let (_, rest) = name.split_once("pg-").or_else(|| name.split_once("page-"))?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().ok()
}
