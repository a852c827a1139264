// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the sample sessions, of which stretches are left out, and that is told. Out: proof that what is left of them reads
//! as before if whole transactions are left, and that no stretch at all makes a wrong value look good.

use crate::traffic::{Account, Packet, accounts, packets, sessions};
use carelink_core::exchange::{Asked, Outcome, TransactionId};
use carelink_core::session::Session;
use carelink_core::transfer::{Carrier, Claim, Stream, Transfer};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// A session that sees the packets of which `kept` says yes, and is told of the others if they are left out openly.
fn seen(packets: &[Packet], openly: bool, kept: impl Fn(usize) -> bool) -> Session {
    let mut session = Session::default();
    let mut lacks = BTreeMap::new();
    for (at, packet) in packets.iter().enumerate() {
        if kept(at) {
            let left_out = openly && lacks.remove(&packet.stream).is_some();
            session.observe(&Transfer { left_out, ..packet.transfer(Claim::Certain) });
        } else {
            lacks.insert(packet.stream, ());
        }
    }
    session
}

/// What would be taken for good, and is not what the whole says.
fn wrong(sound: &BTreeMap<u32, Account>, session: &Session) -> Option<Account> {
    accounts(session).into_iter().map(|(_, account)| account).find(|account| {
        let read = account.outcome == Outcome::Complete && account.asked != Asked::Unknown;
        let trusted = !matches!(account.asked, Asked::Pump(command) if !command.sound);
        let told = |sound: &Account| sound.asks_as(account) && sound.reply == account.reply;
        read && trusted && !sound.values().any(told)
    })
}

#[test]
fn no_stretch_that_is_left_out_shows_a_wrong_value() {
    let mut count = 0;
    for (sample, session) in sessions() {
        let packets = packets(&session);
        let sound = accounts(&seen(&packets, true, |_| true)).into_iter().collect();
        for first in 0..packets.len() {
            for length in [1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 20, 40, 100] {
                let left = seen(&packets, true, |at| !(first..first + length).contains(&at));
                assert_eq!(wrong(&sound, &left), None, "{sample}: {length} from {first}");
                count += 1;
            }
        }
    }
    assert!(count > 5000, "{count}");
}

#[test]
fn a_mark_where_nothing_is_left_out_shows_no_wrong_value() {
    for (sample, session) in sessions() {
        let packets = packets(&session);
        let sound = accounts(&seen(&packets, true, |_| true)).into_iter().collect();
        for marked in 0..packets.len() {
            let mut session = Session::default();
            for (at, packet) in packets.iter().enumerate() {
                session.observe(&Transfer { left_out: at == marked, ..packet.transfer(Claim::Certain) });
            }
            assert_eq!(wrong(&sound, &session), None, "{sample}: {marked}");
        }
    }
}

/// The first frame that has a part of a transaction: of a command in several reports, that is not the one that completes it.
fn begin(session: &Session, packets: &[Packet], id: TransactionId) -> u32 {
    let of = |packet: &&Packet| {
        let frames = session.frames(packet.carrier);
        let facts = frames.facts(packet.frame, 0).unwrap_or_default();
        facts.iter().any(|fact| frames.transaction_of(fact) == Some(id))
    };
    packets.iter().find(of).expect("it has a frame").frame
}

#[test]
fn whole_transactions_read_the_same_if_it_is_told_that_others_are_left_out() {
    let (mut same, mut suspected, mut of_meters) = (0, 0, 0);
    for (sample, session) in sessions() {
        let packets = packets(&session);
        let whole = seen(&packets, true, |_| true);
        let good: Vec<_> = whole
            .transactions()
            .iter()
            .filter(|(_, transaction)| {
                transaction.outcome() == Outcome::Complete && transaction.command().is_some()
            })
            .collect();
        for pair in good.windows(3) {
            let [first, last] = [pair[0], pair[2]].map(|(id, transaction)| {
                (transaction.stream, begin(&whole, &packets, id)..=transaction.end())
            });
            let kept = |at: usize| {
                let of = |(stream, frames): &(Stream, RangeInclusive<u32>)| {
                    *stream == packets[at].stream && frames.contains(&packets[at].frame)
                };
                of(&first) || of(&last)
            };
            let complete = |session: &Session| {
                let with = |frame| accounts(session).into_iter().find(|(begins, _)| *begins == frame);
                [pair[0].1, pair[2].1].iter().all(|transaction| {
                    with(transaction.request.frame())
                        .is_some_and(|(_, account)| account.outcome == Outcome::Complete)
                })
            };
            assert!(complete(&seen(&packets, true, kept)), "{sample} {}", pair[0].0);
            same += 1;
            of_meters += usize::from(packets[0].carrier == Carrier::Reports);
            suspected += usize::from(!complete(&seen(&packets, false, kept)));
        }
    }
    assert!(same > 10 && suspected > 0, "{same} read the same, {suspected} are suspected without a word");
    assert!(of_meters > 5, "{of_meters} of meters");
}
