// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the bytes of one payload, and what is known of its pump. Out: a typed block, under a head that sums it up.

use super::model::{Known, Pump};
use super::opcode::Opcode;
use crate::tree::cursor::Cursor;
use crate::tree::expert::{MODEL_ASSUMED, NOT_A_DATE, OUT_OF_RANGE, Stop, UNKNOWN_VALUE};
use crate::tree::field::Field;
use crate::tree::names::lookup;
use crate::tree::sink::{Show, Sink, Value};
use crate::units::clock::PumpTime;
use crate::units::quantities::TimeOfDay;
use arrayvec::{ArrayString, ArrayVec};
use nom::Parser;
use nom::error::Error;
use nom::number::complete::u8 as byte;
use std::fmt;

/// What a layout depends on beside its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// The command.
    pub opcode: Opcode,
    /// What is known of the pump.
    pub pump: Pump,
}

impl Context {
    /// True if the larger layouts of the 523 and later apply.
    ///
    /// The pump's own word and the user's stand above `evidence`, which is what only one layout allows in these bytes;
    /// that stands above what earlier bytes have shown. Knowing nothing, this assumes a 515 or 522, and says so.
    pub(super) fn large<S: Sink>(self, c: &mut Cursor<'_, '_, S>, evidence: Option<bool>) -> bool {
        let told = self.pump.large().filter(|_| self.pump.known >= Known::Told);
        told.or(evidence).or(self.pump.large()).unwrap_or_else(|| {
            c.expert(MODEL_ASSUMED, format_args!("read as from a 515 or 522"));
            false
        })
    }
}

/// Parameters or a reply with a known layout. Its `Display` is a short sentence, without the noun.
pub trait Block: Sized + fmt::Display {
    /// Heads its subtree; a single value needs no head.
    const HEAD: Option<Field>;
    /// What the sentence speaks of, in lower case.
    const NOUN: &'static str;

    /// What these bytes alone show of the pump: true if only the larger layout of the 523 and later allows them, false
    /// if only the smaller one does.
    fn evidence(_bytes: &[u8]) -> Option<bool> {
        None
    }

    /// Reads it; what follows it is the caller's to claim.
    ///
    /// # Errors
    /// [`Stop`] if the bytes end first.
    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, of: Context) -> Result<Self, Stop>;
}

/// Reads a block under its head, which then says the same as the block's `Display`.
pub(super) fn block<T: Block, S: Sink>(c: &mut Cursor<'_, '_, S>, of: Context) -> Result<T, Stop> {
    let Some(head) = T::HEAD else { return T::read(c, of) };
    c.group(head, |c| {
        let value = T::read(c, of)?;
        if c.shows() {
            c.title(format_args!("{}: {value}", head.def().label));
        }
        Ok(value)
    })
}

/// What `bytes` alone show of the pump, if they are those of the block that `variant` holds.
pub(super) fn evidence<T: Block, E>(_variant: impl FnOnce(T) -> E, bytes: &[u8]) -> Option<bool> {
    T::evidence(bytes)
}

/// Declares an enumeration of blocks. Its `Display` puts the noun before the sentence; `{:#}` leaves it out.
macro_rules! blocks {
    ($(#[$about:meta])+ pub enum $name:ident { $($(#[$help:meta])+ $block:ident($type:ty),)+ }) => {
        $(#[$about])+
        #[derive(Clone, Debug, PartialEq)]
        #[allow(clippy::large_enum_variant, reason = "a schedule is large, and must not be on the heap")]
        pub enum $name { $($(#[$help])+ $block($type),)+ }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {$(
                    Self::$block(block) if f.alternate() => write!(f, "{block}"),
                    Self::$block(block) => write!(f, "{} {block}", <$type as $crate::pump::block::Block>::NOUN),
                )+}
            }
        }
    };
}
pub(super) use blocks;

impl<'b, S: Sink> Cursor<'b, '_, S> {
    /// As [`Cursor::read`], and shows the value by its `Display`.
    pub(crate) fn read_shown<T: Show + fmt::Display>(
        &mut self,
        field: Field,
        parser: impl Parser<&'b [u8], Output = T, Error = Error<&'b [u8]>>,
    ) -> Result<T, Stop> {
        let value = self.read(field, parser)?;
        if self.shows() {
            self.relabel(format_args!("{}: {value}", field.def().label));
        }
        Ok(value)
    }

    /// Reads a byte with named values, and notes a value that has no name.
    pub(crate) fn choice<T: Show + From<u8>>(&mut self, field: Field) -> Result<T, Stop> {
        let value: T = self.read(field, byte.map(T::from))?;
        if self.shows()
            && let Value::Unsigned(number) = value.show()
            && lookup(field.def().names, number).is_none()
        {
            self.expert(UNKNOWN_VALUE, format_args!("{number}"));
        }
        Ok(value)
    }

    /// Reads a byte that is 0 for off or 1 for on, and notes any other value.
    pub(crate) fn flag(&mut self, field: Field) -> Result<bool, Stop> {
        let number = self.rest().first().copied().unwrap_or_default();
        let on = self.read(field, byte.map(|number| number != 0))?;
        if number > 1 {
            self.expert(UNKNOWN_VALUE, format_args!("{number}, taken as on"));
        }
        Ok(on)
    }

    /// Reads a date and time, which is shown without a zone, and notes one that no calendar has.
    pub(crate) fn clock(
        &mut self,
        field: Field,
        parser: impl Parser<&'b [u8], Output = PumpTime, Error = Error<&'b [u8]>>,
    ) -> Result<PumpTime, Stop> {
        let time = self.read_shown(field, parser)?;
        if !time.is_valid() {
            self.expert(NOT_A_DATE, format_args!(""));
        }
        Ok(time)
    }

    /// Shows where an entry of a schedule ends, at its start, which was read last.
    pub(super) fn slot_end(&mut self, field: Field, end: Option<TimeOfDay>) {
        if let Some(end) = end {
            self.generated(field, self.last_span(), &end);
            self.relabel(format_args!("{}: {end}", field.def().label));
        }
    }

    /// Notes the value read last as one that a pump cannot hold, unless it is within `limits`.
    pub(crate) fn expect(&mut self, within: bool, limits: &str) {
        if !within {
            self.expert(OUT_OF_RANGE, format_args!("expected {limits}"));
        }
    }
}

/// Text as a pump sends it, at most `N` / 3 bytes long. A byte that is no printable ASCII becomes U+FFFD.
pub(super) fn ascii<const N: usize>(bytes: &[u8]) -> ArrayString<N> {
    let mut text = ArrayString::new();
    for &byte in bytes {
        let printable = byte.is_ascii_graphic() || byte == b' ';
        let _ = text.try_push(if printable { char::from(byte) } else { char::REPLACEMENT_CHARACTER });
    }
    text
}

/// An entry of a schedule, which repeats every day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot<T> {
    /// When it begins.
    pub start: TimeOfDay,
    /// When it ends, 24:00 for the last one of the day; `None` if the bytes end before they tell.
    pub end: Option<TimeOfDay>,
    /// What holds meanwhile.
    pub value: T,
}

/// A day's entries, at most `N`, in order.
pub type Schedule<T, const N: usize> = ArrayVec<Slot<T>, N>;

/// `02:00-07:00`, or `22:00-?`.
pub(super) struct Times(pub(super) TimeOfDay, pub(super) Option<TimeOfDay>);

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(start, end) = self;
        match end {
            Some(end) => write!(f, "{start}-{end}"),
            None => write!(f, "{start}-?"),
        }
    }
}

/// How the entries of a schedule lie in their bytes.
pub(super) struct Shape {
    /// Bytes of an entry.
    pub(super) size: usize,
    /// Its start, in half hours from midnight.
    pub(super) start: fn(&[u8]) -> u8,
    /// True if the bytes of an entry, with its index, mean that the schedule has ended.
    pub(super) ends: fn(usize, &[u8]) -> bool,
}

const HALF_HOURS: u8 = 48;

impl Shape {
    /// The start of the entry that `bytes` begin with, if it is whole and no end mark.
    fn next(&self, index: usize, bytes: &[u8]) -> Option<u8> {
        bytes.get(..self.size).filter(|entry| !(self.ends)(index, entry)).map(self.start)
    }

    /// When the entry before `bytes` ends, which begins at `start`; `None` if the bytes do not tell, or make no sense.
    fn end(&self, index: usize, start: u8, bytes: &[u8]) -> Option<TimeOfDay> {
        let whole = bytes.len() >= self.size;
        let end = self.next(index, bytes).unwrap_or(HALF_HOURS);
        (whole && start < end && end <= HALF_HOURS).then(|| TimeOfDay::half_hours(end))
    }

    /// Reads entries until one ends the schedule; `entry` reads one.
    pub(super) fn read<T, S: Sink, const N: usize>(
        &self,
        c: &mut Cursor<'_, '_, S>,
        mut entry: impl FnMut(&mut Cursor<'_, '_, S>, TimeOfDay, Option<TimeOfDay>) -> Result<T, Stop>,
    ) -> Result<Schedule<T, N>, Stop> {
        let mut slots = Schedule::new();
        let mut before = None;
        while !slots.is_full() && c.remaining() > 0 {
            let index = slots.len();
            let whole = c.remaining() >= self.size;
            let next = self.next(index, c.rest());
            if whole && next.is_none() {
                break;
            }
            let start = next.unwrap_or_default();
            if whole && (before.is_some_and(|before| start <= before) || start >= HALF_HOURS) {
                c.remainder(crate::tree::opaque::UNKNOWN);
                c.expert(OUT_OF_RANGE, format_args!("an entry does not start after the one before it"));
                break;
            }
            let last = index + 1 == N;
            let end = if last {
                Some(TimeOfDay::half_hours(HALF_HOURS))
            } else {
                self.end(index + 1, start, c.rest().get(self.size..).unwrap_or_default())
            };
            let start_time = TimeOfDay::half_hours(start);
            let value = entry(c, start_time, end)?;
            slots.push(Slot { start: start_time, end, value });
            before = Some(start);
        }
        Ok(slots)
    }
}

/// The values of a schedule that are lowest and highest by `measure`.
pub(super) fn extent<T: Copy, const N: usize>(
    slots: &Schedule<T, N>,
    measure: impl Fn(T) -> f64,
) -> Option<(T, T)> {
    let mut values = slots.iter().map(|slot| slot.value);
    let first = values.next()?;
    Some(values.fold((first, first), |(low, high), value| {
        let lower = if measure(value) < measure(low) { value } else { low };
        let higher = if measure(value) > measure(high) { value } else { high };
        (lower, higher)
    }))
}
