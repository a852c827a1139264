//! In: counts in the pump's own steps. Out: typed quantities that show in the unit that a person thinks in.

use crate::sink::{Show, Value};
use std::fmt;

macro_rules! quantity {
    ($($(#[doc = $doc:literal])+ $type:ident($int:ty): |$n:ident| $value:expr, $unit:literal;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(pub $int);

        impl $type {
            /// The quantity in the unit that it is shown in.
            #[must_use]
            pub fn value(self) -> f64 {
                let $n = f64::from(self.0);
                $value
            }
        }
        impl Show for $type {
            fn show(&self) -> Value<'_> { Value::Float(self.value()) }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{}", $unit), self.value())
            }
        }
    )+};
}

quantity! {
    /// Insulin, in thousandths of a unit: exact for pumps that count tenths and for those that count fortieths.
    Insulin(i32): |n| n / 1000.0, " U";
    /// Insulin per hour, in thousandths of a unit per hour.
    Rate(i32): |n| n / 1000.0, " U/h";
    /// Voltage, in hundredths of a volt.
    Centivolts(u16): |n| n / 100.0, " V";
}

impl Insulin {
    /// From a count of tenths of a unit: pumps up to the 522 and 722.
    #[must_use]
    pub fn tenths(count: impl Into<i32>) -> Self {
        Self(count.into() * 100)
    }

    /// From a count of fortieths of a unit: the 523, the 723 and later.
    #[must_use]
    pub fn fortieths(count: impl Into<i32>) -> Self {
        Self(count.into().saturating_mul(25))
    }
}

impl Rate {
    /// From a count of fortieths of a unit per hour.
    #[must_use]
    pub fn fortieths(count: impl Into<i32>) -> Self {
        Self(count.into().saturating_mul(25))
    }
}

/// A time of day, in minutes since midnight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(pub u16);

impl TimeOfDay {
    /// From a count of half hours since midnight, as schedules have it.
    #[must_use]
    pub const fn half_hours(count: u8) -> Self {
        Self(count as u16 * 30)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// Shown in minutes since midnight.
impl Show for TimeOfDay {
    fn show(&self) -> Value<'_> {
        Value::Unsigned(self.0.into())
    }
}

/// A span of time, in minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minutes(pub u32);

impl fmt::Display for Minutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} min", self.0)
    }
}

impl Show for Minutes {
    fn show(&self) -> Value<'_> {
        Value::Unsigned(self.0.into())
    }
}
