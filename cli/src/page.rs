// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the reply to a page command, or a file with a page. Out: the page with its kind and number, and what is in it.

use crate::conversation::Entry;
use crate::forms::Content;
use crate::proof;
use anyhow::{Context as _, Result, bail};
use carelink_core::pages;
pub use carelink_core::pump::PageKind as Kind;
use carelink_core::pump::Parameters;
use carelink_core::pump::model::Pump;
use carelink_core::pump::pages::PageRequest;
use carelink_core::pump::serial::Serial;
use carelink_core::tree::checksum::CrcStatus;
use carelink_core::tree::cursor::Cursor;
use carelink_core::tree::sink::Sink;
use carelink_core::view::page;
use carelink_core::view::reply::Doubt;
use serde_json::{Value, json};
use std::ops::RangeInclusive;
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
    pub entry: Option<Entry<'a>>,
    /// The file that it is of, and which page of it, from 1, if that has several.
    pub file: Option<(&'a Path, Option<usize>)>,
    /// Which of several sources it comes from, as counted by who reads them.
    pub source: usize,
    /// The capture that it is of.
    pub capture: Option<&'a str>,
}

impl<'a> Page<'a> {
    /// The page that a fetch brought, as far as it came.
    #[must_use]
    pub fn of(entry: &Entry<'a>) -> Option<Self> {
        let kind = entry.opcode()?.page().filter(|_| !entry.data.is_empty())?;
        let number = match entry.parameters() {
            Some(Parameters::Page(PageRequest::History(back))) => Some(back.into()),
            Some(Parameters::Page(PageRequest::Sensor(number))) => Some(number),
            _ => None,
        };
        let (serial, pump) = (entry.transaction.serial(), entry.pump);
        let bytes = kind.size().and_then(|size| entry.data.get(..size)).unwrap_or(entry.data);
        Some(Self {
            kind,
            number,
            serial,
            pump,
            bytes,
            entry: Some(*entry),
            file: None,
            source: 0,
            capture: None,
        })
    }

    /// The pages in a file. Its name tells what they hold and their number, if its form does not: `history`, `glucose`,
    /// `isig` or `vcntr`, and `page-7` or `pg_7`. Several pages lie one after another, each with the next number: `page-7-9`
    /// or `page-7`.
    ///
    /// # Errors
    /// If neither the name nor the bytes tell the kind, or the size is another kind's. A single history page may lack its
    /// end, and any page its check value.
    pub fn in_file(path: &'a Path, content: &'a Content, pump: Pump) -> Result<Vec<Self>> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
        let named = Kind::ALL.into_iter().find(|kind| name.contains(kind.word()));
        let mut pages = Vec::new();
        for piece in &content.pieces {
            let kind = piece.kind.or(named).map_or_else(|| proof::kind(&piece.bytes, pump, content.text), Ok);
            let kind = kind.with_context(|| path.display().to_string())?;
            let size = size(kind, piece.bytes.len()).with_context(|| path.display().to_string())?;
            pages.extend((0..).zip(piece.bytes.chunks(size)).map(|(at, bytes)| {
                let number = piece.number.and_then(|first| first.checked_add(at));
                Self {
                    kind,
                    number,
                    serial: None,
                    pump,
                    bytes,
                    entry: None,
                    file: Some((path, None)),
                    source: 0,
                    capture: None,
                }
            }));
        }
        if pages.len() > 1 {
            (1..).zip(&mut pages).for_each(|(at, page): (_, &mut Self)| page.file = Some((path, Some(at))));
        }
        if pages.iter().all(|page| page.number.is_none())
            && let Some(numbers) = numbers(&name, pages.len())
        {
            pages.iter_mut().zip(numbers).for_each(|(page, number)| page.number = Some(number));
        }
        Ok(pages)
    }

    /// `history 0`, or the name of its file if it has no number.
    #[must_use]
    pub fn name(&self) -> String {
        match (self.number, self.file) {
            (Some(number), _) => format!("{} {number}", self.kind.word()),
            (None, Some((file, None))) => file.display().to_string(),
            (None, Some((file, Some(at)))) => format!("{}, page {at} of it", file.display()),
            (None, None) => self.kind.word().to_owned(),
        }
    }

    /// `download.pcapng: frame 35: history page 0`
    #[must_use]
    pub fn place(&self) -> String {
        let capture = self.capture.map(|name| format!("{name}: ")).unwrap_or_default();
        let frame = |entry: Entry<'_>| format!("{capture}frame {}: ", entry.transaction.request.frame());
        let file = |(file, _): (&Path, _)| format!("{}: ", file.display());
        let from = self.entry.map(frame).or_else(|| self.file.map(file)).unwrap_or_default();
        let which = match (self.number, self.file) {
            (Some(number), _) => format!(" {number}"),
            (None, Some((_, Some(at)))) => format!(" ({at} in the file)"),
            (None, _) => String::new(),
        };
        format!("{from}{} page{which}", self.kind.word())
    }

    /// True if all its records are there, though a check value may not be.
    #[must_use]
    pub fn filled(&self) -> bool {
        self.whole()
            || pages::unsealed(self.kind).is_some_and(|len| self.entry.is_none() && self.bytes.len() == len)
    }

    /// True if all of it is there.
    #[must_use]
    pub fn whole(&self) -> bool {
        match self.kind.size() {
            Some(size) => self.bytes.len() == size,
            None => self.entry.is_some_and(|entry| entry.complete()),
        }
    }

    /// Why it is not to be read, if so.
    #[must_use]
    pub fn doubt(&self) -> Option<Doubt> {
        match self.entry {
            Some(entry) => entry.doubt,
            None => (pages::check(self.kind, self.bytes) == CrcStatus::Bad).then_some(Doubt::Page),
        }
    }

    /// Reads it into `sink`, without the pages that belong to it: how many records it has, as far as that is known, and
    /// the verdict on its check value.
    pub fn read<S: Sink>(&self, sink: &mut S) -> (Option<usize>, CrcStatus) {
        page::alone(self.kind, self.pump, &mut Cursor::new(self.bytes, 0, !self.filled(), sink))
    }

    /// What is known of it as a whole.
    #[must_use]
    pub fn json(&self) -> Value {
        let read = self.doubt().is_none().then(|| self.read(&mut ()));
        let (records, crc) = read.unzip();
        let crc = crc.filter(|crc| *crc != CrcStatus::NotPresent).map(|crc| crc.to_string().to_lowercase());
        json!({
            "kind": self.kind.word(),
            "number": self.number,
            "bytes": self.bytes.len(),
            "records": records.flatten(),
            "page_crc": crc,
            "doubt": self.doubt().map(|doubt| doubt.to_string()),
        })
    }
}

/// How many bytes each page has of a piece of `len` bytes.
fn size(kind: Kind, len: usize) -> Result<usize> {
    let whole = kind.size().with_context(|| format!("nobody knows how long a {} page is", kind.word()))?;
    match pages::unsealed(kind) {
        _ if len.is_multiple_of(whole) => Ok(whole),
        Some(bare) if len.is_multiple_of(bare) => Ok(bare),
        _ if kind == Kind::History && len < whole => Ok(whole),
        _ => bail!("{len} bytes are no {} pages, which have {whole} each", kind.word()),
    }
}

/// The numbers of the pages, from the name of their file, if it names the first, or the first and the last.
fn numbers(name: &str, pages: usize) -> Option<RangeInclusive<u32>> {
    let rest = ["pg-", "pg_", "page-", "page_"].iter().find_map(|word| Some(name.split_once(word)?.1))?;
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (first, rest) = rest.split_at(digits(rest));
    let first: u32 = first.parse().ok()?;
    let last = first.checked_add(u32::try_from(pages).ok()?.checked_sub(1)?)?;
    let told = rest.strip_prefix('-').and_then(|rest| rest[..digits(rest)].parse().ok());
    (pages == 1 || told.is_none_or(|told: u32| told == last)).then_some(first..=last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_tell_the_numbers_of_pages() {
        assert_eq!(numbers("20140501_225855-pg-18-readisighistory-page-0.data", 1), Some(18..=18));
        assert_eq!(numbers("123456-history-page-3-frame-35.data", 1), Some(3..=3));
        assert_eq!(numbers("page_10-18_glucose.data", 9), Some(10..=18));
        assert_eq!(numbers("glucose-page-10.data", 9), Some(10..=18));
        assert_eq!(numbers("page_10-18_glucose.data", 8), None);
        assert_eq!(numbers("glucose.data", 1), None);
    }

    #[test]
    fn a_file_may_hold_several_pages() -> Result<()> {
        let of = |name: &str, len: usize| -> Result<Vec<Option<u32>>> {
            let content = crate::forms::read(&vec![0; len])?;
            let pages = Page::in_file(Path::new(name), &content, Pump::default())?;
            Ok(pages.iter().map(|page| page.number).collect())
        };
        assert_eq!(of("Glucose-page-4.data", 3 * 1024)?, [Some(4), Some(5), Some(6)]);
        assert_eq!(of("Glucose-page-4.data", 2 * 1022)?, [Some(4), Some(5)], "without check values");
        assert_eq!(of("ReadISIGHistory-page-4.data", 2048)?.len(), 1);
        assert_eq!(of("ReadISIGHistory-page-4.data", 2044)?.len(), 1);
        assert_eq!(of("ReadHistoryData-page-4.data", 100)?.len(), 1);
        for (name, len) in
            [("isig.data", 1024), ("history.data", 1025), ("glucose.data", 100), ("page.data", 1024)]
        {
            assert!(of(name, len).is_err(), "{name}");
        }
        Ok(())
    }
}
