// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the samples, and `docs/json.md`. Out: proof that each line of JSON is as the document says.

use anyhow::{Context as _, Result};
use carelink_samples::files::samples;
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The keys of each table of the document, with their types, by its heading.
type Document = BTreeMap<String, Vec<(String, String)>>;

fn document() -> Result<Document> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/json.md"))?;
    let (mut tables, mut heading) = (Document::new(), String::new());
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            heading = name.to_owned();
        } else if let Some(row) = line.strip_prefix("| `") {
            let mut cells = row.split('|');
            let key = cells.next().context("a key")?.trim().trim_end_matches('`').to_owned();
            let of = cells.next().context("a type")?.trim().to_owned();
            tables.entry(heading.clone()).or_default().push((key, of));
        }
    }
    Ok(tables)
}

fn lines(arguments: &[&str], files: &[&Path]) -> Result<Vec<Value>> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_carelink"));
    let output = program.args(arguments).args(["--format", "json"]).args(files).output()?;
    String::from_utf8(output.stdout)?.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// True for a value of one of these types: `number or null`.
fn is_of(value: &Value, types: &str) -> bool {
    let is_time = |text: &str| text.parse::<Timestamp>().is_ok() || text.parse::<DateTime>().is_ok();
    types.split([',', ' ']).any(|of| match (of, value) {
        ("text", Value::String(_))
        | ("number", Value::Number(_))
        | ("flag", Value::Bool(_))
        | ("list", Value::Array(_))
        | ("object", Value::Object(_))
        | ("null", Value::Null) => true,
        ("time", Value::String(text)) => text.contains('T') && is_time(text),
        _ => false,
    })
}

/// Which key has had which kind of value, over all lines, so that nothing that is documented goes untried.
#[derive(Default)]
struct Seen(BTreeSet<(String, String)>);

impl Seen {
    fn check(&mut self, document: &Document, heading: &str, object: &Value, common: bool) -> Result<()> {
        let rows = document.get(heading).with_context(|| format!("no table for {heading}"))?;
        let first = document.get("All lines").filter(|_| common).map_or(&[][..], |rows| rows);
        let expected: Vec<_> = first.iter().chain(rows).collect();
        let members = object.as_object().with_context(|| format!("{heading}: {object} is no object"))?;
        let keys: Vec<_> = members.keys().collect();
        assert_eq!(keys, expected.iter().map(|(key, _)| key).collect::<Vec<_>>(), "{heading}");
        for (key, types) in expected {
            let value = &members[key];
            assert!(is_of(value, types), "{heading}: {key} is {value}, not {types}");
            if !value.is_null() {
                self.0.insert((heading.to_owned(), key.clone()));
            }
        }
        Ok(())
    }

    fn line(&mut self, document: &Document, line: &Value) -> Result<()> {
        let [verb, row] = ["verb", "row"].map(|key| line[key].as_str().unwrap_or_default());
        self.check(document, &format!("{verb}: {row}"), line, true)?;
        let items = |value: &Value| value.as_array().cloned().unwrap_or_default();
        match verb {
            "list" => {
                for value in items(&line["parameters"]).iter().chain(&items(&line["reply"]["values"])) {
                    self.check(document, "Values", value, false)?;
                }
                if !line["reply"].is_null() {
                    self.check(document, "Replies", &line["reply"], false)?;
                    if !line["reply"]["page"].is_null() {
                        self.check(document, "Pages", &line["reply"]["page"], false)?;
                    }
                }
            }
            "show" => {
                for node in items(&line["parameters"]).iter().chain(&items(&line["reply"])) {
                    self.check(document, "Nodes", node, false)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

#[test]
fn each_line_is_as_the_document_says() -> Result<()> {
    let (document, samples) = (document()?, samples());
    let mut seen = Seen::default();
    let mut all = lines(&["models"], &[])?;
    for sample in &samples {
        for verb in ["list", "show", "events", "coverage"] {
            all.extend(lines(&[verb], &[sample])?);
        }
        all.extend(lines(&["diff"], &[&samples[0], sample])?);
    }
    // An export of a sample's own events, of which one is another, one more and one less.
    let folder = tempfile::tempdir()?;
    let export = folder.path().join("export.tsv");
    let capture =
        samples.iter().find(|path| path.to_string_lossy().contains("/11-")).context("the sample")?;
    let events = Command::new(env!("CARGO_BIN_EXE_carelink")).arg("events").arg(capture).output()?;
    let mut rows: Vec<_> = String::from_utf8(events.stdout)?.lines().map(str::to_owned).collect();
    rows.remove(rows.len() / 2);
    let dose = rows.iter().position(|row| row.contains("PROGRAMMED_AMOUNT=")).context("a dose")?;
    rows[dose] = rows[dose].replace("PROGRAMMED_AMOUNT=", "PROGRAMMED_AMOUNT=7");
    rows.push("2041-01-01T00:00:00\tRewind\tACTION_REQUESTOR=pump\tParadigm 522\t0\t\t\t".to_owned());
    fs::write(&export, rows.join("\n") + "\n")?;
    let audited = lines(&["audit"], &[capture, &export])?;
    assert_eq!((&audited[0]["row"], &audited[1]["row"]), (&"summary".into(), &"event".into()));
    all.extend(audited);

    for line in &all {
        seen.line(&document, line)?;
    }
    for (heading, rows) in document.iter().filter(|(heading, _)| *heading != "All lines") {
        for (key, _) in rows {
            // No sample has a page of a file.
            assert!(seen.0.contains(&(heading.clone(), key.clone())), "nothing shows {key} of {heading}");
        }
    }
    Ok(())
}
