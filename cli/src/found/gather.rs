// SPDX-License-Identifier: GPL-2.0-or-later
//! In: captures, and files with pages. Out: the events in them, pump by pump.

use super::holdings::{self, Holding, Lost};
use super::source::{Given, Source, source};
use super::{Collection, Device, current, history_events, sensor_events};
use crate::conversation::Options;
use crate::forms::Content;
use crate::page::{Kind, Page};
use crate::proof;
use anyhow::{Error, Result};
use carelink_core::pump::model::Pump;
use carelink_core::pump::serial::Serial;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Finds the events in `files`.
///
/// # Errors
/// If nothing of any file can be read. A file that cannot be read beside others is told in the collection.
pub fn collect(files: &[PathBuf], options: &Options) -> Result<Collection> {
    let (mut sources, mut faults) = (Vec::new(), Vec::new());
    for path in files {
        match source(path, options) {
            Ok(source) => sources.push(source),
            Err(fault) => faults.push(fault),
        }
    }
    of_sources(sources, options, faults, files.len())
}

/// Finds the events in the files that could be read of so many.
pub(crate) fn of_sources(
    sources: Vec<Source>,
    options: &Options,
    mut faults: Vec<Error>,
    files: usize,
) -> Result<Collection> {
    let given: Vec<_> = sources.iter().map(Source::given).collect();
    let mut collection = gather(&given, options, &mut faults);
    if faults.len() == files {
        return faults.into_iter().next().map_or(Ok(collection), Err);
    }
    let damaged = sources.into_iter().filter_map(|source| match source {
        Source::Capture(conversation) => conversation.damage,
        Source::Pages(..) => None,
    });
    let mut faults = damaged.chain(faults);
    collection.damage = faults.next();
    collection.warnings.extend(faults.map(|fault| format!("{fault:#}")));
    Ok(collection)
}

/// The place among sources of all files with pages, which are taken to be of one download.
const FILES: usize = usize::MAX;

/// Finds the events in what was read; what has none for a reason goes to `faults`.
pub(crate) fn gather(sources: &[Given<'_>], options: &Options, faults: &mut Vec<Error>) -> Collection {
    let mut collection = Collection::default();
    let mut pages: BTreeMap<Option<Serial>, Vec<Page<'_>>> = BTreeMap::new();
    let mut lost: Vec<Lost> = Vec::new();
    let mut damaged: BTreeSet<usize> = BTreeSet::new();
    let mut strangers = false;
    for (at, &source) in sources.iter().enumerate() {
        match source {
            Given::Pages(path, content) => match pages_in_file(path, content, options) {
                Ok(found) => {
                    let note = |note| format!("{}: {note}", path.display());
                    collection.notes.extend(content.notes.iter().map(note));
                    let found = found.into_iter().map(|page| Page { source: FILES, ..page });
                    pages.entry(None).or_default().extend(found);
                }
                Err(fault) => faults.push(fault),
            },
            Given::Capture(conversation) => {
                let remarks = conversation.remarks();
                let bad = !remarks.damage.is_empty();
                damaged.extend(bad.then_some(at));
                collection.warnings.extend(remarks.damage);
                collection.notes.extend(remarks.others);
                current(conversation, at, &mut collection);
                let pages_of_it = conversation.entries().filter_map(|entry| Page::of(&entry));
                for page in pages_of_it.filter(|page| page.kind != Kind::Trace) {
                    pages.entry(page.serial).or_default().push(Page {
                        source: at,
                        capture: Some(conversation.name()),
                        ..page
                    });
                }
                for page in holdings::lost(conversation, bad, at) {
                    pages.entry(page.serial).or_default();
                    lost.push(page);
                }
                strangers |= holdings::has_strangers(conversation);
            }
        }
    }
    let captures = sources.iter().filter(|source| matches!(source, Given::Capture(_))).count();
    for (serial, mut pages) in pages {
        // What one capture tells of a pump holds in the others too.
        let told = pages.iter().map(|page| page.pump).max_by_key(|pump| pump.known).unwrap_or_default();
        let (pump, history) = settled(told, &pages, &mut collection);
        let name = Device::of(pump, serial);
        pages.iter_mut().for_each(|page| page.pump = pump);
        let can_be_read = |page: &Page<'_>| history || page.kind != Kind::History;
        let (pages, left_out): (Vec<_>, Vec<_>) =
            pages.into_iter().partition(|page| can_be_read(page) && usable(page, &mut collection.warnings));
        lost.extend(left_out.iter().map(Lost::of));
        history_events(&pages, captures > 1, &name, &mut collection);
        sensor_events(&pages, pump, &name, &mut collection);
        collection.holdings.push(Holding::of(name, serial, &pages, &lost, &damaged, strangers));
    }
    collection.sort();
    collection
}

/// The pages in a file, of the pump that the user names, if he does.
pub(crate) fn pages_in_file<'b>(
    path: &'b Path,
    content: &'b Content,
    options: &Options,
) -> Result<Vec<Page<'b>>> {
    Page::in_file(path, content, options.forced().unwrap_or_default())
}

/// The pump that pages are of: what is told of it, or else what the records on its history pages tell; and whether those
/// can be read.
fn settled(told: Pump, pages: &[Page<'_>], collection: &mut Collection) -> (Pump, bool) {
    let of_history = |page: &&Page<'_>| page.kind == Kind::History && page.doubt().is_none();
    match proof::pump(pages.iter().filter(of_history)).filter(|_| told.model.is_none()) {
        None => (told, true),
        Some((Some(pump), note)) => {
            collection.notes.push(note);
            (pump, true)
        }
        Some((None, fault)) => {
            collection
                .warnings
                .push(format!("{fault}: nothing of them is listed; name the model with --model"));
            (told, false)
        }
    }
}

/// True if the values of a page can be trusted.
fn usable(page: &Page<'_>, warnings: &mut Vec<String>) -> bool {
    let reason = if let Some(doubt) = page.doubt() {
        doubt.to_string()
    } else if page.kind != Kind::History && !page.filled() {
        "it lacks its end".to_owned()
    } else if let Some(misfit) = proof::misfit(page).filter(|_| page.kind == Kind::History) {
        misfit
    } else {
        return true;
    };
    warnings.push(format!("{} is left out: {reason}", page.place()));
    false
}
