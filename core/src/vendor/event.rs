// SPDX-License-Identifier: GPL-2.0-or-later
//! In: typed records of history and sensor pages. Out: events by the vendor's names, as its exports list them.

use super::datum::Datum;
use super::keys;
use jiff::civil::DateTime;
use std::borrow::Cow;
use std::fmt;

/// Which side of a change an event tells. The vendor's exports tell it by the ids of their rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What was set before.
    Old,
    /// What is set from then on.
    New,
}

impl Side {
    /// `old` or `new`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
        }
    }
}

/// An event, as the vendor's exports list it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When it happened, by the pump's clock.
    pub time: DateTime,
    /// The vendor's name of it.
    pub kind: Cow<'static, str>,
    /// The vendor's keys and their values, in the vendor's order.
    pub values: Vec<(Cow<'static, str>, Datum)>,
    /// The side of a change that it tells, if its record tells both.
    pub side: Option<Side>,
}

impl Event {
    /// An event without values.
    #[must_use]
    pub fn new(time: DateTime, kind: impl Into<Cow<'static, str>>) -> Self {
        Self { time, kind: kind.into(), values: Vec::new(), side: None }
    }

    /// The event as that of one side of a change.
    #[must_use]
    pub const fn of(mut self, side: Side) -> Self {
        self.side = Some(side);
        self
    }

    /// The event with one more value.
    #[must_use]
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Datum>) -> Self {
        self.values.push((key.into(), value.into()));
        self
    }

    /// Its value for a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Datum> {
        self.values.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// Its number for a key.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<f64> {
        if let Some(Datum::Number(number)) = self.get(key) { Some(*number) } else { None }
    }

    /// Its name for a key.
    #[must_use]
    pub fn name(&self, key: &str) -> Option<&str> {
        if let Some(Datum::Text(text)) = self.get(key) { Some(text) } else { None }
    }

    /// The event with the values that `text` has, as the vendor writes them: `KEY=VALUE, KEY=VALUE`.
    #[must_use]
    pub fn with_text(mut self, text: &str) -> Self {
        let mut parts: Vec<(&str, String)> = Vec::new();
        for part in text.split(',') {
            match (part.trim_start().split_once('=').filter(|(key, _)| keys::is_key(key)), parts.last_mut()) {
                (Some((key, value)), _) => parts.push((key, value.to_owned())),
                // A comma that is part of a value, before a fraction for one.
                (None, Some((_, value))) => {
                    value.push(',');
                    value.push_str(part);
                }
                (None, None) => {}
            }
        }
        for (key, value) in parts {
            let datum = keys::parse(key, value.trim());
            self.values.push((key.to_owned().into(), datum));
        }
        self
    }

    /// The keys whose values `other` has otherwise, or not at all. Nulls and what says nothing of the pump do not count.
    #[must_use]
    pub fn differing<'a>(&'a self, other: &Self) -> Vec<&'a str> {
        let says =
            |(key, value): &&(Cow<'_, str>, Datum)| *value != Datum::Null && !keys::is_of_database(key);
        let differs =
            |(key, value): &&(Cow<'_, str>, Datum)| other.get(key).is_none_or(|datum| !datum.agrees(value));
        self.values.iter().filter(says).filter(differs).map(|(key, _)| key.as_ref()).collect()
    }
}

/// `KEY=VALUE, KEY=VALUE`, as the vendor's exports have it.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (key, value)) in self.values.iter().enumerate() {
            write!(f, "{}{key}={value}", if at > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}
