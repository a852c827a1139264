// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a kind of page, a model, and a page. Out: no panic, each byte shown once, and as many records without a tree.

use crate::transfers::assert_claimed_once;
use carelink_core::pump::PageKind;
use carelink_core::pump::model::{Known, Model, Pump};
use carelink_core::tree::cursor::Cursor;
use carelink_core::tree::outline::Outline;
use carelink_core::view::page::alone;

const MODELS: [&str; 8] = ["511", "512", "515", "522", "523", "554", "7100", "7200"];

/// Reads the page, with a tree and without.
pub fn run(bytes: &[u8]) {
    let Some((&[kind, model], page)) = bytes.split_first_chunk() else { return };
    let kind = PageKind::ALL[usize::from(kind) % PageKind::ALL.len()];
    let model = MODELS.get(usize::from(model) % (MODELS.len() + 1)).and_then(|text| Model::parse(text));
    let pump = model.map_or_else(Pump::default, |model| Pump::of(model, Known::Told));
    let mut outline = Outline::default();
    outline.clear();
    let shown = alone(kind, pump, &mut Cursor::new(page, 0, false, &mut outline));
    assert_claimed_once(&outline, page.len());
    assert_eq!(alone(kind, pump, &mut Cursor::new(page, 0, false, &mut ())), shown);
}
