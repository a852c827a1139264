// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a log of USBTrace as XML. Out: its bulk and interrupt transfers.
//!
//! A request stands in it when it goes down to the device (`[OUT]`) and when it comes back (`[IN]`), and each driver on the way
//! shows it: the same buffer on its way already is the same request.

use super::Format;
use super::sheet::{Sheet, Transfer};
use super::text::bytes;
use carelink_core::transfer::Direction;
use std::collections::BTreeMap;

pub(super) const FORMAT: Format =
    Format { name: "a USBTrace log", recognises: |text| text.contains("<UTLOG>"), read };

/// The function that carries a stick's bytes.
const TRANSFER: &str = "URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER";

fn read(text: &str, sheet: &mut Sheet) {
    // By endpoint and buffer: what goes to the device.
    let mut open: BTreeMap<(u8, &str), Option<Vec<u8>>> = BTreeMap::new();
    for (count, request) in (1..).zip(text.split("<Request ").skip(1)) {
        let number = attribute(request, "Number").and_then(|number| number.parse().ok()).unwrap_or(count);
        if between(request, "<LogType>", "</LogType>") != Some(TRANSFER) {
            continue;
        }
        let endpoint = parameter(request, "EndpointAddress")
            .and_then(|endpoint| u8::from_str_radix(endpoint.strip_prefix("0x")?, 16).ok());
        let (Some(down), Some(endpoint)) = (attribute(request, "Dir"), endpoint) else {
            sheet.unread("request", number, "no direction or endpoint");
            continue;
        };
        let data = match between(request, "<Data>", "</Data>").map(|data| bytes(data.trim())) {
            Some(None) => {
                sheet.unread("request", number, "bytes are not in hexadecimal");
                continue;
            }
            data => data.flatten(),
        };
        let key = (endpoint, parameter(request, "TransferBuffer").unwrap_or_default());
        let inward = endpoint & 0x80 != 0;
        if down == "[OUT]" {
            // Other bytes in the same buffer are another write: the return of the one before is missing.
            match open.get_mut(&key) {
                Some(earlier) if *earlier != data => lost(key.0, std::mem::replace(earlier, data), sheet),
                Some(_) => {}
                None => drop(open.insert(key, data)),
            }
            continue;
        }
        if parameter(request, "USBD Status").is_some_and(|status| status.contains("PENDING")) {
            continue;
        }
        let sent = open.remove(&key).flatten();
        let (way, payload) = if inward { (Direction::FromStick, data) } else { (Direction::ToStick, sent) };
        // The return of a write that another driver has shown already.
        if payload.is_none() && !inward {
            continue;
        }
        let mut transfer = Transfer::new(way, payload.unwrap_or_default());
        transfer.endpoint = Some(endpoint & 0x7f);
        sheet.transfer(transfer);
    }
    for ((endpoint, _), data) in open {
        lost(endpoint, data, sheet);
    }
}

/// Keeps a write whose return is missing.
fn lost(endpoint: u8, data: Option<Vec<u8>>, sheet: &mut Sheet) {
    if let Some(data) = data {
        sheet.note(super::sheet::LOST);
        let mut transfer = Transfer::new(Direction::ToStick, data);
        transfer.endpoint = Some(endpoint & 0x7f);
        sheet.transfer(transfer);
    }
}

/// What stands between two marks.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(begin)?;
    Some(rest.split_once(end)?.0)
}

/// The value of an attribute, as `Number = "1"`.
fn attribute<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let (head, _) = request.split_once('>')?;
    let (_, rest) = head.split_once(name)?;
    between(rest, "\"", "\"")
}

fn parameter<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = request.split_once(&format!("<Name>{name}</Name>"))?;
    between(rest, "<Value>", "</Value>").map(str::trim)
}
