// SPDX-License-Identifier: GPL-2.0-or-later
//! In: recordings of meters beside the project, samples of them, and other HID devices. Out: the proof that Wireshark shows
//! every report of a meter, in one pass as in two, and leaves all others to its own dissector.

mod built;

use carelink_recordings::captures_of_meters;
use carelink_samples::files;
use carelink_samples::generate::{Foreign, foreign};
use carelink_samples::link::Link;
use carelink_samples::load;
use std::fs;
use std::path::{Path, PathBuf};
use xtask::tshark::Tshark;

fn tshark() -> Tshark {
    Tshark::with_plugin(&built::plugin()).expect("tshark loads the plugin")
}

fn read(tshark: &Tshark, path: &Path, arguments: &[&str]) -> String {
    tshark.read(path, arguments).unwrap_or_else(|fault| panic!("{}: {fault:#}", path.display()))
}

fn frames(tshark: &Tshark, path: &Path, filter: &str) -> Vec<String> {
    let text = read(tshark, path, &["-Y", filter, "-T", "fields", "-e", "frame.number"]);
    text.lines().map(str::to_owned).collect()
}

/// What a tshark without the plugin shows as the data of interrupt transfers.
const REPORTS: &str = "usb.transfer_type == 1 && (usbhid.data || usb.capdata)";

#[test]
fn every_report_of_a_recording_is_ours_and_sound() {
    let (tshark, bare) = (tshark(), Tshark::bare().expect("tshark runs"));
    for path in captures_of_meters() {
        let reports = frames(&bare, &path, REPORTS);
        assert!(reports.len() > 1000, "{}", path.display());
        assert_eq!(frames(&tshark, &path, "carelink"), reports, "{}", path.display());
        let odd = "_ws.malformed || usbhid.data || carelink.stray || carelink.note.gap \
                   || carelink.crc.status == 0 || carelink.crc.status == 2";
        assert_eq!(frames(&tshark, &path, odd), [""; 0], "{}", path.display());
        // One sum for each message, and one check value for each packet.
        let shown = read(
            &tshark,
            &path,
            &["-Y", "carelink.nextlink.envelope", "-T", "fields", "-e", "carelink.crc.status"],
        );
        println!("{}: {} messages about pumps", path.display(), shown.lines().count());
        assert!(shown.lines().count() > 400);
        assert_eq!(frames(&tshark, &path, "carelink.nextlink.packet").len(), 137);
        let pages = "carelink.transaction.outcome == 0 && carelink.reassembled.length >= 1024";
        assert_eq!(frames(&tshark, &path, pages).len(), 44);
    }
}

/// Frames with whole messages. What a part of a command belongs to, its end tells.
const WHOLE: &str = "carelink && (!carelink.transfer.data || carelink.transfers)";

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
        "carelink.pump.serial",
        "carelink.fragment",
        "carelink.reassembled.length",
    ];
    let shown: Vec<_> = fields.iter().flat_map(|field| ["-e", field]).collect();
    for path in captures_of_meters().into_iter().chain(samples()) {
        let arguments = |passes: &[&'static str]| [passes, &["-Y", WHOLE, "-T", "fields"], &shown].concat();
        let one = read(&tshark, &path, &arguments(&[]));
        let two = read(&tshark, &path, &arguments(&["-2"]));
        let difference = one.lines().zip(two.lines()).find(|(one, two)| one != two);
        assert_eq!(difference, None, "{}", path.display());
        assert_eq!(one.lines().count(), two.lines().count());
    }
}

fn samples() -> Vec<PathBuf> {
    let mut samples = files::samples();
    samples.retain(|path| path.to_string_lossy().contains("next-link"));
    assert!(samples.len() >= 3, "{samples:?}");
    samples
}

/// A sample, written in each form in which a capture holds USB.
#[test]
fn all_usb_captures_show_the_same() {
    let tshark = tshark();
    for sample in samples() {
        let session = load(&sample.with_extension("session")).expect("a sample is sound").session;
        let shown = [Link::Usbmon48, Link::Usbmon64, Link::Usbpcap, Link::Darwin].map(|link| {
            let path = tshark.home().join(format!("meter-{}.pcapng", link.name()));
            fs::write(&path, link.write(&session, Vec::new()).expect("it can be written"))
                .expect("the home is ours");
            let fields = ["-e", "carelink.transaction", "-e", "_ws.col.Info", "-e", "carelink.crc.status"];
            read(&tshark, &path, &[&["-Y", "carelink", "-T", "fields"], &fields[..]].concat())
        });
        assert!(shown[0].lines().count() > 20, "{}", sample.display());
        assert!(shown.iter().all(|text| *text == shown[0]), "{}", sample.display());
    }
}

/// Keyboards, mice, game pads, other meters: each frame is what it is without the plugin.
#[test]
fn other_devices_are_left_to_wireshark() {
    let (tshark, bare) = (tshark(), Tshark::bare().expect("tshark runs"));
    for kind in [
        Foreign::Hid,
        Foreign::Keyboard,
        Foreign::Mouse,
        Foreign::GamePad,
        Foreign::OtherMeter,
        Foreign::LaterMeter,
    ] {
        let path = tshark.home().join(format!("{kind:?}.pcapng"));
        fs::write(&path, foreign(kind).expect("it can be written")).expect("the home is ours");
        let protocols = |tshark: &Tshark| read(tshark, &path, &["-T", "fields", "-e", "frame.protocols"]);
        assert!(protocols(&bare).lines().count() > 40, "{kind:?}");
        assert_eq!(protocols(&tshark), protocols(&bare), "{kind:?}");
    }
}

/// Decode As takes what came before the first words that tell.
#[test]
fn a_user_can_say_that_it_is_a_meter() {
    let tshark = tshark();
    let path = samples()
        .into_iter()
        .find(|path| path.to_string_lossy().contains("no-descriptors"))
        .expect("a sample");
    let found = |how: &[&str]| {
        read(&tshark, &path, &[how, &["-Y", "carelink", "-T", "fields", "-e", "frame.number"]].concat())
            .lines()
            .count()
    };
    // Bus 2, device 3.
    let (asked, alone) = (found(&["-d", "usb.device==0x20003,carelink"]), found(&[]));
    assert_eq!(asked, alone + 1, "the word that asks for the header record");
}
