// SPDX-License-Identifier: GPL-2.0-or-later
//! In: traffic of devices that are no CareLink stick, and of sticks beside them. Out: only the stick's is taken.

use crate::traffic::{Packet, Random, accounts, device, observed, packets, sessions};
use carelink_core::session::Session;
use carelink_core::transfer::{Carrier, Claim, Direction, Stream, Verdict};
use carelink_samples::generate::Foreign;
use carelink_samples::session as samples;

/// How many transfers of a session are taken on the first visit, and how many when it is visited again.
fn taken(packets: &[Packet]) -> (usize, usize) {
    let mut session = Session::default();
    let first = packets.iter().filter(|p| session.observe(&p.transfer(Claim::Ask)) == Verdict::Ours).count();
    let again = packets.iter().filter(|p| session.verdict(&p.transfer(Claim::Ask)) == Verdict::Ours);
    (first, again.count())
}

/// A session may begin with a command of two bytes, which proves nothing. So a device that sends just those is taken
/// for this one transfer; its answer ends that, for the command too.
#[test]
fn other_devices_are_left_alone() {
    for kind in Foreign::ALL {
        let most = match kind {
            Foreign::LookAlike | Foreign::LookAlikeAck => 1,
            _ => 0,
        };
        let (first, again) = taken(&packets(&kind.session()));
        assert_eq!((first, again), (most, 0), "{kind:?}");
    }
}

/// Bytes without meaning, both ways, on the stick's own endpoints and in the lengths of its frames.
#[test]
fn noise_is_left_alone() {
    let mut random = Random(7);
    let sample = packets(&Foreign::Noise.session())[0].clone();
    let (mut first, mut again) = (0, 0);
    for stream in 0..500 {
        let mut noise = Vec::new();
        for frame in 1..=40 {
            let out = frame % 2 == 1;
            let direction = if out { Direction::ToStick } else { Direction::FromStick };
            let length = if out { [2, 3, 5, 16, 20][random.below(5)] } else { [15, 64, 78][random.below(3)] };
            let bytes = random.bytes(length);
            let endpoint = Some(if out { 1 } else { 2 });
            noise.push(Packet {
                stream: device(stream),
                frame,
                direction: Some(direction),
                endpoint,
                ..sample.with(bytes)
            });
        }
        let (once, twice) = taken(&noise);
        (first, again) = (first + once, again + twice);
    }
    assert_eq!((first, again), (0, 0), "of 20,000 transfers");
}

#[test]
fn a_stick_is_known_without_descriptors() {
    let sound = |name: &str| ["01-", "02-", "06-", "11-"].iter().any(|number| name.starts_with(number));
    for (name, session) in sessions().into_iter().filter(|(name, _)| sound(name)) {
        let packets = packets(&session);
        assert_eq!(taken(&packets), (packets.len(), packets.len()), "{name}");
    }
}

/// The stick of the samples, moved to where no foreign device is.
fn stick() -> samples::Session {
    let (_, mut session) = sessions().into_iter().find(|(name, _)| name.starts_with("11-")).expect("a page");
    session.transfers.iter_mut().for_each(|transfer| transfer.address = 9);
    session
}

/// Bytes or none, known or not: what is said of a transfer at first is what is said when it is visited again.
#[test]
fn a_verdict_stays_what_it_was() {
    for claim in [Claim::Ask, Claim::Certain] {
        for carrier in [Carrier::Transfers, Carrier::Stream, Carrier::Reports] {
            let packets = packets(&stick());
            let mut session = Session::default();
            for (at, packet) in packets.into_iter().enumerate() {
                let bytes = if at % 3 == 1 { Vec::new() } else { packet.bytes.clone() };
                let packet = Packet { carrier, reported: bytes.len(), bytes, ..packet };
                let transfer = packet.transfer(claim);
                let first = session.observe(&transfer);
                let again = [
                    session.verdict(&transfer),
                    session.observe(&transfer),
                    session.dissect(&transfer, &mut ()),
                ];
                assert_eq!(again, [first; 3], "{claim:?} {carrier:?} frame {}", packet.frame);
            }
        }
    }
}

#[test]
fn a_stick_beside_them_is_taken_whole() {
    let alone = accounts(&observed(&packets(&stick())));
    for kind in Foreign::ALL {
        let both = packets(&samples::Session::merge([stick(), kind.session()]));
        let mut session = Session::default();
        let mut seen = 0;
        for packet in &both {
            let verdict = session.observe(&packet.transfer(Claim::Ask));
            let own = matches!(packet.stream, Stream::Usb { device: 9, .. });
            seen += usize::from(own);
            assert!(!own || verdict == Verdict::Ours, "{kind:?} frame {}", packet.frame);
        }
        assert_eq!(seen, stick().data().count());
        // A look-alike's first command counts until its answer; it makes a transaction of its own.
        let mut found = accounts(&session).into_iter().map(|(_, account)| account);
        for (_, account) in &alone {
            assert!(found.any(|found| found == *account), "{kind:?}: {account:?}");
        }
    }
}

/// A bus address that another device had before. The device's descriptor tells, and so does a stream number of its own.
#[test]
fn a_stick_at_an_address_that_was_anothers_is_taken() {
    let alone: Vec<_> =
        accounts(&observed(&packets(&stick()))).into_iter().map(|(_, account)| account).collect();
    for kind in Foreign::ALL {
        for (claim, stream) in [(Claim::Certain, device(1)), (Claim::Ask, device(2))] {
            let mut session = Session::default();
            let mut frame = 0;
            let mut visit = |packet: Packet, stream, claim| {
                frame += 1;
                session.observe(&Packet { stream, frame, ..packet }.transfer(claim))
            };
            packets(&kind.session()).into_iter().for_each(|packet| {
                visit(packet, device(1), Claim::Ask);
            });
            for packet in packets(&stick()) {
                assert_eq!(visit(packet, stream, claim), Verdict::Ours, "{kind:?} {claim:?}");
            }
            let found: Vec<_> = accounts(&session).into_iter().map(|(_, account)| account).collect();
            assert!(found.ends_with(&alone), "{kind:?} {claim:?}");
        }
    }
}
