// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the payload of a whole reply. Out: what it says, by the command that it answers.

use crate::pump::model::Pump;
use crate::pump::told::{self, Told};
use crate::pump::{self, Opcode};
use crate::tree::cursor::Cursor;
use crate::tree::expert::DOES_NOT_FIT;
use crate::tree::sink::Sink;

crate::fields! {
    /// What the pump sent.
    PAYLOAD: Bytes, "carelink.radio.payload", "Payload", Confirmed;
    /// The decoded payload.
    REPLY: Tree, "carelink.pump.reply", "Reply", Confirmed;
}

/// Shows the payload of a whole reply to a command.
pub fn decode<S: Sink>(opcode: Option<Opcode>, pump: Pump, c: &mut Cursor<'_, '_, S>) {
    let Some(opcode) = opcode.filter(|_| c.shows() || c.wants_info()) else {
        c.remainder(PAYLOAD);
        return;
    };
    if told::read(opcode, pump, c.rest()) == Told::Impossible {
        does_not_fit(opcode, c);
        return;
    }
    // A group never fails here: it notes its own stops.
    let _ = c.group(REPLY, |c| {
        match pump::reply(opcode, c, pump) {
            Ok(Some(reply)) => {
                c.title(format_args!("Reply: {reply}"));
                c.lead(format_args!("{opcode}: {reply}"));
            }
            Ok(None) => {}
            Err(stop) => c.expert_stop(stop),
        }
        c.fill();
        Ok(())
    });
    c.raise();
}

/// Shows a payload that cannot answer the command.
pub fn does_not_fit<S: Sink>(opcode: Opcode, c: &mut Cursor<'_, '_, S>) {
    c.remainder(PAYLOAD);
    c.expert(DOES_NOT_FIT, format_args!("its values are not read"));
    c.lead(format_args!("{opcode}: the reply does not fit"));
}
