// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a recording of USB traffic that is no capture: a log, a report, a table. Out: the same as a pcapng file.
//!
//! Each format has a file of its own, and a row in `FORMATS`. What a format reads is put on a `Sheet`; [`Recording`] gives
//! the sheet what a capture needs and the recording does not have, and says so in the capture's comment.

mod decocare;
mod plain;
mod saleae;
mod sheet;
mod text;
mod totalphase;
mod urb;
mod usblyzer;
mod usbmon;
mod usbtrace;

use crate::pcapng::{Block, COMMENT, Options, Order};
use anyhow::{Context as _, Result, bail};
use sheet::Sheet;
use std::io::{Cursor, Read};

/// The most bytes of a recording that are read: it is kept whole.
const LARGEST: u64 = 1 << 30;
/// How captures begin: the four numbers of pcap in either order, and pcapng.
const CAPTURES: [[u8; 4]; 5] = [
    [0x0a, 0x0d, 0x0d, 0x0a],
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
    [0x4d, 0x3c, 0xb2, 0xa1],
];

/// A way to write down traffic.
struct Format {
    /// What it is called in a sentence.
    name: &'static str,
    /// True if a text is of it.
    recognises: fn(&str) -> bool,
    read: fn(&str, &mut Sheet),
}

/// In the order in which they are tried.
const FORMATS: [Format; 7] = [
    usbtrace::FORMAT,
    usblyzer::FORMAT,
    totalphase::FORMAT,
    decocare::FORMAT,
    usbmon::FORMAT,
    saleae::FORMAT,
    plain::FORMAT,
];

/// A recording that was read.
#[derive(Debug)]
pub struct Recording {
    /// What it is called in a sentence, such as "a USBlyzer report".
    pub format: &'static str,
    /// Lines that could not be read; empty if all is well.
    pub unread: Vec<Unread>,
    sheet: Sheet,
}

/// A line, or another part of a recording, that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// What it is, "line" or "request", and its number from 1.
    pub place: (&'static str, usize),
    /// What is wrong with it.
    pub why: &'static str,
}

impl Recording {
    /// Reads a text in any format that is known here. `None` if it is in none.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let text = text::decode(bytes);
        let format = FORMATS.iter().find(|format| (format.recognises)(&text))?;
        let mut sheet = Sheet::default();
        (format.read)(&text, &mut sheet);
        sheet.finish();
        let unread = std::mem::take(&mut sheet.unread);
        Some(Self { format: format.name, unread, sheet })
    }

    /// How many transfers it has.
    #[must_use]
    pub fn transfers(&self) -> usize {
        self.sheet.transfers()
    }

    /// What had to be invented, in sentences; the comment of the capture says it, too.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.sheet.notes
    }

    /// The blocks of a pcapng section that says the same, with packets as Linux captures them (link type 220).
    pub fn blocks(&self) -> impl Iterator<Item = Block> {
        let (order, none) = (Order::Little, Options::default());
        let mut comment = format!("Imported by carelink {} from {}.", env!("CARGO_PKG_VERSION"), self.format);
        for note in self.notes() {
            comment += " ";
            comment += note;
        }
        if !self.unread.is_empty() {
            comment += &format!(" {}", self.complaint());
        }
        let head = [
            Block::section(order, &Options::default().with(COMMENT, comment)),
            Block::interface(order, urb::LINK, 0, &Options::default().with(9, [9])),
        ];
        let packets = self.sheet.events.iter().map(move |event| {
            let (packet, sent) = event.packet();
            Block::packet(order, 0, event.time.unwrap_or(0), &packet, sent, &none)
        });
        head.into_iter().chain(packets)
    }

    /// The same as a whole file.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.blocks().flat_map(|block| block.bytes().to_vec()).collect()
    }

    /// What could not be read, in a sentence.
    #[must_use]
    pub fn complaint(&self) -> String {
        let shown: Vec<_> = self
            .unread
            .iter()
            .take(20)
            .map(|Unread { place: (what, number), why }| format!("{what} {number} ({why})"))
            .collect();
        let more = self.unread.len() - shown.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("Could not be read, and was left out: {}{more}.", shown.join(", "))
    }
}

/// What a source holds.
pub enum Source<R> {
    /// A capture, from its beginning.
    Capture(std::io::Chain<Cursor<Vec<u8>>, R>),
    /// A recording.
    Recording(Recording),
}

/// Looks what a source holds.
///
/// # Errors
/// If it cannot be read, or is neither a capture nor a recording in a known format.
pub fn recognise<R: Read>(mut source: R) -> Result<Source<R>> {
    const UNREADABLE: &str = "cannot be read to its end";
    let mut bytes = Vec::new();
    source.by_ref().take(4).read_to_end(&mut bytes).context(UNREADABLE)?;
    if CAPTURES.iter().any(|magic| bytes == magic) {
        return Ok(Source::Capture(Cursor::new(bytes).chain(source)));
    }
    source.by_ref().take(LARGEST).read_to_end(&mut bytes).context(UNREADABLE)?;
    if bytes.len() as u64 >= LARGEST {
        bail!("not a capture file, and too long for a recording: split it into files of less than 1 GiB");
    }
    match Recording::read(&bytes) {
        Some(recording) if recording.transfers() > 0 || !recording.unread.is_empty() => {
            Ok(Source::Recording(recording))
        }
        Some(Recording { format, .. }) => {
            bail!("{format} without any transfer: was anything sent while it was recorded?")
        }
        None => bail!(
            "not a capture file: it begins neither as pcap nor as pcapng does, and is no recording that can be \
             imported (carelink import --help names those)"
        ),
    }
}
