// SPDX-License-Identifier: GPL-2.0-or-later
//! In: replies to Read Saved Settings Date (0xC1), Read Contrast (0xC3), Read Factory Parameters (0xC7).
//! Out: numbers of which little is known.

use super::block::{Block, Context};
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::field::Field;
use crate::tree::opaque::UNKNOWN;
use crate::tree::sink::Sink;
use nom::bytes::complete::take;
use nom::number::complete::{be_u16, u8};
use std::fmt;

crate::fields! {
    /// When the settings were saved, in an unknown layout. All known replies repeat the reply before them, of pumps that had
    /// never saved their settings.
    SAVED: Bytes, "carelink.pump.saved_settings", "Saved Settings Date", Guessed;
    /// The contrast of the pump's screen. All pumps seen send 2 and 7.
    CONTRAST: Tree, "carelink.pump.contrast", "Contrast", Confirmed;
    /// Perhaps the contrast itself.
    LEVEL: U8, "carelink.pump.contrast.level", "Level", Guessed;
    /// Perhaps the largest contrast.
    MAXIMUM: U8, "carelink.pump.contrast.maximum", "Maximum", Guessed;
    /// Factory parameters, 14 bytes.
    HEAD: Tree, "carelink.pump.factory", "Factory Parameters", Confirmed;
    /// Perhaps a number of 16 bits; it differs from pump to pump.
    WORD: U16, "carelink.pump.factory.word", "Number", Guessed;
    /// Perhaps a number of 16 bits; 24000 in all pumps seen.
    CONSTANT: U16, "carelink.pump.factory.constant", "Constant Number", Guessed;
}

/// When the settings were saved, in an unknown layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavedSettings;

impl Block for SavedSettings {
    const HEAD: Option<Field> = None;
    const NOUN: &'static str = "saved settings";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        let used = c.rest().iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        if used > 0 {
            c.read(SAVED, take(used))?;
        }
        Ok(Self)
    }
}

impl fmt::Display for SavedSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("layout not known")
    }
}

/// The contrast of a pump's screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contrast {
    /// Perhaps the contrast itself.
    pub level: u8,
    /// Perhaps the largest.
    pub maximum: u8,
}

impl Block for Contrast {
    const HEAD: Option<Field> = Some(CONTRAST);
    const NOUN: &'static str = "contrast";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        Ok(Self { level: c.read(LEVEL, u8)?, maximum: c.read(MAXIMUM, u8)? })
    }
}

impl fmt::Display for Contrast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} (not certain)", self.level, self.maximum)
    }
}

/// Factory parameters: only the split into numbers is guessed, their meaning is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factory {
    /// Differs from pump to pump.
    pub word: u16,
    /// The same in all pumps seen.
    pub constant: u16,
}

impl Block for Factory {
    const HEAD: Option<Field> = Some(HEAD);
    const NOUN: &'static str = "factory parameters";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        c.read(UNKNOWN, take(10usize))?;
        Ok(Self { word: c.read(WORD, be_u16)?, constant: c.read(CONSTANT, be_u16)? })
    }
}

impl fmt::Display for Factory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("meaning not known")
    }
}
