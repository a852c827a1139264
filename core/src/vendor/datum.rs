// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a typed value of a record or a reply. Out: the same as the vendor counts it.

use crate::units::clock::seconds;
use crate::units::quantities::{CarbUnit, Glucose, GlucoseUnit, Minutes, TimeOfDay};
use jiff::civil::DateTime;
use std::borrow::Cow;
use std::fmt;

/// A value of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// The vendor has the key, and the pump has no value for it.
    Null,
    /// True or false.
    Flag(bool),
    /// A number, in the vendor's unit: U, mg/dL, ms...
    Number(f64),
    /// One of two numbers: what tells which is not at hand.
    Either([f64; 2]),
    /// A name or an identity.
    Text(Cow<'static, str>),
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Either([one, other]) => write!(f, "{one} or {other}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Datum {
    /// True if both say the same: numbers to a ten thousandth, names whatever their case.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => (one - other).abs() < 0.000_05,
            (Self::Text(one), Self::Text(other)) => one.trim().to_lowercase() == other.trim().to_lowercase(),
            _ => self == other,
        }
    }
}

impl Datum {
    /// True if this does not say what `other` says, and does not contradict it.
    #[must_use]
    pub fn leaves_open(&self, other: &Self) -> bool {
        match self {
            Self::Either(numbers) => numbers.iter().any(|number| Self::Number(*number).agrees(other)),
            Self::Null => true,
            _ => false,
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

/// A count.
impl From<usize> for Datum {
    fn from(count: usize) -> Self {
        u32::try_from(count).unwrap_or(u32::MAX).into()
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
