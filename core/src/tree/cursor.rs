// SPDX-License-Identifier: GPL-2.0-or-later
//! In: bytes, and nom parsers in the order of the layout. Out: typed values, and a report of each to a sink.

use crate::tree::expert::{ExpertInfo, Stop};
use crate::tree::field::Field;
use crate::tree::seal::Method;
use crate::tree::sink::{Item, Mark, Role, Show, Sink, Span, Value};
use nom::error::Error;
use std::fmt;

/// Reads bytes from front to back, and reports what it reads.
#[derive(Debug)]
pub struct Cursor<'b, 's, S: Sink> {
    bytes: &'b [u8],
    /// What is left of them, up to `end`.
    rest: &'b [u8],
    end: usize,
    cut: bool,
    verify: bool,
    source: u32,
    head: Option<Mark>,
    /// The item reported last.
    last: Option<(Mark, Span, Field)>,
    sink: &'s mut S,
}

impl<'b, 's, S: Sink> Cursor<'b, 's, S> {
    /// Reads all of `bytes`, which are source `source`; `cut` says that the capture lacks bytes behind them.
    pub fn new(bytes: &'b [u8], source: u32, cut: bool, sink: &'s mut S) -> Self {
        Self { bytes, rest: bytes, end: bytes.len(), cut, verify: true, source, head: None, last: None, sink }
    }

    /// Leaves check values unverified if `verify` is false.
    #[must_use]
    pub fn verifying(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }

    /// True if check values are to be verified.
    #[must_use]
    pub const fn verifies(&self) -> bool {
        self.verify
    }

    /// Moves to `at`, an offset in the bytes; nothing is claimed by that.
    pub fn seek(&mut self, at: usize) {
        self.rest = &self.bytes[at.min(self.end)..self.end];
    }

    /// Offset of the next byte.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.end - self.rest.len()
    }

    /// How many bytes are left.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The bytes that are left, unread.
    #[must_use]
    pub const fn rest(&self) -> &'b [u8] {
        self.rest
    }

    /// The stop of a parser that wants more bytes than there are here.
    #[must_use]
    pub fn stop(&self) -> Stop {
        Stop { at: u32::try_from(self.position()).unwrap_or(u32::MAX), cut: self.cut, within: None }
    }

    /// All bytes from `start` up to here.
    #[must_use]
    pub fn since(&self, start: usize) -> &'b [u8] {
        let at = self.position();
        &self.bytes[start.min(at)..at]
    }

    /// The span from `start` up to here.
    #[must_use]
    pub fn span_since(&self, start: usize) -> Span {
        Span::new(self.source, start, self.position())
    }

    /// The span of `start..end`, offsets in the bytes.
    #[must_use]
    pub fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.source, start, end)
    }

    /// The span of the item reported last.
    #[must_use]
    pub fn last_span(&self) -> Span {
        self.last.map_or_else(|| self.span_since(self.position()), |(_, span, _)| span)
    }

    /// Reads one value, and reports it as `field`.
    ///
    /// # Errors
    /// [`Stop`] if the bytes end first; nothing is then read.
    pub fn read<T: Show>(
        &mut self,
        field: Field,
        parser: impl nom::Parser<&'b [u8], Output = T, Error = Error<&'b [u8]>>,
    ) -> Result<T, Stop> {
        let start = self.position();
        let value = self.take(field, parser)?;
        self.item(field, self.span_since(start), &value, Role::Wire);
        Ok(value)
    }

    /// Reads one value whose parts are shown below it: `parts` reports them with [`Cursor::derived`].
    ///
    /// # Errors
    /// [`Stop`] if the bytes end first; nothing is then read.
    pub fn packed<T: Show>(
        &mut self,
        field: Field,
        parser: impl nom::Parser<&'b [u8], Output = T, Error = Error<&'b [u8]>>,
        parts: impl FnOnce(&mut Self, &T),
    ) -> Result<T, Stop> {
        let start = self.position();
        let value = self.take(field, parser)?;
        self.nested(field, self.span_since(start), &value, Role::Wire, |c| parts(c, &value));
        Ok(value)
    }

    /// Heads a subtree with `field`; all that `body` reports lies below it, and its span is what `body` reads.
    ///
    /// # Errors
    /// As `body`; what was read until then stays.
    pub fn group<T>(
        &mut self,
        field: Field,
        body: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        self.group_of(field, Value::Nothing, body)
    }

    /// As [`Cursor::group`], for a head that has a value of its own.
    ///
    /// # Errors
    /// As `body`.
    pub fn group_of<T>(
        &mut self,
        field: Field,
        value: Value<'_>,
        body: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let span = self.span(self.position(), self.end);
        self.nested(field, span, &value, Role::Head, body)
    }

    /// Heads a subtree of things that are not on the wire, at the bytes they speak of.
    pub fn account(&mut self, field: Field, span: Span, body: impl FnOnce(&mut Self)) {
        self.nested(field, span, &Value::Nothing, Role::Generated, body);
    }

    /// As [`Cursor::account`], for a head that has a value of its own.
    pub fn account_of(&mut self, field: Field, span: Span, value: &impl Show, body: impl FnOnce(&mut Self)) {
        self.nested(field, span, value, Role::Generated, body);
    }

    /// As [`Cursor::account_of`], for filters alone.
    pub fn hidden_of(&mut self, field: Field, span: Span, value: &impl Show, body: impl FnOnce(&mut Self)) {
        self.nested(field, span, value, Role::Hidden, body);
    }

    /// Lets `body` read the next `len` bytes and no further. What it leaves is the caller's to claim.
    ///
    /// # Errors
    /// As `body`; a [`Stop`] inside is the fault of `len`, not of the capture, unless the capture ends first.
    pub fn within<T>(
        &mut self,
        len: usize,
        body: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let outer = (self.end, self.cut);
        if len <= self.remaining() {
            (self.end, self.cut) = (self.position() + len, false);
            self.rest = &self.rest[..len];
        }
        let result = body(self);
        let at = self.position();
        (self.end, self.cut) = outer;
        self.seek(at);
        result
    }

    /// Reports all bytes that are left as `field`; nothing if none is left.
    pub fn remainder(&mut self, field: Field) -> &'b [u8] {
        let rest = self.rest();
        if !rest.is_empty() {
            let span = self.span(self.position(), self.end);
            self.rest = &[];
            self.item(field, span, &rest, Role::Wire);
        }
        rest
    }

    /// Reports a value that lies in the bytes of the item reported last.
    pub fn derived(&mut self, field: Field, value: &impl Show) {
        self.derived_at(field, self.last_span(), value);
    }

    /// Reports a value that lies in bytes that other leaves claim.
    pub fn derived_at(&mut self, field: Field, span: Span, value: &impl Show) {
        self.item(field, span, value, Role::Derived);
    }

    /// Reports a value that is not on the wire, at the bytes it speaks of.
    pub fn generated(&mut self, field: Field, span: Span, value: &impl Show) {
        self.item(field, span, value, Role::Generated);
    }

    /// Reports a value for filters alone: it is neither on the wire nor shown.
    pub fn hidden(&mut self, field: Field, span: Span, value: &impl Show) {
        self.item(field, span, value, Role::Hidden);
    }

    /// Lets the subtree that was reported last stand before what is beside it, behind those that were raised before.
    pub fn raise(&mut self) {
        self.sink.raise();
    }

    /// Replaces the text of the subtree that is open now.
    pub fn title(&mut self, text: fmt::Arguments<'_>) {
        if let Some(head) = self.head {
            self.sink.label(head, text);
        }
    }

    /// Replaces the text of the item reported last.
    pub fn relabel(&mut self, text: fmt::Arguments<'_>) {
        if let Some((mark, ..)) = self.last {
            self.sink.label(mark, text);
        }
    }

    /// Tells that the item reported last is a check value over the bytes at `covered`, made of them by `method`.
    pub(super) fn seal(&mut self, covered: Span, method: Method) {
        self.sink.seal(covered, self.last_span(), method);
    }

    /// Hangs an expert info on the item reported last. One about a value says which.
    pub fn expert(&mut self, expert: ExpertInfo, detail: fmt::Arguments<'_>) {
        let Some((mark, _, field)) = self.last else { return };
        let name = field.def().label;
        match (expert.about_value(), detail.as_str()) {
            (true, Some("")) => self.sink.expert(mark, expert, format_args!("{name}")),
            (true, _) => self.sink.expert(mark, expert, format_args!("{name}: {detail}")),
            (false, _) => self.sink.expert(mark, expert, detail),
        }
    }

    /// Hangs the expert info of a stop on the subtree that is open now, or else on the item reported last.
    pub fn expert_stop(&mut self, stop: Stop) {
        if let Some(mark) = self.head.or(self.last.map(|(mark, ..)| mark)) {
            self.sink.expert(mark, stop.expert(), format_args!("{stop}"));
        }
    }

    /// Lets `body` read bytes from elsewhere, as a source of their own called `name`, below the subtree open here.
    pub fn elsewhere(
        &mut self,
        name: &'static str,
        bytes: &[u8],
        cut: bool,
        body: impl FnOnce(Cursor<'_, '_, S>),
    ) {
        let source = self.sink.source(name, bytes);
        body(
            Cursor { head: self.head, ..Cursor::new(bytes, source, cut, &mut *self.sink) }
                .verifying(self.verify),
        );
    }

    /// The byte at `at`, an offset in the bytes.
    #[must_use]
    pub fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// Adds a sentence for the packet list.
    pub fn info(&mut self, text: fmt::Arguments<'_>) {
        self.sink.info(text);
    }

    /// Puts a sentence before all others for the packet list.
    pub fn lead(&mut self, text: fmt::Arguments<'_>) {
        self.sink.lead(text);
    }

    /// Says how ended what ends with the transfer, for the root of the tree.
    pub fn ending(&mut self, text: fmt::Arguments<'_>) {
        self.sink.ending(text);
    }

    /// True if sentences for the packet list are kept.
    #[must_use]
    pub fn wants_info(&self) -> bool {
        self.sink.wants_info()
    }

    /// True if anybody looks: what is only for show need not be computed otherwise.
    #[must_use]
    pub const fn shows(&self) -> bool {
        S::KEEPS
    }

    /// True if anybody looks at one of these fields.
    #[must_use]
    pub fn wants(&self, mut fields: impl Iterator<Item = Field>) -> bool {
        fields.any(|field| self.sink.wants(field))
    }

    fn take<T>(
        &mut self,
        field: Field,
        mut parser: impl nom::Parser<&'b [u8], Output = T, Error = Error<&'b [u8]>>,
    ) -> Result<T, Stop> {
        let (rest, value) = parser.parse(self.rest).map_err(|_| self.stop_within(field))?;
        self.rest = rest;
        Ok(value)
    }

    /// Out of line: each value that is read may be a stop in its place.
    #[cold]
    #[inline(never)]
    fn stop_within(&self, field: Field) -> Stop {
        Stop { within: Some(&field.def().label), ..self.stop() }
    }

    fn item(&mut self, field: Field, span: Span, value: &impl Show, role: Role) {
        if S::KEEPS {
            let mark = self.sink.leaf(Item { field, span, value: value.show(), role });
            self.last = Some((mark, span, field));
        }
    }

    /// Heads a subtree, which ends where `body` has read to; one that is not on the wire ends with its span.
    fn nested<T>(
        &mut self,
        field: Field,
        mut span: Span,
        value: &impl Show,
        role: Role,
        body: impl FnOnce(&mut Self) -> T,
    ) -> T {
        if !S::KEEPS {
            return body(self);
        }
        let outer = self.head;
        let mark = self.sink.open(Item { field, span, value: value.show(), role });
        self.head = Some(mark);
        self.last = Some((mark, span, field));
        let result = body(self);
        if !matches!(role, Role::Generated | Role::Hidden) {
            span = self.span_since(span.start as usize);
        }
        self.sink.close(span.start as usize + span.len as usize);
        self.head = outer;
        self.last = Some((mark, span, field));
        result
    }
}
