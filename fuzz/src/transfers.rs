// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the bytes of a fuzzer. Out: the transfers that they stand for, and checks that hold for each transfer.
//!
//! A transfer is four bytes, `switches, delay, low, high`, and the bytes whose number `low` and `high` are.

use carelink_core::session::Session;
use carelink_core::transfer::{Carrier, Claim, Direction, Stream, Transfer, Verdict};
use carelink_core::tree::outline::Outline;
use carelink_core::tree::sink::InfoLine;

const DIRECTED: u8 = 1;
const FROM_STICK: u8 = 2;
const STREAM: u8 = 4;
const CUT: u8 = 8;
const CERTAIN: u8 = 16;
const LEFT_OUT: u8 = 32;
const REPORTS: u8 = 64;

/// Milliseconds that one step of the delay is.
const STEP_MS: u64 = 50;

/// The transfers that `bytes` stand for.
#[must_use]
pub fn transfers(mut bytes: &[u8]) -> Vec<Transfer<'_>> {
    let (mut transfers, mut time) = (Vec::new(), 0);
    while let Some((&[switches, delay, low, high], rest)) = bytes.split_first_chunk() {
        let (payload, rest) = rest.split_at(usize::from(u16::from_le_bytes([low, high])).min(rest.len()));
        bytes = rest;
        time += u64::from(delay) * STEP_MS * 1_000_000;
        let on = |switch| switches & switch != 0;
        let direction = if on(FROM_STICK) { Direction::FromStick } else { Direction::ToStick };
        transfers.push(Transfer {
            bytes: payload,
            reported: payload.len() + if on(CUT) { 16 } else { 0 },
            stream: Stream::Usb { interface: 0, bus: 1, device: (switches >> 6).into() },
            time,
            frame: u32::try_from(transfers.len() + 1).unwrap_or(u32::MAX),
            layer: 0,
            direction: on(DIRECTED).then_some(direction),
            endpoint: None,
            carrier: match (on(STREAM), on(REPORTS)) {
                (true, _) => Carrier::Stream,
                (false, true) => Carrier::Reports,
                (false, false) => Carrier::Transfers,
            },
            claim: if on(CERTAIN) { Claim::Certain } else { Claim::Ask },
            left_out: on(LEFT_OUT),
        });
    }
    transfers
}

/// The bytes that stand for a transfer, `since` nanoseconds after the one before it.
#[must_use]
pub fn written(transfer: &Transfer<'_>, since: u64) -> Vec<u8> {
    let number = match transfer.stream {
        Stream::Usb { device, .. } => device.into(),
        Stream::Line { conversation, .. } => conversation,
    };
    let mut switches = CERTAIN | u8::try_from(number % 4).unwrap_or_default() << 6;
    match transfer.direction {
        Some(Direction::ToStick) => switches |= DIRECTED,
        Some(Direction::FromStick) => switches |= DIRECTED | FROM_STICK,
        None => {}
    }
    match transfer.carrier {
        Carrier::Transfers => {}
        Carrier::Stream => switches |= STREAM,
        Carrier::Reports => switches |= REPORTS,
    }
    if transfer.left_out {
        switches |= LEFT_OUT;
    }
    let delay = u8::try_from(since / (STEP_MS * 1_000_000)).unwrap_or(u8::MAX);
    let len = u16::try_from(transfer.bytes.len()).unwrap_or(u16::MAX);
    let [low, high] = len.to_le_bytes();
    [&[switches, delay, low, high], &transfer.bytes[..len.into()]].concat()
}

/// Each byte of each source belongs to one leaf.
pub fn assert_claimed_once(outline: &Outline, len: usize) {
    let lengths = std::iter::once(len).chain(outline.sources().iter().map(|(_, bytes)| bytes.len()));
    for (source, len) in (0..).zip(lengths) {
        assert_eq!(outline.misclaimed(source, len), None, "source {source}: {:#?}", outline.nodes());
    }
}

/// Observes all, dissects all twice, in order and against it, and asks for every report.
pub fn follow(transfers: &[Transfer<'_>]) {
    let mut session = Session::default();
    let ours: Vec<_> =
        transfers.iter().filter(|transfer| session.observe(transfer) == Verdict::Ours).collect();
    let outline = |transfer: &Transfer<'_>| {
        let mut outline = Outline::default();
        outline.clear();
        (session.dissect(transfer, &mut outline) == Verdict::Ours).then_some(outline)
    };
    let forth: Vec<_> = ours.iter().map(|transfer| outline(transfer)).collect();
    let mut back: Vec<_> = ours.iter().rev().map(|transfer| outline(transfer)).collect();
    back.reverse();
    for ((transfer, one), other) in ours.iter().zip(&forth).zip(&back) {
        assert_eq!(format!("{one:?}"), format!("{other:?}"), "frame {}", transfer.frame);
        let mut line = InfoLine::default();
        let verdict = session.dissect(transfer, &mut line);
        assert_eq!(verdict == Verdict::Ours, one.is_some(), "frame {}", transfer.frame);
        if let Some(outline) = one {
            assert_claimed_once(outline, transfer.bytes.len());
            assert_eq!(outline.info_line(), line.0, "frame {}", transfer.frame);
        }
        std::hint::black_box(session.report(transfer));
    }
}
