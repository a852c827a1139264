// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the packets of a capture, and the verdict on each. Out: what of the capture is not read, or came cut, in words.

use carelink_capture::{Packet, Passed, Unpaired};
use carelink_core::session::Session;
use carelink_core::transfer::{Stream, Verdict};
use carelink_core::units::count::{self, Count};
use std::collections::BTreeMap;
use std::fmt;

/// What there is to say of a capture besides its transactions.
#[derive(Debug, Default)]
pub struct Tally {
    /// The transfers that were taken for no stick's, by the device or line that they are of.
    declined: BTreeMap<Stream, u64>,
    /// Transfers of sticks.
    taken: u64,
    /// Transfers that the capture did not keep whole.
    cut: u64,
    /// The most bytes that were kept of one of them.
    kept: usize,
    /// What cannot be read.
    pub passed: Passed,
}

impl Tally {
    /// Counts a packet.
    pub fn count(&mut self, packet: &Packet, verdict: Verdict) {
        match verdict {
            Verdict::Ours => self.taken += 1,
            Verdict::Declined => *self.declined.entry(packet.stream).or_default() += 1,
        }
        if packet.bytes.len() < packet.reported {
            self.cut += 1;
            self.kept = self.kept.max(packet.bytes.len());
        }
    }

    /// True if no stick was found.
    #[must_use]
    pub const fn nothing(&self) -> bool {
        self.taken == 0
    }

    /// What there is to say: of damage, and of what was passed over.
    #[must_use]
    pub fn remarks(&self, session: &Session) -> Remarks {
        let mut remarks = Remarks::default();
        if self.cut > 0 {
            let all = self.taken + self.declined.values().sum::<u64>();
            remarks.damage.push(format!(
                "{} of {all} transfers {} cut by the capture, which kept {} of each at most: capture with a larger snap length \
                 (dumpcap -s 0)",
                self.cut,
                if self.cut == 1 { "was" } else { "were" },
                count::bytes(self.kept)
            ));
        }
        let (mut count, mut bytes, mut first) = (0_u64, 0_u64, None);
        for (frame, len) in session.strays() {
            count += 1;
            bytes += u64::from(len);
            first = first.or(Some(frame));
        }
        if let Some(frame) = first {
            remarks.damage.push(match count {
                1 => format!(
                    "{} no frame: in packet {frame}",
                    Count(bytes, "byte of a stick fits", "bytes of a stick fit")
                ),
                _ => format!(
                    "{bytes} bytes of sticks fit no frame: in {count} places, the first in packet {frame}"
                ),
            });
        }
        for (stream, count) in self.declined.iter().filter(|(stream, _)| session.stream(**stream).is_some()) {
            let device = Device(*stream);
            remarks.others.push(match count {
                1 => format!("the first transfer of {device} is not read: it came before that showed what it is"),
                _ => format!("the first {count} transfers of {device} are not read: they came before it showed what it is"),
            });
        }
        for (link, count) in &self.passed.links {
            remarks.others.push(format!(
                "{} not read: no USB, serial line or TCP (link type {link})",
                Count(*count, "packet is", "packets are")
            ));
        }
        for (stream, unpaired) in &self.passed.unpaired {
            if session.stream(*stream).is_some() {
                let Unpaired { completions, submissions, first } = unpaired;
                remarks.others.push(format!(
                    "{}: packets are missing or doubled: {completions} without the submission of their URB, {submissions} \
                     without the completion, the first in packet {first}",
                    Device(*stream)
                ));
            }
        }
        if self.nothing() {
            remarks.damage.push(Nothing(&self.declined).to_string());
        }
        remarks
    }
}

/// What there is to say of a capture.
#[derive(Debug, Default)]
pub struct Remarks {
    /// What is wrong with it.
    pub damage: Vec<String>,
    /// What is passed over though nothing is wrong.
    pub others: Vec<String>,
}

/// `USB device 1.5`, `line 0`
struct Device(Stream);

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Stream::Usb { bus, device, .. } => write!(f, "USB device {bus}.{device}"),
            Stream::Line { conversation, .. } => write!(f, "line {conversation}"),
        }
    }
}

/// Says what a capture holds in which no stick was found.
struct Nothing<'a>(&'a BTreeMap<Stream, u64>);

impl fmt::Display for Nothing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(
                "no USB bulk or interrupt transfer with payload and no serial line: capture the bus that the stick or the \
                 meter is plugged into while a program talks to it (carelink doctor helps)",
            );
        }
        let transfers: u64 = self.0.values().sum();
        write!(
            f,
            "no CareLink stick and no Contour Next Link meter: {transfers} transfers with payload, of"
        )?;
        for (place, (stream, count)) in self.0.iter().enumerate() {
            f.write_str(if place == 0 { " " } else { ", " })?;
            write!(f, "{} ({count})", Device(*stream))?;
        }
        f.write_str("; is it the right bus, and was the device in use?")
    }
}
