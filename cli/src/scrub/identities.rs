// SPDX-License-Identifier: GPL-2.0-or-later
//! In: values that tell whose a device is. Out: an invented one for each, of the same form, and the same one each time.
//!
//! A value is kept as people know it: by its digits. So a pump's serial is one value, whether it was sent as packed BCD or
//! as ASCII, and a remote control's, whether as ASCII or as a number.

use anyhow::{Result, bail};
use carelink_core::tree::field::Identity;
use rand::Rng;
use std::collections::{BTreeMap, BTreeSet};

/// The highest number that an identity of three bytes can be; the one above is none.
const HIGHEST: u64 = 0x00FF_FFFE;
/// How many digits an identity has that people know by its decimal digits.
const DIGITS: usize = 6;
/// Any number of so many decimal digits fits three bytes.
const SHORT: usize = 7;
/// Fewer characters than these tell no device from others.
const SHORTEST: usize = 3;
/// How often an invention may fail because it is there already.
const ATTEMPTS: usize = 10_000;

/// A value, as people know it.
pub type Digits = Vec<u8>;

/// The identity that bytes stand for, as people know it; `None` if they stand for no device.
pub fn digits(how: Identity, bytes: &[u8]) -> Option<Digits> {
    let all = |byte| bytes.iter().all(|&other| other == byte);
    let text = match how {
        Identity::Text if bytes.len() < SHORTEST => return None,
        Identity::Text => bytes.to_vec(),
        _ if all(0) || all(0xFF) => return None,
        Identity::Packed | Identity::Serial => hex::encode_upper(bytes).into_bytes(),
        Identity::Number => {
            let number = bytes.iter().fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
            format!("{number:0DIGITS$}").into_bytes()
        }
    };
    text.iter().any(|byte| byte.is_ascii_alphanumeric() && *byte != b'0').then_some(text)
}

/// The bytes that stand for an identity; `len` is how many there are.
pub fn bytes(how: Identity, digits: &[u8], len: usize) -> Vec<u8> {
    match how {
        Identity::Text => digits.to_vec(),
        Identity::Packed | Identity::Serial => hex::decode(digits).unwrap_or_default(),
        Identity::Number => {
            let bytes = number(digits).unwrap_or_default().to_be_bytes();
            bytes[bytes.len().saturating_sub(len)..].to_vec()
        }
    }
}

/// A number that is written in decimal digits.
pub fn number(digits: &[u8]) -> Option<u64> {
    let digits = str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok()
}

/// Identities, what each is replaced by, and what is known of it.
#[derive(Debug, Default)]
pub struct Identities(BTreeMap<Digits, Replaced>);

/// An identity that is replaced.
#[derive(Debug, Default)]
pub struct Replaced {
    /// The invented one; empty before there is one.
    pub by: Digits,
    /// What it is called, where it is read.
    pub labels: BTreeSet<&'static str>,
    /// In how many places it was replaced.
    pub times: u64,
    /// True if it must fit three bytes as a number.
    number: bool,
}

impl Replaced {
    /// True if it fits three bytes, and the identity that it stands for too, should they be numbers.
    pub fn short(&self) -> bool {
        self.number || self.by.len() <= SHORT
    }
}

impl Identities {
    /// Takes an identity that was found.
    pub fn meet(&mut self, digits: Digits, label: &'static str, how: Identity) {
        let met = self.0.entry(digits).or_default();
        met.labels.insert(label);
        met.times += 1;
        met.number |= how == Identity::Number;
    }

    /// Invents another value for each.
    ///
    /// # Errors
    /// If there are as many of a form as there can be.
    pub fn invent(&mut self, random: &mut impl Rng) -> Result<()> {
        let mut taken: BTreeSet<_> = self.0.keys().cloned().collect();
        for (digits, replaced) in &mut self.0 {
            let fits = |by: &Digits| {
                (!replaced.number || number(by).is_none_or(|number| number <= HIGHEST)) && !taken.contains(by)
            };
            let mut inventions = (0..ATTEMPTS).map(|_| like(digits, random));
            let Some(by) = inventions.find(fits) else {
                bail!("too many identities of one form: none is left to invent");
            };
            taken.insert(by.clone());
            replaced.by = by;
        }
        Ok(())
    }

    /// What an identity is replaced by; itself if it was not met.
    pub fn of<'a>(&'a self, digits: &'a [u8]) -> &'a [u8] {
        self.0.get(digits).map_or(digits, |replaced| &replaced.by)
    }

    /// Takes note that the identity was replaced in one more place.
    pub fn count(&mut self, digits: &[u8]) {
        if let Some(replaced) = self.0.get_mut(digits) {
            replaced.times += 1;
        }
    }

    /// All that were met, and what they are replaced by.
    pub fn iter(&self) -> impl Iterator<Item = (&Digits, &Replaced)> {
        self.0.iter()
    }
}

/// Digits for digits, letters for letters, all else as it is; the first digit is no zero if it was none.
fn like(digits: &[u8], random: &mut impl Rng) -> Digits {
    let hexadecimal = digits.iter().all(u8::is_ascii_hexdigit);
    let like = |(at, &byte): (usize, &u8)| match byte {
        b'1'..=b'9' if at == 0 => random.random_range(b'1'..=b'9'),
        b'0'..=b'9' => random.random_range(b'0'..=b'9'),
        b'A'..=b'Z' => random.random_range(b'A'..=if hexadecimal { b'F' } else { b'Z' }),
        b'a'..=b'z' => random.random_range(b'a'..=if hexadecimal { b'f' } else { b'z' }),
        other => other,
    };
    digits.iter().enumerate().map(like).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    #[test]
    fn a_value_is_the_same_however_it_was_sent() {
        let packed = digits(Identity::Packed, &[0x12, 0x34, 0x56]);
        assert_eq!(packed.as_deref(), Some(&b"123456"[..]));
        assert_eq!(digits(Identity::Text, b"123456"), packed);
        assert_eq!(digits(Identity::Number, &[0x01, 0xE2, 0x40]), packed);
        for none in [digits(Identity::Packed, &[0; 3]), digits(Identity::Number, &[0xFF; 3])] {
            assert_eq!(none, None);
        }
        assert_eq!([digits(Identity::Text, b"------"), digits(Identity::Text, b"1A")], [None, None]);
        for how in [Identity::Packed, Identity::Text, Identity::Number] {
            let len = if how == Identity::Text { 6 } else { 3 };
            assert_eq!(digits(how, &bytes(how, b"123456", len)), packed);
        }
    }

    #[test]
    fn inventions_have_the_form_of_what_they_stand_for() -> Result<()> {
        let mut identities = Identities::default();
        for (text, how) in
            [("208850", Identity::Packed), ("0A1B2C", Identity::Packed), ("16777213", Identity::Number)]
        {
            identities.meet(text.into(), "Serial", how);
        }
        identities.meet(b"12-45 ".to_vec(), "Remote Control", Identity::Text);
        for seed in 0..50 {
            identities.invent(&mut StdRng::seed_from_u64(seed))?;
            let of = |text: &str| String::from_utf8_lossy(identities.of(text.as_bytes())).into_owned();
            assert!(of("208850").bytes().all(|byte| byte.is_ascii_digit()) && of("208850") != "208850");
            let letters: Vec<_> = of("0A1B2C").bytes().map(|byte| byte.is_ascii_uppercase()).collect();
            assert_eq!(letters, [false, true, false, true, false, true]);
            assert!(of("16777213").parse::<u64>()? <= HIGHEST);
            assert_eq!((&of("12-45 ")[2..3], &of("12-45 ")[5..]), ("-", " "));
            assert_eq!(of("999"), "999", "never met");
        }
        Ok(())
    }
}
