// SPDX-License-Identifier: GPL-2.0-or-later
//! In: records of basal patterns (0x08, 0x09, 0x14, 0x7B) and temporary basal rates (0x33, 0x16, 0x62).
//! Out: rates and when they hold.

use super::bolus::half_hours;
use super::reading::{Reading, VALUE};
use crate::pump::profile::Pattern;
use crate::pump::temp_basal::TempBasalKind;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::sink::Sink;
use crate::units::count::Count;
use crate::units::quantities::{Minutes, Rate, TimeOfDay};
use arrayvec::ArrayVec;
use nom::Parser;
use nom::bytes::complete::take;
use nom::number::complete::{le_u16, u8};
use std::fmt;

crate::fields! {
    /// Number of rates in the pattern.
    COUNT: U8, "carelink.history.basal_pattern.count", "Rates", Confirmed;
    /// Which of the pump's three basal patterns.
    PATTERN: U8, "carelink.history.basal_pattern.pattern", "Pattern", Confirmed, names Pattern::NAMES;
    /// One rate of the pattern.
    ENTRY: Tree, "carelink.history.basal_pattern.entry", "Basal Rate", Confirmed;
    /// When the rate begins, in minutes from midnight; sent in half hours.
    START: U16, "carelink.history.basal_pattern.start", "Start", Confirmed, unit " min";
    /// The rate.
    RATE: F64, "carelink.history.basal_pattern.rate", "Rate", Confirmed, unit " U/h";
    /// Marks the end of the pattern; not a rate.
    MARK: Bytes, "carelink.history.basal_pattern.end_mark", "End Mark", Confirmed;
    /// Place of the rate in its pattern, from 0.
    BEGUN_INDEX: U8, "carelink.history.basal_start.index", "Index", Confirmed;
    /// The pattern that is in force.
    BEGUN_PATTERN: U8, "carelink.history.basal_start.pattern", "Pattern", Confirmed, names Pattern::NAMES;
    /// When the rate begins, in minutes from midnight; sent in half hours.
    BEGUN_START: U16, "carelink.history.basal_start.start", "Start", Confirmed, unit " min";
    /// The rate that takes effect.
    BEGUN_RATE: F64, "carelink.history.basal_start.rate", "Rate", Confirmed, unit " U/h";
    /// The pattern that was in force.
    OLD_PATTERN: U8, "carelink.history.select_pattern.old", "Old Pattern", Confirmed, names Pattern::NAMES;
    /// The pattern that is in force from now on.
    NEW_PATTERN: U8, "carelink.history.select_pattern.new", "New Pattern", Confirmed, names Pattern::NAMES;
    /// What the temporary rate is counted in, and high bits of the rate.
    TEMP_BITS: X8, "carelink.history.temp_basal.bits", "Kind and High Bits", Confirmed;
    /// What the temporary rate is counted in.
    TEMP_KIND: U8, "carelink.history.temp_basal.kind", "Kind", Confirmed, names TempBasalKind::NAMES;
    /// The temporary rate. Three high bits lie in the last byte.
    TEMP_RATE: F64, "carelink.history.temp_basal.rate", "Rate", Confirmed, unit " U/h";
    /// The temporary rate, in percent of the usual one.
    TEMP_PERCENT: U8, "carelink.history.temp_basal.percent", "Percent of the Usual Rate", Confirmed, unit "%";
    /// How long the temporary rate is to run; zero cancels the one that runs.
    TEMP_DURATION: U16, "carelink.history.temp_basal.duration", "Duration", Confirmed, unit " min";
    /// What temporary rates are to be counted in.
    TEMP_TYPE: U8, "carelink.history.temp_basal_type.type", "Temp Basal Type", Confirmed, names TempBasalKind::NAMES;
}

/// A rate of a basal pattern, or the start of its being in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasalRate {
    /// When it begins, every day.
    pub start: TimeOfDay,
    /// How much.
    pub rate: Rate,
}

/// A basal pattern, before or after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasalPattern {
    /// Which.
    pub pattern: Pattern,
    /// Its rates, in order.
    pub rates: ArrayVec<BasalRate, 48>,
}

/// Start of an entry that ends a list.
const NEVER: u8 = 0x3F;

pub(super) fn pattern<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<BasalPattern, Stop> {
    let count = c.read(COUNT, u8)?;
    let spare = r.stamp(c)?;
    let pattern = Pattern::from(spare.hour);
    c.derived_at(PATTERN, r.hour_bits(c), &pattern);
    let mut rates = ArrayVec::new();
    while rates.len() < usize::from(count) && !rates.is_full() {
        match c.rest().first() {
            None | Some(&NEVER) => break,
            Some(0) if !rates.is_empty() => break,
            Some(_) => {}
        }
        rates.push(c.group(ENTRY, |c| {
            let start = c.read_shown(START, u8.map(TimeOfDay::half_hours))?;
            let rate = c.read(RATE, le_u16.map(Rate::fortieths))?;
            c.title(format_args!("From {start}: {rate}"));
            Ok(BasalRate { start, rate })
        })?);
    }
    if c.rest().starts_with(&[NEVER, 0, 0]) {
        c.read(MARK, take(3usize))?;
    }
    c.fill();
    Ok(BasalPattern { pattern, rates })
}

/// A basal rate that takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasalStart {
    /// Of which pattern.
    pub pattern: Pattern,
    /// Its place in the pattern, from 0.
    pub index: u8,
    /// The rate.
    pub rate: BasalRate,
}

pub(super) fn start<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<BasalStart, Stop> {
    let index = c.read(BEGUN_INDEX, u8)?;
    let spare = r.stamp(c)?;
    let pattern = Pattern::from(spare.hour);
    c.derived_at(BEGUN_PATTERN, r.hour_bits(c), &pattern);
    let start = c.read_shown(BEGUN_START, u8.map(TimeOfDay::half_hours))?;
    let rate = c.read(BEGUN_RATE, le_u16.map(Rate::fortieths))?;
    Ok(BasalStart { pattern, index, rate: BasalRate { start, rate } })
}

/// Which basal pattern is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectPattern {
    /// Until now.
    pub old: Pattern,
    /// From now on.
    pub new: Pattern,
}

pub(super) fn select<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<SelectPattern, Stop> {
    let old = c.choice(OLD_PATTERN)?;
    let spare = r.stamp(c)?;
    let new = Pattern::from(spare.hour);
    c.derived_at(NEW_PATTERN, r.hour_bits(c), &new);
    Ok(SelectPattern { old, new })
}

/// A temporary basal rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TempBasal {
    /// In place of the usual one.
    Rate(Rate),
    /// In percent of the usual one.
    Percent(u8),
    /// Counted in something else, whose number this is.
    Unknown(u8),
}

pub(super) fn temp_rate<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<TempBasal, Stop> {
    let bits = r.byte(7);
    let kind = TempBasalKind::from(bits >> 3);
    let temp = match kind {
        TempBasalKind::Absolute => {
            let rate = |low| Rate::fortieths(u16::from_be_bytes([bits & 7, low]));
            TempBasal::Rate(c.read(TEMP_RATE, u8.map(rate))?)
        }
        TempBasalKind::Percent => TempBasal::Percent(c.read(TEMP_PERCENT, u8)?),
        TempBasalKind::Unknown(kind) => {
            c.read(VALUE, u8)?;
            TempBasal::Unknown(kind)
        }
    };
    r.stamp(c)?;
    c.packed(TEMP_BITS, u8, |c, _| c.derived(TEMP_KIND, &kind))?;
    Ok(temp)
}

pub(super) fn temp_duration<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    r: &mut Reading<'_>,
) -> Result<Minutes, Stop> {
    let duration = c.read(TEMP_DURATION, half_hours)?;
    r.stamp(c)?;
    Ok(duration)
}

pub(super) fn temp_type<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    r: &mut Reading<'_>,
) -> Result<TempBasalKind, Stop> {
    let kind = c.choice(TEMP_TYPE)?;
    r.stamp(c)?;
    Ok(kind)
}

impl fmt::Display for BasalPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.pattern, Count(self.rates.len(), "rate", "rates"))
    }
}

impl fmt::Display for TempBasal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate(rate) => write!(f, "{rate}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Unknown(kind) => write!(f, "kind {kind}"),
        }
    }
}
