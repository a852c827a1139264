// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the payloads of packets. Out: the same to be changed, wherever a value lies that came in several packets.

use std::iter;

/// A byte of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The payload, by its number from 0.
    pub packet: u32,
    /// Where in it.
    pub at: u32,
}

/// What is known of a byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(u8);

impl Marks {
    /// It belongs to a value with a meaning.
    pub const UNDERSTOOD: Self = Self(1);
    /// It tells whose a device is.
    pub const IDENTITY: Self = Self(2);
    /// It was not overwritten when an earlier reply was.
    pub const LEFT_OVER: Self = Self(4);

    /// It may not have been overwritten: it changes with what it is left over of.
    pub const REST: Self = Self(16);
    /// It is to tell nothing: it is cleared, or was zero before.
    pub const CLEARED: Self = Self(8);

    /// True if `mark` is among these.
    pub const fn has(self, mark: Self) -> bool {
        self.0 & mark.0 != 0
    }
}

/// Bytes of payloads that belong together, in their order.
#[derive(Clone, Debug, Default)]
pub struct Region(Vec<Run>);

#[derive(Clone, Copy, Debug)]
struct Run {
    start: Place,
    len: u32,
}

fn small(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

impl Region {
    /// So many bytes of one payload.
    pub fn new(packet: usize, start: usize, len: usize) -> Self {
        let start = Place { packet: small(packet), at: small(start) };
        Self(vec![Run { start, len: small(len) }])
    }

    /// Adds bytes behind the others.
    pub fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(|run| run.len as usize).sum()
    }

    /// So many of them from `start` on, as far as they are there.
    pub fn part(&self, start: usize, len: usize) -> Self {
        let (mut skip, mut left) = (start, len);
        let mut runs = Vec::new();
        for run in &self.0 {
            let here = (run.len as usize).saturating_sub(skip).min(left);
            if here > 0 {
                let start = Place { at: run.start.at + small(skip), ..run.start };
                runs.push(Run { start, len: small(here) });
            }
            skip = skip.saturating_sub(run.len as usize);
            left -= here;
        }
        Self(runs)
    }

    /// Byte by byte.
    pub fn places(&self) -> impl DoubleEndedIterator<Item = Place> {
        let place = |run: &Run, more| Place { at: run.start.at + more, ..run.start };
        self.0.iter().flat_map(move |run| (0..run.len).map(move |more| place(run, more)))
    }

    /// The first byte.
    pub fn first(&self) -> Option<Place> {
        self.0.first().map(|run| run.start)
    }
}

/// Payloads as they were and as they are to be.
#[derive(Debug)]
pub struct Image {
    before: Vec<Vec<u8>>,
    after: Vec<Vec<u8>>,
    marks: Vec<Vec<Marks>>,
}

/// Which of the two.
#[derive(Clone, Copy, Debug)]
pub enum Side {
    /// As they were.
    Before,
    /// As they are to be.
    After,
}

impl Image {
    /// Begins with payloads as they are.
    pub fn new(payloads: impl Iterator<Item = Vec<u8>>) -> Self {
        let before: Vec<_> = payloads.collect();
        let marks = before.iter().map(|payload| vec![Marks::default(); payload.len()]).collect();
        Self { after: before.clone(), before, marks }
    }

    /// Begins anew with payloads as they were.
    pub fn reset(&mut self) {
        self.after.clone_from(&self.before);
        self.marks.iter_mut().flatten().for_each(|marks| marks.0 &= !Marks::CLEARED.0);
    }

    /// A whole payload as it is to be.
    pub fn payload(&self, packet: usize) -> &[u8] {
        self.after.get(packet).map_or(&[], Vec::as_slice)
    }

    /// A byte.
    pub fn byte(&self, side: Side, place: Place) -> Option<u8> {
        let payloads = if matches!(side, Side::Before) { &self.before } else { &self.after };
        payloads.get(place.packet as usize)?.get(place.at as usize).copied()
    }

    /// Bytes that belong together, as far as they were captured.
    pub fn bytes(&self, side: Side, region: &Region) -> Vec<u8> {
        region.places().map_while(|place| self.byte(side, place)).collect()
    }

    /// Gives a byte another value.
    pub fn set(&mut self, place: Place, with: u8) {
        let payload = self.after.get_mut(place.packet as usize);
        if let Some(byte) = payload.and_then(|payload| payload.get_mut(place.at as usize)) {
            *byte = with;
        }
    }

    /// Gives bytes that belong together other values.
    pub fn write(&mut self, region: &Region, with: &[u8]) {
        iter::zip(region.places(), with).for_each(|(place, &byte)| self.set(place, byte));
    }

    /// What is known of a byte.
    pub fn marks(&self, place: Place) -> Marks {
        let payload = self.marks.get(place.packet as usize);
        payload.and_then(|payload| payload.get(place.at as usize)).copied().unwrap_or_default()
    }

    /// Clears a byte.
    pub fn clear(&mut self, place: Place, with: u8) {
        self.set(place, with);
        self.add(place, Marks::CLEARED);
    }

    /// Takes what is known of a byte.
    pub fn add(&mut self, place: Place, mark: Marks) {
        let payload = self.marks.get_mut(place.packet as usize);
        if let Some(marks) = payload.and_then(|payload| payload.get_mut(place.at as usize)) {
            marks.0 |= mark.0;
        }
    }

    /// Takes what is known of bytes.
    pub fn mark(&mut self, region: &Region, mark: Marks) {
        region.places().for_each(|place| self.add(place, mark));
    }

    /// Lets a byte mean what another one means.
    pub fn inherit(&mut self, place: Place, of: Option<Place>) {
        self.add(place, of.map(|of| self.marks(of)).unwrap_or_default());
    }

    /// All bytes of all payloads.
    pub fn places(&self) -> impl Iterator<Item = Place> + use<> {
        let lengths: Vec<_> = self.before.iter().map(Vec::len).collect();
        let place = |packet, at| Place { packet: small(packet), at: small(at) };
        lengths
            .into_iter()
            .enumerate()
            .flat_map(move |(packet, len)| (0..len).map(move |at| place(packet, at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_region_lies_where_its_bytes_do() {
        let mut region = Region::new(0, 10, 4);
        region.extend(Region::new(1, 0, 4));
        let places =
            |region: &Region| region.places().map(|place| (place.packet, place.at)).collect::<Vec<_>>();
        assert_eq!(places(&region.part(3, 3)), [(0, 13), (1, 0), (1, 1)]);
        assert_eq!(places(&region.part(4, 9)), [(1, 0), (1, 1), (1, 2), (1, 3)], "no further than it goes");
        assert_eq!(places(&region.part(8, 1)), []);
    }
}
