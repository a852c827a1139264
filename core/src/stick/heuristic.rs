// SPDX-License-Identifier: GPL-2.0-or-later
//! In: transfers of a device that may be anything. Out: whether it is a CareLink stick.
//!
//! A command of two or three bytes proves nothing, but it is how a session begins, so a device that looks right
//! is taken on trust until its reply tells. One bad reply ends the trust; a checksum over a known layout settles it.

use super::codes::{Opcode, REPLY_LENGTH};
use super::framing::{Length, command_length};
use super::product;
use super::received::HEADER_LENGTH;
use super::status;
use crate::transfer::{Claim, Direction, Transfer};
use crate::tree::crc::crc8;

/// The stick's endpoint for commands.
const COMMANDS: u8 = 1;
/// The stick's endpoint for replies.
const REPLIES: u8 = 2;

/// What is thought of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// Nothing was seen yet.
    #[default]
    Open,
    /// It looks like a stick; this is the opcode of its last command, or `None` if that was not seen.
    Likely(Option<Opcode>),
    /// It is a stick.
    Sure,
    /// It is something else.
    Other,
}

/// What one transfer says by itself.
enum Looks {
    /// Only a stick's looks so.
    Sure,
    /// A stick's may look so.
    Likely(Option<Opcode>),
    /// Nothing of a stick's.
    Other,
}

impl Trust {
    /// What is thought of the device after `transfer`.
    #[must_use]
    pub fn after(self, transfer: &Transfer<'_>) -> Self {
        if transfer.claim == Claim::Certain || self == Self::Sure {
            return Self::Sure;
        }
        let pending = if let Self::Likely(opcode) = self { opcode } else { None };
        match (looks(transfer, pending), self) {
            (Looks::Sure, _) => Self::Sure,
            (Looks::Likely(opcode), Self::Open | Self::Likely(_)) => Self::Likely(opcode),
            // A capture may begin in the middle of a reply, which then looks like nothing.
            (Looks::Other, Self::Open) if transfer.direction == Some(Direction::FromStick) => Self::Open,
            _ => Self::Other,
        }
    }

    /// True if the device's transfers are to be dissected.
    #[must_use]
    pub const fn takes(self) -> bool {
        matches!(self, Self::Likely(_) | Self::Sure)
    }
}

fn looks(transfer: &Transfer<'_>, pending: Option<Opcode>) -> Looks {
    let Transfer { bytes, reported, .. } = *transfer;
    let whole = bytes.len() == reported;
    let from = |endpoint| transfer.endpoint.is_none_or(|number| number == endpoint);
    match transfer.direction {
        Some(Direction::ToStick) if from(COMMANDS) => command_looks(bytes, whole),
        Some(Direction::FromStick) if from(REPLIES) => reply_looks(bytes, reported, pending),
        _ => Looks::Other,
    }
}

fn command_looks(bytes: &[u8], whole: bool) -> Looks {
    let opcode = bytes.first().map_or(Opcode::Unknown(0), |&first| Opcode::from(first));
    let fits = command_length(bytes) == Length::Is(bytes.len());
    match (opcode, bytes) {
        (Opcode::Transmit, [_, 0, 0xa7, 1, ..]) if bytes.len() > 14 && crc8(&bytes[..14]) == bytes[14] => {
            Looks::Sure
        }
        (Opcode::ReadRadio, [_, 0, _, _, crc]) if crc8(&bytes[..4]) == *crc => Looks::Likely(Some(opcode)),
        (Opcode::ReadStatus | Opcode::ProductInfo, _) if fits && whole => Looks::Likely(Some(opcode)),
        (Opcode::Statistics, [_, 0 | 1, 0]) | (Opcode::Signal, [_, 0, 0]) => Looks::Likely(Some(opcode)),
        _ => Looks::Other,
    }
}

fn reply_looks(bytes: &[u8], reported: usize, pending: Option<Opcode>) -> Looks {
    match bytes {
        [2, 0, 1..=5, _, _, _, _, 0xa7, 1, ..]
            if bytes.len() >= HEADER_LENGTH && crc8(&bytes[..12]) == bytes[12] =>
        {
            Looks::Sure
        }
        [1, 0x55, 0, ..] if reported == REPLY_LENGTH => match pending {
            Some(Opcode::ProductInfo) if product::fits(bytes) => Looks::Sure,
            Some(Opcode::ProductInfo) => Looks::Other,
            Some(Opcode::ReadStatus) if status::fits(bytes) => Looks::Sure,
            Some(Opcode::ReadStatus) => Looks::Other,
            _ => Looks::Likely(None),
        },
        [1, 0x66, 1..=4, ..] if reported == REPLY_LENGTH => Looks::Likely(None),
        _ => Looks::Other,
    }
}
