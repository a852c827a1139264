// SPDX-License-Identifier: GPL-2.0-or-later
//! In: blocks. Out: a pcapng file, in which sections that tell their length tell it rightly.

use super::block::{Block, Kind, UNTOLD};
use super::order::Order;
use super::reader::Reader;
use anyhow::{Context as _, Result};
use std::io::{Read, Seek, SeekFrom, Write};

/// Where the length of a section stands in its header.
const LENGTH: u64 = 16;

/// A section whose header tells how long it is.
#[derive(Clone, Copy, Debug)]
struct Section {
    at: u64,
    order: Order,
    told: u64,
    /// By how much it has become longer than it was in the file.
    grown: i64,
}

/// Writes blocks; [`Writer::finish`] ends the file.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    /// How much was written.
    at: u64,
    section: Option<Section>,
}

impl<W: Write + Seek> Writer<W> {
    /// Begins where `out` stands.
    ///
    /// # Errors
    /// If `out` cannot be asked where that is.
    pub fn new(mut out: W) -> Result<Self> {
        let at = out.stream_position().context("cannot be written in place")?;
        Ok(Self { out, at, section: None })
    }

    /// Writes a block.
    ///
    /// # Errors
    /// If that fails.
    pub fn write(&mut self, block: &Block) -> Result<()> {
        if block.kind() == Kind::Section {
            self.settle()?;
            let (at, order) = (self.at, block.order());
            let told = order.u64(block.bytes(), 16).filter(|&told| told != UNTOLD);
            self.section = told.map(|told| Section { at, order, told, grown: 0 });
        } else {
            self.grow(block.bytes().len(), block.was());
        }
        self.out.write_all(block.bytes()).context("cannot be written")?;
        self.at += block.bytes().len() as u64;
        Ok(())
    }

    /// Takes note that a block of the file that is read is left out.
    pub fn omit(&mut self, block: &Block) {
        self.grow(0, block.was());
    }

    fn grow(&mut self, is: usize, was: usize) {
        if let Some(section) = &mut self.section {
            let len = |len| i64::try_from(len).unwrap_or(i64::MAX);
            section.grown = section.grown.saturating_add(len(is)).saturating_sub(len(was));
        }
    }

    /// Mends the length of the section that ends here.
    fn settle(&mut self) -> Result<()> {
        let Some(Section { at, order, told, grown }) =
            self.section.take().filter(|section| section.grown != 0)
        else {
            return Ok(());
        };
        // One that was wrong stays as wrong as it was, so that a change can be taken back.
        let length = order.of_u64(told.wrapping_add_signed(grown));
        self.out.seek(SeekFrom::Start(at + LENGTH)).context("cannot be written in place")?;
        self.out.write_all(&length).context("cannot be written")?;
        self.out.seek(SeekFrom::Start(self.at)).context("cannot be written in place")?;
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// If what is left cannot be written.
    pub fn finish(mut self) -> Result<W> {
        self.settle()?;
        self.out.flush().context("cannot be written")?;
        Ok(self.out)
    }
}

/// What becomes of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is written.
    Keep,
    /// It is left out.
    Drop,
}

/// Writes a capture again, each block after `edit` has seen it and, maybe, changed it.
///
/// What is not changed is written byte for byte as it was; a pcap file becomes a pcapng file. One block at a time is kept.
///
/// # Errors
/// If the source is no capture, is damaged, cannot be read to its end, `out` cannot be written, or `edit` fails. What came
/// before was written by then, and the file is ended.
pub fn rewrite(
    source: impl Read,
    out: impl Write + Seek,
    mut edit: impl FnMut(&mut Block) -> Result<Fate>,
) -> Result<()> {
    let mut writer = Writer::new(out)?;
    let written = Reader::new(source)?.try_for_each(|block| {
        let mut block = block?;
        match edit(&mut block)? {
            Fate::Keep => writer.write(&block)?,
            Fate::Drop => writer.omit(&block),
        }
        Ok(())
    });
    writer.finish()?;
    written
}
