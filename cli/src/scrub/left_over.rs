// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the frames of sticks, one after another. Out: what is left over in them of earlier ones, changed as those were.
//!
//! A stick has one reply buffer, and overwrites no more of it than a reply needs (`docs/protocol/stick.md`, section 2.3).
//! So the rest of a reply changes with the replies that it is the rest of. Where those were not captured, it is cleared.

use super::finds::{Reply, overwrites};
use super::image::{Image, Marks, Place, Side};
use carelink_core::stick::REPLY_LENGTH;
use carelink_core::transfer::Stream;
use std::collections::HashMap;

/// What takes the place of a byte of which nobody knows what it is left over of.
const CLEARED: u8 = 0xFF;

/// A byte that a reply did not overwrite.
#[derive(Clone, Copy, Debug)]
pub struct Rest {
    /// Where it is.
    place: Place,
    /// What the buffer held there last, as far as anybody knows.
    held: Option<Place>,
    /// True if it is that.
    same: bool,
}

/// What became of left-over bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// They follow the reply that they are left over of.
    pub followed: u64,
    /// So many of these belong to identities.
    pub identities: u64,
    /// Nobody knows what they are left over of: they are cleared.
    pub cleared: u64,
}

/// The byte that each place of a stick's buffer was sent as last.
type Buffer = [Option<Place>; REPLY_LENGTH];

/// Finds where left-over bytes come from. They mean what they meant there.
pub fn trace(replies: &[Reply], image: &mut Image) -> Vec<Rest> {
    let mut buffers: HashMap<Stream, Buffer> = HashMap::new();
    let mut rests = Vec::new();
    for reply in replies {
        let buffer = buffers.entry(reply.stream).or_insert([None; REPLY_LENGTH]);
        let overwritten = overwrites(&image.bytes(Side::Before, &reply.region.part(0, 1)));
        let written = if overwritten { usize::MAX } else { written(reply, image) };
        for (at, (held, place)) in buffer.iter_mut().zip(reply.region.places()).enumerate() {
            if at >= written {
                let byte = |place| image.byte(Side::Before, place);
                let same = held.is_some_and(|held| byte(held) == byte(place));
                rests.push(Rest { place, held: *held, same });
            }
            *held = Some(place);
        }
    }
    for Rest { place, held, same } in &rests {
        image.add(*place, Marks::REST);
        if *same {
            image.inherit(*place, *held);
        }
    }
    rests
}

/// How many bytes of a reply are its own, as far as anybody knows.
fn written(reply: &Reply, image: &Image) -> usize {
    let places: Vec<_> = reply.region.places().collect();
    let left_over = |place: &Place| image.marks(*place).has(Marks::LEFT_OVER);
    // Where the command is not known, what nobody understands at its end may be left over.
    let last = places.last().is_some_and(left_over);
    let own =
        |place: &Place| if last { !left_over(place) } else { image.marks(*place).has(Marks::UNDERSTOOD) };
    places.iter().rposition(own).map_or(0, |last| last + 1)
}

/// Changes what is left over in replies; `unknown` says that what may be left over is to be cleared, too.
pub fn follow(rests: &[Rest], unknown: bool, image: &mut Image) -> Counts {
    let mut counts = Counts::default();
    for &Rest { place, held, same } in rests {
        let now = held.and_then(|held| image.byte(Side::After, held));
        if let Some(now) = now.filter(|_| same) {
            image.set(place, now);
            image.inherit(place, held);
            counts.followed += 1;
            counts.identities += u64::from(image.marks(place).has(Marks::IDENTITY));
            continue;
        }
        if unknown || image.marks(place).has(Marks::LEFT_OVER) {
            // Zeros stay: whether there is anything else tells padding from what is left over.
            let zero = image.byte(Side::Before, place) == Some(0);
            image.clear(place, if zero { 0 } else { CLEARED });
            counts.cleared += u64::from(!zero);
        }
        // That it differed from what the buffer held tells of missing packets, and must go on to do so.
        if let Some(now) = now.filter(|_| image.byte(Side::After, place) == now) {
            image.set(place, now ^ 1);
        }
    }
    counts
}
