// SPDX-License-Identifier: GPL-2.0-or-later
//! In: an event and its row. Out: the row as a line of text or of JSON.

use super::SEQ;
use crate::found::Found;
use crate::row::{Row, values};
use crate::terminal::{DIM, Look, PLAIN, STRONG};
use carelink_core::vendor::Vocabulary;
use serde_json::Value;

/// A row as text: with tabs, or on a terminal in columns.
pub(super) fn text(cells: &[String], look: Look) -> String {
    if !look.on_terminal() && !look.is_colored() {
        return cells.join("\t");
    }
    let padded = |at: usize, text: &String| match (look.on_terminal(), at) {
        (false, 0) => text.clone(),
        (false, _) => format!("\t{text}"),
        (true, 0) => format!("{text:19}"),
        (true, 1) => format!("  {text:28}"),
        (true, _) => format!("  {text}"),
    };
    let pieces: Vec<_> = cells.iter().enumerate().map(|(at, text)| padded(at, text)).collect();
    let style = |at| match at {
        0 => DIM,
        1 => STRONG,
        2 => PLAIN,
        _ => DIM,
    };
    look.line(pieces.iter().enumerate().map(|(at, text)| (style(at), text.as_str())))
}

/// An event as a line of JSON.
pub(super) fn json(found: &Found, names: Vocabulary, row: &[Value]) -> Value {
    let event = found.event.clone().named(names);
    let [page, offset, side] = [1, 2, 3].map(|behind| row[SEQ + behind].clone());
    Row::new("events", "event")
        .file(found.file.as_deref())
        .transaction(found.asked.map(|asked| asked.transaction.get()))
        .frame(found.frame)
        .time(Some(event.time.to_string()))
        .pump(found.pump.serial.map(|serial| serial.to_string()))
        .with("seq", &row[SEQ])
        .with("type", &event.kind)
        .with("values", values(&event))
        .with("values_text", event.to_string())
        .with("device", found.pump.to_string())
        .with("page", page)
        .with("offset", offset)
        .with("setting", side)
        .json()
}
