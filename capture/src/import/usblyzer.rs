// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a report of USBlyzer as CSV. Out: its bulk and interrupt transfers, and the descriptors that it shows.
//!
//! A request has a row when it goes down to the device and one when it comes back (`0004-0003` is the return of 0003). Each
//! driver on the way shows the same request, with the same IRP, again; the outermost counts.

use super::Format;
use super::sheet::{LOST, Sheet, Transfer};
use super::text::{bytes, duration, fields, leading, lines, time_of_day};
use super::urb::Kind;
use carelink_core::transfer::Direction;
use std::collections::{BTreeMap, HashSet};

pub(super) const FORMAT: Format = Format {
    name: "a USBlyzer report",
    recognises: |text| text.lines().take(50).any(|line| line.starts_with(HEADER)),
    read,
};

const HEADER: &str = "Type,Seq,Time,Elapsed";
const URB: &str = "URB";
/// The setup of a request for the device's descriptor, up to its length.
const DESCRIPTOR: [u8; 6] = [0x80, 6, 0, 1, 0, 0];

/// A request on its way.
struct Open {
    endpoint: u8,
    irp: String,
    time: Option<u64>,
    data: Option<Vec<u8>>,
}

fn read(text: &str, sheet: &mut Sheet) {
    let mut columns: Vec<&str> = Vec::new();
    let mut start = None;
    let mut open: BTreeMap<String, Open> = BTreeMap::new();
    let mut inner: HashSet<String> = HashSet::new();
    sheet.note("It tells the time of day, not the date: 1 January 1970 stands for it.");
    for (number, line) in lines(text) {
        let row = fields(line);
        if line.starts_with(HEADER) {
            columns = row;
            continue;
        }
        let column = |name: &str| {
            let at = columns.iter().position(|&column| column == name)?;
            row.get(at).copied().filter(|field| !field.is_empty())
        };
        match column("Type") {
            Some("START") => start = column("Time").and_then(time_of_day),
            Some(URB) => {}
            _ => continue,
        }
        let (Some(sequence), Some(way), Some(endpoint)) = (
            column("Seq"),
            column("I/O").and_then(way),
            column("C:I:E").and_then(|cie| u8::from_str_radix(cie.rsplit(':').next()?, 16).ok()),
        ) else {
            if column("Type") == Some(URB) && column("I/O").is_some() {
                sheet.unread("line", number, "no number, direction or endpoint");
            }
            continue;
        };
        let elapsed = column("Elapsed").and_then(duration);
        let time = match (start, elapsed) {
            (Some(start), Some(elapsed)) => start.checked_add(elapsed),
            _ => column("Time").and_then(time_of_day),
        };
        // All bytes stand behind the last named column; the first few in one of their own.
        let raw =
            row.get(columns.len()).copied().filter(|raw| !raw.is_empty()).or_else(|| column("Raw Data"));
        let (raw, cut) =
            raw.map_or((None, false), |raw| (Some(raw.trim_end_matches('.')), raw.ends_with("...")));
        let data = match raw.map(bytes) {
            Some(None) => {
                sheet.unread("line", number, "bytes are not in hexadecimal");
                continue;
            }
            data => data.flatten(),
        };
        if cut {
            sheet.unread("line", number, "shows only the first bytes");
        }
        let irp = column("IRP").unwrap_or_default();
        let Some((_, asked)) = sequence.split_once('-') else {
            if open.values().any(|outer| !irp.is_empty() && outer.irp == irp && outer.data == data) {
                inner.insert(sequence.to_owned());
            } else {
                open.insert(sequence.to_owned(), Open { endpoint, irp: irp.to_owned(), time, data });
            }
            continue;
        };
        if inner.remove(asked) {
            continue;
        }
        let request = open.remove(asked);
        let submitted = request.as_ref().and_then(|request| request.time);
        let sent = request.and_then(|request| request.data);
        let payload = if way == Direction::ToStick { sent } else { data };
        let told = column("Request Details").and_then(leading);
        let payload = payload.unwrap_or_default();
        let mut transfer = Transfer::new(way, payload);
        transfer.len = match told {
            Some(told) if cut => told.max(transfer.len),
            _ => transfer.len,
        };
        (transfer.submitted, transfer.completed) = (submitted, time);
        transfer.endpoint = Some(endpoint & 0x7f);
        if endpoint & 0x7f == 0 {
            if !matches!(transfer.bytes.as_slice(), [18, 1, ..]) {
                continue;
            }
            let [low, high] = u16::try_from(transfer.len).unwrap_or(u16::MAX).to_le_bytes();
            let mut setup = [0; 8];
            setup[..6].copy_from_slice(&DESCRIPTOR);
            setup[6..].copy_from_slice(&[low, high]);
            (transfer.kind, transfer.setup) = (Kind::Control, Some(setup));
        }
        sheet.transfer(transfer);
    }
    for Open { endpoint, time, data, .. } in open.into_values() {
        if let Some(data) = data {
            sheet.note(LOST);
            let mut transfer = Transfer::new(Direction::ToStick, data);
            (transfer.submitted, transfer.endpoint) = (time, Some(endpoint & 0x7f));
            sheet.transfer(transfer);
        }
    }
}

fn way(text: &str) -> Option<Direction> {
    match text {
        "in" => Some(Direction::FromStick),
        "out" => Some(Direction::ToStick),
        _ => None,
    }
}
