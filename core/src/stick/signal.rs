// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the body of the answer to Read Signal Strength. Out: dBm.

use crate::tree::cursor::Cursor;
use crate::tree::diagnosis::Stop;
use crate::tree::sink::Sink;
use nom::number::complete::be_i8;

crate::fields! {
    /// Strength of the radio signal that the stick hears now.
    STRENGTH: I8, "carelink.stick.signal", "Signal Strength", Confirmed, unit " dBm";
}

/// Reads the body.
///
/// # Errors
/// [`Stop`] if bytes are missing.
pub fn body<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<i8, Stop> {
    let strength = c.read(STRENGTH, be_i8)?;
    c.info(format_args!("Signal Strength: {strength} dBm"));
    Ok(strength)
}
