// SPDX-License-Identifier: GPL-2.0-or-later
//! In: traffic beyond what is kept of it. Out: the limit is announced where it bites, and nothing else breaks.

use crate::traffic::{Packet, device, outline};
use carelink_core::session::Session;
use carelink_core::transfer::{Claim, Direction, Stream, Verdict};
use carelink_core::tree::expert::LIMIT_REACHED;
use carelink_samples::emit::reply::RadioReply;
use carelink_samples::emit::request::{Transmit, read_radio, read_signal_strength};

const SERIAL: [u8; 3] = [0x12, 0x34, 0x56];

/// The frames whose trees say that a limit was reached.
fn limited(packets: &[Packet]) -> Vec<u32> {
    let mut session = Session::default();
    for packet in packets {
        assert_eq!(session.observe(&packet.transfer(Claim::Certain)), Verdict::Ours);
    }
    let says = |packet: &&Packet| {
        outline(&session, packet).experts().iter().any(|expert| expert.expert == LIMIT_REACHED.id())
    };
    packets.iter().filter(says).map(|packet| packet.frame).collect()
}

#[test]
fn commands_that_nobody_answers_are_given_up_aloud() {
    let commands: Vec<_> = (1..=70)
        .map(|frame| Packet::of(frame, device(1), Direction::ToStick, read_signal_strength().to_vec()))
        .collect();
    assert_eq!(limited(&commands), [33, 65]);
}

#[test]
fn sticks_beyond_the_limit_are_passed_over_aloud() {
    let commands: Vec<_> = (1..=4098_u32)
        .map(|frame| {
            let stream = Stream::Line { interface: 0, conversation: frame };
            Packet::of(frame, stream, Direction::ToStick, read_signal_strength().to_vec())
        })
        .collect();
    assert_eq!(limited(&commands), [4097, 4098]);
}

#[test]
fn a_reply_without_an_end_is_cut_aloud() {
    let payload = [7; 1000];
    let part = RadioReply::part(SERIAL, -60, &payload, false).to_bytes();
    let size = u16::try_from(part.len()).expect("short");
    let mut packets = vec![Packet::of(
        1,
        device(1),
        Direction::ToStick,
        Transmit { pages: 2, ..Transmit::new(SERIAL, 0x80, &[0]) }.to_bytes(),
    )];
    for frame in (2..).step_by(2).take(70) {
        packets.push(Packet::of(frame, device(1), Direction::ToStick, read_radio(size).to_vec()));
        packets.push(Packet::of(frame + 1, device(1), Direction::FromStick, part.clone()));
    }
    let limited = limited(&packets);
    assert_eq!(limited.first(), Some(&133), "the 66th part is the first one too many: {limited:?}");
    assert_eq!(limited.len(), 5);
}
