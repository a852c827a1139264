// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the bytes of one record, and what came before it. Out: what its reader needs.

use super::layout::Layout;
use super::stamp::{REQUESTOR, Requestor, Spare, TIME, YEAR, array, date, time};
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::sink::{Sink, Span};
use crate::units::clock::PumpTime;
use crate::units::quantities::Glucose;
use nom::Parser;

crate::fields! {
    /// A byte whose meaning, if it has one, is not known.
    VALUE: U8, "carelink.history.value", "Value", Guessed;
}

/// What the records of a page have told that later ones need.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carried {
    /// The blood glucose that was stored last, and when.
    pub glucose: Option<(Glucose, Option<PumpTime>)>,
}

/// A record that is being read: its bytes are all there.
pub(super) struct Reading<'b> {
    /// All its bytes.
    pub bytes: &'b [u8],
    /// Its first byte.
    pub opcode: u8,
    pub layout: Layout,
    /// The places of what most records have: to move it there later takes longer.
    pub time: &'b mut Option<PumpTime>,
    pub requestor: &'b mut Option<Requestor>,
    pub page: &'b mut Carried,
}

impl Reading<'_> {
    /// The byte at `at`, an offset in the record.
    pub fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or_default()
    }

    /// The spare bits of the stamp at `at`, before it is read.
    pub fn spare(&self, at: usize) -> Spare {
        self.bytes.get(at..).and_then(|stamp| stamp.first_chunk()).map(Spare::of).unwrap_or_default()
    }

    /// The span of the spare bits above the hour of the stamp that was just read.
    pub fn hour_bits<S: Sink>(&self, c: &Cursor<'_, '_, S>) -> Span {
        let at = c.position();
        c.span(at.saturating_sub(3), at.saturating_sub(2))
    }

    /// The time of the stamp at `at`, an offset in the record, before it is read.
    pub(super) fn time_ahead(&self, at: usize) -> Option<PumpTime> {
        self.bytes.get(at..)?.first_chunk().map(|stamp| time(*stamp, YEAR))
    }

    /// Reads the stamp with the requestor.
    pub(super) fn stamp<S: Sink>(&mut self, c: &mut Cursor<'_, '_, S>) -> Result<Spare, Stop> {
        self.stamp_with_year(c, YEAR)
    }

    /// Reads the stamp with the requestor; `year_mask` are the bits of the year.
    pub(super) fn stamp_with_year<S: Sink>(
        &mut self,
        c: &mut Cursor<'_, '_, S>,
        year_mask: u8,
    ) -> Result<Spare, Stop> {
        let spare = self.bare_stamp(c, year_mask)?;
        let requestor = Requestor::from(spare.day);
        let at = c.position();
        c.derived_at(REQUESTOR, c.span(at - 2, at - 1), &requestor);
        *self.requestor = Some(requestor);
        Ok(spare)
    }

    /// Reads the stamp of a record that has no requestor; `year_mask` are the bits of the year.
    pub(super) fn bare_stamp<S: Sink>(
        &mut self,
        c: &mut Cursor<'_, '_, S>,
        year_mask: u8,
    ) -> Result<Spare, Stop> {
        let mut spare = Spare::default();
        let parser = array.map(|stamp| {
            spare = Spare::of(&stamp);
            time(stamp, year_mask)
        });
        *self.time = Some(c.clock(TIME, parser)?);
        Ok(spare)
    }

    /// Reads the two bytes of a day.
    pub(super) fn day<S: Sink>(&mut self, c: &mut Cursor<'_, '_, S>) -> Result<(), Stop> {
        *self.time = Some(c.clock(TIME, array.map(date))?);
        Ok(())
    }
}
