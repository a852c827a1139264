// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what came of one logical fetch, step by step. Out: what was asked, how far it has come, and how it ended.
//!
//! Source: `docs/protocol/stick.md`, section 4.

use super::code::{Device, DeviceCode};
use super::list::{ids, placed};
use super::outcome::{Outcome, Stage};
use crate::pump::Opcode;
use crate::pump::serial::Serial;
use crate::transfer::{At, Stream};
use std::fmt;
use std::num::NonZeroU32;

ids! {
    /// Number of a transaction, from 1.
    pub struct TransactionId;
}

impl TransactionId {
    /// The id with this number, which counts from 1.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a transaction asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Something of a pump.
    Pump(PumpCommand),
    /// Something that the device between host and pump answers itself.
    Device(DeviceCode),
    /// Nobody knows: its command was not captured, or too little of it.
    Unknown,
}

/// A command to a pump, without its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PumpCommand {
    /// The pump.
    pub serial: Serial,
    /// What it is to do.
    pub opcode: Opcode,
    /// How many bytes of parameters there are.
    pub parameters: u16,
    /// What the host expects to come of it.
    pub expects: Expects,
    /// True if no check value speaks against pump and opcode.
    pub sound: bool,
}

/// What a host expects to come of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expects {
    /// Not even an acknowledge.
    Silence,
    /// No data.
    Nothing,
    /// Data in one part.
    One,
    /// Data in several parts.
    Several,
    /// Nobody knows.
    Unknown,
}

/// One part of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The frame that completed it.
    pub frame: u32,
    /// Its length.
    pub len: u16,
    /// True if its check value is good.
    pub good: bool,
}

impl Part {
    /// The parts of a reply, each with its offset in the reply.
    pub fn placed(parts: &[Self]) -> impl Iterator<Item = (usize, &Self)> + Clone {
        placed(parts, |part| part.len.into())
    }

    /// How many bytes it has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.len.into()
    }
}

/// The most parameter bytes that a transaction keeps: page numbers and dates fit.
const PARAMETERS: usize = 16;

/// The first parameters of a command. What they do not fill is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Parameters {
    bytes: [u8; PARAMETERS],
    count: u8,
}

impl Parameters {
    fn new(bytes: &[u8]) -> Self {
        let mut kept = Self::default();
        for (place, byte) in kept.bytes.iter_mut().zip(bytes) {
            *place = *byte;
            kept.count += 1;
        }
        kept
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.count.into()]
    }
}

/// One logical fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// What it asks.
    pub asked: Asked,
    /// Tells the device apart that it went over.
    pub stream: Stream,
    /// How far it has come.
    pub stage: Stage,
    /// True if the next command came, or it is over for another reason: the stage is final.
    pub closed: bool,
    /// Its first command.
    pub request: At,
    /// The first data from the pump.
    pub first_data: Option<At>,
    /// Its end.
    pub response: Option<At>,
    /// The last frame that belongs to it.
    pub last: u32,
    /// True if the host tried to fetch an answer.
    pub awaited: bool,
    /// How many identical commands went before it, without a complete reply.
    pub repeats: u32,
    /// Bad check values of replies.
    pub bad_crcs: u32,
    /// Bytes of the reply that were sent and not captured, or lost with a transfer.
    pub missing: u32,
    /// The frame of a part that the reply had too many: its page is whole and good without it.
    pub left_out: Option<NonZeroU32>,
    /// True if packets are missing within it, so that nothing proves that the reply is its own.
    pub unproven: bool,
    /// True if the whole reply holds what no pump can answer to the command.
    pub misfit: bool,
    parameters: Parameters,
}

/// There is one for every few frames of a capture: it is kept small.
const _: () = assert!(size_of::<Transaction>() <= 112);

impl Transaction {
    /// A transaction that begins at `request`, over the device that `stream` stands for. `parameters` are those of the
    /// command; none if a check value of theirs is bad.
    #[must_use]
    pub fn new(asked: Asked, stream: Stream, request: At, parameters: &[u8]) -> Self {
        Self {
            asked,
            stream,
            stage: Stage::Asked,
            closed: false,
            request,
            first_data: None,
            response: None,
            last: request.frame(),
            awaited: false,
            repeats: 0,
            bad_crcs: 0,
            missing: 0,
            left_out: None,
            unproven: false,
            misfit: false,
            parameters: Parameters::new(parameters),
        }
    }

    /// Goes on with the second of two commands to a pump: as the first, but with parameters, once the pump is ready for
    /// them.
    pub(crate) fn go_on(&mut self, command: PumpCommand, parameters: &[u8]) {
        self.asked = Asked::Pump(command);
        self.parameters = Parameters::new(parameters);
        self.stage = Stage::Asked;
    }

    /// The command to the pump, if it is known.
    #[must_use]
    pub fn command(&self) -> Option<PumpCommand> {
        if let Asked::Pump(command) = self.asked { Some(command) } else { None }
    }

    /// The same, if no check value speaks against it.
    #[must_use]
    pub fn sound_command(&self) -> Option<PumpCommand> {
        self.command().filter(|command| command.sound)
    }

    /// The opcode of the command to the pump, if it is known.
    #[must_use]
    pub fn pump_opcode(&self) -> Option<Opcode> {
        self.command().map(|command| command.opcode)
    }

    /// The pump, if it is known.
    #[must_use]
    pub fn serial(&self) -> Option<Serial> {
        self.command().map(|command| command.serial)
    }

    /// The first parameters of the command, 16 bytes at most; none if a check value of the command is bad.
    #[must_use]
    pub fn parameters(&self) -> &[u8] {
        self.parameters.as_slice()
    }

    /// True if nothing more is to come: what follows is after the end.
    #[must_use]
    pub fn ended(&self) -> bool {
        match self.stage {
            Stage::Asked => false,
            Stage::Accepted => matches!(self.asked, Asked::Device(_)),
            _ => true,
        }
    }

    /// The frame that it ends with, as far as the capture goes.
    #[must_use]
    pub fn end(&self) -> u32 {
        self.response.map_or(self.last, At::frame)
    }

    /// Notes that packets are missing, if it is not over.
    pub fn interrupt(&mut self) {
        let accepted = self.stage == Stage::Accepted && self.response.is_some();
        self.unproven |= !self.ended() && !accepted;
    }

    /// True if data in one part, or in `several`, may answer the command: one that asks for nothing, for little or for
    /// much is not answered with more or less. What does not fit answers a command that was not captured.
    #[must_use]
    pub fn expects_data(&self, several: bool) -> bool {
        match self.sound_command().map(|command| command.expects) {
            Some(Expects::Silence | Expects::Nothing) => false,
            Some(Expects::One) => !several,
            Some(Expects::Several) => several,
            Some(Expects::Unknown) | None => true,
        }
    }

    /// True if the host expects no data of the pump.
    #[must_use]
    pub fn expects_nothing(&self) -> bool {
        self.command().is_some_and(|command| matches!(command.expects, Expects::Silence | Expects::Nothing))
    }

    /// True if this asks again what `other` asked.
    pub(super) fn asks_as(&self, other: &Self) -> bool {
        self.asked == other.asked && self.parameters == other.parameters
    }

    /// True if a part of the reply is missing, or a check value of it or of the command's header is bad.
    #[must_use]
    pub fn damaged(&self) -> bool {
        self.bad_crcs > 0 || self.missing > 0 || self.command().is_some_and(|command| !command.sound)
    }

    /// How it ended, as far as the capture goes.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if self.unproven {
            return Outcome::Unproven;
        }
        match (self.stage, self.asked) {
            (Stage::DeviceNak(DeviceCode { device: Device::Stick, .. }), _) => Outcome::DeviceNak,
            (Stage::DeviceNak(DeviceCode { device: Device::Meter, .. }), _) => Outcome::MeterNak,
            (Stage::PumpNak(_), _) if self.bad_crcs == 0 => Outcome::PumpNak,
            (Stage::PumpNak(_), _) => Outcome::Damaged,
            (Stage::PumpAck, _) => Outcome::PumpAck,
            (Stage::Timeout, _) => Outcome::Timeout,
            (Stage::EndOfData, _) if self.damaged() => Outcome::Damaged,
            (Stage::EndOfData, _) if self.misfit => Outcome::DoesNotFit,
            (Stage::EndOfData, _) => Outcome::Complete,
            (Stage::Accepted, Asked::Device(DeviceCode { device: Device::Stick, .. })) => Outcome::Answered,
            (Stage::Accepted, Asked::Device(DeviceCode { device: Device::Meter, .. })) => {
                Outcome::AnsweredByMeter
            }
            (Stage::Accepted, Asked::Pump(_)) if self.expects_nothing() && !self.awaited => Outcome::Accepted,
            (Stage::Asked, Asked::Pump(command)) if command.expects == Expects::Silence => {
                Outcome::Unanswered
            }
            (_, _) if !self.closed => Outcome::Unfinished,
            (Stage::Asked, Asked::Pump(_) | Asked::Device(_)) => Outcome::NoReply,
            (Stage::Accepted | Stage::Asked, _) if self.first_data.is_some() => Outcome::Incomplete,
            (Stage::Accepted, Asked::Pump(_)) if self.awaited => Outcome::NoAnswer,
            (Stage::Accepted | Stage::Asked, _) => Outcome::NoData,
        }
    }
}

/// `Read Pump Model, pump 123456, complete`
impl fmt::Display for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.asked {
            Asked::Pump(command) => write!(f, "{}, pump {}", command.opcode, command.serial)?,
            Asked::Device(code) => write!(f, "{code}")?,
            Asked::Unknown => write!(f, "reads whose command was not captured")?,
        }
        match self.stage {
            _ if self.unproven => write!(f, ", {}", self.outcome()),
            Stage::PumpNak(nak) => write!(f, ", pump NAK: {nak}"),
            Stage::DeviceNak(reason) => write!(f, ", {} NAK: {reason}", reason.device),
            _ => write!(f, ", {}", self.outcome()),
        }
    }
}
