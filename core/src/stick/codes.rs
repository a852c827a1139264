// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the bytes that every command and every reply of the stick begins with. Out: what they stand for.
//!
//! Source: `docs/protocol/stick.md`, sections 2.1 and 2.2.

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

crate::fields! {
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
