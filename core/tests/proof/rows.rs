// SPDX-License-Identifier: GPL-2.0-or-later
//! In: each row of the stick's commands. Out: it is framed, found, its direction is guessed, and it is answered.

use crate::traffic::{Packet, device, observed};
use carelink_core::exchange::Outcome;
use carelink_core::session::Session;
use carelink_core::stick::framing::{Length, command_length};
use carelink_core::stick::row::End;
use carelink_core::stick::shape::Shape;
use carelink_core::stick::{Opcode, REPLY_LENGTH};
use carelink_core::transfer::{Carrier, Claim, Direction, Verdict};
use carelink_core::tree::crc::crc8;
use carelink_core::tree::outline::Outline;
use carelink_samples::emit::request::Transmit;

/// A command of this row, as hosts send it.
fn request(opcode: Opcode) -> Vec<u8> {
    let first = u8::from(opcode);
    match opcode.row().expect("a known opcode has a row").shape {
        Shape::Bare | Shape::Interface => vec![first, 0, 0],
        Shape::Size => vec![first, 0, 0, 78, crc8(&[first, 0, 0, 78])],
        Shape::Packet => Transmit { pages: 0, ..Transmit::new([0x12, 0x34, 0x56], 0x5B, &[]) }.to_bytes(),
    }
}

fn packet(frame: u32, direction: Option<Direction>, carrier: Carrier, bytes: Vec<u8>) -> Packet {
    let (reported, time) = (bytes.len(), u64::from(frame) * 1_000_000);
    Packet { bytes, reported, stream: device(1), time, frame, direction, endpoint: None, carrier }
}

/// The stick's acknowledge, and what it left of earlier replies.
fn acknowledge() -> Vec<u8> {
    let mut reply = vec![0; REPLY_LENGTH];
    reply[..2].copy_from_slice(&[1, 0x55]);
    reply
}

#[test]
fn each_row_is_framed() {
    for &opcode in Opcode::ALL {
        let mut bytes = request(opcode);
        let whole = bytes.len();
        assert_eq!(command_length(&bytes), Length::Is(whole), "{opcode}");
        bytes.extend([0xEE; 7]);
        assert_eq!(command_length(&bytes), Length::Is(whole), "{opcode}, with more behind");
    }
}

#[test]
fn each_row_is_found_without_a_claim() {
    for &opcode in Opcode::ALL {
        let mut session = Session::default();
        let command = packet(1, Some(Direction::ToStick), Carrier::Transfers, request(opcode));
        assert_eq!(session.observe(&command.transfer(Claim::Ask)), Verdict::Ours, "{opcode}");
    }
}

#[test]
fn the_direction_of_each_row_is_guessed() {
    for &opcode in Opcode::ALL {
        let packets = [
            packet(1, None, Carrier::Stream, request(opcode)),
            packet(2, None, Carrier::Stream, acknowledge()),
        ];
        let session = observed(&packets);
        let directions =
            [1, 2].map(|frame| session.tracker().facts(frame, 0).expect("it was seen")[0].direction);
        assert_eq!(directions, [Direction::ToStick, Direction::FromStick], "{opcode}");
    }
}

#[test]
fn each_row_is_answered() {
    for &opcode in Opcode::ALL {
        let end = opcode.row().expect("a row").end;
        let packets = [
            packet(1, Some(Direction::ToStick), Carrier::Transfers, request(opcode)),
            packet(2, Some(Direction::FromStick), Carrier::Transfers, acknowledge()),
        ];
        let session = observed(&packets);
        let (_, transaction) = session.transactions().iter().next().expect("each row begins one");
        let outcome = transaction.outcome();
        let expected = match end {
            End::Reply => Outcome::Answered,
            End::Pump => Outcome::Accepted,
            // A poll or a read has nothing to serve here.
            End::Open => Outcome::Unfinished,
        };
        assert_eq!(outcome, expected, "{opcode}");
        let mut outline = Outline::default();
        session.dissect(&packets[1].transfer(Claim::Certain), &mut outline);
        assert_eq!(
            outline.misclaimed(0, REPLY_LENGTH),
            None,
            "{opcode}: each byte of its answer is claimed once"
        );
    }
}
