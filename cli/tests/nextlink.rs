// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the real captures of meters beside the project. Out: proof that the program reads them as it reads those of sticks.

use anyhow::{Context as _, Result};
use carelink_capture::Packet;
use carelink_core::exchange::{Outcome, PumpCommand};
use carelink_core::session::Session;
use carelink_core::transfer::{Claim, Transfer};
use carelink_recordings::captures_of_meters;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn carelink(arguments: &[&str]) -> Result<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_carelink")).args(arguments).output()?;
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {complaints}");
    Ok(String::from_utf8(output.stdout)?)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path is text")
}

fn rows(text: &str) -> Result<Vec<Value>> {
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

#[test]
fn every_command_ends_well() -> Result<()> {
    for path in captures_of_meters() {
        let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
        for row in rows(&carelink(&["list", "--format", "json", text(&path)])?)? {
            let outcome = row["outcome"].as_str().context("an outcome")?;
            *outcomes.entry(outcome.to_owned()).or_default() += 1;
        }
        println!("{}: {outcomes:?}", path.display());
        let well = ["complete", "pump ACK", "answered by the meter"];
        assert!(outcomes.keys().all(|outcome| well.contains(&outcome.as_str())), "{outcomes:?}");
        assert!(outcomes["complete"] >= 80 && outcomes["answered by the meter"] >= 10, "{outcomes:?}");
    }
    Ok(())
}

/// Each page of a capture, as a file.
fn pages(capture: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    carelink(&["pages", text(capture), "--output", text(folder)])?;
    let mut pages: Vec<_> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    pages.sort();
    Ok(pages)
}

/// 32 history pages, 6 glucose pages and 6 ISIG pages; only whole ones with a good CRC-16 are written. The events of a capture are
/// those of its pages, and what the pump was at the time of the download.
#[test]
fn pages_are_whole_and_hold_the_captures_events() -> Result<()> {
    for capture in captures_of_meters() {
        let folder = tempfile::tempdir()?;
        let pages = pages(&capture, folder.path())?;
        let count = |kind: &str| pages.iter().filter(|page| text(page).contains(kind)).count();
        assert_eq!((count("-history-"), count("-glucose-"), count("-isig-")), (32, 6, 6));

        let events = |files: &[&str]| -> Result<Vec<String>> {
            let text = carelink(&[&["events", "--model", "522", "--format", "json"], files].concat())?;
            let events = rows(&text)?
                .into_iter()
                .map(|row| format!("{} {} {}", row["time"], row["type"], row["values"]));
            let mut events: Vec<_> = events.filter(|event| !event.contains(" \"Current")).collect();
            events.sort();
            Ok(events)
        };
        let of_capture = events(&[text(&capture)])?;
        let of_pages = events(&pages.iter().map(|page| text(page)).collect::<Vec<_>>())?;
        println!("{}: {} events", capture.display(), of_capture.len());
        assert!(of_capture.len() > 3000);
        assert_eq!(of_capture, of_pages);
    }
    Ok(())
}

/// Values stand in the tree of a reply as behind a stick.
#[test]
fn settings_are_shown() -> Result<()> {
    for capture in captures_of_meters() {
        let text = carelink(&["show", text(&capture)])?;
        for expected in ["Voltage: 1.17 V", "Pump Serial: 665455", "Model Number: 522"] {
            assert!(text.contains(expected), "{expected}");
        }
    }
    Ok(())
}
/// Few packets come along with a fetch, and it reads as in the whole.
#[test]
fn a_fetch_is_cut_out_alone() -> Result<()> {
    for capture in captures_of_meters() {
        let folder = tempfile::tempdir()?;
        let whole = rows(&carelink(&["list", "--format", "json", text(&capture)])?)?;
        let told = |row: &Value| {
            format!("{} {} {} {}", row["command"], row["parameters"], row["outcome"], row["reply"])
        };
        for row in whole.iter().step_by(9) {
            let (slice, number) = (folder.path().join("slice.pcapng"), row["transaction"].to_string());
            carelink(&["slice", "--force", "-n", &number, "-o", text(&slice), text(&capture)])?;
            let kept = rows(&carelink(&["list", "--format", "json", text(&slice)])?)?;
            assert!(kept.len() < 6, "{number}: {} come along", kept.len());
            assert!(kept.iter().any(|kept| told(kept) == told(row)), "{number}: {kept:?}");
        }
    }
    Ok(())
}

/// What a scrubbed capture says is what the real one says, but for whose it is.
#[test]
fn scrubbed_captures_tell_the_same() -> Result<()> {
    for capture in captures_of_meters() {
        let folder = tempfile::tempdir()?;
        let public = folder.path().join("public.pcapng");
        let report = carelink(&["scrub", "--unknown", "--report", "-o", text(&public), text(&capture)])?;
        println!("{report}");
        let values = |path: &Path| -> Result<Vec<String>> {
            let rows = rows(&carelink(&["events", "--format", "json", text(path)])?)?;
            Ok(rows.iter().map(|row| format!("{} {}", row["time"], row["type"])).collect())
        };
        assert_eq!(values(&public)?, values(&capture)?);
        // Who looks for it finds it in the real one.
        let bytes = |path: &Path| fs::read(path);
        for secret in [&b"665455"[..], &[0x66, 0x54, 0x55], b"C36847", b"7OiUTY"] {
            let has = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
            assert!(has(&bytes(&capture)?) && !has(&bytes(&public)?), "{secret:02x?}");
        }
    }
    Ok(())
}

/// Sentences are written beside packets, captures are compared, a report is made.
#[test]
fn the_other_verbs_know_meters() -> Result<()> {
    for capture in captures_of_meters() {
        let folder = tempfile::tempdir()?;
        let (annotated, report) = (folder.path().join("a.pcapng"), folder.path().join("r.html"));
        carelink(&["annotate", "-o", text(&annotated), text(&capture)])?;
        let comments = fs::read(&annotated)?;
        let says = |words: &[u8]| comments.windows(words.len()).any(|window| window == words);
        assert!(says(b"Read Battery") && says(b"1.17 V"));
        assert_eq!(carelink(&["list", text(&annotated)])?, carelink(&["list", text(&capture)])?);
        let same = carelink(&["diff", text(&capture), text(&annotated)])?;
        assert!(same.contains("0 replies differ, 101 are the same, 0 are only in A, 0 only in B"), "{same}");
        carelink(&["report", "-o", text(&report), text(&capture)])?;
        let page = fs::read_to_string(&report)?;
        assert!(page.contains("1 meter") && page.contains("Read Battery") && !page.contains("665455"));
    }
    Ok(())
}

/// What each command got: by command and parameters, or by its time if it has none.
fn replies(packets: &[&Packet]) -> Vec<(u64, PumpCommand, Vec<u8>, Vec<u8>)> {
    let mut session = Session::default();
    for (frame, packet) in (1..).zip(packets) {
        session.observe(&Transfer { frame, ..packet.transfer(Claim::Certain) });
    }
    let transactions = session.transactions();
    let good = transactions.iter().filter(|(_, transaction)| transaction.outcome() == Outcome::Complete);
    good.filter_map(|(id, transaction)| {
        let command = transaction.sound_command()?;
        let parameters = transaction.parameters().to_vec();
        Some((transaction.request.time(), command, parameters, transactions.reply(id).0.to_vec()))
    })
    .collect()
}

/// Blocks of reports are missing, doubled, exchanged. `CARELINK_METER_STEP=1` tries each place and each length, and takes long.
#[test]
fn no_damage_gives_a_command_the_reply_of_another() -> Result<()> {
    let step = std::env::var("CARELINK_METER_STEP").ok().and_then(|step| step.parse().ok()).unwrap_or(83);
    for capture in captures_of_meters() {
        let mut packets = Vec::new();
        carelink_capture::read(fs::File::open(&capture)?, carelink_capture::tcp::PORT, |packet| {
            packets.push(packet);
            Ok(())
        })?;
        let packets: Vec<&Packet> = packets.iter().collect();
        let sound = replies(&packets);
        let cases = (0..packets.len()).flat_map(|begin| (1..=40).map(move |length| (begin, length)));
        let (mut trials, mut withheld, mut away) = (0, 0, 0);
        for (begin, length) in cases.step_by(step) {
            let end = (begin + length).min(packets.len());
            let next = (end + length).min(packets.len());
            let (before, block, after) = (&packets[..begin], &packets[begin..end], &packets[end..]);
            let missing = [before, after].concat();
            let doubled = [before, block, block, after].concat();
            let exchanged = [before, &packets[end..next], block, &packets[next..]].concat();
            for damaged in [missing, doubled, exchanged] {
                let came = replies(&damaged);
                for (time, command, parameters, reply) in &came {
                    let told = sound.iter().any(|(of, was, with, said)| {
                        let same = (was.opcode, with, said) == (command.opcode, parameters, reply);
                        same && (of == time || !parameters.is_empty())
                    });
                    assert!(told, "{length} from {begin}: {} got another's reply", command.opcode);
                }
                let (first, last) = (packets[begin].time, packets[next.max(1) - 1].time);
                let open = sound.iter().rfind(|(time, ..)| *time <= first).map(|(time, ..)| *time);
                for (time, ..) in
                    sound.iter().filter(|(time, ..)| Some(*time) != open && !(first..=last).contains(time))
                {
                    away += 1;
                    withheld += usize::from(!came.iter().any(|(of, ..)| of == time));
                }
                trials += 1;
            }
        }
        println!(
            "{}: {trials} damaged copies, {withheld} of {away} withheld away from it",
            capture.display()
        );
        assert!(trials > 1500 && withheld * 20 < away, "{withheld} of {away} in {trials}");
    }
    Ok(())
}
