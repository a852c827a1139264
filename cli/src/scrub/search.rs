// SPDX-License-Identifier: GPL-2.0-or-later
//! In: identities, and bytes of which nobody knows what they are. Out: where an identity stands in them, however written.

use super::identities::{Digits, Identities, Replaced, number};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::ops::Range;

/// Fewer bytes than these are anywhere by chance.
const SHORTEST: usize = 3;
/// And so are fewer bytes than these between those that fill up.
const TELLING: usize = 2;

/// Where an identity stands.
#[derive(Clone, Debug)]
pub struct Match<'s> {
    /// In the bytes that were searched.
    pub range: Range<usize>,
    /// What stands for the invented one there.
    pub by: &'s [u8],
    /// The identity.
    pub digits: &'s [u8],
}

/// Looks for many identities at once.
#[derive(Debug)]
pub struct Search {
    automaton: AhoCorasick,
    /// What each pattern is replaced by, and whose it is.
    of: Vec<(Vec<u8>, Digits)>,
}

impl Search {
    /// Looks for all identities, in every way that they may be written.
    ///
    /// # Errors
    /// If there are too many.
    pub fn new(identities: &Identities) -> Result<Self> {
        let mut patterns = BTreeMap::new();
        for (digits, replaced) in identities.iter() {
            for [old, new] in written(digits, replaced) {
                let telling = old.iter().filter(|byte| ![0, 0xFF].contains(*byte)).count();
                if old.len() >= SHORTEST && telling >= TELLING && old != new {
                    patterns.entry(old).or_insert_with(|| (new, digits.clone()));
                }
            }
        }
        let (patterns, of): (Vec<_>, Vec<_>) = patterns.into_iter().unzip();
        // A DFA takes longer to be built than most captures to be searched.
        let kind = Some(AhoCorasickKind::ContiguousNFA);
        let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).kind(kind).build(patterns);
        Ok(Self { automaton: automaton.context("too many identities to look for")?, of })
    }

    /// Where identities stand in `bytes`.
    pub fn find<'s>(&'s self, bytes: &'s [u8]) -> impl Iterator<Item = Match<'s>> {
        self.automaton.find_overlapping_iter(bytes).map(|found| {
            let (by, digits) = &self.of[found.pattern().as_usize()];
            Match { range: found.range(), by, digits }
        })
    }
}

/// The ways to write an identity, and the one that stands for it.
fn written(old: &[u8], new: &Replaced) -> Vec<[Vec<u8>; 2]> {
    let pair = [old, &new.by];
    let mut ways = Vec::new();
    let mut both = |bytes: [Vec<u8>; 2]| {
        let back = bytes.clone().map(|bytes| bytes.into_iter().rev().collect());
        ways.extend([bytes, back]);
    };
    if let [Ok(old), Ok(new)] = pair.map(hex::decode) {
        both([old, new]);
    }
    let mut texts = vec![pair.map(<[u8]>::to_vec)];
    if let [Some(old), Some(new)] = pair.map(|digits| number(digits).filter(|_| new.short())) {
        both([old, new].map(|number| number.to_be_bytes()[5..].to_vec()));
        texts.push([old, new].map(|number| format!("{number:06X}").into_bytes()));
    }
    for text in texts {
        let cases = [<[u8]>::to_ascii_uppercase, <[u8]>::to_ascii_lowercase, <[u8]>::to_vec];
        for text in cases.map(|case| text.each_ref().map(|text| case(text))) {
            ways.push(text.each_ref().map(|text| text.iter().flat_map(|&byte| [byte, 0]).collect()));
            ways.push(text.each_ref().map(|text| text.iter().flat_map(|&byte| [0, byte]).collect()));
            let back = text.each_ref().map(|text| text.iter().rev().copied().collect());
            ways.extend([text, back]);
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;
    use carelink_core::tree::field::Identity;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    #[test]
    fn an_identity_is_found_however_it_is_written() -> Result<()> {
        let mut identities = Identities::default();
        identities.meet(b"208850".to_vec(), "Pump Serial", Identity::Packed);
        identities.meet(b"0A1B2C".to_vec(), "Stick Serial", Identity::Packed);
        identities.invent(&mut StdRng::seed_from_u64(1))?;
        let search = Search::new(&identities)?;
        let ways: [&[u8]; 10] = [
            &[0x20, 0x88, 0x50],
            &[0x50, 0x88, 0x20],
            &[0x03, 0x2F, 0xD2],
            &[0xD2, 0x2F, 0x03],
            b"208850",
            b"058802",
            b"032fd2",
            b"2\x000\x008\x008\x005\x000\x00",
            b"0a1b2c",
            &[0x2C, 0x1B, 0x0A],
        ];
        for way in ways {
            let bytes = [b"xyz", way, b"xyz"].concat();
            let found: Vec<_> = search.find(&bytes).collect();
            assert!(found.iter().any(|found| found.range == (3..3 + way.len())), "{way:x?}");
            assert!(found.iter().all(|found| found.by.len() == found.range.len() && found.by != way));
        }
        Ok(())
    }
}
