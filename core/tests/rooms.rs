// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the sources of the core. Out: proof that its rooms, the modules at its root, import each other in no circle.
//!
//! A room is named by `crate::room`, or in what is handed to a macro by `room::module`, which the macro may put behind
//! a `crate::` of its own.

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A room: its name, its modules, and the text of its sources without their tests.
struct Room {
    name: String,
    modules: BTreeSet<String>,
    sources: Vec<String>,
}

impl Room {
    fn at(path: &Path) -> Self {
        let modules = if path.is_dir() {
            entries(path).iter().map(|entry| stem(entry)).collect()
        } else {
            BTreeSet::new()
        };
        Self { name: stem(path), modules, sources: sources(path) }
    }

    /// The paths that begin at the crate's root, by their first name.
    fn named(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for source in &self.sources {
            let tokens = source.parse().expect("the source is Rust");
            gather(tokens, false, &mut |name, of_crate| {
                // Behind no `crate::`, a module of this room goes first.
                if of_crate || !self.modules.contains(&name) {
                    names.insert(name);
                }
            });
        }
        names
    }
}

/// Hands each name behind a `crate::` to `found`, and in what macros are handed each name that begins a path.
fn gather(tokens: TokenStream, handed: bool, found: &mut impl FnMut(String, bool)) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let is = |at: usize, text: &str| tokens.get(at).is_some_and(|token| token.to_string() == text);
    let is_path = |at: usize| is(at, ":") && is(at + 1, ":");
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => {
                let macros = at > 0 && (is(at - 1, "!") || at > 1 && is(at - 2, "!"));
                gather(group.stream(), handed || macros, found);
            }
            TokenTree::Ident(name) if name == "crate" && is_path(at + 1) => match tokens.get(at + 3) {
                Some(TokenTree::Ident(name)) => found(name.to_string(), true),
                Some(TokenTree::Group(list)) if list.delimiter() == Delimiter::Brace => {
                    let list: Vec<_> = list.stream().into_iter().collect();
                    let parts = list.split(|token| token.to_string() == ",");
                    parts.filter_map(<[_]>::first).for_each(|name| found(name.to_string(), true));
                }
                _ => {}
            },
            TokenTree::Ident(name) if handed && is_path(at + 1) && (at == 0 || !is(at - 1, ":")) => {
                found(name.to_string(), false);
            }
            _ => {}
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder can be listed");
    entries.map(|entry| entry.expect("an entry can be read").path()).collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("it has a name").to_string_lossy().into_owned()
}

/// All sources at `path` and below, without the tests in them.
fn sources(path: &Path) -> Vec<String> {
    if path.is_dir() {
        return entries(path).iter().flat_map(|entry| sources(entry)).collect();
    }
    let source = fs::read_to_string(path).expect("the source can be read");
    vec![source.split("#[cfg(test)]").next().unwrap_or_default().to_owned()]
}

#[test]
fn rooms_import_each_other_in_no_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rooms: Vec<_> =
        entries(&root).iter().filter(|path| stem(path) != "lib").map(|path| Room::at(path)).collect();
    let names: Vec<_> = rooms.iter().map(Room::named).collect();
    let mut graph = DiGraphMap::<&str, ()>::new();
    for (room, named) in rooms.iter().zip(&names) {
        graph.add_node(&room.name);
        for other in rooms.iter().filter(|other| other.name != room.name && named.contains(&other.name)) {
            graph.add_edge(&room.name, &other.name, ());
        }
    }
    for arrow in [("view", "track"), ("stick", "transfer"), ("registry", "view")] {
        assert!(graph.contains_edge(arrow.0, arrow.1), "{arrow:?} is not in {graph:?}");
    }
    let below: Vec<_> = graph.neighbors("tree").collect();
    assert!(below.is_empty(), "tree/ knows of {below:?}");
    let circles: Vec<_> = tarjan_scc(&graph).into_iter().filter(|rooms| rooms.len() > 1).collect();
    assert!(circles.is_empty(), "rooms that import each other: {circles:?}");
}

#[test]
fn rooms_are_found_in_uses_and_in_what_macros_are_handed() {
    let room = |source: &str| Room {
        name: String::new(),
        modules: BTreeSet::from(["sensor".to_owned()]),
        sources: vec![source.to_owned()],
    };
    let cases = [
        ("use crate::tree::field::Field;", vec!["tree"]),
        ("use crate::{history, pump::{model::Model, nak}, view};", vec!["history", "pump", "view"]),
        ("fn f() { crate::emit::page::page(&[]) } // crate::track", vec!["emit"]),
        ("groups! { Product => stick::product; Sensor => sensor::record; }", vec!["stick"]),
        ("macro_rules! rows { () => { $crate::units::Glucose }; }", vec!["units"]),
        ("fn f() { page::show(\"crate::track\") }", vec![]),
    ];
    for (source, names) in cases {
        assert_eq!(
            room(source).named().iter().collect::<Vec<_>>(),
            names.iter().collect::<Vec<_>>(),
            "{source}"
        );
    }
}
