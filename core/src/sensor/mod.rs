// SPDX-License-Identifier: GPL-2.0-or-later
//! In: pages of the glucose sensor: glucose, ISIG and VCNTR. Out: their records, shown to the last byte, and typed.
//!
//! A glucose page is read backwards: the last byte of a record tells its kind, and its arguments lie before it. Records
//! are oldest first, then come zeros, and a CRC-16 in the last two bytes. Most records have no time: they lie five
//! minutes apart, and the next newer time stamp, which may be on the next page, has the time of the newest one before
//! it. An ISIG page has one word for each byte of the glucose page with the same number, a VCNTR page one byte.

pub mod beside;
pub mod events;
pub mod isig;
pub mod page;
pub mod pages;
pub mod record;
pub mod vcntr;

crate::tables! { record, isig }

pub use beside::Beside;
pub use page::{Page, page};
pub use pages::{Pages, read, read_by_page};
pub use record::{Body, Record, RecordType, When};
