// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what a device between host and pump sends. Out: what the rooms of all such devices keep of it, and show of it, alike.
//!
//! Each device has a room of its own beside this one, with its frames and its commands; the tracker here follows them all.

pub mod book;
pub mod context;
pub mod ids;
pub mod ledger;
pub(crate) mod order;
pub(crate) mod pace;
pub mod packet;
pub mod piece;
pub mod report;
pub mod show;
pub mod tracker;

crate::tables! { show, packet }
