// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the committed scripts and captures. Out: proof that they belong together, and that what they hold is
//! sound wherever a script does not say otherwise. The checks know the frames on their own, apart from the
//! code that made them.

use std::collections::BTreeMap;
use std::fs;

use carelink_core::tree::crc::{crc8, crc16};
use carelink_samples::script::Script;
use carelink_samples::session::{Direction, Session, Transfer, TransferType};
use carelink_samples::{build_all, directory, scripts};

#[test]
fn committed_captures_are_built_from_their_scripts() {
    let temporary = tempfile::tempdir().unwrap();
    let scripts = scripts(directory()).unwrap();
    assert!(!scripts.is_empty());
    for script in &scripts {
        fs::copy(script, temporary.path().join(script.file_name().unwrap())).unwrap();
    }
    let built = build_all(temporary.path()).unwrap();
    assert_eq!(built.len(), scripts.len());
    for capture in built {
        let committed = directory().join(capture.file_name().unwrap());
        assert!(
            fs::read(&capture).unwrap() == fs::read(&committed).unwrap(),
            "{} is not what its script builds",
            committed.display()
        );
    }
}

/// Without the lines that spoil something, every checksum of every sample is good, every reply is complete,
/// and every answer shows the rest of the reply before it.
#[test]
fn samples_are_sound_but_for_their_damage() {
    for (name, text) in texts() {
        let found = inspect_script(&name, text.lines().filter(|line| !spoils(line)));
        assert!(found.frames > 10, "{name}");
        assert_eq!(found.faults, BTreeMap::new(), "{name}");
    }
}

/// Each damage to a checksum leads to just that wrong checksum.
#[test]
fn damaged_checksums_are_wrong() {
    let name = "04-damage.session";
    let text = fs::read_to_string(directory().join(name)).unwrap();
    let mut damaged = BTreeMap::new();
    for line in text.lines() {
        if let Some(checksum) = line.trim().strip_prefix("damage bad ") {
            *damaged.entry(checksum).or_insert(0) += 1;
        }
        if line.trim() == "bad-crc" {
            *damaged.entry("page-crc").or_insert(0) += 1;
        }
    }
    let keep = |line: &&str| !spoils(line) || line.contains("bad");
    assert_eq!(damaged.len(), 6);
    let mut found = inspect_script(name, text.lines().filter(keep)).faults;
    // The capture is damaged and not the stick's buffer, so a later answer shows the right byte again.
    found.remove("rest of the buffer");
    assert_eq!(found, damaged);
}

fn spoils(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    matches!(first, "damage" | "rubbish" | "bad-crc" | "begin-capture")
}

fn inspect_script<'a>(name: &str, lines: impl Iterator<Item = &'a str>) -> Found {
    inspect(&Script::parse(name, &lines.collect::<Vec<_>>().join("\n")).unwrap().session)
}

fn texts() -> Vec<(String, String)> {
    let scripts = scripts(directory()).unwrap();
    scripts.iter().map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap())).collect()
}

/// What an inspection finds.
#[derive(Default)]
struct Found {
    frames: usize,
    faults: BTreeMap<&'static str, usize>,
}

impl Found {
    fn check(&mut self, fault: &'static str, good: bool) {
        if !good {
            *self.faults.entry(fault).or_insert(0) += 1;
        }
    }
}

fn inspect(session: &Session) -> Found {
    let mut found = Found::default();
    let mut sticks: Vec<_> = session.data().map(|transfer| (transfer.bus, transfer.address)).collect();
    sticks.sort_unstable();
    sticks.dedup();
    for stick in sticks {
        let transfers: Vec<_> = session.data().filter(|t| (t.bus, t.address) == stick).collect();
        if transfers.iter().any(|transfer| transfer.transfer_type == TransferType::Interrupt) {
            inspect_meter(&transfers, &mut found);
        } else {
            inspect_stick(transfers.into_iter(), &mut found);
        }
    }
    found
}

/// Full reports go on; each envelope has the length and the sum that it tells, and each answer repeats the head of the command.
fn inspect_meter(transfers: &[&Transfer], found: &mut Found) {
    let longest = transfers.iter().map(|transfer| transfer.bytes.len()).max().unwrap_or_default();
    let mut message: Vec<u8> = Vec::new();
    let mut command: Vec<u8> = Vec::new();
    for transfer in transfers {
        found.frames += 1;
        let from_meter = transfer.direction() == Direction::In;
        let mark: &[u8] = if from_meter { b"ABC" } else { &[0; 3] };
        // Those with an id have a length of 65 that no other has.
        let report = &transfer.bytes[usize::from(longest == 65)..];
        found.check("mark of a report", report.starts_with(mark));
        let length = usize::from(report[3]);
        found.check("length of a report", length + 4 <= report.len());
        message.extend(&report[4..(4 + length).min(report.len())]);
        found.check("rest of a report", report[4 + length..].iter().all(|byte| *byte == 0));
        let envelope = message.starts_with(&[0x51, 0x01]);
        let whole = match message.get(28..30) {
            Some(size) => {
                !envelope || message.len() >= 33 + usize::from(size[0]) + 256 * usize::from(size[1])
            }
            None => !envelope,
        };
        if !whole || length + 4 == longest.min(64) && !envelope {
            continue;
        }
        if envelope {
            let sum =
                message.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)).wrapping_sub(message[32]);
            found.check("message-sum", sum == message[32]);
            if from_meter {
                found.check("answer without its command", message[..27] == command[..27]);
            } else {
                if message.len() > 33 {
                    let (packet, crc) = message[33..].split_at(message.len() - 34);
                    found.check("packet-crc", packet[0] == 0xA7 && crc8(packet) == crc[0]);
                }
                command.clone_from(&message);
            }
        }
        message.clear();
    }
}

fn inspect_stick<'a>(transfers: impl Iterator<Item = &'a Transfer>, found: &mut Found) {
    let mut request: Vec<u8> = Vec::new();
    let mut buffer = [0; 64];
    let mut reply: Vec<u8> = Vec::new();
    let mut page: Vec<u8> = Vec::new();
    for transfer in transfers {
        let bytes = &transfer.bytes;
        if transfer.direction() == Direction::Out {
            found.check("incomplete reply", reply.is_empty());
            reply.clear();
            inspect_request(bytes, found);
            if bytes.first() == Some(&1) {
                page.clear();
            }
            request.clone_from(bytes);
            continue;
        }
        if reply.is_empty() && bytes.first() == Some(&1) {
            found.frames += 1;
            inspect_answer(&request, bytes, &mut buffer, found);
            continue;
        }
        reply.extend(bytes);
        let length =
            reply.get(5..7).map_or(0, |length| usize::from(length[0] & 0x7F) << 8 | usize::from(length[1]));
        if reply.len() < 14 + length {
            continue;
        }
        found.frames += 1;
        for (old, new) in buffer.iter_mut().zip(&reply) {
            *old = *new;
        }
        found.check("unasked reply", request.first() == Some(&0x0C));
        found.check(
            "other length than asked for",
            request
                .get(2..4)
                .is_some_and(|size| usize::from(size[0]) << 8 | usize::from(size[1]) == reply.len()),
        );
        found.check("header-crc", crc8(&reply[..12]) == reply[12]);
        let payload = &reply[13..13 + length];
        found.check("payload-crc", crc8(payload) == reply[13 + length]);
        if reply[2] == 4 {
            page.extend(payload);
            if reply[5] & 0x80 != 0 && page.len() == 1024 {
                found.check("page-crc", crc16(&page) == 0);
            }
        }
        reply.clear();
    }
}

fn inspect_request(bytes: &[u8], found: &mut Found) {
    found.frames += 1;
    match bytes {
        [0x01, .., parameters_crc] if bytes.len() >= 16 => {
            let parameters = &bytes[15..bytes.len() - 1];
            found.check("parameter count", usize::from(bytes[8]) == parameters.len());
            found.check("transmit-crc", crc8(&bytes[..14]) == bytes[14]);
            found.check("parameters-crc", crc8(parameters) == *parameters_crc);
        }
        [0x0C, _, _, _, crc] => found.check("read-crc", crc8(&bytes[..4]) == *crc),
        [0x03 | 0x04, 0x00] | [0x03 | 0x04 | 0x06, 0x00, 0x00] | [0x05, 0 | 1, 0x00] => {}
        _ => found.check("unknown request", false),
    }
}

/// The stick overwrites only so many bytes of its buffer; the rest of the answer is what was there.
fn inspect_answer(request: &[u8], answer: &[u8], buffer: &mut [u8; 64], found: &mut Found) {
    let ack = answer.get(1) == Some(&0x55);
    let meaningful = match request {
        _ if !ack => 3,
        [0x01, ..] => 3,
        [0x03, ..] => 11,
        [0x04, ..] => 64,
        [0x05, 0, _] => 36,
        [0x05, ..] => 25,
        [0x06, ..] => 4,
        _ => return found.check("unasked answer", false),
    };
    found.check("length of an answer", answer.len() == 64);
    found.check("rest of the buffer", answer.get(meaningful..) == Some(&buffer[meaningful..]));
    for (old, new) in buffer.iter_mut().zip(answer) {
        *old = *new;
    }
}
