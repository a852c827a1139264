// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the reports of meters, in every form, cut anywhere, changed in any byte, or noise. Out: the same transactions from each
//! form, each byte shown once, and nothing taken of other devices.

use crate::traffic::{
    Account, Packet, Random, accounts, assert_claimed_once, device, observed, of_meters, outline, packets,
};
use carelink_core::exchange::Outcome as Came;
use carelink_core::session::Session;
use carelink_core::transfer::{Carrier, Claim, Direction, Verdict};
use carelink_samples::emit::nextlink::Form;
use carelink_samples::meter::Meter;
use carelink_samples::stick::{Outcome, Transaction};

/// What a host does with a meter: each way in which a command can go.
fn meter(form: Form) -> Vec<Packet> {
    let mut meter = Meter::new(1, 7);
    meter.form = form;
    meter.header();
    meter.remote(true);
    meter.open();
    let page: Vec<u8> = (0..=255).cycle().take(1024).collect();
    meter.fetch(&Transaction::new(0x8D, Outcome::Data(b"\x03522".to_vec())));
    meter.fetch(&Transaction { parameters: vec![1], ..Transaction::new(0x4D, Outcome::Ack) });
    meter.fetch(&Transaction { parameters: vec![7], ..Transaction::new(0x80, Outcome::Data(page)) });
    meter.fetch(&Transaction {
        parameters: vec![8],
        pages: Some(2),
        ..Transaction::new(0x80, Outcome::PumpNak(13))
    });
    meter.fetch(&Transaction::new(0x92, Outcome::Data(vec![0; 192])));
    meter.fetch(&Transaction::new(0x73, Outcome::DeviceNak(3)));
    meter.fetch(&Transaction::new(0x73, Outcome::Timeout));
    meter.fetch(&Transaction::new(0x28, Outcome::Ack));
    meter.close();
    meter.remote(false);
    packets(&meter.take())
}

fn outcomes(packets: &[Packet]) -> Vec<Account> {
    accounts(&observed(packets)).into_iter().map(|(_, account)| account).collect()
}

#[test]
fn reports_of_any_form_say_the_same() {
    let expected = outcomes(&meter(Form::default()));
    let of_pump: Vec<_> = expected
        .iter()
        .filter(|account| account.outcome != Came::AnsweredByMeter)
        .map(|a| a.outcome)
        .collect();
    // The page has no sound check value.
    let ways = [
        Came::Complete,
        Came::PumpAck,
        Came::Damaged,
        Came::PumpNak,
        Came::Complete,
        Came::MeterNak,
        Came::Timeout,
        Came::PumpAck,
    ];
    assert_eq!(of_pump, ways);
    for size in [24, 32, 48, 63, 64, 65, 128, 255] {
        for id in [None, Some(0), Some(1), Some(0x41)] {
            for full in [true, false] {
                let form = Form { size, id, full };
                assert_eq!(outcomes(&meter(form)), expected, "{form:?}");
            }
        }
    }
}

/// Without descriptors, all is taken from the header record on, or from the first envelope.
#[test]
fn a_meter_is_known_by_its_words() {
    for id in [None, Some(0)] {
        let packets = meter(Form { id, ..Form::default() });
        for skipped in [0, 8, 20] {
            let mut session = Session::default();
            let rest = &packets[skipped..];
            let taken: Vec<_> =
                rest.iter().map(|p| session.observe(&p.transfer(Claim::Ask)) == Verdict::Ours).collect();
            let first = taken.iter().position(|&ours| ours).expect("it is a meter");
            assert!(taken[first..].iter().all(|&ours| ours), "{skipped}");
            assert!(first < 12, "{skipped}: {first}");
            for (packet, ours) in rest.iter().zip(taken) {
                let again = session.verdict(&packet.transfer(Claim::Ask)) == Verdict::Ours;
                assert_eq!(again, ours, "frame {}", packet.frame);
            }
        }
    }
}

/// A packet, observed behind those that lie before it, and shown.
fn show(before: &[Packet], packet: &Packet) {
    let mut session = observed(before);
    assert_eq!(session.observe(&packet.transfer(Claim::Certain)), Verdict::Ours);
    assert_claimed_once(&outline(&session, packet), packet, packet.frame);
}

/// What is needed before a packet for it to have its meaning.
fn before(packets: &[Packet], at: usize) -> &[Packet] {
    &packets[at.saturating_sub(6)..at]
}

#[test]
fn a_report_of_any_length_is_shown() {
    for (_, session) in of_meters() {
        let packets = packets(&session);
        for (at, packet) in packets.iter().enumerate() {
            for length in 0..=packet.bytes.len() {
                let short = packet.with(packet.bytes[..length].to_vec());
                show(before(&packets, at), &short);
                show(before(&packets, at), &Packet { reported: packet.reported, ..short.clone() });
                show(before(&packets, at), &Packet { direction: None, ..short });
            }
        }
    }
}

#[test]
fn a_report_with_any_byte_changed_is_shown() {
    let mut random = Random(0xAB);
    for (_, session) in of_meters() {
        let packets = packets(&session);
        for (at, packet) in packets.iter().enumerate() {
            for byte in 0..packet.bytes.len() {
                for change in [1 << random.below(8), 0xFF, random.bytes(1)[0]] {
                    let mut bytes = packet.bytes.clone();
                    bytes[byte] ^= change;
                    show(before(&packets, at), &packet.with(bytes));
                }
            }
        }
    }
}

/// Reports of noise, half of which begin as those of a meter do; each byte is shown, and none makes another device a meter.
#[test]
fn noise_is_shown_and_not_taken() {
    let mut random = Random(0x1A79);
    let sample = meter(Form::default()).swap_remove(0);
    let mut taken = 0;
    for stream in 0..200 {
        let (mut session, mut asked) = (Session::default(), Session::default());
        let mut noise = Vec::new();
        for frame in 1..=60 {
            let length = [8, 16, 64, 65][random.below(4)];
            let mut bytes = random.bytes(length);
            let heads: [&[u8]; 6] =
                [b"ABC", b"ABC\x3c", b"ABC\x21\x51\x01", &[0, 0, 0], &[0, 0, 0, 0x28, 0x51, 1], b"\x01ABC"];
            if stream % 2 == 0 {
                bytes.iter_mut().zip(heads[random.below(heads.len())]).for_each(|(to, from)| *to = *from);
            }
            let ways = [Some(Direction::ToStick), Some(Direction::FromStick), None];
            let packet = Packet {
                stream: device(stream),
                frame,
                direction: ways[random.below(3)],
                carrier: Carrier::Reports,
                ..sample.with(bytes)
            };
            session.observe(&packet.transfer(Claim::Certain));
            taken += usize::from(asked.observe(&packet.transfer(Claim::Ask)) == Verdict::Ours);
            noise.push(packet);
        }
        for packet in &noise {
            assert_claimed_once(&outline(&session, packet), packet, stream);
        }
    }
    assert_eq!(taken, 0, "of 12,000 reports");
}
