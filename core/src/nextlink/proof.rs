// SPDX-License-Identifier: GPL-2.0-or-later
//! In: an answer, and the command that it seems to be to. Out: whether it can be that one's.
//!
//! All envelopes to commands with short replies are alike, so that only the strict order of command and answer pairs them. Where
//! packets are lost, what comes must still have the form of an answer to this command, and come in its time
//! (`docs/protocol/nextlink.md`, section 5).

use super::payload::Payload;
use crate::carrier::pace;
use crate::exchange::{Expects, PumpCommand};
use crate::pump::opcode::Answer;

/// A wait may take this much longer than twice the longest one before it, in nanoseconds.
const ALWAYS: u64 = 100 * MS;
const MS: u64 = 1_000_000;
/// The shortest wait for data, as it was measured.
const SHORTEST: u64 = 207 * MS;

/// What a host waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// That the pump takes or refuses a command.
    Ack,
    /// Data in one part.
    Answer,
    /// The first part of a page.
    First,
    /// A further part of it.
    Next,
    /// The first part of other data in several parts, which are shorter.
    FirstShort,
    /// A further part of those.
    NextShort,
}

/// How many kinds of waits there are.
const WAITS: usize = 6;

/// The fewest bytes of a page.
const PAGE: u16 = 1024;

impl Wait {
    /// What a host waits for that expects so many bytes in several parts, or data in one if 0, and got `came` when it had `parts`.
    #[must_use]
    pub fn of(expected: u16, came: Payload, parts: usize) -> Self {
        match (expected, parts) {
            _ if matches!(came, Payload::Ack | Payload::Nak(_)) => Self::Ack,
            (0, _) => Self::Answer,
            (PAGE.., 0) => Self::First,
            (PAGE.., _) => Self::Next,
            (_, 0) => Self::FirstShort,
            (_, _) => Self::NextShort,
        }
    }

    /// What is assumed before the first one, in nanoseconds.
    const fn usual(self) -> u64 {
        match self {
            Self::Ack | Self::Answer | Self::FirstShort => 250 * MS,
            Self::First => 800 * MS,
            Self::Next => 550 * MS,
            Self::NextShort => 150 * MS,
        }
    }
}

/// The pace of one meter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    longest: pace::Pace<WAITS>,
    room: Room,
}

impl Pace {
    /// Takes a wait of so many nanoseconds. False if it took too long to have been this one.
    #[must_use]
    pub fn keeps(&mut self, wait: Wait, took: u64) -> bool {
        let in_time = self.longest.keeps(wait as usize, took, wait.usual(), ALWAYS);
        in_time && (wait != Wait::Answer || self.room.holds_one(took))
    }
}

/// Whether a wait for data in one part has room for two such answers: then one may have been lost, and the command of the other.
///
/// A pump that is not heard at once is asked again 0.2 s later, which is less than another answer takes.
#[derive(Clone, Copy, Debug, Default)]
struct Room {
    /// The shortest wait, in nanoseconds.
    shortest: Option<u64>,
    /// What is believed by now, for waits that had too much room before.
    believed: u64,
}

impl Room {
    fn holds_one(&mut self, took: u64) -> bool {
        let shortest = self.shortest.unwrap_or(SHORTEST);
        let limit = self.believed.max(2 * shortest);
        if took > limit {
            self.believed = limit + limit / 8;
            return false;
        }
        // Where packets are missing or out of order, answers may seem to come too soon.
        self.shortest = Some(self.shortest.map_or(took, |known| known.min(took)).max(SHORTEST / 2));
        true
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
    fn a_wait_has_room_for_one_answer() {
        let mut pace = Pace::default();
        let mut keeps = |ms: u64| pace.keeps(Wait::Answer, ms * MS);
        assert!(keeps(236) && keeps(207) && keeps(405), "asked again by the meter");
        assert!(!keeps(417), "the answer, the next command, its answer");
        assert!(keeps(209));
        let late = (0..20).filter(|_| !keeps(590)).count();
        assert!((1..4).contains(&late), "a slow meter is believed in the end: {late}");
        assert!(pace.keeps(Wait::Ack, 312 * MS) && pace.keeps(Wait::Next, 606 * MS));
        assert!(!Pace::default().keeps(Wait::NextShort, 645 * MS), "of the next profile");
        assert!(!Pace::default().keeps(Wait::FirstShort, 750 * MS));
    }

    #[test]
    fn an_answer_has_the_form_that_its_command_has_answers_of() {
        let can = |opcode, parameters, came| {
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
        assert!(can(0x8D, 0, Payload::Data) && !can(0x8D, 0, Payload::Ack), "Read Pump Model");
        assert!(can(0x4D, 0, Payload::Ack) && !can(0x4D, 0, Payload::Data), "Suspend, before its parameters");
        assert!(can(0x4D, 1, Payload::Ack) && !can(0x4D, 1, Payload::Data), "Suspend");
        assert!(can(0x80, 0, Payload::Ack) && !can(0x80, 0, Payload::Data), "Read History Page, likewise");
        assert!(can(0xA8, 2, Payload::Data), "Filter Glucose Pages");
        assert!(can(0xFE, 0, Payload::Data) && can(0xFE, 0, Payload::Ack), "nobody knows");
    }
}
