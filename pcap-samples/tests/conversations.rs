//! In: sessions of our own making, sound, damaged, and of other devices. Out: the proof that the core takes what is a
//! stick's and nothing else, claims each byte once, and shows no wrong value as good.

use carelink_core::crc::crc8;
use carelink_core::session::{
    Carrier, Claim, Direction as Way, Session as Core, Transfer as CoreTransfer, Verdict,
};
use carelink_core::sink::Outline;
use carelink_core::track::transaction::{Kind, Outcome};
use carelink_samples::generate::{FaultKind, Foreign, faults};
use carelink_samples::session::{Direction, Session, Transfer, TransferType};
use carelink_samples::{directory, load};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

fn sample(name: &str) -> Session {
    load(&directory().join(format!("{name}.session"))).expect("the script can be followed").session
}

/// What a bulk transfer is for the core. `None` for other transfers.
fn for_core(transfer: &Transfer, frame: usize, claim: Claim) -> Option<CoreTransfer<'_>> {
    let reported = transfer.bytes.len() + transfer.lost;
    (transfer.transfer_type == TransferType::Bulk && reported > 0).then(|| CoreTransfer {
        bytes: &transfer.bytes,
        reported,
        stream: u64::from(transfer.bus) << 16 | u64::from(transfer.address),
        time: transfer.time_ns,
        frame: u32::try_from(frame + 1).expect("few frames"),
        layer: 0,
        direction: Some(match transfer.direction() {
            Direction::Out => Way::ToStick,
            Direction::In => Way::FromStick,
        }),
        endpoint: Some(transfer.endpoint & 0x7f),
        carrier: Carrier::Transfers,
        claim,
    })
}

fn transfers(session: &Session, claim: Claim) -> impl Iterator<Item = CoreTransfer<'_>> {
    session.transfers.iter().enumerate().filter_map(move |(at, transfer)| for_core(transfer, at, claim))
}

fn observed(session: &Session) -> Core {
    let mut core = Core::default();
    transfers(session, Claim::Certain).for_each(|transfer| {
        core.observe(&transfer);
    });
    core
}

/// Dissects a transfer; each byte has to be claimed by exactly one leaf.
fn dissect(core: &Core, transfer: &CoreTransfer<'_>, what: &str) {
    let mut outline = Outline::default();
    core.dissect(transfer, &mut outline);
    let at = || format!("{what}, frame {}: {:02x?}", transfer.frame, transfer.bytes);
    assert_eq!(outline.misclaimed(0, transfer.bytes.len()), None, "{}", at());
    for (source, (_, bytes)) in (1..).zip(outline.sources()) {
        assert_eq!(outline.misclaimed(source, bytes.len()), None, "{}, source {source}", at());
    }
}

/// The commands to pumps in their order, with outcome and reply.
fn fetches(core: &Core) -> Vec<(u8, Vec<u8>, Outcome, Vec<u8>)> {
    let tracker = core.tracker();
    let numbered = (1..).zip(tracker.transactions());
    numbered
        .filter_map(|(number, transaction)| {
            let Kind::Pump(packet) = transaction.kind else { return None };
            let reply = tracker.reply(number).0.to_vec();
            Some((packet.opcode.0, transaction.parameters().to_vec(), transaction.outcome(), reply))
        })
        .collect()
}

#[test]
fn other_devices_are_left_alone() {
    for kind in Foreign::ALL {
        let session = kind.session();
        let mut core = Core::default();
        let taken: Vec<_> = transfers(&session, Claim::Ask)
            .filter(|transfer| core.observe(transfer) == Verdict::Ours)
            .map(|transfer| format!("{:02x?}", transfer.bytes))
            .collect();
        // A first command or a first reply of the stick's very shape cannot be told before the next transfer comes:
        // that one is given back, so that a second look shows nothing of ours.
        let bound = if matches!(kind, Foreign::LookAlike | Foreign::LookAlikeAck) { 2 } else { 0 };
        assert!(taken.len() <= bound, "{kind:?}: {taken:?}");
        println!(
            "{kind:?}: {} of {} transfers taken at first sight",
            taken.len(),
            transfers(&session, Claim::Ask).count()
        );
        let again = transfers(&session, Claim::Ask)
            .filter(|transfer| core.dissect(transfer, &mut ()) == Verdict::Ours)
            .count();
        assert_eq!(again, 0, "{kind:?} at a second look");
    }
}

#[test]
fn a_stick_is_known_without_descriptors() {
    for name in ["01-model-query", "02-model-query-no-descriptors", "06-split-transfers", "11-history-page"] {
        let session = sample(name);
        let mut core = Core::default();
        for transfer in transfers(&session, Claim::Ask) {
            assert_eq!(core.observe(&transfer), Verdict::Ours, "{name} frame {}", transfer.frame);
        }
    }
}

/// Sessions short enough to break in every way.
const SHORT: [&str; 3] = ["01-model-query", "02-model-query-no-descriptors", "06-split-transfers"];

/// True if `bytes` changed so that its own CRC-8 over the whole still holds: then nobody could tell.
fn passes(bytes: &[u8]) -> bool {
    bytes.split_last().is_some_and(|(crc, covered)| crc8(covered) == *crc)
}

#[test]
fn no_fault_shows_a_wrong_value_as_good() {
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for name in SHORT {
        let sound = sample(name);
        let expected = fetches(&observed(&sound));
        for fault in faults(&sound) {
            let what = format!("{name}: {fault:?}");
            let session = fault.apply(&sound);
            let checked = catch_unwind(AssertUnwindSafe(|| {
                let core = observed(&session);
                transfers(&session, Claim::Certain).for_each(|transfer| dissect(&core, &transfer, &what));
                fetches(&core)
            }));
            let found = checked.unwrap_or_else(|_| panic!("{what}"));
            let count = counts.entry(match fault.kind {
                FaultKind::Drop => "dropped",
                FaultKind::Double => "doubled",
                FaultKind::Swap => "swapped",
                FaultKind::Cut(_) => "cut short",
                FaultKind::Snap(_) => "cut by the capture",
                FaultKind::Flip(..) => "bit flipped",
            });
            let count = count.or_default();
            count[0] += 1;
            let hit_command = sound.transfers[fault.at].direction() == Direction::Out;
            for (opcode, parameters, outcome, reply) in &found {
                let same = expected.iter().any(|(o, p, _, r)| (o, p, r) == (opcode, parameters, reply));
                let undetectable = hit_command
                    || passes(&session.transfers[fault.at.min(session.transfers.len() - 1)].bytes);
                assert!(
                    *outcome != Outcome::Complete || same || undetectable,
                    "{what}: {opcode:#04x} {reply:02x?}"
                );
                count[1] += usize::from(!matches!(outcome, Outcome::Complete) && !same);
            }
            // The last fetch of the session comes well after most faults, and must be as without them.
            let last = expected.last().expect("a session asks the pump something");
            let near = fault.at + 12 >= sound.transfers.len();
            count[2] += usize::from(found.last() == Some(last));
            assert!(near || found.last() == Some(last), "{what}: did not recover: {:?}", found.last());
        }
    }
    for (kind, [faults, noticed, recovered]) in counts {
        println!(
            "{kind}: {faults} faults, {noticed} fetches told as not complete, {recovered} recovered by the end"
        );
    }
}

/// Told that it is a stick, the core reads anything at all without a panic, and still claims each byte once: in
/// transfers and as a stream, with the direction known or not.
#[test]
fn bytes_without_meaning_are_claimed_too() {
    for kind in Foreign::ALL {
        let session = kind.session();
        for (carrier, directed) in
            [(Carrier::Transfers, true), (Carrier::Stream, true), (Carrier::Stream, false)]
        {
            let mut core = Core::default();
            for pass in 0..2 {
                for transfer in transfers(&session, Claim::Certain) {
                    let direction = transfer.direction.filter(|_| directed);
                    let transfer = CoreTransfer { carrier, direction, ..transfer };
                    if pass == 0 {
                        core.observe(&transfer);
                    }
                    dissect(&core, &transfer, &format!("{kind:?}, {carrier:?}"));
                }
            }
        }
    }
}
