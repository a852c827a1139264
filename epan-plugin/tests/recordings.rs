// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the recordings of real sticks beside the project. Out: the proof that Wireshark shows every transfer of them,
//! that no frame is malformed, and that each check value's verdict is right.

mod built;

use carelink_capture::tcp;
use carelink_cli::conversation::{Conversation, Keep, Options};
use carelink_core::exchange::Outcome;
use carelink_core::pump::Opcode;
use carelink_recordings::captures;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use xtask::tshark::Tshark;

fn tshark() -> Tshark {
    Tshark::with_plugin(&built::plugin()).expect("tshark loads the plugin")
}

fn read(tshark: &Tshark, path: &Path, arguments: &[&str]) -> String {
    tshark.read(path, arguments).unwrap_or_else(|fault| panic!("{}: {fault:#}", path.display()))
}

#[test]
fn every_transfer_with_payload_is_ours_and_none_is_malformed() {
    let tshark = tshark();
    for path in captures() {
        let count = |filter| {
            read(&tshark, &path, &["-Y", filter, "-T", "fields", "-e", "frame.number"]).lines().count()
        };
        assert_eq!(count("usb.capdata || _ws.malformed"), 0, "{}", path.display());
        let bare = Tshark::bare().expect("tshark runs");
        let payloads =
            read(&bare, &path, &["-Y", "usb.capdata", "-T", "fields", "-e", "frame.number"]).lines().count();
        assert_eq!(count("carelink"), payloads, "{}", path.display());
    }
}

/// What lies ahead of a frame is known only in the second pass; all else is the same.
#[test]
fn one_pass_equals_two() {
    let tshark = tshark();
    let fields = [
        "frame.number",
        "_ws.col.Info",
        "carelink.opcode",
        "carelink.transaction",
        "carelink.request_in",
        "carelink.time",
        "carelink.crc",
        "carelink.crc.status",
        "carelink.stick.status.available",
        "carelink.radio.rssi",
        "carelink.pump.serial",
        "carelink.fragment",
        "carelink.reassembled.length",
        "carelink.leftover",
    ];
    let shown: Vec<_> = fields.iter().flat_map(|field| ["-e", field]).collect();
    // That a page lacks its end is seen when the host goes on.
    let early = "carelink.reassembled.length && carelink.note.incomplete_reply";
    for path in captures() {
        let rows = |passes: &[&str], filter: &str| {
            let arguments = [passes, &["-Y", filter, "-T", "fields"], &shown].concat();
            let text = read(&tshark, &path, &arguments);
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let frame = |row: &String| row.split('\t').next().unwrap_or_default().to_owned();
        let early: Vec<_> = rows(&["-2"], early).iter().map(frame).collect();
        let known = |row: &String| !early.contains(&frame(row));
        let (one, two) = (rows(&[], "carelink"), rows(&["-2"], "carelink"));
        assert_eq!(one.len(), two.len());
        let both = one.into_iter().filter(known).zip(two.into_iter().filter(known));
        assert_eq!(both.into_iter().find(|(one, two)| one != two), None, "{}", path.display());
    }
}

/// The CRC-8 as its definition has it, bit by bit: nothing of the core's.
fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| if crc & 0x80 == 0 { crc << 1 } else { crc << 1 ^ 0x9b })
    })
}

/// The CRC-16 likewise.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |crc, byte| {
        (0..8).fold(
            crc ^ u16::from(*byte) << 8,
            |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 },
        )
    })
}

/// Good and bad check values of a recording, counted without the core: `[bad, good]`.
fn count_checks(transfers: impl Iterator<Item = (bool, Vec<u8>)>) -> [usize; 2] {
    let mut counts = [0; 2];
    let mut count = |good: bool| counts[usize::from(good)] += 1;
    let (mut joined, mut opcode, mut payload) = (Vec::new(), 0, Vec::new());
    for (out, bytes) in transfers {
        if out {
            joined.clear();
            match bytes[0] {
                0x01 => {
                    count(crc8(&bytes[..14]) == bytes[14]);
                    if let [.., crc] = bytes[15..]
                        && bytes.len() > 16
                    {
                        count(crc8(&bytes[15..bytes.len() - 1]) == crc);
                    }
                    (opcode, payload) = (bytes[13], Vec::new());
                }
                0x0c => count(crc8(&bytes[..4]) == bytes[4]),
                _ => {}
            }
            continue;
        }
        if joined.is_empty() && bytes[0] != 2 {
            continue;
        }
        joined.extend(bytes);
        let word = u16::from_be_bytes([joined[5], joined[6]]);
        let length = usize::from(word & 0x7fff);
        if joined.len() < 14 + length {
            continue;
        }
        count(crc8(&joined[..12]) == joined[12]);
        if length > 0 {
            count(crc8(&joined[13..13 + length]) == joined[13 + length]);
        }
        if joined[2] == 4 {
            payload.extend_from_slice(&joined[13..13 + length]);
            if word & 0x8000 != 0 && matches!(opcode, 0x80 | 0x9a) {
                let (area, crc) = payload.split_at(1022);
                count(crc16(area).to_be_bytes() == crc);
            }
        }
        joined.clear();
    }
    counts
}

fn hex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("tshark prints hex");
    (0..text.len()).step_by(2).map(digit).collect()
}

#[test]
fn each_verdict_on_a_check_value_is_right() {
    let (tshark, bare) = (tshark(), Tshark::bare().expect("tshark runs"));
    for path in captures() {
        let fields = ["-Y", "usb.capdata", "-T", "fields", "-e", "usb.endpoint_address", "-e", "usb.capdata"];
        let transfers = read(&bare, &path, &fields);
        let transfers = transfers.lines().filter_map(|line| line.split_once('\t'));
        let expected = count_checks(transfers.map(|(endpoint, bytes)| (endpoint == "0x01", hex(bytes))));

        let shown =
            read(&tshark, &path, &["-Y", "carelink.crc", "-T", "fields", "-e", "carelink.crc.status"]);
        let mut counts = [0; 2];
        for status in shown.lines().flat_map(|line| line.split(',')) {
            match status {
                "0" | "Bad" => counts[0] += 1,
                "1" | "Good" => counts[1] += 1,
                other => panic!("{}: {other}", path.display()),
            }
        }
        assert_eq!(counts, expected, "{}: [bad, good]", path.display());
        println!("{}: {} good, {} bad", path.display(), counts[1], counts[0]);
    }
}

/// Export Objects writes each page that came whole, with the very bytes that the tree shows; their check value agrees.
#[test]
fn each_whole_page_is_exported_as_it_is() {
    let tshark = tshark();
    let mut pages = 0;
    for path in captures() {
        let folder = tshark.home().join(path.file_stem().expect("a name"));
        read(&tshark, &path, &["-q", "--export-objects", &format!("carelink,{}", folder.display())]);
        let names = ["-e", "frame.number", "-e", "carelink.reassembled.data"];
        let filter = "carelink.reassembled.length == 1024 && carelink.transaction.outcome == 0";
        let shown = read(&tshark, &path, &[&["-Y", filter, "-T", "fields"], &names[..]].concat());
        for row in shown.lines() {
            let (frame, data) = row.split_once('\t').expect("two fields");
            let end = format!("-frame{frame}.bin");
            let mut files = fs::read_dir(&folder).expect("tshark made it").flatten().map(|file| file.path());
            let file = files.find(|file| file.to_string_lossy().ends_with(&end));
            let bytes = fs::read(file.unwrap_or_else(|| panic!("no {end}"))).expect("tshark wrote it");
            assert_eq!(bytes, hex(data), "{} frame {frame}", path.display());
            let (area, sent) = bytes.split_at(1022);
            assert_eq!(crc16(area).to_be_bytes(), sent, "{} frame {frame}", path.display());
            pages += 1;
        }
    }
    println!("{pages} pages");
    assert!(pages > 0 || captures().is_empty());
}

/// Frames that a read filter rejects do not use up their numbers, so numbers come twice in the first pass.
#[test]
fn a_read_filter_finds_what_a_display_filter_finds() {
    let tshark = tshark();
    for path in captures() {
        for filter in ["carelink", "carelink.opcode == 0x80", "carelink.stick.opcode == 4", "carelink.crc"] {
            let times = |how: &[&str]| {
                read(&tshark, &path, &[how, &[filter, "-T", "fields", "-e", "frame.time_epoch"]].concat())
            };
            assert_eq!(times(&["-2", "-R"]), times(&["-Y"]), "{}: {filter}", path.display());
        }
    }
}

/// A link leads to the frame that leads back, even where frames are left out that others refer to.
#[test]
fn links_lead_back_behind_a_read_filter() {
    let tshark = tshark();
    let mut links = 0;
    for path in captures() {
        for filter in ["carelink.stick.reply", "carelink.opcode == 0x80", "carelink.stick.opcode == 4"] {
            let fields = ["-e", "frame.number", "-e", "carelink.request_in", "-e", "carelink.response_in"];
            let text = read(&tshark, &path, &[&["-2", "-R", filter, "-T", "fields"], &fields[..]].concat());
            let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
            let ends: HashMap<&str, &Vec<&str>> = rows.iter().map(|row| (row[0], row)).collect();
            for row in &rows {
                for (there, back) in [(1, 2), (2, 1)] {
                    for other in row[there].split(',').filter(|other| !other.is_empty()) {
                        let led_back =
                            ends.get(other).is_some_and(|end| end[back].split(',').any(|at| at == row[0]));
                        assert!(led_back, "{}: {filter}: frame {} refers to {other}", path.display(), row[0]);
                        links += 1;
                    }
                }
            }
        }
    }
    assert!(links > 0 || captures().is_empty());
}

/// The records that came of a page which the host gave up, or whose end was lost, are in the tree as they are in the
/// program.
#[test]
fn a_page_without_its_end_shows_its_records() {
    let tshark = tshark();
    let mut pages = 0;
    for path in captures() {
        let conversation =
            Conversation::read(&path, &Options { model: None, tcp_port: tcp::PORT }, Keep::Nothing);
        let conversation = conversation.expect("a capture");
        for entry in conversation.entries() {
            let page = entry.opcode().and_then(Opcode::page);
            let early = entry.transaction.closed && entry.transaction.outcome() == Outcome::Incomplete;
            if page.is_none() || !early || entry.data.is_empty() {
                continue;
            }
            let filter = format!("carelink.transaction == {} && carelink.reassembled.data", entry.number);
            let fields = ["-2", "-Y", &filter, "-T", "fields", "-e", "carelink.reassembled.data"];
            let shown = read(&tshark, &path, &[&fields[..], &["-e", "carelink.history.type"]].concat());
            let (data, records) = shown.trim_end().split_once('\t').unwrap_or_default();
            assert_eq!(hex(data), entry.data, "{} transaction {}", path.display(), entry.number);
            println!(
                "{} transaction {}: {} records",
                path.display(),
                entry.number,
                records.split(',').count()
            );
            pages += 1;
        }
    }
    assert!(pages > 0 || captures().is_empty());
}
