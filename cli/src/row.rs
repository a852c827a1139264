// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what a line of JSON tells. Out: the line as an object, with the keys that the lines of all verbs have.

use carelink_core::vendor::{Datum, Event};
use serde_json::{Map, Value, json};

/// The keys that each line of JSON begins with, of whatever verb; null where there is none.
pub const COMMON: [&str; 7] = ["verb", "row", "file", "transaction", "frame", "time", "pump"];

/// A line of JSON that is being made.
#[derive(Clone, Debug)]
pub struct Row(Map<String, Value>);

impl Row {
    /// Begins the line of a verb; `kind` tells what it is a line of.
    #[must_use]
    pub fn new(verb: &str, kind: &str) -> Self {
        let mut row = Self(COMMON.iter().map(|&key| (key.to_owned(), Value::Null)).collect());
        row.set("verb", verb);
        row.set("row", kind);
        row
    }

    fn set<V>(&mut self, key: &str, value: V)
    where
        Value: From<V>,
    {
        self.0.insert(key.to_owned(), value.into());
    }

    /// The line with one more value.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl serde::Serialize) -> Self {
        self.set(key, json!(value));
        self
    }

    /// The file that it is of.
    #[must_use]
    pub fn file(self, file: Option<&str>) -> Self {
        self.with("file", file)
    }

    /// The number of the transaction.
    #[must_use]
    pub fn transaction(self, number: Option<u32>) -> Self {
        self.with("transaction", number)
    }

    /// The number of the frame, or of the first of them.
    #[must_use]
    pub fn frame(self, frame: Option<u32>) -> Self {
        self.with("frame", frame)
    }

    /// The time: that of a packet in UTC, or of a pump's clock without a zone.
    #[must_use]
    pub fn time(self, time: Option<String>) -> Self {
        self.with("time", time)
    }

    /// The serial number of the pump.
    #[must_use]
    pub fn pump(self, serial: Option<String>) -> Self {
        self.with("pump", serial)
    }

    /// The line with all of a row of a table.
    #[must_use]
    pub fn cells(self, columns: &[&str], values: Vec<Value>) -> Self {
        columns.iter().zip(values).fold(self, |row, (column, value)| row.with(column, value))
    }

    /// The line.
    #[must_use]
    pub fn json(self) -> Value {
        Value::Object(self.0)
    }
}

/// The values of an event by the vendor's keys, each with its type; one of two numbers is a list of both.
#[must_use]
pub fn values(event: &Event) -> Map<String, Value> {
    let typed = |datum: &Datum| match datum {
        Datum::Null => Value::Null,
        Datum::Flag(flag) => json!(flag),
        Datum::Number(number) => number_of(*number),
        Datum::Either(either) => Value::Array(either.iter().copied().map(number_of).collect()),
        Datum::Text(text) => json!(text),
    };
    event.values.iter().map(|(key, datum)| (key.to_string(), typed(datum))).collect()
}

/// A whole number without a fraction.
#[must_use]
#[allow(clippy::cast_possible_truncation, reason = "what has no fraction and is small fits")]
pub fn number_of(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e15 { json!(number as i64) } else { json!(number) }
}
