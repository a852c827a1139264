// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what came in parts, once all of it has come or will come. Out: its bytes and its parts, for good.

use super::list::{List, file, ids, make_room, small};

ids! {
    /// Tells apart what a shelf holds.
    pub(crate) struct Place;
}

/// Bytes that came in parts, and what is known of each part.
///
/// Of each only the ends are kept: it begins where the one that was filed before it ends.
#[derive(Debug)]
pub(crate) struct Shelf<P> {
    bytes: Vec<u8>,
    parts: Vec<P>,
    bytes_end: List<Place, usize>,
    parts_end: List<Place, u32>,
}

impl<P> Default for Shelf<P> {
    fn default() -> Self {
        Self { bytes: Vec::new(), parts: Vec::new(), bytes_end: List::default(), parts_end: List::default() }
    }
}

impl<P> Shelf<P> {
    /// Files bytes and their parts, which leaves the list of parts empty.
    pub fn file(&mut self, bytes: &[u8], parts: &mut Vec<P>) -> Place {
        make_room(&mut self.bytes, bytes.len());
        self.bytes.extend_from_slice(bytes);
        file(&mut self.parts, parts);
        self.parts_end.push(small(self.parts.len()));
        self.bytes_end.push(self.bytes.len())
    }

    /// The bytes and the parts that were filed at `place`.
    pub fn get(&self, place: Place) -> (&[u8], &[P]) {
        let (from, to) = run(&self.bytes_end, place);
        let (first, end) = run(&self.parts_end, place);
        (&self.bytes[from..to], &self.parts[first as usize..end as usize])
    }

    /// How many bytes there are.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

/// Where something begins and ends, by where each of its kind ends.
fn run<T: Copy + Default>(ends: &List<Place, T>, place: Place) -> (T, T) {
    let begins = ends.before(place).last().copied().unwrap_or_default();
    (begins, ends.get(place).copied().unwrap_or(begins))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_comes_back_as_it_was_filed() {
        let mut shelf = Shelf::default();
        let filed: [(&[u8], &[char]); 4] =
            [(b"one", &['a', 'b']), (b"", &[]), (b"three", &['c']), (b"", &['d', 'e'])];
        let places = filed.map(|(bytes, parts)| shelf.file(bytes, &mut parts.to_vec()));
        assert_eq!(places.map(|place| shelf.get(place)), filed);
        assert_eq!(shelf.size(), 8);
    }
}
