// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the opcode byte of a pump command. Out: what the table of commands says of one.

use super::model::Model;
use super::page_kind::PageKind;
use crate::tree::sink::{Show, Value};
use std::fmt;

/// The number of a pump command. Any number is kept, known or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Opcode(pub u8);

impl Opcode {
    /// Switches the pump's radio on or off.
    pub const POWER_CONTROL: Self = Self(0x5d);
}

impl From<u8> for Opcode {
    fn from(number: u8) -> Self {
        Self(number)
    }
}

impl Show for Opcode {
    fn show(&self) -> Value<'_> {
        Value::Unsigned(self.0.into())
    }
}

/// A row of the table of commands.
#[derive(Debug)]
pub struct Command {
    /// Its number.
    pub opcode: Opcode,
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub class: Class,
    /// The pumps that know it.
    pub models: Models,
    /// True if it can change what the pump delivers, or the dose that the pump advises.
    pub therapy: bool,
    /// What the pump sends back when it does not refuse.
    pub answer: Answer,
    /// The layout of its parameters, by the name of its type.
    pub parameters: Option<&'static str>,
    /// The layout of its reply, by the name of its type.
    pub reply: Option<&'static str>,
    /// What the page holds that it reads, if it reads one.
    pub page: Option<PageKind>,
}

/// What a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Reads a state or a setting.
    Read,
    /// Changes a setting.
    Set,
    /// Makes the pump do something.
    Control,
    /// Reads the pump's internal traces.
    Trace,
    /// Concerns the glucose sensor.
    Sensor,
}

/// What a pump sends back when it does not refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing that the host fetches: only the stick acknowledges.
    Nothing,
    /// An acknowledgement: one byte of zero.
    Ack,
    /// An acknowledgement, which hosts do not always fetch.
    Optional,
    /// So many frames of 64 bytes.
    Frames(u8),
    /// Not known, or not sent over this stick.
    Unknown,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Ack => f.write_str("acknowledgement"),
            Self::Optional => f.write_str("nothing or acknowledgement"),
            Self::Frames(frames) => write!(f, "{} bytes", u32::from(*frames) * 64),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// The pumps that know a command, by their families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Models {
    first: u16,
    last: u16,
}

impl Models {
    pub(super) const ONLY_508: Self = Self { first: 8, last: 8 };
    pub(super) const ONLY_511: Self = Self { first: 11, last: 11 };
    pub(super) const ONLY_512: Self = Self { first: 12, last: 12 };
    pub(super) const ONLY_522: Self = Self { first: 22, last: 22 };
    pub(super) const SINCE_511: Self = Self { first: 11, last: u16::MAX };
    pub(super) const SINCE_512: Self = Self { first: 12, last: u16::MAX };
    pub(super) const SINCE_515: Self = Self { first: 15, last: u16::MAX };
    pub(super) const SINCE_522: Self = Self { first: 22, last: u16::MAX };
    pub(super) const SINCE_523: Self = Self { first: 23, last: u16::MAX };
    pub(super) const RADIO: Self = Self { first: 0, last: u16::MAX };

    /// The pump that alone knows the command, or the first of a generation that alone does.
    pub(super) const fn only(self) -> Option<&'static str> {
        match self {
            Self::ONLY_511 => Some("511"),
            Self::ONLY_512 => Some("512"),
            Self::ONLY_522 => Some("522"),
            Self::SINCE_523 => Some("523"),
            _ => None,
        }
    }

    /// True if `model` knows the command, as far as is known.
    #[must_use]
    pub fn include(self, model: Model) -> bool {
        let family = model.row().sensor_number;
        self.first <= family && family <= self.last
    }
}

/// `511`, or `515 and later`.
impl fmt::Display for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::RADIO => f.write_str("radio only"),
            Self { first, last: u16::MAX } => write!(f, "{} and later", 500 + first),
            Self { first, .. } => write!(f, "{}", 500 + first),
        }
    }
}
