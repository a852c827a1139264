// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: how far a transaction can come, and how it can end.

use super::code::DeviceCode;
use crate::pump::nak::Nak;

/// How far a transaction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The device between host and pump has not answered.
    Asked,
    /// It has taken the command; what the pump says is open.
    Accepted,
    /// The device between host and pump refused the command.
    DeviceNak(DeviceCode),
    /// The pump took the command, and has nothing to say.
    PumpAck,
    /// The pump refused the command.
    PumpNak(Nak),
    /// The pump did not answer.
    Timeout,
    /// The last part of the reply came.
    EndOfData,
}

crate::open_enum! {
    /// How a transaction ended.
    pub enum Outcome: u8 {
        /// All of the reply came, and every check value is good.
        Complete = 0 => "complete",
        /// The stick answered the command itself.
        Answered = 1 => "answered by the stick",
        /// The stick took a command whose reply the host does not read.
        Accepted = 2 => "accepted by the stick",
        /// The pump took the command.
        PumpAck = 3 => "pump ACK",
        /// A command that the stick does not answer.
        Unanswered = 4 => "not answered, as usual",
        /// The pump refused.
        PumpNak = 5 => "pump NAK",
        /// The stick refused.
        DeviceNak = 6 => "stick NAK",
        /// The pump did not answer in time.
        Timeout = 7 => "timed out",
        /// All of the reply came, but a check value of it or of the command is bad.
        Damaged = 8 => "damaged",
        /// The host stopped before the reply was complete.
        Incomplete = 9 => "incomplete",
        /// Nothing came, and the host did not ask for it, or nobody knows what it asked before.
        NoData = 10 => "no data",
        /// The stick did not answer.
        NoReply = 11 => "no reply",
        /// The capture ends before the transaction does.
        Unfinished = 12 => "unfinished",
        /// Packets are missing within it: what came of a reply may answer another command.
        Unproven = 13 => "unproven: packets are missing",
        /// The meter answered the command itself.
        AnsweredByMeter = 14 => "answered by the meter",
        /// The meter refused.
        MeterNak = 15 => "meter NAK",
        /// The device took the command, the host asked for the answer, and nothing came of the pump.
        NoAnswer = 16 => "the pump did not answer",
        /// All of a reply came with good check values, and it cannot be the answer: no pump holds such values.
        DoesNotFit = 17 => "the reply does not fit the command",
    }
}
