// SPDX-License-Identifier: GPL-2.0-or-later
//! In: bytes that stand for something in the meter's messages. Out: what they stand for.
//!
//! Source: `docs/protocol/nextlink.md`, sections 2 and 3.

use crate::exchange::{Device, DeviceCode};

crate::open_enum! {
    /// What the meter is to do with an envelope.
    pub enum Operation: u8 {
        Open = 0x10 => "Open Link",
        Close = 0x11 => "Close Link",
        Send = 0x12 => "Send Packet",
        End = 0x13 => "End Session",
    }
}

crate::open_enum! {
    /// Why the meter could not do what an envelope asks.
    pub enum Refusal: u8 {
        None = 0x00 => "no error",
        MultiPacket = 0x01 => "multipacket not supported",
        Parameter = 0x02 => "command parameter error",
        UnknownCommand = 0x03 => "unsupported or undefined command",
        Retries = 0x04 => "retries exceeded",
        Timeout = 0x05 => "command timed out",
        Checksum = 0xFE => "bad checksum",
        Protocol = 0xFF => "protocol error",
    }
}

crate::open_enum! {
    /// A control character of the meter's dialogue.
    pub enum Control: u8 {
        Stx = 0x02 => "STX",
        Etx = 0x03 => "ETX",
        Eot = 0x04 => "EOT",
        Enq = 0x05 => "ENQ",
        Ack = 0x06 => "ACK",
        Lf = 0x0A => "LF",
        Cr = 0x0D => "CR",
        Nak = 0x15 => "NAK",
        Etb = 0x17 => "ETB",
    }
}

crate::open_enum! {
    /// What a host says to the meter itself, by its first character.
    pub enum Word: u8 {
        Eot = 0x04 => "EOT",
        Enq = 0x05 => "ENQ",
        Ack = 0x06 => "ACK",
        Nak = 0x15 => "NAK",
        Off = 0x30 => "Remote Mode Off (0|)",
        On = 0x31 => "Remote Mode On (1|)",
        Query = 0x51 => "Remote Query (Q|)",
        Write = 0x57 => "Remote Write (W|)",
        Header = 0x58 => "Send Header Record (X)",
    }
}

crate::fields! {
    /// What the meter is to do; its answer repeats it.
    OPERATION: X8, "carelink.nextlink.operation", "Operation", Inferred, names Operation::NAMES;
    /// Why the meter could not do it: what the public driver of another project knows.
    REFUSAL: X8, "carelink.nextlink.error", "Error", Inferred, names Refusal::NAMES;
    /// A control character of the dialogue with the meter itself.
    CONTROL: X8, "carelink.nextlink.control", "Control Character", Confirmed, names Control::NAMES;
}

impl From<Operation> for DeviceCode {
    fn from(operation: Operation) -> Self {
        Self::new(Device::Meter, operation.into(), Operation::NAMES)
    }
}

impl From<Refusal> for DeviceCode {
    fn from(refusal: Refusal) -> Self {
        Self::new(Device::Meter, refusal.into(), Refusal::NAMES)
    }
}

impl From<Word> for DeviceCode {
    fn from(word: Word) -> Self {
        Self::new(Device::Meter, word.into(), Word::NAMES)
    }
}
