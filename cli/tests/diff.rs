// SPDX-License-Identifier: GPL-2.0-or-later
//! In: two sessions of one pump, of which some replies differ. Out: proof that each difference is told, and nothing else.

#[allow(dead_code, reason = "other tests use the rest")]
mod forms;

use anyhow::Result;
use carelink_capture::tcp;
use carelink_cli::conversation::{Conversation, Options};
use carelink_cli::diff::compare;
use carelink_cli::output::Format;
use carelink_samples::script::Script;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const HEAD: &str = "\
link usbmon-64
stick 0A1B2C band 916 at 1.5 replies whole requests short
descriptors
pump 123456 rssi -54
product-info
fetch 0x8D reply 03 \"522\"
";

/// A capture of a session.
fn capture(folder: &Path, name: &str, rest: &str) -> Result<PathBuf> {
    let script = Script::parse(name, &format!("{HEAD}{rest}"))?;
    let path = folder.join(name);
    fs::write(&path, script.link.write(&script.session, Vec::new())?)?;
    Ok(path)
}

fn run(arguments: &[&str], files: [&Path; 2]) -> Output {
    let program = env!("CARGO_BIN_EXE_carelink");
    Command::new(program).arg("diff").args(arguments).args(files).output().expect("the program runs")
}

fn text(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_moved_is_told_and_unknown_bytes_first() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let a = capture(
        folder.path(),
        "a.pcapng",
        "fetch 0x72 reply 00 0096\nfetch 0xF7 reply 01020304\nfetch 0x72 reply 00 0096\n",
    )?;
    let b = capture(
        folder.path(),
        "b.pcapng",
        "fetch 0x72 reply 00 008C\nfetch 0xF7 reply 01120305\nfetch 0x72 reply 00 0096\nfetch 0x75 reply 01\n",
    )?;
    let output = run(&[], [&a, &b]);
    assert_eq!(output.status.code(), Some(1), "{}", complaint(&output));
    let expected = [
        "unknown (0xf7), pump 123456 (transaction 4 of A, 4 of B)",
        "  unknown, byte 1: 02 -> 12 (bit 4)",
        "  unknown, byte 3: 04 -> 05 (bit 0)",
        "Read Battery, pump 123456 (transaction 3 of A, 3 of B)",
        "  Voltage, bytes 1 to 2: 1.5 V -> 1.4 V (00 96 -> 00 8c)",
        "Read Remaining Insulin, pump 123456: only in B 6",
        "2 replies differ, 3 are the same, 0 are only in A, 1 only in B",
    ];
    let told = text(&output);
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(expected.contains("only in B 6") || told == expected, "{told:?} is not {expected:?}");
    }

    let json: Vec<Value> = text(&run(&["--format", "json"], [&a, &b]))
        .iter()
        .map(|line| serde_json::from_str(line))
        .collect::<Result<_, _>>()?;
    assert_eq!(json.len(), 4, "{json:#?}");
    assert_eq!(
        (&json[0]["kind"], &json[0]["bytes_b"], &json[0]["offset_a"]),
        (&"unknown".into(), &"12".into(), &1.into())
    );
    assert_eq!((&json[2]["kind"], &json[2]["text_b"]), (&"known".into(), &"1.4 V".into()));
    assert_eq!(json[2]["value_b"], serde_json::json!({ "value": 1.4, "unit": "V", "name": null }));
    assert_eq!(json[3]["kind"], "only in B");

    let same = run(&[], [&a, &a]);
    assert_eq!(same.status.code(), Some(0));
    assert_eq!(text(&same), ["0 replies differ, 5 are the same, 0 are only in A, 0 only in B"]);
    Ok(())
}

#[test]
fn pages_are_compared_record_by_record_and_with_files() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let session = |name: &str, records: &str| {
        let page = format!("page some model 522\n{records}end\nfetch 0x80 params 00 reply page some\n");
        capture(folder.path(), name, &page)
    };
    let records = "  2026-01-04 12:10:00 bg 98\n  2026-01-04 12:11:20 bolus 3.2\n";
    let a = session("a.pcapng", records)?;
    let b = session("b.pcapng", &format!("{}  2026-01-04 13:00:00 bg 120\n", records.replace("3.2", "3.3")))?;
    let output = run(&[], [&a, &b]);
    let told = text(&output);
    let lines: Vec<_> = told.iter().filter(|line| line.starts_with("  ")).collect();
    assert!(lines.iter().any(|line| line.contains("3.2 U -> 3.3 U")), "{told:#?}");
    assert!(
        lines.iter().any(|line| line.contains("only in B: 2026-01-04 13:00:00 CalBGForPH: 120 mg/dL")),
        "{told:#?}"
    );
    assert!(!told.iter().any(|line| line.contains("98 mg/dL")), "it is the same: {told:#?}");

    // The same page as a file.
    let pages = folder.path().join("pages");
    let written =
        Command::new(env!("CARGO_BIN_EXE_carelink")).args(["pages", "-o"]).args([&pages, &b]).output()?;
    assert_eq!(written.status.code(), Some(0), "{}", complaint(&written));
    let file = fs::read_dir(&pages)?.next().expect("a page")?.path();
    let output = run(&["--model", "522"], [&file, &file]);
    assert_eq!((output.status.code(), text(&output).len()), (Some(0), 1), "{}", complaint(&output));
    let output = run(&["--model", "522", "--format", "json"], [&a, &file]);
    let rows = text(&output);
    assert!(rows.iter().any(|row| row.contains("3.2 U") && row.contains("3.3 U")), "{rows:#?}");
    Ok(())
}

#[test]
fn what_cannot_be_trusted_is_left_out_and_told() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let a = capture(folder.path(), "a.pcapng", "fetch 0x72 reply 00 0096\n")?;
    let b = capture(folder.path(), "b.pcapng", "damage bad payload-crc\nfetch 0x72 reply 00 008C\n")?;
    let output = run(&[], [&a, &b]);
    assert!(
        complaint(&output).contains("damaged, is left out: a part of it fails its CRC"),
        "{}",
        complaint(&output)
    );
    assert!(!text(&output).iter().any(|line| line.contains("1.4 V")), "{:#?}", text(&output));
    Ok(())
}

#[test]
fn no_damaged_capture_makes_it_fail() -> Result<()> {
    let options = Options { model: None, tcp_port: tcp::PORT };
    let (mut before, mut count): (Option<Conversation>, u32) = (None, 0);
    forms::spoil(10_000, |bytes| {
        let Ok(after) = Conversation::from_source(bytes, &options, "a capture") else { return };
        if let Some(before) = &before {
            let format = if count % 2 == 0 { Format::Text } else { Format::Csv };
            compare(before, &after, format, &mut Vec::new()).expect("memory can be written");
            count += 1;
        }
        before = Some(after);
    })?;
    assert!(count > 3000, "{count}: most are no captures any more");
    Ok(())
}
