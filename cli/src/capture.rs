//! In: a pcap or pcapng file, or a pipe. Out: transfers with payload, in capture order.
//!
//! Layouts of the link layers: the registry of link types, the Linux kernel's usbmon documentation, USBPcap's and
//! Wireshark's documentation.

use anyhow::{Context as _, Result, bail};
use carelink_core::session::{Carrier, Claim, Direction, Transfer};
use pcap_parser::traits::PcapNGPacketBlock as _;
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};
use std::io::Read;

/// Largest record that is read in one piece; USB transfers of other devices may be long.
const BUFFER: usize = 1 << 20;

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
}

impl Packet {
    /// The same for the core. `claim` says whether the device is known to be a stick.
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
            // What has no device address is a serial line, which somebody recorded for this purpose.
            claim: if self.carrier == Carrier::Stream { Claim::Certain } else { claim },
        }
    }
}

/// Calls `take` for each transfer with payload.
///
/// # Errors
/// If the file is no capture, is damaged, or `take` fails. What came before was taken by then.
pub fn read(source: impl Read + Send, mut take: impl FnMut(Packet) -> Result<()>) -> Result<()> {
    let mut reader =
        create_reader(BUFFER, source).map_err(|error| anyhow::anyhow!("not a capture file: {error}"))?;
    let mut interfaces: Vec<Interface> = Vec::new();
    let mut frame = 0_u32;
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
                    PcapBlockOwned::NG(Block::SectionHeader(_)) => {
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
                            value.get(..4)?.try_into().ok().map(u32::from_le_bytes)
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
                    if let Some(packet) = interface.packet(frame, time, data, sent as usize, flags)? {
                        take(packet)?;
                    }
                }
                reader.consume(used);
            }
            Err(PcapError::Eof) => return Ok(()),
            Err(PcapError::Incomplete(_)) => {
                if reader.reader_exhausted() {
                    bail!("the file ends within a record, after frame {frame}");
                }
                reader
                    .refill()
                    .map_err(|error| anyhow::anyhow!("cannot read on after frame {frame}: {error}"))?;
            }
            Err(error) => bail!("damaged capture after frame {frame}: {error}"),
        }
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

    fn packet(
        &self,
        frame: u32,
        time: u64,
        data: &[u8],
        sent: usize,
        flags: Option<u32>,
    ) -> Result<Option<Packet>> {
        let usb = |urb: Option<Urb>| {
            let urb = urb.filter(|urb| urb.bulk && sent > urb.header)?;
            Some(Packet {
                frame,
                time,
                stream: u64::from(urb.bus) << 16 | u64::from(urb.device),
                direction: Some(if urb.endpoint & 0x80 == 0 {
                    Direction::ToStick
                } else {
                    Direction::FromStick
                }),
                endpoint: Some(urb.endpoint & 0x7f),
                carrier: Carrier::Transfers,
                bytes: data.get(urb.header..).unwrap_or_default().to_vec(),
                reported: sent - urb.header,
            })
        };
        let line = |header: usize, direction| {
            (sent > header).then(|| Packet {
                frame,
                time,
                stream: 0,
                direction,
                endpoint: None,
                carrier: Carrier::Stream,
                bytes: data.get(header..).unwrap_or_default().to_vec(),
                reported: sent - header,
            })
        };
        Ok(match self.link.0 {
            189 => usb(usbmon(data, 48)),
            220 => usb(usbmon(data, 64)),
            249 => usb(usbpcap(data)),
            266 => usb(darwin(data)),
            147..=162 => line(0, flags.and_then(|flags| towards(flags & 3, 2, 1))),
            250 => line(12, data.get(8).and_then(|&event| towards(event.into(), 1, 2))),
            252 => exported(data).and_then(|(header, direction)| line(header, direction)),
            other => bail!(
                "frame {frame}: link type {other} is neither USB nor a serial line that can be read here"
            ),
        })
    }
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
    let header = usize::from(*data.get(2)?);
    let [request] = number(data, 3)?;
    let location = u32::from_le_bytes(number(data, 16)?);
    let [transfer, device, endpoint, _] =
        number(data, 24).map(|[_, _, _, _, a, b, c, d]: [u8; 8]| [a, b, c, d])?;
    let bus = u16::try_from(location >> 24).unwrap_or(0);
    let carries = (endpoint & 0x80 == 0) == (request == 0);
    Some(Urb { bus, device: device.into(), endpoint, bulk: transfer == 2 && carries, header })
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
