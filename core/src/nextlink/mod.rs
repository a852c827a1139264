// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the HID reports of a Contour Next Link meter. Out: the messages in them: the meter's own dialogue, and envelopes
//! around what it passes on to a pump and back.
//!
//! [`hid`] reads a report, [`message`] tells where a message ends, [`dialogue`] and [`envelope`] read it, [`payload`] what an
//! envelope holds. [`heuristic`] tells whether the device is such a meter at all.
//! Source: `docs/protocol/nextlink.md`.

mod asking;
mod assembly;
pub mod attempt;
pub mod codes;
mod conversation;
pub mod dialogue;
pub mod envelope;
pub mod heuristic;
pub mod hid;
pub mod message;
pub mod payload;
mod proof;
pub mod record;
pub mod report;
pub mod show;
mod state;
pub mod tracker;

crate::tables! { hid, codes, envelope, payload, dialogue, record, attempt }
