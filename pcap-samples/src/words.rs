// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a line of a script. Out: its words, read one after the other, with errors that name what was expected.

use anyhow::{Context, Result, anyhow, bail, ensure};

/// What is left of a line. Words are parted by blanks; `"a text"` is one word; `#` starts a remark.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    pub fn new(line: &'a str) -> Self {
        Self(line.trim_start())
    }

    /// The next word; a text keeps its opening quote and loses the closing one.
    pub fn next(&mut self) -> Option<&'a str> {
        let rest = self.0;
        if rest.is_empty() || rest.starts_with('#') {
            return None;
        }
        let (word, rest) = if let Some(text) = rest.strip_prefix('"') {
            let end = text.find('"').map_or(rest.len(), |end| end + 1);
            (&rest[..end], rest.get(end + 1..).unwrap_or_default())
        } else {
            rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()))
        };
        self.0 = rest.trim_start();
        Some(word)
    }

    /// The next word, or an error that says what was expected.
    pub fn word(&mut self, what: &str) -> Result<&'a str> {
        self.next().with_context(|| format!("expected {what} at the end of the line"))
    }

    /// The next word if it is `word`.
    pub fn take(&mut self, word: &str) -> bool {
        let mut ahead = *self;
        let found = ahead.next() == Some(word);
        if found {
            *self = ahead;
        }
        found
    }

    /// Demands that the next word be `word`.
    pub fn expect(&mut self, word: &str) -> Result<()> {
        let found = self.word(&format!("{word:?}"))?;
        ensure!(found == word, "expected {word:?}, found {found:?}");
        Ok(())
    }

    /// The next word as a number, decimal or with `0x`.
    pub fn number<T: TryFrom<i64>>(&mut self, what: &str) -> Result<T> {
        let word = self.word(what)?;
        number(word)
            .ok_or_else(|| anyhow!("expected {what}, found {word:?}, which is no number in its range"))
    }

    /// The next word as an amount such as `4.5`, counted in steps of 1/`scale`.
    pub fn amount<T: TryFrom<i64>>(&mut self, what: &str, scale: i64) -> Result<T> {
        amount(self.word(what)?, scale).with_context(|| format!("as {what}"))
    }

    /// The next word as bytes in hexadecimal digits.
    pub fn hex(&mut self, what: &str) -> Result<Vec<u8>> {
        let word = self.word(what)?;
        hex(word).with_context(|| format!("expected {what}, found {word:?}"))
    }

    /// Whether nothing is left.
    pub fn ended(mut self) -> bool {
        self.next().is_none()
    }

    /// Demands that nothing be left.
    pub fn end(mut self) -> Result<()> {
        match self.next() {
            Some(word) => bail!("{word:?} is one word too many"),
            None => Ok(()),
        }
    }
}

/// A number, decimal or with `0x`.
pub(crate) fn number<T: TryFrom<i64>>(word: &str) -> Option<T> {
    let value = match word.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16),
        None => word.parse(),
    };
    T::try_from(value.ok()?).ok()
}

/// A decimal amount, counted in steps of 1/`scale`; it must come out even.
pub(crate) fn amount<T: TryFrom<i64>>(word: &str, scale: i64) -> Result<T> {
    let (whole, fraction) = word.split_once('.').unwrap_or((word, ""));
    let power = 10_i64.pow(u32::try_from(fraction.len())?);
    let digits: i64 =
        format!("{whole}{fraction}").parse().with_context(|| format!("{word:?} is no amount"))?;
    ensure!(digits * scale % power == 0, "{word} is no multiple of 1/{scale}");
    T::try_from(digits * scale / power).map_err(|_| anyhow!("{word} is out of range"))
}

/// Bytes in hexadecimal digits without blanks.
pub(crate) fn hex(word: &str) -> Result<Vec<u8>> {
    ensure!(word.len().is_multiple_of(2) && word.is_ascii(), "bytes have two hexadecimal digits each");
    (0..word.len())
        .step_by(2)
        .map(|at| {
            u8::from_str_radix(&word[at..at + 2], 16).with_context(|| format!("{word:?} is not hexadecimal"))
        })
        .collect()
}
