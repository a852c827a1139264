// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the body of the answer to Read Signal Strength. Out: dBm.

use super::codes::ACK_LENGTH;
use super::command::Body;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::sink::Sink;
use nom::number::complete::be_i8;

crate::fields! {
    /// Strength of the radio signal that the stick hears now.
    STRENGTH: I8, "carelink.stick.signal", "Signal Strength", Confirmed, unit " dBm";
}

/// Strength of the radio signal in dBm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal(pub i8);

impl Body for Signal {
    fn written(_: u16) -> usize {
        ACK_LENGTH + 1
    }

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: u16) -> Result<Self, Stop> {
        let strength = c.read(STRENGTH, be_i8)?;
        c.info(format_args!("Signal Strength: {strength} dBm"));
        Ok(Self(strength))
    }
}
