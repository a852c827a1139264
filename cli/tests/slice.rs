// SPDX-License-Identifier: GPL-2.0-or-later
//! In: captures in many forms. Out: proof that each transaction of them can be cut out, and reads as it did in the whole.

#[allow(dead_code, reason = "other tests use the rest")]
mod forms;

use anyhow::{Context as _, Result};
use carelink_capture::pcapng::Reader;
use carelink_capture::{tcp, usb};
use carelink_cli::conversation::{Conversation, Entry, Keep, Options};
use carelink_cli::slice::{Choice, Slice, Written};
use carelink_core::exchange::{Asked, Outcome};
use carelink_core::transfer::says_left_out;
use carelink_core::tree::cursor::Cursor;
use carelink_core::tree::outline::Outline;
use carelink_core::view::reply;
use carelink_samples::files::folder;
use clap::Parser;
use forms::Form;
use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor as File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const OPTIONS: Options = Options { model: None, tcp_port: tcp::PORT };

/// A choice, as somebody types it.
fn choice(arguments: &[&str]) -> Choice {
    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        choice: Choice,
    }
    Typed::parse_from([&["slice"], arguments].concat()).choice
}

fn read(bytes: &[u8]) -> Result<Conversation> {
    Conversation::from_source(bytes, &OPTIONS, "a capture")
}

fn cut(whole: &Conversation, bytes: &[u8], arguments: &[&str]) -> Result<(Written, Vec<u8>)> {
    let slice = Slice::new(whole, &choice(arguments), &OPTIONS).context("nothing is asked for")?;
    let mut out = File::new(Vec::new());
    let written = slice.write(|| Ok(bytes), &mut out)?;
    Ok((written, out.into_inner()))
}

/// All that a transaction says, without the numbers of frames.
fn said(conversation: &Conversation, entry: &Entry<'_>) -> String {
    let transaction = entry.transaction;
    let mut outline = Outline::default();
    let mut cursor = Cursor::new(entry.data, 0, !entry.complete(), &mut outline);
    reply::show(conversation.session.transactions(), entry.number, &mut cursor);
    let nodes: Vec<_> =
        outline.nodes().iter().map(|node| (node.field, node.value, node.start, node.len)).collect();
    let sentence = match transaction.asked {
        Asked::Device(_) => transaction.response.map(|at| conversation.sentence(at.frame())),
        _ => None,
    };
    format!(
        "{transaction} at {} {:02x?} {:?} {:?} {} {} {:02x?} {sentence:?} {nodes:?} {}",
        transaction.request.time(),
        transaction.parameters(),
        entry.doubt,
        entry.pump,
        transaction.repeats,
        transaction.bad_crcs,
        entry.data,
        outline.texts(),
    )
}

/// Cuts a transaction out, and says how many others came along.
fn cut_one(name: &str, bytes: &[u8], whole: &Conversation, entry: &Entry<'_>) -> Result<usize> {
    let what = format!("{name}, transaction {}: {}", entry.number, entry.transaction);
    let (written, slice) = cut(whole, bytes, &["-n", &entry.number.to_string()]).context(what.clone())?;
    assert!(written.chosen.contains(&entry.number.get()) && written.chosen.len() == 1, "{what}");
    let read = read(&slice).context(what.clone())?;
    let numbers: BTreeSet<_> = written.chosen.union(&written.beside).copied().collect();
    assert_eq!(numbers.len(), read.entries().len(), "{what}");
    for (number, is) in numbers.into_iter().zip(read.entries()) {
        let was = whole.entries_after(number as usize - 1).next().context("it is there")?;
        assert_eq!(is.transaction.outcome(), was.transaction.outcome(), "{what}: {number}");
        assert_eq!((is.data, is.doubt), (was.data, was.doubt), "{what}: {number}");
        if number == entry.number.get() {
            assert_eq!(said(&read, &is), said(whole, &was), "{what}");
        }
    }
    Ok(written.beside.len())
}

#[test]
fn each_transaction_reads_the_same_as_in_the_whole() -> Result<()> {
    let (mut count, mut beside) = (0, 0);
    for Form { name, bytes } in forms::all()? {
        let whole = read(&bytes)?;
        // Of the long ones, some.
        let step = (whole.packets.len() / 600).max(1);
        for entry in whole.entries().step_by(step) {
            beside += cut_one(&name, &bytes, &whole, &entry)?;
            count += 1;
        }
    }
    println!("{count} transactions were cut out, with {beside} others");
    assert!(count > 200);
    Ok(())
}

/// The sample with damage of all kinds: whatever is cut out of it, nothing becomes sound that is not sound in the whole.
#[test]
fn what_is_contradicted_stays_so() -> Result<()> {
    let bytes = fs::read(folder().join("04-damage.pcapng"))?;
    let whole = read(&bytes)?;
    let count = whole.entries().len();
    let sound = |conversation: &Conversation| -> Vec<(u64, String)> {
        let good = conversation.entries().filter(|entry| entry.transaction.outcome() == Outcome::Complete);
        good.map(|entry| (entry.transaction.request.time(), format!("{:02x?}", entry.data))).collect()
    };
    let all = sound(&whole);
    let mut unproven = 0;
    for first in 1..=count {
        for last in first..=count.min(first + 3) {
            let (_, slice) = cut(&whole, &bytes, &["-n", &format!("{first}-{last}")])?;
            let slice = read(&slice)?;
            for found in sound(&slice) {
                assert!(all.contains(&found), "{first} to {last}: {found:?}");
            }
            unproven += slice.entries().filter(|entry| entry.transaction.unproven).count();
        }
    }
    assert!(unproven > 10, "{unproven}");
    Ok(())
}

#[test]
fn a_slice_of_all_is_the_whole_and_a_slice_of_a_slice_a_slice() -> Result<()> {
    let bytes = fs::read(folder().join("11-history-page.pcapng"))?;
    let whole = read(&bytes)?;
    let (_, all) = cut(&whole, &bytes, &["-n", "1-7"])?;
    assert!(all == bytes, "nothing is left out, so nothing is said");
    let (_, some) = cut(&whole, &bytes, &["-n", "1,3,5-6"])?;
    let part = read(&some)?;
    let (_, fewer) = cut(&part, &some, &["-n", "2-3"])?;
    let fewer = read(&fewer)?;
    let told: Vec<_> = fewer.entries().map(|entry| entry.transaction.to_string()).collect();
    assert_eq!(told, ["Read Pump Model, pump 123456, complete", "Read History Page, pump 123456, complete"]);
    Ok(())
}

#[test]
fn descriptors_and_both_halves_of_each_transfer_come_along() -> Result<()> {
    for sample in ["01-model-query", "03-model-query-usbpcap", "05-model-query-darwin", "06-split-transfers"]
    {
        let bytes = fs::read(folder().join(format!("{sample}.pcapng")))?;
        let whole = read(&bytes)?;
        let (_, slice) = cut(&whole, &bytes, &["--opcode", "0x8d"])?;
        let (mut controls, mut open, mut marks) = (0, BTreeSet::new(), 0);
        for block in Reader::new(slice.as_slice())? {
            let block = block?;
            let Some(record) = block.record() else { continue };
            let urb = usb::urb(record.link, record.data).context("a packet of USB")?;
            controls += usize::from(urb.number() == 0);
            marks += usize::from(record.left_out);
            assert_eq!(record.left_out, block.comments().iter().any(|comment| says_left_out(comment)));
            if urb.completes {
                assert!(open.remove(&urb.id), "{sample}: frame {} ends what has not begun", record.frame);
            } else {
                open.insert(urb.id);
            }
        }
        assert!(open.is_empty(), "{sample}: {open:x?} have no end");
        assert!(controls >= 2, "{sample}: {controls} packets of control transfers");
        assert_eq!(marks, 1, "{sample}: what came before is left out");
    }
    Ok(())
}

#[test]
fn conditions_choose_transactions() -> Result<()> {
    let bytes = fs::read(folder().join("13-two-sticks-two-pumps.pcapng"))?;
    let whole = read(&bytes)?;
    let chosen = |arguments: &[&str]| -> Result<Vec<u32>> {
        Ok(cut(&whole, &bytes, arguments)?.0.chosen.into_iter().collect())
    };
    let of = |holds: &dyn Fn(&Entry<'_>) -> bool| -> Vec<u32> {
        whole.entries().filter(holds).map(|entry| entry.number.get()).collect()
    };
    let pump = whole.entries().find_map(|entry| entry.transaction.serial()).context("a pump")?;
    let asked = |entry: &Entry<'_>| entry.transaction.serial() == Some(pump);
    assert_eq!(chosen(&["--pump", pump.as_str()])?, of(&asked));
    let model = |entry: &Entry<'_>| entry.opcode().is_some_and(|opcode| opcode.0 == 0x8d);
    assert_eq!(chosen(&["--opcode", "141"])?, of(&model));
    assert_eq!(
        chosen(&["--opcode", "0x8d", "--pump", pump.as_str()])?,
        of(&|entry| model(entry) && asked(entry))
    );
    let third = whole.entries_after(2).next().context("a third")?;
    let time = jiff::Timestamp::from_nanosecond(third.transaction.request.time().into())?;
    let from = chosen(&["--time", &format!("{time}..")])?;
    assert!(from.contains(&3) && !from.contains(&1), "{from:?}");
    assert_eq!(from, chosen(&["--time", &format!("{}..", time.to_string().trim_end_matches('Z'))])?);
    Ok(())
}

#[test]
fn no_damaged_capture_makes_it_fail() -> Result<()> {
    let mut count = 0;
    forms::spoil(10_000, |bytes| {
        let Ok(whole) = read(bytes) else { return };
        let entries = whole.entries().len();
        if entries == 0 {
            return;
        }
        let number = (1 + count % entries).to_string();
        let (written, slice) = cut(&whole, bytes, &["-n", &number]).expect("it can be cut");
        let read = read(&slice).expect("it is a capture");
        assert_eq!(read.entries().len(), written.chosen.len() + written.beside.len());
        count += 1;
    })?;
    assert!(count > 3000, "{count}: most are no captures any more");
    Ok(())
}

fn run(arguments: &[&str], files: &[&Path]) -> Output {
    let program = env!("CARGO_BIN_EXE_carelink");
    Command::new(program).arg("slice").args(arguments).args(files).output().expect("the program runs")
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_program_says_what_it_keeps_and_writes_nothing_for_nothing() -> Result<()> {
    let here = tempfile::tempdir()?;
    let at = |name: &str| here.path().join(name);
    let sample = folder().join("11-history-page.pcapng");

    let output = at("out.pcapng");
    let cut = run(&["-n", "5", "-o"], &[&output, &sample]);
    assert_eq!(cut.status.code(), Some(0), "{}", complaint(&cut));
    assert!(complaint(&cut).contains("kept 5 ("), "{}", complaint(&cut));
    assert!(complaint(&cut).contains("; with them 3,"), "{}", complaint(&cut));
    let again = run(&["-n", "5", "-o"], &[&output, &sample]);
    assert_eq!(again.status.code(), Some(2), "it is there already");
    assert_eq!(run(&["-n", "5", "--force", "-o"], &[&output, &sample]).status.code(), Some(0));

    let (none, some) = (at("none.pcapng"), at("some.pcapng"));
    let nothing = run(&["--pump", "999999", "-o"], &[&none, &sample]);
    assert_eq!((nothing.status.code(), none.exists()), (Some(1), false), "{}", complaint(&nothing));
    assert!(complaint(&nothing).contains("none of 7 transactions"), "{}", complaint(&nothing));
    let beyond = run(&["-n", "3,50", "-o"], &[&some, &sample]);
    assert_eq!((beyond.status.code(), some.exists()), (Some(1), true), "{}", complaint(&beyond));
    assert!(complaint(&beyond).contains("no transaction 50; there are 7"), "{}", complaint(&beyond));
    assert_eq!(run(&["-o"], &[&none, &sample]).status.code(), Some(2), "no condition at all");

    // From a pipe, and cut short.
    let bytes = fs::read(&sample)?;
    let (cut, rest) = (at("cut.pcapng"), at("rest.pcapng"));
    fs::write(&cut, &bytes[..bytes.len() / 2])?;
    let piped = Command::new(env!("CARGO_BIN_EXE_carelink"))
        .args(["slice", "-", "-n", "3", "-o"])
        .arg(&rest)
        .stdin(Stdio::from(fs::File::open(&cut)?))
        .output()?;
    assert_eq!(piped.status.code(), Some(2), "{}", complaint(&piped));
    let kept = Conversation::read(&rest, &OPTIONS, Keep::All)?;
    assert_eq!(kept.entries().len(), 1, "what comes before the damage");
    Ok(())
}
