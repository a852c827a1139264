// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what the conversation shows. Out: what must be known of it to read one frame.

/// What a frame must know of its past.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// The pump's opcode of the transaction that the frame belongs to.
    pub pump_opcode: Option<crate::pump::Opcode>,
    /// What is known of the pump.
    pub pump: crate::pump::model::Pump,
    /// Whether this is the whole of a transaction's reply, so that its payload can be read by the opcode.
    pub whole_reply: bool,
}
