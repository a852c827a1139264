// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the manifests of our crates. Out: `docs/dependencies.md` says of each crate that they name why it is there, and of no
//! other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cargo_metadata::MetadataCommand;
use xtask::workspace;

fn named(manifest: &Path) -> BTreeSet<String> {
    let mut command = MetadataCommand::new();
    let metadata = command.manifest_path(manifest).no_deps().exec().expect("cargo tells");
    let all = metadata.packages.into_iter().flat_map(|package| package.dependencies);
    all.filter(|dependency| dependency.path.is_none()).map(|dependency| dependency.name).collect()
}

#[test]
fn each_dependency_says_why_it_is_there() {
    let root = workspace::root();
    let mut named_by_us = named(&root.join("Cargo.toml"));
    named_by_us.extend(named(&root.join("fuzz/Cargo.toml")));
    let text = fs::read_to_string(root.join("docs/dependencies.md")).expect("readable");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let told: BTreeSet<_> = rows.filter(|(_, why)| why.len() > 2).map(|(name, _)| name.to_owned()).collect();
    assert_eq!(told, named_by_us);
}
