// SPDX-License-Identifier: GPL-2.0-or-later
//! In: JSON: records as ecc1's and openaps' tools write them, or bytes of pages as numbers, digits or base64. Out: pages.
//!
//! Records have their bytes as base64 (`Data`, or `id`), or their parts as digits (`_head`, `_date`, `_body`). They mostly
//! come newest first. As no page is told, they are put on pages as a pump does it, without check values.

use super::arrays::bytes;
use super::{Content, Piece, sized};
use crate::page::Kind;
use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use carelink_core::history::page::RECORDS;
use serde_json::{Map, Value};

pub(super) fn read(text: &str) -> Option<Result<Content>> {
    if !text.trim_start().starts_with(['[', '{']) {
        return None;
    }
    let value: Value = serde_json::from_str(text).ok()?;
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if list.iter().any(|item| item.as_object().is_some_and(is_record)) {
        return Some(records(list));
    }
    let mut pieces = Vec::new();
    let found = pages(&value, None, &mut pieces);
    let nothing = || anyhow::anyhow!("JSON without records and without bytes of pages");
    let content = Content { pieces, ..Content::default() };
    Some(found.and_then(|()| if content.pieces.is_empty() { Err(nothing()) } else { Ok(content) }))
}

fn is_record(record: &Map<String, Value>) -> bool {
    ["Type", "_type", "_head", "_description"].iter().any(|key| record.contains_key(*key))
}

/// Bytes of pages, wherever they are; `number` is that which an object around them tells.
fn pages(value: &Value, number: Option<u32>, found: &mut Vec<Piece>) -> Result<()> {
    match value {
        Value::Array(list) => match list.iter().map(Value::as_i64).collect::<Option<Vec<_>>>() {
            Some(numbers) if !numbers.is_empty() => found.push(Piece { number, ..bytes(&numbers)? }),
            _ => list.iter().try_for_each(|item| pages(item, number, found))?,
        },
        Value::Object(object) => {
            let told = ["page", "number"].iter().find_map(|key| object.get(*key)?.as_u64());
            let number = told.and_then(|told| u32::try_from(told).ok()).or(number);
            object.values().try_for_each(|item| pages(item, number, found))?;
        }
        Value::String(text) => {
            let decoded = hex::decode(text).ok().or_else(|| BASE64_STANDARD.decode(text).ok());
            found.extend(decoded.filter(|bytes| sized(bytes.len())).map(|bytes| Piece {
                kind: None,
                number,
                bytes,
            }));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

fn records(list: &[Value]) -> Result<Content> {
    let mut records = Vec::with_capacity(list.len());
    for (at, item) in (1..).zip(list) {
        let record = item.as_object().and_then(of_record);
        records.push(record.with_context(|| {
            format!(
                "record {at} has no bytes: neither Data or id in base64, nor _head, _date and _body in digits"
            )
        })?);
    }
    let mut notes =
        vec!["records without their pages: no CRC-16 tells that they are right and all there".to_owned()];
    match steps(list) {
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

fn of_record(record: &Map<String, Value>) -> Option<Vec<u8>> {
    let text = |key: &str| record.get(key)?.as_str();
    if let Some(data) = text("Data").or_else(|| text("id")) {
        return BASE64_STANDARD.decode(data).ok().filter(|bytes| !bytes.is_empty());
    }
    let part = |key: &str| {
        let text = text(key).unwrap_or_default();
        hex::decode(text).ok().or_else(|| BASE64_STANDARD.decode(text).ok())
    };
    let bytes = [part("_head")?, part("_date")?, part("_body")?].concat();
    (!bytes.is_empty()).then_some(bytes)
}

/// How often the time goes up from one record to the next, and how often down.
fn steps(list: &[Value]) -> (usize, usize) {
    let time = |record: &Value| -> Option<String> {
        let text = ["Time", "timestamp", "date"].iter().find_map(|key| record.get(*key)?.as_str())?;
        text.get(..19).map(str::to_owned)
    };
    let times: Vec<_> = list.iter().filter_map(time).collect();
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
        assert_eq!(found, [(Some(3), page.clone()), (Some(4), page)]);
        assert!(read(r#"{"a": 1}"#).is_some_and(|read| read.is_err()));
        assert!(read("{0x33, 0x00}").is_none(), "an array of C");
    }
}
