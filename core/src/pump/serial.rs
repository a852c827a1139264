// SPDX-License-Identifier: GPL-2.0-or-later
//! In: three bytes of packed BCD. Out: a pump's serial number.

use crate::tree::sink::{Show, Value};
use std::fmt;

/// A pump's serial number: six digits. A damaged one may hold A to F.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Serial([u8; 6]);

impl Serial {
    /// Reads packed BCD; bytes that are missing count as 0.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let digit = |at: usize| {
            let byte = bytes.get(at / 2).copied().unwrap_or(0);
            let nibble = if at.is_multiple_of(2) { byte >> 4 } else { byte & 0xf };
            b"0123456789ABCDEF"[usize::from(nibble)]
        };
        Self(std::array::from_fn(digit))
    }

    /// Reads six digits as they are shown.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; 6] = text.as_bytes().try_into().ok()?;
        digits.iter().all(u8::is_ascii_hexdigit).then(|| Self(digits.map(|digit| digit.to_ascii_uppercase())))
    }

    /// The six digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    /// True if all digits are decimal, as those of a real pump are.
    #[must_use]
    pub fn decimal(self) -> bool {
        self.0.iter().all(u8::is_ascii_digit)
    }
}

impl Show for Serial {
    fn show(&self) -> Value<'_> {
        Value::Text(self.as_str())
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::Serial;

    #[test]
    fn digits() {
        assert_eq!(Serial::new(&[0x12, 0x34, 0x56]).as_str(), "123456");
        assert_eq!(Serial::new(&[0x00, 0x0a, 0x5f]).as_str(), "000A5F");
        assert_eq!(Serial::parse("000a5F"), Some(Serial::new(&[0x00, 0x0a, 0x5f])));
        assert_eq!((Serial::parse("12345"), Serial::parse("12345x")), (None, None));
        assert!(Serial::new(&[0x90, 0x00, 0x01]).decimal());
        assert!(!Serial::new(&[0x0a, 0x00, 0x01]).decimal());
    }
}
