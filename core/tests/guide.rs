// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the README, the user's guide and the profile. Out: the proof that the names in their filters are those of fields.

use carelink_core::registry;
use carelink_core::tree::expert::EXPERTS;
use std::fs;
use std::path::{Path, PathBuf};

fn texts() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let within = |folder: &str| {
        let entries = fs::read_dir(root.join(folder)).expect("the folder is there");
        entries.map(|entry| entry.expect("an entry").path()).collect::<Vec<_>>()
    };
    [within("docs/guide"), within("epan-plugin/profile"), vec![root.join("README.md")]].concat()
}

/// The words that look like names of our fields.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
    text.split(move |c| !part(c))
        .map(|word| word.trim_matches('.'))
        .filter(|word| word.starts_with("carelink."))
}

#[test]
fn filters_in_documents_name_fields() {
    let known = |name: &str| {
        registry::fields().any(|field| field.name == name) || EXPERTS.iter().any(|expert| expert.name == name)
    };
    // A group of names, and files and preferences that are called so.
    let other = |name: &str| ["carelink.so", "carelink.tcp.port"].contains(&name);
    let mut count = 0;
    for path in texts() {
        let text = fs::read_to_string(&path).expect("it can be read");
        for name in names(&text).filter(|name| !other(name)) {
            assert!(known(name), "{}: {name} is no field", path.display());
            count += 1;
        }
    }
    assert!(count > 30, "{count}");
}
