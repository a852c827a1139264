// SPDX-License-Identifier: GPL-2.0-or-later
//! In: values that parsers read. Out: what a reader sees of them: fields, expert notes, verdicts on check values.
//!
//! Everything that reads bytes stands on this room, and it knows none of them.

pub mod checksum;
pub mod crc;
pub mod cursor;
pub mod expert;
pub mod field;
pub mod names;
pub mod opaque;
pub mod outline;
pub mod seal;
pub mod sink;

crate::tables! { checksum, opaque }
