// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a field that alone is looked at. Out: proof that its items are those of the whole outline.

use crate::traffic::{observed, outline, packets, sessions};
use carelink_core::transfer::Claim;
use carelink_core::tree::field::{Field, FieldType};
use carelink_core::tree::outline::{Node, Outline, TextAt, Wanted};
use std::collections::BTreeSet;

/// One field, and no line for the packet list.
struct Only(u16);

impl Wanted for Only {
    fn field(&self, field: Field) -> bool {
        field.id() == self.0
    }
    fn info(&self) -> bool {
        false
    }
}

/// All that an outline says of a field, but for its depth: what lies above it is not there if nobody looks at that.
fn said<I: Wanted>(outline: &Outline<I>, field: u16) -> Vec<String> {
    let nodes = outline.nodes().iter().enumerate();
    let of_field = nodes.filter(|(_, node)| node.field == field);
    let experts = |at: usize| {
        let here = outline.experts().iter().filter(move |expert| expert.node as usize == at);
        here.map(|expert| (expert.expert, outline.text(expert.detail))).collect::<Vec<_>>()
    };
    let say = |(at, node): (usize, &Node)| {
        let Node { start, len, role, guessed, .. } = *node;
        let text = matches!(carelink_core::registry::fields().nth(field.into()), Some(def) if def.kind == FieldType::Text);
        let value = match u32::try_from(node.value) {
            Ok(value) if text => outline.text(TextAt(value)).to_owned(),
            _ => node.value.to_string(),
        };
        let label = outline.text(node.label);
        format!("{value} {label:?} {:?} {:?}", (start, len, role, guessed), experts(at))
    };
    of_field.map(say).collect()
}

#[test]
fn a_field_is_the_same_whether_others_are_looked_at_or_not() {
    let mut compared = 0;
    for (name, session) in sessions() {
        let packets = packets(&session);
        let session = observed(&packets);
        for packet in &packets {
            let whole = outline(&session, packet);
            let fields: BTreeSet<_> = whole.nodes().iter().map(|node| node.field).collect();
            for field in fields {
                let mut alone = Outline::new(Only(field));
                session.dissect(&packet.transfer(Claim::Certain), &mut alone);
                assert_eq!(said(&alone, field), said(&whole, field), "{name}, field {field}");
                compared += 1;
            }
        }
    }
    assert!(compared > 10_000, "{compared}");
}
