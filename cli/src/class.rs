// SPDX-License-Identifier: GPL-2.0-or-later
//! In: how a fetch ended. Out: how good that is.

use carelink_core::exchange::Outcome;

/// How good an outcome is; the worst comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Something came that cannot be used.
    Broken,
    /// The pump or the stick refused.
    Refused,
    /// Nothing came.
    Silent,
    /// All went well.
    Good,
}

impl Class {
    /// The class of an outcome.
    #[must_use]
    pub const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Complete
            | Outcome::Answered
            | Outcome::AnsweredByMeter
            | Outcome::Accepted
            | Outcome::PumpAck
            | Outcome::Unanswered => Self::Good,
            Outcome::PumpNak | Outcome::DeviceNak | Outcome::MeterNak => Self::Refused,
            Outcome::Timeout | Outcome::NoData | Outcome::NoReply | Outcome::NoAnswer => Self::Silent,
            Outcome::Damaged
            | Outcome::Incomplete
            | Outcome::Unfinished
            | Outcome::Unproven
            | Outcome::DoesNotFit
            | Outcome::Unknown(_) => Self::Broken,
        }
    }

    /// Its name in a style sheet.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Refused => "refused",
            Self::Silent => "silent",
            Self::Good => "good",
        }
    }
}
