// SPDX-License-Identifier: GPL-2.0-or-later
//! In: each sample session with one fault of one transfer, for every fault there can be. Out: no fault makes a wrong
//! value look good, and none reaches beyond the transaction that it hits.

use crate::traffic::{Account, Packet, accounts, assert_claimed_once, observed, outline, sessions};
use carelink_core::exchange::{Asked, Outcome};
use carelink_core::session::Session as Core;
use carelink_core::transfer::{Carrier, Direction};
use carelink_samples::generate::{Fault, FaultKind, faults};
use carelink_samples::session::{Session, TransferType};
use std::collections::BTreeMap;

/// Frame numbers are spread, so that each transfer keeps its own when others come or go.
const SPREAD: u32 = 10;

fn number(at: usize) -> u32 {
    (u32::try_from(at).expect("a sample is short") + 1) * SPREAD
}

/// The transfers with payload of a session that has `fault`.
fn packets(session: &Session, fault: Option<Fault>) -> Vec<Packet> {
    let spoilt = fault.map(|fault| fault.apply(session));
    let frame = |at| match fault {
        Some(Fault { at: hit, kind: FaultKind::Drop }) if at >= hit => number(at + 1),
        Some(Fault { at: hit, kind: FaultKind::Double }) if at == hit + 1 => number(hit) + 1,
        Some(Fault { at: hit, kind: FaultKind::Double }) if at > hit => number(at - 1),
        _ => number(at),
    };
    let transfers = &spoilt.as_ref().unwrap_or(session).transfers;
    let data = transfers.iter().enumerate();
    data.filter(|(_, transfer)| !matches!(transfer.transfer_type, TransferType::Control(_)))
        .map(|(at, transfer)| Packet::new(transfer, frame(at)))
        .collect()
}

#[derive(Debug, Default)]
struct Count {
    faults: usize,
    /// Transactions that begin behind the fault, and came out as without it.
    recovered: usize,
    /// Transactions that began before the fault's end, and came out as without it.
    unharmed: usize,
    /// Those that came out otherwise, none of them as a wrong value.
    harmed: usize,
    /// Transactions that begin right behind the fault, and count as not proven: it may have hidden a loss.
    withheld: usize,
}

/// The frame that ends the message of a meter's host that `frame` is a part of.
fn message_end(packets: &[Packet], frame: u32) -> u32 {
    let goes_on =
        |packet: &&Packet| packet.carrier == Carrier::Reports && packet.direction == Some(Direction::ToStick);
    let from = packets.iter().skip_while(|packet| packet.frame < frame);
    from.take_while(goes_on).last().map_or(frame, |last| last.frame)
}

fn name(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Drop => "dropped",
        FaultKind::Double => "doubled",
        FaultKind::Swap => "swapped",
        FaultKind::Cut(_) => "cut by the bus",
        FaultKind::Snap(_) => "cut by the capture",
        FaultKind::Flip(..) => "bit-flipped",
    }
}

fn unproven(account: &Account) -> bool {
    account.outcome == Outcome::Unproven
}

#[test]
fn a_fault_shows_no_wrong_value_and_ends_with_its_transaction() {
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    let mut failures = Vec::new();
    for (sample, session) in sessions() {
        let sound_packets = packets(&session, None);
        let sound: BTreeMap<u32, Account> = accounts(&observed(&sound_packets)).into_iter().collect();
        for (nth, fault) in faults(&session).enumerate() {
            let packets = packets(&session, Some(fault));
            let spoilt = observed(&packets);
            let hit = number(fault.at);
            let end = if fault.kind == FaultKind::Swap { hit + SPREAD } else { hit };
            let end = message_end(&sound_packets, end);
            let count = counts.entry(name(fault.kind)).or_default();
            count.faults += 1;
            // One in some is looked at from end to end, all others around the fault.
            let near =
                |packet: &&Packet| nth % 97 == 0 || (hit - SPREAD..=end + 3 * SPREAD).contains(&packet.frame);
            for packet in packets.iter().filter(near) {
                assert_claimed_once(&outline(&spoilt, packet), packet, fault);
            }
            let came: BTreeMap<u32, Account> = accounts(&spoilt).into_iter().collect();
            for (frame, account) in &came {
                // What was asked is not known, so the reply is not read.
                let unread = account.outcome != Outcome::Complete || account.asked == Asked::Unknown;
                let untrusted = matches!(account.asked, Asked::Pump(command) if !command.sound);
                // A fault may move a command to another frame, but it gives none another reply.
                let told = |sound: &Account| sound.asks_as(account) && sound.reply == account.reply;
                if !unread && !untrusted && !sound.values().any(told) {
                    failures.push(format!("{sample} {fault:?} frame {frame}: wrong {account:?}"));
                }
            }
            // Those of each stick that begin soon after: a host that was behind, or went on too early, may stay so for
            // a while.
            let stick =
                |frame| packets.iter().find(|packet| packet.frame == frame).map(|packet| packet.stream);
            let mut after: Vec<_> = sound.keys().copied().filter(|frame| *frame > end).collect();
            after.sort_by_key(|frame| stick(*frame));
            let soon: Vec<_> = after
                .chunk_by(|one, next| stick(*one) == stick(*next))
                .flat_map(|of_one| of_one.iter().take(2).copied())
                .collect();
            for (frame, before) in &sound {
                let same = came.get(frame) == Some(before);
                match (*frame > end, same) {
                    (true, true) => count.recovered += 1,
                    (true, false)
                        if unproven(before)
                            || soon.contains(frame) && came.get(frame).is_some_and(unproven) =>
                    {
                        count.withheld += 1;
                    }
                    (true, false) => failures.push(format!(
                        "{sample} {fault:?} frame {frame}: not recovered: {before:?} but {:?}",
                        came.get(frame)
                    )),
                    (false, true) => count.unharmed += 1,
                    (false, false) => count.harmed += 1,
                }
            }
        }
    }
    for (name, count) in &counts {
        eprintln!("{name}: {count:?}");
    }
    let listed: Vec<_> =
        failures.iter().take(20).map(|failure| failure.chars().take(1500).collect::<String>()).collect();
    assert!(failures.is_empty(), "{} failures: {listed:#?}", failures.len());
}

/// From the first radio read on, a host goes on one command too early, and so is a reply behind to the end. Each reply
/// is still paired with its command.
#[test]
fn a_host_that_goes_on_too_early_is_followed() {
    let (_, session) = sessions().into_iter().find(|(name, _)| name.starts_with("11-")).expect("a page");
    let sound = packets(&session, None);
    let from_stick = |packet: &Packet| packet.direction == Some(Direction::FromStick);
    let late = sound.iter().position(|packet| from_stick(packet) && packet.bytes[0] == 2).expect("a reply");
    let poll = sound.iter().position(|packet| packet.bytes[..2] == [3, 0]).expect("a poll");
    let (before, after) = sound.split_at(late);
    // Replies may come in several transfers.
    let mut turns = after.chunk_by(|one, next| from_stick(one) == from_stick(next));
    let mut mixed = [before, &sound[poll..=poll], turns.next().unwrap_or_default()].concat();
    let mut owed = &sound[poll + 1..=poll + 1];
    for turn in turns {
        let next = if from_stick(&turn[0]) { std::mem::replace(&mut owed, turn) } else { turn };
        mixed.extend_from_slice(next);
    }
    let mixed = (1..).zip(mixed).map(|(frame, packet)| (packet.frame, Packet { frame, ..packet }));
    let (origins, mixed): (Vec<u32>, Vec<Packet>) = mixed.unzip();
    let origin = |frame: u32| origins[frame as usize - 1];
    let asked = |session: &Core, packet: &Packet| {
        let tracker = session.tracker();
        tracker
            .facts(packet.frame, 0)?
            .first()
            .and_then(|fact| tracker.request(fact))
            .and_then(|request| request.sent)
            .map(carelink_core::transfer::At::frame)
    };
    let (straight, late) = (observed(&sound), observed(&mixed));
    let answers: BTreeMap<u32, _> =
        sound.iter().map(|packet| (packet.frame, asked(&straight, packet))).collect();
    for packet in mixed.iter().filter(|packet| from_stick(packet)) {
        assert_eq!(
            asked(&late, packet).map(origin),
            answers[&origin(packet.frame)],
            "frame {}",
            packet.frame
        );
    }
}
