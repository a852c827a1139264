// SPDX-License-Identifier: GPL-2.0-or-later
//! In: transfers, and what the tracker has kept of them. Out: what a user sees of each.

pub mod dissect;
pub mod options;
pub mod page;
pub mod reply;
pub mod report;
pub mod session;
pub mod summary;

crate::tables! { dissect, summary }
