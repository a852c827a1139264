// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a pcap or pcapng file, or a pipe. Out: its packets, in capture order, each with its interface.

use crate::patient::Patient;
use anyhow::{Context as _, Result, anyhow, bail};
use pcap_parser::traits::{PcapNGPacketBlock as _, PcapReaderIterator};
use pcap_parser::{Block, PcapBlockOwned, PcapError, create_reader};
use std::io::Read;
use std::sync::{Arc, PoisonError};

/// Room for a record; USB transfers of other devices may be long.
const BUFFER: usize = 1 << 20;
/// The most room that is made for a record. What says to be longer is damaged.
const LARGEST: usize = 1 << 26;
/// Number of the pcapng option that tells a packet's direction.
const EPB_FLAGS: u16 = 2;

/// A packet as the file has it.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its number, from 1.
    pub frame: u32,
    /// Nanoseconds since 1970-01-01 UTC; 0 if the file does not tell.
    pub time: u64,
    /// The interface that captured it, from 0 and on through all sections.
    pub interface: u32,
    /// The link type of the interface.
    pub link: i32,
    /// The captured bytes.
    pub data: &'a [u8],
    /// How many bytes there were.
    pub sent: usize,
    /// The flags that pcapng keeps of it.
    pub flags: Option<u32>,
}

/// What a tick of an interface's clock is.
#[derive(Clone, Copy, Debug)]
enum Units {
    Nanoseconds(u64),
    PerSecond(u64),
}

impl Units {
    /// From the pcapng option `if_tsresol`: a power of ten, or of two if the highest bit is set.
    fn of(resolution: u8) -> Self {
        let power = u32::from(resolution & 0x7f);
        if resolution & 0x80 != 0 {
            Self::PerSecond(1_u64.checked_shl(power).unwrap_or(u64::MAX))
        } else {
            match power {
                0..=9 => Self::Nanoseconds(10_u64.pow(9 - power)),
                _ => Self::PerSecond(10_u64.checked_pow(power).unwrap_or(u64::MAX)),
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: i32,
    units: Units,
    offset: i64,
}

impl Interface {
    fn time(&self, ticks: u64) -> u64 {
        let nanoseconds = match self.units {
            Units::Nanoseconds(unit) => ticks.saturating_mul(unit),
            Units::PerSecond(rate) => {
                u64::try_from(u128::from(ticks) * 1_000_000_000 / u128::from(rate)).unwrap_or(u64::MAX)
            }
        };
        nanoseconds.saturating_add_signed(self.offset.saturating_mul(1_000_000_000))
    }
}

/// The interfaces of the section that is being read.
#[derive(Debug, Default)]
struct Section {
    interfaces: Vec<Interface>,
    /// How many the sections before had.
    earlier: usize,
    big_endian: bool,
}

impl Section {
    fn begin(&mut self, big_endian: bool) {
        self.earlier += self.interfaces.len();
        self.interfaces.clear();
        self.big_endian = big_endian;
    }

    fn interface(&self, number: u32, frame: u32) -> Result<(u32, &Interface)> {
        let interface = self.interfaces.get(number as usize);
        let interface = interface.with_context(|| {
            format!("packet {frame} names interface {number}, which the file does not describe before it")
        })?;
        Ok((u32::try_from(self.earlier).unwrap_or(u32::MAX).saturating_add(number), interface))
    }

    /// The packet that a block holds, if it holds one; `frame` is the number of the next packet.
    fn packet<'a>(&mut self, block: &'a PcapBlockOwned<'a>, frame: u32) -> Result<Option<Record<'a>>> {
        let (number, ticks, data, sent, flags) = match block {
            PcapBlockOwned::LegacyHeader(header) => {
                let unit = if header.is_nanosecond_precision() { 1 } else { 1000 };
                let units = Units::Nanoseconds(unit);
                self.interfaces = vec![Interface { link: header.network.0, units, offset: 0 }];
                return Ok(None);
            }
            PcapBlockOwned::Legacy(packet) => {
                let (interface, &Interface { link, units, .. }) = self.interface(0, frame)?;
                let Units::Nanoseconds(unit) = units else { bail!("no file header") };
                let time = u64::from(packet.ts_sec) * 1_000_000_000 + u64::from(packet.ts_usec) * unit;
                let sent = packet.origlen as usize;
                let data = &packet.data[..packet.data.len().min(sent)];
                return Ok(Some(Record { frame, time, interface, link, data, sent, flags: None }));
            }
            PcapBlockOwned::NG(Block::SectionHeader(section)) => {
                self.begin(section.big_endian());
                return Ok(None);
            }
            PcapBlockOwned::NG(Block::InterfaceDescription(description)) => {
                self.interfaces.push(Interface {
                    link: description.linktype.0,
                    units: Units::of(description.if_tsresol),
                    offset: description.if_tsoffset,
                });
                return Ok(None);
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                let ticks = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                let flags = packet.options.iter().find_map(|option| {
                    let value = (option.code.0 == EPB_FLAGS).then_some(option.value.as_ref())?;
                    let flags = *value.first_chunk()?;
                    Some(if self.big_endian { u32::from_be_bytes(flags) } else { u32::from_le_bytes(flags) })
                });
                (packet.if_id, Some(ticks), packet.packet_data(), packet.origlen, flags)
            }
            PcapBlockOwned::NG(Block::SimplePacket(packet)) => (0, None, packet.data, packet.origlen, None),
            PcapBlockOwned::NG(_) => return Ok(None),
        };
        let (number, interface) = self.interface(number, frame)?;
        let time = ticks.map_or(0, |ticks| interface.time(ticks));
        let sent = sent as usize;
        let data = &data[..data.len().min(sent)];
        Ok(Some(Record { frame, time, interface: number, link: interface.link, data, sent, flags }))
    }
}

/// Calls `take` for each packet of a capture.
///
/// # Errors
/// If the source is no capture, is damaged, cannot be read to its end, or `take` fails. What came before was taken by then.
pub fn read(source: impl Read + Send, take: impl FnMut(Record<'_>) -> Result<()>) -> Result<()> {
    let failure = Arc::default();
    let read = packets(Patient { source, failure: Arc::clone(&failure) }, take);
    match failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(error) => Err(error).context("cannot be read to its end"),
        None => read,
    }
}

fn packets(source: impl Read + Send, mut take: impl FnMut(Record<'_>) -> Result<()>) -> Result<()> {
    let mut reader = create_reader(BUFFER, source)
        .map_err(|_| anyhow!("not a capture file: it begins neither as pcap nor as pcapng does"))?;
    let mut section = Section::default();
    let (mut frame, mut room, mut at) = (0_u32, BUFFER, 0);
    loop {
        match reader.next() {
            Ok((used, block)) => {
                if let Some(record) = section.packet(&block, frame + 1)? {
                    frame += 1;
                    take(record)?;
                }
                at += used;
                reader.consume(used);
            }
            Err(PcapError::Eof) => return Ok(()),
            Err(PcapError::UnexpectedEof) => return Err(cut_off(frame)),
            Err(PcapError::Incomplete(_)) => {
                if reader.reader_exhausted() {
                    return Err(cut_off(frame));
                }
                reader.refill().map_err(|_| anyhow!("cannot be read on after frame {frame}"))?;
            }
            Err(PcapError::BufferTooSmall) if room < LARGEST => {
                room *= 2;
                reader.grow(room);
            }
            Err(_) => return Err(damaged(reader.as_ref(), at, frame)),
        }
    }
}

fn cut_off(frame: u32) -> anyhow::Error {
    anyhow!("the file ends within a record, after frame {frame}")
}

/// What is wrong with the record at byte `at`, which `reader` comes to next.
fn damaged(reader: &dyn PcapReaderIterator, at: usize, frame: u32) -> anyhow::Error {
    let begin: Vec<_> = reader.data().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    anyhow!(
        "damaged: no record begins at byte {at}, after frame {frame}: there is {}; what comes before was read",
        begin.join(" ")
    )
}
