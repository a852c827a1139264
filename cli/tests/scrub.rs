// SPDX-License-Identifier: GPL-2.0-or-later
//! In: samples and recordings, in every way of capturing, whole and damaged. Out: proof that nothing is left in what is
//! scrubbed of the serials and other identities that were in it, and that it reads as before.

use anyhow::{Context as _, Error, Result};
use carelink_capture::pcapng::{Block, COMMENT, Fate, Kind, Order, rewrite};
use carelink_capture::{container, tcp};
use carelink_cli::conversation::{Conversation, Options};
use carelink_cli::scrub::{Scrubbed, Wishes, scrub};
use carelink_cli::slice::{Choice, Slice};
use carelink_core::exchange::Outcome;
use carelink_core::registry;
use carelink_core::transfer::{Carrier, Direction};
use carelink_core::tree::field::{FieldDef, FieldType, Identity};
use carelink_core::tree::outline::Outline;
use carelink_recordings::{captures, captures_of_meters};
use carelink_samples::emit::nextlink::{self, Envelope, frame, operation, packet, reports};
use carelink_samples::files::{folder, samples};
use carelink_samples::link::Link;
use carelink_samples::session::{self, Session, TransferType};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::process::{Command, Output};

fn options() -> Options {
    Options { model: None, tcp_port: tcp::PORT }
}

fn wishes(times: bool, unknown: bool) -> Wishes {
    Wishes { options: options(), times, unknown, seed: None }
}

fn read(capture: &[u8]) -> Result<Conversation> {
    Conversation::from_source(capture, &options(), "capture")
}

fn scrubbed(capture: &[u8], name: &str, wishes: &Wishes) -> Result<Scrubbed> {
    scrub(capture, name, wishes)?.with_context(|| format!("{name}: no stick"))
}

/// The bytes of each identity that is read, wherever it is.
fn identities(conversation: &Conversation) -> BTreeSet<(Vec<u8>, &'static str)> {
    let fields: Vec<&FieldDef> = registry::fields().collect();
    let (mut identities, mut outline) = (BTreeSet::new(), Outline::default());
    for packet in &conversation.packets {
        outline.clear();
        conversation.dissect(packet.frame, &mut outline);
        for node in outline.nodes() {
            let def = fields[usize::from(node.field)];
            let source = match node.source.checked_sub(1) {
                None => &packet.bytes,
                Some(source) => &outline.sources()[source as usize].1,
            };
            if def.identity.is_some() {
                identities.insert((source[node.start as usize..][..node.len as usize].to_vec(), def.name));
            }
        }
    }
    identities
}

/// How often `needle` stands in `bytes`.
fn count(bytes: &[u8], needle: &[u8]) -> u64 {
    bytes.windows(needle.len()).filter(|window| *window == needle).count() as u64
}

/// The payloads of each stick and direction, end to end.
fn streams(conversation: &Conversation) -> Vec<Vec<u8>> {
    let mut streams: BTreeMap<_, Vec<u8>> = BTreeMap::new();
    for packet in &conversation.packets {
        let way = (packet.stream, packet.direction.map(|direction| direction as u8));
        streams.entry(way).or_default().extend_from_slice(&packet.bytes);
    }
    streams.into_values().collect()
}

/// What a list of fetches tells but the pump's serial.
fn fetches(conversation: &Conversation) -> Vec<String> {
    let fetches = conversation.session.transactions().iter();
    fetches.map(|(id, fetch)| format!("{id} {:?} {}", fetch.pump_opcode(), fetch.outcome())).collect()
}

/// Scrubs in each way, and looks for what must not be there any more; how many values were replaced.
fn prove(capture: &[u8], name: &str) -> Result<usize> {
    let before = read(capture)?;
    let found = identities(&before);
    assert!(!found.is_empty(), "{name}");
    for (times, unknown) in [(false, false), (true, false), (false, true), (true, true)] {
        let Scrubbed { capture, report, damage } = scrubbed(capture, name, &wishes(times, unknown))?;
        assert!(damage.is_none(), "{name}");
        let after = read(&capture)?;
        assert_eq!(fetches(&after), fetches(&before), "{name}");
        let kept = identities(&after);
        for (bytes, field) in &found {
            let none = [0, 0xFF, b'-', b'0', b' '].iter().any(|byte| bytes.iter().all(|other| other == byte));
            if none {
                assert!(kept.contains(&(bytes.clone(), *field)), "{name}: {field} was none");
                continue;
            }
            assert!(
                !kept.iter().any(|(other, _)| other == bytes),
                "{name}: {field} {bytes:02x?} is still read"
            );
            let digits = hex::encode_upper(bytes);
            let left: u64 = streams(&after)
                .iter()
                .map(|stream| count(stream, bytes) + count(stream, digits.as_bytes()))
                .sum();
            assert!(left <= report.chance, "{name}: {field} {bytes:02x?} is left {left} times");
            if *field == "carelink.pump.serial" {
                assert_eq!(left, 0, "{name}: {bytes:02x?}");
            }
        }
    }
    Ok(found.len())
}

#[test]
fn nothing_is_left_in_samples_and_recordings() -> Result<()> {
    for path in samples().into_iter().chain(captures()).chain(captures_of_meters()) {
        let name = path.display().to_string();
        prove(&fs::read(&path)?, &name)?;
    }
    Ok(())
}

/// The same traffic without its wrapping.
fn session(conversation: &Conversation) -> Session {
    let transfers = conversation.packets.iter().map(|packet| {
        let from_stick = packet.direction == Some(Direction::FromStick);
        session::Transfer {
            // A link's packets count from a session's start.
            time_ns: session::START + u64::from(packet.frame) * session::MS,
            bus: 1,
            address: 5,
            endpoint: if from_stick { 0x82 } else { 1 },
            transfer_type: if packet.carrier == Carrier::Reports {
                TransferType::Interrupt
            } else {
                TransferType::Bulk
            },
            bytes: packet.bytes.clone(),
            lost: 0,
            comment: None,
        }
    });
    Session { transfers: transfers.collect() }
}

#[test]
fn nothing_is_left_under_any_link_type() -> Result<()> {
    let named = ["11-history-page", "04-damage", "20-next-link", "22-next-link-damage"]
        .map(|name| folder().join(format!("{name}.pcapng")));
    let recorded = captures();
    let recorded = recorded.iter().filter(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        ["first-run", "578398-status", "nak-errors"].contains(&name.as_ref())
    });
    let meters = captures_of_meters();
    for path in named.iter().chain(recorded).chain(&meters) {
        let session = session(&read(&fs::read(path)?)?);
        let meter =
            session.transfers.iter().any(|transfer| transfer.transfer_type == TransferType::Interrupt);
        for link in Link::ALL.into_iter().filter(|link| !meter || link.carries_reports()) {
            let capture = link.write(&session, Vec::new())?;
            let found = prove(&capture, &format!("{} as {link:?}", path.display()))?;
            assert!(found > 1);
        }
    }
    Ok(())
}

/// What a meter may say of people and devices, beside what is read every day: results with a patient's record, records that
/// nobody knows, text without a frame, what its buffers held before, and numbers that do not end with their report.
#[test]
fn nothing_is_left_of_what_a_meter_says_of_people() -> Result<()> {
    let header = "H|\\^&||Zq7LmP|Bayer6200^01.22\\01.13\\XX.XX^6201- C36847^0000-^C36847|A=1^C=41^G=en,en\\es|0||||||1|201305081532";
    let records = [
        header.to_owned(),
        "P|1|77-4412|Doe^Jane".to_owned(),
        "R|1|^^^Glucose|120|mg/dL^P||F||201305081200".to_owned(),
        "Z|1|C36847 of pump 987654".to_owned(),
        "L|1||N".to_owned(),
    ];
    let envelope = |operation, payload: &[u8]| {
        let parts = Envelope {
            serial: *b"987654",
            operation,
            retries: 2,
            timeout: 5,
            expected: 0,
            parts: 0,
            error: 0,
        };
        parts.around(payload)
    };
    let mut packed = envelope(operation::SEND, &packet([0x98, 0x76, 0x54], 0x5B, &[0x98, 0x76, 0x54, 1]));
    packed.resize(33 + 71, 0);
    let mut said = vec![(false, b"X".to_vec())];
    said.extend((1..).zip(&records).map(|(number, record)| (true, frame(number, record, 0x17))));
    said.push((true, [&b"lost "[..], &[b'.'; 51], b"987654 C36847 Jane"].concat()));
    said.extend([(false, packed), (true, envelope(operation::SEND, &[6]))]);
    said.extend([(false, envelope(operation::END, b"987654")), (true, envelope(operation::END, &[]))]);
    let mut transfers = Vec::new();
    for (from_meter, message) in &said {
        for mut bytes in reports(message, *from_meter, nextlink::Form::default()) {
            let end = 4 + usize::from(bytes[3]);
            if end < 50 {
                // What the buffer held before.
                bytes[end + 2..end + 8].copy_from_slice(b"C36847");
                bytes[end + 8..end + 11].copy_from_slice(&[0x98, 0x76, 0x54]);
            }
            transfers.push(session::Transfer {
                time_ns: session::START + transfers.len() as u64 * session::MS,
                bus: 1,
                address: 5,
                endpoint: if *from_meter { 0x81 } else { 1 },
                transfer_type: TransferType::Interrupt,
                bytes,
                lost: 0,
                comment: None,
            });
        }
    }
    let capture = Link::Usbpcap.write(&Session { transfers }, Vec::new())?;
    let found = prove(&capture, "a talkative meter")?;
    assert!(found >= 8, "{found}");
    let secrets: [&[u8]; 7] =
        [b"C36847", b"987654", &[0x98, 0x76, 0x54], &[0x54, 0x76, 0x98], b"Jane", b"77-4412", b"Zq7LmP"];
    for (times, unknown) in [(false, false), (true, false), (false, true), (true, true)] {
        let public = scrubbed(&capture, "a talkative meter", &wishes(times, unknown))?.capture;
        let read = read(&public)?;
        let mut told = streams(&read);
        // The same without what is around each report's part of a message.
        for way in [1, 0x81] {
            let of = read.packets.iter().filter(|packet| {
                (packet.direction == Some(Direction::FromStick)) == (way == 0x81) && packet.bytes.len() > 4
            });
            told.push(
                of.flat_map(|packet| packet.bytes[4..4 + usize::from(packet.bytes[3])].to_vec()).collect(),
            );
        }
        for secret in secrets {
            let left: u64 = told.iter().map(|bytes| count(bytes, secret)).sum();
            assert_eq!(left, 0, "{} ({times}, {unknown})", String::from_utf8_lossy(secret));
        }
        let dates = told.iter().map(|bytes| count(bytes, b"20130508")).sum::<u64>();
        assert_eq!(dates == 0, times, "dates move with all others");
        assert!(told.iter().any(|bytes| count(bytes, b"Glucose|120|") == 1), "therapy is kept");
    }
    Ok(())
}

/// A pcap file of a capture's packets.
fn legacy(capture: &[u8]) -> Result<Vec<u8>> {
    let mut file = [0xa1b2_3c4d_u32, 0x0004_0002, 0, 0, 0, 220].map(u32::to_le_bytes).concat();
    container::read(capture, |record| {
        let len = |len: usize| u32::try_from(len).expect("short");
        let seconds = u32::try_from(record.time / 1_000_000_000)?;
        let rest = u32::try_from(record.time % 1_000_000_000)?;
        file.extend([seconds, rest, len(record.data.len()), len(record.sent)].map(u32::to_le_bytes).concat());
        file.extend_from_slice(record.data);
        Ok(())
    })?;
    Ok(file)
}

#[test]
fn a_pcap_file_becomes_pcapng() -> Result<()> {
    let pcap = legacy(&fs::read(folder().join("11-history-page.pcapng"))?)?;
    prove(&pcap, "pcap")?;
    let capture = scrubbed(&pcap, "pcap", &wishes(false, false))?.capture;
    assert!(capture.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]));
    Ok(())
}

/// What the file itself and other devices tell of a computer.
#[test]
fn names_and_other_devices_are_left_out() -> Result<()> {
    const SECRET: &str = "alices-laptop";
    let capture = fs::read(folder().join("01-model-query.pcapng"))?;
    let mut told = Cursor::new(Vec::new());
    let mut keyboard = None;
    rewrite(capture.as_slice(), &mut told, |block| {
        if block.kind() != Kind::SimplePacket {
            block.add_comment(SECRET)?;
            let mut options = block.options();
            options.add(if block.kind() == Kind::Interface { 2 } else { 4 }, SECRET);
            block.set_options(&options)?;
        }
        if let Some(record) = block.record().filter(|_| keyboard.is_none()) {
            let mut packet = record.data[..64].to_vec();
            // Interrupts of another device.
            (packet[8], packet[9], packet[10], packet[11]) = (b'C', 1, 0x81, 9);
            packet.extend_from_slice(SECRET.as_bytes());
            keyboard = Some(packet);
        }
        Ok(Fate::Keep)
    })?;
    let mut told = told.into_inner();
    let packet = keyboard.context("a packet")?;
    let none = carelink_capture::pcapng::Options::default();
    let len = u32::try_from(packet.len())?;
    told.extend_from_slice(Block::packet(Order::Little, 0, 0, &packet, len, &none).bytes());
    // Names of addresses, and a block that nobody knows.
    for kind in [4_u32, 0x0bad] {
        let mut block = kind.to_le_bytes().to_vec();
        let body = [&[0, 0, 0, 0], SECRET.as_bytes(), &[0; 3]].concat();
        let len = u32::try_from(body.len() + 12)?.to_le_bytes();
        block.extend(len);
        block.extend(body);
        block.extend(len);
        told.extend(block);
    }
    assert!(count(&told, SECRET.as_bytes()) > 5);
    let Scrubbed { capture, report, .. } = scrubbed(&told, "names", &wishes(false, false))?;
    assert_eq!(count(&capture, SECRET.as_bytes()), 0);
    assert_eq!((report.left_out.packets, report.left_out.blocks), (1, 2));
    assert_eq!(fetches(&read(&capture)?), fetches(&read(&told)?));
    let mut comments = Vec::new();
    rewrite(capture.as_slice(), Cursor::new(Vec::new()), |block| {
        comments.extend(block.comments());
        assert!(block.kind() != Kind::Interface || block.options().get(COMMENT).is_none());
        Ok(Fate::Keep)
    })?;
    assert!(comments.len() == 1 && comments[0].starts_with("Scrubbed by carelink"), "{comments:?}");
    Ok(())
}

/// The invented values join a capture up as the real ones did.
/// That packets were left out on purpose is no secret, and is needed to read the rest.
#[test]
fn a_slice_is_scrubbed_as_a_slice() -> Result<()> {
    let whole = fs::read(&samples()[0])?;
    let (conversation, choice) = (read(&whole)?, Choice::numbers("1,4").map_err(Error::msg)?);
    let mut slice = Cursor::new(Vec::new());
    let options = options();
    let cut = Slice::new(&conversation, &choice, &options).context("they are there")?;
    cut.write(|| Ok(whole.as_slice()), &mut slice)?;
    let slice = slice.into_inner();
    let scrubbed = scrubbed(&slice, "slice", &wishes(true, true))?;
    let outcomes = |capture: &[u8]| -> Result<Vec<_>> {
        Ok(read(capture)?.entries().map(|entry| entry.transaction.outcome()).collect())
    };
    assert!(outcomes(&slice)?.contains(&Outcome::Complete));
    assert_eq!(outcomes(&scrubbed.capture)?, outcomes(&slice)?);
    Ok(())
}

#[test]
fn a_value_becomes_the_same_wherever_it_is() -> Result<()> {
    let capture = fs::read(folder().join("13-two-sticks-two-pumps.pcapng"))?;
    let (before, after) = (read(&capture)?, read(&scrubbed(&capture, "13", &wishes(false, false))?.capture)?);
    let serials = |conversation: &Conversation| -> Vec<_> {
        conversation.session.transactions().iter().map(|(_, fetch)| fetch.serial()).collect()
    };
    let pairs: BTreeSet<_> = serials(&before).into_iter().zip(serials(&after)).collect();
    let known = serials(&before).into_iter().collect::<BTreeSet<_>>();
    assert_eq!(pairs.len(), known.len(), "{pairs:?}");
    assert!(pairs.iter().all(|(old, new)| old.is_none() == new.is_none() && (old != new || old.is_none())));
    let again = read(&scrubbed(&capture, "13", &wishes(false, false))?.capture)?;
    assert_ne!(serials(&again), serials(&after), "another run invents others");
    Ok(())
}

/// The times of packets, in their wrapping too, and the dates of a pump, in seconds.
fn times(capture: &[u8]) -> Result<(Vec<i64>, Vec<i64>)> {
    let (mut packets, mut dates) = (Vec::new(), Vec::new());
    container::read(capture, |record| {
        packets.push(i64::try_from(record.time / 1_000_000_000)?);
        packets.push(i64::from_le_bytes(record.data[16..24].try_into()?));
        Ok(())
    })?;
    let conversation = read(capture)?;
    let (fields, mut outline): (Vec<_>, _) = (registry::fields().collect(), Outline::default());
    for packet in &conversation.packets {
        outline.clear();
        conversation.dissect(packet.frame, &mut outline);
        let clocks =
            outline.nodes().iter().filter(|node| fields[usize::from(node.field)].kind == FieldType::Clock);
        dates.extend(clocks.map(|node| node.value.cast_signed()).filter(|&clock| clock != 0));
    }
    Ok((packets, dates))
}

#[test]
fn times_are_moved_by_whole_days() -> Result<()> {
    for name in ["14-sensor-pages", "11-history-page", "15-history-page-523"] {
        let capture = fs::read(folder().join(format!("{name}.pcapng")))?;
        let (old_packets, old_dates) = times(&capture)?;
        for (moves, wish) in [(false, wishes(false, true)), (true, wishes(true, false))] {
            let (packets, dates) = times(&scrubbed(&capture, name, &wish)?.capture)?;
            assert_eq!((packets.len(), dates.len()), (old_packets.len(), old_dates.len()), "{name}");
            let old = old_packets.iter().chain(&old_dates);
            let by: BTreeSet<_> = packets.iter().chain(&dates).zip(old).map(|(new, old)| new - old).collect();
            let [by] = by.into_iter().collect::<Vec<_>>()[..] else {
                panic!("{name}: by one number of days")
            };
            assert!(by % 86_400 == 0 && (by != 0) == moves, "{name}: {by}");
        }
        assert!(old_dates.len() > 10, "{name}");
    }
    Ok(())
}

/// One section after the other, each with a link type of its own.
#[test]
fn sections_of_several_links_are_scrubbed_as_one() -> Result<()> {
    let mut merged = Vec::new();
    for path in samples() {
        merged.extend(fs::read(path)?);
    }
    assert!(prove(&merged, "merged")? > 5);
    Ok(())
}

/// A fault somewhere: bytes that are wrong, packets that are missing or doubled.
fn damage(capture: &[u8], random: &mut impl FnMut(usize) -> usize) -> Result<Vec<u8>> {
    let mut damaged = Cursor::new(Vec::new());
    let rate = 2 + random(40);
    let mut doubled = Vec::new();
    rewrite(capture, &mut damaged, |block| {
        if block.frame().is_some() && random(rate) == 0 {
            let mut data = block.data().to_vec();
            match random(4) {
                0 => return Ok(Fate::Drop),
                1 if data.len() > 64 => data.truncate(64 + random(data.len() - 64)),
                2 => doubled.extend_from_slice(block.bytes()),
                _ => {
                    let from = if random(4) == 0 { 0 } else { data.len().min(64) };
                    if data.len() > from {
                        let at = from + random(data.len() - from);
                        data[at] ^= 1 << random(8);
                    }
                }
            }
            block.set_data(&data)?;
        }
        Ok(Fate::Keep)
    })?;
    let mut damaged = damaged.into_inner();
    damaged.extend(doubled);
    match random(20) {
        0 => damaged.truncate(random(damaged.len())),
        1 => {
            for _ in 0..=random(8) {
                let at = random(damaged.len());
                damaged[at] ^= 1 << random(8);
            }
        }
        _ => {}
    }
    Ok(damaged)
}

/// What is damaged is scrubbed all the same. How many captures are tried can be raised for a long run.
#[test]
fn damaged_captures_are_scrubbed_too() -> Result<()> {
    let tries =
        std::env::var("CARELINK_SCRUB_TRIES").ok().and_then(|tries| tries.parse().ok()).unwrap_or(120);
    let paths = samples().into_iter().chain(captures_of_meters());
    let samples: Vec<_> = paths.map(fs::read).collect::<Result<_, _>>()?;
    // What is long enough not to be there by chance.
    let long = |(bytes, _): &(Vec<u8>, _)| bytes.len() > 5 && bytes.iter().any(|byte| !b"-0 ".contains(byte));
    let secrets: Vec<BTreeSet<_>> = samples
        .iter()
        .map(|sample| Ok(identities(&read(sample)?).into_iter().filter(long).collect()))
        .collect::<Result<_>>()?;
    let mut state = 88_172_645_463_325_252_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below.max(1) as u64).unwrap_or(0)
    };
    let mut refused = Vec::new();
    for number in 0..tries {
        let capture = damage(&samples[number % samples.len()], &mut random)?;
        let unknown = number % 4 == 2;
        let wishes = wishes(number % 3 == 1, unknown);
        // A file that is cut off before its first packet holds no stick, and is told so.
        let Ok(before) = read(&capture) else { continue };
        let done = match scrub(&capture, "damaged", &wishes) {
            Ok(done) => done,
            Err(error) => {
                refused.push(format!("capture {number}: {error:#}"));
                continue;
            }
        };
        let Some(Scrubbed { capture, .. }) = done else { continue };
        let after = read(&capture)?;
        // What is damaged may not be readable as what it is; but if what nobody understands is cleared, it is nowhere.
        for (bytes, field) in secrets[number % samples.len()].iter().filter(|_| unknown) {
            let left: u64 = streams(&after).iter().map(|stream| count(stream, bytes)).sum();
            assert_eq!(left, 0, "capture {number}: {field} {bytes:02x?}");
        }
        let after = identities(&after);
        for (bytes, field) in identities(&before) {
            let letters = bytes.iter().any(|byte| ![0, 0xFF, b'-', b'0', b' '].contains(byte));
            // What is damaged may be of a few characters, and text of none that tells anything.
            let tells = bytes.iter().any(u8::is_ascii_alphanumeric) || field != "carelink.nextlink.text";
            let letters = letters && bytes.len() > 2 && tells;
            let left = after.iter().any(|(other, _)| *other == bytes);
            assert!(!letters || !left, "capture {number}: {field} {bytes:02x?}");
        }
    }
    assert!(refused.is_empty(), "{} of {tries} are refused: {refused:#?}", refused.len());
    Ok(())
}

fn run(arguments: &[&str], files: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_carelink"))
        .args(arguments)
        .args(files)
        .output()
        .expect("the program runs")
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_program_says_what_it_did_and_writes_over_nothing() -> Result<()> {
    let here = tempfile::tempdir()?;
    let (sample, output) = (folder().join("01-model-query.pcapng"), here.path().join("public.pcapng"));
    let done = run(&["scrub", "--report", "-o"], &[&output, &sample]);
    assert_eq!(done.status.code(), Some(0), "{}", complaint(&done));
    let report = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(report.contains("2  identities replaced") && report.contains("(Pump Serial)"), "{report}");
    assert!(complaint(&done).contains("--unknown"), "{}", complaint(&done));
    let serials = read(&fs::read(&sample)?)?;
    for (_, fetch) in serials.session.transactions().iter() {
        let serial = fetch.serial().map(|serial| serial.to_string());
        assert!(serial.is_none_or(|serial| !report.contains(&serial)), "no report tells what was replaced");
    }
    let refused = run(&["scrub", "-o"], &[&output, &sample]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(complaint(&refused).contains("--force"), "{}", complaint(&refused));
    assert_eq!(run(&["scrub", "--force", "-o"], &[&output, &sample]).status.code(), Some(0));
    Ok(())
}

#[test]
fn without_a_stick_there_is_no_file_and_with_damage_the_rest() -> Result<()> {
    let here = tempfile::tempdir()?;
    let (cut, output) = (here.path().join("cut.pcapng"), here.path().join("public.pcapng"));
    let whole = fs::read(folder().join("11-history-page.pcapng"))?;
    fs::write(&cut, &whole[..whole.len() / 2 + 1])?;
    let rest = run(&["scrub", "-o"], &[&output, &cut]);
    assert_eq!(rest.status.code(), Some(2));
    assert!(complaint(&rest).contains("what came before is written"), "{}", complaint(&rest));
    assert!(!read(&fs::read(&output)?)?.packets.is_empty());
    let empty = here.path().join("empty.pcapng");
    let (section, none) =
        (Block::section(Order::Big, &carelink_capture::pcapng::Options::default()), here.path().join("none"));
    fs::write(&empty, section.bytes())?;
    let nothing = run(&["scrub", "-o"], &[&none, &empty]);
    assert_eq!((nothing.status.code(), none.exists()), (Some(1), false), "{}", complaint(&nothing));
    Ok(())
}

/// Each row that holds an identity by its name says so.
#[test]
fn what_is_called_an_identity_is_marked_as_one() {
    let marked: BTreeMap<_, Option<Identity>> =
        registry::fields().map(|def| (def.name, def.identity)).collect();
    for def in registry::fields() {
        let help = def.help.to_ascii_lowercase();
        let value = def.kind != FieldType::Tree;
        if value && (help.trim_start().starts_with("serial number of") || help.contains("identity of")) {
            assert!(marked[def.name].is_some(), "{}: {}", def.name, def.help);
        }
    }
}
