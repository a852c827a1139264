// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the sources of the core. Out: proof that its rooms, the modules at its root, import each other in no circle.
//!
//! The list of field groups in `tree/field.rs` names all rooms through a macro. It is registration, and not counted.

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The rooms that a source names: what follows each `crate::`, one or several in braces.
fn named(source: &str) -> BTreeSet<&str> {
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1))
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default().split(',').collect(),
            None => vec![rest],
        })
        .map(|path| {
            let path = path.trim();
            let end = path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
            &path[..end]
        })
        .collect()
}

/// All sources at `path` and below, without the tests in them.
fn sources(path: &Path) -> Vec<String> {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("the room can be listed");
        return entries.flat_map(|entry| sources(&entry.expect("an entry can be read").path())).collect();
    }
    let source = fs::read_to_string(path).expect("the source can be read");
    vec![source.split("#[cfg(test)]").next().unwrap_or_default().to_owned()]
}

#[test]
fn rooms_import_each_other_in_no_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rooms: Vec<(String, Vec<String>)> = fs::read_dir(&root)
        .expect("the sources can be listed")
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.file_name().is_some_and(|name| name != "lib.rs"))
        .map(|path| (path.file_stem().expect("a name").to_string_lossy().into_owned(), sources(&path)))
        .collect();
    let mut graph = DiGraphMap::<&str, ()>::new();
    for (room, sources) in &rooms {
        graph.add_node(room);
        for other in sources.iter().flat_map(|source| named(source)) {
            if other != room
                && let Some((other, _)) = rooms.iter().find(|(name, _)| name == other)
            {
                graph.add_edge(room, other, ());
            }
        }
    }
    assert!(graph.contains_edge("view", "track") && graph.contains_edge("stick", "transfer"), "{graph:?}");
    let circles: Vec<_> = tarjan_scc(&graph).into_iter().filter(|rooms| rooms.len() > 1).collect();
    assert!(circles.is_empty(), "rooms that import each other: {circles:?}");
}
