// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the plugin, tshark and the samples. Out: the proof that Wireshark's statistics count what its fields say.
//!
//! Each count is made twice: by a statistic, from the tap, and here, from the fields that `-T fields` prints.

mod built;

use carelink_core::exchange::Outcome;
use carelink_core::nextlink::codes::{Operation, Refusal};
use carelink_core::pump::nak::Nak;
use carelink_core::pump::{self, Opcode as PumpOpcode};
use carelink_core::stick::{NakReason, Opcode as StickOpcode};
use carelink_samples::files::sample;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use xtask::tshark::Tshark;

/// How often each thing was seen.
type Counts = BTreeMap<String, usize>;

const DAMAGE: &str = "04-damage";
const SPLIT: &str = "06-split-transfers";
const PAGE: &str = "11-history-page";
const MIDDLE: &str = "12-starts-in-the-middle";
const TWO: &str = "13-two-sticks-two-pumps";
const SENSOR: &str = "14-sensor-pages";
const PAGE_523: &str = "15-history-page-523";
const METER: &str = "20-next-link";
const OVER_RADIO: &str = "carelink.nextlink.packet || carelink.nextlink.operation == 0x12 && carelink.request_in \
                          && carelink.nextlink.length > 0 && carelink.nextlink.error == 0";
const SAMPLES: [&str; 7] = [DAMAGE, SPLIT, PAGE, MIDDLE, TWO, SENSOR, PAGE_523];

fn tshark() -> Tshark {
    Tshark::with_plugin(&built::plugin()).expect("tshark loads the plugin")
}

/// What `-z` prints.
fn statistic(tshark: &Tshark, name: &str, what: &str) -> String {
    tshark.read(&sample(name), ["-q", "-z", what]).expect("tshark knows the statistic")
}

/// The values of fields after two passes, a row for each frame that `filter` takes.
fn fields<const N: usize>(tshark: &Tshark, name: &str, filter: &str, names: [&str; N]) -> Vec<[String; N]> {
    let mut arguments = vec!["-2", "-Y", filter, "-T", "fields"];
    names.iter().for_each(|name| arguments.extend(["-e", name]));
    let text = tshark.read(&sample(name), arguments).expect("tshark knows the fields");
    let row = |line: &str| {
        let mut cells = line.split('\t').map(ToOwned::to_owned);
        std::array::from_fn(|_| cells.next().unwrap_or_default())
    };
    text.lines().map(row).collect()
}

/// All values of one field.
fn values(tshark: &Tshark, name: &str, filter: &str, field: &str) -> Vec<String> {
    let rows = fields(tshark, name, filter, [field]);
    let cells = rows.iter().flat_map(|[cell]| cell.split(','));
    cells.filter(|cell| !cell.is_empty()).map(ToOwned::to_owned).collect()
}

/// A number as tshark prints it, in either base.
fn number(text: &str) -> u8 {
    match text.strip_prefix("0x") {
        Some(digits) => u8::from_str_radix(digits, 16),
        None => text.parse(),
    }
    .unwrap_or_else(|_| panic!("{text} is no byte"))
}

fn tally<T: Display>(things: impl IntoIterator<Item = T>) -> Counts {
    let mut counts = Counts::new();
    things.into_iter().for_each(|thing| *counts.entry(thing.to_string()).or_default() += 1);
    counts
}

fn tally_as<T: Display + From<u8>>(numbers: &[String]) -> Counts {
    tally(numbers.iter().map(|text| T::from(number(text))))
}

/// The rows of a response time table: opcode, calls, and the sum of all times in microseconds.
fn response_times(text: &str, filter: &str) -> BTreeMap<u8, (usize, i64)> {
    let table =
        text.split("Filter: ").find(|table| table.starts_with(filter)).expect("there is such a table");
    let row = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        let &[calls, _, _, _, sum] = words.last_chunk()?;
        Some((words.first()?.parse().ok()?, (calls.parse().ok()?, microseconds(sum))))
    };
    table.lines().filter_map(row).collect()
}

fn microseconds(seconds: &str) -> i64 {
    let seconds: f64 = seconds.parse().unwrap_or_else(|_| panic!("{seconds} is no time"));
    #[allow(clippy::cast_possible_truncation, reason = "a few seconds")]
    let rounded = (seconds * 1e6).round() as i64;
    rounded
}

fn add_times(rows: impl Iterator<Item = (String, String)>) -> BTreeMap<u8, (usize, i64)> {
    let mut sums = BTreeMap::new();
    for (opcode, time) in rows.filter(|(_, time)| !time.is_empty()) {
        let (calls, sum) = sums.entry(number(&opcode)).or_insert((0, 0));
        *calls += 1;
        *sum += microseconds(&time);
    }
    sums
}

#[test]
fn response_times_are_those_of_the_fields() {
    let tshark = tshark();
    for name in [PAGE, TWO, SENSOR, PAGE_523, DAMAGE] {
        let text = statistic(&tshark, name, "carelink,srt");
        let rows = fields(&tshark, name, "carelink.time", ["carelink.stick.opcode", "carelink.time"]);
        let expected = add_times(rows.into_iter().map(|[opcode, time]| (opcode, time)));
        assert!(!expected.is_empty());
        assert_eq!(response_times(&text, "carelink.stick.opcode"), expected, "{name}");

        let names = [
            "carelink.pump.opcode",
            "carelink.radio.transmit.pages",
            "carelink.transaction.time_to_ack",
            "carelink.transaction.time",
        ];
        // A command that is cut off before its opcode is in no row.
        let commands = "carelink.radio.transmit.pages && carelink.pump.opcode";
        let rows = fields(&tshark, name, commands, names);
        // What a pump says to a command without pages is mostly not fetched: the stick's acknowledge counts.
        let expected = add_times(
            rows.into_iter().map(|[opcode, pages, ack, end]| (opcode, if pages == "0" { ack } else { end })),
        );
        assert!(!expected.is_empty());
        assert_eq!(response_times(&text, "carelink.pump.opcode"), expected, "{name}");
        for opcode in expected.keys() {
            let row = PumpOpcode(*opcode);
            assert!(text.contains(&row.to_string()), "{name}: no row says {row}");
        }
    }
}

/// The counts below one branch of the statistics tree, and its own.
fn branch(text: &str, parent: &str) -> (usize, Counts) {
    let mut lines = text.lines().skip_while(|line| !line.starts_with(parent));
    let count = |rest: &str| rest.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0);
    let total = count(&lines.next().unwrap_or_else(|| panic!("no {parent}"))[parent.len()..]);
    // Names have single blanks inside, and are filled up with blanks to the next column.
    let child = |line: &str| {
        let (name, rest) = line.strip_prefix(' ')?.split_once("  ")?;
        Some((name.to_owned(), count(rest)))
    };
    (total, lines.map_while(child).collect())
}

#[test]
fn the_tree_counts_what_the_fields_say() {
    let tshark = tshark();
    for name in SAMPLES {
        let text = statistic(&tshark, name, "carelink,tree");
        let all = |field| values(&tshark, name, "carelink", field);
        let told = |parent| {
            let (total, children) = branch(&text, parent);
            assert_eq!(total, children.values().sum(), "{name}: {parent}");
            children
        };

        let commands = values(&tshark, name, "carelink.radio.transmit.pages", "carelink.pump.opcode");
        assert_eq!(told("Pump Commands"), tally_as::<PumpOpcode>(&commands), "{name}");
        assert_eq!(told("Pump NAKs"), tally_as::<Nak>(&all("carelink.pump.nak")), "{name}");

        let bad = all("carelink.crc.status").iter().filter(|status| *status == "0").count();
        assert_eq!(branch(&text, "Bad CRCs").0, bad, "{name}");
        let heard = all("carelink.radio.rssi").iter().filter(|strength| *strength != "0").count();
        assert_eq!(branch(&text, "RSSI (dBm)").0, heard, "{name}");

        // How each transaction of a pump ended, from its first frame.
        let first = "carelink.transaction.summary && !carelink.request_in";
        let outcomes = fields(&tshark, name, first, ["carelink.transaction", "carelink.transaction.outcome"]);
        let mut ended: Counts = tally(outcomes.iter().map(|[_, outcome]| Outcome::from(number(outcome))));
        let refused = values(&tshark, name, "carelink.stick.ack == 0x66", "carelink.stick.nak_reason");
        assert_eq!(told("Stick NAKs"), tally_as::<NakReason>(&refused), "{name}");
        // The stick's own commands have no summary, so of these only the pumps' can be compared.
        let mut told = told("Outcomes");
        for own in [Outcome::Answered, Outcome::DeviceNak] {
            told.remove(&own.to_string());
            ended.remove(&own.to_string());
        }
        assert_eq!(told, ended, "{name}");
    }
}

/// The same for a meter in the place of the stick.
#[test]
fn a_meters_commands_and_refusals_are_counted_apart() {
    let tshark = tshark();
    let text = statistic(&tshark, METER, "carelink,tree");
    let (_, refusals) = branch(&text, "Meter NAKs");
    let shown = values(&tshark, METER, "carelink.nextlink.error != 0", "carelink.nextlink.error");
    assert!(!shown.is_empty());
    assert_eq!(refusals, tally_as::<Refusal>(&shown));
    let refused = values(&tshark, METER, "carelink.pump.nak", "carelink.pump.nak");
    assert_eq!(branch(&text, "Pump NAKs").1, tally_as::<Nak>(&refused));
    let asked = "carelink.nextlink.operation && usb.src == \"host\"";
    let (_, mut commands) = branch(&text, "Meter Commands");
    commands.retain(|name, _| Operation::NAMES.iter().any(|(_, known)| known == name));
    assert_eq!(
        commands,
        tally_as::<Operation>(&values(&tshark, METER, asked, "carelink.nextlink.operation"))
    );
    // A command in two stages is one.
    let first = "carelink.transaction.summary && carelink.nextlink.packet";
    let opcodes = values(&tshark, METER, first, "carelink.pump.opcode");
    assert_eq!(branch(&text, "Pump Commands").1, tally_as::<PumpOpcode>(&opcodes));

    let times = response_times(&statistic(&tshark, METER, "carelink,srt"), "carelink.nextlink.operation");
    let names = ["carelink.nextlink.operation", "carelink.time"];
    let rows = fields(&tshark, METER, "carelink.nextlink.operation && carelink.time", names);
    assert_eq!(times, add_times(rows.into_iter().map(|[operation, time]| (operation, time))));
}

#[test]
fn the_tree_counts_the_sticks_commands() {
    let tshark = tshark();
    for name in [PAGE, TWO, SENSOR, PAGE_523, DAMAGE] {
        let (_, told) = branch(&statistic(&tshark, name, "carelink,tree"), "Stick Commands");
        let commands = values(&tshark, name, "carelink && usb.src == \"host\"", "carelink.stick.opcode");
        assert_eq!(told, tally_as::<StickOpcode>(&commands), "{name}");
    }
}

#[test]
fn one_pass_counts_as_two_do() {
    let tshark = tshark();
    let same = |name: &str, what: &str| {
        let twice = tshark.read(&sample(name), ["-2", "-q", "-z", what]).expect("tshark knows the statistic");
        assert_eq!(statistic(&tshark, name, what), twice, "{name}: {what}");
    };
    SAMPLES.iter().for_each(|name| same(name, "carelink,tree"));
    ["carelink,srt", "conv,carelink"].iter().for_each(|what| same(DAMAGE, what));
}

/// Frames and bytes of each pump's transactions: to the pump, from the pump.
fn traffic(tshark: &Tshark, name: &str) -> BTreeMap<String, [(usize, usize); 2]> {
    let names = ["carelink.transaction", "carelink.pump.serial", "usb.src", "usb.data_len"];
    let rows = fields(tshark, name, "carelink", names);
    let pumps: BTreeMap<_, _> = rows
        .iter()
        .filter(|[_, serial, source, _]| !serial.is_empty() && source == "host")
        .map(|[transaction, serial, ..]| (transaction, serial))
        .collect();
    let mut traffic = BTreeMap::<String, [(usize, usize); 2]>::new();
    for [transaction, _, source, len] in &rows {
        if let Some(serial) = pumps.get(transaction) {
            let (frames, bytes) =
                &mut traffic.entry((*serial).clone()).or_default()[usize::from(source != "host")];
            *frames += 1;
            *bytes += len.parse::<usize>().expect("each transfer has a length");
        }
    }
    traffic
}

/// The numbers of the line that begins with `name`, behind it.
fn numbers(line: &str, name: &str) -> Vec<usize> {
    let (_, rest) = line.split_once(name).expect("the caller found it");
    rest.replace(',', "").split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn conversations_and_endpoints_are_by_pump() {
    let tshark = tshark();
    for name in [PAGE, TWO, SENSOR, PAGE_523] {
        let traffic = traffic(&tshark, name);
        assert_eq!(traffic.len(), if name == TWO { 2 } else { 1 });
        let conversations = statistic(&tshark, name, "conv,carelink");
        assert_eq!(conversations.matches("<->").count(), traffic.len());
        let endpoints = statistic(&tshark, name, "endpoints,carelink");
        for (serial, [to, from]) in traffic {
            let line = conversations.lines().find(|line| line.contains(&serial)).expect("the pump is listed");
            // Frames and bytes to the stick's side, from it, and in all; the units are words between them.
            let told = numbers(line, &serial);
            assert_eq!(
                told[..6],
                [from.0, from.1, to.0, to.1, to.0 + from.0, to.1 + from.1],
                "{name}: {line}"
            );
            let line = endpoints.lines().find(|line| line.starts_with(&serial)).expect("the pump is listed");
            let told = numbers(line, &serial);
            assert_eq!(told, [to.0 + from.0, to.1 + from.1, from.0, from.1, to.0, to.1], "{name}: {line}");
        }
    }
}

/// The filters that Wireshark makes of a row of Conversations or Endpoints find what the row counts.
#[test]
fn rows_of_conversations_and_endpoints_have_filters() {
    let tshark = tshark();
    let frames = |name: &str, filter: &str| fields(&tshark, name, filter, ["frame.number"]).len();
    for name in [PAGE, TWO, SENSOR, PAGE_523, METER] {
        // As in the window: to whom the first parts of a meter's message go, its last one tells.
        let twice =
            |what: &str| tshark.read(&sample(name), ["-2", "-q", "-z", what]).expect("tshark knows it");
        let conversations = twice("conv,carelink");
        let rows: Vec<_> = conversations.lines().filter_map(|line| line.split_once("<->")).collect();
        assert!(!rows.is_empty(), "{name}");
        for (device, rest) in rows {
            let (device, pump) = (device.trim(), rest.split_whitespace().next().expect("an address"));
            let [from, _, to, _, all, _] = numbers(rest, pump)[..6] else { panic!("{name}: {rest}") };
            let either = format!("carelink.addr==\"{device}\" && carelink.addr==\"{pump}\"");
            assert_eq!(frames(name, &either), all, "{name}: {either}");
            for (source, destination, count) in [(device, pump, to), (pump, device, from)] {
                let one = format!("carelink.src==\"{source}\" && carelink.dst==\"{destination}\"");
                assert_eq!(frames(name, &one), count, "{name}: {one}");
            }
        }
        let endpoints = twice("endpoints,carelink");
        let row = |line: &str| Some(line.trim_start().split_once("  ")?.0.to_owned());
        // Wireshark 4.6 has a unit behind the last number.
        let counts = |line: &&str| line.trim_end().trim_end_matches(" bytes").ends_with(char::is_numeric);
        let ends = endpoints.lines().filter(counts).filter_map(row);
        let ends: Vec<_> = ends.filter(|end| endpoints.matches(end.as_str()).count() == 1).collect();
        assert!(ends.len() > 1, "{name}: {endpoints}");
        for end in ends {
            let line = endpoints.lines().find(|line| line.contains(&end)).expect("it is there");
            assert_eq!(
                frames(name, &format!("carelink.addr==\"{end}\"")),
                numbers(line, &end)[0],
                "{name}: {line}"
            );
        }
    }
}

/// The arrows of a flow graph, by the lines that they go between: right or left, and what stands above and beside them.
fn arrows(text: &str) -> Vec<(usize, usize, String)> {
    const LINE: usize = 20;
    let mut lines = text.lines().skip(2).peekable();
    let mut arrows = Vec::new();
    while let (Some(label), Some(arrow)) = (lines.next(), lines.next()) {
        let from = arrow.find("(0)").expect("a port at one end");
        let to = arrow.rfind("(0)").expect("a port at the other");
        let [left, right] = [from, to].map(|at| (at - 10) / LINE);
        let (from, to) = if arrow.contains('<') { (right, left) } else { (left, right) };
        arrows.push((from, to, label.to_owned()));
    }
    arrows
}

/// Each frame is an arrow between host and stick; a packet to or from the pump is one between stick and pump, too.
#[test]
fn the_flow_graph_has_a_line_for_host_device_and_pump() {
    let tshark = tshark();
    for (name, filter, device) in [
        (PAGE, "carelink.radio.transmit || carelink.radio.type in {1, 2, 3, 4}", "stick 1.5"),
        (METER, OVER_RADIO, "meter 1.7"),
    ] {
        let text = statistic(&tshark, name, "flow,carelink,standard");
        let heads: Vec<_> = text.lines().take(2).collect();
        assert!(heads[0].contains("| host ") && heads[0].contains("| pump 123456 "), "{name}: {heads:?}");
        assert!(heads[1].contains(device), "{name}: {heads:?}");
        let arrows = arrows(&text);
        let frames = fields(&tshark, name, "carelink && !carelink.joined_in", ["_ws.col.Info"]);
        let of_host: Vec<_> = arrows.iter().filter(|(from, to, _)| [*from, *to].contains(&0)).collect();
        assert_eq!(of_host.len(), frames.len(), "{name}");
        for ((_, _, told), [info]) in of_host.into_iter().zip(&frames) {
            assert!(told.ends_with(&format!("|{info}")), "{name}: {told} of {info}");
        }
        let over_radio = arrows.iter().filter(|(from, to, _)| matches!((from, to), (1, 2) | (2, 1))).count();
        assert_eq!(over_radio, fields(&tshark, name, filter, ["frame.number"]).len(), "{name}");
        assert!(arrows.iter().all(|(from, to, _)| from.abs_diff(*to) == 1), "{name}: {arrows:?}");
    }
}

fn from_hex(digits: &str) -> Vec<u8> {
    let digits: Vec<_> = digits.chars().filter(char::is_ascii_hexdigit).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).expect("hexadecimal");
    digits.chunks(2).map(byte).collect()
}

#[test]
fn each_whole_reply_is_an_object() {
    let tshark = tshark();
    for name in SAMPLES {
        let folder = tshark.home().join(name);
        let export = format!("carelink,{}", folder.display());
        tshark.read(&sample(name), ["-q", "--export-objects", &export]).expect("tshark knows the objects");
        // All replies that ended with data, with nothing missing: from the summaries of their last frames.
        let filter = "carelink.transaction.summary && carelink.radio.type in {3, 4} && carelink.request_in \
                      && carelink.transaction.outcome in {0, 8, 13} && carelink.transaction.missing == 0 \
                      && carelink.pump.opcode && !carelink.pump.nak";
        let names = [
            "frame.number",
            "carelink.pump.opcode",
            "carelink.transaction.bytes",
            "carelink.reassembled.data",
            "carelink.transaction.outcome",
        ];
        let rows = fields(&tshark, name, filter, names);
        assert!(!rows.is_empty());
        let files: Vec<_> = fs::read_dir(&folder)
            .expect("tshark made the folder")
            .map(|file| file.expect("readable").file_name().into_string().expect("plain letters"))
            .collect();
        assert_eq!(files.len(), rows.len(), "{name}: {files:?}");
        for [frame, opcode, bytes, data, outcome] in rows {
            let doubt = match Outcome::from(number(&outcome)) {
                Outcome::Damaged => "-damaged",
                Outcome::Unproven => "-unproven",
                Outcome::DoesNotFit => "-does-not-fit",
                _ => "",
            };
            let end = format!("-frame{frame}{doubt}.bin");
            let file = files.iter().find(|file| file.ends_with(&end)).unwrap_or_else(|| panic!("no {end}"));
            let words = pump::Opcode(number(opcode.split(',').next().unwrap_or_default())).to_string();
            let words = words.to_lowercase().replace(' ', "-").replace(['(', ')'], "");
            assert!(file[6..].starts_with(&format!("-{words}")), "{file} does not say {words}");
            let object = fs::read(folder.join(file)).expect("tshark wrote it");
            assert_eq!(object.len().to_string(), bytes, "{file}");
            if !data.is_empty() {
                assert_eq!(object, from_hex(&data), "{file}");
            }
        }
    }
    let pages = fs::read_dir(tshark.home().join(PAGE)).expect("made above").flatten();
    let names: Vec<_> = pages.map(|file| file.file_name()).collect();
    assert!(names.iter().any(|name| name == "123456-read-history-page-00-frame168.bin"), "{names:?}");
}

#[test]
fn follow_shows_the_bytes_of_one_stick() {
    let tshark = tshark();
    let count = |name: &str, stream: u32| {
        let text = statistic(&tshark, name, &format!("follow,carelink,raw,{stream}"));
        // A line per transfer; those of the stick are indented.
        let is_hex = |line: &&str| !line.is_empty() && line.chars().all(|c| c.is_ascii_hexdigit());
        let host: usize = text.lines().filter(is_hex).map(|line| line.len() / 2).sum();
        let stick = text.lines().filter_map(|line| line.strip_prefix('\t')).filter(is_hex);
        (host, stick.map(|line| line.len() / 2).sum::<usize>())
    };
    for (name, streams) in [(PAGE, 1), (TWO, 2)] {
        for stream in 0..streams {
            let filter = format!("carelink.stream == {stream}");
            let rows = fields(&tshark, name, &filter, ["usb.src", "usb.data_len"]);
            let sum = |host| -> usize {
                let ours = rows.iter().filter(|[source, _]| (source == "host") == host);
                ours.map(|[_, len]| len.parse::<usize>().expect("each transfer has a length")).sum()
            };
            assert_eq!(count(name, stream), (sum(true), sum(false)), "{name}");
            assert!(sum(true) > 0 && sum(false) > 0);
        }
        assert_eq!(count(name, streams), (0, 0), "{name}: there is no such stick");
    }
}

#[test]
fn exported_pdus_read_the_same() {
    let tshark = tshark();
    for name in [PAGE, TWO, SENSOR] {
        let exported = tshark.home().join(format!("{name}-exported.pcapng"));
        let path = exported.to_str().expect("plain letters");
        tshark.read(&sample(name), ["-q", "-U", "CareLink", "-w", path]).expect("tshark knows the tap");
        let show = ["-2", "-Y", "carelink", "-T", "fields", "-e", "_ws.col.Info", "-e", "carelink.stream"];
        let show = [&show[..], &["-e", "carelink.transaction", "-e", "carelink.time"]].concat();
        let original = tshark.read(&sample(name), &show).expect("readable");
        assert!(original.lines().count() > 20);
        assert_eq!(tshark.read(&exported, &show).expect("readable"), original, "{name}");
    }
}

#[test]
fn preferences_change_what_is_shown() {
    let tshark = tshark();
    let count = |name: &str, preference: &str, filter: &str| {
        let text = tshark.read(&sample(name), ["-2", "-o", preference, "-Y", filter]).expect("readable");
        text.lines().count()
    };
    for (filter, shown) in [("carelink.crc.status == 0", false), ("carelink.crc.status == 2", true)] {
        assert_eq!(count(DAMAGE, "carelink.verify_crc:FALSE", filter) > 0, shown, "{filter}");
        assert_eq!(count(DAMAGE, "carelink.verify_crc:TRUE", filter) == 0, shown, "{filter}");
    }
    for filter in ["carelink.reassembled.data", "carelink.reassembled_in"] {
        assert_eq!(count(PAGE, "carelink.reassemble:FALSE", filter), 0, "{filter}");
        assert!(count(PAGE, "carelink.reassemble:TRUE", filter) > 0, "{filter}");
    }
    // This capture begins with transfers that do not show what they are.
    let claimed = |value: &str| count(MIDDLE, &format!("carelink.claim_all:{value}"), "carelink");
    assert!(claimed("TRUE") > claimed("FALSE"));
}

#[test]
fn the_pump_model_can_be_chosen() {
    let tshark = tshark();
    let capture = tshark.lend(&sample(PAGE_523)).expect("there is such a sample");
    let show = |model: &str| {
        let preference = format!("carelink.pump_model:{model}");
        let path = capture.to_str().expect("plain letters");
        let output = tshark.run(["-n", "-r", path, "-2", "-V", "-Y", "carelink", "-o", &preference]);
        let output = output.expect("tshark is there");
        assert!(output.status.success());
        let tree = String::from_utf8_lossy(&output.stdout).into_owned();
        (tree, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    // How the model is known differs; all else is to be the same.
    let but_how = |tree: &str| -> Vec<String> {
        tree.lines().filter(|line| !line.contains("[Pump Model: ")).map(str::to_owned).collect()
    };
    let (told, quiet) = show("");
    assert_eq!(quiet, "");
    let (small, quiet) = show("722");
    assert_eq!(quiet, "");
    assert_ne!(small, told, "a 722 has smaller records");
    let forced = show("723").0;
    assert!(forced.contains("[Pump Model: 723 (forced by the user)]"));
    assert_eq!(but_how(&forced), but_how(&told), "that is what it is");
    let (wrong, complaint) = show("bogus");
    assert!(complaint.contains("\"bogus\" is no pump model"), "{complaint}");
    assert_eq!(wrong, told);
}
