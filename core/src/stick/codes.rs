// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the bytes that every reply of the stick begins with. Out: what they stand for.
//!
//! Source: `docs/protocol/stick.md`, sections 2.1 and 2.2.

/// Length of every reply that the stick itself gives.
pub const REPLY_LENGTH: usize = 64;

/// Length of its acknowledge: who answers, whether it took the command, and why not.
pub const ACK_LENGTH: usize = 3;

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

/// How the acknowledge of the stick's own reply looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledge {
    /// The stick took the command.
    Taken,
    /// It did not.
    Refused,
}

/// The acknowledge that `reply` begins with, if it is well formed.
#[must_use]
pub fn acknowledge(reply: &[u8]) -> Option<Acknowledge> {
    let [code, ack, reason, ..] = *reply else { return None };
    match (ReplyCode::from(code), Ack::from(ack), NakReason::from(reason)) {
        (ReplyCode::Stick, Ack::Ack, NakReason::None) => Some(Acknowledge::Taken),
        (ReplyCode::Stick, Ack::Nak, NakReason::None | NakReason::Unknown(_)) => None,
        (ReplyCode::Stick, Ack::Nak, _) => Some(Acknowledge::Refused),
        _ => None,
    }
}

/// True if the reply that begins so may yet turn out to have an acknowledge.
#[must_use]
pub fn may_acknowledge(start: &[u8]) -> bool {
    match *start {
        [code] => ReplyCode::from(code) == ReplyCode::Stick,
        [code, ack] => ReplyCode::from(code) == ReplyCode::Stick && Ack::from(ack).name().is_some(),
        _ => false,
    }
}

/// True if `reply` is like an acknowledge with at most one byte damaged.
#[must_use]
pub fn resembles_acknowledge(reply: &[u8]) -> bool {
    let [code, ack, reason, ..] = *reply else { return false };
    let signs = [
        ReplyCode::from(code) == ReplyCode::Stick,
        Ack::from(ack).name().is_some(),
        NakReason::from(reason).name().is_some(),
    ];
    signs.iter().filter(|&&sign| sign).count() >= signs.len() - 1
}

/// True if `reply` says that the stick did not take the command.
#[must_use]
pub fn refuses(reply: &[u8]) -> bool {
    reply.get(1).is_some_and(|&ack| Ack::from(ack) == Ack::Nak)
}

/// Who speaks in `reply`, by its first byte.
#[must_use]
pub fn speaker(reply: &[u8]) -> Option<ReplyCode> {
    reply.first().map(|&code| ReplyCode::from(code))
}

crate::fields! {
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
