// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: what the file of a command gives for its row in the table.

use crate::carrier::context::Context;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::sink::Sink;

/// What a command asks beside its opcode.
pub trait Request: Sized {
    /// Reads the bytes after the opcode.
    ///
    /// # Errors
    /// [`Stop`] if bytes are missing.
    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, context: &Context) -> Result<Self, Stop>;

    /// What must be known of it to read the answer.
    fn argument(&self) -> u16 {
        0
    }
}

/// What the stick answers beside its acknowledge.
pub trait Body: Sized {
    /// How many bytes of a reply are the answer's own, the acknowledge included; those after them are left over from
    /// earlier replies. `argument` is that of the command.
    fn written(argument: u16) -> usize;

    /// Whether a whole reply has the shape that each known one has; `None` if there is no such shape.
    fn fits(_reply: &[u8]) -> Option<bool> {
        None
    }

    /// Reads the bytes after the acknowledge.
    ///
    /// # Errors
    /// [`Stop`] if bytes are missing.
    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, argument: u16) -> Result<Self, Stop>;
}
