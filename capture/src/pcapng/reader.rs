// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a pcap or pcapng file, or a pipe. Out: its blocks, one at a time; damage is told by its place.

use super::block::{Block, Kind, MAGIC};
use super::interface::Interface;
use super::legacy::{HEADER, Legacy, RECORD};
use super::order::Order;
use anyhow::{Context as _, Error, Result, anyhow, bail};
use std::collections::VecDeque;
use std::io::{BufReader, Chain, Cursor, Read};

/// The longest block, or packet of a pcap file, that is read. What says to be longer is damaged.
pub(crate) const LARGEST: usize = 1 << 26;
/// How a pcapng file begins, in either order of bytes.
const SECTION: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// Reads blocks. As an iterator, it ends after the first error: damage within the file, its end within a block, or a source
/// that cannot be read on.
#[derive(Debug)]
pub struct Reader<R> {
    source: BufReader<Chain<Cursor<Vec<u8>>, R>>,
    /// Where the block begins that comes next.
    at: u64,
    /// How many packets came.
    frame: u32,
    /// Of the section.
    order: Order,
    interfaces: Vec<Interface>,
    /// How many interfaces the sections before had.
    earlier: usize,
    /// How a pcap file is read.
    legacy: Option<Legacy>,
    /// The blocks that a pcap file's header stands for.
    head: VecDeque<Block>,
    ended: bool,
}

impl<R: Read> Reader<R> {
    /// Begins with a file.
    ///
    /// # Errors
    /// If it cannot be read, or is neither pcap nor pcapng.
    pub fn new(mut source: R) -> Result<Self> {
        let mut magic = Vec::new();
        take(&mut source, 4, &mut magic)?;
        let legacy = magic.first_chunk().and_then(|&magic| Legacy::of(magic));
        if legacy.is_none() && magic != SECTION {
            bail!("not a capture file: it begins neither as pcap nor as pcapng does");
        }
        let mut reader = Self {
            source: BufReader::with_capacity(1 << 16, Cursor::new(magic).chain(source)),
            at: 0,
            frame: 0,
            order: Order::default(),
            interfaces: Vec::new(),
            earlier: 0,
            legacy,
            head: VecDeque::new(),
            ended: false,
        };
        if let Some(legacy) = legacy {
            let header = reader.header::<HEADER>()?.ok_or_else(|| reader.cut_off())?;
            reader.head.extend(legacy.head(&header).into_iter().flatten());
            reader.at = HEADER as u64;
        }
        Ok(reader)
    }

    fn advance(&mut self) -> Result<Option<Block>> {
        let block = match (self.head.pop_front(), self.legacy) {
            (Some(block), _) => Some(block),
            (None, Some(legacy)) => self.record(legacy)?,
            (None, None) => self.block()?,
        };
        let Some(mut block) = block else { return Ok(None) };
        match block.kind() {
            Kind::Section => self.earlier += std::mem::take(&mut self.interfaces).len(),
            Kind::Interface => self.interfaces.extend(Interface::of(&block)),
            kind if kind.packet() => {
                let earlier = u32::try_from(self.earlier).unwrap_or(u32::MAX);
                block.settle(self.frame + 1, &self.interfaces, earlier)?;
                self.frame += 1;
            }
            _ => {}
        }
        Ok(Some(block))
    }

    /// A block of a pcapng file; `None` at its end.
    fn block(&mut self) -> Result<Option<Block>> {
        let Some(head) = self.header::<8>()? else { return Ok(None) };
        let mut bytes = head.to_vec();
        if head.starts_with(&SECTION) {
            self.fill(12, &mut bytes)?;
            let orders = [Order::Little, Order::Big];
            let order = orders.into_iter().find(|order| order.u32(&bytes, 8) == Some(MAGIC));
            self.order = order.ok_or_else(|| self.damaged(&head))?;
        }
        let length = self.order.u32(&head, 4).and_then(|length| usize::try_from(length).ok());
        let length = length.filter(|length| (12..=LARGEST).contains(length) && length % 4 == 0);
        let length = length.ok_or_else(|| self.damaged(&head))?;
        self.fill(length, &mut bytes)?;
        let whole = self.order.u32(&bytes, length - 4) == self.order.u32(&head, 4);
        let block = Some(bytes).filter(|_| whole);
        let block = block.and_then(|bytes| Block::read(self.order, bytes, &self.interfaces));
        let block = block.ok_or_else(|| self.damaged(&head))?;
        self.at += length as u64;
        Ok(Some(block))
    }

    /// A packet of a pcap file; `None` at its end.
    fn record(&mut self, legacy: Legacy) -> Result<Option<Block>> {
        let Some(header) = self.header::<RECORD>()? else { return Ok(None) };
        let kept = legacy.kept(&header).filter(|&kept| kept < LARGEST);
        let kept = kept.ok_or_else(|| self.damaged(&header))?;
        let mut data = Vec::new();
        self.fill(kept, &mut data)?;
        self.at += (RECORD + kept) as u64;
        Ok(legacy.packet(&header, &data))
    }

    /// So many bytes that begin something; `None` at the end of the file.
    fn header<const N: usize>(&mut self) -> Result<Option<[u8; N]>> {
        let mut bytes = Vec::with_capacity(N);
        take(&mut self.source, N, &mut bytes)?;
        match bytes.first_chunk() {
            Some(&header) => Ok(Some(header)),
            None if bytes.is_empty() => Ok(None),
            None => Err(self.cut_off()),
        }
    }

    /// Adds what is missing to so many bytes.
    fn fill(&mut self, len: usize, bytes: &mut Vec<u8>) -> Result<()> {
        take(&mut self.source, len, bytes)?;
        if bytes.len() < len { Err(self.cut_off()) } else { Ok(()) }
    }

    fn cut_off(&self) -> Error {
        anyhow!("the file ends within a record, after frame {}", self.frame)
    }

    /// What is wrong with the record that comes next, and begins with `head`.
    fn damaged(&self, head: &[u8]) -> Error {
        let begin: Vec<_> = head.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        anyhow!(
            "damaged: no record begins at byte {}, after frame {}: there is {}; what comes before was read",
            self.at,
            self.frame,
            begin.join(" ")
        )
    }
}

/// Adds bytes of a source until there are so many, or it ends. No more room is made than there are bytes.
fn take(source: &mut impl Read, len: usize, bytes: &mut Vec<u8>) -> Result<()> {
    let more = len.saturating_sub(bytes.len());
    source.by_ref().take(more as u64).read_to_end(bytes).context("cannot be read to its end")?;
    Ok(())
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Block>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.advance().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}
