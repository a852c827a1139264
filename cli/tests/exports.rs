// SPDX-License-Identifier: GPL-2.0-or-later
//! In: exports made of a sample's events, by the names and habits of 2012 and of 2015. Out: proof that both audit alike.

use anyhow::{Context as _, Result};
use carelink_samples::files::sample;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str], files: &[&Path]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_carelink"));
    program.args(arguments).args(files).output().expect("the program runs")
}

fn events(names: &str) -> Result<Vec<Value>> {
    let output = run(&["events", "--format", "json", "--names", names], &[&sample("11")]);
    String::from_utf8(output.stdout)?.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// Type, moment and values of an event.
fn parts(event: &Value) -> Result<[&str; 5]> {
    let get = |name: &str| event[name].as_str().context("a text");
    let (day, time) = get("time")?.split_once('T').context("a time")?;
    Ok([get("type")?, day, time, get("values_text")?, get("device")?])
}

/// Commas between columns, months before days, 12 hours.
fn american(events: &[Value]) -> Result<String> {
    let mut text = "Index,Date,Time,Timestamp,Raw-Type,Raw-Values,Raw-Device Type\r\n".to_owned();
    for event in events {
        let [kind, day, time, values, pump] = parts(event)?;
        let [year, month, day] = day.split('-').collect::<Vec<_>>()[..] else { anyhow::bail!("{day}") };
        let (hour, rest) = time.split_once(':').context("an hour")?;
        let hour: u8 = hour.parse()?;
        let half = if hour < 12 { "AM" } else { "PM" };
        let hour = (hour + 11) % 12 + 1;
        text += &format!("0,{month}/{day}/{year},{hour}:{rest} {half},,{kind},\"{values}\",{pump}\r\n");
    }
    Ok(text)
}

/// Semicolons between columns, days before months, decimal commas, UTF-16.
fn german(events: &[Value]) -> Result<Vec<u8>> {
    let mut text =
        "\u{feff}Index;Datum;Uhrzeit;Zeitstempel;Raw-Type;Raw-Values;Raw-Device Type\r\n".to_owned();
    for event in events {
        let [kind, day, time, values, pump] = parts(event)?;
        let [year, month, day] = day.split('-').collect::<Vec<_>>()[..] else { anyhow::bail!("{day}") };
        let values = values.replace('.', ",");
        text += &format!("0;{day}.{month}.{year};{time};;{kind};\"{values}, PATTERN_DATUM_ID=7\";{pump}\r\n");
    }
    Ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect())
}

#[test]
fn exports_of_2012_and_2015_audit_to_the_same_verdict() -> Result<()> {
    let (old, new) = (events("2012")?, events("2015")?);
    let has = |events: &[Value], kind: &str| events.iter().any(|event| event["type"] == kind);
    for (until, since) in [("CalBGForPH", "BGCapturedOnPump"), ("ChangeSuspendEnable", "ChangeSuspendState")]
    {
        assert!(has(&old, until) && !has(&old, since) && has(&new, since) && !has(&new, until), "{until}");
    }
    let folder = tempfile::tempdir()?;
    let (first, second) = (folder.path().join("2012.csv"), folder.path().join("2015.csv"));
    let verdicts = |path: &Path| -> Result<Vec<[String; 4]>> {
        let output = run(&["audit", "--format", "json"], &[&sample("11"), path]);
        let text = String::from_utf8(output.stdout)?;
        let row = |line: &str| {
            let row: Value = serde_json::from_str(line)?;
            Ok(["verdict", "time", "type", "keys"]
                .map(|name| row[name].as_str().map_or_else(|| row[name].to_string(), str::to_owned)))
        };
        text.lines().skip(1).map(row).collect()
    };
    fs::write(&first, american(&old)?)?;
    fs::write(&second, german(&new)?)?;
    let same = verdicts(&first)?;
    assert_eq!(same.len(), old.len());
    assert!(same.iter().all(|row| row[0] == "agrees"), "{same:?}");
    assert_eq!(same, verdicts(&second)?);

    // A row that is missing, and values that are others.
    let spoil = |events: &[Value]| -> Vec<Value> {
        let mut events = events.to_vec();
        events.retain(|event| event["type"] != "Rewind");
        for event in &mut events {
            let values =
                event["values_text"].as_str().unwrap_or_default().replace("user_suspend", "alarm_suspend");
            event["values_text"] = values.replace("AMOUNT=1", "AMOUNT=4").into();
        }
        events
    };
    fs::write(&first, american(&spoil(&old))?)?;
    fs::write(&second, german(&spoil(&new))?)?;
    let other = verdicts(&first)?;
    assert!(other.iter().any(|row| row[0] == "differs" && row[2] == "ChangeSuspendEnable"), "{other:?}");
    assert!(other.iter().any(|row| row[0] == "only ours"), "{other:?}");
    assert_eq!(other, verdicts(&second)?);
    Ok(())
}
