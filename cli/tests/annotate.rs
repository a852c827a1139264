// SPDX-License-Identifier: GPL-2.0-or-later
//! In: captures in many forms. Out: proof that comments are put on them, say what list says, and come off without a trace.

mod forms;

use anyhow::Result;
use carelink_capture::container;
use carelink_capture::pcapng::{Block, Options as Choices, Order, Reader};
use carelink_capture::tcp;
use carelink_cli::annotate::{Level, PREFIX, annotate, remove};
use carelink_cli::conversation::{Conversation, Options};
use carelink_samples::files::{folder, samples};
use forms::Form;
use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::process::{Command, Output};

const OPTIONS: Options = Options { model: None, tcp_port: tcp::PORT };

fn annotated(bytes: &[u8], level: Level) -> Result<Vec<u8>> {
    let conversation = Conversation::from_source(bytes, &OPTIONS, "a capture")?;
    let mut out = Cursor::new(Vec::new());
    annotate(&conversation, level, bytes, &mut out)?;
    Ok(out.into_inner())
}

fn removed(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut out = Cursor::new(Vec::new());
    remove(bytes, &mut out)?;
    Ok(out.into_inner())
}

/// The comments by frame; those that are of no packet are of frame 0.
fn comments(bytes: &[u8]) -> Result<BTreeMap<u32, Vec<String>>> {
    let mut comments = BTreeMap::<_, Vec<_>>::new();
    for block in Reader::new(bytes)? {
        let block = block?;
        comments.entry(block.frame().unwrap_or(0)).or_default().extend(block.comments());
    }
    comments.retain(|_, comments| !comments.is_empty());
    Ok(comments)
}

fn packets(bytes: &[u8]) -> Vec<String> {
    let mut packets = Vec::new();
    let _ = container::read(bytes, |record| {
        packets.push(format!("{record:?}"));
        Ok(())
    });
    packets
}

#[test]
fn comments_come_off_without_a_trace_and_are_the_same_twice() -> Result<()> {
    let mut count = 0;
    for Form { name, bytes } in forms::all()? {
        let before = forms::unchanged(&bytes);
        for level in [Level::Brief, Level::Full] {
            let once = annotated(&bytes, level)?;
            assert!(once.len() > before.len(), "{name}: nothing was said");
            assert!(removed(&once)? == before, "{name}: a trace stays");
            assert!(annotated(&once, level)? == once, "{name}: twice is not once");
            assert!(packets(&once) == packets(&before), "{name}: a packet has changed");
            count += 1;
        }
        let brief = annotated(&annotated(&bytes, Level::Full)?, Level::Brief)?;
        assert!(brief == annotated(&bytes, Level::Brief)?, "{name}: the level that was before stays");
    }
    println!("{count} captures were annotated");
    Ok(())
}

#[test]
fn comments_that_are_there_already_stay() -> Result<()> {
    for Form { name, bytes } in forms::all()? {
        let (before, after) =
            (comments(&forms::unchanged(&bytes))?, comments(&annotated(&bytes, Level::Full)?)?);
        let others: BTreeMap<_, Vec<_>> = after
            .into_iter()
            .map(|(frame, said)| {
                (frame, said.into_iter().filter(|comment| !comment.starts_with(PREFIX)).collect::<Vec<_>>())
            })
            .filter(|(_, said)| !said.is_empty())
            .collect();
        assert_eq!(others, before, "{name}");
    }
    Ok(())
}

fn ours(name: &str, level: Level) -> Result<BTreeMap<u32, String>> {
    let path = samples().into_iter().find(|path| path.to_string_lossy().contains(name));
    let bytes = fs::read(path.expect("the sample is there"))?;
    let comments = comments(&annotated(&bytes, level)?)?;
    let ours = comments.into_iter().filter_map(|(frame, said)| {
        let ours = said.iter().find_map(|comment| comment.strip_prefix(PREFIX))?;
        Some((frame, ours.to_owned()))
    });
    Ok(ours.collect())
}

#[test]
fn they_say_what_was_asked_and_what_came() -> Result<()> {
    let brief = ours("11-history-page", Level::Brief)?;
    assert_eq!(
        brief[&57],
        "Transaction 5: Read History Page 0 (the newest), pump 123456: complete (in 1.3 s, frame 168)"
    );
    assert_eq!(
        brief[&168],
        "Transaction 5, reply to frame 57: History page 0: 90 records, 2025-12-31 to 2026-01-04"
    );
    assert_eq!(brief[&185], "Transaction 7: Power Control radio off, pump 123456: not answered, as usual");
    let full = ours("11-history-page", Level::Full)?;
    let page: Vec<_> = full[&168].lines().collect();
    assert_eq!(page[1], "  2025-12-31 21:05:12 CalBGForPH: 188 mg/dL");
    let last = page.last().copied().unwrap_or_default();
    assert!(last.starts_with("  ... and ") && last.ends_with(" more records"), "{last}");
    assert!(full[&38].contains("\n  Model: 522"), "{}", full[&38]);
    for part in
        ["Annotated by carelink ", "Transactions: 7 (", "Pumps: 123456 (model 522, told by the pump)."]
    {
        assert!(full[&0].contains(part), "{}", full[&0]);
    }
    Ok(())
}

#[test]
fn they_say_what_is_wrong_and_where() -> Result<()> {
    let damage = ours("04-damage", Level::Brief)?;
    let cases = [
        (9, "Error: Bad CRC: Transmit Header CRC is 0x7a, should be 0x85 (CRC, byte 14)"),
        (70, "64 bytes, not read: a part of it fails its CRC"),
        (70, "(CRC, byte 77 of the joined frame)"),
        (182, "Page CRC is 0x9598, should be 0x9567 (CRC, bytes 1022 to 1023 of the reassembled reply)"),
        (386, "Warning: A part of this frame is missing: 30 of 78 bytes came"),
        (415, "Warning: Packets are missing before this frame"),
        (405, "unproven: packets are missing"),
    ];
    for (frame, part) in cases {
        assert!(damage[&frame].contains(part), "{frame}: {}", damage[&frame]);
    }
    // What is not proven is not read.
    assert!(!ours("04-damage", Level::Full)?[&420].contains('\n'), "values of an unproven reply");
    Ok(())
}

#[test]
fn no_damaged_capture_makes_it_fail() -> Result<()> {
    let mut kept = 0;
    forms::spoil(10_000, |bytes| {
        let Ok(once) = annotated(bytes, Level::Full) else { return };
        let before = forms::unchanged(bytes);
        kept += 1;
        let after = removed(&once).expect("it is a capture");
        assert!(after == before, "a trace stays");
    })?;
    assert!(kept > 3000, "{kept}: most are no captures any more");
    Ok(())
}

fn run(arguments: &[&str], files: &[&Path]) -> Output {
    let program = env!("CARGO_BIN_EXE_carelink");
    Command::new(program).arg("annotate").args(arguments).args(files).output().expect("the program runs")
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_program_writes_what_can_be_read_and_nothing_over_a_file() -> Result<()> {
    let here = tempfile::tempdir()?;
    let at = |name: &str| here.path().join(name);
    let sample = folder().join("11-history-page.pcapng");
    let bytes = fs::read(&sample)?;

    let output = at("out.pcapng");
    let first = run(&["-o"], &[&output, &sample]);
    assert_eq!(first.status.code(), Some(0), "{}", complaint(&first));
    assert!(fs::read(&output)? == annotated(&bytes, Level::Full)?);
    let second = run(&["-o"], &[&output, &sample]);
    assert_eq!(second.status.code(), Some(2));
    assert!(complaint(&second).contains("--force"), "{}", complaint(&second));
    let back = run(&["--remove", "--force", "-o"], &[&output, &output]);
    assert_eq!(back.status.code(), Some(0), "{}", complaint(&back));
    assert!(fs::read(&output)? == bytes, "in place");
    let nothing = run(&["--remove", "--force", "-o"], &[&output, &output]);
    assert_eq!(nothing.status.code(), Some(1), "{}", complaint(&nothing));

    let (cut, rest) = (at("cut.pcapng"), at("rest.pcapng"));
    fs::write(&cut, &bytes[..bytes.len() / 2])?;
    let damaged = run(&["-o"], &[&rest, &cut]);
    assert_eq!(damaged.status.code(), Some(2));
    assert!(complaint(&damaged).contains("the file ends within a record"), "{}", complaint(&damaged));
    assert!(comments(&fs::read(&rest)?)?.len() > 5, "what comes before the damage");

    let (text, other) = (at("session.txt"), at("other.pcapng"));
    fs::write(&text, "out,04 00 00\n")?;
    let recording = run(&["-o"], &[&other, &text]);
    assert!(comments(&fs::read(&other)?)?.contains_key(&1), "{}", complaint(&recording));

    let (foreign, none) = (at("foreign.txt"), at("none.pcapng"));
    fs::write(&foreign, "out,aa bb cc\n")?;
    let refused = run(&["-o"], &[&none, &foreign]);
    assert_eq!((refused.status.code(), none.exists()), (Some(1), false), "{}", complaint(&refused));
    Ok(())
}

/// A line carries as many commands in one packet as it likes.
#[test]
fn a_packet_full_of_commands_has_a_comment_that_fits() -> Result<()> {
    let path = samples().into_iter().find(|path| path.to_string_lossy().contains("07-user-dlt"));
    let mut bytes = fs::read(path.expect("the sample is there"))?;
    let many = [0x06, 0x00, 0x00].repeat(20_000);
    let options = Choices::default().with(2, 2_u32.to_le_bytes());
    let packet = Block::packet(Order::Little, 0, 0, &many, u32::try_from(many.len())?, &options);
    bytes.extend_from_slice(packet.bytes());
    let once = annotated(&bytes, Level::Full)?;
    let comments = comments(&once)?;
    let longest = comments.values().flatten().map(String::len).max().unwrap_or(0);
    assert!((50_000..65_536).contains(&longest), "{longest}");
    assert!(removed(&once)? == bytes);
    Ok(())
}
