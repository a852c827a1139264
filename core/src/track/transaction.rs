// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the frames of one logical fetch, one after another. Out: what was asked, what came, and how it ended.
//!
//! Source: `docs/protocol/stick.md`, section 4. The rules are written once, here and in [`super`].

use crate::pump::Opcode as PumpOpcode;
use crate::pump::nak::Nak;
use crate::pump::serial::Serial;
use crate::stick::received::ResponseType;
use crate::stick::transmit::Transmit;
use crate::stick::{NakReason, Opcode};
use arrayvec::ArrayVec;
use std::fmt;

/// What a transaction is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A command to a pump.
    Pump(Transmit),
    /// A command that the stick answers itself.
    Stick(Opcode),
    /// Polls and reads whose command was not captured, or too little of it to tell what it asks.
    Orphan,
}

/// How far a transaction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The stick has not answered.
    Asked,
    /// The stick has taken the command; what the pump says is open.
    Accepted,
    /// The stick refused the command.
    StickNak(NakReason),
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
        StickNak = 6 => "stick NAK",
        /// The pump did not answer in time.
        Timeout = 7 => "timed out",
        /// All of the reply came, but a check value of it or of the command is bad.
        Damaged = 8 => "damaged",
        /// The host stopped before the reply was complete.
        Incomplete = 9 => "incomplete",
        /// The host polled, and nothing came.
        NoData = 10 => "no data",
        /// The stick did not answer.
        NoReply = 11 => "no reply",
        /// The capture ends before the transaction does.
        Unfinished = 12 => "unfinished",
        /// Packets are missing within it: what came of a reply may answer another command.
        Unproven = 13 => "unproven: packets are missing",
    }
}

/// One part of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The frame that completed it.
    pub frame: u32,
    /// Its offset in the reply.
    pub offset: u32,
    /// Its length.
    pub len: u32,
    /// True if its check value is good.
    pub good: bool,
}

/// The most parameter bytes that a transaction keeps: page numbers and dates fit.
const PARAMETERS: usize = 16;

/// Where the reply of a transaction and its parts are kept, once it is over.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Filed {
    pub data: usize,
    pub length: u32,
    pub parts: u32,
    pub count: u32,
}

/// One logical fetch.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// What it is about.
    pub kind: Kind,
    /// The stick that it went over.
    pub stream: u64,
    /// How far it has come.
    pub stage: Stage,
    /// True if the next command came, or it is over for another reason: the stage is final.
    pub closed: bool,
    /// Frame of its first command, and its time in nanoseconds.
    pub request: (u32, u64),
    /// Frame and time of the stick's acknowledge.
    pub acknowledged: Option<(u32, u64)>,
    /// Frame and time of the first data from the pump.
    pub first_data: Option<(u32, u64)>,
    /// Frame and time of its end.
    pub response: Option<(u32, u64)>,
    /// The last frame that belongs to it.
    pub last: u32,
    /// How often the host asked for the status.
    pub polls: u32,
    /// How many of the polls brought nothing.
    pub empty_polls: u32,
    /// How often the host read from the radio.
    pub reads: u32,
    /// How often the host read again after a bad check value.
    pub rereads: u32,
    /// Retries that the stick reports.
    pub retries: u32,
    /// How many identical commands went before it, without a complete reply.
    pub repeats: u32,
    /// Bad check values of replies.
    pub bad_crcs: u32,
    /// Bytes of the reply that were sent and not captured, or lost with a transfer.
    pub missing: u32,
    /// True if packets are missing within it, so that nothing proves that the reply is its own.
    pub unproven: bool,
    pub(super) filed: Filed,
    parameters: ArrayVec<u8, PARAMETERS>,
}

impl Transaction {
    pub(super) fn new(kind: Kind, stream: u64, request: (u32, u64), parameters: &[u8]) -> Self {
        Self {
            kind,
            stream,
            stage: Stage::Asked,
            closed: false,
            request,
            acknowledged: None,
            first_data: None,
            response: None,
            last: request.0,
            polls: 0,
            empty_polls: 0,
            reads: 0,
            rereads: 0,
            retries: 0,
            repeats: 0,
            bad_crcs: 0,
            missing: 0,
            unproven: false,
            filed: Filed::default(),
            parameters: parameters.iter().copied().take(PARAMETERS).collect(),
        }
    }

    /// The pump's command, if it is known.
    #[must_use]
    pub fn pump_opcode(&self) -> Option<PumpOpcode> {
        self.transmit().map(|packet| packet.opcode)
    }

    /// The pump, if it is known.
    #[must_use]
    pub fn serial(&self) -> Option<Serial> {
        self.transmit().map(|packet| packet.serial)
    }

    /// The packet to the pump.
    #[must_use]
    pub fn transmit(&self) -> Option<Transmit> {
        if let Kind::Pump(packet) = self.kind { Some(packet) } else { None }
    }

    /// The first parameters of the command, 16 bytes at most; none if a check value of the command is bad.
    #[must_use]
    pub fn parameters(&self) -> &[u8] {
        &self.parameters
    }

    /// True if nothing more is to come: what follows is after the end.
    #[must_use]
    pub fn ended(&self) -> bool {
        match self.stage {
            Stage::Asked => false,
            Stage::Accepted => !matches!(self.kind, Kind::Pump(_) | Kind::Orphan),
            _ => true,
        }
    }

    /// Notes that packets are missing, if it is not over.
    pub(super) fn interrupt(&mut self) {
        let accepted = self.stage == Stage::Accepted && self.response.is_some();
        self.unproven |= !self.ended() && !accepted;
    }

    /// True if such a response may answer the command: one that asks for nothing, for little or for much is not
    /// answered with more or less. What does not fit answers a command that was not captured.
    #[must_use]
    pub fn expects(&self, response: ResponseType) -> bool {
        let pages = self.transmit().filter(Transmit::header_good).map(|packet| packet.pages);
        match response {
            ResponseType::Single => !matches!(pages, Some(0 | 2)),
            ResponseType::Part => !matches!(pages, Some(0 | 1)),
            _ => true,
        }
    }

    /// True if a part of the reply is missing, or a check value of it or of the command's header is bad.
    #[must_use]
    pub fn damaged(&self) -> bool {
        self.bad_crcs > 0 || self.missing > 0 || self.transmit().is_some_and(|packet| !packet.header_good())
    }

    /// How it ended, as far as the capture goes.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if self.unproven {
            return Outcome::Unproven;
        }
        match (self.stage, self.kind) {
            (Stage::StickNak(_), _) => Outcome::StickNak,
            (Stage::PumpNak(_), _) if self.bad_crcs == 0 => Outcome::PumpNak,
            (Stage::PumpNak(_), _) => Outcome::Damaged,
            (Stage::PumpAck, _) => Outcome::PumpAck,
            (Stage::Timeout, _) => Outcome::Timeout,
            (Stage::EndOfData, _) if self.damaged() => Outcome::Damaged,
            (Stage::EndOfData, _) => Outcome::Complete,
            (Stage::Accepted, Kind::Stick(_)) => Outcome::Answered,
            (Stage::Accepted, Kind::Pump(packet)) if packet.pages == 0 && self.polls == 0 => {
                Outcome::Accepted
            }
            (Stage::Asked, Kind::Pump(packet)) if packet.powers_off() => Outcome::Unanswered,
            (_, _) if !self.closed => Outcome::Unfinished,
            (Stage::Asked, Kind::Pump(_) | Kind::Stick(_)) => Outcome::NoReply,
            (Stage::Accepted | Stage::Asked, _) if self.first_data.is_some() => Outcome::Incomplete,
            (Stage::Accepted | Stage::Asked, _) => Outcome::NoData,
        }
    }
}

/// `Read Pump Model, pump 123456, complete`
impl fmt::Display for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Pump(packet) => write!(f, "{}, pump {}", packet.opcode, packet.serial)?,
            Kind::Stick(opcode) => write!(f, "{opcode}")?,
            Kind::Orphan => write!(f, "reads whose command was not captured")?,
        }
        match self.stage {
            _ if self.unproven => write!(f, ", {}", self.outcome()),
            Stage::PumpNak(nak) => write!(f, ", pump NAK: {nak}"),
            Stage::StickNak(reason) => write!(f, ", stick NAK: {reason}"),
            _ => write!(f, ", {}", self.outcome()),
        }
    }
}
