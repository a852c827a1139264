// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the real captures beside the project. Out: proof that each byte of them is read, the same in any order.

use anyhow::{Context as _, Result};
use carelink_capture::{Packet, tcp};
use carelink_core::exchange::{Asked, Expects, Outcome};
use carelink_core::pump::Opcode;
use carelink_core::session::Session;
use carelink_core::transfer::{Claim, Verdict};
use carelink_core::tree::checksum::CRC_STATUS;
use carelink_core::tree::outline::Outline;
use carelink_recordings::{captures, captures_of_meters};
use std::collections::BTreeMap;
use std::fs::File;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// Of sticks and of meters.
fn all() -> Vec<PathBuf> {
    captures().into_iter().chain(captures_of_meters()).collect()
}

struct Conversation {
    packets: Vec<Packet>,
    session: Session,
}

fn converse(path: &PathBuf) -> Result<Conversation> {
    let (mut session, mut packets) = (Session::default(), Vec::new());
    carelink_capture::read(File::open(path)?, tcp::PORT, |packet| {
        assert_eq!(session.observe(&packet.transfer(Claim::Ask)), Verdict::Ours, "frame {}", packet.frame);
        packets.push(packet);
        Ok(())
    })
    .with_context(|| path.display().to_string())?;
    Ok(Conversation { packets, session })
}

fn outline(session: &Session, packet: &Packet) -> Outline {
    let mut outline = Outline::default();
    outline.clear();
    assert_eq!(session.dissect(&packet.transfer(Claim::Ask), &mut outline), Verdict::Ours);
    outline
}

#[test]
fn every_byte_is_claimed_once_and_no_frame_is_malformed() -> Result<()> {
    for path in all() {
        let Conversation { packets, session } = converse(&path)?;
        assert!(!packets.is_empty(), "{}", path.display());
        for packet in &packets {
            let outline = outline(&session, packet);
            let at = format!("{} frame {}", path.display(), packet.frame);
            assert_eq!(outline.misclaimed(0, packet.bytes.len()), None, "{at}: {:#?}", outline.nodes());
            for (source, (_, bytes)) in (1..).zip(outline.sources()) {
                assert_eq!(outline.misclaimed(source, bytes.len()), None, "{at}, source {source}");
            }
            for expert in outline.experts() {
                let def = &carelink_core::tree::expert::EXPERTS[expert.expert as usize];
                let name = def.name.trim_start_matches("carelink.note.");
                let unexpected =
                    ["too_short", "too_long", "cut_capture", "not_understood", "part_missing", "internal"];
                assert!(!unexpected.contains(&name), "{at}: {name} {}", outline.text(expert.detail));
            }
        }
    }
    Ok(())
}

#[test]
fn any_visiting_order_shows_the_same() -> Result<()> {
    for path in all() {
        let Conversation { packets, session } = converse(&path)?;
        let in_order: Vec<_> =
            packets.iter().map(|packet| format!("{:?}", outline(&session, packet))).collect();
        // A stride that shares no factor with the count visits every frame, far from its neighbours.
        let count = packets.len();
        let stride = (count / 3..).find(|stride| gcd(*stride, count) == 1).unwrap_or(1);
        for visit in 0..2 * count {
            let at = visit * stride % count;
            let again = format!("{:?}", outline(&session, &packets[at]));
            assert_eq!(again, in_order[at], "{} frame {}", path.display(), packets[at].frame);
        }
    }
    Ok(())
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Good and bad check values, by their count in the tree.
#[test]
fn only_one_check_value_is_bad() -> Result<()> {
    let mut bad = Vec::new();
    let paths = all();
    for path in &paths {
        let Conversation { packets, session } = converse(path)?;
        for packet in &packets {
            let outline = outline(&session, packet);
            for node in outline.nodes().iter().filter(|node| node.field == CRC_STATUS.id()) {
                match node.value {
                    1 => {}
                    0 => bad.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned()),
                    other => panic!("{}: status {other}", path.display()),
                }
            }
        }
    }
    let expected: &[&str] = if paths.is_empty() { &[] } else { &["nak-errors.pcapng"] };
    assert_eq!(bad, expected, "one payload's last byte is 0 there");
    Ok(())
}

/// `docs/protocol/stick.md`, section 4.5, has the transactions of twelve captures, counted by another program.
#[test]
fn transactions_agree_with_an_independent_count() -> Result<()> {
    let mut counts: BTreeMap<(&str, Outcome), u32> = BTreeMap::new();
    let paths = captures();
    if paths.is_empty() {
        return Ok(());
    }
    for path in paths.iter().filter(|path| !path.ends_with("736868-status.pcapng")) {
        for (_, transaction) in converse(path)?.session.transactions().iter() {
            let what = match transaction.asked {
                Asked::Device(_) => continue,
                Asked::Unknown => "orphan",
                Asked::Pump(command) if command.opcode == Opcode::POWER_CONTROL => match command.expects {
                    Expects::Silence => "power off",
                    _ => "power on",
                },
                Asked::Pump(command) => match command.expects {
                    Expects::Nothing => "pages 0",
                    Expects::One => "pages 1",
                    Expects::Several => "pages 2",
                    other => panic!("{other:?}"),
                },
            };
            *counts.entry((what, transaction.outcome())).or_default() += 1;
        }
    }
    let expected = BTreeMap::from([
        (("power on", Outcome::Accepted), 2),
        (("power on", Outcome::PumpAck), 3),
        (("power on", Outcome::Timeout), 1),
        (("power off", Outcome::Unanswered), 2),
        (("pages 0", Outcome::Accepted), 7),
        (("pages 1", Outcome::Complete), 146),
        (("pages 1", Outcome::PumpAck), 1),
        (("pages 1", Outcome::PumpNak), 8),
        (("pages 2", Outcome::Complete), 77),
        (("pages 2", Outcome::Damaged), 1),
        (("pages 2", Outcome::Incomplete), 11),
        // The capture ends within this one, so nobody knows that the host gave up.
        (("pages 2", Outcome::Unfinished), 1),
        (("pages 2", Outcome::PumpNak), 10),
        (("pages 2", Outcome::Timeout), 5),
        (("pages 2", Outcome::NoAnswer), 10),
        (("orphan", Outcome::NoData), 3),
        (("orphan", Outcome::Complete), 1),
    ]);
    assert_eq!(counts, expected);
    Ok(())
}

/// A fetch whose reply counts as good: what was asked, what came, and when.
#[derive(Clone, Debug, PartialEq)]
struct Fetch {
    asked: String,
    reply: Vec<u8>,
    /// From its command to its end, in nanoseconds.
    time: RangeInclusive<u64>,
}

/// All fetches whose replies count as good, whether they hold a value that is known or bytes only. A command is known by
/// its time, even where its packet has moved.
fn told(session: &Session) -> Vec<Fetch> {
    let transactions = session.transactions();
    transactions
        .iter()
        .filter(|(_, transaction)| transaction.outcome() == Outcome::Complete)
        .filter_map(|(number, transaction)| {
            let command = transaction.command()?;
            let asked = format!("{} {} {:?}", command.serial, command.opcode, transaction.parameters());
            let reply = transactions.reply(number).0;
            let time = transaction.request.time()..=transaction.response?.time();
            Some(Fetch { asked, reply: reply.to_vec(), time })
        })
        .collect()
}

/// How a block of packets is damaged.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Dropped,
    Doubled,
    Swapped,
}

/// The packets with one block damaged, in their new order.
fn damaged(packets: &[Packet], at: usize, len: usize, damage: Damage) -> Vec<&Packet> {
    let mut order: Vec<&Packet> = packets.iter().collect();
    let end = (at + len).min(order.len());
    match damage {
        Damage::Dropped => drop(order.drain(at..end)),
        Damage::Doubled => drop(order.splice(end..end, packets[at..end].iter())),
        Damage::Swapped => {
            let after = (end + len).min(order.len());
            order[at..after].rotate_left(end - at);
        }
    }
    order
}

/// How many blocks of each recording are damaged, in each way.
fn trials() -> usize {
    std::env::var("CARELINK_TRIALS").ok().and_then(|count| count.parse().ok()).unwrap_or(60)
}

/// A reply carries no opcode: where packets are lost, only continuity tells that it is not another command's. What no
/// rule sees is bounded here: a loss from one poll to a poll of the next fetch, while the host polls slowly.
///
/// `CARELINK_TRIALS=600 cargo test --release -p carelink-cli --test captures lost -- --nocapture` damages 23,400 captures.
#[test]
fn lost_packets_seldom_give_a_command_the_reply_of_another() -> Result<()> {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |end: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % end as u64).expect("below a usize")
    };
    for (damage, most) in [(Damage::Dropped, 2), (Damage::Doubled, 0), (Damage::Swapped, 0)] {
        let (mut captures_damaged, mut wrong, mut away, mut withheld) = (0, 0, 0, 0);
        let mut wrong_of_meters = 0;
        for path in all() {
            let Conversation { packets, session } = converse(&path)?;
            let sound = told(&session);
            for _ in 0..trials() {
                let (at, len) = (below(packets.len()), 1 + below(40));
                let mut spoilt = Session::default();
                for (frame, packet) in (1..).zip(damaged(&packets, at, len, damage)) {
                    let transfer = packet.transfer(Claim::Certain);
                    spoilt.observe(&carelink_core::transfer::Transfer { frame, ..transfer });
                }
                let came = told(&spoilt);
                let same = |one: &Fetch, other: &Fetch| one.asked == other.asked && one.reply == other.reply;
                // What was asked again because no answer came may be told as the answer to the first time.
                let is_sound = |reply: &&Fetch| {
                    sound
                        .iter()
                        .find(|one| one.time.start() >= reply.time.start() && one.asked == reply.asked)
                        .is_some_and(|one| same(one, reply))
                };
                let others: Vec<_> = came.iter().filter(|reply| !is_sound(reply)).collect();
                for Fetch { asked, reply, .. } in &others {
                    eprintln!(
                        "{} {damage:?} {len} packets from {at}: {asked}: {} bytes",
                        path.display(),
                        reply.len()
                    );
                }
                captures_damaged += 1;
                // Envelopes of all short commands of a meter are alike: if a reply and the next command are lost, nothing tells.
                let of = if captures_of_meters().contains(&path) { &mut wrong_of_meters } else { &mut wrong };
                *of += usize::from(!others.is_empty());
                // Beside the damage are the fetches that it hits, and one before and behind them.
                let blocks = if matches!(damage, Damage::Swapped) { 2 * len } else { len };
                let hit = &packets[at..(at + blocks).min(packets.len())];
                let (first, last) = (hit[0].time, hit[hit.len() - 1].time);
                let before = sound.iter().filter(|one| *one.time.end() < first).count().saturating_sub(1);
                let behind = sound.iter().filter(|one| *one.time.start() <= last).count() + 1;
                let far = sound[..before].iter().chain(sound.get(behind..).unwrap_or_default());
                for one in far {
                    away += 1;
                    withheld += usize::from(!came.iter().any(|reply| same(one, reply)));
                }
            }
        }
        eprintln!(
            "{damage:?}: {captures_damaged} captures, {wrong} wrong of sticks, {wrong_of_meters} of meters; of {away} replies away from the damage \
             {withheld} withheld"
        );
        assert!(
            wrong * 780 <= most * captures_damaged,
            "{damage:?}: {wrong} of {captures_damaged} are wrong"
        );
        assert!(wrong_of_meters * 30 <= trials(), "{damage:?}: {wrong_of_meters} of {} are wrong", trials());
        assert!(withheld * 20 <= away, "{damage:?}: {withheld} of {away} are withheld");
    }
    Ok(())
}
