// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the packets of a capture. Out: transfers with payload: which stick, which way, which endpoint.

use crate::container::{self, Record};
use crate::import::{self, Source};
use crate::line::{self, Ends};
use crate::packet::Packet;
use crate::pairs::{Pairs, Unpaired};
use crate::tcp::{self, Connections};
use crate::usb::{self, DEVICES};
use anyhow::{Result, anyhow, bail};
use carelink_core::transfer::{Carrier, Direction, Stream};
use std::collections::{BTreeMap, HashMap};
use std::io::Read;

/// What is kept from one packet to the next.
#[derive(Debug)]
struct Front {
    /// Vendor and product of devices by their addresses, bus and device, as their descriptors tell. As for Wireshark's USB
    /// dissector, a descriptor counts on all interfaces.
    devices: HashMap<(u16, u16), (u16, u16)>,
    /// Conversations of serial lines, by interface and ends.
    lines: HashMap<(u32, Ends), u32>,
    connections: Connections,
    pairs: Pairs,
    /// True if a packet's link type was one that can be read.
    readable: bool,
    passed: Passed,
}

/// What of a capture cannot be read, or is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// How many packets have a link type that cannot carry a stick's traffic, by its number.
    pub links: BTreeMap<i32, u64>,
    /// The URBs of devices that lack a packet, where others have both.
    pub unpaired: BTreeMap<Stream, Unpaired>,
}

/// Calls `take` for each transfer with payload; TCP is taken for a stick's on `tcp_port`.
///
/// What is no capture, but a recording in a format that [`import`] knows, is imported first.
///
/// Interfaces whose link type cannot carry a stick's traffic are passed over, and told.
///
/// # Errors
/// If the source is no capture, is damaged, has only interfaces that cannot be read, is a recording with lines that cannot be
/// read, or `take` fails. What came before
/// was taken by then.
pub fn read(
    source: impl Read + Send,
    tcp_port: u16,
    mut take: impl FnMut(Packet) -> Result<()>,
) -> Result<Passed> {
    let mut front = Front {
        devices: HashMap::new(),
        lines: HashMap::new(),
        connections: Connections::new(tcp_port),
        pairs: Pairs::default(),
        readable: false,
        passed: Passed::default(),
    };
    let mut unread = None;
    let take = |record: Record<'_>| front.packet(&record).map_or(Ok(()), &mut take);
    match import::recognise(source)? {
        Source::Capture(capture) => container::read(capture, take)?,
        Source::Recording(recording) => {
            container::read(recording.bytes().as_slice(), take)?;
            unread = Some(recording).filter(|recording| !recording.unread.is_empty());
        }
    }
    if let (false, Some(link)) = (front.readable, front.passed.links.keys().next()) {
        bail!("link type {link} is neither USB, nor a serial line, nor TCP that can be read here");
    }
    front.passed.unpaired = front.pairs.unpaired();
    unread.map_or(Ok(front.passed), |recording| Err(anyhow!(recording.complaint())))
}

impl Front {
    fn packet(&mut self, record: &Record<'_>) -> Option<Packet> {
        let take = if usb::carries(record.link) {
            Self::usb
        } else if line::carries(record.link) {
            Self::line
        } else if tcp::carries(record.link) {
            Self::tcp
        } else {
            *self.passed.links.entry(record.link).or_default() += 1;
            return None;
        };
        self.readable = true;
        take(self, record)
    }

    fn usb(&mut self, record: &Record<'_>) -> Option<Packet> {
        let urb = usb::urb(record.link, record.data)?;
        let stream = Stream::Usb { interface: record.interface, bus: urb.bus, device: urb.device };
        self.pairs.take(record.frame, stream, &urb, record.left_out);
        let bytes = record.data.get(urb.header..).unwrap_or_default();
        if let Some(names) = usb::descriptor(bytes).filter(|_| urb.number() == 0) {
            // An address may be given to another device later.
            self.devices.insert((urb.bus, urb.device), names);
        }
        let carrier = urb.carrier.filter(|_| record.sent > urb.header)?;
        let known = self.devices.get(&(urb.bus, urb.device));
        let certain = known.is_some_and(|&names| DEVICES.contains(&(names, carrier)));
        Some(Packet {
            frame: record.frame,
            time: record.time,
            stream,
            direction: Some(if urb.inward() { Direction::FromStick } else { Direction::ToStick }),
            endpoint: Some(urb.number()),
            carrier,
            start: urb.header,
            bytes: bytes.to_vec(),
            reported: record.sent - urb.header,
            certain,
            left_out: record.left_out,
        })
    }

    fn line(&mut self, record: &Record<'_>) -> Option<Packet> {
        let wrapped = line::wrapped(record.link, record.data, record.flags)?;
        let count = u32::try_from(self.lines.len()).unwrap_or(u32::MAX);
        let conversation = *self.lines.entry((record.interface, wrapped.ends)).or_insert(count);
        let bytes = record.data.get(wrapped.header..).unwrap_or_default();
        let reported = record.sent.checked_sub(wrapped.header).filter(|&reported| reported > 0)?;
        Some(Packet {
            carrier: wrapped.carrier,
            ..stream(record, conversation, wrapped.direction, wrapped.header, bytes, reported)
        })
    }

    fn tcp(&mut self, record: &Record<'_>) -> Option<Packet> {
        let piece = self.connections.payload(record.link, record.data)?;
        let (direction, start) = (Some(piece.direction), tcp::place(piece.bytes, record.data));
        Some(stream(record, piece.connection, direction, start, piece.bytes, piece.bytes.len()))
    }
}

fn stream(
    record: &Record<'_>,
    conversation: u32,
    direction: Option<Direction>,
    start: usize,
    bytes: &[u8],
    reported: usize,
) -> Packet {
    Packet {
        frame: record.frame,
        time: record.time,
        stream: Stream::Line { interface: record.interface, conversation },
        direction,
        endpoint: None,
        carrier: Carrier::Stream,
        start,
        bytes: bytes.to_vec(),
        reported,
        certain: true,
        left_out: record.left_out,
    }
}
