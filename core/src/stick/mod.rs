// SPDX-License-Identifier: GPL-2.0-or-later
//! In: bytes that cross USB. Out: the host's commands and the stick's replies.
//!
//! [`framing`] cuts the bytes into frames, [`heuristic`] tells whether the device is a stick at all, and `continuity`
//! whether packets are missing. Each command has a file; this one tells them apart. Source: `docs/protocol/stick.md`, sections 2.1 and 2.2.

pub mod codes;
pub mod context;
pub(crate) mod continuity;
pub mod framing;
pub mod heuristic;
pub mod product;
pub mod radio;
pub mod read_radio;
pub mod received;
pub mod signal;
pub mod statistics;
pub mod status;
pub mod transmit;

crate::tables! { codes, status, product, statistics, signal, read_radio, radio, transmit, received }

pub use codes::{
    ACK, Ack, INTERFACE, Interface, NAK_REASON, NakReason, OPCODE, Opcode, REPLY_CODE, REPLY_LENGTH,
    RESERVED, ReplyCode,
};
pub use context::{Answered, Context};

use crate::tree::cursor::Cursor;
use crate::tree::diagnosis::{NO_REQUEST, STICK_NAK, Stop, UNKNOWN_OPCODE, UNKNOWN_VALUE};
use crate::tree::opaque::{LEFT_OVER, UNKNOWN};
use crate::tree::sink::{Sink, Span};
use nom::Parser as _;
use nom::number::complete::be_u8;
use received::RadioReply;
use transmit::Transmit;

/// A host's command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Send a packet to a pump.
    Transmit(Transmit),
    /// What has the stick received?
    ReadStatus,
    /// What stick is this?
    ProductInfo,
    /// How did this interface fare?
    Statistics(Interface),
    /// How strong is the radio signal?
    Signal,
    /// Hand over this many bytes of what the radio received.
    ReadRadio(u16),
    /// A command that is not known.
    Unknown(u8),
}

impl Command {
    /// Its opcode.
    #[must_use]
    pub const fn opcode(&self) -> Opcode {
        match self {
            Self::Transmit(_) => Opcode::Transmit,
            Self::ReadStatus => Opcode::ReadStatus,
            Self::ProductInfo => Opcode::ProductInfo,
            Self::Statistics(_) => Opcode::Statistics,
            Self::Signal => Opcode::Signal,
            Self::ReadRadio(_) => Opcode::ReadRadio,
            Self::Unknown(opcode) => Opcode::Unknown(*opcode),
        }
    }
}

/// A reply, as far as the command that it answers is known.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The stick took the command, and says no more.
    Ack,
    /// The stick did not take the command.
    Nak(NakReason),
    /// Answers Read Status.
    Status(status::Status),
    /// Answers Read Product Info.
    Product(product::Product),
    /// Answers Read Interface Statistics.
    Statistics(statistics::Statistics),
    /// Answers Read Signal Strength: dBm.
    Signal(i8),
    /// Answers Read Radio.
    Radio(RadioReply),
    /// Answers something that was not captured, or is not known.
    Unknown,
}

/// Reads a command of the host, from its first byte to its last.
///
/// # Errors
/// [`Stop`] if bytes are missing.
pub fn command<S: Sink>(c: &mut Cursor<'_, '_, S>, context: &Context) -> Result<Command, Stop> {
    let opcode = c.read(OPCODE, be_u8.map(Opcode::from))?;
    let command = match opcode {
        Opcode::Transmit => Command::Transmit(transmit::transmit(c, context)?),
        Opcode::ReadStatus => bare(c, Command::ReadStatus)?,
        Opcode::ProductInfo => bare(c, Command::ProductInfo)?,
        Opcode::Statistics => Command::Statistics(statistics::request(c)?),
        Opcode::Signal => bare(c, Command::Signal)?,
        Opcode::ReadRadio => Command::ReadRadio(read_radio::request(c)?),
        Opcode::Unknown(number) => {
            c.note(UNKNOWN_OPCODE, format_args!("{number:#04x} is not a known command of the stick"));
            c.info(format_args!("Unknown stick command {number:#04x}"));
            c.remainder(UNKNOWN);
            Command::Unknown(number)
        }
    };
    Ok(command)
}

/// A command without arguments: one or two zero bytes follow.
fn bare<S: Sink>(c: &mut Cursor<'_, '_, S>, command: Command) -> Result<Command, Stop> {
    if let Some(name) = command.opcode().name() {
        c.info(format_args!("{name}"));
    }
    c.read(RESERVED, nom::bytes::complete::take(1usize))?;
    if c.remaining() > 0 {
        c.read(RESERVED, nom::bytes::complete::take(1usize))?;
    }
    Ok(command)
}

/// Reads a reply, from its first byte to its last.
///
/// # Errors
/// [`Stop`] if bytes are missing.
pub fn reply<S: Sink>(c: &mut Cursor<'_, '_, S>, context: &Context) -> Result<Reply, Stop> {
    let from_pump = c.rest().first() == Some(&u8::from(ReplyCode::Pump));
    if from_pump { Ok(Reply::Radio(received::reply(c, context)?)) } else { stick_reply(c, context) }
}

fn stick_reply<S: Sink>(c: &mut Cursor<'_, '_, S>, context: &Context) -> Result<Reply, Stop> {
    let start = c.position();
    let code = c.read(REPLY_CODE, be_u8.map(ReplyCode::from))?;
    if code != ReplyCode::Stick {
        c.note(UNKNOWN_VALUE, format_args!("{:#04x} is not a known reply code", u8::from(code)));
    }
    let ack = c.read(ACK, be_u8.map(Ack::from))?;
    if let Ack::Unknown(number) = ack {
        c.note(UNKNOWN_VALUE, format_args!("{number:#04x} is neither ACK nor NAK"));
    }
    let reason = c.read(NAK_REASON, be_u8.map(NakReason::from))?;
    let reply = match (ack, context.answers) {
        (Ack::Nak, answers) => nak(c, reason, answers),
        (_, None) => {
            c.info(format_args!("{ack} of a command that was not captured"));
            c.note(NO_REQUEST, format_args!("its meaning beyond the acknowledge is open"));
            c.remainder(UNKNOWN);
            Reply::Unknown
        }
        (_, Some(answers)) => body(c, answers, context)?,
    };
    if c.remaining() > 0 {
        c.remainder(LEFT_OVER);
    }
    let length = c.position() - start;
    if length < REPLY_LENGTH {
        // What is missing are left-over bytes: nothing of the reply itself.
        c.note(c.stop().note(), format_args!("{length} of {REPLY_LENGTH} bytes"));
    }
    Ok(reply)
}

fn nak<S: Sink>(c: &mut Cursor<'_, '_, S>, reason: NakReason, answers: Option<Answered>) -> Reply {
    c.note(STICK_NAK, format_args!("{reason}"));
    match answers.and_then(|answers| answers.opcode.name()) {
        Some(name) => c.info(format_args!("NAK of {name}: {reason}")),
        None => c.info(format_args!("NAK: {reason}")),
    }
    Reply::Nak(reason)
}

fn body<S: Sink>(c: &mut Cursor<'_, '_, S>, answers: Answered, context: &Context) -> Result<Reply, Stop> {
    Ok(match answers.opcode {
        Opcode::Transmit => {
            match context.pump_opcode {
                Some(opcode) => c.info(format_args!("ACK: {opcode} accepted for sending")),
                None => c.info(format_args!("ACK: packet accepted for sending")),
            }
            Reply::Ack
        }
        Opcode::ReadStatus => Reply::Status(status::body(c)?),
        Opcode::ProductInfo => Reply::Product(product::body(c)?),
        Opcode::Statistics => {
            let interface = u8::try_from(answers.argument).unwrap_or(u8::MAX);
            Reply::Statistics(statistics::body(c, Interface::from(interface))?)
        }
        Opcode::Signal => Reply::Signal(signal::body(c)?),
        Opcode::ReadRadio | Opcode::Unknown(_) => {
            c.info(format_args!("ACK"));
            c.remainder(UNKNOWN);
            Reply::Ack
        }
    })
}

/// The command that a reply answers, for the tree.
pub fn answered<S: Sink>(c: &mut Cursor<'_, '_, S>, span: Span, answers: Answered) {
    c.generated(OPCODE, span, &answers.opcode);
}
