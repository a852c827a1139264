// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the real captures and the vendor's exports beside the project. Out: proof that no event of ours is another than the
//! vendor's.

use anyhow::{Context as _, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

/// How many events agree, by their types. Nothing differs or is missing; what the capture cannot hold is not judged.
#[test]
fn no_event_is_another_than_the_vendors() -> Result<()> {
    // At least so many of all, of one type that the capture has, and the type.
    let rows = [
        ("first-run", "208850-2012-10", 66, 1, "CurrentBatteryStatus"),
        ("second-run", "208850-2012-10", 215, 2, "BolusNormal"),
        ("578398-status", "578398", 1290, 25, "BolusSquare"),
        ("fall-2013-download", "fall-2013", 924, 169, "BolusNormal"),
        ("736868-status", "736868", 4171, 1, "SelfTest"),
    ];
    for (capture, export, least, of_type, kind) in rows {
        let capture_path = carelink_recordings::path(&format!("captures/{capture}.pcapng"));
        let export_path = carelink_recordings::path(&format!("exports/{export}.tsv"));
        let Some((capture_path, export_path)) = capture_path.zip(export_path) else { return Ok(()) };
        let output = Command::new(env!("CARGO_BIN_EXE_carelink"))
            .args(["audit", "--format", "json"])
            .args([capture_path, export_path])
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let mut agree: BTreeMap<String, usize> = BTreeMap::new();
        for line in text.lines() {
            let row: Value = serde_json::from_str(line)?;
            if row["row"] == "summary" {
                continue;
            }
            let verdict = row["verdict"].as_str().context("a verdict")?;
            assert!(["agrees", "not judged"].contains(&verdict), "{capture}: {row}");
            if verdict == "agrees" {
                assert!(row["frame"].is_u64(), "{capture}: {row}");
                *agree.entry(row["type"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
            }
        }
        let all: usize = agree.values().sum();
        println!("{capture}: {all} events agree");
        assert!(all >= least, "{capture}: {all} events agree: {}", String::from_utf8_lossy(&output.stderr));
        assert!(agree.get(kind).is_some_and(|count| *count >= of_type), "{capture}: {agree:?}");
    }
    Ok(())
}

/// A glucose page of a 523 without its ISIG page: no value stands there as if it were known.
#[test]
fn what_a_missing_page_holds_is_not_known() -> Result<()> {
    let page = carelink_recordings::path("pages/736868/ReadGlucoseHistory-page-249.data");
    let Some((page, export)) = page.zip(carelink_recordings::path("exports/736868-cgm.tsv")) else {
        return Ok(());
    };
    let output = Command::new(env!("CARGO_BIN_EXE_carelink"))
        .args(["audit", "--format", "json", "--model", "523"])
        .args([page, export])
        .output()?;
    let mut verdicts: BTreeMap<String, usize> = BTreeMap::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let row: Value = serde_json::from_str(line)?;
        if row["row"] == "summary" {
            continue;
        }
        *verdicts.entry(row["verdict"].as_str().context("a verdict")?.to_owned()).or_default() += 1;
    }
    verdicts.remove("not judged");
    // Time stamps behind the last certain time of the page.
    assert_eq!(verdicts.remove("missing"), Some(2));
    assert_eq!(verdicts, BTreeMap::from([("agrees".to_owned(), 8), ("not known".to_owned(), 260)]));
    Ok(())
}
