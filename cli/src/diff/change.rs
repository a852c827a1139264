// SPDX-License-Identifier: GPL-2.0-or-later
//! In: two replies to the same question. Out: which values and which bytes of them differ, those that nobody knows first.

use super::piece::Piece;
use crate::tree::Tree;
use carelink_core::tree::checksum;
use carelink_core::tree::field::{Evidence, FieldType};
use carelink_core::tree::opaque::{LEFT_OVER, PADDING, UNKNOWN};
use carelink_core::tree::outline::Node;
use carelink_core::tree::sink::Role;
use carelink_core::view::payload::{PAYLOAD, REPLY};
use diff::Result as Aligned;
use serde_json::Value;
use std::ops::Range;

/// How well the meaning of what differs is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Unknown,
    Guessed,
    Known,
}

impl Kind {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Guessed => "guessed",
            Self::Known => "known",
        }
    }
}

/// One side of what differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Half {
    /// Where it is in the reply.
    pub offset: usize,
    pub bytes: Vec<u8>,
    /// What it says, without the field's name; nothing where nobody knows.
    pub text: String,
    /// The same as a value; null where nobody knows.
    pub value: Value,
}

/// What differs; a half that is missing was not there at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub kind: Kind,
    /// The field's filter name, and what it is called.
    pub field: (&'static str, &'static str),
    pub halves: [Option<Half>; 2],
}

/// A reply, taken apart.
struct Parts<'a> {
    tree: Tree<'a>,
    nodes: Vec<&'a Node>,
    /// Which nodes belong to one record of a page; all, if it is none.
    groups: Vec<Range<usize>>,
}

impl<'a> Parts<'a> {
    fn of(piece: &'a Piece) -> Self {
        let tree = Tree::new(&piece.outline, &piece.bytes);
        // What follows from other bytes is no difference of its own, nor is what lies behind the reply.
        let counts = |node: &&Node| {
            node.source == 0
                && !node.is_generated()
                && node.field != LEFT_OVER.id()
                && !checksum::FIELDS.iter().any(|field| field.id() == node.field)
        };
        let nodes: Vec<_> = piece.outline.nodes().iter().filter(counts).collect();
        // The records of a page lie below the reply, if it came as one.
        let depth = u8::from(nodes.first().is_some_and(|node| node.field == REPLY.id()));
        let mut starts: Vec<_> =
            (0..nodes.len()).filter(|&at| piece.page() && nodes[at].depth == depth).collect();
        if !piece.page() {
            starts.push(0);
        }
        let ends = starts.iter().skip(1).copied().chain([nodes.len()]);
        let groups = starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect();
        Self { tree, nodes, groups }
    }

    /// The bytes of a record.
    fn bytes(&self, group: &Range<usize>) -> &'a [u8] {
        self.nodes.get(group.start).map_or(&[], |node| self.tree.span(node))
    }

    fn kind(&self, node: &Node) -> Kind {
        if opaque(node) {
            Kind::Unknown
        } else if self.tree.def(node).evidence == Evidence::Guessed {
            Kind::Guessed
        } else {
            Kind::Known
        }
    }

    /// What a node says, without its name.
    fn text(&self, node: &Node) -> String {
        let (said, label) = (self.tree.label(node), self.tree.def(node).label);
        let said = said.strip_suffix(" (guessed)").map_or(said.clone(), str::to_owned);
        match said.strip_prefix(label).and_then(|rest| rest.strip_prefix(": ")) {
            Some(value) => value.to_owned(),
            None => said,
        }
    }

    fn half(&self, node: &Node) -> Half {
        let (text, value) = match self.raw(node) {
            true => (String::new(), Value::Null),
            false => (self.text(node), self.tree.typed(node)),
        };
        Half { offset: node.start as usize, bytes: self.tree.span(node).to_vec(), text, value }
    }

    /// True if a node says no more than its bytes do.
    fn raw(&self, node: &Node) -> bool {
        self.tree.def(node).kind == FieldType::Bytes
    }

    fn field(&self, node: &Node) -> (&'static str, &'static str) {
        let def = self.tree.def(node);
        (def.name, def.label)
    }

    /// A record that is on this side only.
    fn record(&self, at: usize, side: usize) -> Option<Change> {
        let node = self.nodes.get(at).filter(|node| !filling(self, node))?;
        Some(self.only(node, side))
    }

    /// What is on this side only.
    fn only(&self, node: &Node, side: usize) -> Change {
        let mut halves = [None, None];
        halves[side] = Some(self.half(node));
        Change { kind: self.kind(node), field: self.field(node), halves }
    }
}

/// True if nobody knows what the bytes of a node mean. Zeros count: they are padding until one of them is set.
fn opaque(node: &Node) -> bool {
    [UNKNOWN, PADDING, PAYLOAD].iter().any(|field| field.id() == node.field)
}

/// All that differs.
pub(super) fn changes(a: &Piece, b: &Piece) -> Vec<Change> {
    let (a, b) = (Parts::of(a), Parts::of(b));
    let mut changes = Vec::new();
    let of = |parts: &Parts<'_>| -> Vec<Vec<u8>> {
        parts.groups.iter().map(|group| parts.bytes(group).to_vec()).collect()
    };
    if a.groups.len() == 1 && b.groups.len() == 1 {
        within(&a, &a.nodes, &b, &b.nodes, &mut changes);
    } else {
        let (mut left, mut right) = (0, 0);
        let (mut gone, mut new) = (Vec::new(), Vec::new());
        for aligned in diff::slice(&of(&a), &of(&b)) {
            match aligned {
                Aligned::Left(_) => {
                    gone.push(a.groups[left].clone());
                    left += 1;
                }
                Aligned::Right(_) => {
                    new.push(b.groups[right].clone());
                    right += 1;
                }
                Aligned::Both(..) => {
                    records(&a, &mut gone, &b, &mut new, &mut changes);
                    (left, right) = (left + 1, right + 1);
                }
            }
        }
        records(&a, &mut gone, &b, &mut new, &mut changes);
    }
    changes.sort_by_key(|change| change.kind);
    changes
}

/// Compares records that differ, and stand at the same place: those with each other that are of the same kind, and
/// have most bytes in common.
fn records(
    a: &Parts<'_>,
    gone: &mut Vec<Range<usize>>,
    b: &Parts<'_>,
    new: &mut Vec<Range<usize>>,
    changes: &mut Vec<Change>,
) {
    for gone in gone.drain(..) {
        let (field, bytes) = (a.nodes[gone.start].field, a.bytes(&gone));
        let like = |other: &Range<usize>| {
            let (was, is) = (bytes, b.bytes(other));
            let common = was.iter().zip(is).filter(|(was, is)| was == is).count();
            let kind =
                b.nodes[other.start].field == field && was.len() == is.len() && was.first() == is.first();
            kind && 2 * common > was.len()
        };
        match new.iter().position(like) {
            Some(at) => within(a, &a.nodes[gone], b, &b.nodes[new.remove(at)], changes),
            None => changes.extend(a.record(gone.start, 0)),
        }
    }
    changes.extend(new.drain(..).filter_map(|new| b.record(new.start, 1)));
}

/// Compares values, field by field.
fn within(a: &Parts<'_>, left: &[&Node], b: &Parts<'_>, right: &[&Node], changes: &mut Vec<Change>) {
    // Heads of subtrees have no value, but those of records say something.
    let fields = |nodes: &[&Node]| -> Vec<u16> {
        nodes.iter().map(|node| if opaque(node) { UNKNOWN.id() } else { node.field }).collect()
    };
    let (mut at, mut to) = (0, 0);
    for aligned in diff::slice(&fields(left), &fields(right)) {
        match aligned {
            Aligned::Left(_) => {
                changes.extend(worth(a, left[at]).then(|| a.only(left[at], 0)));
                at += 1;
            }
            Aligned::Right(_) => {
                changes.extend(worth(b, right[to]).then(|| b.only(right[to], 1)));
                to += 1;
            }
            Aligned::Both(..) => {
                value(a, left[at], b, right[to], changes);
                (at, to) = (at + 1, to + 1);
            }
        }
    }
}

/// True if a node says something: neither the head of a subtree does, nor zeros that fill a fixed length.
fn worth(parts: &Parts<'_>, node: &Node) -> bool {
    parts.tree.def(node).kind != FieldType::Tree && !filling(parts, node)
}

/// True if a node is but zeros that fill a fixed length.
fn filling(parts: &Parts<'_>, node: &Node) -> bool {
    opaque(node) && parts.tree.span(node).iter().all(|&byte| byte == 0)
}

/// Compares one value.
fn value(a: &Parts<'_>, was: &Node, b: &Parts<'_>, is: &Node, changes: &mut Vec<Change>) {
    let (before, after) = (a.half(was), b.half(is));
    if before.bytes == after.bytes || !(worth(a, was) || worth(b, is)) {
        return;
    }
    let kind = a.kind(was).min(b.kind(is));
    let field = if kind == Kind::Unknown { (UNKNOWN.def().name, UNKNOWN.def().label) } else { b.field(is) };
    if !(a.raw(was) && b.raw(is)) {
        let derived = was.role == Role::Derived as u8;
        if !derived || before.text != after.text {
            changes.push(Change { kind, field, halves: [Some(before), Some(after)] });
        }
        return;
    }
    for run in runs(&before.bytes, &after.bytes) {
        let half = |half: &Half| {
            let bytes = half.bytes.get(run.start..run.end.min(half.bytes.len()))?;
            let offset = half.offset + run.start;
            (!bytes.is_empty()).then(|| Half {
                offset,
                bytes: bytes.to_vec(),
                text: String::new(),
                value: Value::Null,
            })
        };
        let halves = [half(&before), half(&after)];
        let filled = halves.iter().flatten().all(|half| half.bytes.iter().all(|&byte| byte == 0));
        if !filled {
            changes.push(Change { kind, field, halves });
        }
    }
}

/// Where bytes differ: each run of them, and what one side has more.
fn runs(a: &[u8], b: &[u8]) -> Vec<Range<usize>> {
    let common = a.len().min(b.len());
    let differ = (0..common).filter(|&at| a[at] != b[at]);
    let mut runs: Vec<Range<usize>> = Vec::new();
    for at in differ {
        match runs.last_mut().filter(|run| run.end == at) {
            Some(run) => run.end += 1,
            None => runs.push(at..at + 1),
        }
    }
    runs.extend(Some(common..a.len().max(b.len())).filter(|rest| !rest.is_empty()));
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_bytes_that_differ() {
        assert_eq!(runs(&[1, 2, 3, 4, 5], &[1, 0, 0, 4, 0]), [1..3, 4..5]);
        assert_eq!(runs(&[1, 2], &[0, 2, 3, 4]), [0..1, 2..4]);
        assert_eq!(runs(&[1, 2], &[1, 0, 3]), [1..2, 2..3]);
        assert!(runs(&[1], &[1]).is_empty());
    }
}
