// SPDX-License-Identifier: GPL-2.0-or-later
//! In: captures, as files or pipes. Out: the transfers of each USB device and serial line, for the core.
//!
//! [`container`] reads the file, [`usb`], [`mod@line`] and [`tcp`] take the link layer away, and [`read`] decides which stick a
//! transfer is of, which way it went and by which endpoint: Wireshark's side follows the same rules through
//! [`Stream`](carelink_core::transfer::Stream).

pub mod container;
mod front;
pub mod import;
pub mod line;
mod packet;
mod pairs;
pub mod pcapng;
pub mod tcp;
pub mod unpack;
pub mod usb;

pub use front::{Passed, read};
pub use packet::Packet;
pub use pairs::Unpaired;
