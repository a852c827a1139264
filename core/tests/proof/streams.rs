// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the same conversation in transfers of 64 bytes, in whole ones, and as a stream of bytes cut anywhere.
//! Out: the same transactions.

use crate::traffic::{
    Account, Packet, Random, accounts, assert_claimed_once, observed, of_sticks, outline, packets,
};
use carelink_core::transfer::{Carrier, Direction};

/// Sessions whose transfers are all whole, each as the frames of one device after another.
fn conversations() -> Vec<(String, Vec<Packet>)> {
    let mut conversations = Vec::new();
    for (name, session) in of_sticks().filter(|(name, _)| !name.contains("damage")) {
        let all = packets(&session);
        let mut streams: Vec<_> = all.iter().map(|packet| packet.stream).collect();
        streams.sort_unstable();
        streams.dedup();
        for stream in streams {
            let packets = all.iter().filter(|packet| packet.stream == stream).cloned().collect();
            conversations.push((format!("{name}, stream {stream:?}"), packets));
        }
    }
    conversations
}

/// Joins what went one way without a break.
fn joined(packets: &[Packet]) -> Vec<Packet> {
    let mut runs: Vec<Packet> = Vec::new();
    for packet in packets {
        match runs.last_mut() {
            Some(run)
                if run.direction == packet.direction && packet.direction == Some(Direction::FromStick) =>
            {
                run.bytes.extend(&packet.bytes);
                run.reported = run.bytes.len();
            }
            _ => runs.push(packet.clone()),
        }
    }
    runs
}

/// A stream of bytes, cut into pieces whose lengths `width` tells.
fn cut(runs: &[Packet], mut width: impl FnMut() -> usize) -> Vec<Packet> {
    let mut pieces = Vec::new();
    let mut frame = 0;
    for run in runs {
        let mut rest = &run.bytes[..];
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(width().min(rest.len()));
            rest = behind;
            frame += 1;
            pieces.push(Packet {
                frame,
                carrier: Carrier::Stream,
                endpoint: None,
                ..run.with(piece.to_vec())
            });
        }
    }
    pieces
}

fn outcomes(packets: &[Packet]) -> Vec<Account> {
    accounts(&observed(packets)).into_iter().map(|(_, account)| account).collect()
}

#[test]
fn a_stream_cut_at_any_width_says_the_same() {
    for (name, packets) in conversations() {
        let expected = outcomes(&packets);
        assert!(!expected.is_empty());
        let runs = joined(&packets);
        for width in 1..=80 {
            assert_eq!(outcomes(&cut(&runs, || width)), expected, "{name}, {width} bytes at a time");
        }
        let mut random = Random(3);
        for _ in 0..20 {
            assert_eq!(outcomes(&cut(&runs, || 1 + random.below(300))), expected, "{name}, cut at random");
        }
    }
}

/// Whole frames as one transfer each say what 64 bytes at a time say.
#[test]
fn transfers_of_any_cut_say_the_same() {
    for (name, packets) in conversations() {
        let expected = outcomes(&packets);
        let whole = joined(&packets);
        let pieces: Vec<_> = (1..)
            .zip(whole.iter().flat_map(|run| run.bytes.chunks(64).map(move |piece| run.with(piece.to_vec()))))
            .map(|(frame, packet)| Packet { frame, ..packet })
            .collect();
        assert_eq!(outcomes(&whole), expected, "{name}, whole");
        assert_eq!(outcomes(&pieces), expected, "{name}, 64 bytes at a time");
    }
}

/// Bytes that begin no frame, between frames: all others are found again, and each byte is shown.
#[test]
fn rubbish_between_frames_is_stepped_over() {
    let mut random = Random(5);
    for (name, packets) in conversations() {
        let expected = outcomes(&packets);
        let mut runs = joined(&packets);
        for run in &mut runs {
            // None of these begins a frame, whichever way it goes.
            let length = random.below(9);
            let rubbish = random.bytes(length).into_iter().map(|byte| 0x80 | byte);
            run.bytes.splice(..0, rubbish);
            run.reported = run.bytes.len();
        }
        for width in [1, 7, 64, 1_000] {
            let pieces = cut(&runs, || width);
            let session = observed(&pieces);
            let found: Vec<_> = accounts(&session).into_iter().map(|(_, account)| account).collect();
            assert_eq!(found, expected, "{name}, {width} bytes at a time");
            for piece in &pieces {
                assert_claimed_once(&outline(&session, piece), piece, &name);
            }
        }
    }
}
