// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the verdicts of an audit. Out: rows of JSON and CSV.

use super::judge::{Judgement, Verdict, WORDS};
use crate::row::{Row, values};
use serde_json::{Map, Value, json};

pub(super) const COLUMNS: [&str; 9] =
    ["verdict", "reason", "time", "type", "export_line", "frame", "keys", "export_values", "capture_values"];

/// The columns of the verdict alone.
pub(super) const SUMMARY: [&str; 3] = ["verdict", "reason", "count"];

/// How many there are of each verdict, and those that are not judged by their reasons.
pub(super) fn counts(judgement: &Judgement<'_>) -> Vec<[Value; SUMMARY.len()]> {
    let (rest, judged) = WORDS.split_last().unwrap_or((&"", &[]));
    let counts = judged.iter().zip(judgement.counts());
    let counts = counts.map(|(word, count)| [json!(word), Value::Null, json!(count)]);
    let absent = judgement.absent().into_iter();
    counts.chain(absent.map(|(why, count)| [json!(rest), json!(why.words()), json!(count)])).collect()
}

/// The verdict in numbers, which comes first in JSON.
pub(super) fn summary(judgement: &Judgement<'_>) -> Value {
    let counts =
        WORDS.iter().zip(judgement.counts()).map(|(word, count)| (word.replace(' ', "_"), json!(count)));
    let reasons = judgement.absent().into_iter().map(|(why, count)| (why.words().to_owned(), json!(count)));
    let (counts, reasons) = (counts.collect::<Map<_, _>>(), reasons.collect::<Map<_, _>>());
    Row::new("audit", "summary")
        .with("first_time", judgement.first.to_string())
        .with("last_time", judgement.last.to_string())
        .with("devices", &judgement.pumps)
        .with("counts", counts)
        .with("missing_unread", judgement.unread())
        .with("not_judged_by_reason", reasons)
        .json()
}

/// A verdict on an event.
pub(super) fn json(verdict: &Verdict<'_>) -> Value {
    let ((time, kind), (official, found)) = (verdict.event(), verdict.sides());
    let serial = found.and_then(|found| found.pump.serial).map(|serial| serial.to_string());
    Row::new("audit", "event")
        .frame(found.and_then(|found| found.frame))
        .time(time.map(|time| time.to_string()))
        .pump(serial)
        .with("verdict", verdict.word())
        .with("reason", verdict.reason())
        .with("type", kind)
        .with("keys", verdict.keys())
        .with("export_line", official.map(|official| official.line))
        .with("export_values", official.map(|official| values(&official.event)))
        .with("export_text", official.map(|official| &official.text))
        .with("capture_values", found.map(|found| values(&found.event)))
        .with("capture_text", found.map(|found| found.event.to_string()))
        .json()
}

pub(super) fn csv(verdict: &Verdict<'_>) -> [Value; COLUMNS.len()] {
    let ((time, kind), (official, found)) = (verdict.event(), verdict.sides());
    [
        json!(verdict.word()),
        json!(verdict.reason()),
        json!(time.map(|time| time.to_string())),
        json!(kind),
        json!(official.map(|official| official.line)),
        json!(found.and_then(|found| found.frame)),
        json!(verdict.keys().join(" ")),
        json!(official.map(|official| &official.text)),
        json!(found.map(|found| found.event.to_string())),
    ]
}
