// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: a transfer as a capture holds it, what is known of how it went, and whether it is CareLink's.

use arrayvec::ArrayString;
use std::fmt;
use std::num::NonZeroU32;

/// How a comment begins that says of its packet: before it, packets of its device were left out, whole transactions of them.
pub const LEFT_OUT: &str = "[carelink slice] packets of this stick are left out before this one";

/// True if a packet's comment says that packets of its device were left out before it.
#[must_use]
pub fn says_left_out(comment: &str) -> bool {
    comment.starts_with(LEFT_OUT)
}

/// Tells one device, a stick or a meter, from another: by the interface that captured it, and by its USB address there or by the conversation
/// that carries its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// A USB device.
    Usb {
        /// Number of the interface in the capture, from 0: two of them may be two machines, with the same addresses.
        interface: u32,
        /// The bus.
        bus: u16,
        /// The device's address on it.
        device: u16,
    },
    /// A serial line, however it is carried.
    Line {
        /// Number of the interface in the capture, from 0.
        interface: u32,
        /// Number of the conversation there, as whoever reads the capture counts them.
        conversation: u32,
    },
}

/// What people call a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceName {
    stream: Stream,
    carrier: Carrier,
    /// Its place among the devices of the capture.
    number: Option<u32>,
}

impl DeviceName {
    /// The name as a text. Each frame of a conversation shows it: this takes a tenth of what [`fmt`] takes.
    pub(crate) fn text(&self) -> ArrayString<LONGEST_NAME> {
        let mut text = ArrayString::from(if self.carrier == Carrier::Reports { "meter" } else { "stick" })
            .unwrap_or_default();
        let mut number = |before, number: u32| {
            text.push_str(before);
            text.push_str(itoa::Buffer::new().format(number));
        };
        match (self.stream, self.number) {
            (Stream::Usb { interface, bus, device }, _) => {
                number(" ", bus.into());
                number(".", device.into());
                if interface != 0 {
                    number(" (interface ", interface);
                    text.push_str(")");
                }
            }
            (Stream::Line { .. }, Some(place)) => number(" ", place),
            (Stream::Line { .. }, None) => {}
        }
        text
    }
}

/// More than the longest name has: three numbers of ten digits, and the words.
const LONGEST_NAME: usize = 64;

/// `stick 1.5`, `meter 1.7 (interface 1)`, or without an address `stick 0`
impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// Which way a transfer went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the host to the stick, or to a meter in its place.
    ToStick,
    /// From the stick, or from a meter in its place, to the host.
    FromStick,
}

/// How the bytes were carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// In USB transfers: a transfer begins where a frame begins or goes on.
    Transfers,
    /// As a stream of bytes, cut anywhere: serial lines, TCP.
    Stream,
    /// In HID reports, which USB carries in interrupt transfers, one in each.
    Reports,
}

/// Whether the caller knows that this is a CareLink stick, or a meter in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// By the device's descriptor, or because the user said so.
    Certain,
    /// Not known: the bytes must show it.
    Ask,
}

/// One transfer with payload.
#[derive(Clone, Copy, Debug)]
pub struct Transfer<'a> {
    /// The captured bytes.
    pub bytes: &'a [u8],
    /// How many bytes were sent; more than were captured if the capture cut them.
    pub reported: usize,
    /// Tells one stick from another.
    pub stream: Stream,
    /// Nanoseconds since 1970-01-01 UTC.
    pub time: u64,
    /// Frame number in the capture, from 1.
    pub frame: u32,
    /// Which of several transfers within the frame, from 0.
    pub layer: u32,
    /// Which way it went, if that is known.
    pub direction: Option<Direction>,
    /// USB endpoint number without the direction bit, if that is known.
    pub endpoint: Option<u8>,
    /// How the bytes were carried.
    pub carrier: Carrier,
    /// Whether the device is known to be CareLink's.
    pub claim: Claim,
    /// True if whoever wrote the capture left out what the stick and its host said before, and tells so ([`LEFT_OUT`]).
    pub left_out: bool,
}

/// Whether a transfer belongs to a CareLink stick, or to a meter in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Ours,
    /// It does not, or nothing shows that it does.
    Declined,
}

/// A frame of a capture and its time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct At {
    frame: NonZeroU32,
    /// High and low half of the time: so the whole takes twelve bytes, as does one that may be missing.
    time: [u32; 2],
}

impl At {
    /// The frame with this number, from 1, at so many nanoseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn new(frame: u32, time: u64) -> Self {
        let frame = match NonZeroU32::new(frame) {
            Some(frame) => frame,
            None => NonZeroU32::MIN,
        };
        #[allow(clippy::cast_possible_truncation, reason = "the other half is kept beside it")]
        let halves = [(time >> 32) as u32, time as u32];
        Self { frame, time: halves }
    }

    /// Number of the frame, from 1.
    #[must_use]
    pub const fn frame(self) -> u32 {
        self.frame.get()
    }

    /// The same, to be kept where there may be none.
    #[must_use]
    pub const fn number(self) -> NonZeroU32 {
        self.frame
    }

    /// Nanoseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn time(self) -> u64 {
        (self.time[0] as u64) << 32 | self.time[1] as u64
    }
}

impl fmt::Debug for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "frame {} at {} ns", self.frame(), self.time())
    }
}

impl Transfer<'_> {
    /// Where and when it is.
    #[must_use]
    pub const fn at(&self) -> At {
        At::new(self.frame, self.time)
    }

    /// What people call its device, whose place among those of the capture is `number`.
    #[must_use]
    pub const fn device(&self, number: Option<u32>) -> DeviceName {
        DeviceName { stream: self.stream, carrier: self.carrier, number }
    }
}
