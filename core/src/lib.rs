// SPDX-License-Identifier: GPL-2.0-or-later
//! What a Medtronic CareLink USB stick and a MiniMed pump say to each other, as typed values.
//!
//! The bytes of a capture flow through these rooms:
//!
//! 1. A [`session::Session`] is handed every USB transfer in capture order, and the [tracker](carrier::tracker) of the
//!    sticks follows what they say: it finds the [frames](stick::framing), pairs replies with commands, and tells
//!    [`exchange`] what it finds of commands to pumps and of answers to them, which gathers that into
//!    [transactions](exchange::Transactions). What the tracker learns of a transfer is a handful of
//!    [facts](carrier::ledger) that never change again.
//! 2. [`stick::show`] shows a transfer by those facts, in any order and as often as asked: [`stick`] reads what crosses
//!    USB and the packets to and from the pump, [`view`] a reply that is put together from its parts, [`pump`]
//!    parameters and replies, [`history`] and [`sensor`] pages.
//! 3. The parsers are nom to the reader and report each value through a [`tree::cursor::Cursor`] to a
//!    [`tree::sink::Sink`]: nothing (`()`), the line for the packet list, or an [outline](tree::outline::Outline) from which any tree can be built.
//!
//! A [field](tree::field::FieldDef) is declared once, beside the parser that reads it;
//! the [`registry`] lists them all. Oddities are [notes](tree::expert), not failures: only lack of bytes stops a parser.
//!
//! ```
//! use carelink_core::transfer::{Carrier, Claim, Direction, Stream, Transfer, Verdict};
//! use carelink_core::session::Session;
//! use carelink_core::tree::sink::InfoLine;
//!
//! let read_status = Transfer {
//!     bytes: &[0x03, 0x00, 0x00],
//!     reported: 3,
//!     stream: Stream::Usb { interface: 0, bus: 1, device: 4 },
//!     time: 0,
//!     frame: 1,
//!     layer: 0,
//!     direction: Some(Direction::ToStick),
//!     endpoint: Some(1),
//!     carrier: Carrier::Transfers,
//!     claim: Claim::Certain,
//!     left_out: false,
//! };
//! let mut session = Session::default();
//! assert_eq!(session.observe(&read_status), Verdict::Ours);
//!
//! let mut line = InfoLine::default();
//! session.dissect(&read_status, &mut line);
//! assert_eq!(line.0, "Read Status");
//! ```
#![cfg_attr(not(feature = "capi"), forbid(unsafe_code))]

pub mod carrier;
pub mod exchange;
#[cfg(feature = "capi")]
pub mod ffi;
pub mod history;
pub mod nextlink;
pub mod pages;
pub mod pump;
pub mod registry;
pub mod sensor;
pub mod session;
pub mod stick;
pub mod transfer;
pub mod tree;
pub mod units;
pub mod vendor;
pub mod view;
