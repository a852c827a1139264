// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the opcode that reads a page, and its bytes. Out: what kind of page it is, and whether its check value holds.

use crate::pump::Opcode;
use crate::tree::checksum::{Check, CrcStatus};
use crate::tree::crc::crc16;
use crate::{history, sensor};

/// The two bytes of an ISIG page's check value lie in the low halves of two words.
const ISIG_SEAL: usize = 4;

/// What a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The pump's history.
    History,
    /// Glucose of the sensor.
    Glucose,
    /// The sensor's current.
    Isig,
    /// Voltage at the sensor's counter electrode.
    Vcntr,
    /// A trace, whose layout nobody knows.
    Trace,
}

impl Kind {
    /// All kinds. History comes behind the sensor's, whose full names hold that word too.
    pub const ALL: [Self; 5] = [Self::Glucose, Self::Isig, Self::Vcntr, Self::History, Self::Trace];

    /// Its word in names of files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Glucose => "glucose",
            Self::Isig => "isig",
            Self::Vcntr => "vcntr",
            Self::Trace => "trace",
        }
    }

    /// The kind of page that a command reads, if it reads one.
    #[must_use]
    pub const fn of(opcode: Opcode) -> Option<Self> {
        match opcode.0 {
            0x80 => Some(Self::History),
            0x9a => Some(Self::Glucose),
            0x9b => Some(Self::Isig),
            0xd5 => Some(Self::Vcntr),
            0xa3 | 0xa4 | 0xa6 | 0xa7 => Some(Self::Trace),
            _ => None,
        }
    }

    /// How many bytes such a page has, its check value included; `None` if nobody knows.
    #[must_use]
    pub const fn size(self) -> Option<usize> {
        match self {
            Self::History | Self::Glucose | Self::Vcntr => Some(history::page::SIZE),
            Self::Isig => Some(sensor::isig::SIZE),
            Self::Trace => None,
        }
    }

    /// How many bytes its check value takes up.
    pub(crate) const fn check_width(self) -> usize {
        match self {
            Self::Isig => ISIG_SEAL,
            _ => 2,
        }
    }

    /// The command that reads such a page.
    pub(crate) const fn opcode(self) -> Opcode {
        match self {
            Self::History => Opcode(0x80),
            Self::Glucose => Opcode(0x9a),
            Self::Isig => Opcode(0x9b),
            Self::Vcntr => Opcode(0xd5),
            Self::Trace => Opcode(0xa3),
        }
    }
}

/// The verdict on a page's own check value.
#[must_use]
pub fn check(kind: Kind, page: &[u8]) -> CrcStatus {
    seal(kind, page).map_or(CrcStatus::NotPresent, |(_, check)| check.status())
}

/// How many bytes a page's check value covers, and the check value behind them; `None` if the page is cut off.
pub(crate) fn seal(kind: Kind, page: &[u8]) -> Option<(usize, Check)> {
    let size = kind.size()?;
    let width = kind.check_width();
    let (area, tail) = page.get(..size)?.split_at(size - width);
    let sent = u16::from_be_bytes([tail[0], tail[width / 2]]);
    Some((area.len(), Check { sent, computed: Some(crc16(area)) }))
}
