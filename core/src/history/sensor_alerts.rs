// SPDX-License-Identifier: GPL-2.0-or-later
//! In: records of changes to the alerts of a 523, a Veo and their like. Out: the alerts before and after, with their units.
//!
//! Found by comparing records of a 554 with its export; `docs/protocol/pages.md` has the counts. What is not known is
//! `None`: which of two bits is the old pattern's, for no record at hand has them apart.

use super::reading::{Reading, VALUE};
use crate::tree::cursor::Cursor;
use crate::tree::expert::{Stop, UNKNOWN_VALUE};
use crate::tree::sink::{Show, Sink, Value};
use crate::units::count::Count;
use crate::units::quantities::{Glucose, GlucoseUnit, Minutes, TimeOfDay};
use arrayvec::ArrayVec;
use nom::Parser;
use nom::bytes::complete::take;
use nom::number::complete::u8;
use std::fmt;

crate::fields! {
    /// The alerts before the change.
    OLD: Tree, "carelink.history.sensor_alerts.old", "Before", Confirmed;
    /// The alerts after the change.
    NEW: Tree, "carelink.history.sensor_alerts.new", "After", Confirmed;
    /// The alerts of a part of the day.
    ENTRY: Tree, "carelink.history.sensor_alerts.entry", "Entry", Confirmed;
    /// Two bits for each of eight entries, above those of its limits; three in entries that are not used.
    TOP_BITS: X8, "carelink.history.sensor_alerts.top_bits", "Top Bits of the Limits", Inferred;
    /// When the entry begins to hold.
    START: U16, "carelink.history.sensor_alerts.start", "Start", Confirmed, unit " min";
    /// Glucose above which the pump alerts.
    HIGH: F64, "carelink.history.sensor_alerts.high", "High Limit", Confirmed;
    /// Glucose below which the pump alerts; 0 if it does not.
    LOW: F64, "carelink.history.sensor_alerts.low", "Low Limit", Confirmed;
    /// How long before the high limit is reached the pump alerts.
    HIGH_AHEAD: U32, "carelink.history.sensor_alerts.high_ahead", "Time Before High Limit", Confirmed, unit " min";
    /// How long before the low limit is reached the pump alerts.
    LOW_AHEAD: U32, "carelink.history.sensor_alerts.low_ahead", "Time Before Low Limit", Confirmed, unit " min";
    /// An entry that is not used.
    UNUSED: Bytes, "carelink.history.sensor_alerts.unused", "Unused Entry", Confirmed;
    /// The old unit, how many entries are new, and whether the patterns are on.
    FLAGS: X8, "carelink.history.sensor_alerts.flags", "Flags", Inferred;
    /// How many entries the old pattern has.
    COUNT: U8, "carelink.history.sensor_alerts.count", "Entries Before", Confirmed;
    /// Which rates alert, and the top bit of the rising one.
    RATE_FLAGS: X8, "carelink.history.sensor_alerts.rate_flags", "Rates Enabled", Confirmed;
    /// How fast glucose must rise for an alert, in a minute.
    RISING: F64, "carelink.history.sensor_alerts.rising", "Rising Limit", Confirmed;
    /// How fast glucose must fall for an alert, in a minute.
    FALLING: F64, "carelink.history.sensor_alerts.falling", "Falling Limit", Confirmed;
}

/// The most entries of a pattern.
pub const MOST_ENTRIES: usize = 8;

/// What a pattern says of a part of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// When it begins.
    pub start: TimeOfDay,
    /// Glucose above which the pump alerts.
    pub high: Glucose,
    /// Glucose below which the pump alerts; 0 if it does not.
    pub low: Glucose,
}

/// How long ahead the pump alerts in a part of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// When it begins.
    pub start: TimeOfDay,
    /// Before the high limit.
    pub high: Minutes,
    /// Before the low limit.
    pub low: Minutes,
}

/// What holds in the parts of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern<T> {
    /// Whether it is on; `None` if that is not known.
    pub enabled: Option<bool>,
    /// Its entries.
    pub entries: ArrayVec<T, MOST_ENTRIES>,
}

/// What was, and what is from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<T> {
    /// Before.
    pub old: T,
    /// After.
    pub new: T,
}

/// The limits of glucose changed.
pub type GlucoseLimits = Change<Pattern<Limits>>;
/// The predictive alerts changed.
pub type PredictiveAlerts = Change<Pattern<Ahead>>;
/// The alerts of rates of change changed.
pub type RateAlerts = Change<RateAlert>;

/// A change of glucose in a minute: tenths of mg/dL, or thousandths of mmol/L.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlucoseRate {
    /// The count.
    pub count: u16,
    /// What glucose is counted in.
    pub unit: GlucoseUnit,
}

impl GlucoseRate {
    /// In the unit that it is counted in, a minute.
    fn value(self) -> f64 {
        let step = if self.unit == GlucoseUnit::MmolL { 1000.0 } else { 10.0 };
        f64::from(self.count) / step
    }

    /// In mg/dL a minute, as the vendor converts it: to thousandths. `None` if the unit is not known.
    #[must_use]
    pub fn exported(self) -> Option<f64> {
        let count = f64::from(self.count);
        match self.unit {
            GlucoseUnit::MgDl => Some(count / 10.0),
            GlucoseUnit::MmolL => Some((count * Glucose::MG_DL_PER_MMOL_L).round() / 1000.0),
            GlucoseUnit::Unset | GlucoseUnit::Unknown(_) => None,
        }
    }
}

impl Show for GlucoseRate {
    fn show(&self) -> Value<'_> {
        Value::Float(self.value())
    }
}

impl fmt::Display for GlucoseRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit {
            GlucoseUnit::MmolL => write!(f, "{} mmol/L/min", self.value()),
            GlucoseUnit::MgDl => write!(f, "{} mg/dL/min", self.value()),
            _ => write!(f, "{} (unit not known)", self.count),
        }
    }
}

/// The rates that alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateAlert {
    /// Whether the pump alerts when glucose rises.
    pub rising_enabled: bool,
    /// How fast it must rise; `None` if bits are set whose meaning is not known.
    pub rising: Option<GlucoseRate>,
    /// Whether the pump alerts when glucose falls.
    pub falling_enabled: bool,
    /// How fast it must fall; `None` if bits are set whose meaning is not known.
    pub falling: Option<GlucoseRate>,
}

/// What a pair of bits says of two patterns if it is the same of both; which bit is whose is not known.
const fn both(bits: u8) -> Option<bool> {
    match bits & 3 {
        0 => Some(false),
        3 => Some(true),
        _ => None,
    }
}

fn patterns<T>(
    enabled: Option<bool>,
    old: ArrayVec<T, MOST_ENTRIES>,
    new: ArrayVec<T, MOST_ENTRIES>,
) -> Change<Pattern<T>> {
    Change { old: Pattern { enabled, entries: old }, new: Pattern { enabled, entries: new } }
}

/// Where flags and count lie in the record.
const LIMIT_FLAGS: usize = 62;

pub(super) fn limits<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<GlucoseLimits, Stop> {
    let flags = r.byte(LIMIT_FLAGS);
    let units = [GlucoseUnit::from(flags >> 6), GlucoseUnit::from(r.spare(2).hour)];
    let counts = [r.byte(LIMIT_FLAGS + 1), flags >> 2 & 0xF];
    let mut top = [c.read(TOP_BITS, u8)?, 0, 0, 0];
    r.stamp(c)?;
    for bits in &mut top[1..] {
        *bits = c.read(TOP_BITS, u8)?;
    }
    let old = c.group(OLD, |c| limit_entries(c, top, units[0], counts[0]))?;
    let mut top = [0; 4];
    let new = c.group(NEW, |c| {
        for bits in &mut top {
            *bits = c.read(TOP_BITS, u8)?;
        }
        limit_entries(c, top, units[1], counts[1])
    })?;
    c.read(FLAGS, u8)?;
    c.read(COUNT, u8)?;
    Ok(patterns(both(flags), old, new))
}

fn limit_entries<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    top: [u8; 4],
    unit: GlucoseUnit,
    count: u8,
) -> Result<ArrayVec<Limits, MOST_ENTRIES>, Stop> {
    let mut entries = ArrayVec::new();
    let [a, b, d, e] = top;
    let pairs = [u16::from_le_bytes([a, b]), u16::from_le_bytes([d, e])];
    for index in 0..MOST_ENTRIES {
        if index >= usize::from(count) {
            c.read(UNUSED, take(3usize))?;
            continue;
        }
        // Which pair is the high limit's is not known. It is the greater one, as the high limit is above the low one.
        let bits = pairs.map(|pair| pair >> (2 * index) & 3);
        let (high_top, low_top) = (bits[0].max(bits[1]), bits[0].min(bits[1]));
        let of = |top: u16, low: u8| Glucose { count: top << 8 | u16::from(low), unit };
        let entry = c.group(ENTRY, |c| {
            Ok(Limits {
                start: c.read_shown(START, u8.map(TimeOfDay::half_hours))?,
                high: c.read_shown(HIGH, u8.map(|low| of(high_top, low)))?,
                low: c.read_shown(LOW, u8.map(|low| of(low_top, low)))?,
            })
        })?;
        entries.push(entry);
    }
    Ok(entries)
}

pub(super) fn predictive<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    r: &mut Reading<'_>,
) -> Result<PredictiveAlerts, Stop> {
    c.read(VALUE, u8)?;
    let enabled = both(r.stamp(c)?.hour >> 1);
    let size = c.remaining() / 2;
    let old = c.group(OLD, |c| ahead_entries(c, size))?;
    let new = c.group(NEW, |c| ahead_entries(c, size))?;
    Ok(patterns(enabled, old, new))
}

fn ahead_entries<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    size: usize,
) -> Result<ArrayVec<Ahead, MOST_ENTRIES>, Stop> {
    const NONE: &[u8] = &[0xFF, 0xFF];
    let mut entries = ArrayVec::new();
    for _ in 0..size / 3 {
        if entries.is_full() || c.rest().get(1..3) == Some(NONE) {
            c.read(UNUSED, take(3usize))?;
            continue;
        }
        let minutes = || u8.map(|count| Minutes(count.into()));
        let entry = c.group(ENTRY, |c| {
            Ok(Ahead {
                start: c.read_shown(START, u8.map(TimeOfDay::half_hours))?,
                high: c.read(HIGH_AHEAD, minutes())?,
                low: c.read(LOW_AHEAD, minutes())?,
            })
        })?;
        entries.push(entry);
    }
    Ok(entries)
}

pub(super) fn rates<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<RateAlerts, Stop> {
    // The units lie above the hour: a bit for each, set for mmol/L.
    let units = r.spare(2).hour;
    let unit = |bit: u8| if units & bit == 0 { GlucoseUnit::MgDl } else { GlucoseUnit::MmolL };
    let flags = rate_flags(c)?;
    r.stamp(c)?;
    let new = c.group(NEW, |c| rate_limits(c, flags, unit(2)))?;
    let old = c.group(OLD, |c| {
        let flags = rate_flags(c)?;
        rate_limits(c, flags, unit(1))
    })?;
    Ok(RateAlerts { old, new })
}

const RISING_ON: u8 = 1;
const FALLING_ON: u8 = 2;
const RISING_TOP: u8 = 4;

/// True if all bits that are set have a meaning that is known.
const fn understood(flags: u8) -> bool {
    flags & !(RISING_ON | FALLING_ON | RISING_TOP) == 0
}

fn rate_flags<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<u8, Stop> {
    let flags = c.read(RATE_FLAGS, u8)?;
    if !understood(flags) {
        c.expert(UNKNOWN_VALUE, format_args!("bits whose meaning is not known: the limits are not read"));
    }
    Ok(flags)
}

fn rate_limits<S: Sink>(c: &mut Cursor<'_, '_, S>, flags: u8, unit: GlucoseUnit) -> Result<RateAlert, Stop> {
    let top = u16::from(flags & RISING_TOP != 0) << 8;
    let rising = c.read_shown(RISING, u8.map(|low| GlucoseRate { count: top | u16::from(low), unit }))?;
    let falling = c.read_shown(FALLING, u8.map(|low| GlucoseRate { count: low.into(), unit }))?;
    Ok(RateAlert {
        rising_enabled: flags & RISING_ON != 0,
        rising: understood(flags).then_some(rising),
        falling_enabled: flags & FALLING_ON != 0,
        falling: understood(flags).then_some(falling),
    })
}

impl<T> fmt::Display for Change<Pattern<T>> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", Count(self.old.entries.len(), "entry", "entries"), self.new.entries.len())
    }
}

impl fmt::Display for RateAlerts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.new.rising, self.new.falling) {
            (Some(rising), Some(falling)) => write!(f, "rising {rising}, falling {falling}"),
            _ => f.write_str("limits not known"),
        }
    }
}
