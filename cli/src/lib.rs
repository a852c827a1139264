// SPDX-License-Identifier: GPL-2.0-or-later
//! In: captures. Out: the conversations of CareLink sticks, through the core and without Wireshark.

pub mod audit;
pub mod conversation;
pub mod coverage;
pub mod doctor;
pub mod events;
pub mod import;
pub mod list;
pub mod live;
pub mod output;
pub mod page;
pub mod pages;
#[cfg(feature = "plot")]
pub mod plot;
#[cfg(feature = "plot")]
pub mod report;
pub mod show;
pub mod tally;
pub mod target;
pub mod tree;
pub mod vendor;
