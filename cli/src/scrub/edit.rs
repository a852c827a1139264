// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what was found in a capture, and what is to stand for it. Out: the payloads with all that changed, check values too.

use super::days::Days;
use super::finds::Finds;
use super::identities::{Identities, bytes, digits};
use super::image::{Image, Marks, Place, Region, Side};
use super::left_over::{self, follow};
use super::search::Search;
use carelink_core::tree::seal::Method;
use std::collections::HashSet;

/// How often what was changed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Identities in bytes that nobody understands.
    pub searched: u64,
    /// Dates of the pump.
    pub dates: u64,
    /// Check values that had to be mended.
    pub checks: u64,
    /// What became of left-over bytes of the stick.
    pub left_over: left_over::Counts,
    /// Bytes that nobody understands, and that are cleared.
    pub cleared: u64,
    /// Bytes that nobody understands, and that are kept.
    pub kept: u64,
}

/// How much is cleared of what nobody understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// What is left over, and nothing else.
    LeftOver,
    /// That, and what is in the payloads of pumps' replies.
    Pumps,
    /// All.
    All,
}

/// How bytes are cleared.
#[derive(Clone, Copy, Debug)]
pub struct Clearing {
    /// Which bytes.
    pub reach: Reach,
    /// What takes their place.
    pub with: u8,
}

/// Changes all that was found. `views` are all payloads, in every order in which they belong together.
pub fn edit(
    image: &mut Image,
    finds: &Finds,
    identities: &mut Identities,
    days: Days,
    clearing: Clearing,
    views: &[Region],
    search: &Search,
) -> Counts {
    let mut counts = Counts::default();
    for found in &finds.identities {
        let old = image.bytes(Side::Before, &found.region);
        if let Some(digits) = digits(found.how, &old) {
            image.write(&found.region, &bytes(found.how, identities.of(&digits), old.len()));
        }
    }
    for dated in finds.dates.iter().filter(|_| days.seconds() != 0) {
        if let Some((from, to)) = days.of(dated.clock) {
            let mut bytes = image.bytes(Side::After, &dated.region);
            (dated.redate)(&mut bytes, from, to);
            image.write(&dated.region, &bytes);
            counts.dates += 1;
        }
    }
    for view in views {
        counts.searched += replace(view, image, search, identities);
    }
    clear(image, finds, clearing, &mut counts);
    // The check value of a page lies in what those of its parts cover, and that of a packet in what an envelope's covers.
    let mut seals: Vec<_> = finds.seals.iter().collect();
    seals.sort_by_key(|seal| (seal.by != Method::Crc, seal.check.len() == 1));
    for seal in seals {
        let [before, after] = [Side::Before, Side::After].map(|side| image.bytes(side, &seal.covered));
        if before != after {
            let mut check = image.bytes(Side::After, &seal.check);
            seal.by.mend(&mut check, &before, &after);
            image.write(&seal.check, &check);
            counts.checks += 1;
        }
    }
    counts.left_over = follow(&finds.rests, clearing.reach == Reach::All, image);
    counts
}

/// Replaces identities that stand in bytes which nobody understands, wholly or in part.
fn replace(view: &Region, image: &mut Image, search: &Search, identities: &mut Identities) -> u64 {
    let mut count = 0;
    let bytes = image.bytes(Side::After, view);
    let places: Vec<_> = view.places().collect();
    for found in search.find(&bytes) {
        let here = std::iter::zip(&places[found.range], found.by);
        let unknown: Vec<_> =
            here.filter(|(place, _)| !image.marks(**place).has(Marks::UNDERSTOOD)).collect();
        if !unknown.is_empty() {
            unknown.into_iter().for_each(|(place, &by)| image.set(*place, by));
            identities.count(found.digits);
            count += 1;
        }
    }
    count
}

/// Clears what a pump has left over in its replies, and if it is asked for, what nobody understands. What is left over in
/// the stick's own replies comes later.
fn clear(image: &mut Image, finds: &Finds, how: Clearing, counts: &mut Counts) {
    let of_pumps = finds.payloads.iter().filter(|_| how.reach == Reach::Pumps);
    let payloads: HashSet<_> = of_pumps.flat_map(Region::places).collect();
    let mut run = Vec::new();
    for place in image.places() {
        let marks = image.marks(place);
        let unknown = !marks.has(Marks::UNDERSTOOD) && !marks.has(Marks::REST);
        let reached = how.reach == Reach::All || payloads.contains(&place);
        let cleared = unknown && (reached || marks.has(Marks::LEFT_OVER));
        counts.kept += u64::from(unknown && !cleared);
        let follows =
            run.last().is_some_and(|last: &Place| last.packet == place.packet && last.at + 1 == place.at);
        if !cleared || !follows {
            fill(&mut run, image, how.with, counts);
        }
        if cleared {
            run.push(place);
        }
    }
    fill(&mut run, image, how.with, counts);
}

/// Clears bytes that lie together. Where all are zero, nothing is told, and zeros may mean that nothing is there.
fn fill(run: &mut Vec<Place>, image: &mut Image, with: u8, counts: &mut Counts) {
    let zeros = run.iter().all(|place| image.byte(Side::After, *place) == Some(0));
    run.iter().for_each(|place| image.clear(*place, if zeros { 0 } else { with }));
    counts.cleared += if zeros { 0 } else { run.len() as u64 };
    run.clear();
}
