// SPDX-License-Identifier: GPL-2.0-or-later
//! In: bytes that may be a command to the stick. Out: how long it is, and how surely it is one.
//!
//! Source: `docs/protocol/stick.md`, sections 2.1 and 3.

use super::length::Length;
use super::transmit;
use crate::tree::crc::crc8;

/// How surely bytes are a command to a stick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// Nothing else looks so.
    Sure,
    /// Other devices' bytes may look so too.
    Likely,
}

/// How a command lies in its bytes. The first one is its opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One or two zeros follow.
    Bare,
    /// An interface and a zero follow.
    Interface,
    /// An interface, a size of 16 bits and a CRC-8 over all before it follow.
    Size,
    /// A packet to a pump follows.
    Packet,
}

impl Shape {
    /// The length of the command that begins `bytes`, which end where a write of the host ended.
    #[must_use]
    pub fn length(self, bytes: &[u8]) -> Length {
        match self {
            Self::Bare => match bytes {
                [_, 0, 0, ..] => Length::Is(3),
                [_, 0, ..] => Length::Is(2),
                [] | [_] => Length::Open,
                _ => Length::None,
            },
            Self::Interface => Length::Is(3),
            Self::Size => Length::Is(5),
            Self::Packet => transmit::length(bytes),
        }
    }

    /// True if `bytes`, whose first is the opcode of such a command, may begin one.
    #[must_use]
    pub fn begins(self, bytes: &[u8]) -> bool {
        match self {
            Self::Bare | Self::Interface => true,
            Self::Size => matches!(bytes, [_, 0, ..]),
            Self::Packet => transmit::begins(bytes),
        }
    }

    /// How surely `bytes`, whose first is the opcode of such a command, are one. `whole` says that they end where the
    /// host's write did.
    #[must_use]
    pub fn likeness(self, bytes: &[u8], whole: bool) -> Option<Likeness> {
        match self {
            Self::Bare => whole && self.length(bytes) == Length::Is(bytes.len()),
            Self::Interface => matches!(bytes, [_, 0 | 1, 0]),
            Self::Size => matches!(bytes, [_, 0, _, _, crc] if crc8(&bytes[..4]) == *crc),
            Self::Packet => return transmit::sealed(bytes).then_some(Likeness::Sure),
        }
        .then_some(Likeness::Likely)
    }
}
