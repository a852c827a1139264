// SPDX-License-Identifier: GPL-2.0-or-later
//! In: replies to Read Language (0x86), Read Bolus Wizard Setup Status (0x87), Read Carb Units (0x88), Read BG Units
//! (0x89). Out: how the bolus wizard is set up.

use super::block::{Block, Context};
use crate::tree::cursor::Cursor;
use crate::tree::expert::{Stop, UNKNOWN_VALUE};
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use crate::units::quantities::{CarbUnit, GlucoseUnit};
use nom::Parser;
use nom::number::complete::u8;
use std::fmt;

crate::fields! {
    /// Language of the pump's screen.
    LANGUAGE: U8, "carelink.pump.language", "Language", Confirmed, names Language::NAMES;
    /// What the pump counts carbohydrates in.
    CARB_UNITS: U8, "carelink.pump.carb_units", "Carb Units", Confirmed, names CarbUnit::NAMES;
    /// What the pump counts glucose in.
    BG_UNITS: U8, "carelink.pump.bg_units", "BG Units", Confirmed, names GlucoseUnit::NAMES;
    /// Whether the bolus wizard is ready for use.
    HEAD: Tree, "carelink.pump.wizard", "Bolus Wizard", Confirmed;
    /// The bolus wizard is enabled, and set up.
    ENABLED: Flag, "carelink.pump.wizard.enabled", "Enabled", Confirmed;
    /// The carb units are set. Sent as 1 for "not complete"; the order of the five parts is a guess.
    CARB_UNITS_SET: Flag, "carelink.pump.wizard.carb_units_complete", "Carb Units Complete", Guessed;
    /// The carb ratios are set. Sent as 1 for "not complete"; the order of the five parts is a guess.
    CARB_RATIOS_SET: Flag, "carelink.pump.wizard.carb_ratios_complete", "Carb Ratios Complete", Guessed;
    /// The BG units are set. Sent as 1 for "not complete"; the order of the five parts is a guess.
    BG_UNITS_SET: Flag, "carelink.pump.wizard.bg_units_complete", "BG Units Complete", Guessed;
    /// The insulin sensitivities are set. Sent as 1 for "not complete"; the order of the five parts is a guess.
    SENSITIVITIES_SET: Flag, "carelink.pump.wizard.sensitivities_complete", "Insulin Sensitivities Complete", Guessed;
    /// The BG targets are set. Sent as 1 for "not complete"; the order of the five parts is a guess.
    TARGETS_SET: Flag, "carelink.pump.wizard.targets_complete", "BG Targets Complete", Guessed;
}

crate::open_enum! {
    /// Language of a pump's screen. No source knows another number.
    pub enum Language: u8 {
        English = 0 => "English",
    }
}

/// Declares a block that is one byte with named values.
macro_rules! named_byte {
    ($($(#[doc = $doc:literal])+ $block:ident($type:ty), $field:ident, $noun:literal;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $block(pub $type);

        impl Block for $block {
            const HEAD: Option<Field> = None;
            const NOUN: &'static str = $noun;

            fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
                c.choice($field).map(Self)
            }
        }

        impl fmt::Display for $block {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

named_byte! {
    /// Language of a pump's screen.
    LanguageSet(Language), LANGUAGE, "language";
    /// What a pump counts carbohydrates in.
    CarbUnits(CarbUnit), CARB_UNITS, "carb units";
    /// What a pump counts glucose in.
    BgUnits(GlucoseUnit), BG_UNITS, "BG units";
}

/// Whether the bolus wizard is ready for use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WizardSetup {
    /// It is enabled, and set up.
    pub enabled: bool,
    /// Which of its five parts are complete. Their order is a guess: carb units, carb ratios, BG units, sensitivities,
    /// BG targets.
    pub complete: [bool; 5],
}

impl Block for WizardSetup {
    const HEAD: Option<Field> = Some(HEAD);
    const NOUN: &'static str = "bolus wizard";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        let enabled = c.flag(ENABLED)?;
        let mut complete = [false; 5];
        let parts = [CARB_UNITS_SET, CARB_RATIOS_SET, BG_UNITS_SET, SENSITIVITIES_SET, TARGETS_SET];
        for (complete, part) in complete.iter_mut().zip(parts) {
            let number = c.rest().first().copied().unwrap_or_default();
            *complete = c.read(part, u8.map(|missing| missing == 0))?;
            if number > 1 {
                c.expert(UNKNOWN_VALUE, format_args!("{number}, taken as not complete"));
            }
        }
        Ok(Self { enabled, complete })
    }
}

impl fmt::Display for WizardSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.enabled { "enabled" } else { "not enabled" })?;
        match self.complete.iter().filter(|complete| !**complete).count() {
            0 => f.write_str(", complete"),
            1 => f.write_str(", 1 part is missing"),
            parts => write!(f, ", {parts} parts are missing"),
        }
    }
}
