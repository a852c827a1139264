// SPDX-License-Identifier: GPL-2.0-or-later
//! In: transfers of a device that may be anything. Out: whether it is a CareLink stick.
//!
//! A command of two or three bytes proves nothing, but it is how a session begins, so a device that looks right
//! is taken for one until its reply tells. One bad reply ends that; a checksum over a known layout settles it.

use super::codes::{Acknowledge, REPLY_LENGTH, acknowledge};
use super::shape::Likeness;
use super::{Answered, Opcode, received};
use crate::transfer::{Claim, Direction, Transfer};

/// The stick's endpoint for commands.
const COMMANDS: u8 = 1;
/// The stick's endpoint for replies.
const REPLIES: u8 = 2;

/// What is thought of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Heuristic {
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

impl Heuristic {
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

    /// What is thought of the device behind packets that were left out: what it was asked before is open.
    #[must_use]
    pub const fn resumed(self) -> Self {
        if let Self::Likely(_) = self { Self::Likely(None) } else { self }
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
    match opcode.row().and_then(|row| row.shape.likeness(bytes, whole)) {
        Some(Likeness::Sure) => Looks::Sure,
        Some(Likeness::Likely) => Looks::Likely(Some(opcode)),
        None => Looks::Other,
    }
}

fn reply_looks(bytes: &[u8], reported: usize, pending: Option<Opcode>) -> Looks {
    if received::is_sure(bytes) {
        return Looks::Sure;
    }
    let fits = || pending.and_then(|opcode| Answered { opcode, argument: 0 }.fits(bytes));
    match acknowledge(bytes).filter(|_| reported == REPLY_LENGTH) {
        Some(Acknowledge::Refused) => Looks::Likely(None),
        Some(Acknowledge::Taken) => match fits() {
            Some(true) => Looks::Sure,
            Some(false) => Looks::Other,
            None => Looks::Likely(None),
        },
        None => Looks::Other,
    }
}
