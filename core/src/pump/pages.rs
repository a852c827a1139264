// SPDX-License-Identifier: GPL-2.0-or-later
//! In: parameters of Read Page (0x80, 0x9A, 0x9B, 0xD5, 0xA3), replies to Read Current Page Number (0x9D, 0xCD).
//! Out: which pages there are, and which one is asked for. The pages themselves are read elsewhere.

use super::block::{Block, Context};
use super::page_kind::PageKind;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use nom::Parser;
use nom::number::complete::{be_u16, be_u32, u8};
use std::fmt;

crate::fields! {
    /// Which history page is asked for, counted back from the newest one, which is 0.
    HISTORY: U8, "carelink.pump.history_page.back", "History Page", Confirmed;
    /// Number of the sensor page that is asked for, counted since the pump began.
    SENSOR: U32, "carelink.pump.sensor_page.number", "Sensor Page", Confirmed;
    /// Number of the trace page that is asked for.
    TRACE: U8, "carelink.pump.trace_page.number", "Trace Page", Guessed;
    /// Number of the current history page, counted since the pump began.
    CURRENT: U32, "carelink.pump.history_pages.current", "Current History Page", Confirmed;
    /// The pages of the glucose sensor.
    HEAD: Tree, "carelink.pump.glucose_pages", "Glucose Pages", Confirmed;
    /// Number of the current glucose page, counted since the pump began.
    GLUCOSE_CURRENT: U32, "carelink.pump.glucose_pages.current", "Current Page", Confirmed;
    /// How many glucose pages the pump holds.
    GLUCOSE_COUNT: U16, "carelink.pump.glucose_pages.glucose", "Glucose Pages Stored", Confirmed;
    /// How many ISIG pages the pump holds.
    ISIG_COUNT: U16, "carelink.pump.glucose_pages.isig", "ISIG Pages Stored", Confirmed;
    /// How many glucose pages fit in.
    GLUCOSE_ROOM: U16, "carelink.pump.glucose_pages.glucose_capacity", "Glucose Page Capacity", Guessed;
    /// How many ISIG pages fit in.
    ISIG_ROOM: U16, "carelink.pump.glucose_pages.isig_capacity", "ISIG Page Capacity", Guessed;
}

/// A page that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageRequest {
    /// A history page, by its distance from the newest one, which is 0.
    History(u8),
    /// A page of the sensor, by its own number.
    Sensor(u32),
    /// A page of a trace.
    Trace(u8),
}

impl Block for PageRequest {
    const HEAD: Option<Field> = None;
    const NOUN: &'static str = "page";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, of: Context) -> Result<Self, Stop> {
        match of.opcode.page() {
            Some(PageKind::History) => {
                let back = c.read(HISTORY, u8)?;
                match back {
                    0 => c.relabel(format_args!("History Page: the newest")),
                    _ => c.relabel(format_args!("History Page: {back} before the newest")),
                }
                c.expect(back < 36, "at most 35");
                Ok(Self::History(back))
            }
            Some(PageKind::Trace) => c.read(TRACE, u8).map(Self::Trace),
            // One source asks for a VCNTR page with a single byte.
            _ if c.remaining() == 1 => c.read(SENSOR, u8.map(u32::from)).map(Self::Sensor),
            _ => c.read(SENSOR, be_u32).map(Self::Sensor),
        }
    }
}

impl fmt::Display for PageRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::History(0) => f.write_str("0 (the newest)"),
            Self::History(back) => write!(f, "{back} (before the newest)"),
            Self::Sensor(number) => number.fmt(f),
            Self::Trace(number) => number.fmt(f),
        }
    }
}

/// Number of the current history page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryPages {
    /// Counted since the pump began.
    pub current: u32,
}

impl Block for HistoryPages {
    const HEAD: Option<Field> = None;
    const NOUN: &'static str = "current history page";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        Ok(Self { current: c.read(CURRENT, be_u32)? })
    }
}

impl fmt::Display for HistoryPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.current.fmt(f)
    }
}

/// The pages of the glucose sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlucosePages {
    /// Number of the current one, counted since the pump began.
    pub current: u32,
    /// How many glucose pages there are.
    pub glucose: u16,
    /// How many ISIG pages there are.
    pub isig: u16,
}

impl Block for GlucosePages {
    const HEAD: Option<Field> = Some(HEAD);
    const NOUN: &'static str = "current glucose page";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        let current = c.read(GLUCOSE_CURRENT, be_u32)?;
        let glucose = c.read(GLUCOSE_COUNT, be_u16)?;
        let isig = c.read(ISIG_COUNT, be_u16)?;
        c.read(GLUCOSE_ROOM, be_u16)?;
        c.read(ISIG_ROOM, be_u16)?;
        Ok(Self { current, glucose, isig })
    }
}

impl fmt::Display for GlucosePages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} glucose and {} ISIG pages stored", self.current, self.glucose, self.isig)
    }
}
