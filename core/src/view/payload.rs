// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the payload of a whole reply. Out: what it says, by the command that it answers.

use crate::pump::model::Pump;
use crate::pump::{self, Opcode, Reply};
use crate::tree::cursor::Cursor;
use crate::tree::expert::{DOES_NOT_FIT, ExpertInfo, OUT_OF_RANGE};
use crate::tree::sink::{Mark, Sink};
use std::fmt;

crate::fields! {
    /// What the pump sent.
    PAYLOAD: Bytes, "carelink.radio.payload", "Payload", Confirmed;
    /// The decoded payload.
    REPLY: Tree, "carelink.pump.reply", "Reply", Confirmed;
}

/// What the payload of a whole reply says.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "a schedule is large, and must not be on the heap")]
pub enum Told {
    /// This.
    Reply(Reply),
    /// Nothing that is known: the layout is not, or bytes of it are missing.
    Nothing,
    /// Values that no pump holds: it is damaged, or the answer of another command.
    Impossible,
}

/// Notes whether a value was read that no pump can hold.
#[derive(Debug, Default)]
struct Impossible(bool);

impl Sink for Impossible {
    const KEEPS: bool = true;

    fn expert(&mut self, _: Mark, expert: ExpertInfo, _: fmt::Arguments<'_>) {
        self.0 |= expert == OUT_OF_RANGE;
    }
}

/// Reads the payload of a whole reply to a command.
///
/// A reply does not name the command that it answers. A value that no pump can hold shows that it is none to this one,
/// and leaves the others without proof.
#[must_use]
pub fn read(opcode: Opcode, pump: Pump, payload: &[u8]) -> Told {
    let mut impossible = Impossible::default();
    let read = pump::reply(opcode, &mut Cursor::new(payload, 0, false, &mut impossible), pump);
    match read {
        _ if impossible.0 => Told::Impossible,
        Ok(Some(reply)) => Told::Reply(reply),
        Ok(None) | Err(_) => Told::Nothing,
    }
}

/// Shows the payload of a whole reply to a command.
pub fn decode<S: Sink>(opcode: Option<Opcode>, pump: Pump, c: &mut Cursor<'_, '_, S>) {
    let Some(opcode) = opcode.filter(|_| c.shows() || c.wants_info()) else {
        c.remainder(PAYLOAD);
        return;
    };
    if read(opcode, pump, c.rest()) == Told::Impossible {
        c.remainder(PAYLOAD);
        c.expert(DOES_NOT_FIT, format_args!("its values are not read"));
        c.lead(format_args!("{opcode}: the reply does not fit"));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pump::model::{Known, Model};

    fn told(opcode: u8, payload: &[u8]) -> Told {
        let pump = Model::parse("522").map(|model| Pump::of(model, Known::Told)).unwrap_or_default();
        let mut whole = [0; 64];
        whole[..payload.len()].copy_from_slice(payload);
        read(Opcode(opcode), pump, &whole)
    }

    /// A loop of an artificial pancreas once took the answer to Read Pump Model for the targets of glucose.
    #[test]
    fn the_answer_of_another_command_is_not_read() {
        const MODEL: &[u8] = b"\x03522";
        assert!(matches!(told(0x8D, MODEL), Told::Reply(Reply::Model(_))));
        assert_eq!(told(0x9F, MODEL), Told::Impossible, "targets");
        assert_eq!(told(0x98, MODEL), Told::Impossible, "a temporary basal of 321.25 U/h");
        assert_eq!(told(0x72, &[0, 0x45, 0x52]), Told::Impossible, "a battery of 177.46 V");
    }

    #[test]
    fn what_may_be_is_read() {
        assert!(matches!(told(0x72, &[0, 0, 0x96]), Told::Reply(Reply::Battery(_))));
        assert!(matches!(told(0x98, &[0; 6]), Told::Reply(Reply::TempBasal(_))));
        assert_eq!(told(0xE2, &[1]), Told::Nothing);
    }
}
