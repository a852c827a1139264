// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the bytes of a block. Out: its packet and its options, to be read and changed.

use super::interface::Interface;
use super::options::{COMMENT, Options};
use super::order::{Order, padding};
use crate::container::Record;
use anyhow::{Context as _, Result, ensure};
use carelink_core::transfer::says_left_out;
use std::borrow::Cow;
use std::ops::Range;

/// The number in a section's header that tells the order of bytes.
pub(crate) const MAGIC: u32 = 0x1a2b_3c4d;
/// The length of a section whose writer did not know it.
pub(crate) const UNTOLD: u64 = u64::MAX;
/// Number of the option that tells a packet's direction.
const FLAGS: u16 = 2;

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Begins a section: a file in the file.
    Section,
    /// Describes an interface.
    Interface,
    /// A packet, in the first form that they had.
    OldPacket,
    /// A packet without time and interface.
    SimplePacket,
    /// A packet.
    Packet,
    /// Names of addresses.
    Names,
    /// Counts of an interface.
    Statistics,
    /// Keys.
    Secrets,
    /// Any other, by its number.
    Unknown(u32),
}

const KINDS: [(u32, Kind); 8] = [
    (0x0a0d_0d0a, Kind::Section),
    (1, Kind::Interface),
    (2, Kind::OldPacket),
    (3, Kind::SimplePacket),
    (4, Kind::Names),
    (5, Kind::Statistics),
    (6, Kind::Packet),
    (10, Kind::Secrets),
];

impl Kind {
    /// By its number.
    #[must_use]
    pub fn of(number: u32) -> Self {
        KINDS.iter().find(|row| row.0 == number).map_or(Self::Unknown(number), |row| row.1)
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            Self::Unknown(number) => number,
            known => KINDS.iter().find(|row| row.1 == known).map_or(0, |row| row.0),
        }
    }

    /// True if it holds a packet, and so has a frame number.
    #[must_use]
    pub const fn packet(self) -> bool {
        matches!(self, Self::OldPacket | Self::SimplePacket | Self::Packet)
    }
}

/// Where the parts of a block are that can be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shape {
    /// The packet, or the keys, without padding.
    data: Range<usize>,
    /// The options, with the mark that ends them; `None` if a block has no place for any.
    options: Option<Range<usize>>,
}

impl Shape {
    /// `None` if the lengths within the block do not fit it. `most` is how much of a simple packet is kept.
    fn of(order: Order, kind: Kind, bytes: &[u8], most: usize) -> Option<Self> {
        let end = bytes.len().checked_sub(4)?;
        let plain = |fixed| (fixed <= end).then_some(Self { data: fixed..fixed, options: Some(fixed..end) });
        let filled = |length, fixed: usize| {
            let data = fixed..fixed.checked_add(usize::try_from(order.u32(bytes, length)?).ok()?)?;
            let options = data.end.checked_add(padding(data.end))?..end;
            (options.start <= end).then_some(Self { data, options: Some(options) })
        };
        match kind {
            Kind::Section => plain(24),
            Kind::Interface => plain(16),
            Kind::Statistics => plain(20),
            Kind::OldPacket | Kind::Packet => filled(20, 28),
            Kind::Secrets => filled(12, 16),
            Kind::SimplePacket => {
                let sent = usize::try_from(order.u32(bytes, 8)?).ok()?;
                let most = if most == 0 { usize::MAX } else { most };
                let data = 12..12 + sent.min(most).min(end.checked_sub(12)?);
                Some(Self { data, options: None })
            }
            Kind::Names => {
                let options = names(order, bytes, end).map(|at| at..end);
                Some(Self { data: 8..8, options })
            }
            Kind::Unknown(_) => Some(Self { data: 8..8, options: None }),
        }
    }
}

/// Where the records of names end, and the options begin.
fn names(order: Order, bytes: &[u8], end: usize) -> Option<usize> {
    let mut at = 8;
    while at < end {
        let (kind, len) = (order.u16(bytes, at)?, usize::from(order.u16(bytes, at + 2)?));
        at += 4 + len + padding(len);
        if kind == 0 {
            return (at <= end).then_some(at);
        }
    }
    None
}

/// What the blocks before tell of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    frame: u32,
    time: u64,
    interface: u32,
    link: i32,
    /// Ticks in a second.
    rate: u64,
}

/// A block of a pcapng file, with the bytes it was read with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    order: Order,
    kind: Kind,
    bytes: Vec<u8>,
    shape: Shape,
    place: Option<Place>,
    /// How many bytes it had in the file.
    was: usize,
}

impl Block {
    /// A block as a file has it. `None` if it is damaged. `interfaces` are those of the section.
    pub(crate) fn read(order: Order, bytes: Vec<u8>, interfaces: &[Interface]) -> Option<Self> {
        let kind = Kind::of(order.u32(&bytes, 0)?);
        let most = interfaces.first().map_or(0, |interface| interface.most);
        let shape = Shape::of(order, kind, &bytes, most)?;
        let was = bytes.len();
        Some(Self { order, kind, bytes, shape, place: None, was })
    }

    /// Gives it its frame number; `earlier` is how many interfaces the sections before had.
    ///
    /// # Errors
    /// If the packet is of an interface that is not described before it.
    pub(crate) fn settle(&mut self, frame: u32, interfaces: &[Interface], earlier: u32) -> Result<()> {
        let number = match self.kind {
            Kind::Packet => self.order.u32(&self.bytes, 8),
            Kind::OldPacket => self.order.u16(&self.bytes, 8).map(u32::from),
            _ => Some(0),
        };
        let number = number.unwrap_or(0);
        let interface = usize::try_from(number).ok().and_then(|number| interfaces.get(number));
        let Some(interface) = interface else {
            anyhow::bail!(
                "packet {frame} names interface {number}, which the file does not describe before it"
            );
        };
        let ticks = self.order.u32(&self.bytes, 12).zip(self.order.u32(&self.bytes, 16));
        let ticks = ticks.filter(|_| self.kind != Kind::SimplePacket);
        self.place = Some(Place {
            frame,
            time: ticks.map_or(0, |(high, low)| interface.time(u64::from(high) << 32 | u64::from(low))),
            interface: earlier.saturating_add(number),
            link: interface.link,
            rate: interface.rate(),
        });
        Ok(())
    }

    /// A new block. `body` comes before data and options.
    fn new(order: Order, kind: Kind, body: &[u8], data: &[u8], options: &Options) -> Self {
        let mut bytes = Vec::with_capacity(16 + body.len() + data.len());
        bytes.extend(order.of_u32(kind.number()));
        bytes.extend([0; 4]);
        bytes.extend_from_slice(body);
        let start = bytes.len();
        bytes.extend_from_slice(data);
        let data = start..bytes.len();
        bytes.resize(data.end + padding(data.end), 0);
        let start = bytes.len();
        bytes.extend(options.write(order));
        let shape = Shape { data, options: Some(start..bytes.len()) };
        bytes.extend([0; 4]);
        let mut block = Self { order, kind, bytes, shape, place: None, was: 0 };
        block.mend_lengths();
        block
    }

    /// A new section header, of version 1.0 and untold length. Numbers in its section are in the given order.
    #[must_use]
    pub fn section(order: Order, options: &Options) -> Self {
        let mut body = order.of_u32(MAGIC).to_vec();
        body.extend(order.of_u16(1));
        body.extend(order.of_u16(0));
        body.extend(order.of_u64(UNTOLD));
        Self::new(order, Kind::Section, &body, &[], options)
    }

    /// A new interface, with its link type, and how many bytes of a packet it keeps at most; 0 for all.
    #[must_use]
    pub fn interface(order: Order, link: u16, most: u32, options: &Options) -> Self {
        let mut body = order.of_u16(link).to_vec();
        body.extend([0; 2]);
        body.extend(order.of_u32(most));
        Self::new(order, Kind::Interface, &body, &[], options)
    }

    /// A new packet that an interface of the section, counted from 0, captured at a tick of its clock (microseconds since
    /// 1970 if its options do not say otherwise). `sent` is how many bytes there were, of which `data` was kept.
    #[must_use]
    pub fn packet(
        order: Order,
        interface: u32,
        ticks: u64,
        data: &[u8],
        sent: u32,
        options: &Options,
    ) -> Self {
        let [high, low] = [ticks >> 32, ticks & 0xffff_ffff].map(|half| u32::try_from(half).unwrap_or(0));
        let kept = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let body: Vec<u8> =
            [interface, high, low, kept, sent].into_iter().flat_map(|number| order.of_u32(number)).collect();
        Self::new(order, Kind::Packet, &body, data, options)
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The order of the bytes of its numbers.
    #[must_use]
    pub const fn order(&self) -> Order {
        self.order
    }

    /// The whole block as it is written.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes it had in the file that it was read from; 0 if it is new.
    pub(crate) const fn was(&self) -> usize {
        self.was
    }

    /// The number of its packet in the file, from 1; `None` if it holds no packet.
    #[must_use]
    pub fn frame(&self) -> Option<u32> {
        self.place.map(|place| place.frame)
    }

    /// Its packet, as [`container::read`](crate::container::read) tells of it; `None` if it holds none.
    #[must_use]
    pub fn record(&self) -> Option<Record<'_>> {
        let Place { frame, time, interface, link, .. } = self.place?;
        let sent = usize::try_from(self.sent()?).ok()?;
        let data = self.data();
        let options = self.options();
        let flags = options.list.iter().find(|choice| choice.code == FLAGS && self.kind == Kind::Packet);
        let flags = flags.and_then(|choice| choice.number(self.order));
        let left_out = options.comments().any(|comment| says_left_out(&comment));
        let data = &data[..data.len().min(sent)];
        Some(Record { frame, time, interface, link, data, sent, flags, left_out })
    }

    /// Where a packet's original length stands.
    const fn sent_at(&self) -> Option<usize> {
        match self.kind {
            Kind::Packet | Kind::OldPacket => Some(24),
            Kind::SimplePacket => Some(8),
            _ => None,
        }
    }

    /// How many bytes a packet had when it was sent.
    fn sent(&self) -> Option<u32> {
        self.order.u32(&self.bytes, self.sent_at()?)
    }

    /// The captured bytes of a packet, or the keys of a block of secrets; else nothing.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.bytes[self.shape.data.clone()]
    }

    /// Gives a packet, or a block of secrets, other bytes. The original length of a packet changes by as much as the
    /// captured one: what the capture cut off stays cut off.
    ///
    /// # Errors
    /// If the block has no data, is a simple packet and the length changes (nothing in it tells how much was kept), or
    /// becomes longer than a block can be.
    pub fn set_data(&mut self, data: &[u8]) -> Result<()> {
        let old = self.shape.data.clone();
        if data.len() == old.len() {
            self.bytes[old].copy_from_slice(data);
            return Ok(());
        }
        let length = match self.kind {
            Kind::Packet | Kind::OldPacket => 20,
            Kind::Secrets => 12,
            kind => anyhow::bail!("a block of kind {kind:?} cannot get data of another length"),
        };
        ensure!(data.len() < super::reader::LARGEST, "{} bytes are too many for a packet", data.len());
        let kept = u32::try_from(data.len())?;
        if let (Some(at), Some(sent)) = (self.sent_at(), self.sent()) {
            let cut = sent.saturating_sub(u32::try_from(old.len())?);
            self.put(at, kept.saturating_add(cut));
        }
        self.put(length, kept);
        let mut padded = data.to_vec();
        padded.resize(data.len() + padding(data.len()), 0);
        let end = old.end + padding(old.end);
        self.shape.data = old.start..old.start + data.len();
        self.shape.options = self.shape.options.take().map(|options| {
            let start = old.start + padded.len();
            start..start + options.len()
        });
        self.splice(old.start..end, &padded);
        Ok(())
    }

    /// Moves a packet in time, by whole seconds. One without a time stays as it is.
    ///
    /// # Errors
    /// If its time would be before 1970, or too late to be told.
    pub fn delay(&mut self, seconds: i64) -> Result<()> {
        let Some(Place { rate, .. }) = self.place.filter(|_| self.kind != Kind::SimplePacket) else {
            return Ok(());
        };
        let number = |at| self.order.u32(&self.bytes, at).map(u64::from);
        let Some((high, low)) = number(12).zip(number(16)) else { return Ok(()) };
        let delay = i128::from(seconds) * i128::from(rate);
        let ticks = u64::try_from(i128::from(high << 32 | low) + delay)
            .context("a packet's time cannot be moved so far")?;
        self.put(12, u32::try_from(ticks >> 32)?);
        self.put(16, u32::try_from(ticks & 0xffff_ffff)?);
        Ok(())
    }

    /// Clears what fills a packet up behind its data, which may be anything.
    pub fn clear_padding(&mut self) {
        let end = self.shape.options.as_ref().map_or(self.bytes.len().saturating_sub(4), |range| range.start);
        if let Some(padding) = self.bytes.get_mut(self.shape.data.end..end).filter(|_| self.kind.packet()) {
            padding.fill(0);
        }
    }

    /// Its options; none if it has no place for any.
    #[must_use]
    pub fn options(&self) -> Options {
        let bytes = self.shape.options.clone().map_or(&[][..], |range| &self.bytes[range]);
        Options::read(self.order, bytes)
    }

    /// Gives it other options.
    ///
    /// # Errors
    /// If it has no place for any: a simple packet, or a block that is not known here.
    pub fn set_options(&mut self, options: &Options) -> Result<()> {
        let Some(range) = self.shape.options.clone() else {
            anyhow::bail!("a block of kind {:?} has no place for a comment or another option", self.kind);
        };
        let bytes = options.write(self.order);
        self.shape.options = Some(range.start..range.start + bytes.len());
        self.splice(range, &bytes);
        Ok(())
    }

    /// Its comments, in their order. What is no UTF-8 is replaced.
    #[must_use]
    pub fn comments(&self) -> Vec<String> {
        self.options().comments().map(Cow::into_owned).collect()
    }

    /// Adds a comment behind its other options.
    ///
    /// # Errors
    /// If it has no place for one, or the comment has more than 65,535 bytes.
    pub fn add_comment(&mut self, comment: &str) -> Result<()> {
        ensure!(u16::try_from(comment.len()).is_ok(), "a comment of {} bytes is too long", comment.len());
        let mut options = self.options();
        options.add(COMMENT, comment);
        self.set_options(&options)
    }

    /// Turns a simple packet into one that has a place for comments, and says the same.
    pub fn enhance(&mut self) {
        if let (Kind::SimplePacket, Some(sent)) = (self.kind, self.sent()) {
            let new = Self::packet(self.order, 0, 0, self.data(), sent, &Options::default());
            *self = Self { place: self.place, was: self.was, ..new };
        }
    }

    /// Takes away the comments that `keep` says no to. A block that loses none stays as it is.
    pub fn retain_comments(&mut self, mut keep: impl FnMut(&str) -> bool) {
        let mut options = self.options();
        let before = options.list.len();
        options.list.retain(|choice| choice.code != COMMENT || keep(&String::from_utf8_lossy(&choice.value)));
        if options.list.len() < before {
            // Where a comment was, there is a place for options.
            let _ = self.set_options(&options);
        }
    }

    /// Replaces bytes, and mends the lengths of the block.
    fn splice(&mut self, range: Range<usize>, with: &[u8]) {
        self.bytes.splice(range, with.iter().copied());
        self.mend_lengths();
    }

    fn put(&mut self, at: usize, number: u32) {
        self.bytes[at..at + 4].copy_from_slice(&self.order.of_u32(number));
    }

    /// A block's length stands at its front and at its end.
    fn mend_lengths(&mut self) {
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.put(4, length);
        self.put(self.bytes.len() - 4, length);
    }
}
