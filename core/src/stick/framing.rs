// SPDX-License-Identifier: GPL-2.0-or-later
//! In: transfers as they were cut: whole frames, parts of 64 bytes, several frames glued, a stream without bounds.
//! Out: where each frame begins and ends, and which bytes fit none.
//!
//! Source: `docs/protocol/stick.md`, section 1.2. Nothing but the number of bytes still owed tells a
//! continuation, for it may begin with any byte.

use super::Opcode;
use super::codes::{REPLY_LENGTH, acknowledge, may_acknowledge, resembles_acknowledge};
pub use super::length::Length;
use super::received;
use crate::carrier::piece::{Piece, Portion};
use crate::transfer::Carrier;

/// Packet size of the stick's endpoints. A transfer of another length ends what it carries.
pub const PACKET: usize = 64;

/// The longest frame there can be: a reply with the largest length that its header can tell.
const LONGEST: usize = received::OVERHEAD + 0x7fff;

/// What the host waits for when a reply comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// Nothing is known to be awaited.
    Nothing,
    /// A reply of the stick itself.
    Stick,
    /// A radio read of this many bytes.
    Radio(usize),
}

/// The length of the host's command that begins `bytes`, which end where a write of the host ended.
#[must_use]
pub fn command_length(bytes: &[u8]) -> Length {
    let Some(&first) = bytes.first() else { return Length::Open };
    Opcode::from(first).row().map_or(Length::None, |row| row.shape.length(bytes))
}

/// The length of the stick's reply that begins `bytes`.
///
/// A damaged byte at its head does not hide a reply that is awaited: enough of the rest has to fit.
#[must_use]
pub fn reply_length(bytes: &[u8], awaited: Awaited) -> Length {
    if let Some(length) = received::length(bytes).filter(|_| received::sealed(bytes)) {
        return Length::Is(length);
    }
    match awaited {
        // A damaged request may have asked for less than a reply can be.
        Awaited::Radio(size) if size >= received::OVERHEAD && received::resembles(bytes, size) => {
            return Length::Is(size);
        }
        Awaited::Stick if resembles_acknowledge(bytes) => return Length::Is(REPLY_LENGTH),
        _ => {}
    }
    if acknowledge(bytes).is_some() {
        Length::Is(REPLY_LENGTH)
    } else if may_acknowledge(bytes) || received::may_begin(bytes) {
        Length::Open
    } else {
        Length::None
    }
}

/// Puts frames together in one direction of one stick.
#[derive(Debug, Default)]
pub struct Framer {
    joined: Vec<u8>,
    /// Bytes that were sent of the frame that is being joined: more than `joined` has if the capture cut some.
    sent: usize,
    /// Length of that frame; 0 while its head is not all there.
    length: usize,
}

impl Framer {
    /// True while a frame lacks bytes.
    #[must_use]
    pub fn owes(&self) -> bool {
        self.sent > 0
    }

    /// Takes the bytes of the frame that was being joined, all or not, and begins anew.
    pub fn take(&mut self) -> Vec<u8> {
        (self.sent, self.length) = (0, 0);
        std::mem::take(&mut self.joined)
    }

    /// Puts the memory of taken bytes to use for the next frame.
    pub fn put_back(&mut self, mut bytes: Vec<u8>) {
        bytes.clear();
        self.joined = bytes;
    }

    /// Finds the next piece, at `start` of a transfer of which `bytes` were captured and `reported` were sent.
    ///
    /// After a piece with the role [`Portion::Last`], [`Framer::take`] is due: it gives the frame. `None` says that
    /// the parts before were no frame's after all; they are dropped, and the next call begins anew at `start`.
    pub fn next(
        &mut self,
        start: usize,
        bytes: &[u8],
        reported: usize,
        carrier: Carrier,
        length: impl Fn(&[u8]) -> Length,
    ) -> Option<Piece> {
        let left = reported - start;
        let here = bytes.get(start..).unwrap_or_default();
        if self.owes() {
            self.resume(start, here, left, carrier, length)
        } else {
            Some(self.begin(start, here, left, carrier, length))
        }
    }

    fn begin(
        &mut self,
        start: usize,
        here: &[u8],
        left: usize,
        carrier: Carrier,
        length: impl Fn(&[u8]) -> Length,
    ) -> Piece {
        let ends = carrier == Carrier::Transfers;
        // Only a full packet lets a frame go on in the next transfer.
        let goes_on = !ends || (start + left).is_multiple_of(PACKET);
        let cut = here.len() < left;
        match length(here) {
            Length::Is(frame) if frame <= left => Piece { role: Portion::Whole, start, len: frame, frame },
            Length::Is(frame) if goes_on && frame <= LONGEST => self.keep(start, here, left, frame),
            Length::Is(frame) => Piece { role: Portion::Whole, start, len: left, frame },
            Length::Open if goes_on && !cut => self.keep(start, here, left, 0),
            Length::Open => Piece { role: Portion::Whole, start, len: left, frame: left },
            Length::None => {
                let len = if ends { left } else { stray(here, left, length) };
                Piece { role: Portion::Stray, start, len, frame: len }
            }
        }
    }

    fn keep(&mut self, start: usize, here: &[u8], left: usize, frame: usize) -> Piece {
        self.joined.extend_from_slice(here);
        (self.sent, self.length) = (left, frame);
        Piece { role: Portion::Part, start, len: left, frame: frame.max(left) }
    }

    fn resume(
        &mut self,
        start: usize,
        here: &[u8],
        left: usize,
        carrier: Carrier,
        length: impl Fn(&[u8]) -> Length,
    ) -> Option<Piece> {
        if self.length == 0 {
            // The head was cut within: now it may be long enough to tell.
            let mut head = self.joined.clone();
            head.extend_from_slice(&here[..here.len().min(PACKET)]);
            match length(&head) {
                Length::Is(frame) if frame > self.sent => self.length = frame.min(LONGEST),
                // What is longer than any frame is a part of none.
                Length::Open if left > 0 && self.sent + left <= LONGEST && head.len() < PACKET => {}
                _ => {
                    let joined = self.take();
                    self.put_back(joined);
                    return None;
                }
            }
        }
        let owed = if self.length == 0 { left } else { (self.length - self.sent).min(left) };
        let complete_so_far = self.joined.len() == self.sent;
        if complete_so_far {
            self.joined.extend_from_slice(&here[..here.len().min(owed)]);
        }
        self.sent += owed;
        let short = carrier == Carrier::Transfers && !(start + left).is_multiple_of(PACKET);
        let role = if self.sent == self.length || short { Portion::Last } else { Portion::Part };
        Some(Piece { role, start, len: owed, frame: self.length.max(self.sent) })
    }
}

/// How many bytes to step over in a stream until a frame may begin.
fn stray(here: &[u8], left: usize, length: impl Fn(&[u8]) -> Length) -> usize {
    (1..here.len()).find(|&at| length(&here[at..]) != Length::None).unwrap_or(left)
}
