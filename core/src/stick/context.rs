// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what the conversation shows. Out: what must be known of it to read one frame.

use super::codes::{Interface, Opcode, REPLY_LENGTH};

/// What a frame must know of its past.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// The command that a reply answers.
    pub answers: Option<Answered>,
    /// The pump's opcode of the transaction that the frame belongs to.
    pub pump_opcode: Option<crate::pump::Opcode>,
    /// What is known of the pump.
    pub pump: crate::pump::model::Pump,
    /// Whether this is the whole of a transaction's reply, so that its payload can be read by the opcode.
    pub whole_reply: bool,
}

/// A command that a reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The command's opcode.
    pub opcode: Opcode,
    /// Its argument: the interface of statistics, or the size of a radio read.
    pub argument: u16,
}

impl Answered {
    /// How many bytes of a reply that takes the command are its own; those behind are left over from earlier replies.
    /// `None` if it is not known.
    #[must_use]
    pub fn written(&self) -> Option<usize> {
        match self.opcode {
            Opcode::Transmit => Some(3),
            Opcode::ReadStatus => Some(11),
            Opcode::Signal => Some(4),
            Opcode::Statistics if self.argument == u16::from(u8::from(Interface::Usb)) => Some(25),
            Opcode::Statistics => Some(36),
            Opcode::ProductInfo => Some(REPLY_LENGTH),
            Opcode::ReadRadio | Opcode::Unknown(_) => None,
        }
    }
}
