// SPDX-License-Identifier: GPL-2.0-or-later
//! In: traffic that was made to fill the memory, in growing sizes. Out: proof that what is kept grows no faster than the
//! frames do, and that a frame has a price that is known.

use allocation_counter::measure;
use carelink_core::session::Session;
use carelink_core::transfer::{Carrier, Claim, Direction, Stream};
use carelink_samples::emit::reply::RadioReply;
use carelink_samples::emit::request::{Transmit, read_radio, read_signal_strength};

use crate::traffic::{Packet, device};

const SERIAL: [u8; 3] = [0x12, 0x34, 0x56];

/// How many frames the smallest of three sizes has.
const FEW: u32 = 20_000;

/// Bytes in use at the most while `frames` frames of `kind` are seen for the first time, for each frame.
fn peak(kind: fn(u32) -> Packet, frames: u32) -> f64 {
    let mut session = Session::default();
    let used = measure(|| {
        for packet in (1..=frames).map(kind) {
            session.observe(&packet.transfer(Claim::Certain));
        }
    });
    let bytes = u32::try_from(used.bytes_max).expect("some megabytes");
    f64::from(bytes) / f64::from(frames)
}

/// At most `limit` bytes are in use for each frame, and the price of a frame does not rise with their number.
fn grows_as_the_frames_do(name: &str, limit: f64, kind: fn(u32) -> Packet) {
    let prices = [FEW, 2 * FEW, 4 * FEW].map(|frames| peak(kind, frames));
    eprintln!("{name}: {prices:.1?} bytes a frame");
    assert!(prices.iter().all(|&price| price <= limit), "{name}: {prices:?}");
    let [few, _, many] = prices;
    assert!(many <= few * 1.1, "{name}: {prices:?}");
}

fn unanswered(frame: u32) -> Packet {
    Packet::of(frame, device(1), Direction::ToStick, read_signal_strength().to_vec())
}

fn many_sticks(frame: u32) -> Packet {
    let stream = Stream::Line { interface: 0, conversation: frame % 5_000 };
    Packet::of(frame, stream, Direction::ToStick, read_signal_strength().to_vec())
}

fn one_byte(frame: u32) -> Packet {
    let command = read_signal_strength();
    let at = (frame as usize - 1) % command.len();
    let packet = Packet::of(frame, device(1), Direction::ToStick, vec![command[at]]);
    Packet { carrier: Carrier::Stream, ..packet }
}

/// A part that says that more will come, each time it is asked for.
fn endless(frame: u32) -> Packet {
    let part = RadioReply::part(SERIAL, -60, &[7; 64], false).to_bytes();
    let (direction, bytes) = match frame {
        1 => {
            let asked = Transmit { pages: 2, ..Transmit::new(SERIAL, 0x80, &[0]) };
            (Direction::ToStick, asked.to_bytes())
        }
        _ if frame.is_multiple_of(2) => {
            let size = u16::try_from(part.len()).expect("short");
            (Direction::ToStick, read_radio(size).to_vec())
        }
        _ => (Direction::FromStick, part),
    };
    Packet::of(frame, device(1), direction, bytes)
}

#[test]
fn commands_without_answers_keep_a_fixed_price() {
    grows_as_the_frames_do("commands without answers", 430.0, unanswered);
}

#[test]
fn five_thousand_sticks_keep_a_fixed_price() {
    grows_as_the_frames_do("5,000 sticks", 520.0, many_sticks);
}

#[test]
fn transfers_of_one_byte_keep_a_fixed_price() {
    grows_as_the_frames_do("transfers of one byte", 180.0, one_byte);
}

#[test]
fn a_reply_without_an_end_keeps_a_fixed_price() {
    grows_as_the_frames_do("a reply without an end", 60.0, endless);
}
