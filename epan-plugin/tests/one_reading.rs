// SPDX-License-Identifier: GPL-2.0-or-later
//! In: samples and recordings, as they are, converted, merged, exported. Out: the proof that Wireshark and the program
//! read the same of each: frames, streams, transactions, outcomes, and the values in the packet list's words.

mod built;

use carelink_cli::conversation::{Conversation, Options};
use carelink_core::registry;
use carelink_core::transfer::{Carrier, Direction, Stream};
use carelink_core::tree::sink::Outline;
use carelink_recordings::{captures, captures_of_meters};
use carelink_samples::link::Link;
use carelink_samples::session::{Session, Transfer, TransferType};
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask::tshark::Tshark;

/// The port that the samples' TCP connections go to.
const TCP_PORT: u16 = 7305;

/// The fields that are compared, beside frame and sentence.
const FIELDS: [&str; 3] = ["carelink.stream", "carelink.transaction", "carelink.transaction.outcome"];

/// A line for each frame of a stick's, as Wireshark shows it in its second pass.
fn by_wireshark(tshark: &Tshark, path: &Path) -> Vec<String> {
    let port = format!("carelink.tcp.port:{TCP_PORT}");
    let shown: Vec<_> =
        ["frame.number", "_ws.col.Info"].iter().chain(&FIELDS).flat_map(|field| ["-e", field]).collect();
    let arguments = [&["-2", "-o", &port, "-Y", "carelink", "-T", "fields"], &shown[..]].concat();
    let text = tshark.read(path, &arguments).unwrap_or_else(|fault| panic!("{}: {fault:#}", path.display()));
    text.lines().map(str::to_owned).collect()
}

fn read(path: &Path) -> Conversation {
    let options = Options { model: None, tcp_port: TCP_PORT };
    Conversation::read(path, &options).unwrap_or_else(|error| panic!("{}: {error:#}", path.display()))
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
        lines.push(format!("{}\t{}\t{}", packet.frame, outline.info_line(), values.join("\t")));
    }
    lines
}

fn compare(tshark: &Tshark, path: &Path, what: &str) -> usize {
    let (ours, theirs) = (by_the_program(path), by_wireshark(tshark, path));
    let difference = theirs.iter().zip(&ours).find(|(theirs, ours)| theirs != ours);
    assert_eq!(difference, None, "{what} {}: Wireshark and the program", path.display());
    assert_eq!(theirs.len(), ours.len(), "{what} {}", path.display());
    ours.len()
}

fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status().expect("Wireshark's tools are there");
    assert!(status.success(), "{program} {arguments:?}");
}

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pcap-samples");
    let entries = folder.read_dir().expect("the samples are there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "pcapng"));
    paths.sort();
    paths
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
    let (mut counts, mut forms) = ([0; 6], 0);
    let mut before: Option<PathBuf> = None;
    for path in &all {
        let path = tshark.lend(path).expect("it can be copied");
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let made = |what: &str| tshark.home().join(format!("{stem}-{what}"));
        counts[0] += compare(&tshark, &path, "plain");
        forms += 1;

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
        before = Some(path);
    }
    let [plain, zipped, pcap, exported, merged, tcp] = counts;
    println!(
        "{forms} captures: {plain} frames plain, {zipped} gzip, {pcap} pcap, {exported} exported, {merged} merged, {tcp} TCP"
    );
    assert!(plain > 1000 && zipped == plain && exported > 1000 && merged > plain && tcp > 500);
}
