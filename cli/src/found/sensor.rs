// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the sensor pages of one pump. Out: its events, with their places.

use super::{Collection, Device, Found};
use crate::page::{Kind, Page};
use carelink_core::pump::model::Pump;
use carelink_core::sensor::{self, Pages};
use std::collections::{BTreeMap, BTreeSet};

/// Adds the events of sensor pages.
pub(crate) fn sensor_events(pages: &[Page<'_>], pump: Pump, name: &Device, collection: &mut Collection) {
    // The newest reading of a page is the fullest one, and goes with the newest of the others.
    let mut newest: BTreeMap<(Kind, u32), &Page<'_>> = BTreeMap::new();
    for page in pages.iter().filter(|page| page.kind != Kind::History) {
        match page.number {
            Some(number) => {
                newest.insert((page.kind, number), page);
            }
            None => {
                collection.warnings.push(format!("a {} page without a number is left out", page.kind.word()))
            }
        }
    }
    let bytes = |kind, number| newest.get(&(kind, number)).map(|page| page.bytes);
    let numbers: BTreeSet<_> =
        newest.keys().filter(|(kind, _)| *kind == Kind::Glucose).map(|(_, number)| *number).collect();
    let together: Vec<_> = numbers
        .iter()
        .filter_map(|&number| {
            let glucose = bytes(Kind::Glucose, number)?;
            Some(Pages {
                number,
                glucose,
                isig: bytes(Kind::Isig, number),
                vcntr: bytes(Kind::Vcntr, number),
            })
        })
        .collect();
    if pump.large().is_none() && !together.is_empty() {
        let unknown = "the model is not known, and with it whether the lowest bit of glucose lies on the ISIG page: where that \
                       makes a difference, both values are listed; name the model with --model";
        collection.warnings.push(unknown.to_owned());
    }
    if pump.large() == Some(true) {
        for pages in together.iter().filter(|pages| pages.isig.is_none()) {
            let number = pages.number;
            collection.warnings.push(format!(
                "glucose page {number} has no ISIG page beside it, which holds the lowest bit of its values"
            ));
        }
    }
    for page in newest.values().filter(|page| !page.whole()) {
        let warning = format!("{} has no CRC-16: nothing vouches for its records", page.place());
        collection.warnings.push(warning);
    }
    let (mut records, mut origins) = (Vec::new(), Vec::new());
    for (number, of_page) in sensor::read_by_page(&together, pump) {
        records.extend(of_page);
        origins.resize(records.len(), newest.get(&(Kind::Glucose, number)));
    }
    for (at, event) in sensor::events::told(&records) {
        let found = match origins[at] {
            Some(page) => Found::on(page, records[at].offset.into(), event, name),
            None => Found::of(event, name),
        };
        collection.events.push(found);
    }
}
