// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the packets of a capture. Out: what it holds beside the transfers of sticks, in words.

use crate::container::Record;
use carelink_core::transfer::Stream;
use std::collections::BTreeMap;
use std::fmt;

/// A device of a capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// Vendor and product, if its descriptor was captured.
    pub names: Option<(u16, u16)>,
    /// How many transfers with payload it had that a stick could have had too.
    pub transfers: u64,
}

/// What a capture holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// How many packets it has.
    pub packets: u64,
    /// How many of them were cut by the capture, and the fewest bytes that were kept of one.
    pub cut: Option<(u64, usize)>,
    /// Its devices and serial lines.
    pub devices: BTreeMap<Stream, Device>,
    /// Packets of interfaces that cannot be read, by their link types.
    pub unreadable: BTreeMap<i32, u64>,
}

impl Inventory {
    pub(crate) fn count(&mut self, record: &Record<'_>) {
        self.packets += 1;
        if record.data.len() < record.sent {
            let (count, fewest) = self.cut.unwrap_or((0, usize::MAX));
            self.cut = Some((count + 1, fewest.min(record.data.len())));
        }
    }

    pub(crate) fn device(&mut self, stream: Stream, names: (u16, u16)) {
        self.devices.entry(stream).or_default().names = Some(names);
    }

    pub(crate) fn transfer(&mut self, stream: Stream) {
        self.devices.entry(stream).or_default().transfers += 1;
    }

    pub(crate) fn cannot_read(&mut self, link: i32) {
        *self.unreadable.entry(link).or_default() += 1;
    }

    /// The link type of a capture none of whose packets can be read.
    pub(crate) fn only_unreadable(&self) -> Option<i32> {
        let count: u64 = self.unreadable.values().sum();
        self.unreadable.keys().next().copied().filter(|_| count == self.packets)
    }
}

/// What is there, a line each, and what to try if a stick is missing.
impl fmt::Display for Inventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transfers: u64 = self.devices.values().map(|device| device.transfers).sum();
        write!(f, "{} packets, {transfers} bulk transfers with data", self.packets)?;
        for (stream, device) in &self.devices {
            match stream {
                Stream::Usb { interface, bus, device } => {
                    write!(f, "\n  USB device {bus}.{device}")?;
                    if *interface > 0 {
                        write!(f, " on interface {interface}")?;
                    }
                }
                Stream::Line { conversation, .. } => write!(f, "\n  serial line {conversation}")?,
            }
            if let Some((vendor, product)) = device.names {
                write!(f, " ({vendor:04x}:{product:04x})")?;
            }
            write!(f, ": {} transfers", device.transfers)?;
        }
        for (link, packets) in &self.unreadable {
            write!(f, "\n  {packets} packets of link type {link}, which cannot be read here")?;
        }
        if let Some((packets, fewest)) = self.cut {
            write!(f, "\n  {packets} packets were cut by the capture, to {fewest} bytes and more")?;
        }
        Ok(())
    }
}
