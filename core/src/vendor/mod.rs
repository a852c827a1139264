// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what the pump's history, its sensor and its state say. Out: events by the vendor's names, with typed values.
//!
//! The rows of an export are parsed into the same [`Event`]s, by the table of [`keys`], so that both sides are compared
//! value by value. Source: `docs/protocol/export-names.md`.

pub mod current;
pub mod datum;
pub mod event;
pub mod keys;
pub mod names;

pub use datum::Datum;
pub use event::{Event, Side};
pub use names::Vocabulary;
