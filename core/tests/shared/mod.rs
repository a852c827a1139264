// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the folder of real recordings beside the repository. Out: its files, the vendor's events, and a comparison.

#![allow(dead_code, reason = "each test program uses a part of this")]

use carelink_core::vendor::{Datum, Event};
use carelink_recordings::path;
use std::collections::HashMap;
use std::fs;

/// The files in folder `name` whose names hold `part`, with their names, sorted by the number behind `mark`.
pub fn files(name: &str, part: &str, mark: &str) -> Option<Vec<(u32, Vec<u8>)>> {
    let entries = fs::read_dir(path(name)?).unwrap();
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?;
            let (_, rest) = name.split_once(mark).filter(|_| name.contains(part))?;
            let number = rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
            Some((number, fs::read(&path).unwrap()))
        })
        .collect();
    files.sort();
    Some(files)
}

/// An event of an export: its time, its type, and its values as text.
pub type Official = (String, String, Vec<(String, String)>);

/// The events of `pump` in the export `name`. Database ids, and values that the vendor left out, are left out.
pub fn export(name: &str, pump: &str) -> Option<Vec<Official>> {
    let text = fs::read_to_string(path(name)?).unwrap();
    let rows = text.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    let events = rows.filter(|row| row[3].contains(pump)).map(|row| {
        let values = row[2].split(", ").filter_map(|pair| pair.split_once('='));
        let judged = values.filter(|(key, value)| !key.contains("_DATUM") && *value != "null");
        let values = judged.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        (row[0].to_owned(), row[1].to_owned(), values)
    });
    Some(events.collect())
}

/// True if `event` has all the values of an official one.
pub fn agrees(event: &Event, official: &[(String, String)]) -> bool {
    official.iter().all(|(key, value)| match event.get(key) {
        Some(Datum::Number(number)) => value.parse::<f64>().is_ok_and(|value| (value - number).abs() < 5e-5),
        Some(datum) => datum.to_string().eq_ignore_ascii_case(value),
        None => false,
    })
}

/// Compares events with official ones, one to one by time, type and values: how many agree, and what is missing.
pub fn compare<'o>(events: &[Event], official: &[&'o Official]) -> (usize, Vec<&'o Official>) {
    let mut pool: HashMap<(String, &str), Vec<&Event>> = HashMap::new();
    for event in events {
        pool.entry((event.time.to_string(), event.kind.as_ref())).or_default().push(event);
    }
    let mut missing = Vec::new();
    for row in official {
        let (time, kind, values) = row;
        let found = pool.get_mut(&(time.clone(), kind.as_str()));
        let exact = found.and_then(|found| {
            let at = found.iter().position(|event| agrees(event, values))?;
            Some(found.swap_remove(at))
        });
        if exact.is_none() {
            missing.push(*row);
        }
    }
    (official.len() - missing.len(), missing)
}
