// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the bytes of a message. Out: what kind it is, and where it ends.
//!
//! Source: `docs/protocol/nextlink.md`, sections 1 and 3. An envelope tells its length; a full report of dialogue goes on
//! in the next one, unless it ends as a dialogue does.

use super::dialogue::{self, Dialogue};
use super::envelope::{self, Envelope};
use super::payload::{self, Payload};
use crate::carrier::context::Context;
use crate::transfer::Direction;
use crate::tree::cursor::Cursor;
use crate::tree::expert::{Stop, TOO_LONG};
use crate::tree::opaque::UNKNOWN;
use crate::tree::sink::Sink;

/// The longest message there can be: an envelope with the largest payload that it can tell.
pub(super) const LONGEST: usize = envelope::LENGTH + u16::MAX as usize;

/// A report with less dialogue than this is no part of a longer one, even if it is full.
const SHORT: usize = 16;

/// What a message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// An envelope, and what is in it.
    Envelope(Envelope, Payload),
    /// Words of the meter's own dialogue.
    Dialogue(Dialogue),
}

/// Whether a message ends with the bytes that came of it, of which `start` were captured: `sent` in all, and `here` with the last
/// report, which was `full` or not.
#[must_use]
pub fn ends(start: &[u8], sent: usize, here: usize, full: bool) -> bool {
    if sent >= LONGEST || !full {
        return true;
    }
    match envelope::message_length(start) {
        Some(length) => sent == length,
        None if envelope::begins(start) => false,
        None => {
            let last = &start[start.len().saturating_sub(here)..];
            here < SHORT || last.ends_with(b"\n") && dialogue::seems(last)
        }
    }
}

/// How many bytes the message has that begins so and of which `sent` were sent; `None` if that is not known.
#[must_use]
pub fn length(start: &[u8], sent: usize) -> Option<usize> {
    envelope::message_length(start).map(|length| length.max(sent))
}

/// Reads a message from its first byte to its last.
///
/// # Errors
/// [`Stop`] if bytes of an envelope are missing.
pub fn read<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    direction: Direction,
    context: &Context,
) -> Result<Message, Stop> {
    if !envelope::begins(c.rest()) {
        return Ok(Message::Dialogue(dialogue::read(c, direction)));
    }
    let envelope = envelope::read(c)?;
    let length = usize::from(envelope.length);
    let lacks = length.saturating_sub(c.remaining());
    let read = c.within(length.min(c.remaining()), |c| payload::read(c, direction, &envelope, context))?;
    if lacks > 0 {
        return Err(c.stop());
    }
    if c.remaining() > 0 {
        let extra = c.remaining();
        c.remainder(UNKNOWN);
        c.expert(TOO_LONG, format_args!("{extra} bytes more than this envelope tells"));
    }
    Ok(Message::Envelope(envelope, read))
}
