// SPDX-License-Identifier: GPL-2.0-or-later
//! In: JSON: records as ecc1's and openaps' tools write them, or bytes of pages as numbers, digits or base64. Out: pages.
//!
//! Records have their bytes as base64 (`Data`, or `id`), or their parts as digits (`_head`, `_date`, `_body`). They mostly
//! come newest first. As no page is told, they are put on pages as a pump does it, without check values.
//!
//! Nothing is kept of a text but what may be of use, so that much of it with little in it takes little memory.

use super::arrays::bytes;
use super::{Content, Piece, sized};
use crate::page::Kind;
use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use carelink_core::history::page::RECORDS;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::fmt;

pub(super) fn read(text: &str) -> Option<Result<Content>> {
    if !text.trim_start().starts_with(['[', '{']) {
        return None;
    }
    let list: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
    if list.iter().any(|item| Record::of(item).is_some_and(|record| record.is_one())) {
        return Some(records(&list));
    }
    let mut pages = Pages::default();
    let mut json = serde_json::Deserializer::from_str(text);
    pages.deserialize(&mut json).and_then(|_| json.end()).ok()?;
    let Pages { found: pieces, fault } = pages;
    let nothing = || anyhow::anyhow!("JSON without records and without bytes of pages");
    Some(match fault {
        Some(fault) => Err(fault),
        None if pieces.is_empty() => Err(nothing()),
        None => Ok(Content { pieces, ..Content::default() }),
    })
}

/// Bytes of pages, wherever in a value they are.
#[derive(Default)]
struct Pages {
    found: Vec<Piece>,
    /// What is wrong with the first list of numbers that is not of bytes.
    fault: Option<anyhow::Error>,
}

/// Takes the next value, and gives it back if it is a whole number.
impl<'de> DeserializeSeed<'de> for &mut Pages {
    type Value = Option<i64>;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Option<i64>, D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Pages {
    type Value = Option<i64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Option<i64>, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Option<i64>, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Option<i64>, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Option<i64>, E> {
        Ok(Some(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Option<i64>, E> {
        Ok(i64::try_from(number).ok())
    }

    fn visit_str<E>(self, text: &str) -> Result<Option<i64>, E> {
        let decoded = hex::decode(text).ok().or_else(|| BASE64_STANDARD.decode(text).ok());
        let page = decoded.filter(|bytes| sized(bytes.len()));
        self.found.extend(page.map(|bytes| Piece { bytes, ..Piece::default() }));
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Option<i64>, A::Error> {
        let mut numbers = Some(Vec::new());
        while let Some(item) = list.next_element_seed(&mut *self)? {
            match (&mut numbers, item) {
                (Some(numbers), Some(number)) => numbers.push(number),
                _ => numbers = None,
            }
        }
        match numbers.filter(|numbers| !numbers.is_empty()).map(|numbers| bytes(&numbers)) {
            Some(Ok(piece)) => self.found.push(piece),
            Some(Err(fault)) => {
                self.fault.get_or_insert(fault);
            }
            None => {}
        }
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Option<i64>, A::Error> {
        let begin = self.found.len();
        let (mut page, mut number) = (None, None);
        while let Some(key) = object.next_key::<String>()? {
            let value = object.next_value_seed(&mut *self)?;
            match key.as_str() {
                "page" => page = value,
                "number" => number = value,
                _ => {}
            }
        }
        // An object within this one may have told of its pages already.
        let told = page.or(number).and_then(|told| u32::try_from(told).ok());
        self.found[begin..].iter_mut().for_each(|piece| piece.number = piece.number.or(told));
        Ok(None)
    }
}

/// The fields of what may be a record.
struct Record<'t>(HashMap<String, &'t RawValue>);

impl<'t> Record<'t> {
    /// `None` if it is no object.
    fn of(value: &'t RawValue) -> Option<Self> {
        serde_json::from_str(value.get()).ok().map(Self)
    }

    fn is_one(&self) -> bool {
        ["Type", "_type", "_head", "_description"].iter().any(|key| self.0.contains_key(*key))
    }

    fn text(&self, key: &str) -> Option<String> {
        serde_json::from_str(self.0.get(key)?.get()).ok()
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        if let Some(data) = self.text("Data").or_else(|| self.text("id")) {
            return BASE64_STANDARD.decode(data).ok().filter(|bytes| !bytes.is_empty());
        }
        let part = |key: &str| {
            let text = self.text(key).unwrap_or_default();
            hex::decode(&text).ok().or_else(|| BASE64_STANDARD.decode(text).ok())
        };
        let bytes = [part("_head")?, part("_date")?, part("_body")?].concat();
        (!bytes.is_empty()).then_some(bytes)
    }

    fn time(&self) -> Option<String> {
        let text = ["Time", "timestamp", "date"].iter().find_map(|key| self.text(key))?;
        text.get(..19).map(str::to_owned)
    }
}

fn records(list: &[&RawValue]) -> Result<Content> {
    let (mut records, mut times) = (Vec::with_capacity(list.len()), Vec::new());
    for (at, item) in (1..).zip(list) {
        let record = Record::of(item);
        let bytes = record.as_ref().and_then(Record::bytes).with_context(|| {
            format!(
                "record {at} has no bytes: neither Data or id in base64, nor _head, _date and _body in digits"
            )
        });
        records.push(bytes?);
        times.extend(record.and_then(|record| record.time()));
    }
    let mut notes =
        vec!["records without their pages: no CRC-16 tells that they are right and all there".to_owned()];
    match steps(&times) {
        (up, down) if up > down => {}
        (0, 0) if list.len() > 1 => {
            notes.push("no times tell the order of the records; taken as newest first".to_owned());
            records.reverse();
        }
        _ => records.reverse(),
    }
    let mut pages: Vec<Vec<u8>> = Vec::new();
    for record in records {
        ensure!(record.len() <= RECORDS, "a record of {} bytes, which no page holds", record.len());
        match pages.last_mut() {
            Some(page) if page.len() + record.len() <= RECORDS => page.extend(record),
            _ => pages.push(record),
        }
    }
    let several = pages.len() > 1;
    let piece = |(number, mut bytes): (u32, Vec<u8>)| {
        bytes.resize(RECORDS, 0);
        Piece { kind: Some(Kind::History), number: several.then_some(number), bytes }
    };
    Ok(Content {
        pieces: (0..).zip(pages.into_iter().rev()).map(piece).collect(),
        notes,
        ..Content::default()
    })
}

/// How often the time goes up from one record to the next, and how often down.
fn steps(times: &[String]) -> (usize, usize) {
    let count =
        |step: fn(&String, &String) -> bool| times.windows(2).filter(|pair| step(&pair[0], &pair[1])).count();
    (count(|a, b| a < b), count(|a, b| a > b))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REWIND: &str = "2100471A0D0110";
    const PRIME: &str = "030000000A471B0D0110";

    fn content(text: &str) -> Content {
        read(text).expect("JSON").expect("it is whole")
    }

    fn base64(digits: &str) -> String {
        BASE64_STANDARD.encode(hex::decode(digits).expect("digits"))
    }

    #[test]
    fn records_are_put_on_a_page_oldest_first() {
        let ecc1 = format!(
            r#"[{{"Type":"Prime","Time":"2016-01-01T13:27:07Z","Data":"{}"}},{{"Type":"Rewind","Time":"2016-01-01T13:26:07Z","Data":"{}"}}]"#,
            base64(PRIME),
            base64(REWIND)
        );
        let openaps = r#"[{"_type":"Rewind","timestamp":"2016-01-01T13:26:07","_head":"2100","_date":"471a0d0110","_body":""},
            {"_type":"Prime","timestamp":"2016-01-01T13:27:07","_head":"030000000a","_date":"471b0d0110","_body":""}]"#;
        for text in [ecc1.as_str(), openaps] {
            let Content { pieces, notes, .. } = content(text);
            let mut expected = hex::decode(format!("{REWIND}{PRIME}")).expect("digits");
            expected.resize(RECORDS, 0);
            assert_eq!(
                pieces,
                [Piece { kind: Some(Kind::History), number: None, bytes: expected }],
                "{text}"
            );
            assert_eq!(notes.len(), 1, "{notes:?}");
        }
        let fault = read(r#"[{"_type":"Rewind","timestamp":"2016-01-01T13:26:07"}]"#);
        let fault = fault.expect("JSON").expect_err("it has no bytes").to_string();
        assert!(fault.starts_with("record 1 has no bytes"), "{fault}");
    }

    #[test]
    fn records_of_several_pages_are_numbered_from_the_newest() {
        let record = |minute: usize| {
            let digits = format!("21004{:X}{:02X}0D0110", minute % 16, 0x40 | (minute % 60));
            format!(
                r#"{{"Type":"Rewind","Time":"2016-01-01T13:{:02}:{:02}","Data":"{}"}}"#,
                minute / 60,
                minute % 60,
                base64(&digits)
            )
        };
        let list: Vec<_> = (0..200).rev().map(record).collect();
        let pieces = content(&format!("[{}]", list.join(","))).pieces;
        assert_eq!(pieces.iter().map(|piece| piece.number).collect::<Vec<_>>(), [Some(0), Some(1)]);
        assert!(pieces.iter().all(|piece| piece.bytes.len() == RECORDS));
        assert_eq!(&pieces[1].bytes[..3], [0x21, 0, 0x40], "the oldest");
    }

    #[test]
    fn pages_in_any_place_are_found() {
        let page = vec![0x21; 1024];
        let base64 = BASE64_STANDARD.encode(&page);
        let text =
            format!(r#"{{"pages": [{{"page": 3, "data": "{base64}"}}, {{"page": 4, "data": {page:?}}}]}}"#);
        let found: Vec<_> =
            content(&text).pieces.into_iter().map(|piece| (piece.number, piece.bytes)).collect();
        assert_eq!(found, [(Some(3), page.clone()), (Some(4), page.clone())]);
        let inner = format!(r#"{{"a": {{"page": 2, "data": {page:?}}}, "b": {page:?}, "number": 7}}"#);
        let numbers: Vec<_> = content(&inner).pieces.iter().map(|piece| piece.number).collect();
        assert_eq!(numbers, [Some(2), Some(7)], "the nearest object tells");
        let fault = read(r#"{"a": [1, 256]}"#).expect("JSON").expect_err("no byte").to_string();
        assert!(fault.contains("256"), "{fault}");
        assert!(read(r#"{"a": 1}"#).is_some_and(|read| read.is_err()));
        assert!(read("{0x33, 0x00}").is_none(), "an array of C");
    }
}
