// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the samples and the recordings, whole and damaged. Out: the pages that `carelink report` writes of them.
#![cfg(feature = "plot")]

use anyhow::{Context as _, Result};
use carelink_recordings::{captures, path};
use carelink_samples::files::{sample, samples};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// The serials of the pumps and sticks in samples and recordings.
const SERIALS: &[&str] = &[
    "123456", "654321", "234567", "0A1B2C", "0D1E2F", "208850", "342725", "578398", "736868", "665455",
    "389877", "047006", "080E00", "0B0B00", "0B2C00", "0B3000", "0C1700",
];

/// The fields that tell whose a device is, by how their names end.
const IDENTITIES: &[&str] = &[
    "pump.serial",
    "pump.id.serial",
    "product.serial",
    "header.serial",
    "remote_ids.id",
    "link_ids.id",
    "set_remote_id.id",
    "other_devices.id",
    "transmitter",
    "meter_bg.meter",
    "remote.id",
    "meter.id",
    "link.id",
    "device.id",
];

/// Samples and recordings.
fn all() -> impl Iterator<Item = PathBuf> {
    samples().into_iter().chain(captures()).chain(path("nextlink/nextlink-download.pcapng"))
}

fn run(verb: &str, arguments: &[&str], files: &[&Path]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_carelink"));
    program.arg(verb).args(arguments).args(files).output().expect("the program runs")
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(verb: &str, capture: &Path) -> Vec<Value> {
    let output = run(verb, &["--format", "json"], &[capture]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// Writes pages into a folder of its own.
struct Desk(TempDir);

impl Desk {
    fn new() -> Result<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    fn page(&self) -> PathBuf {
        self.0.path().join("page.html")
    }

    /// The page, and how the program ended.
    fn report(&self, arguments: &[&str], captures: &[&Path]) -> Result<(String, Output)> {
        let page = self.page();
        let target = page.to_str().context("a path")?;
        let output = run("report", &[&["--force", "-o", target], arguments].concat(), captures);
        let page = fs::read_to_string(page).with_context(|| complaint(&output))?;
        Ok((page, output))
    }
}

fn parse(page: &str) -> Result<roxmltree::Document<'_>> {
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    Ok(roxmltree::Document::parse_with_options(page, options)?)
}

/// What a person reads of a page, and what the pointer finds.
fn text(page: &str) -> Result<String> {
    let document = parse(page)?;
    Ok(document.descendants().filter_map(|node| node.text().filter(|_| node.is_text())).collect())
}

/// What `carelink show` and `carelink events` say of whose the devices of a capture are.
fn identities(capture: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for row in json("show", capture) {
        found.extend(row["pump"].as_str().map(str::to_owned));
        let parts = ["parameters", "reply"].into_iter().filter_map(|part| row[part].as_array());
        for node in parts.flatten() {
            let field = node["field"].as_str().unwrap_or_default();
            if IDENTITIES.iter().any(|end| field.ends_with(end)) {
                match &node["value"] {
                    Value::Number(number) => {
                        let number = number.as_u64().unwrap_or_default();
                        found.extend([
                            format!("{number:06}"),
                            format!("{number:06X}"),
                            format!("{number:#010x}"),
                        ]);
                    }
                    value => found.extend(value.as_str().map(str::to_owned)),
                }
            }
        }
    }
    for row in json("events", capture) {
        let values = row["values_text"].as_str().unwrap_or_default();
        let pairs = values.split(", ").filter_map(|pair| pair.split_once('='));
        let identity = |(key, _): &(&str, &str)| {
            ["REMOTE_CONTROL_ID", "PARADIGM_LINK_ID", "TRANSMITTER_ID", "METER_ID", "OTHER_DEVICE_ID"]
                .iter()
                .any(|name| key.starts_with(name))
        };
        found.extend(pairs.filter(identity).map(|(_, value)| value.to_owned()));
    }
    let device = |text: &String| {
        text.len() >= 5
            && text != "null"
            && text.chars().any(|c| c.is_ascii_alphanumeric() && !"0F".contains(c))
    };
    found.retain(device);
    found
}

#[test]
fn each_capture_gives_a_page_that_hides_whose_it_is() -> Result<()> {
    let desk = Desk::new()?;
    let mut met = BTreeSet::new();
    for capture in all() {
        let name = capture.display().to_string();
        let (page, output) = desk.report(&[], &[&capture])?;
        assert!(matches!(output.status.code(), Some(0 | 1)), "{name}: {}", complaint(&output));
        let words = text(&page)?;
        for fetched in ["src=", "href=", "@import", "url(", "<script"] {
            assert!(!page.contains(fetched), "{name}: {fetched}");
        }
        let file = capture.file_name().context("a name")?.to_string_lossy().into_owned();
        assert!(!page.contains(&file), "{name}");
        let (open, output) = desk.report(&["--identify"], &[&capture])?;
        assert!(matches!(output.status.code(), Some(0 | 1)), "{name}: {}", complaint(&output));
        let open_words = text(&open)?;
        assert!(open_words.contains(&file), "{name}");
        for serial in identities(&capture).iter().map(String::as_str).chain(SERIALS.iter().copied()) {
            assert!(!page.contains(serial), "{name} shows {serial}");
            assert!(!words.to_uppercase().contains(&serial.to_uppercase()), "{name} shows {serial}");
            let pairs: Vec<_> = (0..serial.len() / 2).map(|at| &serial[2 * at..2 * at + 2]).collect();
            assert!(!words.contains(&pairs.join(" ")), "{name} shows {serial} as bytes");
        }
        for row in json("list", &capture) {
            let serial = row["pump"].as_str().into_iter();
            let stick = row["reply_text"].as_str().and_then(|reply| reply.split_once("stick ")?.1.get(..6));
            for serial in serial.chain(stick) {
                assert!(open_words.contains(serial), "{name} is to show {serial}");
                met.insert(serial.to_owned());
            }
        }
    }
    assert!(["123456", "0A1B2C", "234567"].iter().all(|serial| met.contains(*serial)), "{met:?}");
    Ok(())
}

#[test]
fn damaged_fetches_are_there_with_their_frames() -> Result<()> {
    let desk = Desk::new()?;
    for capture in all() {
        let (page, output) = desk.report(&[], &[&capture])?;
        let words = text(&page)?;
        let mut damaged = 0;
        for row in json("list", &capture) {
            let outcome = row["outcome"].as_str().unwrap_or_default();
            if outcome.starts_with("unproven") || ["damaged", "incomplete"].contains(&outcome) {
                let (first, last) = (&row["frame"], &row["last_frame"]);
                let told = format!("Transaction {}, frames {first}\u{2013}{last}", row["transaction"]);
                let alone = format!("Transaction {}, frames {first},", row["transaction"]);
                assert!(words.contains(&told) || words.contains(&alone), "{}: {told}", capture.display());
                damaged += 1;
            }
        }
        if damaged > 0 {
            assert_eq!(output.status.code(), Some(1), "{}", capture.display());
        }
    }
    let (page, output) = desk.report(&[], &[&sample("04")])?;
    assert_eq!(output.status.code(), Some(1));
    let words = text(&page)?;
    for sentence in [
        "Read History Page 0 (the newest): damaged (History page 0: not read, it fails its CRC-16, bad Page CRC)",
        "frame 182: Bad CRC: Page CRC is 0x9598, should be 0x9567",
        "frame 71: history page 0 is left out: it fails its CRC-16",
        "Read Current History Page Number: pump NAK: command refused",
    ] {
        assert!(words.contains(sentence), "{sentence}");
    }
    Ok(())
}

#[test]
fn the_page_says_what_list_and_events_say() -> Result<()> {
    let desk = Desk::new()?;
    let capture = sample("11");
    let (page, output) = desk.report(&[], &[&capture])?;
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let words = text(&page)?;
    for row in json("list", &capture) {
        for cell in ["command", "outcome", "reply_text"].iter().filter_map(|cell| row[cell].as_str()) {
            let cell = cell.replace("0A1B2C", "(hidden)");
            assert!(words.contains(&cell), "{cell}");
        }
    }
    let events = json("events", &capture);
    assert!(words.contains(&format!("{} events of", events.len())));
    for sentence in
        ["model 522, told by the pump", "ComLink II, stick (hidden), 916.5 MHz", "7 transactions:"]
    {
        assert!(words.contains(sentence), "{sentence}");
    }
    let document = parse(&page)?;
    let class =
        |name: &str| document.descendants().filter(|node| node.attribute("class") == Some(name)).count();
    assert_eq!(class("bar"), json("list", &capture).len(), "one bar for each fetch");
    assert!(class("bolus") > 0, "the plot is there");
    assert_eq!(page, desk.report(&[], &[&capture])?.0, "the same each time");
    Ok(())
}

#[test]
fn alarms_are_grouped_and_have_their_frames() -> Result<()> {
    let Some(capture) = path("captures/578398-status.pcapng") else { return Ok(()) };
    let (page, _) = Desk::new()?.report(&[], &[&capture])?;
    let words = text(&page)?;
    let alarms: Vec<_> = json("events", &capture)
        .into_iter()
        .filter(|event| ["AlarmPump", "AlarmSensor"].contains(&event["type"].as_str().unwrap_or_default()))
        .collect();
    assert!(alarms.len() > 100);
    for alarm in &alarms {
        let time = alarm["time"].as_str().unwrap_or_default().replace('T', " ");
        assert!(words.contains(&format!("{time} (frame {})", alarm["frame"])), "{alarm}");
    }
    let list = parse(&page)?.descendants().filter(|node| node.attribute("class") == Some("times")).count();
    assert!(list < 20, "{list} groups");
    Ok(())
}

/// The events of a capture as an export, with one value changed.
#[test]
fn the_verdict_on_an_export_is_there() -> Result<()> {
    let desk = Desk::new()?;
    let capture = sample("11");
    let events = String::from_utf8(run("events", &[], &[&capture]).stdout)?;
    let export = desk.0.path().join("Someone-Export.tsv");
    fs::write(&export, &events)?;
    let argument = export.to_str().context("a path")?;
    let (page, output) = desk.report(&["--export", argument], &[&capture])?;
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    assert!(text(&page)?.contains("all agrees.") && !page.contains("Someone"));

    let changed = events.replacen("PRIME_TYPE=", "PRIME_TYPE=<b>&", 1);
    assert_ne!(events, changed, "the sample has a prime");
    fs::write(&export, changed)?;
    let (page, output) = desk.report(&["--export", argument], &[&capture])?;
    assert_eq!(output.status.code(), Some(1), "{}", complaint(&output));
    let words = text(&page)?;
    assert!(words.contains("not all agrees.") && words.contains(", 1 differs, 0 missing"));
    assert!(words.contains("PRIME_TYPE=<b>&") && !page.contains("<b>&"), "it is escaped");

    fs::write(&export, "time\ttype\tvalues\tpump\n2001-01-01T00:00:00\tRewind\t\tX\n")?;
    let (page, output) = desk.report(&["--export", argument], &[&capture])?;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&page)?.contains("Nothing could be compared: nothing to compare: the export is of 2001"));
    Ok(())
}

#[test]
fn identities_that_only_an_export_knows_are_hidden() -> Result<()> {
    let desk = Desk::new()?;
    let capture = sample("11");
    let events = String::from_utf8(run("events", &[], &[&capture]).stdout)?;
    let last = events.lines().last().and_then(|line| line.split('\t').next()).context("an event")?;
    let export = desk.0.path().join("export.tsv");
    fs::write(
        &export,
        format!("{events}{last}\tChangeParadigmLinkID\tPARADIGM_LINK_ID_0=C0FFE9\tParadigm 522\n"),
    )?;
    let arguments = ["--export", export.to_str().context("a path")?];
    let (page, _) = desk.report(&arguments, &[&capture])?;
    assert!(!page.contains("C0FFE9") && text(&page)?.contains("PARADIGM_LINK_ID_0=(hidden)"));
    let (page, _) = desk.report(&[&arguments[..], &["--identify"]].concat(), &[&capture])?;
    assert!(page.contains("PARADIGM_LINK_ID_0=C0FFE9"));
    Ok(())
}

#[test]
fn a_page_is_not_written_over_unless_asked() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let page = folder.path().join("page.html");
    let target = page.to_str().context("a path")?;
    fs::write(&page, "mine")?;
    let output = run("report", &["-o", target], &[&sample("01")]);
    assert!(
        output.status.code() == Some(2) && complaint(&output).contains("--force"),
        "{}",
        complaint(&output)
    );
    assert_eq!(fs::read_to_string(&page)?, "mine");
    let output = run("report", &["--force", "-o", target], &[&sample("01")]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    assert!(fs::read_to_string(&page)?.contains("</html>"));
    Ok(())
}

#[test]
fn several_captures_are_told_apart_without_their_names() -> Result<()> {
    let desk = Desk::new()?;
    let (page, output) = desk.report(&[], &[&sample("01"), &sample("13"), Path::new("no-such-file")])?;
    assert_eq!(output.status.code(), Some(2), "a file cannot be read");
    let words = text(&page)?;
    for sentence in ["Capture 1", "Capture 2", "Capture 3 cannot be read: ", "Pump 1", "Pump 2", "Stick 2"] {
        assert!(words.contains(sentence), "{sentence}");
    }
    assert!(!page.contains("no-such-file"));
    Ok(())
}

#[test]
fn what_is_cut_off_or_no_capture_is_told() -> Result<()> {
    let desk = Desk::new()?;
    let whole = fs::read(sample("11"))?;
    let cut = desk.0.path().join("Jane-Doe.pcapng");
    fs::write(&cut, &whole[..whole.len() - 3000])?;
    let (page, output) = desk.report(&[], &[&cut])?;
    assert_eq!(output.status.code(), Some(2), "as with all verbs: {}", complaint(&output));
    assert!(text(&page)?.contains("Capture: ") && !page.contains("Jane"));
    fs::remove_file(desk.page())?;
    fs::write(&cut, "nothing of the kind")?;
    let target = desk.page();
    let output = run("report", &["-o", target.to_str().context("a path")?], &[&cut]);
    assert!(output.status.code() == Some(2) && !target.exists(), "{}", complaint(&output));
    assert!(complaint(&output).contains("Jane-Doe.pcapng: "), "{}", complaint(&output));
    Ok(())
}

/// Whatever bytes come, what is written is a page.
#[test]
fn damaged_captures_give_well_formed_pages() -> Result<()> {
    let desk = Desk::new()?;
    let damaged = desk.0.path().join("damaged.pcapng");
    let mut state = 7_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or_default() % below
    };
    let mut pages = 0;
    for start in ["01", "04", "11", "14", "15"].iter().cycle().take(60) {
        let mut bytes = fs::read(sample(start))?;
        for _ in 0..=random(12) {
            let at = random(bytes.len());
            bytes[at] ^= 1 << random(8);
        }
        fs::write(&damaged, bytes)?;
        let target = desk.page();
        let arguments = ["--force", "-o", target.to_str().context("a path")?];
        let output = run("report", &arguments, &[&damaged]);
        assert!(matches!(output.status.code(), Some(0..=2)), "{}", complaint(&output));
        if target.exists() {
            parse(&fs::read_to_string(&target)?)?;
            fs::remove_file(&target)?;
            pages += 1;
        }
    }
    assert!(pages > 40, "{pages}");
    Ok(())
}
