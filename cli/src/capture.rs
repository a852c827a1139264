// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a pcap or pcapng file, or a pipe. Out: transfers with payload, in capture order.
//!
//! Layouts of the link layers: the registry of link types, the Linux kernel's usbmon documentation, USBPcap's and
//! Wireshark's documentation.

use crate::tcp::{self, Connections};
use anyhow::{Context as _, Result, bail};
use carelink_core::transfer::{Carrier, Claim, Direction, Transfer};
use pcap_parser::traits::PcapNGPacketBlock as _;
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};
use std::collections::HashSet;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

/// Room for a record; USB transfers of other devices may be long.
const BUFFER: usize = 1 << 20;
/// The most room that is made for a record. What says to be longer is damaged.
const LARGEST: usize = 1 << 26;

/// A transfer with payload, or the bytes of a serial line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Frame number in the capture, from 1.
    pub frame: u32,
    /// Nanoseconds since 1970-01-01 UTC.
    pub time: u64,
    /// Tells one stick from another.
    pub stream: u64,
    /// Which way it went, if that is known.
    pub direction: Option<Direction>,
    /// USB endpoint number without the direction bit, if there is one.
    pub endpoint: Option<u8>,
    /// How it was carried.
    pub carrier: Carrier,
    /// The captured bytes.
    pub bytes: Vec<u8>,
    /// How many bytes were sent.
    pub reported: usize,
    /// True if the capture itself shows that the device is a stick, or that somebody recorded it for this purpose.
    pub certain: bool,
}

impl Packet {
    /// The same for the core. `claim` says whether the device is known to be a stick where the capture does not tell.
    #[must_use]
    pub fn transfer(&self, claim: Claim) -> Transfer<'_> {
        Transfer {
            bytes: &self.bytes,
            reported: self.reported,
            stream: self.stream,
            time: self.time,
            frame: self.frame,
            layer: 0,
            direction: self.direction,
            endpoint: self.endpoint,
            carrier: self.carrier,
            claim: if self.certain { Claim::Certain } else { claim },
        }
    }
}

/// Calls `take` for each transfer with payload; TCP is taken for a stick's on [`tcp::PORT`].
///
/// # Errors
/// As [`read_with`].
pub fn read(source: impl Read + Send, take: impl FnMut(Packet) -> Result<()>) -> Result<()> {
    read_with(source, tcp::PORT, take)
}

/// Calls `take` for each transfer with payload; TCP is taken for a stick's on `tcp_port`.
///
/// Interfaces whose link type cannot carry a stick's traffic are passed over.
///
/// # Errors
/// If the file is no capture, is damaged, has only interfaces that cannot be read, or `take` fails. What came before was
/// taken by then.
pub fn read_with(
    source: impl Read + Send,
    tcp_port: u16,
    take: impl FnMut(Packet) -> Result<()>,
) -> Result<()> {
    let failure = Arc::default();
    let read = packets(Patient { source, failure: Arc::clone(&failure) }, tcp_port, take);
    match failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(error) => Err(error).context("cannot be read to its end"),
        None => read,
    }
}

fn packets(
    source: impl Read + Send,
    tcp_port: u16,
    mut take: impl FnMut(Packet) -> Result<()>,
) -> Result<()> {
    let mut seen = Seen {
        sticks: HashSet::new(),
        connections: Connections::new(tcp_port),
        readable: false,
        unreadable: None,
    };
    let mut big_endian = false;
    let mut reader =
        create_reader(BUFFER, source).map_err(|error| anyhow::anyhow!("not a capture file: {error}"))?;
    let mut interfaces: Vec<Interface> = Vec::new();
    let (mut frame, mut room) = (0_u32, BUFFER);
    loop {
        match reader.next() {
            Ok((used, block)) => {
                let record = match block {
                    PcapBlockOwned::LegacyHeader(header) => {
                        let nanoseconds = if header.is_nanosecond_precision() { 1 } else { 1000 };
                        interfaces = vec![Interface {
                            link: header.network,
                            units: Units::Nanoseconds(nanoseconds),
                            offset: 0,
                        }];
                        None
                    }
                    PcapBlockOwned::Legacy(packet) => {
                        let interface = interfaces.first().context("no file header")?;
                        let Units::Nanoseconds(unit) = interface.units else { bail!("no file header") };
                        let time =
                            u64::from(packet.ts_sec) * 1_000_000_000 + u64::from(packet.ts_usec) * unit;
                        Some((interface, time, packet.data, packet.origlen, None))
                    }
                    PcapBlockOwned::NG(Block::SectionHeader(section)) => {
                        big_endian = section.big_endian();
                        interfaces.clear();
                        None
                    }
                    PcapBlockOwned::NG(Block::InterfaceDescription(description)) => {
                        interfaces.push(Interface {
                            link: description.linktype,
                            units: Units::of(description.if_tsresol),
                            offset: description.if_tsoffset,
                        });
                        None
                    }
                    PcapBlockOwned::NG(Block::EnhancedPacket(ref packet)) => {
                        let interface = interfaces.get(packet.if_id as usize).with_context(|| {
                            format!("packet {} names an interface that is not described", frame + 1)
                        })?;
                        let ticks = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                        let flags = packet.options.iter().find_map(|option| {
                            let value = (option.code.0 == EPB_FLAGS).then_some(option.value.as_ref())?;
                            let flags = *value.first_chunk()?;
                            Some(if big_endian {
                                u32::from_be_bytes(flags)
                            } else {
                                u32::from_le_bytes(flags)
                            })
                        });
                        Some((interface, interface.time(ticks), packet.packet_data(), packet.origlen, flags))
                    }
                    PcapBlockOwned::NG(Block::SimplePacket(ref packet)) => {
                        let interface = interfaces.first().context("a packet comes before its interface")?;
                        Some((interface, 0, packet.data, packet.origlen, None))
                    }
                    PcapBlockOwned::NG(_) => None,
                };
                if let Some((interface, time, data, sent, flags)) = record {
                    frame += 1;
                    let data = &data[..data.len().min(sent as usize)];
                    let shape = Shape { frame, time, data, sent: sent as usize, flags };
                    if let Some(packet) = interface.packet(&shape, &mut seen) {
                        take(packet)?;
                    }
                }
                reader.consume(used);
            }
            Err(PcapError::Eof) => {
                if let (false, Some(link)) = (seen.readable, seen.unreadable) {
                    bail!(
                        "link type {link} is neither USB, nor a serial line, nor TCP that can be read here"
                    );
                }
                return Ok(());
            }
            Err(PcapError::UnexpectedEof) => bail!("the file ends within a record, after frame {frame}"),
            Err(PcapError::Incomplete(_)) => {
                if reader.reader_exhausted() {
                    bail!("the file ends within a record, after frame {frame}");
                }
                reader
                    .refill()
                    .map_err(|error| anyhow::anyhow!("cannot read on after frame {frame}: {error}"))?;
            }
            Err(PcapError::BufferTooSmall) if room < LARGEST => {
                room *= 2;
                reader.grow(room);
            }
            Err(error) => bail!("damaged capture after frame {frame}: {error}"),
        }
    }
}

/// Reads as much as is asked for: a pipe gives little at a time, and a file's header is wanted whole.
///
/// What cannot be read ends the file, so that all before it is read, and is told then.
struct Patient<R> {
    source: R,
    failure: Arc<Mutex<Option<io::Error>>>,
}

impl<R: Read> Read for Patient<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.source.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    break;
                }
            }
        }
        Ok(filled)
    }
}

/// Number of the pcapng option that tells a packet's direction.
const EPB_FLAGS: u16 = 2;

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
    link: Linktype,
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

    fn readable(&self) -> bool {
        matches!(self.link.0, 147..=162 | 189 | 220 | 249 | 250 | 252 | 266)
            || tcp::LINKS.contains(&self.link.0)
    }

    fn packet(&self, shape: &Shape<'_>, seen: &mut Seen) -> Option<Packet> {
        let link = self.link.0;
        if !self.readable() {
            seen.unreadable = Some(link);
            return None;
        }
        seen.readable = true;
        match link {
            189 => shape.usb(usbmon(shape.data, 48), seen),
            220 => shape.usb(usbmon(shape.data, 64), seen),
            249 => shape.usb(usbpcap(shape.data), seen),
            266 => shape.usb(darwin(shape.data), seen),
            147..=162 => shape.line(0, shape.flags.and_then(|flags| towards(flags & 3, 2, 1))),
            250 => shape.line(12, shape.data.get(8).and_then(|&event| towards(event.into(), 1, 2))),
            252 => exported(shape.data).and_then(|(header, direction)| shape.line(header, direction)),
            _ => shape.tcp(link, seen),
        }
    }
}

/// What is kept from one packet to the next.
struct Seen {
    /// Devices whose descriptor names a stick.
    sticks: HashSet<u64>,
    connections: Connections,
    /// True if a packet's link type was one that can be read.
    readable: bool,
    /// A link type that cannot be read.
    unreadable: Option<i32>,
}

/// A packet as the file has it.
struct Shape<'a> {
    frame: u32,
    time: u64,
    data: &'a [u8],
    sent: usize,
    flags: Option<u32>,
}

impl Shape<'_> {
    fn usb(&self, urb: Option<Urb>, seen: &mut Seen) -> Option<Packet> {
        let urb = urb?;
        let stream = u64::from(urb.bus) << 16 | u64::from(urb.device);
        let bytes = self.data.get(urb.header..).unwrap_or_default();
        if let Some(stick) = descriptor(bytes).filter(|_| urb.endpoint & 0x7f == 0) {
            // An address may be given to another device later.
            if stick {
                seen.sticks.insert(stream)
            } else {
                seen.sticks.remove(&stream)
            };
        }
        let direction = if urb.endpoint & 0x80 == 0 { Direction::ToStick } else { Direction::FromStick };
        (urb.bulk && self.sent > urb.header).then(|| Packet {
            frame: self.frame,
            time: self.time,
            stream,
            direction: Some(direction),
            endpoint: Some(urb.endpoint & 0x7f),
            carrier: Carrier::Transfers,
            bytes: bytes.to_vec(),
            reported: self.sent - urb.header,
            certain: seen.sticks.contains(&stream),
        })
    }

    fn line(&self, header: usize, direction: Option<Direction>) -> Option<Packet> {
        let bytes = self.data.get(header..).unwrap_or_default();
        (self.sent > header).then(|| self.stream(0, direction, bytes, self.sent - header))
    }

    fn tcp(&self, link: i32, seen: &mut Seen) -> Option<Packet> {
        let piece = seen.connections.payload(link, self.data)?;
        let stream = TCP_STREAMS | u64::from(piece.connection);
        Some(self.stream(stream, Some(piece.direction), piece.bytes, piece.bytes.len()))
    }

    fn stream(&self, stream: u64, direction: Option<Direction>, bytes: &[u8], reported: usize) -> Packet {
        Packet {
            frame: self.frame,
            time: self.time,
            stream,
            direction,
            endpoint: None,
            carrier: Carrier::Stream,
            bytes: bytes.to_vec(),
            reported,
            certain: true,
        }
    }
}

/// Streams of TCP connections lie above those of USB devices, whose addresses take 32 bits.
const TCP_STREAMS: u64 = 1 << 32;

/// Whether a device is a stick, if `bytes` are a device descriptor.
fn descriptor(bytes: &[u8]) -> Option<bool> {
    let [18, 1, rest @ ..] = bytes else { return None };
    Some(rest.get(6..10)? == [0x21, 0x0a, 0x01, 0x80])
}

/// The direction that `value` tells, if it is one of the two.
fn towards(value: u32, to_stick: u32, from_stick: u32) -> Option<Direction> {
    match value {
        _ if value == to_stick => Some(Direction::ToStick),
        _ if value == from_stick => Some(Direction::FromStick),
        _ => None,
    }
}

/// What a URB's header tells.
struct Urb {
    bus: u16,
    device: u16,
    endpoint: u8,
    bulk: bool,
    header: usize,
}

fn number<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..at + N)?.try_into().ok()
}

fn usbmon(data: &[u8], header: usize) -> Option<Urb> {
    let [kind, transfer, endpoint, device] = number(data, 8)?;
    let bus = u16::from_le_bytes(number(data, 12)?);
    // Data lies in the submission of a write and in the completion of a read.
    let carries = (endpoint & 0x80 == 0) == (kind == b'S');
    Some(Urb { bus, device: device.into(), endpoint, bulk: transfer == 3 && carries, header })
}

fn usbpcap(data: &[u8]) -> Option<Urb> {
    let header = usize::from(u16::from_le_bytes(number(data, 0)?));
    let [bus_low, bus_high, device_low, device_high, endpoint, transfer] = number(data, 17)?;
    let bus = u16::from_le_bytes([bus_low, bus_high]);
    let device = u16::from_le_bytes([device_low, device_high]);
    Some(Urb { bus, device, endpoint, bulk: transfer == 3, header })
}

fn darwin(data: &[u8]) -> Option<Urb> {
    let [header, request] = number(data, 2)?;
    let location = u32::from_le_bytes(number(data, 24)?);
    let [_speed, device, endpoint, transfer] = number(data, 28)?;
    let bus = u16::try_from(location >> 24).unwrap_or(0);
    let carries = (endpoint & 0x80 == 0) == (request == 0);
    let (device, header) = (device.into(), header.into());
    Some(Urb { bus, device, endpoint, bulk: transfer == 2 && carries, header })
}

/// Length of an exported PDU's tags, and the direction that they tell.
fn exported(data: &[u8]) -> Option<(usize, Option<Direction>)> {
    const DISSECTOR: u16 = 12;
    const DIRECTION: u16 = 35;
    let (mut at, mut ours, mut direction) = (0, false, None);
    loop {
        let tag = u16::from_be_bytes(number(data, at)?);
        let len = usize::from(u16::from_be_bytes(number(data, at + 2)?));
        let value = data.get(at + 4..at + 4 + len)?;
        at += 4 + len;
        match tag {
            0 => return ours.then_some((at, direction)),
            DISSECTOR => ours = value.split(|&byte| byte == 0).next() == Some(b"carelink"),
            DIRECTION => direction = towards(u32::from_be_bytes(number(value, 0)?), 0, 1),
            _ => {}
        }
    }
}
