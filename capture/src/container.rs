// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a pcap or pcapng file, or a pipe. Out: its packets, in capture order, each with its interface.

use crate::pcapng::Reader;
use anyhow::Result;
use std::io::Read;

/// A packet as the file has it.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its number, from 1.
    pub frame: u32,
    /// Nanoseconds since 1970-01-01 UTC; 0 if the file does not tell.
    pub time: u64,
    /// The interface that captured it, from 0 and on through all sections.
    pub interface: u32,
    /// The link type of the interface.
    pub link: i32,
    /// The captured bytes.
    pub data: &'a [u8],
    /// How many bytes there were.
    pub sent: usize,
    /// The flags that pcapng keeps of it.
    pub flags: Option<u32>,
    /// True if a comment says that packets of its stick were left out before it.
    pub left_out: bool,
}

/// Calls `take` for each packet of a capture.
///
/// # Errors
/// If the source is no capture, is damaged, cannot be read to its end, or `take` fails. What came before was taken by then.
pub fn read(source: impl Read + Send, mut take: impl FnMut(Record<'_>) -> Result<()>) -> Result<()> {
    for block in Reader::new(source)? {
        if let Some(record) = block?.record() {
            take(record)?;
        }
    }
    Ok(())
}
