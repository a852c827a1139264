// SPDX-License-Identifier: GPL-2.0-or-later
//! In: recorded sessions and the vendor's exports of the same pumps. Out: proof that the replies give the vendor's events.

use carelink_core::pump::learn::{Message, learn};
use carelink_core::pump::model::Pump;
use carelink_core::pump::opcode::Opcode;
use carelink_core::pump::{Reply, reply};
use carelink_core::tree::cursor::Cursor;
use carelink_core::vendor::current::current_events;
use jiff::civil::DateTime;
use pcap_file::pcapng::{Block, PcapNgReader};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

/// The payload of a USB packet and whether it goes to the host, for the two headers that the recordings have.
fn transfer(packet: &[u8]) -> Option<(bool, &[u8])> {
    // USBPcap begins with its own length; the Linux header is always 64 bytes, and begins with an address.
    let (header, endpoint) = match packet {
        [27, 0, ..] => (27, packet.get(21)?),
        _ => (64, packet.get(10)?),
    };
    let bytes = packet.get(header..).filter(|bytes| !bytes.is_empty())?;
    matches!(endpoint, 0x01 | 0x82).then_some((endpoint & 0x80 != 0, bytes))
}

/// The whole replies with data in a recording, with their opcodes.
fn replies(capture: &Path) -> Vec<(Opcode, Vec<u8>)> {
    const TRANSMIT: u8 = 1;
    const READ_RADIO: u8 = 2;
    const HEADER: usize = 13;
    let mut reader = PcapNgReader::new(File::open(capture).expect("a capture")).expect("a capture");
    let (mut replies, mut opcode, mut frame, mut owed, mut data) =
        (Vec::new(), None, Vec::new(), 0, Vec::new());
    while let Some(block) = reader.next_block() {
        let Block::EnhancedPacket(packet) = block.expect("a block") else { continue };
        let Some((to_host, bytes)) = transfer(&packet.data) else { continue };
        if !to_host {
            owed = 0;
            if let [TRANSMIT, _, _, _, _, _, _, _, _, _, _, _, _, number, ..] = bytes {
                opcode = Some(Opcode(*number));
                data = Vec::new();
            }
            continue;
        }
        if owed == 0 {
            if bytes.first() != Some(&READ_RADIO) {
                continue;
            }
            frame = Vec::new();
            owed = HEADER + 1 + usize::from(u16::from_be_bytes([bytes[5], bytes[6]]) & 0x7FFF);
        }
        frame.extend_from_slice(bytes);
        owed = owed.saturating_sub(bytes.len());
        if owed > 0 {
            continue;
        }
        let (kind, end_of_data) = (frame[2], frame[5] & 0x80 != 0);
        if matches!(kind, 3 | 4) {
            data.extend_from_slice(&frame[HEADER..frame.len() - 1]);
            if let Some(opcode) = opcode.filter(|_| end_of_data) {
                replies.push((opcode, std::mem::take(&mut data)));
            }
        }
    }
    replies
}

type Values = BTreeMap<String, String>;
type Event = (String, Values);

/// `KEY=VALUE, ...`, without database ids, and with numbers in one form.
fn values(text: &str) -> Values {
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').expect("KEY=VALUE");
        let value = value.parse::<f64>().map_or(value.to_string(), |number| number.to_string());
        (!key.ends_with("_DATUM")).then(|| (key.to_string(), value))
    };
    text.split(", ").filter_map(pair).collect()
}

/// The vendor's events about the state of a pump, by the time of the session, without doubles.
fn official(export: &Path, model: &str) -> BTreeMap<String, Vec<Event>> {
    let mut sessions = BTreeMap::<_, Vec<Event>>::new();
    for line in fs::read_to_string(export).expect("an export").lines().skip(1) {
        let [time, name, text, pump, ..] = line.split('\t').collect::<Vec<_>>()[..] else { continue };
        if name.starts_with("Current") && pump.ends_with(model) {
            let event = (name.to_string(), values(text));
            let session = sessions.entry(time.to_string()).or_default();
            if !session.contains(&event) {
                session.push(event);
            }
        }
    }
    sessions
}

/// What is made of a recording: the events, the pump, and the time of its clock.
fn decoded(capture: &Path) -> (Vec<Event>, Pump, Option<String>) {
    let replies = replies(capture);
    let learned = replies.iter().filter_map(|(opcode, data)| learn(*opcode, Message::Reply(data)));
    let pump = learned.max_by_key(|pump| pump.known).unwrap_or_default();
    let (mut events, mut time) = (Vec::new(), None);
    for (opcode, data) in &replies {
        match reply(*opcode, &mut Cursor::new(data, 0, false, &mut ()), pump) {
            Ok(Some(Reply::Clock(clock))) => time = Some(clock.to_string().replace(' ', "T")),
            Ok(Some(reply)) => {
                for event in current_events(&reply, DateTime::MIN) {
                    let event = (event.kind.to_string(), values(&event.to_string()));
                    if !events.contains(&event) {
                        events.push(event);
                    }
                }
            }
            Ok(None) => {}
            Err(stop) => panic!("{opcode}: {stop}"),
        }
    }
    (events, pump, time)
}

fn assert_events(part: &[Event], whole: &[Event], what: &str) {
    for event in part {
        let namesakes: Vec<_> = whole.iter().filter(|other| other.0 == event.0).collect();
        assert!(whole.contains(event), "{what}: {event:?} against {namesakes:?}");
    }
}

/// In these two the vendor's program itself was recorded: the same replies made the export.
#[test]
fn the_vendors_own_sessions_give_all_of_its_events() {
    let Some(export) = carelink_recordings::path("exports/208850-2012-10.tsv") else { return };
    let exported = official(&export, "515");
    for capture in ["first-run", "second-run"] {
        let Some(path) = carelink_recordings::path(&format!("captures/{capture}.pcapng")) else { return };
        let (events, pump, time) = decoded(&path);
        assert_eq!(pump.model.map(|model| model.to_string()).as_deref(), Some("515"));
        let session = &exported[&time.expect("a clock")];
        assert_events(&events, session, &format!("{capture}: not the vendor's"));
        assert_events(session, &events, &format!("{capture}: not found"));
        println!("{capture}: all {} events of the vendor's", session.len());
    }
}

/// What differs from session to session.
const PASSING: [&str; 7] = [
    "CurrentBatteryStatus",
    "CurrentGlucoseHistoryPageNumber",
    "CurrentHistoryPageNumber",
    "CurrentTempBasal",
    "CurrentTotalRemaining",
    "CurrentTotalToday",
    "CurrentTotalYesterday",
];

/// Here recording and export are of different hours or days; the settings are the same.
#[test]
fn settings_agree_with_exports_of_other_sessions() {
    let rows = [
        ("578398-status", "578398.tsv", "522"),
        ("736868-status", "736868.tsv", "523"),
        ("usbtrace", "fall-2013.tsv", "522"),
    ];
    for (capture, export, model) in rows {
        let Some(export) = carelink_recordings::path(&format!("exports/{export}")) else { return };
        let Some(path) = carelink_recordings::path(&format!("captures/{capture}.pcapng")) else { return };
        let (mut events, _, _) = decoded(&path);
        events.retain(|(name, _)| !PASSING.contains(&name.as_str()));
        assert!(events.len() > 10, "{capture}: {events:?}");
        for (time, session) in official(&export, model) {
            assert_events(&events, &session, &format!("{capture} against {time}"));
        }
        println!("{capture}: {} settings", events.len());
    }
}
