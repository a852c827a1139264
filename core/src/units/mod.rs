// SPDX-License-Identifier: GPL-2.0-or-later
//! In: numbers as the devices send them. Out: the quantities and times that they stand for.

pub mod clock;
pub mod count;
pub mod quantities;
