// SPDX-License-Identifier: GPL-2.0-or-later
//! In: lines as `out,04 00 00` and `in,01 55 00`, with or without a time before. Out: the transfers.
//!
//! A time is a number of seconds, a time of day, or a date and time. Lines that begin with `#` are left out.

use super::Format;
use super::sheet::{Sheet, Transfer};
use super::text::{bytes, duration, lines, stamp, time_of_day};
use carelink_core::transfer::Direction;

pub(super) const FORMAT: Format = Format {
    name: "a list of transfers",
    recognises: |text| {
        let lines = text.lines().filter(|line| !ignored(line)).take(20);
        let good = lines.clone().filter(|line| transfer(line).is_some()).count();
        good > 0 && good * 2 >= lines.count()
    },
    read,
};

const WAYS: [(&str, Direction); 4] = [
    ("out", Direction::ToStick),
    ("in", Direction::FromStick),
    ("OUT", Direction::ToStick),
    ("IN", Direction::FromStick),
];

fn ignored(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with('#')
}

fn read(text: &str, sheet: &mut Sheet) {
    for (number, line) in lines(text).filter(|(_, line)| !ignored(line)) {
        match transfer(line) {
            Some(transfer) => sheet.transfer(transfer),
            None => sheet.unread("line", number, "is not as out,04 00 00"),
        }
    }
    if sheet.events.iter().any(|event| event.time.is_some()) {
        sheet.note("Its times are taken for UTC, and without a date for 1 January 1970.");
    }
}

fn transfer(line: &str) -> Option<Transfer> {
    let mut rest = line.trim();
    let mut before = "";
    let way = loop {
        let end = rest.find([',', ';', ':', '\t', ' ']).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        let behind = behind.get(1..)?;
        if let Some((_, way)) = WAYS.iter().find(|(name, _)| *name == word.trim_matches('"')) {
            rest = behind;
            break *way;
        }
        rest = behind;
        before = &line.trim()[..line.trim().len() - rest.len()];
    };
    let data = bytes(&rest.replace('"', "")).filter(|bytes| !bytes.is_empty())?;
    let mut transfer = Transfer::new(way, data);
    let before = before.trim_matches([',', ';', ':', '\t', ' ', '"']);
    if !before.is_empty() {
        let time = duration(before).or_else(|| time_of_day(before));
        transfer.completed = Some(time.or_else(|| stamp(before).map(|(time, _)| time))?);
    }
    Some(transfer)
}
