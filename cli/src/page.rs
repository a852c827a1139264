//! In: the reply to a page command, or a file with a page. Out: the page with its kind and number, and what is in it.

use crate::conversation::Fetch;
use anyhow::{Context as _, Result, bail};
use carelink_core::checksum::CrcStatus;
use carelink_core::cursor::Cursor;
use carelink_core::page;
pub use carelink_core::page::Kind;
use carelink_core::pump::Parameters;
use carelink_core::pump::model::Pump;
use carelink_core::pump::pages::PageRequest;
use carelink_core::radio::serial::Serial;
use carelink_core::sink::Sink;
use carelink_core::whole::Doubt;
use std::path::Path;

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
        let bytes = kind.size().and_then(|size| fetch.data.get(..size)).unwrap_or(fetch.data);
        Some(Self { kind, number, serial, pump, bytes, fetch: Some(*fetch) })
    }

    /// The page in a file, whose name tells what it holds and its number: `history`, `glucose`, `isig` or `vcntr`, and
    /// `page-7` or `pg-7`.
    ///
    /// # Errors
    /// If the name does not tell the kind, or the size is another kind's. A history page may lack its end.
    pub fn of_file(path: &Path, bytes: &'a [u8], pump: Pump) -> Result<Self> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let (lower, readable) = (name.to_ascii_lowercase(), |kind: &Kind| kind.size().is_some());
        let named = Kind::ALL.into_iter().filter(readable).find(|kind| lower.contains(kind.word()));
        let kind = named.with_context(|| {
            format!(
                "{}: neither a capture nor named as a history, glucose, ISIG or VCNTR page",
                path.display()
            )
        })?;
        let (len, size) = (bytes.len(), kind.size().unwrap_or_default());
        if len > size || (len < size && kind != Kind::History) {
            bail!("{}: {len} bytes are no {} page, which has {size}", path.display(), kind.word());
        }
        Ok(Self { kind, number: number(name), serial: None, pump, bytes, fetch: None })
    }

    /// True if all of it is there.
    #[must_use]
    pub fn whole(&self) -> bool {
        match self.kind.size() {
            Some(size) => self.bytes.len() == size,
            None => self.fetch.is_some_and(|fetch| fetch.complete()),
        }
    }

    /// Why it is not to be read, if so.
    #[must_use]
    pub fn doubt(&self) -> Option<Doubt> {
        match self.fetch {
            Some(fetch) => fetch.doubt,
            None => (page::check(self.kind, self.bytes) == CrcStatus::Bad).then_some(Doubt::Page),
        }
    }

    /// Reads it into `sink`, without the pages that belong to it: how many records it has, as far as that is known, and
    /// the verdict on its check value.
    pub fn read<S: Sink>(&self, sink: &mut S) -> (Option<usize>, CrcStatus) {
        page::alone(self.kind, self.pump, &mut Cursor::new(self.bytes, 0, !self.whole(), sink))
    }

    /// `history page, 1024 bytes, 37 records, page CRC good`
    #[must_use]
    pub fn summary(&self) -> String {
        let page = format!("{} page, {} bytes", self.kind.word(), self.bytes.len());
        if let Some(doubt) = self.doubt() {
            return format!("{page}, not read: {doubt}");
        }
        let (records, crc) = self.read(&mut ());
        let records = records.map(|records| format!(", {records} records")).unwrap_or_default();
        let verdict = match crc {
            CrcStatus::NotPresent => String::new(),
            crc => format!(", page CRC {}", crc.to_string().to_lowercase()),
        };
        format!("{page}{records}{verdict}")
    }
}

/// The number of the page, from the name of its file.
fn number(name: &str) -> Option<u32> {
    let (_, rest) = name.split_once("pg-").or_else(|| name.split_once("page-"))?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().ok()
}
