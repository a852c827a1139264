// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the plugin that cargo built along with this test, and the installed Wireshark. Out: the proof that it is
//! loaded, quiet, and registers fields by Wireshark's rules, which a release build of Wireshark does not check.

mod built;

use carelink_core::registry;
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use xtask::tshark::Tshark;

/// A tshark that lists our plugin among its own: this is what `with_plugin` checks.
fn tshark() -> Tshark {
    Tshark::with_plugin(&built::plugin()).expect("tshark loads the plugin")
}

/// What tshark prints about what it has registered; it has nothing to complain of.
fn glossary(tshark: &Tshark, about: &str) -> String {
    let output = tshark.run(["-G", about]).expect("tshark is there");
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "complaints at start-up");
    String::from_utf8(output.stdout).expect("tshark prints UTF-8")
}

/// A row of `-G fields`.
struct Row<'a> {
    label: &'a str,
    name: &'a str,
    kind: &'a str,
    help: &'a str,
}

fn rows(fields: &str) -> Vec<Row<'_>> {
    let parse = |line| match str::split(line, '\t').collect::<Vec<_>>()[..] {
        ["F", label, name, kind, "carelink", _base, _mask, help, ..] => Some(Row { label, name, kind, help }),
        _ => None,
    };
    fields.lines().filter_map(parse).collect()
}

fn is_filter_name(name: &str) -> bool {
    let word =
        |word: &str| !word.is_empty() && word.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'));
    name.strip_prefix("carelink.").is_some_and(|rest| rest.split('.').all(word))
}

/// Whether each word begins with a capital, but for the little ones.
fn is_title(label: &str) -> bool {
    const LITTLE: [&str; 15] =
        ["a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "or", "per", "the", "to", "with"];
    let lower = |word: &str| word.starts_with(|c: char| c.is_lowercase());
    !label.is_empty()
        && !label.contains(':')
        && !lower(label)
        && label.split(' ').all(|word| !word.is_empty() && (!lower(word) || LITTLE.contains(&word)))
}

#[test]
fn the_rules_tell_good_from_bad() {
    assert!(is_filter_name("carelink.radio.crc_8"));
    for bad in ["carelink", "carelink.", "carelink..x", "carelink.Radio", "usb.x", "carelink.a-b"] {
        assert!(!is_filter_name(bad), "{bad}");
    }
    assert!(is_title("End of Data and Length") && is_title("RSSI") && is_title("24-Hour Clock"));
    for bad in ["", "Status:", "status", "Pump serial", "Two  Blanks"] {
        assert!(!is_title(bad), "{bad}");
    }
}

#[test]
fn each_field_is_registered_by_the_rules() {
    let fields = glossary(&tshark(), "fields");
    let rows = rows(&fields);
    let names: HashSet<_> = rows.iter().map(|row| row.name).collect();
    for def in registry::fields() {
        assert!(names.contains(def.name), "{} is not registered", def.name);
    }
    let mut kinds = HashMap::new();
    let mut faults = Vec::new();
    for Row { label, name, kind, help } in rows {
        // Notes are sentences; Wireshark lists them as fields too.
        let checks = [
            (is_filter_name(name), "the filter name breaks the pattern"),
            (*kinds.entry(name).or_insert(kind) == kind, "one name has two types"),
            (!help.eq_ignore_ascii_case(label), "the help text repeats the label"),
            (name.starts_with("carelink.note.") || is_title(label), "the label is no title"),
        ];
        faults.extend(checks.into_iter().filter(|(good, _)| !good).map(|(_, fault)| (name, label, fault)));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn each_way_in_is_registered() {
    let tshark = tshark();
    let decodes = glossary(&tshark, "decodes");
    // 0a21:8001 as one number; versions differ in how they print it.
    let product = ["usb.product\t169967617\tcarelink", "usb.product\t0x0a218001\tcarelink"];
    assert!(decodes.lines().any(|line| product.contains(&line)));
    // 1a79:6200 and 1a79:6300 likewise.
    for product in [["444162560", "0x1a796200"], ["444162816", "0x1a796300"]] {
        let known =
            |line: &str| product.iter().any(|number| line == format!("usb.product\t{number}\tcarelink"));
        assert!(decodes.lines().any(known), "{product:?}");
    }
    let heuristics = glossary(&tshark, "heuristic-decodes");
    let ours: Vec<_> = heuristics.lines().filter(|line| line.contains("carelink")).collect();
    for list in ["usb.bulk", "usb.interrupt"] {
        let lines = ours.iter().filter(|line| line.starts_with(&format!("{list}\tcarelink\t")));
        assert_eq!(lines.count(), 1, "{list}: {ours:?}");
    }
    assert_eq!(ours.len(), 2, "{ours:?}");
}

#[test]
fn the_tcp_port_is_a_preference() {
    let tshark = tshark();
    // The header of a capture without packets: reading it is what makes tshark look at the preferences.
    let capture = tshark.home().join("empty.pcap");
    let header = [0xa1b2_c3d4_u32, 0x0002_0004, 0, 0, 0xffff, 1].map(u32::to_be_bytes);
    fs::write(&capture, header.concat()).expect("the home is writable");
    let accepts = |preference: &str| {
        let arguments = [OsStr::new("-o"), preference.as_ref(), "-r".as_ref(), capture.as_ref()];
        tshark.run(arguments).expect("tshark is there").status.success()
    };
    assert!(accepts("carelink.tcp.port:7777"));
    assert!(!accepts("carelink.no.such.preference:7777"));
}
