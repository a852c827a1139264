// SPDX-License-Identifier: GPL-2.0-or-later
//! In: transfers. Out: their data alone, as serial lines and converted logs carry them, one packet each.

use std::io::Write;

use anyhow::Result;

use super::{About, Capture};
use crate::session::{Direction, START, Session, Transfer};

/// Appends what stands before the data, and gives the packet's flags if the link uses them.
pub(super) type Frame = fn(&Transfer, &mut Vec<u8>) -> Option<u32>;

pub(super) fn write<W: Write>(session: &Session, frame: Frame, capture: &mut Capture<W>) -> Result<()> {
    let mut head = Vec::new();
    // A log of data has no place for descriptors or empty transfers.
    for transfer in session.data().filter(|transfer| !transfer.bytes.is_empty()) {
        head.clear();
        let flags = frame(transfer, &mut head);
        let about = About { flags, ..About::of(transfer) };
        capture.packet(transfer.time_ns, &head, &transfer.bytes, &about)?;
    }
    Ok(())
}

/// Nothing: the flags say inbound (1) or outbound (2).
pub(super) fn bare(transfer: &Transfer, _: &mut Vec<u8>) -> Option<u32> {
    Some(match transfer.direction() {
        Direction::In => 1,
        Direction::Out => 2,
    })
}

/// Tags: the dissector's name (12), the direction (35; 0 sent, 1 received), the end (0).
pub(super) fn exported_pdu(transfer: &Transfer, out: &mut Vec<u8>) -> Option<u32> {
    let received = u8::from(transfer.direction() == Direction::In);
    out.extend([0, 12, 0, 8]);
    out.extend(b"carelink");
    out.extend([0, 35, 0, 4, 0, 0, 0, received]);
    out.extend([0; 4]);
    None
}

/// Seconds and microseconds since the start, the kind of event, control lines, two unused bytes.
pub(super) fn rtac(transfer: &Transfer, out: &mut Vec<u8>) -> Option<u32> {
    let microseconds = (transfer.time_ns - START) / 1_000;
    out.extend(&(microseconds / 1_000_000).to_be_bytes()[4..]);
    out.extend(&(microseconds % 1_000_000).to_be_bytes()[4..]);
    let event = match transfer.direction() {
        Direction::Out => 1,
        Direction::In => 2,
    };
    out.extend([event, 0, 0, 0]);
    None
}
