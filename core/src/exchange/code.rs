// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: a number that has a meaning for the device between host and pump only.

use crate::tree::names::entry;
use std::fmt;

/// What kind of device is between host and pump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// The CareLink USB stick.
    Stick,
    /// A blood glucose meter with a link to pumps.
    Meter,
}

/// `stick`
impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stick => "stick",
            Self::Meter => "meter",
        })
    }
}

/// A command of the device's own, or why it refused one: its number, and what the device's room calls it.
///
/// A transaction keeps two of them, so nothing lies idle between its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(Rust, packed(2))]
pub struct DeviceCode {
    /// Whose it is.
    pub device: Device,
    /// As it is sent.
    pub number: u8,
    /// `None` if nobody knows. A thin reference, for it is kept.
    pub name: Option<&'static &'static str>,
}

impl DeviceCode {
    /// A number of a device's, which the device's room calls by these names.
    #[must_use]
    pub fn new(device: Device, number: u8, names: &'static [(u32, &'static str)]) -> Self {
        Self { device, number, name: entry(names, number.into()) }
    }
}

/// `Read Status`, or `unknown (0x2f)`.
impl fmt::Display for DeviceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => f.write_str(name),
            None => write!(f, "unknown ({:#04x})", self.number),
        }
    }
}
