// SPDX-License-Identifier: GPL-2.0-or-later
//! In: bytes that cross USB. Out: the host's commands and the stick's replies.
//!
//! The table below has one row per command, and each has a file. [`framing`] cuts the bytes into frames, [`heuristic`]
//! tells whether the device is a stick at all, and `continuity` whether packets are missing; all of them go by the table.
//! Source: `docs/protocol/stick.md`, sections 2.1 and 2.2.

mod assembly;
pub mod attempt;
pub mod book;
pub mod codes;
pub mod command;
mod continuity;
mod conversation;
pub mod framing;
pub mod heuristic;
pub mod length;
mod pace;
pub mod product;
pub mod radio;
pub mod read_radio;
pub mod received;
pub mod report;
pub mod row;
pub mod shape;
pub mod show;
pub mod signal;
mod state;
pub mod statistics;
pub mod status;
pub mod tracker;
pub mod transmit;

crate::tables! {
    show, attempt, self, codes, status, product, statistics, signal, read_radio, radio, transmit, received,
}

pub use crate::carrier::context::Context;
pub use codes::{
    ACK, Ack, INTERFACE, Interface, NAK_REASON, NakReason, REPLY_CODE, REPLY_LENGTH, RESERVED, ReplyCode,
};

use crate::tree::cursor::Cursor;
use crate::tree::expert::{NO_REQUEST, STICK_NAK, Stop, UNKNOWN_OPCODE, UNKNOWN_VALUE};
use crate::tree::opaque::{LEFT_OVER, UNKNOWN};
use crate::tree::sink::Sink;
use codes::{ACK_LENGTH, speaker};
use command::{Body, Request};
use nom::Parser as _;
use nom::number::complete::be_u8;
use received::RadioReply;
use row::{End, Fits};
use shape::Shape;

/// The request of a command: of its own type, or bare.
macro_rules! request {
    (read $c:ident, $context:ident, $variant:ident) => {
        bare($c, Command::$variant)
    };
    (read $c:ident, $context:ident, $variant:ident $request:ty) => {
        <$request as Request>::read($c, $context).map(Command::$variant)
    };
    (argument $command:ident, $variant:ident) => {
        0
    };
    (argument $command:ident, $variant:ident $request:ty) => {
        if let Command::$variant(request) = $command { request.argument() } else { 0 }
    };
}

/// Declares the commands, one row each: number, variant and, if it asks for anything, the type of its request; name;
/// the shape of its bytes; what ends it; the variant and the type of its answer, if it has one beside the acknowledge.
macro_rules! commands {
    ($($number:literal $variant:ident $(($request:ty))? $name:literal $shape:ident $end:ident
        $(answers $answer:ident($body:ty))?;)+) => {
        crate::open_enum! {
            /// The command that a host sends to the stick.
            pub enum Opcode: u8 { $($variant = $number => $name,)+ }
        }

        impl Opcode {
            /// All that are known, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its row in the table of commands.
            #[must_use]
            pub const fn row(self) -> Option<row::Row> {
                match self {
                    $(Self::$variant => Some(row::Row {
                        shape: Shape::$shape,
                        end: End::$end,
                        written: { const OF: &[fn(u16) -> usize] = &[$(<$body>::written)?]; OF.first().copied() },
                        fits: { const OF: &[Fits] = &[$(<$body>::fits)?]; OF.first().copied() },
                    }),)+
                    Self::Unknown(_) => None,
                }
            }
        }

        /// A host's command.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Command {
            $(#[doc = $name] $variant $(($request))?,)+
            /// A command that is not known.
            Unknown(u8),
        }

        impl Command {
            /// Its opcode.
            #[must_use]
            pub const fn opcode(&self) -> Opcode {
                match self {
                    $(Self::$variant { .. } => Opcode::$variant,)+
                    Self::Unknown(opcode) => Opcode::Unknown(*opcode),
                }
            }

            /// What must be known of it to read its reply.
            #[must_use]
            pub fn asks(&self) -> Answered {
                let argument = match self {
                    $(Self::$variant { .. } => request!(argument self, $variant $($request)?),)+
                    Self::Unknown(_) => 0,
                };
                Answered { opcode: self.opcode(), argument }
            }
        }

        /// A reply, as far as the command that it answers is known.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Reply {
            /// The stick took the command, and says no more.
            Ack,
            /// The stick did not take the command.
            Nak(NakReason),
            $($(#[doc = concat!("Answers ", $name, ".")] $answer($body),)?)+
            /// What a pump said, or that it said nothing: answers Read Radio.
            Radio(RadioReply),
            /// Answers something that was not captured, or is not known.
            Unknown,
        }

        fn known<S: Sink>(
            c: &mut Cursor<'_, '_, S>,
            opcode: Opcode,
            context: &Context,
        ) -> Result<Command, Stop> {
            match opcode {
                $(Opcode::$variant => request!(read c, context, $variant $($request)?),)+
                Opcode::Unknown(number) => Ok(unknown(c, number)),
            }
        }

        fn body<S: Sink>(
            c: &mut Cursor<'_, '_, S>,
            answers: Answered,
            context: &Context,
        ) -> Result<Reply, Stop> {
            match answers.opcode {
                $($(Opcode::$variant => <$body>::read(c, answers.argument).map(Reply::$answer),)?)+
                opcode => Ok(taken(c, opcode, context)),
            }
        }
    };
}

commands! {
    0x01 Transmit(transmit::Transmit)     "Transmit Packet"           Packet    Pump;
    0x03 ReadStatus                       "Read Status"               Bare      Open  answers Status(status::StickStatus);
    0x04 ProductInfo                      "Read Product Info"         Bare      Reply answers Product(product::Product);
    0x05 Statistics(Interface)            "Read Interface Statistics" Interface Reply answers Statistics(statistics::Statistics);
    0x06 Signal                           "Read Signal Strength"      Bare      Reply answers Signal(signal::Signal);
    0x0c ReadRadio(read_radio::Size)      "Read Radio"                Size      Open;
}

crate::fields! {
    /// The host's command to the stick; on a reply, the command that it answers.
    OPCODE: X8, "carelink.stick.opcode", "Stick Command", Confirmed, names Opcode::NAMES;
}

/// A command that a reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The command's opcode.
    pub opcode: Opcode,
    /// Its argument: the interface of statistics, or the size of a radio read.
    pub argument: u16,
}

impl Answered {
    /// How many bytes of a reply that takes the command are its own; those after them are left over from earlier
    /// replies. `None` if it is not known.
    #[must_use]
    pub fn written(&self) -> Option<usize> {
        let row = self.opcode.row()?;
        match row.written {
            Some(written) => Some(written(self.argument)),
            None => (row.end == End::Pump).then_some(ACK_LENGTH),
        }
    }

    /// Whether a whole reply has the shape that each known answer has; `None` if there is no such shape.
    #[must_use]
    pub fn fits(&self, reply: &[u8]) -> Option<bool> {
        self.opcode.row()?.fits?(reply)
    }

    /// True if the stick answers with values that neither a check value nor a shape vouches for.
    #[must_use]
    pub fn unvouched(&self) -> bool {
        let ends = self.opcode.row().is_some_and(|row| row.end == End::Reply);
        ends && self.fits(&[]).is_none()
    }
}

/// Reads a command of the host, from its first byte to its last.
///
/// # Errors
/// [`Stop`] if bytes are missing.
pub fn command<S: Sink>(c: &mut Cursor<'_, '_, S>, context: &Context) -> Result<Command, Stop> {
    let opcode = c.read(OPCODE, be_u8.map(Opcode::from))?;
    known(c, opcode, context)
}

/// A command without arguments: one or two zero bytes follow.
fn bare<S: Sink>(c: &mut Cursor<'_, '_, S>, command: Command) -> Result<Command, Stop> {
    c.info(format_args!("{}", command.opcode()));
    c.read(RESERVED, nom::bytes::complete::take(1usize))?;
    if c.remaining() > 0 {
        c.read(RESERVED, nom::bytes::complete::take(1usize))?;
    }
    Ok(command)
}

fn unknown<S: Sink>(c: &mut Cursor<'_, '_, S>, number: u8) -> Command {
    c.expert(UNKNOWN_OPCODE, format_args!("{number:#04x} is not a known command of the stick"));
    c.info(format_args!("Unknown stick command {number:#04x}"));
    c.remainder(UNKNOWN);
    Command::Unknown(number)
}

/// Reads a reply, from its first byte to its last. `answers` is the command that it answers, if that is known.
///
/// # Errors
/// [`Stop`] if bytes are missing.
pub fn reply<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    answers: Option<Answered>,
    context: &Context,
) -> Result<Reply, Stop> {
    if speaker(c.rest()) == Some(ReplyCode::Pump) {
        let read = answers.filter(|command| command.opcode == Opcode::ReadRadio);
        return received::reply(c, read.map(|read| read.argument), context).map(Reply::Radio);
    }
    let start = c.position();
    let code = c.read(REPLY_CODE, be_u8.map(ReplyCode::from))?;
    if code != ReplyCode::Stick {
        c.expert(UNKNOWN_VALUE, format_args!("{:#04x} is not a known reply code", u8::from(code)));
    }
    let ack = c.read(ACK, be_u8.map(Ack::from))?;
    if let Ack::Unknown(number) = ack {
        c.expert(UNKNOWN_VALUE, format_args!("{number:#04x} is neither ACK nor NAK"));
    }
    let reason = c.read(NAK_REASON, be_u8.map(NakReason::from))?;
    let reply = match (ack, answers) {
        (Ack::Nak, answers) => nak(c, reason, answers),
        (_, None) => {
            c.info(format_args!("{ack} of a command that was not captured"));
            c.expert(NO_REQUEST, format_args!("its meaning beyond the acknowledge is open"));
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
        c.expert(c.stop().expert(), format_args!("{length} of {REPLY_LENGTH} bytes"));
    }
    Ok(reply)
}

fn nak<S: Sink>(c: &mut Cursor<'_, '_, S>, reason: NakReason, answers: Option<Answered>) -> Reply {
    c.expert(STICK_NAK, format_args!("{reason}"));
    match answers.and_then(|answers| answers.opcode.name()) {
        Some(name) => c.info(format_args!("NAK of {name}: {reason}")),
        None => c.info(format_args!("NAK: {reason}")),
    }
    Reply::Nak(reason)
}

/// The acknowledge of a command that the stick says no more to.
fn taken<S: Sink>(c: &mut Cursor<'_, '_, S>, opcode: Opcode, context: &Context) -> Reply {
    if opcode.row().is_some_and(|row| row.end == End::Pump) {
        match context.pump_opcode {
            Some(opcode) => c.info(format_args!("ACK: {opcode} accepted for sending")),
            None => c.info(format_args!("ACK: packet accepted for sending")),
        }
    } else {
        c.info(format_args!("ACK"));
        c.remainder(UNKNOWN);
    }
    Reply::Ack
}
