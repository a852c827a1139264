// SPDX-License-Identifier: GPL-2.0-or-later
//! In: sessions visited in any order, or mixed. Out: the same outline of each transfer at every visit.

use crate::traffic::{Packet, Random, accounts, observed, outline, packets, sessions};
use carelink_core::registry;
use carelink_core::session::Session;
use carelink_core::transfer::{Claim, Stream, Verdict};
use carelink_core::tree::field::{FieldDef, FieldType};
use carelink_core::tree::outline::{Node, Outline, TextAt};
use carelink_core::view::summary::SUMMARY;
use carelink_samples::session as samples;

#[test]
fn any_order_shows_the_same_at_every_visit() {
    for (name, session) in sessions() {
        let packets = packets(&session);
        let mut session = observed(&packets);
        let first: Vec<_> = packets.iter().map(|packet| format!("{:?}", outline(&session, packet))).collect();
        let mut order: Vec<_> = (0..packets.len()).chain(0..packets.len()).collect();
        let mut random = Random(11);
        (1..order.len()).for_each(|last| order.swap(last, random.below(last + 1)));
        for at in order {
            // A front end may well hand a transfer over again.
            assert_eq!(session.observe(&packets[at].transfer(Claim::Certain)), Verdict::Ours);
            assert_eq!(
                format!("{:?}", outline(&session, &packets[at])),
                first[at],
                "{name} frame {}",
                at + 1
            );
        }
    }
}

/// The items below the account of each transaction in an outline.
fn told(outline: &Outline) -> Vec<Node> {
    let mut inside = None;
    let of_account = |node: &&Node| {
        let depth = node.depth;
        if inside.is_some_and(|head| depth <= head) {
            inside = None;
        }
        if node.field == SUMMARY.id() {
            inside = Some(depth);
        }
        inside.is_some()
    };
    // Where the account stands in the tree may depend on what else is told.
    outline.nodes().iter().filter(of_account).map(|node| Node { label: TextAt(0), ..*node }).collect()
}

#[test]
fn later_frames_change_no_account() {
    let mut compared = 0;
    for (name, session) in sessions() {
        let packets = packets(&session);
        let mut session = Session::default();
        let mut live = Vec::new();
        for packet in &packets {
            assert_eq!(session.observe(&packet.transfer(Claim::Certain)), Verdict::Ours);
            live.push(told(&outline(&session, packet)));
        }
        for (packet, live) in packets.iter().zip(live).filter(|(_, live)| !live.is_empty()) {
            assert_eq!(told(&outline(&session, packet)), live, "{name} frame {}", packet.frame);
            compared += 1;
        }
    }
    assert!(compared > 90, "{compared}");
}

/// Fields that count over the whole capture.
const COUNTING: [&str; 2] = ["carelink.stream", "carelink.transaction"];

/// An outline without what counts frames, sticks and transactions of the whole capture.
fn content(outline: &Outline, fields: &[&FieldDef]) -> Vec<String> {
    let show = |node: &Node| {
        let def = fields[usize::from(node.field)];
        let counts = matches!(def.kind, FieldType::Frame | FieldType::Request | FieldType::Response);
        if counts || COUNTING.contains(&def.name) {
            return None;
        }
        let value = match def.kind {
            FieldType::Text => outline.text(TextAt(u32::try_from(node.value).unwrap_or(0))).to_owned(),
            _ => node.value.to_string(),
        };
        Some(format!(
            "{} {value} {} {:?}",
            def.name,
            outline.text(node.label),
            (node.depth, node.start, node.len)
        ))
    };
    let experts =
        outline.experts().iter().map(|expert| format!("{} {}", expert.expert, outline.text(expert.detail)));
    let info = outline.info_line().to_owned();
    outline.nodes().iter().filter_map(show).chain(experts).chain([info]).collect()
}

/// Each device of a session, alone: numbered as in the whole.
fn devices(all: &[Packet]) -> Vec<Vec<Packet>> {
    let mut streams: Vec<_> = all.iter().map(|packet| packet.stream).collect();
    streams.sort_unstable();
    streams.dedup();
    let of = |stream: &Stream| all.iter().filter(|packet| packet.stream == *stream).cloned().collect();
    streams.iter().map(of).collect()
}

/// All samples at once, each moved to a bus of its own, with their transfers mixed.
#[test]
fn sticks_side_by_side_do_not_disturb_each_other() {
    let moved = (1..).zip(sessions()).map(|(bus, (_, mut session))| {
        session.transfers.iter_mut().for_each(|transfer| transfer.bus += 100 * bus);
        session
    });
    // Sessions of one pump and several sticks would tell each other its model: that is meant, and tested elsewhere.
    let models: Vec<samples::Session> = moved.collect();
    let all = packets(&samples::Session::merge(models));
    let together = observed(&all);
    let devices = devices(&all);
    assert!(devices.len() > 10);
    let mut mixed = 0;
    for device in &devices {
        let alone = observed(device);
        let part: Vec<_> = accounts(&together)
            .into_iter()
            .filter(|(frame, _)| device.iter().any(|packet| packet.frame == *frame))
            .collect();
        assert_eq!(part, accounts(&alone));
        mixed += usize::from(device.windows(2).any(|pair| pair[0].frame + 1 != pair[1].frame));
    }
    assert!(mixed > 10, "they take turns");
}

#[test]
fn two_sticks_and_two_pumps_show_what_each_shows_alone() {
    let (_, session) =
        sessions().into_iter().find(|(name, _)| name.contains("two-sticks")).expect("a sample");
    let all = packets(&session);
    let together: Session = observed(&all);
    let devices = devices(&all);
    let fields: Vec<_> = registry::fields().collect();
    assert_eq!(devices.len(), 2);
    for device in devices {
        let alone = observed(&device);
        for packet in &device {
            let [mixed, single] =
                [&together, &alone].map(|session| content(&outline(session, packet), &fields));
            assert_eq!(mixed, single);
        }
    }
}
