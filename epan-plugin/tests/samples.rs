// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the sample captures. Out: the proof that Wireshark shows them as expected, in one pass as in two, and that
//! filters pick the frames they should.

mod built;

use carelink_samples::files::{sample, samples};
use std::collections::HashMap;
use xtask::golden::{self, CARRIERS};
use xtask::profile;
use xtask::tshark::Tshark;

fn tshark() -> Tshark {
    Tshark::with_plugin(&built::plugin()).expect("tshark loads the plugin")
}

#[test]
fn each_sample_shows_its_expected_tree() {
    let tshark = tshark();
    let samples = samples();
    assert!(samples.len() >= 10, "{samples:?}");
    let faults: Vec<_> = samples
        .iter()
        .filter_map(|sample| golden::check(&tshark, sample).err())
        .map(|fault| format!("{fault:#}"))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The frames of a sample that a display filter picks, in a single pass or in two.
fn picks(tshark: &Tshark, name: &str, passes: &[&str], filter: &str) -> Vec<u32> {
    let arguments = [CARRIERS, passes, &["-Y", filter, "-T", "fields", "-e", "frame.number"]].concat();
    let text = tshark.read(&sample(name), arguments).unwrap_or_else(|fault| panic!("{filter}: {fault:#}"));
    text.lines().map(|line| line.parse().expect("a frame number")).collect()
}

#[test]
fn filters_pick_the_frames_they_should() {
    let tshark = tshark();
    #[rustfmt::skip]
    let table: &[(&str, &str, &[u32])] = &[
        ("01-model-query", "carelink.opcode == 4",                         &[5, 8]),
        ("01-model-query", "carelink.opcode == 0x8d",                      &[17, 20, 21, 24, 25, 28, 29, 32]),
        ("01-model-query", "carelink.stick.opcode == 0x0c",                &[29, 32]),
        ("01-model-query", "carelink.pump.opcode == 0x5d",                 &[13, 16, 33]),
        ("01-model-query", "carelink.pump.serial == \"123456\"",           &[13, 17, 32, 33]),
        ("01-model-query", "carelink.radio.rssi < -50",                    &[32]),
        ("01-model-query", "carelink.stick.signal == -61",                 &[12]),
        ("01-model-query", "carelink.stick.status.available == 78",        &[28]),
        ("01-model-query", "carelink.pump.model.number == \"522\"",               &[32]),
        ("01-model-query", "carelink.crc.status == 0",                     &[]),
        ("01-model-query", "carelink.transaction == 4",                    &[17, 20, 21, 24, 25, 28, 29, 32]),
        ("02-model-query-no-descriptors", "carelink.opcode == 0x8d",       &[21, 24, 25, 28, 29, 32, 33, 36, 38]),
        ("03-model-query-usbpcap", "carelink.opcode == 0x8d",              &[17, 20, 21, 24, 25, 28, 29, 32]),
        ("05-model-query-darwin", "carelink.opcode == 0x8d",               &[17, 20, 21, 24, 25, 28, 29, 32, 34]),
        ("04-damage", "carelink.stick.nak_reason == 1",                    &[12, 16]),
        ("11-history-page", "carelink.reassembled.length == 1024",         &[168]),
        ("11-history-page", "carelink.history.type == 0x5b",               &[168]),
        ("11-history-page", "carelink.command_in == 57",                   &[74, 86, 100, 110, 122, 136, 146, 158, 168]),
        ("11-history-page", "carelink.answer_time > 1281 && carelink.answer_time < 1282", &[168]),
        ("11-history-page", "carelink.transaction.last && carelink.transaction > 2 && carelink.transaction < 6", &[38, 56, 168]),
        ("11-history-page", "carelink.addr == \"123456\" && carelink.transaction == 4 && carelink.src == \"stick 1.5\"", &[39, 43, 47, 51]),
        ("20-next-link", "carelink.command_in == 53",                      &[62]),
        ("20-next-link", "carelink.nextlink.error == 4",                   &[142]),
        ("20-next-link", "carelink.pump.nak == 0x0d",                      &[138]),
        ("20-next-link", "carelink.opcode == 0x73",                        &[139, 142, 143, 146, 147, 150, 152]),
        ("20-next-link", "carelink.reassembled.length == 1024",            &[128]),
        ("20-next-link", "carelink.history.type == 0x5b",                  &[128]),
        ("20-next-link", "carelink.nextlink.header.product == \"Bayer6200\"", &[14]),
        ("20-next-link", "carelink.pump.model.number == \"522\"",          &[52]),
    ];
    for (name, filter, frames) in table {
        assert_eq!(picks(&tshark, name, &[], filter), *frames, "{name}: {filter}");
        assert_eq!(picks(&tshark, name, &["-2"], filter), *frames, "{name} in two passes: {filter}");
    }
}

/// What the first pass cannot know, for it lies ahead.
#[test]
fn two_passes_show_what_lies_ahead() {
    let tshark = tshark();
    let ahead = "carelink.response_in || carelink.joined_in || carelink.reassembled_in";
    let name = "02-model-query-no-descriptors";
    assert!(picks(&tshark, name, &[], ahead).is_empty());
    let frames = picks(&tshark, name, &["-2"], ahead);
    assert!(frames.contains(&1) && frames.contains(&36), "{frames:?}");
    for (sample, command, answer) in [("11-history-page", 57, 168), ("20-next-link", 53, 62)] {
        let links = format!("carelink.answer_in == {answer}");
        assert!(picks(&tshark, sample, &[], &links).is_empty());
        assert_eq!(picks(&tshark, sample, &["-2"], &links).first(), Some(&command));
    }
}

/// The name that the opcodes of both levels share stands in no object twice, or scripts lose one of them.
#[test]
fn json_holds_each_opcode_once() {
    let tshark = tshark();
    for name in ["11-history-page", "20-next-link", "04-damage"] {
        let text =
            tshark.read(&sample(name), ["-2", "-T", "json", "-J", "carelink"]).expect("tshark writes JSON");
        let mut open: Vec<Vec<&str>> = vec![Vec::new()];
        let mut opcodes = 0;
        for line in text.lines().map(str::trim) {
            let key = line.split('"').nth(1).unwrap_or_default();
            if key.ends_with("opcode") {
                let keys = open.last_mut().expect("it is in an object");
                assert!(!keys.contains(&key), "{name}: {key} twice");
                keys.push(key);
                opcodes += 1;
            }
            if line.ends_with('{') {
                open.push(Vec::new());
            } else if line.starts_with('}') {
                open.pop();
            }
        }
        assert!(opcodes > 50, "{name}: {opcodes}");
    }
}

/// The colours of our profile, by their names: what a reviewer should not miss has its own.
#[test]
fn the_profile_colours_what_matters() {
    let tshark = tshark();
    profile::copy_to(&profile::folder(&tshark.home().join(".config/wireshark")))
        .expect("the home is writable");
    let colours = |name: &str| {
        let fields = [
            "-C",
            profile::NAME,
            "--color",
            "-T",
            "fields",
            "-e",
            "frame.number",
            "-e",
            "frame.coloring_rule.name",
        ];
        let text = tshark.read(&sample(name), fields).unwrap_or_else(|fault| panic!("{fault:#}"));
        text.lines()
            .filter_map(|line| line.split_once('\t'))
            .map(|(n, rule)| (n.to_owned(), rule.to_owned()))
            .collect::<HashMap<_, _>>()
    };
    let damage = colours("04-damage");
    assert_eq!(damage["9"], "CareLink: bad CRC");
    assert_eq!(damage["12"], "CareLink: refused or silent");
    assert_eq!(damage["17"], "CareLink: command to the pump");
    assert_eq!(damage["5"], "CareLink");
    assert_eq!(colours("11-history-page")["168"], "CareLink: complete page");
}
