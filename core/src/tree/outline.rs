// SPDX-License-Identifier: GPL-2.0-or-later
//! In: items, labels and expert infos, as they are read. Out: the same as a flat list in tree order, laid out for C.

use crate::tree::expert::{ExpertInfo, LIMIT_REACHED};
use crate::tree::field::{Evidence, Field};
use crate::tree::sink::{InfoLine, Item, Mark, Role, Sink, Span, Value};
use std::fmt;
use std::ops::Range;

/// A place in an outline's text. Each text ends in a NUL, for C; 0 is "no text".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct TextAt(pub u32);

/// One item of an outline, laid out for C (`struct cl_node`).
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Node {
    /// The value: a number, the bits of a fraction or of a signed number, or the place of a text.
    pub value: u64,
    /// The field's number.
    pub field: u16,
    /// How deep in the tree, from 0.
    pub depth: u8,
    /// What it is: see [`Role`].
    pub role: u8,
    /// Which bytes: see [`Span::source`].
    pub source: u32,
    /// Offset of its first byte.
    pub start: u32,
    /// How many bytes.
    pub len: u32,
    /// The text it is shown with, if not its field's own.
    pub label: TextAt,
    /// 1 if the field's meaning is a guess.
    pub guessed: u32,
}

impl Node {
    /// True if it is not on the wire.
    #[must_use]
    pub const fn is_generated(&self) -> bool {
        self.role >= Role::Generated as u8
    }

    /// True if it is for filters alone.
    #[must_use]
    pub const fn is_hidden(&self) -> bool {
        self.role == Role::Hidden as u8
    }
}

/// An expert info in an outline, laid out for C (`struct cl_expert`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct ExpertAt {
    /// Index of the node it hangs on.
    pub node: u32,
    /// The expert info's number.
    pub expert: u32,
    /// What to say behind the expert info's own sentence, if anything.
    pub detail: TextAt,
}

/// Deepest nesting that is kept; deeper items are shown at this depth.
const DEEPEST: u8 = 24;

/// What anybody looks at.
pub trait Wanted {
    /// True if somebody looks at `field`.
    fn field(&self, field: Field) -> bool;
    /// True if somebody reads the line for the packet list.
    fn info(&self) -> bool;
}

/// Somebody looks at everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Everything;

impl Wanted for Everything {
    fn field(&self, _: Field) -> bool {
        true
    }
    fn info(&self) -> bool {
        true
    }
}

/// A subtree whose items still come.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Its head; `None` if nobody looks at that.
    head: Option<u32>,
    /// Where it begins, head and all.
    start: u32,
}

/// A subtree that is to stand before what is beside it.
#[derive(Clone, Debug)]
struct Raised {
    /// All items of it.
    items: Range<u32>,
    /// Where those beside it begin.
    beside: u32,
}

/// A number of items as nodes have it.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A flat list of items in tree order: what C builds Wireshark's tree from.
///
/// Only items are kept that somebody looks at. The others take their labels and expert infos with them, and what lies
/// below them moves up.
#[derive(Debug)]
pub struct Outline<I = Everything> {
    wanted: I,
    nodes: Vec<Node>,
    experts: Vec<ExpertAt>,
    texts: String,
    /// The subtrees that are open.
    open: Vec<Open>,
    /// How many of these somebody looks at, and so how deep in the tree the next item is.
    depth: usize,
    info: InfoLine,
    /// How ended what ends here.
    ending: String,
    /// The items of the subtree that ended last.
    ended: Range<u32>,
    /// The subtrees that are to stand before what is beside them.
    raised: Vec<Raised>,
    sources: Vec<(&'static str, Vec<u8>)>,
}

impl Default for Outline {
    fn default() -> Self {
        Self::new(Everything)
    }
}

impl<I: Wanted> Outline<I> {
    /// An empty outline of what is of `interest`.
    pub fn new(wanted: I) -> Self {
        Self {
            wanted,
            nodes: Vec::new(),
            experts: Vec::new(),
            texts: String::new(),
            open: Vec::new(),
            depth: 0,
            info: InfoLine::default(),
            ending: String::new(),
            ended: 0..0,
            raised: Vec::new(),
            sources: Vec::new(),
        }
    }

    /// Keeps what is of `interest` from now on.
    pub fn want(&mut self, wanted: I) {
        self.wanted = wanted;
    }

    /// Forgets all items, and keeps the memory for the next ones.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.experts.clear();
        self.open.clear();
        self.depth = 0;
        self.texts.clear();
        self.texts.push('\0');
        self.info.0.clear();
        self.ending.clear();
        self.ended = 0..0;
        self.raised.clear();
        self.sources.clear();
    }

    /// The line for the packet list.
    #[must_use]
    pub fn info_line(&self) -> &str {
        &self.info.0
    }

    /// What the root of the tree says behind the line for the packet list: how ended what ends here, or "".
    #[must_use]
    pub fn ended(&self) -> &str {
        &self.ending
    }

    /// The names and bytes of sources 1 and up.
    #[must_use]
    pub fn sources(&self) -> &[(&'static str, Vec<u8>)] {
        &self.sources
    }

    /// The items, in tree order.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The expert infos, in the order they were made.
    #[must_use]
    pub fn experts(&self) -> &[ExpertAt] {
        &self.experts
    }

    /// All texts, each ended by a NUL.
    #[must_use]
    pub fn texts(&self) -> &str {
        &self.texts
    }

    /// The text at `at`.
    #[must_use]
    pub fn text(&self, at: TextAt) -> &str {
        let rest = self.texts.get(at.0 as usize..).unwrap_or_default();
        rest.split('\0').next().unwrap_or_default()
    }

    /// The first of the `len` bytes of `source` that is not claimed by exactly one leaf.
    #[must_use]
    pub fn misclaimed(&self, source: u32, len: usize) -> Option<usize> {
        let mut claims = vec![0_u32; len];
        for node in self.nodes.iter().filter(|node| node.role == Role::Wire as u8 && node.source == source) {
            let start = (node.start as usize).min(len);
            let end = (start + node.len as usize).min(len);
            claims[start..end].iter_mut().for_each(|count| *count += 1);
        }
        claims.iter().position(|&count| count != 1)
    }

    /// Keeps a text. No text has a NUL inside, which would end it for C: parsers make text of printable bytes only.
    pub fn keep(&mut self, text: fmt::Arguments<'_>) -> TextAt {
        let at = self.begin_text();
        // Writing to a String cannot fail.
        let _ = fmt::Write::write_fmt(&mut self.texts, text);
        self.end_text(at)
    }

    /// As [`Outline::keep`], for a text that is there already.
    fn copy(&mut self, text: &str) -> TextAt {
        let at = self.begin_text();
        self.texts.push_str(text);
        self.end_text(at)
    }

    fn begin_text(&mut self) -> TextAt {
        if self.texts.is_empty() {
            self.texts.push('\0');
        }
        TextAt(u32::try_from(self.texts.len()).unwrap_or(0))
    }

    fn end_text(&mut self, at: TextAt) -> TextAt {
        debug_assert!(!self.texts[at.0 as usize..].contains('\0'), "a text with a NUL");
        self.texts.push('\0');
        at
    }

    /// How many items there are.
    fn count(&self) -> u32 {
        small(self.nodes.len())
    }

    /// Puts the subtrees that were raised before what is beside them. One that was raised later encloses the ones before it, or
    /// stands behind them: none moves another one's place.
    fn settle(&mut self) {
        for (nth, Raised { items, beside }) in self.raised.iter().enumerate() {
            let before = self.raised[..nth].iter().filter(|other| other.beside == *beside);
            let first = before.fold(*beside, |end, other| end + small(other.items.len()));
            let (Range { start, end }, len) = (items.clone(), small(items.len()));
            self.nodes[first as usize..end as usize].rotate_right(len as usize);
            for ExpertAt { node, .. } in &mut self.experts {
                if items.contains(node) {
                    *node -= start - first;
                } else if (first..start).contains(node) {
                    *node += len;
                }
            }
        }
        self.raised.clear();
    }

    /// Takes an item. Where it is known what kind of value it has, little is left of this.
    #[allow(
        clippy::inline_always,
        reason = "which value it is, is known where a parser reads it, and nowhere else"
    )]
    #[inline(always)]
    fn push(&mut self, Item { field, span, value, role }: Item<'_>) -> Mark {
        let value = match value {
            Value::Nothing | Value::Bytes => 0,
            Value::Unsigned(n) => n,
            Value::Signed(n) | Value::Clock(n) | Value::Duration(n) => n.cast_unsigned(),
            Value::Float(x) => x.to_bits(),
            Value::Flag(b) => u64::from(b),
            Value::Text(text) if self.wanted.field(field) => u64::from(self.copy(text).0),
            Value::Text(_) => 0,
        };
        self.add(field, span, value, role)
    }

    /// Adds an item whose value is as a node has it.
    #[inline(never)]
    fn add(&mut self, field: Field, Span { source, start, len }: Span, value: u64, role: Role) -> Mark {
        if !self.wanted.field(field) {
            return Mark::NOWHERE;
        }
        let depth = u8::try_from(self.depth.min(DEEPEST.into())).unwrap_or(DEEPEST);
        let mark = Mark(self.count());
        self.nodes.push(Node {
            value,
            field: field.id(),
            depth,
            role: role as u8,
            source,
            start,
            len,
            label: TextAt(0),
            guessed: u32::from(field.def().evidence == Evidence::Guessed),
        });
        mark
    }
}

impl<I: Wanted> Sink for Outline<I> {
    const KEEPS: bool = true;

    fn wants_info(&self) -> bool {
        self.wanted.info()
    }

    fn wants(&self, field: Field) -> bool {
        self.wanted.field(field)
    }

    #[inline]
    fn leaf(&mut self, item: Item<'_>) -> Mark {
        self.push(item)
    }

    fn open(&mut self, item: Item<'_>) -> Mark {
        let start = self.count();
        let mark = self.push(item);
        let head = (mark != Mark::NOWHERE).then_some(mark.0);
        if head.is_some() && self.depth == DEEPEST.into() {
            self.expert(mark, LIMIT_REACHED, format_args!("the items of this one stand beside it"));
        }
        self.depth += usize::from(head.is_some());
        self.open.push(Open { head, start });
        mark
    }

    fn close(&mut self, end: usize) {
        let Some(Open { head, start }) = self.open.pop() else { return };
        self.ended = start..self.count();
        let Some(index) = head else { return };
        self.depth -= 1;
        if let Some(node) = self.nodes.get_mut(index as usize) {
            node.len = u32::try_from(end).unwrap_or(u32::MAX).saturating_sub(node.start);
        }
    }

    fn label(&mut self, mark: Mark, text: fmt::Arguments<'_>) {
        if mark == Mark::NOWHERE {
            return;
        }
        let at = self.keep(text);
        if let Some(node) = self.nodes.get_mut(mark.0 as usize) {
            node.label = at;
        }
    }

    fn expert(&mut self, mark: Mark, expert: ExpertInfo, detail: fmt::Arguments<'_>) {
        if mark == Mark::NOWHERE {
            return;
        }
        let detail = if detail.as_str() == Some("") { TextAt(0) } else { self.keep(detail) };
        self.experts.push(ExpertAt { node: mark.0, expert: expert.id(), detail });
    }

    fn info(&mut self, text: fmt::Arguments<'_>) {
        if self.wants_info() {
            self.info.info(text);
        }
    }

    fn lead(&mut self, text: fmt::Arguments<'_>) {
        if self.wants_info() {
            self.info.lead(text);
        }
    }

    fn ending(&mut self, text: fmt::Arguments<'_>) {
        if self.wants_info() {
            self.ending.clear();
            // Writing to a String cannot fail.
            let _ = fmt::Write::write_fmt(&mut self.ending, text);
        }
    }

    fn raise(&mut self) {
        let beside = self.open.last().map_or(0, |open| open.start + u32::from(open.head.is_some()));
        self.raised.push(Raised { items: self.ended.clone(), beside });
    }

    fn finish(&mut self) {
        if !self.raised.is_empty() {
            self.settle();
        }
    }

    fn source(&mut self, name: &'static str, bytes: &[u8]) -> u32 {
        self.sources.push((name, bytes.to_vec()));
        u32::try_from(self.sources.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::opaque::{PADDING, UNKNOWN};

    #[test]
    fn nesting_has_a_limit_and_says_so() {
        let mut outline = Outline::default();
        let item = Item { field: UNKNOWN, span: Span::default(), value: Value::Nothing, role: Role::Head };
        for _ in 0..DEEPEST + 3 {
            outline.open(item);
        }
        let deepest = outline.nodes().iter().map(|node| node.depth).max();
        let told: Vec<_> = outline.experts().iter().map(|expert| (expert.node, expert.expert)).collect();
        assert_eq!((deepest, told), (Some(DEEPEST), vec![(DEEPEST.into(), LIMIT_REACHED.id())]));
    }

    /// Looks at these fields.
    struct Only(&'static [Field]);

    impl Wanted for Only {
        fn field(&self, field: Field) -> bool {
            self.0.contains(&field)
        }
        fn info(&self) -> bool {
            false
        }
    }

    #[test]
    fn what_is_raised_stands_before_what_is_beside_it() {
        const ALL: &[Field] = &[UNKNOWN, PADDING];
        for (wanted, expected) in [(ALL, "egfhjkabdci"), (&ALL[..1], "gfhkadci")] {
            let mut outline = Outline::new(Only(wanted));
            let item = |field, name: u8| Item {
                field,
                span: Span { start: name.into(), ..Span::default() },
                value: Value::Nothing,
                role: Role::Head,
            };
            let leaf = |outline: &mut Outline<Only>, name| outline.leaf(item(UNKNOWN, name));
            leaf(&mut outline, b'a');
            for name in [b'b', b'e'] {
                outline.open(item(PADDING, name));
                leaf(&mut outline, name + 1);
                outline.open(item(UNKNOWN, name + 2));
                outline.close(0);
                outline.raise();
                if name == b'e' {
                    let last = leaf(&mut outline, b'h');
                    outline.expert(last, LIMIT_REACHED, format_args!(""));
                }
                outline.close(0);
                if name == b'e' {
                    outline.raise();
                }
            }
            leaf(&mut outline, b'i');
            outline.open(item(PADDING, b'j'));
            leaf(&mut outline, b'k');
            outline.close(0);
            outline.raise();
            outline.finish();
            let told = |node: &Node| char::from_u32(node.start).unwrap_or_default();
            assert_eq!(outline.nodes().iter().map(told).collect::<String>(), expected);
            assert_eq!(
                outline
                    .experts()
                    .iter()
                    .map(|expert| told(&outline.nodes()[expert.node as usize]))
                    .collect::<String>(),
                "h"
            );
        }
    }

    #[test]
    fn each_of_many_sources_has_a_number_of_its_own() {
        let mut outline = Outline::default();
        let numbers: Vec<_> = (0..300).map(|_| outline.source("Reply", &[])).collect();
        assert_eq!(numbers, (1..=300).collect::<Vec<_>>());
    }
}
