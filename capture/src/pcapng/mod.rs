// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a pcap or pcapng file. Out: its blocks, which can be changed and written again; what is not touched stays as it is.
//!
//! [`Reader`] hands over one [`Block`] at a time, [`Writer`] takes them, and [`rewrite`] does both with a closure between.
//! A block keeps the bytes it was read with, so blocks that nobody knows, odd padding and either byte order come through.
//! A pcap file is read as the pcapng file that says the same.
//!
//! ```
//! use carelink_capture::pcapng::{Block, Fate, Options, Order, rewrite};
//! use std::io::Cursor;
//!
//! let mut file = Vec::new();
//! file.extend_from_slice(Block::section(Order::Little, &Options::default()).bytes());
//! file.extend_from_slice(Block::interface(Order::Little, 220, 0, &Options::default()).bytes());
//! file.extend_from_slice(Block::packet(Order::Little, 0, 1_000_000, b"abc", 3, &Options::default()).bytes());
//!
//! let mut commented = Cursor::new(Vec::new());
//! rewrite(file.as_slice(), &mut commented, |block| {
//!     if block.frame() == Some(1) {
//!         block.add_comment("three letters")?;
//!     }
//!     Ok(Fate::Keep)
//! })?;
//!
//! let mut again = Cursor::new(Vec::new());
//! rewrite(commented.get_ref().as_slice(), &mut again, |block| {
//!     block.retain_comments(|comment| comment != "three letters");
//!     Ok(Fate::Keep)
//! })?;
//! assert_eq!(again.get_ref(), &file, "as if nothing had happened");
//! # Ok::<(), anyhow::Error>(())
//! ```

mod block;
mod interface;
mod legacy;
mod options;
mod order;
mod reader;
mod writer;

pub use block::{Block, Kind};
pub use options::{COMMENT, Choice, Options};
pub use order::Order;
pub use reader::Reader;
pub use writer::{Fate, Writer, rewrite};
