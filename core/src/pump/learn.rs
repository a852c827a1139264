// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the bytes of one request or answer. Out: what they alone tell of the pump's model.

use super::model::{Known, Model, Pump};
use super::nak::Nak;
use super::{Opcode, Reply, parameters_evidence, reply, reply_evidence};
use crate::tree::cursor::Cursor;

/// One message between a host and a pump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'b> {
    /// Parameters of a command, none for a bare one.
    Parameters(&'b [u8]),
    /// The payload of a reply, zero padding and all.
    Reply(&'b [u8]),
    /// The pump's refusal.
    Refused(Nak),
}

/// What a message tells of the pump's model, if it tells anything.
///
/// A reply to Read Pump Model is the pump's own word. All else is [`Known::ByLayout`]: the model given stands for its
/// family. A message that several layouts allow tells nothing.
#[must_use]
pub fn learn(opcode: Opcode, message: Message<'_>) -> Option<Pump> {
    let command = opcode.command()?;
    let model = match message {
        Message::Refused(Nak::Refused) if REFUSED_BY_512.contains(&opcode) => "512",
        Message::Refused(_) => return None,
        Message::Parameters(bytes) => {
            let set = command.therapy && !bytes.is_empty();
            command
                .models
                .only()
                .filter(|_| set)
                .or_else(|| parameters_evidence(opcode, bytes).map(generation))?
        }
        Message::Reply(bytes) => match quietly(opcode, bytes) {
            Some(Reply::Model(told)) => return told.model.map(|model| Pump::of(model, Known::Told)),
            Some(Reply::Firmware(firmware)) => by_firmware(&firmware.0)?,
            _ => command.models.only().or_else(|| reply_evidence(opcode, bytes).map(generation))?,
        },
    };
    Some(Pump::of(Model::parse(model)?, Known::ByLayout))
}

/// Commands that every later pump answers at any time: one that refuses them is a 512.
const REFUSED_BY_512: [Opcode; 3] = [Opcode(0x9D), Opcode(0xC0), Opcode(0xC3)];

fn quietly(opcode: Opcode, bytes: &[u8]) -> Option<Reply> {
    reply(opcode, &mut Cursor::new(bytes, 0, false, &mut ()), Pump::default()).ok()?
}

const fn generation(large: bool) -> &'static str {
    if large { "523" } else { "522" }
}

/// Only versions that were seen on one generation tell something; 2.4 runs on the 522 and on the 523.
fn by_firmware(version: &str) -> Option<&'static str> {
    let versions = [
        ("VER 1.6", "511"),
        ("VER 1.7", "511"),
        ("VER 1.3B1.1", "512"),
        ("VER 2.1A1.1", "515"),
        ("VER 2.5A1.1", "523"),
        ("VER 2.6A1.1", "554"),
    ];
    versions.iter().find(|(prefix, _)| version.starts_with(prefix)).map(|(_, model)| *model)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(opcode: u8, message: Message<'_>) -> Option<(String, Known)> {
        learn(Opcode(opcode), message).map(|pump| (pump.model.expect("a model").to_string(), pump.known))
    }

    #[test]
    fn the_pump_says_it() {
        assert_eq!(model(0x8D, Message::Reply(b"\x03522\0\0")), Some(("522".into(), Known::Told)));
        assert_eq!(model(0x8D, Message::Reply(b"\x04723K\0")), Some(("723K".into(), Known::Told)));
        assert_eq!(model(0x8D, Message::Reply(b"\x03???")), None);
        assert_eq!(model(0x8D, Message::Reply(b"\x0352")), None, "cut");
    }

    #[test]
    fn layouts_tell_it() {
        let by = |text: &str| Some((text.to_string(), Known::ByLayout));
        assert_eq!(model(0x73, Message::Reply(&[0x06, 0x9B, 0, 0])), by("522"));
        assert_eq!(model(0x73, Message::Reply(&[0, 0, 0x0C, 0xA3])), by("523"));
        assert_eq!(
            model(0x73, Message::Reply(&[0, 0, 0, 0])),
            None,
            "an empty reservoir is one in any layout"
        );
        assert_eq!(model(0x79, Message::Reply(&[0, 0, 2, 0x75, 0, 0, 4, 0x7A])), by("523"));
        assert_eq!(model(0x79, Message::Reply(&[0, 0x67, 0, 2, 0, 0, 0, 0])), by("522"));
        assert_eq!(model(0x79, Message::Reply(&[0, 0, 0, 2, 0, 0, 0, 0])), None, "today or yesterday?");
        assert_eq!(model(0x42, Message::Parameters(&[0x0B])), by("522"));
        assert_eq!(model(0x42, Message::Parameters(&[0, 0x2C])), by("523"));
        assert_eq!(model(0xC0, Message::Refused(Nak::Refused)), by("512"));
        assert_eq!(model(0xC0, Message::Refused(Nak::BolusRunning)), None);
        assert_eq!(model(0x7F, Message::Parameters(&[])), None, "a host may ask any pump");
        assert_eq!(model(0x7F, Message::Reply(&[0; 64])), by("511"));
        assert_eq!(model(0x4B, Message::Parameters(&[0, 0, 0])), by("511"));
        assert_eq!(model(0x74, Message::Reply(b"VER 2.4A1.1 \x0B\x0B")), None);
        assert_eq!(model(0x74, Message::Reply(b"VER 2.5A1.1 \x0B\x0B")), by("523"));
        assert_eq!(model(0xCE, Message::Reply(&[3, 0, 0])), None, "a 515 answers it, and a 523");
    }
}
