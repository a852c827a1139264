// SPDX-License-Identifier: GPL-2.0-or-later
//! In: counts in the pump's own steps. Out: typed quantities that show in the unit that a person thinks in.

use crate::tree::sink::{Show, Value};
use std::fmt;

/// A count of `per` to the unit, 1, 10, 100 or 1,000: it shows as its `f64` does, but exactly and in less time.
struct Decimal {
    count: i64,
    per: u16,
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, per) = (self.count.unsigned_abs(), u64::from(self.per));
        let (whole, behind) = (count / per, count % per);
        let mut digits = itoa::Buffer::new();
        if self.count < 0 {
            f.write_str("-")?;
        }
        f.write_str(digits.format(whole))?;
        if behind == 0 {
            return Ok(());
        }
        // With `per` in front, the zeros before the first digit show.
        f.write_str(".")?;
        f.write_str(digits.format(per + behind)[1..].trim_end_matches('0'))
    }
}

/// Shows quantities as fractions with their unit: what counts, how many of it are a unit, and the unit's name.
macro_rules! shown {
    ($($type:ident: |$quantity:ident| $count:expr, $per:expr, $unit:expr;)+) => {$(
        impl $type {
            /// The quantity in its unit, as a fraction; the bare count if the unit is not known.
            #[must_use]
            pub fn value(self) -> f64 {
                let $quantity = self;
                f64::from($count) / f64::from($per)
            }
        }
        impl Show for $type {
            fn show(&self) -> Value<'_> { Value::Float(self.value()) }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let $quantity = *self;
                Decimal { count: $count.into(), per: $per }.fmt(f)?;
                f.write_str($unit)
            }
        }
    )+};
}

shown! {
    Insulin: |insulin| insulin.0, 1000_u16, " U";
    Rate: |rate| rate.0, 1000_u16, " U/h";
    Centivolts: |voltage| voltage.0, 100_u16, " V";
    Calibration: |factor| factor.0, 1000_u16, "";
    Glucose: |glucose| glucose.count, if glucose.unit == GlucoseUnit::MmolL { 10 } else { 1_u16 }, match glucose.unit {
        GlucoseUnit::MgDl => " mg/dL",
        GlucoseUnit::MmolL => " mmol/L",
        _ => " (unit not known)",
    };
    Carbs: |carbs| carbs.count, if carbs.unit == CarbUnit::Exchanges { 10 } else { 1_u16 }, match carbs.unit {
        CarbUnit::Grams => " g",
        CarbUnit::Exchanges => " exchanges",
        _ => " (unit not known)",
    };
    CarbRatio: |ratio| ratio.thousandths, 1000_u16, match ratio.unit {
        CarbUnit::Grams => " g/U",
        CarbUnit::Exchanges => " U/exchange",
        _ => " (unit not known)",
    };
}

/// Insulin, in thousandths of a unit: exact for pumps that count tenths and for those that count fortieths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Insulin(pub i32);

/// Insulin per hour, in thousandths of a unit per hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(pub i32);

/// Voltage, in hundredths of a volt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Centivolts(pub u16);

/// Calibration of the glucose sensor: glucose per sensor current, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Calibration(pub u16);

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
    /// From a count of tenths of a unit per hour: the 511.
    #[must_use]
    pub fn tenths(count: impl Into<i32>) -> Self {
        Self(count.into() * 100)
    }

    /// From a count of fortieths of a unit per hour.
    #[must_use]
    pub fn fortieths(count: impl Into<i32>) -> Self {
        Self(count.into().saturating_mul(25))
    }
}

crate::open_enum! {
    /// What a pump counts glucose in.
    pub enum GlucoseUnit: u8 {
        Unset = 0 => "not set",
        MgDl = 1 => "mg/dL",
        MmolL = 2 => "mmol/L",
    }
}

impl GlucoseUnit {
    /// The vendor's name for it in exports.
    #[must_use]
    pub const fn exported(self) -> Option<&'static str> {
        match self {
            Self::Unset => Some("unset"),
            Self::MgDl => Some("mg dl"),
            Self::MmolL => Some("mmol l"),
            Self::Unknown(_) => None,
        }
    }
}

/// A glucose concentration, in the unit that the pump is set to: a number means nothing without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Glucose {
    /// As the pump sends it: mg/dL, or tenths of mmol/L.
    pub count: u16,
    /// The unit that the pump names beside it.
    pub unit: GlucoseUnit,
}

impl Glucose {
    /// The mg/dL in a mmol/L, as the vendor's exports count.
    pub const MG_DL_PER_MMOL_L: f64 = 18.016;

    /// The number that the vendor's export has for it: mg/dL whatever the unit, with
    /// [`Self::MG_DL_PER_MMOL_L`] and three decimals. So exports of pumps that are set to mmol/L have it: 5.5 mmol/L is 99.088 there.
    ///
    /// ```
    /// # use carelink_core::units::quantities::{Glucose, GlucoseUnit};
    /// let glucose = Glucose { count: 55, unit: GlucoseUnit::MmolL };
    /// assert_eq!(glucose.exported(), 99.088);
    /// ```
    #[must_use]
    pub fn exported(self) -> f64 {
        let count = f64::from(self.count);
        if self.unit == GlucoseUnit::MmolL {
            (count * Self::MG_DL_PER_MMOL_L * 100.0).round() / 1000.0
        } else {
            count
        }
    }
}

crate::open_enum! {
    /// What a pump counts carbohydrates in.
    pub enum CarbUnit: u8 {
        Unset = 0 => "not set",
        Grams = 1 => "grams",
        Exchanges = 2 => "exchanges",
    }
}

impl CarbUnit {
    /// The vendor's name for it in exports.
    #[must_use]
    pub const fn exported(self) -> Option<&'static str> {
        match self {
            Self::Unset => Some("unset"),
            Self::Grams => Some("grams"),
            Self::Exchanges => Some("exchanges"),
            Self::Unknown(_) => None,
        }
    }
}

/// Carbohydrates, in the unit that the pump is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Carbs {
    /// As the pump sends it: grams, or tenths of an exchange.
    pub count: u16,
    /// The unit that the pump names beside it.
    pub unit: CarbUnit,
}

/// A carbohydrate ratio: grams that one unit of insulin covers, or units of insulin that one exchange needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CarbRatio {
    /// The ratio in thousandths; the bare count, in thousandths too, if the unit is not known.
    pub thousandths: u32,
    /// Which of the two it is.
    pub unit: CarbUnit,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_show_as_fractions_do() {
        for count in -40_000..40_000 {
            assert_eq!(Insulin(count).to_string(), format!("{} U", f64::from(count) / 1000.0));
        }
        for count in [i32::MIN, i32::MAX] {
            assert_eq!(Rate(count).to_string(), format!("{} U/h", f64::from(count) / 1000.0));
        }
        for count in 0..=u16::MAX {
            assert_eq!(Centivolts(count).to_string(), format!("{} V", f64::from(count) / 100.0));
            let glucose = Glucose { count, unit: GlucoseUnit::MmolL };
            assert_eq!(glucose.to_string(), format!("{} mmol/L", f64::from(count) / 10.0));
        }
    }
}
