// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the sample captures, whole, piped and damaged. Out: what the program prints, and its exit code.

use anyhow::{Context as _, Result};
use carelink_capture::container;
use carelink_cli::conversation::{Conversation, Keep, Options};
use carelink_core::pump::model::Model;
use carelink_samples::files::sample;
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_carelink"))
}

fn run(verb: &str, arguments: &[&str], files: &[&Path]) -> Output {
    program().arg(verb).args(arguments).args(files).output().expect("the program runs")
}

fn piped(arguments: &[&str], input: &[u8]) -> Result<Output> {
    let mut child = program()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().context("a pipe")?.write_all(input)?;
    Ok(child.wait_with_output()?)
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(output: &Output) -> Vec<Value> {
    text(output).lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

#[test]
fn list_tells_what_was_asked_and_what_came() {
    let output = run("list", &[], &[&sample("01")]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let listed = text(&output);
    let rows: Vec<_> =
        listed.lines().map(|line| line.split("  ").last().unwrap_or_default().trim()).collect();
    assert_eq!(rows.len(), 5, "{listed}");
    assert_eq!(rows[1], "Read Signal Strength: answered by the stick | Signal Strength: -61 dBm");
    assert_eq!(rows[3], "Read Pump Model: complete | model 522");
}

/// Much the same session in all the ways of capturing.
#[test]
fn every_link_layer_is_read() {
    for start in ["01", "02", "03", "05", "07", "08", "09", "10"] {
        let rows = json(&run("list", &["--format", "json"], &[&sample(start)]));
        let row = rows.iter().find(|row| row["command"] == "Read Pump Model").expect(start);
        let reply = row["reply_text"].as_str().unwrap_or_default();
        assert!(row["outcome"] == "complete" && reply.starts_with("model "), "{start}: {row}");
    }
}

#[test]
fn only_the_port_that_is_named_is_a_stick() {
    let output = run("list", &["--tcp-port", "7306"], &[&sample("09")]);
    assert_eq!((output.status.code(), text(&output)), (Some(1), String::new()));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("no serial line: capture the bus"), "{told}");
}

#[test]
fn damage_is_in_the_exit_code() {
    for verb in ["list", "show"] {
        assert_eq!(run(verb, &[], &[&sample("04")]).status.code(), Some(1), "{verb}");
        assert_eq!(run(verb, &[], &[&sample("01")]).status.code(), Some(0), "{verb}");
    }
}

/// What is over is listed while the capture goes on: the pipe is closed only after the lines have come.
#[test]
fn a_pipe_is_listed_as_it_comes() {
    let capture = fs::read(sample("11")).expect("a sample");
    let mut program = program()
        .args(["list", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut pipe = program.stdin.take().expect("a pipe");
    pipe.write_all(&capture).expect("the program reads");
    pipe.flush().expect("the program reads");
    let mut lines = BufReader::new(program.stdout.take().expect("a pipe")).lines();
    for number in 1..=6 {
        let line = lines.next().expect("a line").expect("a line of text");
        assert!(line.trim_start().starts_with(&format!("{number} ")), "{line}");
    }
    drop(pipe);
    assert_eq!(lines.count(), 1, "the last one is over with the capture");
    assert!(program.wait().expect("the program ends").success());
}

/// A pcapng section with one packet of link type 127, IEEE 802.11 with a radio header.
#[rustfmt::skip]
const WLAN: &[u32] = &[
    0x0A0D_0D0A, 28, 0x1A2B_3C4D, 1, u32::MAX, u32::MAX, 28,
    1, 20, 127, 0xFFFF, 20,
    6, 36, 0, 0, 0, 4, 4, 0xDEAD_BEEF, 36,
];

/// A capture as a classic pcap file, in one byte order or the other, its times in parts of so many nanoseconds; `snap`
/// bytes are kept of each packet.
fn classic(path: &Path, big: bool, unit: u64, snap: usize) -> Result<Vec<u8>> {
    let magic = if unit == 1 { 0xA1B2_3C4D_u32 } else { 0xA1B2_C3D4 };
    let word = |word: u32| if big { word.to_be_bytes() } else { word.to_le_bytes() };
    let half = |half: u16| if big { half.to_be_bytes() } else { half.to_le_bytes() };
    let mut file = [word(magic).as_slice(), &half(2), &half(4)].concat();
    file.extend([0, 0, 0x4_0000, 220].into_iter().flat_map(word));
    container::read(fs::File::open(path)?, |record| {
        let (seconds, rest) = (record.time / 1_000_000_000, record.time % 1_000_000_000 / unit);
        let kept = &record.data[..record.data.len().min(snap)];
        let lengths = [u32::try_from(kept.len())?, u32::try_from(record.sent)?];
        file.extend(
            [u32::try_from(seconds)?, u32::try_from(rest)?].into_iter().chain(lengths).flat_map(word),
        );
        file.extend_from_slice(kept);
        Ok(())
    })?;
    Ok(file)
}

#[test]
fn a_snap_length_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (length, kept) in [(64, "kept 0 bytes"), (100, "kept 36 bytes")] {
        let path = folder.path().join("cut.pcap");
        fs::write(&path, classic(&sample("11"), false, 1, length)?)?;
        let output = run("list", &[], &[&path]);
        assert_eq!(output.status.code(), Some(1));
        assert!(complaint(&output).contains("were cut by the capture"), "{}", complaint(&output));
        assert!(complaint(&output).contains(kept), "{}", complaint(&output));
    }
    Ok(())
}

#[test]
fn several_files_are_named_and_one_that_is_bad_does_not_spoil_the_others() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let bad = folder.path().join("bad.pcapng");
    fs::write(&bad, b"no capture")?;
    let (one, two) = (sample("01"), sample("03"));
    for verb in ["list", "show"] {
        let output = run(verb, &["--format", "json"], &[&one, &bad, &two]);
        assert_eq!(output.status.code(), Some(2));
        assert!(complaint(&output).contains("bad.pcapng"), "{}", complaint(&output));
        let files: BTreeSet<_> = json(&output).iter().map(|row| row["file"].to_string()).collect();
        assert_eq!(files.len(), 2, "{files:?}");
        let listed = text(&run(verb, &[], &[&one, &two]));
        assert!(listed.contains("01-model-query.pcapng:\n"), "{listed}");
    }
    let output = run("coverage", &["--format", "json"], &[&bad, &one]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!json(&output).is_empty(), "the good one is counted");
    let pages = folder.path().join("pages");
    let arguments = ["-o", pages.to_str().context("a path")?];
    let output = run("pages", &arguments, &[&sample("11"), &sample("15")]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    assert_eq!(text(&output).lines().count(), 2);
    Ok(())
}

#[test]
fn what_was_tried_for_an_answer_is_told() {
    let listed = text(&run("list", &[], &[&sample("04")]));
    assert!(listed.contains("the pump did not answer | 21 polls found nothing"), "{listed}");
    let told = complaint(&run("list", &[], &[&sample("04")]));
    assert!(told.contains("bytes of sticks fit no frame: in 5 places, the first in packet 698"), "{told}");
}

#[test]
fn show_streams_as_list_does() -> Result<()> {
    let capture = fs::read(sample("01"))?;
    let mut child = program().args(["show", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut pipe = child.stdin.take().context("a pipe")?;
    pipe.write_all(&capture)?;
    pipe.flush()?;
    let mut lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
    assert!(lines.next().context("a line while the pipe is open")??.starts_with("Transaction 1, "));
    drop(pipe);
    assert!(lines.count() > 10);
    child.wait()?;
    Ok(())
}

#[test]
fn events_of_a_pipe_are_listed_as_they_come_and_are_those_of_the_file() -> Result<()> {
    let capture = fs::read(sample("11"))?;
    let of_file = text(&run("events", &[], &[&sample("11")]));
    let mut child = program().args(["events", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut pipe = child.stdin.take().context("a pipe")?;
    // All but the last two packets: the page is complete.
    pipe.write_all(&capture[..capture.len() - 300])?;
    pipe.flush()?;
    let mut lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
    let head = lines.next().context("a head")??;
    let first = lines.next().context("an event while the pipe is open")??;
    pipe.write_all(&capture[capture.len() - 300..])?;
    drop(pipe);
    let rest: Vec<_> = lines.collect::<std::io::Result<_>>()?;
    assert!(child.wait()?.success());
    // Their numbers are in the order in which they came.
    let without_number = |line: &str| {
        let mut cells: Vec<_> = line.split('\t').map(str::to_owned).collect();
        cells.remove(4);
        cells.join("\t")
    };
    let mut came: Vec<_> = rest.iter().chain([&first]).map(|line| without_number(line)).collect();
    let mut expected: Vec<_> = of_file.lines().skip(1).map(without_number).collect();
    came.sort();
    expected.sort();
    assert_eq!(came, expected);
    assert_eq!(Some(head.as_str()), of_file.lines().next());
    Ok(())
}

#[test]
fn other_link_types_are_passed_over() -> Result<()> {
    let wlan: Vec<u8> = WLAN.iter().flat_map(|word| word.to_le_bytes()).collect();
    let alone = piped(&["list", "-"], &wlan)?;
    assert_eq!(alone.status.code(), Some(2));
    assert!(complaint(&alone).contains("link type 127 is neither"), "{}", complaint(&alone));
    let mixed = piped(&["list", "--format", "json", "-"], &[wlan, fs::read(sample("01"))?].concat())?;
    assert_eq!(mixed.status.code(), Some(0), "{}", complaint(&mixed));
    let frame = |row: &Value| row["frame"].as_u64().unwrap_or_default();
    let frames: Vec<_> = json(&mixed).iter().map(frame).collect();
    let before: Vec<_> =
        json(&run("list", &["--format", "json"], &[&sample("01")])).iter().map(frame).collect();
    assert_eq!(frames, before.iter().map(|frame| frame + 1).collect::<Vec<_>>());
    Ok(())
}

/// The packets of a sample as a pcap file of either byte order and precision.
#[test]
fn classic_pcap_is_read() -> Result<()> {
    let rows = |output: &Output| {
        let mut rows = json(output);
        rows.iter_mut().for_each(|row| drop(row.as_object_mut().and_then(|row| row.remove("file"))));
        rows
    };
    let expected = rows(&run("list", &["--format", "json"], &[&sample("01")]));
    for big in [false, true] {
        for unit in [1000, 1] {
            let file = classic(&sample("01"), big, unit, usize::MAX)?;
            let output = piped(&["list", "--format", "json", "-"], &file)?;
            assert_eq!(rows(&output), expected, "{big} {unit} {}", complaint(&output));
        }
    }
    Ok(())
}

#[test]
fn csv_and_json_tell_the_same() -> Result<()> {
    for verb in ["list", "events"] {
        let rows = json(&run(verb, &["--format", "json"], &[&sample("14")]));
        let output = run(verb, &["--format", "csv"], &[&sample("14")]);
        let mut reader = csv::Reader::from_reader(output.stdout.as_slice());
        let header = reader.headers()?.clone();
        let records = reader.records().collect::<csv::Result<Vec<_>>>()?;
        assert!(!rows.is_empty());
        assert_eq!(rows.len(), records.len(), "{verb}");
        for (row, record) in rows.iter().zip(&records) {
            for (name, cell) in header.iter().zip(record) {
                // The columns of events are those of the vendor's table.
                let key = match name {
                    "values" => "values_text",
                    "pump" if verb == "events" => "device",
                    name => name,
                };
                let value = match &row[key] {
                    Value::Null => String::new(),
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                assert_eq!(value, cell, "{verb} {name}");
            }
        }
    }
    Ok(())
}

#[test]
fn show_names_values_and_units() {
    let rows = json(&run("show", &["--format", "json"], &[&sample("07")]));
    let battery = rows.iter().find(|row| row["command"] == "Read Battery").expect("a battery");
    let voltage = battery["reply"].as_array().expect("fields").iter().find(|field| field["unit"] == "V");
    assert_eq!(voltage.expect("a voltage")["value"], 1.4);
    let number = battery["transaction"].to_string();
    let shown = text(&run("show", &["-n", &number], &[&sample("07")]));
    assert!(shown.contains("Voltage: 1.4 V\n"), "{shown}");
    assert!(!shown.contains("Read Pump Model"), "{shown}");
    let none = run("show", &["-n", "99"], &[&sample("07")]);
    assert_eq!(none.status.code(), Some(2));
    assert!(complaint(&none).contains("no transaction 99; there are "), "{}", complaint(&none));
}

#[test]
fn show_marks_damage() {
    let shown = text(&run("show", &[], &[&sample("04")]));
    assert!(shown.contains("! Bad CRC"), "{shown}");
}

#[test]
fn events_are_the_vendors() {
    let output = run("events", &[], &[&sample("11")]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let table = text(&output);
    assert_eq!(table.lines().next(), Some("time\ttype\tvalues\tpump\tseq\tpage\toffset\tsetting"));
    let temp = "2026-01-01T09:10:05\tChangeTempBasal\tRATE=1.25, DURATION=5400000, ACTION_REQUESTOR=pump\tParadigm 522\t10\thistory 0\t";
    assert!(table.lines().any(|line| line.starts_with(temp)), "{table}");
    let times: Vec<_> = table.lines().skip(1).filter_map(|line| line.split('\t').next()).collect();
    assert!(times.is_sorted());
}

/// What exports call a pump of this model.
fn device(model: &str) -> String {
    Model::parse(model).and_then(Model::exported).expect("a name")
}

#[test]
fn pages_in_files_give_the_events_of_the_capture() -> Result<()> {
    for (start, model) in [("11", "522"), ("14", "522"), ("15", "523")] {
        let folder = tempfile::tempdir()?;
        let target = folder.path().to_str().context("a path")?;
        let written = run("pages", &["-o", target], &[&sample(start)]);
        assert_eq!(written.status.code(), Some(0), "{}", complaint(&written));
        let files: Vec<_> = text(&written).lines().map(PathBuf::from).collect();
        assert!(
            files.iter().all(|file| fs::metadata(file).is_ok_and(|data| data.len() >= 1024)),
            "{files:?}"
        );
        let paths: Vec<_> = files.iter().map(PathBuf::as_path).collect();
        let of_pages = run("events", &["--model", model], &paths);
        assert_eq!(of_pages.status.code(), Some(0), "{}", complaint(&of_pages));
        assert_eq!(text(&of_pages), text(&run("events", &[], &[&sample(start)])));
        // Nor do names that tell nothing, or hexadecimal digits, as long as the bytes tell the kind.
        if files.len() == 1 {
            let page = fs::read(&files[0])?;
            let (nameless, digits) = (folder.path().join("0.bin"), folder.path().join("history-page-0.txt"));
            fs::write(&nameless, &page)?;
            let lines: Vec<_> = page.chunks(32).map(hex::encode_upper).collect();
            fs::write(&digits, lines.join("\r\n"))?;
            for file in [&nameless, &digits] {
                let alike = run("events", &["--model", model], &[file]);
                // Only a name with a number tells the page; else the file's name stands for it.
                let unnamed = text(&alike).replace(&file.display().to_string(), "history 0");
                assert_eq!(unnamed, text(&of_pages), "{}", complaint(&alike));
            }
        }
        // Twice the same file changes nothing.
        let twice = [paths.as_slice(), paths.as_slice()].concat();
        assert_eq!(text(&run("events", &["--model", model], &twice)), text(&of_pages));

        // Without a model the records of history pages tell how they are to be read; those of the sensor do not.
        let told = run("events", &[], &paths);
        let nameless = |output: &Output| text(output).replace(&device(model), "pump");
        if start != "14" {
            assert_eq!(nameless(&told), nameless(&of_pages), "{}", complaint(&told));
            assert!(
                complaint(&told).contains("no model is told; the records are those of a "),
                "{}",
                complaint(&told)
            );
        }
        fs::write(&files[0], "mine")?;
        let again = run("pages", &["-o", target], &[&sample(start)]);
        assert_eq!(again.status.code(), Some(2));
        assert!(complaint(&again).contains("is there already"), "{}", complaint(&again));
        assert_eq!(fs::read(&files[0])?, b"mine");
        assert_eq!(run("pages", &["--force", "-o", target], &[&sample(start)]).status.code(), Some(0));
        assert_ne!(fs::read(&files[0])?, b"mine");
    }
    Ok(())
}

#[test]
fn damaged_pages_are_left_out_and_told() {
    let output = run("events", &[], &[&sample("04")]);
    assert_eq!(output.status.code(), Some(1), "{}", complaint(&output));
    for reason in [
        "it fails its CRC-16",
        "packets are missing, so that it may answer another command",
        "it lacks 63 bytes",
    ] {
        assert!(complaint(&output).contains(reason), "{}", complaint(&output));
    }
    // What is left out there is not read elsewhere either.
    let damaged = |row: &&Value| {
        let outcome = row["outcome"].as_str().unwrap_or_default();
        row["command"] == "Read History Page" && (outcome == "damaged" || outcome.starts_with("unproven"))
    };
    let rows = json(&run("show", &["--format", "json"], &[&sample("04")]));
    let replies: Vec<_> = rows.iter().filter(damaged).filter_map(|row| row["reply"].as_array()).collect();
    assert!(replies.len() > 2, "{replies:?}");
    let records = replies.iter().copied().flatten().filter(|item| item["field"] == "carelink.history.record");
    assert_eq!(records.count(), 0);
}

#[test]
fn a_file_that_cannot_be_read_does_not_spoil_the_others() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let bad = folder.path().join("glucose-page-1.data");
    fs::write(&bad, [0; 100])?;
    let output = run("events", &["--model", "522"], &[&sample("11"), &bad]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.stdout, run("events", &["--model", "522"], &[&sample("11")]).stdout);
    let reason = "glucose-page-1.data: 100 bytes are no glucose pages, which have 1024 each";
    assert!(complaint(&output).contains(reason), "{}", complaint(&output));
    assert_eq!(run("events", &["--model", "522"], &[&bad]).status.code(), Some(2));
    Ok(())
}

#[test]
fn a_pipe_is_read_as_a_file_is() -> Result<()> {
    let bytes = fs::read(sample("11"))?;
    for verb in ["list", "events", "show"] {
        let output = piped(&[verb, "-"], &bytes)?;
        assert_eq!(output.stdout, run(verb, &[], &[&sample("11")]).stdout, "{verb}");
    }
    Ok(())
}

/// What gzip makes of `bytes`.
fn zipped(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut zip = GzEncoder::new(Vec::new(), Compression::default());
    zip.write_all(bytes)?;
    Ok(zip.finish()?)
}

#[test]
fn a_compressed_capture_is_read_through() -> Result<()> {
    let zip = zipped(&fs::read(sample("11"))?)?;
    let plain = run("list", &[], &[&sample("11")]).stdout;
    assert_eq!(piped(&["list", "-"], &zip)?.stdout, plain);
    let cut = piped(&["list", "-"], &zip[..zip.len() * 2 / 3])?;
    assert!(!cut.status.success());
    let (first, _) =
        text(&cut).split_once('\n').map(|(first, rest)| (first.to_owned(), rest.len())).context("a line")?;
    assert!(String::from_utf8(plain)?.starts_with(&first), "what came before the cut is shown: {first}");
    let complaint = String::from_utf8(cut.stderr)?;
    assert!(complaint.contains("cannot be read to its end"), "{complaint}");
    Ok(())
}

/// Another device's transfer of several megabytes, before those of the stick.
#[test]
fn a_long_transfer_of_another_device_is_stepped_over() -> Result<()> {
    let sample_bytes = fs::read(sample("11"))?;
    let length =
        |at: usize| Ok::<_, anyhow::Error>(u32::from_le_bytes(sample_bytes[at..][..4].try_into()?) as usize);
    let section = length(4)?;
    let packets = section + length(section + 4)?;
    let captured = 3_u32 << 20;
    let total = captured + 32;
    let words = [6, total, 0, 0, 0, captured, captured];
    let mut long: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    long.resize(long.len() + captured as usize, 0);
    long.extend(total.to_le_bytes());
    let with = [&sample_bytes[..packets], &long, &sample_bytes[packets..]].concat();
    let count = |bytes: &[u8]| Ok::<_, anyhow::Error>(text(&piped(&["list", "-"], bytes)?).lines().count());
    assert_eq!(count(&with)?, count(&sample_bytes)?);
    Ok(())
}

#[test]
fn a_reader_that_leaves_is_no_error() -> Result<()> {
    let mut child =
        program().arg("show").arg(sample("04")).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    drop(child.stdout.take());
    let output = child.wait_with_output()?;
    assert_eq!((output.status.code(), complaint(&output)), (Some(0), String::new()));
    Ok(())
}

#[test]
fn what_comes_before_the_damage_is_printed() -> Result<()> {
    let bytes = fs::read(sample("11"))?;
    let whole = text(&run("list", &[], &[&sample("11")]));
    let cut = piped(&["list", "-"], &bytes[..bytes.len() - 50])?;
    assert_eq!(cut.status.code(), Some(2));
    assert!(complaint(&cut).contains("the file ends within a record, after frame "), "{}", complaint(&cut));
    let before = |text: &str| text.lines().take(6).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(before(&text(&cut)), before(&whole));
    let events = piped(&["events", "-"], &bytes[..bytes.len() - 50])?;
    assert_eq!(events.status.code(), Some(2));
    assert_eq!(text(&events), text(&run("events", &[], &[&sample("11")])));
    Ok(())
}

#[test]
fn no_beginning_of_a_capture_is_a_crash() -> Result<()> {
    let bytes = fs::read(sample("13"))?;
    for end in (0..bytes.len()).step_by(997) {
        let output = piped(&["show", "-"], &bytes[..end])?;
        assert!(matches!(output.status.code(), Some(0 | 2)), "{end}: {}", complaint(&output));
    }
    Ok(())
}

#[test]
fn wrong_usage_and_unreadable_files_are_2() {
    assert_eq!(run("list", &[], &[]).status.code(), Some(2));
    assert_eq!(run("list", &["--model", "five"], &[&sample("01")]).status.code(), Some(2));
    let absent = run("list", &[], &[Path::new("absent.pcapng")]);
    assert_eq!(absent.status.code(), Some(2));
    assert!(complaint(&absent).starts_with("carelink: absent.pcapng: "), "{}", complaint(&absent));
    let text = run("list", &[], &[Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml").as_path()]);
    assert!(complaint(&text).contains("not a capture file"), "{}", complaint(&text));
}

/// An export made of the sample's own events, one of them changed, one left out and one added.
#[test]
fn audit_finds_what_differs() -> Result<()> {
    let events = json(&run("events", &["--format", "json"], &[&sample("11")]));
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("export.csv");
    let write = |spoil: bool| -> Result<()> {
        let mut file = fs::File::create(&path)?;
        write!(file, "LAST NAME,Nobody\r\n\r\nDEVICE DATA (59 records)\r\n")?;
        let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(file);
        csv.write_record([
            "Index",
            "Date",
            "Time",
            "BG Reading (mg/dL)",
            "Raw-Type",
            "Raw-Values",
            "Raw-Device Type",
        ])?;
        for (at, event) in events.iter().enumerate() {
            let get = |name: &str| event[name].as_str().unwrap_or_default();
            let (day, time) = get("time").split_once('T').context("a time")?;
            let [year, month, day] = day.split('-').collect::<Vec<_>>()[..] else { panic!("{day}") };
            let date = format!("{}/{}/{}", month.parse::<u8>()?, day.parse::<u8>()?, year);
            let mut values = format!("{}, PATTERN_DATUM=5", get("values_text"));
            match get("type") {
                "ChangeTempBasal" if spoil => values = values.replace("1.25", "1.3"),
                "Rewind" if spoil => continue,
                _ => {}
            }
            csv.write_record([&at.to_string(), &date, time, "", get("type"), &values, get("device")])?;
        }
        if spoil {
            csv.write_record([
                "99",
                "1/2/2026",
                "12:00:00",
                "",
                "SelfTest",
                "ACTION_REQUESTOR=pump",
                "Paradigm 522",
            ])?;
        }
        csv.flush()?;
        Ok(())
    };
    write(false)?;
    let same = run("audit", &["--format", "json"], &[&sample("11"), &path]);
    assert_eq!(same.status.code(), Some(0), "{}", complaint(&same));
    let rows = &json(&same)[1..];
    assert_eq!(rows.len(), events.len());
    assert!(rows.iter().all(|row| row["verdict"] == "agrees" && row["frame"].is_u64()), "{rows:?}");
    let frames: BTreeSet<_> = rows.iter().filter_map(|row| row["frame"].as_u64()).collect();
    assert!(frames.len() > 3, "the page came in nine parts, and its events lie in them: {frames:?}");

    write(true)?;
    let other = run("audit", &["--format", "json"], &[&sample("11"), &path]);
    assert_eq!(other.status.code(), Some(1), "{}", complaint(&other));
    let found: Vec<_> = json(&other)
        .into_iter()
        .filter(|row| row["row"] == "event" && row["verdict"] != "agrees")
        .map(|row| {
            let word = |key: &str| row[key].as_str().unwrap_or("").to_owned();
            [word("verdict"), word("type"), row["keys"][0].as_str().unwrap_or("").to_owned()]
        })
        .collect();
    let expected =
        [["differs", "ChangeTempBasal", "RATE"], ["missing", "SelfTest", ""], ["only ours", "Rewind", ""]];
    assert_eq!(found, expected);
    let table = text(&run("audit", &[], &[&sample("11"), &path]));
    assert!(table.contains("2026-01-01T09:10:05 ChangeTempBasal: differs: RATE\n"), "{table}");
    Ok(())
}

#[cfg(feature = "plot")]
/// Draws all of a sample as each kind of picture; the paths of SVG, PNG and web page.
fn plotted(folder: &Path, start: &str) -> [PathBuf; 3] {
    ["svg", "png", "html"].map(|extension| {
        let path = folder.join(format!("{start}.{extension}"));
        let arguments = ["--from", "2000-01-01", "-o", path.to_str().unwrap_or_default()];
        let drawn = run("plot", &arguments, &[&sample(start)]);
        assert_eq!(drawn.status.code(), Some(0), "{}", complaint(&drawn));
        path
    })
}

#[cfg(feature = "plot")]
/// One mark for each of these events, in the picture and on the page.
#[test]
fn plot_marks_each_event() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let rows = [
        ("11", "bolus", &["BolusNormal"][..]),
        ("11", "square", &["BolusSquare"]),
        ("11", "grams", &["BolusWizardBolusEstimate", "JournalEntryMealMarker"]),
        ("11", "meter", &["CalBGForPH"]),
        ("11", "rewind", &["Rewind"]),
        ("14", "sensor", &["GlucoseSensorData", "GlucoseSensorDataLow", "GlucoseSensorDataHigh"]),
        ("14", "calibration", &["CalBGForGH"]),
        ("15", "bolus", &["BolusNormal"]),
    ];
    let (mut of_sample, mut marks) = (["", ""], Vec::new());
    for (start, class, kinds) in rows {
        if of_sample[0] != start {
            let [svg, _, html] = plotted(folder.path(), start);
            of_sample = [start, class];
            marks = vec![fs::read_to_string(svg)?, fs::read_to_string(html)?];
        }
        let events = json(&run("events", &["--format", "json"], &[&sample(start)]));
        let wanted = |event: &&Value| {
            let values = event["values_text"].as_str().unwrap_or_default();
            kinds.iter().any(|kind| event["type"] == *kind) && !values.contains("CARB_INPUT=0,")
        };
        let expected = events.iter().filter(wanted).count();
        assert!(expected > 0, "{start} has no {class}");
        for text in &marks {
            let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
            let tree = roxmltree::Document::parse_with_options(text, options)?;
            let found = tree.descendants().filter(|node| node.attribute("class") == Some(class)).count();
            assert_eq!(found, expected, "{start} {class}");
            assert!(!text.contains("src=") && !text.contains("@import"), "nothing is fetched");
        }
    }
    Ok(())
}

#[cfg(feature = "plot")]
#[test]
fn plot_paints_with_its_own_letters() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let [svg, picture, _] = plotted(folder.path(), "11");
    let mut reader = png::Decoder::new(BufReader::new(fs::File::open(picture)?)).read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().context("a size")?];
    let info = reader.next_frame(&mut pixels)?;
    let svg = fs::read_to_string(svg)?;
    assert!(svg.starts_with(&format!("<svg width=\"{}\" height=\"{}\"", info.width, info.height)));
    // Letters are the only thing in the rows of the title, which has no colour but greys between black and white.
    let row = info.line_size;
    let (title, rest) = pixels.split_at(40 * row);
    let colours = |pixels: &[u8]| pixels.as_chunks::<4>().0.iter().copied().collect::<BTreeSet<_>>();
    let greys = colours(title);
    assert!(greys.len() > 8 && greys.contains(&[0, 0, 0, 255]) && greys.contains(&[255; 4]), "{greys:?}");
    assert!(greys.iter().all(|[red, green, blue, _]| red == green && green == blue), "{greys:?}");
    assert!(colours(rest).contains(&[90, 60, 160, 255]), "the colour of boluses");
    Ok(())
}

#[cfg(feature = "plot")]
#[test]
fn plot_shows_the_last_day_and_no_serial_number_unless_asked() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let picture = folder.path().join("day.svg");
    let target = picture.to_str().context("a path")?;
    let capture = sample("11");
    let rows = json(&run("list", &["--format", "json"], &[&capture]));
    let serial = rows.iter().find_map(|row| row["pump"].as_str()).context("a serial number")?;
    let draw = |arguments: &[&str]| -> Result<String> {
        let drawn = run("plot", &[&["--force", "-o", target], arguments].concat(), &[&capture]);
        assert_eq!(drawn.status.code(), Some(0), "{}", complaint(&drawn));
        Ok(fs::read_to_string(&picture)?)
    };
    let day = draw(&[])?;
    assert!(day.contains("<title>Paradigm 522, Sun 2026-01-04</title>") && !day.contains(serial));
    assert!(draw(&["--serial"])?.contains(&format!("<title>Paradigm 522 {serial}, Sun 2026-01-04</title>")));
    assert!(draw(&["--pump", serial])?.contains("<title>Paradigm 522, Sun"));
    let morning = draw(&["--from", "2026-01-04T00:00", "--to", "2026-01-04T09:00"])?;
    assert!(morning.matches("class=").count() < day.matches("class=").count());

    let refuse = |arguments: &[&str], reason: &str| {
        let output = run("plot", arguments, &[&capture]);
        assert_eq!(output.status.code(), Some(2));
        assert!(complaint(&output).contains(reason), "{}", complaint(&output));
    };
    refuse(&["-o", target], "is there already");
    refuse(&["-o", "day.jpg"], "day.jpg: the name is to end in .svg, .png or .html");
    refuse(&["--force", "-o", target, "--from", "2026-01-05"], "neither glucose nor insulin nor carbs");
    refuse(&["--force", "-o", target, "--pump", "999999"], "no events of pump 999999");
    Ok(())
}

/// All bytes of the complete replies are there, each once, whatever they are known as.
#[test]
fn coverage_counts_each_byte_of_the_replies() -> Result<()> {
    let options = Options { model: None, tcp_port: 0 };
    for start in ["01", "04", "07", "11", "13", "14", "15"] {
        let conversation = Conversation::read(&sample(start), &options, Keep::Nothing)?;
        let complete: Vec<_> =
            conversation.entries().filter(|entry| entry.complete() && !entry.data.is_empty()).collect();
        let output = run("coverage", &["--format", "json"], &[&sample(start)]);
        assert_eq!(output.status.code(), Some(i32::from(start == "04")), "{}", complaint(&output));
        let rows = json(&output);
        let sum =
            |rows: &[&Value], name: &str| -> u64 { rows.iter().filter_map(|row| row[name].as_u64()).sum() };
        let (totals, lines): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row["name"] == "total");
        for row in &rows {
            let parts = ["decoded", "guessed", "unknown", "padding"].map(|name| sum(&[row], name));
            assert_eq!(parts.iter().sum::<u64>(), sum(&[row], "bytes"), "{row}");
            assert_eq!(row["unclaimed"], 0, "{row}");
            let unnamed = row["name"].as_str().is_some_and(|name| name.starts_with("unknown ("));
            assert_eq!(parts[0] == 0, unnamed, "{row}");
        }
        for part in ["reply", "page"] {
            let of_part = |rows: &[&'_ Value]| -> Vec<_> {
                rows.iter().copied().filter(|row| row["part"] == part).cloned().collect()
            };
            let (total, lines) = (of_part(&totals), of_part(&lines));
            for name in ["count", "bytes", "decoded", "guessed", "unknown", "padding"] {
                let of = |rows: &[Value]| sum(&rows.iter().collect::<Vec<_>>(), name);
                assert_eq!(of(&total), of(&lines), "{start} {part} {name}");
            }
        }
        let replies: Vec<_> = totals.iter().copied().filter(|row| row["part"] == "reply").collect();
        assert_eq!(sum(&replies, "count"), complete.len() as u64, "{start}");
        let bytes: usize = complete.iter().map(|entry| entry.data.len()).sum();
        assert_eq!(sum(&replies, "bytes"), bytes as u64, "{start}");
    }
    Ok(())
}

#[test]
fn coverage_of_pages_is_by_kind_and_model() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let target = folder.path().to_str().context("a path")?;
    assert_eq!(run("pages", &["-o", target], &[&sample("14")]).status.code(), Some(0));
    let paths: Vec<_> = fs::read_dir(target)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    let paths: Vec<_> = paths.iter().map(PathBuf::as_path).collect();
    let pages = |output: &Output| {
        let rows = json(output).into_iter();
        rows.filter(|row| row["part"] == "page" && row["name"] != "total").collect::<Vec<_>>()
    };
    let of_capture = pages(&run("coverage", &["--format", "json"], &[&sample("14")]));
    let model = of_capture[0]["model"].as_str().context("a model")?;
    assert_eq!(pages(&run("coverage", &["--format", "json", "--model", model], &paths)), of_capture);
    let table = text(&run("coverage", &[], &[&sample("14")]));
    assert!(table.contains(&format!("glucose page, model {model} ")), "{table}");
    let untold = pages(&run("coverage", &["--format", "json"], &paths));
    assert!(untold.iter().all(|row| row["model"] == "not known"), "{untold:?}");
    assert_eq!(untold.len(), of_capture.len());
    Ok(())
}

#[test]
fn help_manual_and_completions() {
    let help = text(&program().arg("--help").output().expect("help"));
    assert!(help.contains("Examples:") && help.contains("Exit codes:"), "{help}");
    let manual = text(&run("man", &[], &[]));
    assert!(manual.starts_with(".ie") || manual.contains(".TH carelink"), "{manual}");
    assert!(manual.contains("tcp\\-port"), "{manual}");
    let folder = tempfile::tempdir().expect("a folder");
    let pages = folder.path().join("man1");
    assert_eq!(run("man", &["-o", &pages.to_string_lossy()], &[]).status.code(), Some(0));
    for (page, holds) in [("carelink.1", "carelink\\-list(1)"), ("carelink-events.1", "tcp\\-port")] {
        let page = fs::read_to_string(pages.join(page)).expect("a page");
        assert!(page.contains(holds), "{page}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(text(&run("completions", &[shell], &[])).contains("carelink"), "{shell}");
    }
}
