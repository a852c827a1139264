// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture. Out: the packets of its sticks, without what else the capture tells of the computer and its devices.

use crate::conversation::{Conversation, Options};
use anyhow::{Error, Result};
use carelink_capture::container::Record;
use carelink_capture::pcapng::{Block, COMMENT, Choice, Fate, Kind, Options as Choices, Reader, rewrite};
use carelink_capture::tcp;
use carelink_capture::usb::{self, Urb};
use carelink_core::exchange::Outcome;
use carelink_core::pump::Opcode;
use carelink_core::transfer::{Carrier, LEFT_OUT};
use etherparse::{NetSlice, TransportSlice};
use std::collections::{HashMap, HashSet};
use std::io::Cursor;
use std::net::IpAddr;

/// The options of an interface that its packets' times need: the resolution of its clock, and what is added to it.
const CLOCK: [u16; 2] = [9, 14];
/// The option of a packet that tells which way it went.
const FLAGS: u16 = 2;

/// What is kept of a capture.
pub struct Selection {
    /// A capture of its own, whose frames count from 1.
    pub capture: Vec<u8>,
    /// What is left out.
    pub left_out: LeftOut,
    /// What is asked and how it ends, fetch by fetch.
    pub fetches: Vec<Fetch>,
    /// Why the capture could not be read to its end.
    pub damage: Option<Error>,
}

/// What is asked, and how it ended.
pub type Fetch = (Option<Opcode>, Outcome);

/// The fetches over sticks of a capture.
pub fn fetches(conversation: &Conversation) -> Vec<Fetch> {
    let session = &conversation.session;
    let fetches = session.transactions().iter().map(|(_, fetch)| fetch);
    let fetches = fetches.filter(|fetch| {
        [Carrier::Transfers, Carrier::Reports].iter().any(|&carrier| session.takes(carrier, fetch.stream))
    });
    fetches.map(|fetch| (fetch.pump_opcode(), fetch.outcome())).collect()
}

/// What is left out of a capture.
#[derive(Clone, Copy, Debug, Default)]
pub struct LeftOut {
    /// Packets of other devices, or that nobody can read.
    pub packets: u64,
    /// Blocks with names, counts, keys and the like.
    pub blocks: u64,
    /// Options: comments, names of interfaces, filters, hardware and programs.
    pub options: u64,
}

/// What tells packets of a stick from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Origin {
    /// An endpoint of a device; the last number tells the devices apart that had the address one after the other.
    Usb { interface: u32, bus: u16, device: u16, endpoint: u8, holder: u32 },
    /// A connection of TCP, from whichever end.
    Connection { interface: u32, ends: [(IpAddr, u16); 2] },
}

/// Who has which address, as far as descriptors tell.
#[derive(Debug, Default)]
struct Addresses(HashMap<(u16, u16), ((u16, u16), u32)>);

impl Addresses {
    /// The number of the device that has an address now.
    fn holder(&mut self, urb: &Urb, data: &[u8]) -> u32 {
        let names = usb::descriptor(data.get(urb.header..).unwrap_or_default()).filter(|_| urb.number() == 0);
        let known = self.0.get(&(urb.bus, urb.device)).copied();
        match (names, known) {
            (Some(names), Some((before, holder))) if names != before => {
                self.0.insert((urb.bus, urb.device), (names, holder + 1));
                holder + 1
            }
            (Some(names), None) => {
                self.0.insert((urb.bus, urb.device), (names, 0));
                0
            }
            (_, known) => known.map_or(0, |(_, holder)| holder),
        }
    }

    fn origin(&mut self, record: &Record<'_>) -> Option<Origin> {
        let interface = record.interface;
        if let Some(urb) = usb::urb(record.link, record.data) {
            let holder = self.holder(&urb, record.data);
            let Urb { bus, device, .. } = urb;
            let endpoint = urb.number();
            return Some(control_or(Origin::Usb { interface, bus, device, endpoint, holder }));
        }
        if !tcp::carries(record.link) {
            return None;
        }
        let packet = tcp::sliced(record.link, record.data)?;
        let TransportSlice::Tcp(segment) = packet.transport? else { return None };
        let ends: [IpAddr; 2] = match packet.net? {
            NetSlice::Ipv4(ip) => [ip.header().source_addr().into(), ip.header().destination_addr().into()],
            NetSlice::Ipv6(ip) => [ip.header().source_addr().into(), ip.header().destination_addr().into()],
            NetSlice::Arp(_) => return None,
        };
        let mut ends = [(ends[0], segment.source_port()), (ends[1], segment.destination_port())];
        ends.sort_unstable();
        Some(Origin::Connection { interface, ends })
    }
}

/// True if a packet holds data of an endpoint that may be a stick's, though it is none of its transfers.
fn declined(record: &Record<'_>) -> bool {
    usb::urb(record.link, record.data).is_some_and(|urb| urb.carrier.is_some() && record.sent > urb.header)
}

/// Selects the packets of sticks. `note` becomes the comment of the capture.
///
/// # Errors
/// If the capture cannot be read at all. Damage further on is told.
pub fn select(capture: &[u8], options: &Options, name: &str, note: &str) -> Result<Selection> {
    let conversation = Conversation::from_source(capture, options, name)?;
    let session = &conversation.session;
    let packets = conversation.packets.iter().filter(|packet| session.takes(packet.carrier, packet.stream));
    let frames: HashSet<u32> = packets.map(|packet| packet.frame).collect();
    let mut addresses = Addresses::default();
    let mut origins = HashSet::new();
    for block in Reader::new(capture)?.map_while(Result::ok) {
        if let Some(record) = block.record()
            && let Some(origin) = addresses.origin(&record)
            && frames.contains(&record.frame)
        {
            origins.extend([origin, control(origin)]);
        }
    }
    let mut addresses = Addresses::default();
    let (mut left_out, mut selected) = (LeftOut::default(), Cursor::new(Vec::new()));
    let damage = rewrite(capture, &mut selected, |block| {
        if let Some(record) = block.record() {
            let origin = addresses.origin(&record);
            let kept = frames.contains(&record.frame)
                || origin.is_some_and(|origin| origins.contains(&origin)) && !declined(&record);
            if !kept {
                left_out.packets += 1;
                return Ok(Fate::Drop);
            }
        }
        strip(block, note, &mut left_out)
    });
    let fetches = fetches(&conversation);
    Ok(Selection { capture: selected.into_inner(), left_out, fetches, damage: damage.err() })
}

/// The endpoint that a device is controlled by. What it says there counts on all interfaces.
const fn control(origin: Origin) -> Origin {
    match origin {
        Origin::Usb { bus, device, holder, .. } => {
            Origin::Usb { interface: 0, bus, device, endpoint: 0, holder }
        }
        connection @ Origin::Connection { .. } => connection,
    }
}

const fn control_or(origin: Origin) -> Origin {
    if let Origin::Usb { endpoint: 0, .. } = origin { control(origin) } else { origin }
}

/// Takes from a block what is not needed to read packets.
fn strip(block: &mut Block, note: &str, left_out: &mut LeftOut) -> Result<Fate> {
    let kept: &[u16] = match block.kind() {
        Kind::Section => &[],
        Kind::Interface => &CLOCK,
        kind if kind.packet() => {
            block.clear_padding();
            &[FLAGS]
        }
        _ => {
            left_out.blocks += 1;
            return Ok(Fate::Drop);
        }
    };
    let options = block.options();
    // A slice is no capture that lost packets, and must go on to say so.
    let left_out_before = block.record().is_some_and(|record| record.left_out);
    let needed: Vec<_> = options.list.iter().filter(|choice| kept.contains(&choice.code)).collect();
    left_out.options += (options.list.len() - needed.len()) as u64 - u64::from(left_out_before);
    let mut choices = Choices::default();
    for Choice { code, value, .. } in needed {
        choices.add(*code, value.clone());
    }
    if left_out_before {
        choices = choices.with(COMMENT, LEFT_OUT);
    }
    match block.kind() {
        Kind::Section => *block = Block::section(block.order(), &choices.with(COMMENT, note)),
        Kind::SimplePacket => {}
        _ => block.set_options(&choices)?,
    }
    Ok(Fate::Keep)
}
