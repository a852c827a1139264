// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the bytes of a page before its check value, and how long its records are. Out: its records, one after the other.

use super::layout::{Layout, in_page};
use super::reading::{Carried, Reading};
use super::walk::is_padding;
use super::{Body, EVENT, RECORD, Record, RecordType, TYPE, read};
use crate::tree::cursor::Cursor;
use crate::tree::expert::{Stop, TOO_LONG, UNKNOWN_OPCODE};
use crate::tree::opaque::{PADDING, UNKNOWN};
use crate::tree::sink::Sink;
use nom::number::complete::u8;

/// Bytes of a page before its check value.
pub(super) const RECORDS: usize = 1022;

/// Reads records up to the padding into a list; returns their number, and whether they led there. `note` can say something of
/// all of them at the first one.
pub(super) fn records<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    layout: Layout,
    cut: bool,
    note: impl FnOnce(&mut Cursor<'_, '_, S>),
    list: &mut Vec<Record>,
) -> (usize, bool) {
    let mut page = Carried { glucose: None };
    let (mut count, mut note) = (0, Some(note));
    while let Some(&opcode) = c.rest().first() {
        if is_padding(c.rest()) {
            c.remainder(PADDING);
            break;
        }
        let Some(length) = layout.length(c.rest()) else {
            c.remainder(UNKNOWN);
            c.expert(
                UNKNOWN_OPCODE,
                format_args!(
                    "{opcode:#04x}: how long the record is, and so where the next one begins, is not known"
                ),
            );
            if let Some(note) = note.take() {
                note(c);
            }
            return (count, false);
        };
        if length > c.remaining() {
            let left = c.remaining();
            let _ = c.group(RECORD, |c| {
                c.read(TYPE, u8)?;
                c.remainder(UNKNOWN);
                c.title(format_args!("{} (cut off)", name(opcode)));
                Ok(())
            });
            if !cut {
                c.expert(TOO_LONG, format_args!("{length} bytes of which the page holds {left}"));
            }
            return (count, cut);
        }
        // The record is whole, so its reader finds all its bytes. Where the next one begins follows from its length alone.
        let next = c.position() + length;
        if c.within(length, |c| one(c, layout, &mut page, list)).is_ok() {
            count += 1;
            if let Some(note) = note.take() {
                note(c);
            }
        }
        c.seek(next);
    }
    (count, true)
}

fn name(opcode: u8) -> &'static str {
    RecordType::of(opcode).map_or("Unknown", |kind| kind.name)
}

/// A record before it is read.
const EMPTY: Record =
    Record { offset: 0, len: 0, opcode: 0, time: None, requestor: None, body: Body::Plain(0) };

/// Reads one record, which is all that `c` has left, into its place on the list: to move it takes longer than to read it. The
/// place is made by `resize_with`, for `push` makes the record elsewhere and moves it.
fn one<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    layout: Layout,
    page: &mut Carried,
    list: &mut Vec<Record>,
) -> Result<(), Stop> {
    let (offset, bytes, at) = (c.position(), c.rest(), list.len());
    list.resize_with(at + 1, || EMPTY);
    let record = &mut list[at];
    let read = c.group(RECORD, |c| {
        let opcode = c.read(TYPE, u8)?;
        let span = c.last_span();
        (record.offset, record.len, record.opcode) = (in_page(offset), in_page(bytes.len()), opcode);
        let Record { time, requestor, body, .. } = record;
        read(c, &mut Reading { bytes, opcode, layout, time, requestor, page }, body)?;
        c.fill();
        if c.shows() {
            show(c, record, span);
        }
        Ok(())
    });
    if read.is_err() {
        list.truncate(at);
    }
    read
}

/// The vendor's name of the record's event, and a title.
fn show<S: Sink>(c: &mut Cursor<'_, '_, S>, record: &Record, span: crate::tree::sink::Span) {
    let event = record.event();
    if let Some(event) = event {
        c.derived_at(EVENT, span, &event);
    }
    let name = event.unwrap_or_else(|| name(record.opcode));
    let Record { time, body, .. } = record;
    match (time, body.speaks()) {
        (Some(time), true) => c.title(format_args!("{time} {name}: {body}")),
        (Some(time), false) => c.title(format_args!("{time} {name}")),
        (None, _) => c.title(format_args!("{name}: {body}")),
    }
}
