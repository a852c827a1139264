// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the table of models, and the page of the documentation that holds it. Out: proof that both say the same.

use carelink_core::pump::models::FAMILIES;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Models, and the name of a fact.
type Key = (String, String);

/// The cells of the page's tables: each row begins with its models, each column with its fact.
fn documented() -> BTreeMap<Key, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol/models.md");
    let page = fs::read_to_string(path).expect("the page is there");
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let (mut found, mut head) = (BTreeMap::new(), None);
    for line in page.lines() {
        match (&head, line.starts_with('|')) {
            (_, false) => head = None,
            (None, true) => head = Some(cells(line)),
            (Some(_), true) if line.starts_with("|---") => {}
            (Some(head), true) => {
                let row = cells(line);
                assert_eq!(row.len(), head.len(), "{line}");
                for (fact, cell) in head.iter().zip(&row).skip(1) {
                    let twice = found.insert((row[0].clone(), fact.clone()), cell.clone());
                    assert_eq!(twice, None, "{line}: {fact}");
                }
            }
        }
    }
    found
}

/// The same of the table: values with their evidence.
fn known() -> BTreeMap<Key, String> {
    let mut found = BTreeMap::new();
    for family in FAMILIES {
        let models: Vec<_> = family.members.iter().map(|member| member.number.to_string()).collect();
        for (name, fact) in family.facts() {
            let cell = fact.map_or_else(
                || "not known".to_owned(),
                |fact| format!("{} ({})", fact.value, fact.evidence.word()),
            );
            found.insert((models.join(", "), name.to_owned()), cell);
        }
        for member in family.members {
            let model = member.number.to_string();
            let reservoir = member.reservoir();
            let reservoir = reservoir.map(|fact| format!("{} ({})", fact.value, fact.evidence.word()));
            found.insert(
                (model.clone(), "reservoir".to_owned()),
                reservoir.unwrap_or_else(|| "not known".to_owned()),
            );
            found.insert((model, "seen".to_owned()), member.to_string());
        }
    }
    found
}

#[test]
fn the_documentation_holds_the_table_of_models() {
    assert_eq!(documented(), known(), "docs/protocol/models.md and core/src/pump/models.rs say the same");
}
