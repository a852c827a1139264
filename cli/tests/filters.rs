// SPDX-License-Identifier: GPL-2.0-or-later
//! In: samples, as files and as pipes. Out: proof that filters keep what they say, and that nothing is told where nothing is
//! left.

use anyhow::{Context as _, Result};
use carelink_samples::files::sample;
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn run(arguments: &[&str], capture: &Path) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_carelink"));
    program.args(arguments).arg(capture).output().expect("the program runs")
}

fn rows(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// Each filter of `list` and `show`, and what it is to keep.
type Case = (&'static [&'static str], fn(&Value) -> bool);

const CASES: [Case; 8] = [
    (&["--pump", "123456"], |row| row["pump"] == "123456"),
    (&["--opcode", "0x80"], |row| row["opcode"] == 0x80),
    (&["--opcode", "128"], |row| row["opcode"] == 0x80),
    (&["--opcode", "read history page"], |row| row["command"] == "Read History Page"),
    (&["--outcome", "complete"], |row| row["outcome"] == "complete"),
    (&["--outcome", "complete", "--outcome", "pump-nak"], |row| {
        ["complete", "pump NAK"].contains(&row["outcome"].as_str().unwrap_or_default())
    }),
    (&["--from", "2026-01-05T09:00:18"], |row| row["time"].as_str() >= Some("2026-01-05T09:00:18")),
    (&["--pump", "123456", "--to", "2026-01-05T09:00:17Z"], |row| {
        row["pump"] == "123456" && row["time"].as_str() < Some("2026-01-05T09:00:18")
    }),
];

#[test]
fn filters_keep_what_they_say() -> Result<()> {
    for start in ["11", "13", "04"] {
        for verb in ["list", "show"] {
            let all = rows(&run(&[verb, "--format", "json"], &sample(start)));
            for (options, keeps) in CASES {
                let arguments = [&[verb, "--format", "json"], options].concat();
                let output = run(&arguments, &sample(start));
                let expected: Vec<_> = all.iter().filter(|row| keeps(row)).cloned().collect();
                assert_eq!(rows(&output), expected, "{start} {arguments:?}");
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert_eq!(
                    said.contains("nothing is left"),
                    expected.is_empty(),
                    "{start} {arguments:?}: {said}"
                );
                assert!(!expected.is_empty() || output.status.code() == Some(1), "{start} {arguments:?}");
            }
        }
    }
    let all = rows(&run(&["list", "--format", "json"], &sample("11")));
    let partial = CASES.iter().filter(|(_, keeps)| {
        let kept = all.iter().filter(|row| keeps(row)).count();
        kept > 0 && kept < all.len()
    });
    assert_eq!(partial.count(), CASES.len(), "each filter keeps something and leaves something away");
    Ok(())
}

#[test]
fn filters_of_events_go_by_the_pumps_clock() -> Result<()> {
    let capture = sample("11");
    let all = rows(&run(&["events", "--format", "json"], &capture));
    let day = all[all.len() / 2]["time"].as_str().context("a time")?[..10].to_owned();
    let of = |options: &[&str]| rows(&run(&[&["events", "--format", "json"], options].concat(), &capture));
    let times = |rows: &[Value]| -> Vec<Value> { rows.iter().map(|row| row["time"].clone()).collect() };
    let kept = of(&["--from", &day, "--to", &day]);
    let expected: Vec<_> = all
        .iter()
        .filter(|row| row["time"].as_str().is_some_and(|time| time.starts_with(&day)))
        .cloned()
        .collect();
    assert!(!expected.is_empty() && expected.len() < all.len());
    assert_eq!(times(&kept), times(&expected));
    assert_eq!(of(&["--opcode", "0x80", "--outcome", "complete", "--pump", "123456"]).len(), all.len());
    for none in [["--opcode", "0x9a"], ["--outcome", "damaged"], ["--pump", "999999"], ["--to", "1999-01-01"]]
    {
        let output = run(&[&["events"], &none[..]].concat(), &capture);
        assert_eq!(output.status.code(), Some(1), "{none:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("nothing is left"), "{none:?}");
    }
    Ok(())
}

#[test]
fn wrong_filters_are_told() {
    let wrong = [
        (["--pump", "12"], "six digits"),
        (["--opcode", "0x1ff"], "from 0 to 255"),
        (["--opcode", "read"], "several commands"),
        (["--opcode", "nonsense"], "no command has this name"),
        (["--outcome", "well"], "complete"),
        (["--from", "noon"], "2026-01-04T08:00:00"),
    ];
    for verb in ["list", "show", "events"] {
        for (options, words) in wrong {
            let output = run(&[&[verb], &options[..]].concat(), &sample("11"));
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{verb} {options:?}");
            assert!(said.contains(words), "{verb} {options:?}: {said}");
        }
        let order = run(&[verb, "--from", "2026-01-05", "--to", "2026-01-04"], &sample("11"));
        assert_eq!(order.status.code(), Some(2), "{verb}");
    }
    let zone = run(&["events", "--from", "2026-01-05T00:00:00Z"], &sample("11"));
    assert_eq!(zone.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&zone.stderr).contains("no zone"));
}

#[test]
fn filters_hold_for_pipes_too() -> Result<()> {
    for arguments in [&["list", "--opcode", "0x80"][..], &["events", "--from", "2026-01-01"]] {
        let file = run(arguments, &sample("11"));
        let mut program = Command::new(env!("CARGO_BIN_EXE_carelink"))
            .args(arguments)
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        program.stdin.take().context("a pipe")?.write_all(&fs::read(sample("11"))?)?;
        let piped = program.wait_with_output()?;
        assert!(!file.stdout.is_empty());
        assert_eq!(String::from_utf8(piped.stdout)?, String::from_utf8(file.stdout)?, "{arguments:?}");
    }
    Ok(())
}

/// Colours come if they are asked for; neither they nor cuts come into a pipe by themselves.
#[test]
fn a_pipe_gets_plain_and_whole_lines() {
    for verb in ["list", "events"] {
        let plain = run(&[verb], &sample("11"));
        assert!(!plain.stdout.contains(&0x1b), "{verb}");
        let never = run(&[verb, "--color", "never"], &sample("11"));
        assert_eq!(plain.stdout, never.stdout, "{verb}");
        let always = run(&["--color", "always", verb], &sample("11"));
        let text = String::from_utf8_lossy(&always.stdout).into_owned();
        assert!(text.contains("\u{1b}["), "{verb}");
        let bare = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(bare.as_bytes(), plain.stdout, "{verb}");
        assert!(!bare.contains('\u{2026}'), "{verb}");
    }
}
