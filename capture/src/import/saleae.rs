// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a table of Saleae's USB analyser as CSV, decoded down to packets. Out: the transactions that were acknowledged.
//!
//! Each part of a packet has a row: its identifier (`PID IN`), address and endpoint, a byte, the check value, the end. A token, data
//! and an acknowledgement make a transaction.

use super::Format;
use super::sheet::{Sheet, Transfer};
use super::text::{duration, fields, lines};
use carelink_core::transfer::Direction;

pub(super) const FORMAT: Format = Format {
    name: "a table of Saleae's USB analyser",
    recognises: |text| {
        let head = fields(text.lines().next().unwrap_or_default());
        COLUMNS.iter().all(|column| head.contains(column)) && text.contains("PID ")
    },
    read,
};

const COLUMNS: [&str; 3] = ["start_time", "duration", "value"];

/// What is known of a transaction so far.
#[derive(Default)]
struct Open {
    way: Option<Direction>,
    began: u64,
    address: Option<(u8, u8)>,
    bytes: Vec<u8>,
}

fn read(text: &str, sheet: &mut Sheet) {
    sheet.note("It does not tell when it began: 1 January 1970 stands for it.");
    sheet.note("Bus 1 is invented, and control transfers are left out.");
    let head = fields(text.lines().next().unwrap_or_default());
    let mut open = Open::default();
    for (number, line) in lines(text).skip(1).filter(|(_, line)| !line.trim().is_empty()) {
        let row = fields(line);
        let column = |name: &str| row.get(head.iter().position(|&column| column == name)?).copied();
        let (Some(time), Some(value)) = (column("start_time").and_then(duration), column("value")) else {
            sheet.unread("line", number, "no time or value");
            continue;
        };
        let hex = |name: &str| {
            let (_, rest) = value.split_once(name)?;
            let end = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
            u8::from_str_radix(&rest[..end], 16).ok()
        };
        match value.strip_prefix("PID ") {
            Some("IN") => open = Open { way: Some(Direction::FromStick), began: time, ..Open::default() },
            Some("OUT") => open = Open { way: Some(Direction::ToStick), began: time, ..Open::default() },
            Some("ACK") => {
                let Open { way: Some(way), began, address: Some((device, endpoint)), bytes } =
                    std::mem::take(&mut open)
                else {
                    continue;
                };
                if endpoint == 0 {
                    continue;
                }
                let mut transfer = Transfer::new(way, bytes);
                (transfer.submitted, transfer.completed) = (Some(began), Some(time));
                (transfer.address, transfer.endpoint) = (Some((1, device)), Some(endpoint));
                sheet.transfer(transfer);
            }
            Some(data) if data.contains("DATA") => open.bytes.clear(),
            Some(_) => open = Open::default(),
            None if value.contains("Address=0x") => {
                match hex("Address=0x").zip(hex("Endpoint=0x").filter(|&endpoint| endpoint < 16)) {
                    Some(address) => open.address = Some(address),
                    None => sheet.unread("line", number, "no address and endpoint"),
                }
            }
            None if value.starts_with("Byte") => match hex("Byte 0x") {
                Some(byte) => open.bytes.push(byte),
                None => sheet.unread("line", number, "a byte is not in hexadecimal"),
            },
            None => {}
        }
    }
}
