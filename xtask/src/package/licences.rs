// SPDX-License-Identifier: GPL-2.0-or-later
//! The crates that the plugin and the program are linked from in; their licences, with the texts, out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::process::Command;

use anyhow::Result;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId, TargetKind};
use xtask::{process, workspace};

/// The crates that are given to others.
const ROOTS: [&str; 2] = ["carelink-epan", "carelink-cli"];

/// How the files that hold a licence or a notice begin.
const FILES: [&str; 6] = ["licen", "copying", "copyright", "notice", "unlicense", "authors"];

/// The document: a line for each crate, and each text once, with the crates that it is of.
///
/// # Errors
/// If cargo cannot tell what the crates depend on.
pub fn text() -> Result<String> {
    let mut command = MetadataCommand::new();
    command.manifest_path(workspace::root().join("Cargo.toml"));
    let options = ["--locked", "--offline", "--filter-platform", &host()?];
    let metadata = command.other_options(options.map(str::to_owned)).exec()?;
    let mut text =
        "These crates are linked into the plugin carelink.so or the program carelink:\n\n".to_owned();
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in linked(&metadata) {
        let name = format!("{} {}", package.name, package.version);
        let licence = package.license.as_deref().unwrap_or("see its licence below");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name}: {licence}");
        for file in texts_of(package)? {
            texts.entry(file).or_default().push(name.clone());
        }
    }
    let mut texts: Vec<_> = texts.into_iter().map(|(file, names)| (names, file)).collect();
    texts.sort();
    for (names, file) in texts {
        let _ = write!(text, "\n{}\n{}:\n\n{}\n", "-".repeat(72), names.join(", "), file.trim_end());
    }
    Ok(text)
}

/// The machine that rustc builds for when it is not told, as in x86_64-unknown-linux-gnu.
///
/// # Errors
/// If rustc cannot be asked.
pub fn host() -> Result<String> {
    Ok(process::read(Command::new("rustc").args(["--print", "host-tuple"]))?.trim().to_owned())
}

/// The crates of others that end up in the roots, by name: not what only builds or tests them.
fn linked(metadata: &Metadata) -> Vec<&Package> {
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let nodes: BTreeMap<&PackageId, _> = nodes.map(|node| (&node.id, node)).collect();
    let mut waiting: Vec<&PackageId> = metadata
        .workspace_packages()
        .into_iter()
        .filter(|package| ROOTS.contains(&package.name.as_str()))
        .map(|package| &package.id)
        .collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if seen.insert(id) {
            let dependencies = nodes.get(id).into_iter().flat_map(|node| &node.deps);
            let normal =
                dependencies.filter(|dep| dep.dep_kinds.iter().any(|of| of.kind == DependencyKind::Normal));
            waiting.extend(normal.map(|dep| &dep.pkg));
        }
    }
    let macros =
        |package: &Package| package.targets.iter().any(|target| target.is_kind(TargetKind::ProcMacro));
    let foreign =
        |package: &&Package| seen.contains(&package.id) && package.source.is_some() && !macros(package);
    let mut packages: Vec<_> = metadata.packages.iter().filter(foreign).collect();
    packages.sort_by_key(|package| (package.name.as_str(), &package.version));
    packages
}

/// The texts of licences and notices in the folder of a crate.
fn texts_of(package: &Package) -> Result<BTreeSet<String>> {
    let Some(folder) = package.manifest_path.parent() else { return Ok(BTreeSet::new()) };
    let mut texts = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if entry.file_type()?.is_file() && FILES.iter().any(|begin| name.starts_with(begin)) {
            texts.insert(String::from_utf8_lossy(&fs::read(entry.path())?).replace("\r\n", "\n"));
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linked_is_named_and_what_only_builds_is_not() -> Result<()> {
        let text = text()?;
        let named = |name: &str| text.lines().any(|line| line.starts_with(&format!("{name} ")));
        assert!(named("once_cell") && named("clap") && named("nom"));
        assert!(!named("bindgen") && !named("proptest") && !named("carelink-core"));
        assert!(text.contains("Permission is hereby granted, free of charge"));
        Ok(())
    }
}
