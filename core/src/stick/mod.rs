//! In: bytes that cross USB, as whole frames. Out: the host's commands and the stick's replies.
//!
//! One file per command; this one tells them apart. Source: `docs/protocol/stick.md`, sections 2.1 and 2.2.

pub mod product;
pub mod read_radio;
pub mod signal;
pub mod statistics;
pub mod status;

use crate::radio::reply::RadioReply;
use crate::radio::transmit::Transmit;
use crate::tree::cursor::Cursor;
use crate::tree::diagnosis::{NO_REQUEST, STICK_NAK, Stop, UNKNOWN_OPCODE, UNKNOWN_VALUE};
use crate::tree::opaque::{LEFT_OVER, UNKNOWN};
use crate::tree::sink::{Sink, Span};
use nom::Parser as _;
use nom::number::complete::be_u8;

/// Length of every reply that the stick itself gives.
pub const REPLY_LENGTH: usize = 64;

crate::open_enum! {
    /// The command that a host sends to the stick.
    pub enum Opcode: u8 {
        Transmit = 0x01 => "Transmit Packet",
        ReadStatus = 0x03 => "Read Status",
        ProductInfo = 0x04 => "Read Product Info",
        Statistics = 0x05 => "Read Interface Statistics",
        Signal = 0x06 => "Read Signal Strength",
        ReadRadio = 0x0c => "Read Radio",
    }
}

crate::open_enum! {
    /// Who answers.
    pub enum ReplyCode: u8 {
        Stick = 0x01 => "stick",
        Pump = 0x02 => "pump",
    }
}

crate::open_enum! {
    /// Whether the stick took the command.
    pub enum Ack: u8 {
        Ack = 0x55 => "ACK",
        Nak = 0x66 => "NAK",
    }
}

crate::open_enum! {
    /// Why the stick did not take the command.
    pub enum NakReason: u8 {
        None = 0 => "no error",
        Crc = 1 => "CRC mismatch",
        Data = 2 => "command data error",
        Busy = 3 => "busy, or the command cannot be carried out",
        NotSupported = 4 => "command not supported",
    }
}

crate::open_enum! {
    /// One of the stick's interfaces.
    pub enum Interface: u8 {
        Radio = 0 => "radio",
        Usb = 1 => "USB",
    }
}

crate::fields! { group Stick;
    /// The host's command to the stick; on a reply, the command that it answers.
    OPCODE: X8, "carelink.stick.opcode", "Stick Command", Confirmed, names Opcode::NAMES;
    /// Who answers: the stick itself, or the pump through the stick.
    REPLY_CODE: X8, "carelink.stick.reply", "Reply From", Confirmed, names ReplyCode::NAMES;
    /// Whether the stick took the command.
    ACK: X8, "carelink.stick.ack", "Acknowledge", Confirmed, names Ack::NAMES;
    /// Why the stick refused the command.
    NAK_REASON: U8, "carelink.stick.nak_reason", "NAK Reason", Inferred, names NakReason::NAMES;
    /// Which of the stick's interfaces the command speaks of.
    INTERFACE: U8, "carelink.stick.interface", "Interface", Confirmed, names Interface::NAMES;
    /// A byte that is zero in all known commands.
    RESERVED: Bytes, "carelink.stick.reserved", "Reserved", Confirmed;
}

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
        Opcode::Transmit => Command::Transmit(crate::radio::transmit::transmit(c, context)?),
        Opcode::ReadStatus => bare(c, Command::ReadStatus)?,
        Opcode::ProductInfo => bare(c, Command::ProductInfo)?,
        Opcode::Statistics => statistics::request(c)?,
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

/// What a frame must know of its past.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// The command that a reply answers.
    pub answers: Option<Answered>,
    /// The pump's opcode of the transaction that the frame belongs to.
    pub pump_opcode: Option<crate::pump::Opcode>,
    /// What is known of the pump.
    pub pump: crate::pump::model::Pump,
    /// Whether this is the whole of a transaction's reply, so that its payload can be read by the opcode.
    pub whole_reply: bool,
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
    /// How many bytes of a reply that takes the command are its own; those behind are left over from earlier replies.
    /// `None` if it is not known.
    #[must_use]
    pub fn written(&self) -> Option<usize> {
        match self.opcode {
            Opcode::Transmit => Some(3),
            Opcode::ReadStatus => Some(11),
            Opcode::Signal => Some(4),
            Opcode::Statistics if self.argument == u16::from(u8::from(Interface::Usb)) => Some(25),
            Opcode::Statistics => Some(36),
            Opcode::ProductInfo => Some(REPLY_LENGTH),
            Opcode::ReadRadio | Opcode::Unknown(_) => None,
        }
    }
}

/// Reads a reply, from its first byte to its last.
///
/// # Errors
/// [`Stop`] if bytes are missing.
pub fn reply<S: Sink>(c: &mut Cursor<'_, '_, S>, context: &Context) -> Result<Reply, Stop> {
    let from_pump = c.rest().first() == Some(&u8::from(ReplyCode::Pump));
    if from_pump {
        Ok(Reply::Radio(crate::radio::reply::reply(c, context)?))
    } else {
        stick_reply(c, context)
    }
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
