// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what the parsers read, item by item. Out: nothing (`()`), or an [outline](super::outline) that any tree can be built from.

use crate::tree::expert::ExpertInfo;
use crate::tree::field::Field;
use crate::tree::seal::Method;
use std::fmt;

/// Where an item's bytes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Which bytes: 0 is the transfer, 1 and up are the sources that were put together from several transfers.
    pub source: u32,
    /// Offset of the first byte.
    pub start: u32,
    /// How many bytes.
    pub len: u32,
}

impl Span {
    /// The bytes from `start` to `end` of `source`.
    #[must_use]
    pub fn new(source: u32, start: usize, end: usize) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { source, start: clamp(start), len: clamp(end.saturating_sub(start)) }
    }
}

/// A value, in the unit of its field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// No value: the head of a subtree.
    Nothing,
    /// Any unsigned number, a frame number too.
    Unsigned(u64),
    /// Any signed number.
    Signed(i64),
    /// A fraction.
    Float(f64),
    /// True or false.
    Flag(bool),
    /// Text.
    Text(&'a str),
    /// The bytes of the span.
    Bytes,
    /// A date and time without a zone, as seconds from 1970-01-01 00:00:00 of the same clock.
    Clock(i64),
    /// A span of time, in nanoseconds.
    Duration(i64),
}

/// A typed value that can be shown.
pub trait Show {
    /// The value in its field's unit.
    fn show(&self) -> Value<'_>;
}

macro_rules! show {
    ($($type:ty => $variant:ident),+ $(,)?) => {$(
        impl Show for $type {
            fn show(&self) -> Value<'_> { Value::$variant((*self).into()) }
        }
    )+};
}
show!(u8 => Unsigned, u16 => Unsigned, u32 => Unsigned, u64 => Unsigned, i8 => Signed, i16 => Signed, i32 => Signed, f64 => Float, bool => Flag);

impl Show for Value<'_> {
    fn show(&self) -> Value<'_> {
        *self
    }
}
impl Show for &[u8] {
    fn show(&self) -> Value<'_> {
        Value::Bytes
    }
}
impl Show for &str {
    fn show(&self) -> Value<'_> {
        Value::Text(self)
    }
}
impl Show for String {
    fn show(&self) -> Value<'_> {
        Value::Text(self)
    }
}

/// What an item is in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Claims its bytes: each byte belongs to exactly one such leaf.
    Wire,
    /// Heads a subtree whose leaves claim the bytes.
    Head,
    /// A part or another reading of bytes that another leaf claims.
    Derived,
    /// Not on the wire at all: shown in brackets.
    Generated,
    /// Not on the wire, and not shown: only for filters to find.
    Hidden,
}

/// One thing that was read.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// Which field.
    pub field: Field,
    /// Where its bytes are.
    pub span: Span,
    /// What it says.
    pub value: Value<'a>,
    /// What it is in the tree.
    pub role: Role,
}

/// An item that a sink has taken, to label it or to hang an expert info on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark(pub(super) u32);

impl Mark {
    /// The mark of an item that was not kept.
    pub(super) const NOWHERE: Self = Self(u32::MAX);
}

/// Takes what the parsers read. By itself it keeps nothing.
pub trait Sink {
    /// False when nothing is kept, so that nothing need be formatted.
    const KEEPS: bool;
    /// False when sentences for the packet list are not kept.
    fn wants_info(&self) -> bool {
        false
    }
    /// True if somebody looks at `field`.
    fn wants(&self, _field: Field) -> bool {
        Self::KEEPS
    }
    /// Takes an item without children.
    fn leaf(&mut self, _item: Item<'_>) -> Mark {
        Mark::NOWHERE
    }
    /// Takes an item whose children follow, until [`Sink::close`].
    fn open(&mut self, _item: Item<'_>) -> Mark {
        Mark::NOWHERE
    }
    /// Ends the children of the item opened last; its span now ends at `end`.
    fn close(&mut self, _end: usize) {}
    /// Replaces the text that `mark` is shown with.
    fn label(&mut self, _mark: Mark, _text: fmt::Arguments<'_>) {}
    /// Hangs an expert info on `mark`, with a detail behind the expert info's own sentence, or "".
    fn expert(&mut self, _mark: Mark, _note: ExpertInfo, _detail: fmt::Arguments<'_>) {}
    /// Adds a sentence for the packet list.
    fn info(&mut self, _text: fmt::Arguments<'_>) {}
    /// Puts a sentence before all others for the packet list: what matters most.
    fn lead(&mut self, _text: fmt::Arguments<'_>) {}
    /// Says how ended what ends with the transfer, for the root of the tree.
    fn ending(&mut self, _text: fmt::Arguments<'_>) {}
    /// Lets the subtree that ended last stand before what is beside it, behind those that were raised before.
    fn raise(&mut self) {}
    /// All of a transfer was reported: no mark is used any more.
    fn finish(&mut self) {}
    /// Takes that the item at `check` is a check value over the bytes at `covered`, which are all there.
    fn seal(&mut self, _covered: Span, _check: Span, _method: Method) {}
    /// Takes bytes that were put together from several transfers, and gives the number that spans name them by.
    fn source(&mut self, _name: &'static str, _bytes: &[u8]) -> u32 {
        1
    }
}

/// Keeps nothing.
impl Sink for () {
    const KEEPS: bool = false;
}

/// Keeps only what the packet list shows.
#[derive(Debug, Default)]
pub struct InfoLine(pub String);

impl Sink for InfoLine {
    const KEEPS: bool = false;
    fn wants_info(&self) -> bool {
        true
    }
    fn info(&mut self, text: fmt::Arguments<'_>) {
        if !self.0.is_empty() {
            self.0.push_str(", ");
        }
        // Writing to a String cannot fail.
        let _ = fmt::Write::write_fmt(&mut self.0, text);
    }
    fn lead(&mut self, text: fmt::Arguments<'_>) {
        if !self.0.is_empty() {
            self.0.insert_str(0, ", ");
        }
        self.0.insert_str(0, &text.to_string());
    }
}
