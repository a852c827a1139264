// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the sources of the core. Out: proof that no files, and no rooms (the modules at its root), import each other in
//! a circle.
//!
//! What a file names after `crate::`, `super::` or the name of a module below it counts as an import, wherever it
//! stands, in macros too; that a module declares the ones below it does not. The crate's root is left out.

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A module, by its path from the crate's root.
type Module = Vec<String>;

/// All sources in a folder and below, by their modules, without comments and without the tests in them.
fn sources(folder: &Path, module: &Module, found: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).expect("a folder can be listed") {
        let path = entry.expect("an entry can be read").path();
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let below = || [module.as_slice(), std::slice::from_ref(&stem)].concat();
        if path.is_dir() {
            sources(&path, &below(), found);
        } else if stem != "lib" && stem != "tests" {
            let source = fs::read_to_string(&path).expect("a source can be read");
            let code = source.split("#[cfg(test)]").next().unwrap_or_default().lines();
            let code: Vec<_> = code.map(|line| line.split("//").next().unwrap_or_default()).collect();
            found.insert(if stem == "mod" { module.clone() } else { below() }, code.join("\n"));
        }
    }
}

/// The paths that begin `text`: one, or one for each name in its braces.
fn paths(text: &str) -> Vec<Module> {
    let text = text.trim_start();
    if let Some(list) = text.strip_prefix('{') {
        let (mut depth, mut start, mut found) = (0, 0, Vec::new());
        for (at, character) in list.char_indices() {
            match character {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    found.extend(paths(&list[start..at]));
                    start = at + 1;
                    if character == '}' {
                        break;
                    }
                }
                _ => {}
            }
        }
        return found;
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let here = vec![name.to_owned()];
    match rest.strip_prefix("::") {
        Some(rest) if !name.is_empty() => {
            paths(rest).into_iter().map(|path| [here.as_slice(), &path].concat()).collect()
        }
        _ => vec![here],
    }
}

/// What follows `word` in `source`, wherever it stands as a word.
fn after<'s>(source: &'s str, word: &str) -> impl Iterator<Item = &'s str> {
    source.match_indices(word).filter_map(|(at, _)| {
        let before = source[..at].chars().next_back();
        let alone = before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':' && c != '$');
        alone.then(|| &source[at + word.len()..])
    })
}

/// The modules that a source names.
fn named(module: &Module, source: &str, modules: &BTreeMap<Module, String>) -> Vec<Module> {
    let file = |path: Module| {
        (1..=path.len()).rev().map(|len| path[..len].to_vec()).find(|path| modules.contains_key(path))
    };
    let from = |base: &[String], rest: &str| -> Vec<Module> {
        paths(rest).into_iter().filter_map(|path| file([base, &path].concat())).collect()
    };
    let mut found: Vec<_> = after(source, "crate::").flat_map(|rest| from(&[], rest)).collect();
    found.extend(source.split("$crate::").skip(1).flat_map(|rest| from(&[], rest)));
    if let Some((_, above)) = module.split_last() {
        found.extend(after(source, "super::").flat_map(|rest| from(above, rest)));
    }
    for below in modules.keys().filter(|below| below.split_last().is_some_and(|(_, above)| above == module)) {
        let name = below.last().expect("it has a name");
        if after(source, &format!("{name}::")).next().is_some() {
            found.push(below.clone());
        }
    }
    found.retain(|other| other != module);
    found
}

/// The circles among the modules cut to `depth` names.
fn circles(modules: &BTreeMap<Module, String>, depth: usize) -> Vec<Vec<String>> {
    let cut = |module: &Module| module[..module.len().min(depth)].join("::");
    let edges: Vec<_> = modules
        .iter()
        .flat_map(|(module, source)| {
            named(module, source, modules).into_iter().map(|other| (cut(module), cut(&other)))
        })
        .filter(|(module, other)| module != other)
        .collect();
    let graph: DiGraphMap<&str, ()> =
        DiGraphMap::from_edges(edges.iter().map(|(module, other)| (module.as_str(), other.as_str())));
    assert!(graph.edge_count() > 20, "the sources are read: {graph:?}");
    let circles = tarjan_scc(&graph).into_iter().filter(|circle| circle.len() > 1);
    circles.map(|circle| circle.into_iter().map(str::to_owned).collect()).collect()
}

#[test]
fn no_rooms_and_no_files_import_each_other_in_a_circle() {
    let mut modules = BTreeMap::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &Vec::new(), &mut modules);
    for (what, depth) in [("rooms", 1), ("files", usize::MAX)] {
        let circles = circles(&modules, depth);
        assert!(circles.is_empty(), "{what} that import each other: {circles:#?}");
    }
}

#[test]
fn imports_are_found_wherever_they_stand() {
    let modules: BTreeMap<Module, String> = ["a", "a::b", "a::c", "d", "d::e"]
        .map(|path| (path.split("::").map(str::to_owned).collect(), String::new()))
        .into();
    let found = |module: &str, source: &str| {
        let module = module.split("::").map(str::to_owned).collect();
        named(&module, source, &modules).iter().map(|path| path.join("::")).collect::<Vec<_>>()
    };
    assert_eq!(found("a", "use crate::d::{self, e::{X, Y}, Z};"), ["d", "d::e", "d::e", "d"]);
    assert_eq!(found("a::b", "use super::c::X; super::Y"), ["a::c", "a"]);
    assert_eq!(found("a", "fn f() -> b::X { my_c::d() }"), ["a::b"]);
    assert_eq!(found("d", "macro_rules! m { () => { $crate::a::b::X } }"), ["a::b"]);
}
