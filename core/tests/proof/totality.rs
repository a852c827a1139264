// SPDX-License-Identifier: GPL-2.0-or-later
//! In: transfers cut anywhere, changed in any byte, or noise. Out: each of their bytes is shown once, and nothing panics.

use crate::traffic::{Packet, Random, assert_claimed_once, of_sticks, outline_into, packets};
use carelink_core::session::Session;
use carelink_core::transfer::{Carrier, Claim, Direction, Verdict};
use carelink_core::tree::outline::Outline;
use std::collections::HashSet;

/// A transfer, and what is needed before it for it to have its meaning.
struct Subject {
    before: Vec<Packet>,
    packet: Packet,
}

/// The distinct transfers of all samples. Before each come the last command to a pump, the last command, and
/// what has come of its reply.
fn subjects() -> Vec<Subject> {
    let mut seen = HashSet::new();
    let mut subjects = Vec::new();
    for (_, session) in of_sticks() {
        let packets = packets(&session);
        for (at, packet) in packets.iter().enumerate() {
            let earlier = || packets[..at].iter().filter(|before| before.stream == packet.stream);
            let command = |before: &&Packet| before.direction == Some(Direction::ToStick);
            let transmit = earlier().rfind(|before| command(before) && before.bytes.first() == Some(&1));
            let asked = earlier().rfind(command).map_or(u32::MAX, |command| command.frame);
            let since = earlier().filter(|before| before.frame >= asked);
            let transmit = transmit.filter(|transmit| transmit.frame < asked);
            let context = if command(&packet) { None } else { Some(transmit.into_iter().chain(since)) };
            let before: Vec<_> = context.into_iter().flatten().cloned().collect();
            let key: Vec<_> = before.iter().chain([packet]).map(|packet| packet.bytes.clone()).collect();
            if seen.insert((command(&packet), key)) {
                subjects.push(Subject { before, packet: packet.clone() });
            }
        }
    }
    subjects
}

/// Asks for a new session after so many transfers, so that memory stays small.
const FRESH: u32 = 4096;

/// Observes and dissects one variant after another.
#[derive(Default)]
struct Mill {
    session: Session,
    outline: Outline,
    frame: u32,
    tried: usize,
}

impl Mill {
    fn observe(&mut self, mut packet: Packet, carrier: Carrier, directed: bool) -> Packet {
        self.frame += 1;
        packet.frame = self.frame;
        packet.carrier = carrier;
        packet.direction = packet.direction.filter(|_| directed);
        assert_eq!(self.session.observe(&packet.transfer(Claim::Certain)), Verdict::Ours);
        packet
    }

    fn take(&mut self, before: &[Packet], packet: &Packet, carrier: Carrier, directed: bool) {
        if self.frame > FRESH {
            (self.session, self.frame) = (Session::default(), 0);
        }
        // Opens a session, so that nothing is owed or awaited any more.
        let opening = Packet { direction: Some(Direction::ToStick), ..packet.with(vec![4, 0, 0]) };
        self.observe(opening, carrier, true);
        for packet in before {
            self.observe(packet.clone(), carrier, directed);
        }
        let packet = self.observe(packet.clone(), carrier, directed);
        outline_into(&self.session, &packet, &mut self.outline);
        assert_claimed_once(&self.outline, &packet, (carrier, directed));
        self.tried += 1;
    }

    fn take_every_way(&mut self, before: &[Packet], packet: &Packet) {
        for (carrier, directed) in WAYS {
            self.take(before, packet, carrier, directed);
        }
    }
}

/// Carriers, and whether the direction is known.
const WAYS: [(Carrier, bool); 4] = [
    (Carrier::Transfers, true),
    (Carrier::Transfers, false),
    (Carrier::Stream, true),
    (Carrier::Stream, false),
];

#[test]
fn a_transfer_of_any_length() {
    let mut mill = Mill::default();
    for Subject { before, packet } in subjects() {
        for length in 0..=packet.bytes.len() {
            let short = packet.with(packet.bytes[..length].to_vec());
            let cut = Packet { reported: packet.reported, ..short.clone() };
            mill.take_every_way(&before, &short);
            mill.take_every_way(&before, &cut);
        }
    }
    eprintln!("{} short transfers", mill.tried);
}

#[test]
fn a_transfer_with_any_one_byte_changed() {
    let mut mill = Mill::default();
    for Subject { before, mut packet } in subjects() {
        for at in 0..packet.bytes.len() {
            let sound = packet.bytes[at];
            for change in 1..=u8::MAX {
                packet.bytes[at] = sound ^ change;
                // As the stick's transfers are; and in turn every other way.
                let (carrier, directed) = WAYS[(at + usize::from(change)) % WAYS.len()];
                mill.take(&before, &packet, Carrier::Transfers, true);
                if (carrier, directed) != WAYS[0] && change.is_power_of_two() {
                    mill.take(&before, &packet, carrier, directed);
                }
            }
            packet.bytes[at] = sound;
        }
    }
    eprintln!("{} changed transfers", mill.tried);
}

/// Transfers of noise, one after another and none with a sound one before it, so that one garbles the next.
#[test]
fn noise_of_any_length() {
    let mut random = Random(0x5EED);
    let subject = &subjects()[0].packet;
    for (carrier, directed) in WAYS {
        for round in 0..40 {
            let mut mill = Mill::default();
            let mut noise = Vec::new();
            for _ in 0..100 {
                let length =
                    [random.below(16), random.below(200), 64, 64 * random.below(40)][random.below(4)];
                let mut bytes = random.bytes(length);
                // Half of it begins as frames do.
                let heads: [&[u8]; 6] =
                    [&[1, 0, 0xa7, 1], &[2, 0, 4], &[1, 0x55, 0], &[3, 0, 0], &[12, 0], &[1, 0x66, 1]];
                if round % 2 == 0 {
                    bytes.iter_mut().zip(heads[random.below(heads.len())]).for_each(|(to, from)| *to = *from);
                }
                let ways = [Direction::ToStick, Direction::FromStick];
                let mut packet = Packet { direction: Some(ways[random.below(2)]), ..subject.with(bytes) };
                packet.reported += [0, 0, 0, random.below(100)][random.below(4)];
                noise.push(mill.observe(packet, carrier, directed));
            }
            for packet in &noise {
                outline_into(&mill.session, packet, &mut mill.outline);
                assert_claimed_once(&mill.outline, packet, (carrier, directed));
            }
        }
    }
}
