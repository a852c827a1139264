// SPDX-License-Identifier: GPL-2.0-or-later
//! In: values of records. Out: the vendor's words for them.

use super::sensor_setup::Scope;
use crate::pump::settings::AlertType;
use crate::units::quantities::Insulin;

impl Scope {
    /// The vendor's word, if it is known.
    pub(super) const fn exported(self) -> Option<&'static str> {
        match self {
            Self::Off => Some("normal"),
            Self::High => Some("high_glucose"),
            Self::Low => Some("low_glucose"),
            Self::HighAndLow => Some("high_and_low_glucose"),
            Self::All => Some("all"),
            Self::Unknown(_) => None,
        }
    }
}

/// The vendor's words for how a pump alerts, and how loudly.
pub(super) const fn alert(alert: AlertType) -> (Option<&'static str>, Option<&'static str>) {
    match alert {
        AlertType::Low => (Some("audio"), Some("low")),
        AlertType::Medium => (Some("audio"), Some("medium")),
        AlertType::High => (Some("audio"), Some("high")),
        AlertType::Vibrate => (Some("vibration"), None),
        AlertType::Unknown(_) => (None, None),
    }
}

/// The vendor's word for a step of the bolus.
pub(super) const fn step(step: Insulin) -> Option<&'static str> {
    match step {
        Insulin(25) => Some("step_0_point_025"),
        Insulin(50) => Some("step_0_point_05"),
        Insulin(100) => Some("step_0_point_1"),
        _ => None,
    }
}
