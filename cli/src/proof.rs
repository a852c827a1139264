// SPDX-License-Identifier: GPL-2.0-or-later
//! In: bytes of pages whose kind or model nobody told. Out: what they themselves prove of it, or why they prove nothing.

use crate::forms::{KNOWN, Text};
use crate::page::{Kind, Page};
use anyhow::{Result, bail, ensure};
use carelink_core::history::fit::{Fit, fitting, is_empty};
use carelink_core::history::layout::Layout;
use carelink_core::pages;
use carelink_core::pump::model::{Known, Pump};
use carelink_core::tree::checksum::CrcStatus;
use carelink_core::tree::field::Evidence;

/// The kind that the first page in `bytes` shows: by its check value, and by its records where sizes are the same.
///
/// # Errors
/// If it shows none, or its records are those of other models than `pump`.
pub fn kind(bytes: &[u8], pump: Pump, text: Text) -> Result<Kind> {
    let sound = |kind| pages::check(kind, bytes) == CrcStatus::Good;
    if sound(Kind::Isig) {
        return Ok(Kind::Isig);
    }
    let sealed = sound(Kind::History);
    let bare = pages::unsealed(Kind::History).filter(|size| bytes.len().is_multiple_of(*size));
    let first = if sealed { Kind::History.size() } else { bare };
    let Some(first) = first.and_then(|size| bytes.get(..size)) else {
        ensure!(text != Text::Unknown, "text in no form that pages are kept in here, which are {KNOWN}");
        bail!(
            "neither a capture nor a page: no check value proves its {} bytes, and its name does not tell them a history, \
             glucose, ISIG or VCNTR page",
            bytes.len()
        );
    };
    let fits: Vec<_> = fitting(first).collect();
    let proof = if sealed {
        "by their CRC-16 the bytes are a good page"
    } else {
        "the bytes are as many as a page has without its CRC-16"
    };
    ensure!(!is_empty(first), "an empty page of any kind: name the file so, such as history-page-0.data");
    if fits.is_empty() {
        bail!(
            "{proof}, but its records are no history of any model; if it is a page of the sensor, name the file so, such as \
             glucose-page-7.data"
        );
    }
    ensure!(
        believed(pump).is_none_or(|layout| fits.contains(&layout)),
        "{proof}, a history page of a {}, and its records do not fit model {}: name the right one with --model",
        models(&fits),
        pump.model.map(|model| model.to_string()).unwrap_or_default()
    );
    Ok(Kind::History)
}

/// The layout of a pump whose model is told, if the lengths of such records are known.
fn believed(pump: Pump) -> Option<Layout> {
    let layout = pump.model.filter(|_| pump.known >= Known::Told)?.row().layout?;
    (layout.evidence != Evidence::Guessed).then_some(layout.value)
}

/// Why nothing of a history page is to be listed, if its records are those of other models.
#[must_use]
pub fn misfit(page: &Page<'_>) -> Option<String> {
    let layout = believed(page.pump)?;
    let fits: Vec<_> = fitting(page.bytes).collect();
    let other = !fits.is_empty() && !fits.contains(&layout);
    other.then(|| {
        let model = page.pump.model.map(|model| model.to_string()).unwrap_or_default();
        format!(
            "its records do not fit model {model}, but a {}; name the right model with --model",
            models(&fits)
        )
    })
}

/// What the records of history pages tell of their pump, which is not known: the pump, or why they are not to be read; and
/// a sentence of it.
#[must_use]
pub fn pump<'p>(pages: impl Iterator<Item = &'p Page<'p>>) -> Option<(Option<Pump>, String)> {
    let pages: Vec<_> = pages.map(|page| page.bytes).filter(|page| !is_empty(page)).collect();
    let Fit { layouts, pump } = Fit::of(&pages);
    let told = match (pump, layouts.as_slice()) {
        _ if pages.is_empty() => return None,
        (Some(_), _) => format!("no model is told; the records are those of a {}", models(&layouts)),
        (None, []) => "no model is told, and the pages are not of one pump".to_owned(),
        (None, _) => format!("no model is told, and records of a {} differ", models(&layouts)),
    };
    Some((pump, told))
}

/// `551 or 554`
fn models(layouts: &[Layout]) -> String {
    let families = layouts.iter().flat_map(|layout| layout.families());
    let mut numbers: Vec<_> = families.map(|family| family.members[0].number).collect();
    numbers.sort_unstable();
    let words: Vec<_> = numbers.iter().map(u16::to_string).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
