// SPDX-License-Identifier: GPL-2.0-or-later
//! In: an answer, and the command that it seems to be to. Out: whether it can be that one's.
//!
//! All envelopes to commands with short replies are alike, so that only the strict order of command and answer pairs them. Where
//! packets are lost, what comes must still have the form of an answer to this command, and in its time: a pump is ready for
//! parameters within 116 ms, answers within 237 ms, begins a long answer within 810 ms and goes on within 551 ms
//! (`docs/protocol/nextlink.md`, section 5).

use super::payload::Payload;
use crate::carrier::pace;
use crate::exchange::{Expects, PumpCommand};
use crate::pump::opcode::Answer;

/// A wait may take this much longer than twice the longest one before it, in nanoseconds.
const ALWAYS: u64 = 100_000_000;

/// What a host waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// That the pump is ready for parameters.
    Ready,
    /// A short answer.
    Answer,
    /// The first part of a long answer.
    First,
    /// A further part of it.
    Next,
}

impl Wait {
    /// What is assumed before the first one, in nanoseconds.
    const fn usual(self) -> u64 {
        match self {
            Self::Ready | Self::Answer => 250_000_000,
            Self::First => 800_000_000,
            Self::Next => 550_000_000,
        }
    }
}

/// The pace of one meter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace(pace::Pace<4>);

impl Pace {
    /// Takes a wait of so many nanoseconds. False if it took too long to have been this one.
    #[must_use]
    pub fn keeps(&mut self, wait: Wait, took: u64) -> bool {
        self.0.keeps(wait as usize, took, wait.usual(), ALWAYS)
    }
}

/// True if the table of commands has parameters for this one, which is sent without them: they follow once the pump is ready.
#[must_use]
pub fn waits_for_parameters(command: &PumpCommand) -> bool {
    let row = command.opcode.command();
    command.parameters == 0 && row.is_some_and(|row| row.parameters.is_some())
}

/// True if what came can answer the command: a command that reads is not just acknowledged, and one that writes, or has yet to
/// get its parameters, brings no data.
#[must_use]
pub fn fits(command: &PumpCommand, came: Payload) -> bool {
    let Some(row) = command.opcode.command().filter(|_| command.expects == Expects::One) else { return true };
    let reads = matches!(row.answer, Answer::Frames(_)) && !waits_for_parameters(command);
    let writes = matches!(row.answer, Answer::Nothing | Answer::Ack | Answer::Optional);
    match came {
        Payload::Ack => !reads,
        Payload::Data => !writes && !waits_for_parameters(command),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pump::Opcode;
    use crate::pump::serial::Serial;

    #[test]
    fn an_answer_has_the_form_that_its_command_has_answers_of() {
        let fits = |opcode, parameters, came| {
            let serial = Serial::new(&[0x12, 0x34, 0x56]);
            let command = PumpCommand {
                serial,
                opcode: Opcode(opcode),
                parameters,
                expects: Expects::One,
                sound: true,
            };
            fits(&command, came)
        };
        assert!(fits(0x8D, 0, Payload::Data) && !fits(0x8D, 0, Payload::Ack), "Read Pump Model");
        assert!(
            fits(0x4D, 0, Payload::Ack) && !fits(0x4D, 0, Payload::Data),
            "Suspend, before its parameters"
        );
        assert!(fits(0x4D, 1, Payload::Ack) && !fits(0x4D, 1, Payload::Data), "Suspend");
        assert!(fits(0x80, 0, Payload::Ack) && !fits(0x80, 0, Payload::Data), "Read History Page, likewise");
        assert!(fits(0xA8, 2, Payload::Data), "Filter Glucose Pages");
        assert!(fits(0xFE, 0, Payload::Data) && fits(0xFE, 0, Payload::Ack), "nobody knows");
    }
}
