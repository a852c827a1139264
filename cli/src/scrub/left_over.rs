// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the frames of sticks, one after another. Out: what is left over in them of earlier ones, changed as those were.
//!
//! A stick has one reply buffer, and overwrites no more of it than a reply needs (`docs/protocol/stick.md`, section 2.3).
//! So the rest of a reply changes with the replies that it is the rest of. Where those were not captured, it is cleared.

use super::finds::{Reply, of_pump};
use super::image::{Image, Marks, Place, Side};
use carelink_core::stick::REPLY_LENGTH;
use carelink_core::transfer::Stream;
use std::collections::HashMap;

/// What became of left-over bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// They follow the reply that they are left over of.
    pub followed: u64,
    /// Nobody knows what they are left over of: they are cleared.
    pub cleared: u64,
}

/// The byte that each place of a stick's buffer was sent as last.
type Buffer = [Option<Place>; REPLY_LENGTH];

/// Changes what is left over in replies; `unknown` says that what may be left over is to be cleared, too.
pub fn follow(replies: &[Reply], unknown: bool, image: &mut Image) -> Counts {
    let mut buffers: HashMap<Stream, Buffer> = HashMap::new();
    let mut counts = Counts::default();
    for reply in replies {
        let buffer = buffers.entry(reply.stream).or_insert([None; REPLY_LENGTH]);
        let overwritten = of_pump(&image.bytes(Side::Before, &reply.region.part(0, 1)));
        let written = if overwritten { usize::MAX } else { written(reply, image) };
        for (at, (held, place)) in buffer.iter_mut().zip(reply.region.places()).enumerate() {
            if at >= written {
                one(place, *held, unknown, image, &mut counts);
            }
            *held = Some(place);
        }
    }
    counts
}

/// How many bytes of a reply are its own, as far as anybody knows.
fn written(reply: &Reply, image: &Image) -> usize {
    let places: Vec<_> = reply.region.places().collect();
    let left_over = |place: &Place| image.marks(*place).has(Marks::LEFT_OVER);
    // Where the command is not known, what nobody understands at its end may be left over.
    let last = places.last().is_some_and(left_over);
    let own = |place: &Place| if last { !left_over(place) } else { image.marks(*place).has(Marks::UNDERSTOOD) };
    places.iter().rposition(own).map_or(0, |last| last + 1)
}

fn one(place: Place, held: Option<Place>, unknown: bool, image: &mut Image, counts: &mut Counts) {
    let before = |place| image.byte(Side::Before, place);
    let now = held.and_then(|held| image.byte(Side::After, held));
    if let Some(now) = now.filter(|_| held.and_then(before) == before(place)) {
        image.set(place, now);
        counts.followed += 1;
    } else if unknown || image.marks(place).has(Marks::LEFT_OVER) {
        // That it differed from what the buffer held tells of missing packets, and must go on to do so.
        image.set(place, u8::from(now == Some(0)));
        counts.cleared += 1;
    }
}
