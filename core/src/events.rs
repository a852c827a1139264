// SPDX-License-Identifier: GPL-2.0-or-later
//! In: typed records of history and sensor pages. Out: events by the vendor's names, as its exports list them.

use crate::units::clock::seconds;
use crate::units::quantities::{CarbUnit, Glucose, GlucoseUnit, Minutes, TimeOfDay};
use jiff::civil::DateTime;
use std::borrow::Cow;
use std::fmt;

/// An event, as the vendor's exports list it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When it happened, by the pump's clock.
    pub time: DateTime,
    /// The vendor's name of it.
    pub kind: &'static str,
    /// The vendor's keys and their values, in the vendor's order. Database ids of an export are left out.
    pub values: Vec<(&'static str, Datum)>,
}

/// A value of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// The vendor has the key, and the pump has no value for it.
    Null,
    /// True or false.
    Flag(bool),
    /// A number, in the vendor's unit: U, mg/dL, ms...
    Number(f64),
    /// A name or an identity.
    Text(Cow<'static, str>),
}

impl Event {
    /// An event without values.
    #[must_use]
    pub fn new(time: DateTime, kind: &'static str) -> Self {
        Self { time, kind, values: Vec::new() }
    }

    /// The event with one more value.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Datum>) -> Self {
        self.values.push((key, value.into()));
        self
    }

    /// Its value for a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Datum> {
        self.values.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }
}

/// `KEY=VALUE, KEY=VALUE`, as the vendor's exports have it.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (key, value)) in self.values.iter().enumerate() {
            write!(f, "{}{key}={value}", if at > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<bool> for Datum {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<f64> for Datum {
    fn from(number: f64) -> Self {
        // Negative zero would show its sign.
        Self::Number(number + 0.0)
    }
}

impl From<u8> for Datum {
    fn from(number: u8) -> Self {
        Self::Number(number.into())
    }
}

impl From<u16> for Datum {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<u32> for Datum {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<&'static str> for Datum {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Datum {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl<T: Into<Self>> From<Option<T>> for Datum {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Milliseconds, as the vendor counts time.
impl From<Minutes> for Datum {
    fn from(time: Minutes) -> Self {
        Self::Number(f64::from(time.0) * 60_000.0)
    }
}

/// Milliseconds since midnight.
impl From<TimeOfDay> for Datum {
    fn from(time: TimeOfDay) -> Self {
        Self::Number(f64::from(time.0) * 60_000.0)
    }
}

/// Milliseconds since 1970, of a clock that is taken for UTC.
impl From<DateTime> for Datum {
    fn from(time: DateTime) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "a pump's years end with 2127")]
        let seconds = seconds(time) as f64;
        Self::Number(seconds * 1000.0)
    }
}

impl From<GlucoseUnit> for Datum {
    fn from(unit: GlucoseUnit) -> Self {
        unit.exported().into()
    }
}

impl From<Glucose> for Datum {
    fn from(glucose: Glucose) -> Self {
        match glucose.unit {
            GlucoseUnit::Unknown(_) => Self::Null,
            _ => glucose.exported().into(),
        }
    }
}

impl From<CarbUnit> for Datum {
    fn from(unit: CarbUnit) -> Self {
        unit.exported().into()
    }
}
