// SPDX-License-Identifier: GPL-2.0-or-later
//! In: records of delivered insulin (0x01), of insulin still active (0x5C, 0x30) and of priming (0x03).
//! Out: what was programmed, what was delivered, and when.

use super::reading::Reading;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::sink::Sink;
use crate::units::quantities::{Insulin, Minutes};
use nom::Parser;
use nom::number::complete::{be_u16, u8};
use std::fmt;

crate::fields! {
    /// Insulin that was programmed.
    PROGRAMMED: F64, "carelink.history.bolus.programmed", "Programmed", Confirmed, unit " U";
    /// Insulin that was delivered; less than programmed if the bolus was cancelled.
    AMOUNT: F64, "carelink.history.bolus.amount", "Delivered", Confirmed, unit " U";
    /// Insulin of earlier boluses that was still active.
    ACTIVE: F64, "carelink.history.bolus.unabsorbed", "Unabsorbed Insulin", Confirmed, unit " U";
    /// How long a square bolus takes; sent in half hours.
    DURATION: U16, "carelink.history.bolus.duration", "Duration", Confirmed, unit " min";
    /// How the bolus was given.
    TYPE: U8, "carelink.history.bolus.type", "Bolus Type", Confirmed, names BolusType::NAMES;
    /// Length of the record.
    LENGTH: U8, "carelink.history.unabsorbed.length", "Record Length", Confirmed, unit " bytes";
    /// An earlier bolus that is still active, newest first.
    ENTRY: Tree, "carelink.history.unabsorbed.entry", "Unabsorbed Insulin", Confirmed;
    /// What of it was given; two more bits of it lie in the third byte of the entry.
    ENTRY_AMOUNT: F64, "carelink.history.unabsorbed.amount", "Amount", Confirmed, unit " U";
    /// How long ago it was given; two more bits of it lie in the third byte of the entry.
    ENTRY_AGE: U16, "carelink.history.unabsorbed.age", "Age", Confirmed, unit " min";
    /// High bits of amount and age, and the insulin action curve.
    ENTRY_BITS: X8, "carelink.history.unabsorbed.bits", "High Bits and Action Curve", Confirmed;
    /// How long the insulin is taken to act, in hours.
    ENTRY_CURVE: U8, "carelink.history.unabsorbed.curve", "Insulin Action Curve", Inferred, unit " h";
    /// Insulin that was programmed to fill the tubing.
    PRIME_PROGRAMMED: F64, "carelink.history.prime.programmed", "Programmed", Confirmed, unit " U";
    /// Insulin that went into the tubing.
    PRIME_AMOUNT: F64, "carelink.history.prime.amount", "Delivered", Confirmed, unit " U";
    /// How the tubing was filled.
    PRIME_TYPE: U8, "carelink.history.prime.type", "Prime Type", Confirmed, names PrimeType::NAMES;
}

crate::open_enum! {
    /// How a bolus was given.
    pub enum BolusType: u8 {
        Simple = 1 => "normal, variable bolus off",
        Normal = 2 => "normal",
        Square = 3 => "square",
        DualNormal = 4 => "dual wave, normal part",
        DualSquare = 5 => "dual wave, square part",
    }
}

/// A delivered bolus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bolus {
    /// What was programmed.
    pub programmed: Insulin,
    /// What was delivered.
    pub amount: Insulin,
    /// What was still active of earlier boluses; pumps up to the 522 do not say.
    pub active: Option<Insulin>,
    /// How long it takes, nothing unless square.
    pub duration: Minutes,
    /// How it was given.
    pub kind: BolusType,
}

pub(super) fn bolus<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Bolus, Stop> {
    let large = r.layout.large();
    let programmed = c.read(PROGRAMMED, dose(large))?;
    let amount = c.read(AMOUNT, dose(large))?;
    let active = if large { Some(c.read(ACTIVE, dose(large))?) } else { None };
    let duration = c.read(DURATION, half_hours)?;
    let spare = r.stamp(c)?;
    let kind = BolusType::from(spare.hour);
    c.derived_at(TYPE, r.hour_bits(c), &kind);
    Ok(Bolus { programmed, amount, active, duration, kind })
}

/// Insulin of an earlier bolus that is still active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unabsorbed {
    /// What was given.
    pub amount: Insulin,
    /// How long ago.
    pub age: Minutes,
    /// How many hours it is taken to act.
    pub curve: u8,
}

pub(super) fn unabsorbed<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    r: &mut Reading<'_>,
) -> Result<Vec<Unabsorbed>, Stop> {
    c.read(LENGTH, u8)?;
    let (chunks, _) = r.bytes.get(2..).unwrap_or_default().as_chunks();
    let mut entries = Vec::with_capacity(chunks.len());
    for &[low, age, bits] in chunks {
        let amount = Insulin::fortieths(u16::from_be_bytes([bits & 3, low]));
        let age = Minutes(u16::from_be_bytes([bits >> 4 & 3, age]).into());
        let curve = bits & 0x0C | bits >> 6;
        c.group(ENTRY, |c| {
            c.read(ENTRY_AMOUNT, u8.map(|_| amount))?;
            c.read(ENTRY_AGE, u8.map(|_| age))?;
            c.packed(ENTRY_BITS, u8, |c, _| c.derived(ENTRY_CURVE, &curve))?;
            c.title(format_args!("Unabsorbed Insulin: {amount}, {age} ago"));
            Ok(())
        })?;
        entries.push(Unabsorbed { amount, age, curve });
    }
    Ok(entries)
}

crate::open_enum! {
    /// How tubing was filled.
    pub enum PrimeType: u8 {
        Fixed = 0 => "fixed",
        Manual = 1 => "manual",
    }
}

/// Insulin that filled the tubing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prime {
    /// What was programmed; nothing when it is filled by hand.
    pub programmed: Insulin,
    /// What was delivered.
    pub amount: Insulin,
    /// How.
    pub kind: PrimeType,
}

pub(super) fn prime<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Prime, Stop> {
    let programmed = c.read(PRIME_PROGRAMMED, be_u16.map(Insulin::tenths))?;
    let amount = c.read(PRIME_AMOUNT, be_u16.map(Insulin::tenths))?;
    let spare = r.stamp(c)?;
    let kind = PrimeType::from(spare.hour);
    c.derived_at(PRIME_TYPE, r.hour_bits(c), &kind);
    Ok(Prime { programmed, amount, kind })
}

/// Insulin: two bytes of fortieths in large records, one byte of tenths in small ones.
pub(super) fn dose<'b>(
    large: bool,
) -> impl Parser<&'b [u8], Output = Insulin, Error = nom::error::Error<&'b [u8]>> {
    let count = move |bytes| if large { be_u16(bytes) } else { u8.map(u16::from).parse(bytes) };
    count.map(move |count| if large { Insulin::fortieths(count) } else { Insulin::tenths(count) })
}

/// A duration in half hours.
pub(super) fn half_hours(bytes: &[u8]) -> nom::IResult<&[u8], Minutes> {
    u8.map(|count| Minutes(u32::from(count) * 30)).parse(bytes)
}

impl fmt::Display for Bolus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.amount)?;
        if self.programmed != self.amount {
            write!(f, " of {}", self.programmed)?;
        }
        if self.duration != Minutes(0) {
            write!(f, " over {}", self.duration)?;
        }
        Ok(())
    }
}

impl fmt::Display for Prime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.amount, self.kind)
    }
}
