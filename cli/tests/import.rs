// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a recording made of a sample's transfers. Out: proof that the program reads and imports it like the sample itself.

use anyhow::Result;
use carelink_capture::tcp;
use carelink_core::transfer::Direction;
use carelink_samples::files::sample;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str], files: &[&Path]) -> Output {
    let program = env!("CARGO_BIN_EXE_carelink");
    Command::new(program).args(arguments).args(files).output().expect("the program runs")
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The sample's transfers, one a line.
fn recording(name: &str) -> Result<String> {
    let mut lines = String::new();
    carelink_capture::read(File::open(sample(name))?, tcp::PORT, |packet| {
        let way = if packet.direction == Some(Direction::FromStick) { "in" } else { "out" };
        lines += &format!("{way},{}\n", hex::encode_upper(&packet.bytes));
        Ok(())
    })?;
    Ok(lines)
}

/// What was asked and what came: the columns of a list that frames, times and the file's name are not in.
fn told(path: &Path) -> Vec<String> {
    let output = run(&["list", "--format", "csv"], &[path]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows = text.lines().skip(1).map(|row| {
        let told = row.splitn(6, ',').last().unwrap_or_default();
        told.rsplit_once(',').map_or(told, |(told, _)| told).to_owned()
    });
    rows.collect()
}

#[test]
fn a_recording_is_read_as_the_capture_of_the_same() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // Without descriptors, a meter is known from its header record on: not by the word that asks for it.
    for (name, unknown) in [("11-history-page.pcapng", 0), ("20-next-link.pcapng", 1)] {
        let text = folder.path().join("recording.txt");
        fs::write(&text, recording(name)?)?;
        let output = folder.path().join("out.pcapng");
        let imported = run(&["import", "--force", "-o"], &[&output, &text]);
        assert_eq!(imported.status.code(), Some(0), "{}", complaint(&imported));
        assert!(complaint(&imported).contains("transfers from a list"), "{}", complaint(&imported));
        let expected = told(&sample(name)).split_off(unknown);
        assert!(!expected.is_empty());
        assert_eq!(told(&output), expected);
        assert_eq!(told(&text), expected, "without a capture between");
    }
    Ok(())
}

#[test]
fn a_file_is_not_written_over_without_force() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (text, output) = (folder.path().join("in.txt"), folder.path().join("out.pcapng"));
    fs::write(&text, "out,04 00 00\n")?;
    fs::write(&output, "mine")?;
    let refused = run(&["import", "-o"], &[&output, &text]);
    assert_eq!((refused.status.code(), fs::read(&output)?), (Some(2), b"mine".to_vec()));
    assert!(complaint(&refused).contains("--force"), "{}", complaint(&refused));
    let forced = run(&["import", "--force", "-o"], &[&output, &text]);
    assert_eq!(forced.status.code(), Some(0), "{}", complaint(&forced));
    assert_ne!(fs::read(&output)?, b"mine");
    Ok(())
}

#[test]
fn lines_that_cannot_be_read_are_told_and_the_rest_is_kept() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (text, output) = (folder.path().join("in.txt"), folder.path().join("out.pcapng"));
    fs::write(&text, "out,04 00 00\nin,015\nin,01 55\n")?;
    let imported = run(&["import", "-o"], &[&output, &text]);
    assert_eq!(imported.status.code(), Some(1));
    assert!(complaint(&imported).contains("line 2 ("), "{}", complaint(&imported));
    let mut packets = 0;
    carelink_capture::read(File::open(&output)?, tcp::PORT, |_| {
        packets += 1;
        Ok(())
    })?;
    assert_eq!(packets, 2);
    Ok(())
}

#[test]
fn captures_and_recordings_go_into_one_file_and_bad_ones_leave_none() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (text, output) = (folder.path().join("in.txt"), folder.path().join("out.pcapng"));
    fs::write(&text, "out,04 00 00\n")?;
    let capture = sample("01-model-query.pcapng");
    let both = run(&["import", "-o"], &[&output, &capture, &text]);
    assert_eq!(both.status.code(), Some(0), "{}", complaint(&both));
    assert!(fs::read(&output)?.starts_with(&fs::read(&capture)?));
    let (bad, none) = (folder.path().join("bad.txt"), folder.path().join("none.pcapng"));
    fs::write(&bad, "nothing of the kind\n")?;
    let refused = run(&["import", "-o"], &[&none, &text, &bad]);
    assert_eq!((refused.status.code(), none.exists()), (Some(2), false));
    assert!(complaint(&refused).contains("bad.txt: not a capture file"), "{}", complaint(&refused));
    Ok(())
}
