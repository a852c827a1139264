// SPDX-License-Identifier: GPL-2.0-or-later
//! In: samples and recordings, as they are, converted, merged, exported, annotated, cut out. Out: the proof that Wireshark and the program
//! read the same of each: frames, streams, transactions, outcomes, and the values in the packet list's words.

mod built;

use carelink_cli::annotate::{Level, annotate};
use carelink_cli::conversation::{Conversation, Keep, Options};
use carelink_cli::slice::{Choice, Slice};
use carelink_core::registry;
use carelink_core::transfer::{Carrier, Direction, Stream};
use carelink_core::tree::outline::Outline;
use carelink_recordings::{captures, captures_of_meters};
use carelink_samples::files::samples;
use carelink_samples::link::Link;
use carelink_samples::session::{Session, Transfer, TransferType};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask::tshark::Tshark;

/// The port that the samples' TCP connections go to.
const TCP_PORT: u16 = 7305;

/// The fields that are compared, beside frame and sentence.
const FIELDS: [&str; 3] = ["carelink.stream", "carelink.transaction", "carelink.transaction.outcome"];

/// How often Wireshark goes through a capture: what it shows in one pass lacks what later frames tell.
const ONE_PASS: &[&str] = &[];
const TWO_PASSES: &[&str] = &["-2"];

/// A line for each frame of a stick's, as Wireshark shows it in its last pass.
fn by_wireshark(tshark: &Tshark, path: &Path, passes: &[&str]) -> Vec<String> {
    let port = format!("carelink.tcp.port:{TCP_PORT}");
    let shown: Vec<_> = ["frame.number", "frame.time_epoch", "_ws.col.Info"]
        .iter()
        .chain(&FIELDS)
        .flat_map(|field| ["-e", field])
        .collect();
    let arguments = [passes, &["-o", &port, "-Y", "carelink", "-T", "fields"], &shown[..]].concat();
    let text = tshark.read(path, &arguments).unwrap_or_else(|fault| panic!("{}: {fault:#}", path.display()));
    text.lines().map(without_remarks_of_tcp).collect()
}

/// The line without what Wireshark's TCP says of lost segments before our sentence.
fn without_remarks_of_tcp(line: &str) -> String {
    match line.split_once("\t[TCP ") {
        Some((frame, rest)) => {
            let ours = rest.rsplit_once("] ; ").map_or(rest, |(_, ours)| ours);
            format!("{frame}\t{ours}")
        }
        None => line.to_owned(),
    }
}

fn read(path: &Path) -> Conversation {
    let options = Options { model: None, tcp_port: TCP_PORT };
    Conversation::read(path, &options, Keep::All)
        .unwrap_or_else(|error| panic!("{}: {error:#}", path.display()))
}

/// A time as Wireshark shows it.
fn seconds(nanoseconds: u64) -> String {
    format!("{}.{:09}", nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000)
}

/// The same, as the program reads it.
fn by_the_program(path: &Path) -> Vec<String> {
    let conversation = read(path);
    let numbers = FIELDS.map(|name| registry::fields().position(|field| field.name == name));
    let mut lines = Vec::new();
    for packet in &conversation.packets {
        let mut outline = Outline::default();
        conversation.dissect(packet.frame, &mut outline);
        if outline.nodes().is_empty() {
            continue;
        }
        let values = numbers.map(|number| {
            let of = outline.nodes().iter().filter(|node| Some(usize::from(node.field)) == number);
            of.map(|node| node.value.to_string()).collect::<Vec<_>>().join(",")
        });
        let place = format!("{}\t{}", packet.frame, seconds(packet.time));
        lines.push(format!("{place}\t{}\t{}", outline.info_line(), values.join("\t")));
    }
    lines
}

/// How many lines both have, which are the same.
fn compare(tshark: &Tshark, path: &Path, what: &str) -> usize {
    same(tshark, path, what).len()
}

/// The lines of both.
fn same(tshark: &Tshark, path: &Path, what: &str) -> Vec<String> {
    let (ours, theirs) = (by_the_program(path), by_wireshark(tshark, path, TWO_PASSES));
    let difference = theirs.iter().zip(&ours).find(|(theirs, ours)| theirs != ours);
    assert_eq!(difference, None, "{what} {}: Wireshark and the program", path.display());
    assert_eq!(theirs.len(), ours.len(), "{what} {}", path.display());
    ours
}

fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status().expect("Wireshark's tools are there");
    assert!(status.success(), "{program} {arguments:?}");
}

/// The transfers of a capture as a session that can be written in any form; `None` for lines and meters, and where some
/// were cut.
fn session(path: &Path) -> Option<Session> {
    let conversation = read(path);
    let transfers = conversation.packets.into_iter().map(|packet| {
        let Stream::Usb { bus, device, .. } = packet.stream else { return None };
        let inward = packet.direction == Some(Direction::FromStick);
        let whole = packet.bytes.len() == packet.reported && packet.carrier == Carrier::Transfers;
        whole.then_some(Transfer {
            time_ns: packet.time,
            bus,
            address: u8::try_from(device).ok()?,
            endpoint: packet.endpoint? | if inward { 0x80 } else { 0 },
            transfer_type: TransferType::Bulk,
            bytes: packet.bytes,
            lost: 0,
            comment: None,
        })
    });
    transfers.collect::<Option<Vec<_>>>().map(|transfers| Session { transfers })
}

/// User link types need a setting in Wireshark, and RTAC serial a choice of the user.
fn needs_no_setting(path: &&PathBuf) -> bool {
    let name = path.to_string_lossy();
    !name.contains("user") && !name.contains("rtac")
}

#[test]
fn both_read_the_same_of_all_captures_in_all_forms() {
    let tshark = Tshark::with_plugin(&built::plugin()).expect("tshark loads the plugin");
    let samples = samples();
    let all: Vec<_> = samples
        .iter()
        .filter(needs_no_setting)
        .cloned()
        .chain(captures())
        .chain(captures_of_meters())
        .collect();
    let (mut counts, mut forms) = ([0; 8], 0);
    let mut before: Option<PathBuf> = None;
    for path in &all {
        let path = tshark.lend(path).expect("it can be copied");
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let made = |what: &str| tshark.home().join(format!("{stem}-{what}"));
        let plain = same(&tshark, &path, "plain");
        counts[0] += plain.len();
        forms += 1;

        let annotated = made("annotated.pcapng");
        let bytes = std::fs::read(&path).expect("it can be read");
        let mut file = Cursor::new(Vec::new());
        annotate(&read(&path), Level::Full, bytes.as_slice(), &mut file).expect("memory can be written");
        std::fs::write(&annotated, file.get_ref()).expect("the folder is ours");
        assert!(same(&tshark, &annotated, "annotated") == plain, "{}", annotated.display());

        let zipped = made("zipped.pcapng.gz");
        run("sh", &["-c", &format!("gzip -c '{}' > '{}'", path.display(), zipped.display())]);
        counts[1] += compare(&tshark, &zipped, "gzip");

        // Only what has one link type fits in a pcap.
        let pcap = made("converted.pcap");
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let converted = Command::new("editcap").args(["-F", "pcap", &text(&path), &text(&pcap)]).output();
        if converted.expect("editcap is there").status.success() {
            counts[2] += compare(&tshark, &pcap, "pcap");
        }

        let exported = made("exported.pcapng");
        tshark.read(&path, ["-q", "-U", "CareLink", "-w", &text(&exported)]).expect("tshark knows the tap");
        counts[3] += compare(&tshark, &exported, "exported PDUs");

        if let Some(before) = &before {
            let merged = made("merged.pcapng");
            run("mergecap", &["-I", "none", "-w", &text(&merged), &text(before), &text(&path)]);
            counts[4] += compare(&tshark, &merged, "merged");
        }
        if let Some(session) = session(&path) {
            let tcp = made("tcp.pcapng");
            let file = Link::Tcp.write(&session, Vec::new()).expect("nothing was cut");
            std::fs::write(&tcp, file).expect("the folder is ours");
            counts[5] += compare(&tshark, &tcp, "TCP");
        }
        // A block of packets is lost, or one fetch is cut out.
        let conversation = read(&path);
        let last = conversation.packets.last().map_or(0, |packet| packet.frame);
        for (nth, at) in [3, 5, 7].into_iter().enumerate() {
            let first = last / 8 * at + 1;
            let block = format!("{first}-{}", first + 6 * u32::try_from(nth).unwrap_or(0));
            let damaged = made(&format!("damaged-{at}.pcapng"));
            run("editcap", &[&text(&path), &text(&damaged), &block]);
            counts[6] += compare(&tshark, &damaged, "damaged");
        }
        let longest = conversation.entries().max_by_key(|entry| entry.data.len());
        if let Some(entry) = longest {
            let range = format!("{}-{}", entry.transaction.request.frame(), entry.transaction.end());
            let fetch = made("fetch.pcapng");
            run("editcap", &["-r", &text(&path), &text(&fetch), &range]);
            counts[7] += compare(&tshark, &fetch, "a single fetch");
        }
        before = Some(path);
    }
    let [plain, zipped, pcap, exported, merged, tcp, damaged, fetch] = counts;
    println!(
        "{forms} captures: {plain} frames plain, {zipped} gzip, {pcap} pcap, {exported} exported, {merged} merged, \
         {tcp} TCP, {damaged} with lost packets, {fetch} of single fetches"
    );
    assert!(
        plain > 1000
            && zipped == plain
            && exported > 1000
            && merged > plain
            && tcp > 500
            && damaged > 2 * plain
            && fetch > 300
    );
}

/// The times of frames that a transaction begins or ends with, and how it ended, of lines that show that.
fn outcomes(lines: &[String]) -> Vec<(String, String)> {
    let of = |line: &String| {
        let columns: Vec<_> = line.split('\t').collect();
        let [_, time, .., outcome] = columns[..] else { return None };
        (!outcome.is_empty()).then(|| (time.to_owned(), outcome.to_owned()))
    };
    lines.iter().filter_map(of).collect()
}

/// Each transaction of the samples, and some of each recording.
#[test]
fn both_read_the_same_of_slices_and_the_same_as_of_the_whole() {
    let tshark = Tshark::with_plugin(&built::plugin()).expect("tshark loads the plugin");
    let samples = samples();
    let all: Vec<_> = samples.iter().filter(needs_no_setting).cloned().chain(captures()).collect();
    let (mut slices, mut outcomes_seen, mut seen_in_one_pass) = (0, 0, 0);
    for path in &all {
        let path = tshark.lend(path).expect("it can be copied");
        let whole = outcomes(&same(&tshark, &path, "plain"));
        let bytes = std::fs::read(&path).expect("it can be read");
        let conversation = read(&path);
        let options = Options { model: None, tcp_port: TCP_PORT };
        let count = conversation.entries().len();
        let step =
            if samples.iter().any(|sample| sample.file_name() == path.file_name()) { 1 } else { count / 2 };
        for number in (1..=count).step_by(step.max(1)) {
            let mut file = Cursor::new(Vec::new());
            let choice = Choice::numbers(&number.to_string()).expect("a number");
            let slice = Slice::new(&conversation, &choice, &options).expect("it is there");
            slice.write(|| Ok(bytes.as_slice()), &mut file).expect("it can be cut out");
            let cut = tshark.home().join("slice.pcapng");
            std::fs::write(&cut, file.get_ref()).expect("the folder is ours");
            let what = format!("transaction {number} of {}, in", path.display());
            let outcomes = outcomes(&same(&tshark, &cut, &what));
            let in_one_pass = match path.ends_with("11-history-page.pcapng") {
                true => self::outcomes(&by_wireshark(&tshark, &cut, ONE_PASS)),
                false => Vec::new(),
            };
            for outcome in outcomes.iter().chain(&in_one_pass) {
                assert!(whole.contains(outcome), "{what}: {outcome:?}");
            }
            let entry = conversation.entries_after(number - 1).next().expect("it is there");
            let begins = seconds(entry.transaction.request.time());
            let chosen = whole.iter().filter(|(time, _)| *time == begins);
            for outcome in chosen {
                assert!(outcomes.contains(outcome), "{what}: {outcome:?} is gone");
            }
            slices += 1;
            outcomes_seen += outcomes.len();
            seen_in_one_pass += in_one_pass.len();
        }
    }
    println!("{slices} slices, {outcomes_seen} outcomes");
    assert!(slices > 50 && outcomes_seen > slices && seen_in_one_pass > 0);
}
