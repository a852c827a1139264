// SPDX-License-Identifier: GPL-2.0-or-later
//! In: transfers. Out: a TCP connection for each stick, as a serial port forwarded over a network looks:
//! the order of the bytes is kept, their cutting into transfers is not.

use std::io::Write;

use anyhow::{Result, ensure};
use etherparse::PacketBuilder;

use super::{About, Capture};
use crate::session::{Direction, MS, Session, Transfer};

/// The port of the first stick, a number without a protocol of its own; each further stick has the next.
const PORT: u16 = 7305;
/// How long a sender waits for more data before it sends a segment.
const COALESCE: u64 = 2 * MS;
/// Lengths of the segments, used in turn.
const SEGMENTS: [usize; 7] = [120, 5, 1, 64, 33, 7, 300];
/// Between two segments.
const GAP: u64 = MS / 20;

/// One end of a connection.
struct End {
    address: [u8; 4],
    port: u16,
    sequence: u32,
}

pub(super) fn write<W: Write>(session: &Session, capture: &mut Capture<W>) -> Result<()> {
    let mut sticks: Vec<(u16, u8)> = session.data().map(|t| (t.bus, t.address)).collect();
    sticks.sort_unstable();
    sticks.dedup();
    let mut packets = Vec::new();
    for (stick, port) in sticks.into_iter().zip(PORT..) {
        let transfers: Vec<_> = session.data().filter(|t| (t.bus, t.address) == stick).collect();
        connection(&transfers, port, &mut packets)?;
    }
    packets.sort_by_key(|(time_ns, ..)| *time_ns);
    for (time_ns, packet, comment) in packets {
        capture.packet(time_ns, &[], &packet, &About { comment, ..About::default() })?;
    }
    Ok(())
}

type Packet<'a> = (u64, Vec<u8>, Option<&'a str>);

fn connection<'a>(transfers: &[&'a Transfer], port: u16, packets: &mut Vec<Packet<'a>>) -> Result<()> {
    let Some(first) = transfers.first() else { return Ok(()) };
    let mut host = End { address: [192, 0, 2, 1], port: 40_000 + port % 1_000, sequence: 1_000 };
    let mut stick = End { address: [192, 0, 2, 2], port, sequence: 2_000 };
    let opening = first.time_ns - MS;
    packets.push((opening, segment(&host, &stick, "S", &[])?, None));
    host.sequence += 1;
    packets.push((opening + GAP, segment(&stick, &host, "SA", &[])?, None));
    stick.sequence += 1;
    packets.push((opening + 2 * GAP, segment(&host, &stick, "A", &[])?, None));

    let mut lengths = SEGMENTS.iter().cycle();
    for run in transfers.chunk_by(|a, b| a.direction() == b.direction() && b.time_ns - a.time_ns < COALESCE) {
        let (from, to) = match run[0].direction() {
            Direction::Out => (&mut host, &stick),
            Direction::In => (&mut stick, &host),
        };
        ensure!(run.iter().all(|t| t.lost == 0), "a TCP stream cannot lose the end of a transfer");
        let bytes: Vec<u8> = run.iter().flat_map(|t| t.bytes.iter().copied()).collect();
        let mut comment = run.iter().find_map(|t| t.comment.as_deref());
        let mut time_ns = run[run.len() - 1].time_ns;
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let length = lengths.next().map_or(rest.len(), |length| rest.len().min(*length));
            let (data, later) = rest.split_at(length);
            packets.push((time_ns, segment(from, to, "PA", data)?, comment.take()));
            from.sequence += u32::try_from(length)?;
            time_ns += GAP;
            rest = later;
        }
    }
    Ok(())
}

fn segment(from: &End, to: &End, flags: &str, data: &[u8]) -> Result<Vec<u8>> {
    let mut builder =
        PacketBuilder::ipv4(from.address, to.address, 64).tcp(from.port, to.port, from.sequence, 8_192);
    if flags.contains('S') {
        builder = builder.syn();
    }
    if flags.contains('P') {
        builder = builder.psh();
    }
    if flags.contains('A') {
        builder = builder.ack(to.sequence);
    }
    let mut packet = Vec::with_capacity(builder.size(data.len()));
    builder.write(&mut packet, data)?;
    Ok(packet)
}
