// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the reply to a page read, and the other pages of the same pump. Out: the page, record by record.

use super::payload::PAYLOAD;
use crate::exchange::{Outcome, Transaction, TransactionId, Transactions};
use crate::pages::{check, seal};
use crate::pump::model::Pump;
use crate::pump::pages::PageRequest;
use crate::pump::serial::Serial;
use crate::pump::{self, PageKind, Parameters};
use crate::sensor::Beside;
use crate::tree::checksum::{Check, CrcStatus};
use crate::tree::crc::crc16;
use crate::tree::cursor::Cursor;
use crate::tree::expert::{LIMIT_REACHED, MODEL_ASSUMED, Stop};
use crate::tree::opaque::UNKNOWN;
use crate::tree::sink::Sink;
use crate::units::clock::PumpTime;
use crate::units::count::Count;
use crate::{history, sensor};
use jiff::civil::{Date, DateTime};
use nom::Parser as _;
use nom::bytes::complete::take;
use nom::number::complete::be_u16;
use std::fmt;

/// The most pages that are followed to find the time of one: pumps keep 32.
const MOST_PAGES: u32 = 64;

/// The page that a transaction asks for.
#[must_use]
pub fn request(transaction: &Transaction) -> Option<PageRequest> {
    let opcode = transaction.pump_opcode()?;
    let mut nobody = ();
    let mut c = Cursor::new(transaction.parameters(), 0, false, &mut nobody);
    match pump::parameters(opcode, &mut c, Pump::default()) {
        Ok(Some(Parameters::Page(page))) => Some(page),
        _ => None,
    }
}

/// A page by its kind and number: `History page 5`, `Glucose page`.
#[derive(Clone, Copy, Debug)]
pub struct Title {
    /// What it holds.
    pub kind: PageKind,
    /// Which one it is, if that is known.
    pub number: Option<PageRequest>,
}

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            PageKind::History => "History page",
            PageKind::Glucose => "Glucose page",
            PageKind::Isig => "ISIG page",
            PageKind::Vcntr => "VCNTR page",
            PageKind::Trace => "Trace page",
        })?;
        match self.number {
            Some(PageRequest::History(number) | PageRequest::Trace(number)) => write!(f, " {number}"),
            Some(PageRequest::Sensor(number)) => write!(f, " {number}"),
            None => Ok(()),
        }
    }
}

/// The page that a transaction asks for, in words.
#[must_use]
pub fn title(transaction: &Transaction) -> Option<Title> {
    let kind = transaction.pump_opcode()?.page()?;
    Some(Title { kind, number: request(transaction) })
}

/// The days of the first and of the last record whose time is known.
#[derive(Clone, Copy, Debug, Default)]
struct Days(Option<(Date, Date)>);

impl Days {
    /// The days of the first time and of the last one.
    fn of(times: impl DoubleEndedIterator<Item = Option<DateTime>>) -> Self {
        let mut times = times.flatten().map(DateTime::date);
        let first = times.next();
        Self(first.map(|first| (first, times.next_back().unwrap_or(first))))
    }

    fn of_glucose(records: &[sensor::Record]) -> Self {
        Self::of(records.iter().map(|record| record.when.certain()))
    }
}

/// `, 2013-08-01 to 2013-08-03`
impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => Ok(()),
            Some((first, last)) if first == last => write!(f, ", {first}"),
            Some((first, last)) => write!(f, ", {first} to {last}"),
        }
    }
}

/// Says what a page holds, before all else.
fn lead<S: Sink>(title: Title, records: usize, days: Days, lacks: bool, c: &mut Cursor<'_, '_, S>) {
    let end = if lacks { ", its end is missing" } else { "" };
    let records = Count(records, "record", "records");
    c.title(format_args!("Reply: {title}, {records}{days}{end}"));
    c.lead(format_args!("{title}: {records}{days}{end}"));
}

/// Shows the reply of a transaction as the page that it is.
pub fn show<S: Sink>(
    transactions: &Transactions,
    transaction: &Transaction,
    kind: PageKind,
    pump: Pump,
    c: &mut Cursor<'_, '_, S>,
) {
    let number = transaction.serial().zip(request(transaction));
    match (kind, number) {
        (PageKind::Glucose, Some((serial, PageRequest::Sensor(page)))) => {
            either(pump, c);
            let beside = beside(transactions, serial, page, pump);
            let after =
                page.checked_add(1).and_then(|newer| beginning(transactions, serial, newer, MOST_PAGES));
            if after.is_none() && more_than_followed(transactions, serial, page) {
                c.expert(
                    LIMIT_REACHED,
                    format_args!("none of {MOST_PAGES} newer pages has a time, and no more are read"),
                );
            }
            let title = Title { kind, number: Some(PageRequest::Sensor(page)) };
            let (mut records, lacks) = (Vec::new(), c.stop().cut);
            let page = sensor::page::page(c, &beside, after, &mut records);
            lead(title, page.records, Days::of_glucose(&records), lacks, c);
        }
        _ => {
            by_itself(Title { kind, number: request(transaction) }, pump, c);
        }
    }
}

/// Shows a page without its neighbours: how many records it has, as far as that is known, and the verdict on its check
/// value.
pub fn alone<S: Sink>(kind: PageKind, pump: Pump, c: &mut Cursor<'_, '_, S>) -> (Option<usize>, CrcStatus) {
    by_itself(Title { kind, number: None }, pump, c)
}

fn by_itself<S: Sink>(title: Title, pump: Pump, c: &mut Cursor<'_, '_, S>) -> (Option<usize>, CrcStatus) {
    let lacks = c.stop().cut;
    match title.kind {
        PageKind::History => {
            let mut records = Vec::new();
            let page = history::page::page(c, pump, &mut records);
            let times = records.iter().map(|record| record.time.and_then(PumpTime::valid));
            lead(title, page.records, Days::of(times), lacks, c);
            (Some(page.records), page.crc)
        }
        PageKind::Glucose => {
            either(pump, c);
            let beside = Beside { large: pump.large(), ..Beside::default() };
            let mut records = Vec::new();
            let page = sensor::page::page(c, &beside, None, &mut records);
            lead(title, page.records, Days::of_glucose(&records), lacks, c);
            (Some(page.records), page.crc)
        }
        PageKind::Isig => {
            let crc = sensor::isig::page(c, pump);
            c.lead(format_args!("{title}"));
            (None, crc)
        }
        PageKind::Vcntr => {
            let crc = sensor::vcntr::page(c);
            c.lead(format_args!("{title}"));
            (None, crc)
        }
        PageKind::Trace => {
            c.lead(format_args!("{title}"));
            if let Err(stop) = trace(c) {
                c.expert_stop(stop);
            }
            (None, CrcStatus::NotPresent)
        }
    }
}

/// Notes why glucose may be shown as either of two values: nobody knows whether its lowest bit lies on the ISIG page.
fn either<S: Sink>(pump: Pump, c: &mut Cursor<'_, '_, S>) {
    if pump.large().is_none() {
        c.expert(
            MODEL_ASSUMED,
            format_args!(
                "pumps from the 523 on keep the lowest bit of glucose on the ISIG page, others have none"
            ),
        );
    }
}

/// Shows a page that fails its check value: its bytes, and the check value.
pub fn damaged<S: Sink>(kind: PageKind, c: &mut Cursor<'_, '_, S>) {
    if let Some((covered, check)) = seal(kind, c.rest()) {
        let (start, width) = (c.position(), kind.check_width());
        let shown = c
            .read(PAYLOAD, take(covered))
            .and_then(|_| c.check(&"Page CRC", 4, start, take(width).map(|_: &[u8]| check)));
        if let Err(stop) = shown {
            c.expert_stop(stop);
        }
    }
    c.remainder(PAYLOAD);
}

/// A trace is shown as bytes. If it ends as other pages do, its check value is shown too.
fn trace<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<(), Stop> {
    let (start, bytes) = (c.position(), c.rest());
    if let Some((area, &[high, low])) = bytes.split_last_chunk() {
        let computed = crc16(area);
        if computed == u16::from_be_bytes([high, low]) {
            c.read(UNKNOWN, take(area.len()))?;
            c.check(&"Trace CRC", 4, start, be_u16.map(|sent| Check { sent, computed: Some(computed) }))?;
        }
    }
    c.remainder(UNKNOWN);
    Ok(())
}

/// The transactions whose pages it takes to read the page of this one in full: what was measured beside each glucose,
/// and the newer pages up to one that tells its time.
#[must_use]
pub fn companions(transactions: &Transactions, id: TransactionId) -> Vec<TransactionId> {
    let asked = transactions.get(id).and_then(|transaction| {
        let glucose = transaction.pump_opcode()?.page()? == PageKind::Glucose;
        transaction.serial().filter(|_| glucose).zip(request(transaction))
    });
    let Some((serial, PageRequest::Sensor(page))) = asked else { return Vec::new() };
    let brought = |kind, page| find(transactions, serial, kind, page);
    let beside = [PageKind::Isig, PageKind::Vcntr].into_iter().filter_map(|kind| brought(kind, page));
    let newer = (1..=MOST_PAGES).map_while(|step| brought(PageKind::Glucose, page.checked_add(step)?));
    let mut told = false;
    let newer = newer.take_while(|&newer| {
        let before = told;
        told = begin(transactions.reply(newer).0, None).is_some();
        !before
    });
    beside.chain(newer).filter(|&companion| companion != id).collect()
}

/// The last transaction that brought the page of a pump with this number, complete.
fn find(transactions: &Transactions, serial: Serial, kind: PageKind, page: u32) -> Option<TransactionId> {
    let wanted = Some(PageRequest::Sensor(page));
    let (id, _) = transactions.iter().rev().find(|(_, transaction)| {
        transaction.pump_opcode().and_then(pump::Opcode::page) == Some(kind)
            && transaction.serial() == Some(serial)
            && transaction.outcome() == Outcome::Complete
            && request(transaction) == wanted
    })?;
    (check(kind, transactions.reply(id).0) == CrcStatus::Good).then_some(id)
}

/// The same page.
fn bytes(transactions: &Transactions, serial: Serial, kind: PageKind, page: u32) -> Option<&[u8]> {
    find(transactions, serial, kind, page).map(|id| transactions.reply(id).0)
}

fn beside(transactions: &Transactions, serial: Serial, page: u32, pump: Pump) -> Beside<'_> {
    Beside {
        isig: bytes(transactions, serial, PageKind::Isig, page),
        vcntr: bytes(transactions, serial, PageKind::Vcntr, page),
        large: pump.large(),
    }
}

/// True if the glucose pages newer than `page` are more than are followed, without a gap.
fn more_than_followed(transactions: &Transactions, serial: Serial, page: u32) -> bool {
    let at_hand = |newer| find(transactions, serial, PageKind::Glucose, newer).is_some();
    (1..=MOST_PAGES + 1).all(|step| page.checked_add(step).is_some_and(at_hand))
}

/// Where glucose page `page` begins in time, if it and as many newer ones as needed are at hand.
fn beginning(transactions: &Transactions, serial: Serial, page: u32, most: u32) -> Option<DateTime> {
    let bytes = bytes(transactions, serial, PageKind::Glucose, page)?;
    let newer = most.checked_sub(1).zip(page.checked_add(1));
    let after = newer.and_then(|(most, newer)| beginning(transactions, serial, newer, most));
    begin(bytes, after)
}

/// Where a glucose page begins in time, if it tells, or `after` does, where the next one begins.
fn begin(bytes: &[u8], after: Option<DateTime>) -> Option<DateTime> {
    let mut nobody = ();
    let mut c = Cursor::new(bytes, 0, false, &mut nobody);
    sensor::page::page(&mut c, &Beside::default(), after, &mut Vec::new()).before
}
