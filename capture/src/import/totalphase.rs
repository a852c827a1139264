// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a table of Total Phase's Data Center as CSV. Out: the transactions of its devices, control transfers joined.
//!
//! Whether an endpoint is polled once a millisecond or as often as the bus allows tells interrupt from bulk.

use super::Format;
use super::sheet::{Sheet, Transfer};
use super::text::{bytes, date, duration, fields, leading, lines};
use super::urb::Kind;
use carelink_core::transfer::Direction;

pub(super) const FORMAT: Format = Format {
    name: "a table of Total Phase's Data Center",
    recognises: |text| {
        text.lines().take(50).any(|line| line.trim_start_matches(['#', ' ']).starts_with(HEADER))
    },
    read,
};

const HEADER: &str = "Level,Sp,Index";
const MILLISECOND: u64 = 1_000_000;

/// A control transfer whose parts are being read.
struct Control {
    transfer: Transfer,
    more: bool,
}

fn read(text: &str, sheet: &mut Sheet) {
    let kind = if interrupts(text) { Kind::Interrupt } else { Kind::Bulk };
    let name = if kind == Kind::Interrupt { "interrupt" } else { "bulk" };
    sheet.note(&format!(
        "That its endpoints are of the kind {name} is concluded from how often they are polled."
    ));
    let mut columns: Vec<&str> = Vec::new();
    let mut start = None;
    let mut control: Option<Control> = None;
    for (number, line) in lines(text) {
        let line = line.trim_start_matches(['#', ' ']);
        let row = fields(line);
        if line.starts_with(HEADER) {
            columns = row;
            continue;
        }
        let column = |name: &str| {
            let at = columns.iter().position(|&column| column == name)?;
            row.get(at).copied().filter(|field| !field.is_empty())
        };
        let Some(record) = column("Record") else { continue };
        if record.starts_with("Capture started") {
            start = column("Summary").and_then(|summary| date(summary.trim_matches(['[', ']'])));
            continue;
        }
        let way = match record.split_once(" txn").map(|(name, _)| name) {
            Some("IN") => Direction::FromStick,
            Some("OUT" | "SETUP") => Direction::ToStick,
            _ => continue,
        };
        let numbers = (
            column("Dev").and_then(|device| device.parse::<u8>().ok()),
            column("Ep").and_then(|endpoint| endpoint.parse::<u8>().ok()),
            column("m:s.ms.us").and_then(time),
            bytes(column("Data").unwrap_or_default()),
        );
        let (Some(device), Some(endpoint), Some(began), Some(data)) = numbers else {
            sheet.unread("line", number, "device, endpoint, time or bytes cannot be read");
            continue;
        };
        let began = start.unwrap_or(0).saturating_add(began);
        let ended = column("Dur").and_then(duration).map_or(began, |long| began.saturating_add(long));
        let len = column("Len").and_then(leading).unwrap_or(data.len()).max(data.len());
        if len > data.len() {
            sheet.unread("line", number, "shows fewer bytes than there were");
        }
        let mut transfer = Transfer::new(way, data);
        transfer.len = len;
        (transfer.submitted, transfer.completed) = (Some(began), Some(ended));
        (transfer.address, transfer.endpoint, transfer.kind) = (Some((1, device)), Some(endpoint), kind);
        if record.starts_with("SETUP") {
            finish(control.take(), sheet);
            transfer.kind = Kind::Control;
            transfer.setup = transfer.bytes.first_chunk().copied();
            let inward = transfer.setup.is_some_and(|setup| setup[0] & 0x80 != 0);
            transfer.way = if inward { Direction::FromStick } else { Direction::ToStick };
            (transfer.bytes, transfer.len) = (Vec::new(), 0);
            control = Some(Control { transfer, more: true });
        } else if endpoint == 0 {
            if let Some(Control { transfer: whole, more }) = &mut control {
                // The other way, a control transfer is acknowledged.
                *more &= whole.way == way;
                if *more {
                    whole.bytes.extend(transfer.bytes);
                    whole.len += len;
                }
                whole.completed = Some(ended);
            }
        } else {
            finish(control.take(), sheet);
            sheet.transfer(transfer);
        }
    }
    finish(control, sheet);
    match start {
        Some(_) => sheet.note("Its clock does not tell the time zone: it is taken for UTC."),
        None => sheet.note("It does not tell when it began: 1 January 1970 stands for it."),
    }
    sheet.note("Bus 1 is invented.");
}

fn finish(control: Option<Control>, sheet: &mut Sheet) {
    if let Some(Control { transfer, .. }) = control {
        sheet.transfer(transfer);
    }
}

/// True if no endpoint is polled more than once a millisecond, and some are polled.
fn interrupts(text: &str) -> bool {
    let polls = text.lines().filter_map(|line| {
        let (_, rest) = line.split_once("IN txn")?;
        let count = leading(rest.trim_start().strip_prefix('[')?)? as u64;
        let long =
            fields(line).into_iter().find_map(|field| field.contains(' ').then(|| duration(field))?)?;
        Some(count > 2 && count <= long / MILLISECOND + 2)
    });
    let polls: Vec<_> = polls.collect();
    polls.iter().filter(|&&slow| slow).count() * 2 > polls.len()
}

/// Nanoseconds of `0:08.403.011`, minutes before the colon.
fn time(text: &str) -> Option<u64> {
    let (minutes, seconds) = text.split_once(':')?;
    minutes.parse::<u64>().ok()?.checked_mul(60_000_000_000)?.checked_add(duration(seconds)?)
}
