// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a request for an interface's statistics, and the body of its answer. Out: the counters.

use super::codes::{ACK_LENGTH, INTERFACE, Interface, RESERVED};
use super::command::{Body, Request};
use crate::carrier::context::Context;
use crate::tree::cursor::Cursor;
use crate::tree::expert::{Stop, UNKNOWN_VALUE};
use crate::tree::sink::Sink;
use nom::Parser as _;
use nom::bytes::complete::take;
use nom::number::complete::{be_u8, be_u32};

crate::fields! {
    /// Packets with a bad CRC: one byte, kept between the host's sessions.
    CRC_ERRORS: U8, "carelink.stick.statistics.crc_errors", "CRC Errors", Confirmed;
    /// Packets out of sequence.
    SEQUENCE_ERRORS: U8, "carelink.stick.statistics.sequence_errors", "Sequence Errors", Confirmed;
    /// Packets that were answered with a NAK.
    NAKS: U8, "carelink.stick.statistics.naks", "NAKs", Confirmed;
    /// Packets that were not answered.
    TIMEOUTS: U8, "carelink.stick.statistics.timeouts", "Timeouts", Confirmed;
    /// Packets received.
    RECEIVED: U32, "carelink.stick.statistics.received", "Packets Received", Confirmed;
    /// Packets sent.
    SENT: U32, "carelink.stick.statistics.sent", "Packets Sent", Confirmed;
    /// More counters, which the stick writes and no known program reads.
    MORE: Bytes, "carelink.stick.statistics.more", "Further Counters", Inferred;
}

/// Counters of one interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// The interface.
    pub interface: Interface,
    /// Packets with a bad CRC.
    pub crc_errors: u8,
    /// Packets out of sequence.
    pub sequence_errors: u8,
    /// Packets answered with a NAK.
    pub naks: u8,
    /// Packets not answered.
    pub timeouts: u8,
    /// Packets received.
    pub received: u32,
    /// Packets sent.
    pub sent: u32,
}

impl Request for Interface {
    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: &Context) -> Result<Self, Stop> {
        let interface = c.read(INTERFACE, be_u8.map(Self::from))?;
        if let Self::Unknown(number) = interface {
            c.expert(UNKNOWN_VALUE, format_args!("{number} is not a known interface"));
        }
        c.read(RESERVED, take(1usize))?;
        c.info(format_args!("Read Interface Statistics: {interface}"));
        Ok(interface)
    }

    fn argument(&self) -> u16 {
        u8::from(*self).into()
    }
}

/// Bytes of the counters that are known.
const KNOWN: usize = 12;

/// How many bytes of further counters come after them.
const fn further(interface: Interface) -> usize {
    match interface {
        Interface::Usb => 10,
        Interface::Radio | Interface::Unknown(_) => 21,
    }
}

/// The interface that the request asked about.
fn asked(argument: u16) -> Interface {
    Interface::from(u8::try_from(argument).unwrap_or(u8::MAX))
}

impl Body for Statistics {
    fn written(argument: u16) -> usize {
        ACK_LENGTH + KNOWN + further(asked(argument))
    }

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, argument: u16) -> Result<Self, Stop> {
        let interface = asked(argument);
        let statistics = Self {
            interface,
            crc_errors: c.read(CRC_ERRORS, be_u8)?,
            sequence_errors: c.read(SEQUENCE_ERRORS, be_u8)?,
            naks: c.read(NAKS, be_u8)?,
            timeouts: c.read(TIMEOUTS, be_u8)?,
            received: c.read(RECEIVED, be_u32)?,
            sent: c.read(SENT, be_u32)?,
        };
        match interface {
            Interface::Unknown(_) => c.remainder(MORE),
            _ => c.read(MORE, take(further(interface)))?,
        };
        let Self { received, sent, .. } = statistics;
        c.info(format_args!("Statistics of {interface}: {received} received, {sent} sent"));
        Ok(statistics)
    }
}
