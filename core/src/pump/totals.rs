// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a reply to Read Totals Today (0x79). Out: the insulin delivered today and yesterday.

use super::block::{Block, Context};
use crate::tree::cursor::Cursor;
use crate::tree::expert::{OUT_OF_RANGE, Stop};
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use crate::units::quantities::Insulin;
use nom::Parser;
use nom::number::complete::{be_u16, be_u32};
use std::fmt;

crate::fields! {
    /// Insulin delivered, by days of the pump's clock.
    HEAD: Tree, "carelink.pump.totals", "Totals", Confirmed;
    /// Insulin delivered since midnight.
    TODAY: F64, "carelink.pump.totals.today", "Today", Confirmed, unit " U";
    /// Insulin delivered on the day before.
    YESTERDAY: F64, "carelink.pump.totals.yesterday", "Yesterday", Confirmed, unit " U";
}

/// Insulin delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Since midnight.
    pub today: Insulin,
    /// On the day before.
    pub yesterday: Insulin,
}

impl Block for Totals {
    const HEAD: Option<Field> = Some(HEAD);
    const NOUN: &'static str = "totals";

    /// What only one layout allows. Small totals end after four bytes; large ones begin with two zeros up to 1638 U.
    fn evidence(payload: &[u8]) -> Option<bool> {
        let first: &[u8; 8] = payload.first_chunk()?;
        match first {
            [0, 0, _, _, tail @ ..] if *tail != [0; 4] => Some(true),
            [today @ .., _, _, 0, 0, 0, 0] if *today != [0; 2] => Some(false),
            _ => None,
        }
    }

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, of: Context) -> Result<Self, Stop> {
        // Zeros mean the same in either layout, so nothing is assumed of them.
        let nothing = c.rest().starts_with(&[0; 8]);
        let large =
            of.large(c, if nothing { of.pump.large().or(Some(false)) } else { Self::evidence(c.rest()) });
        if large {
            Ok(Self { today: total(c, TODAY)?, yesterday: total(c, YESTERDAY)? })
        } else {
            let (today, yesterday) = (be_u16.map(Insulin::tenths), be_u16.map(Insulin::tenths));
            Ok(Self { today: c.read(TODAY, today)?, yesterday: c.read(YESTERDAY, yesterday)? })
        }
    }
}

/// Reads fortieths of a unit in 32 bits, of which an [`Insulin`] holds those that a pump can deliver.
fn total<S: Sink>(c: &mut Cursor<'_, '_, S>, field: Field) -> Result<Insulin, Stop> {
    let count = c.rest().first_chunk().copied().map(u32::from_be_bytes).unwrap_or_default();
    let amount =
        c.read(field, be_u32.map(|count| Insulin::fortieths(i32::try_from(count).unwrap_or(i32::MAX))))?;
    if amount == Insulin(i32::MAX) {
        c.expert(OUT_OF_RANGE, format_args!("{count} fortieths of a unit, which is more than can be shown"));
    }
    Ok(amount)
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} today, {} yesterday", self.today, self.yesterday)
    }
}
