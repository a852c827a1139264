// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a debug log of decocare or openaps, alone, in a Markdown page or in a system's log. Out: its writes and reads.
//!
//! The log tells how many bytes were written (`usb.write.len: 3`) or read (`usb.read.len: 64`), and then shows them, eight a line:
//! where a line begins, the bytes as `0x04`, and the same as text.

use super::Format;
use super::sheet::{Sheet, Transfer};
use super::text::{lines, stamp};
use carelink_core::transfer::Direction;

pub(super) const FORMAT: Format = Format {
    name: "a debug log of decocare",
    recognises: |text| MARKS.iter().any(|(mark, _)| text.contains(mark)),
    read,
};

const MARKS: [(&str, Direction); 2] =
    [("usb.write.len:", Direction::ToStick), ("usb.read.len:", Direction::FromStick)];
/// Comes between the length of a read and its bytes.
const RAW: &str = "usb.read.raw";
/// How many bytes the stick sends at a time.
const MOST: usize = 64;

/// A write or read whose bytes are being read.
struct Open {
    line: usize,
    way: Direction,
    len: usize,
    bytes: Vec<u8>,
    time: Option<u64>,
}

fn read(text: &str, sheet: &mut Sheet) {
    let mut open: Option<Open> = None;
    for (number, line) in lines(text) {
        if let Some((way, rest)) = MARKS.iter().find_map(|(mark, way)| Some((way, line.split_once(mark)?.1)))
        {
            close(open.take(), sheet);
            match rest.split_whitespace().next().and_then(|len| len.parse().ok()) {
                Some(len) => {
                    let time = stamp(line);
                    if time.is_some_and(|(_, year)| !year) {
                        sheet.note("It tells no year: 1970 stands for it.");
                    }
                    let time = time.map(|(time, _)| time);
                    open = Some(Open { line: number, way: *way, len, bytes: Vec::new(), time });
                }
                None => sheet.unread("line", number, "no length"),
            }
        } else if let Some(current) = &mut open {
            match row(line, current.len - current.bytes.len()) {
                Some((at, bytes)) if at == current.bytes.len() => current.bytes.extend(bytes),
                Some(_) => sheet.unread("line", number, "bytes before it are missing"),
                None if line.contains(RAW) || line.trim().is_empty() => {}
                None => close(open.take(), sheet),
            }
            if open.as_ref().is_some_and(|open| open.bytes.len() == open.len) {
                close(open.take(), sheet);
            }
        }
    }
    close(open, sheet);
}

/// A line of at most so many bytes: where they begin, and what they are.
fn row(line: &str, most: usize) -> Option<(usize, Vec<u8>)> {
    let words: Vec<_> = line.split_whitespace().collect();
    let byte = |word: &&str| {
        let digits = word.strip_prefix("0x").filter(|digits| digits.len() == 2)?;
        u8::from_str_radix(digits, 16).ok()
    };
    let start = words.iter().position(|word| byte(word).is_some())?;
    let at = words.get(start.checked_sub(1)?).filter(|at| at.len() >= 4)?;
    let bytes = words[start..].iter().map_while(byte).take(most).collect();
    Some((usize::from_str_radix(at, 16).ok()?, bytes))
}

fn close(open: Option<Open>, sheet: &mut Sheet) {
    let Some(Open { line, way, len, bytes, time }) = open else { return };
    if bytes.len() < len {
        sheet.unread("line", line, "fewer bytes follow than it says");
        if bytes.is_empty() {
            return;
        }
    }
    if way == Direction::FromStick && len > MOST {
        sheet.note("Reads of more than 64 bytes are cut into transfers of 64, as the stick sends them.");
    }
    let most = if way == Direction::FromStick { MOST } else { len.max(1) };
    let whole = bytes.len() == len;
    let mut pieces: Vec<_> = bytes.chunks(most).map(<[u8]>::to_vec).collect();
    if pieces.is_empty() {
        pieces.push(Vec::new());
    }
    let last = pieces.len() - 1;
    for (number, piece) in pieces.into_iter().enumerate() {
        let mut transfer = Transfer::new(way, piece);
        if number == last && !whole {
            transfer.len = (len - number * most).min(most);
        }
        transfer.completed = time;
        sheet.transfer(transfer);
    }
}
