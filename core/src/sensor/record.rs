// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the bytes of one sensor record, opcode last. Out: its typed value, shown.

use super::beside::{Beside, Isig};
use crate::history::layout::in_page;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::sink::{Show, Sink, Value};
use crate::units::clock::PumpTime;
use crate::units::quantities::Calibration;
use arrayvec::ArrayString;
use jiff::civil::{Date, DateTime};
use nom::Parser;
use nom::bytes::complete::take;
use nom::number::complete::{le_u16, u8};
use std::fmt::{self, Write as _};

crate::fields! {
    /// One record of the glucose sensor.
    RECORD: Tree, "carelink.sensor.record", "Sensor Record", Confirmed;
    /// What kind of record it is: its last byte. From 0x14 on that byte is a glucose value by itself.
    TYPE: X8, "carelink.sensor.type", "Record Type", Confirmed, names TYPE_NAMES;
    /// The vendor's name for the event that the record tells of.
    EVENT: Text, "carelink.sensor.event", "Event", Confirmed;
    /// When it happened, by the pump's clock: stored in the record, or counted back from the next newer time stamp, five minutes for each record.
    TIME: Clock, "carelink.sensor.time", "Time", Confirmed, redate Times::redate;
    /// When it happened, counted forward from the time stamp before it, because no newer one is at hand.
    ABOUT: Clock, "carelink.sensor.time_estimated", "Time, Estimated", Inferred;
    /// Sensor glucose. Pumps from the 523 on keep the lowest bit on the ISIG page.
    GLUCOSE: U16, "carelink.sensor.glucose", "Sensor Glucose", Confirmed, unit " mg/dL";
    /// The two values that sensor glucose may have where its lowest bit is on an ISIG page that is not at hand.
    EITHER: Text, "carelink.sensor.glucose_either", "Sensor Glucose", Confirmed;
    /// The sensor's current, from the ISIG page.
    ISIG: F64, "carelink.sensor.isig", "ISIG", Confirmed, unit " nA";
    /// Voltage at the sensor's counter electrode, from the VCNTR page, in steps of the converter.
    VCNTR: I8, "carelink.sensor.vcntr", "VCNTR", Guessed;
    /// What the calibration waits for, or how it failed.
    CAL: U8, "carelink.sensor.calibration", "Calibration", Confirmed, names Cal::NAMES;
    /// What the sensor sent instead of a value.
    PACKET: U8, "carelink.sensor.packet", "Packet", Confirmed, names Packet::NAMES;
    /// Why there is no value.
    ERROR: U8, "carelink.sensor.error", "Error", Confirmed, names Fault::NAMES;
    /// Why the time stamp was stored.
    STAMP: U8, "carelink.sensor.timestamp", "Time Stamp", Confirmed, names Stamp::NAMES;
    /// The battery is in.
    BATTERY: Flag, "carelink.sensor.battery", "Battery In", Confirmed;
    /// State of the sensor.
    STATUS: U8, "carelink.sensor.status", "Sensor Status", Confirmed, names SensorStatus::NAMES;
    /// Which side of a change of the clock it is.
    CLOCK: U8, "carelink.sensor.clock", "Clock", Confirmed, names Clock::NAMES;
    /// How the pump found the sensor.
    SYNC: U8, "carelink.sensor.sync", "Synchronisation", Confirmed, names Sync::NAMES;
    /// Blood glucose that the sensor is calibrated with; one high bit lies above the day.
    METER: U16, "carelink.sensor.meter_bg", "Blood Glucose", Confirmed, unit " mg/dL";
    /// Where the blood glucose came from.
    ORIGIN: U8, "carelink.sensor.meter_origin", "Origin", Confirmed, names Origin::NAMES;
    /// Glucose per sensor current.
    FACTOR: F64, "carelink.sensor.cal_factor", "Calibration Factor", Confirmed;
    /// An argument without a known meaning.
    ARGUMENTS: Bytes, "carelink.sensor.arguments", "Arguments", Guessed;
    /// A glucose value outside what the sensor measures, halved.
    RAW: U8, "carelink.sensor.raw", "Raw Value", Inferred;
}

/// How a record is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// Not at all.
    None,
    /// By its place: it takes one slot of five minutes.
    Slot,
    /// By a time that it holds.
    Stamped,
}

/// A kind of record.
#[derive(Debug)]
pub struct RecordType {
    /// Its last byte.
    pub opcode: u8,
    /// Its name, in words.
    pub name: &'static str,
    /// The vendor's name of the event that it tells of, if the vendor has one.
    pub event: Option<&'static str>,
    /// How many bytes it has.
    pub len: u8,
    /// How it is timed.
    pub timing: Timing,
}

macro_rules! records {
    ($($opcode:literal $name:literal $event:tt $len:literal $timing:ident;)+) => {
        /// All kinds of records but glucose values, in the order of their numbers.
        pub const RECORD_TYPES: &[RecordType] = &[$(RecordType {
            opcode: $opcode,
            name: $name,
            event: records!(@event $event),
            len: $len,
            timing: Timing::$timing,
        }),+];
        const TYPE_NAMES: &[(u32, &str)] = &[$(($opcode, $name)),+];
    };
    (@event -) => { None };
    (@event $event:ident) => { Some(stringify!($event)) };
}

#[rustfmt::skip]
records! {
    0x01 "Data End"              -                     1 None;
    0x02 "Weak Signal"           SensorWeakSignal      1 Slot;
    0x03 "Calibration"           SensorCal             2 Slot;
    0x04 "Packet"                SensorPacket          2 Slot;
    0x05 "Error"                 SensorError           2 Slot;
    0x06 "Glucose Too Low"       GlucoseSensorDataLow  2 Slot;
    0x07 "Glucose Too High"      GlucoseSensorDataHigh 2 Slot;
    0x08 "Time Stamp"            SensorTimestamp       5 Stamped;
    0x0A "Battery"               ChangeBatteryEnableGH 5 Stamped;
    0x0B "Sensor Status"         SensorStatus          5 Stamped;
    0x0C "Clock"                 -                     5 Stamped;
    0x0D "Synchronisation"       SensorSync            5 Stamped;
    0x0E "Calibration BG"        CalBGForGH            6 Stamped;
    0x0F "Calibration Factor"    SensorCalFactor       7 Stamped;
    0x10 "Special Display Event" -                     8 Stamped;
    0x11 "Unknown (0x11)"        -                     1 None;
    0x12 "Unknown (0x12)"        -                     1 None;
    0x13 "No Operation"          -                     1 None;
}

/// Lowest opcode that is a glucose value by itself.
const GLUCOSE_FROM: u8 = 0x14;
static GLUCOSE_KIND: RecordType = RecordType {
    opcode: GLUCOSE_FROM,
    name: "Glucose",
    event: Some("GlucoseSensorData"),
    len: 1,
    timing: Timing::Slot,
};

/// The kinds below glucose values, each at its last byte.
static BY_OPCODE: [Option<&RecordType>; GLUCOSE_FROM as usize] = {
    let (mut kinds, mut at) = ([None; GLUCOSE_FROM as usize], 0);
    while at < RECORD_TYPES.len() {
        kinds[RECORD_TYPES[at].opcode as usize] = Some(&RECORD_TYPES[at]);
        at += 1;
    }
    kinds
};

impl RecordType {
    /// The kind with this last byte; all glucose values are one kind.
    #[must_use]
    pub fn of(opcode: u8) -> Option<&'static Self> {
        if opcode >= GLUCOSE_FROM {
            return Some(&GLUCOSE_KIND);
        }
        BY_OPCODE[usize::from(opcode)]
    }
}

crate::open_enum! {
    /// What a calibration waits for, or how it failed, by the vendor's names.
    pub enum Cal: u8 {
        MeterNow = 0 => "meter_bg_now",
        Waiting = 1 => "waiting",
        Error = 2 => "cal_error",
        Discard = 3 => "discard",
    }
}
crate::open_enum! {
    /// What a sensor sent instead of a value, by the vendor's names.
    pub enum Packet: u8 {
        Init = 2 => "init",
    }
}
crate::open_enum! {
    /// Why there is no value, by the vendor's names.
    pub enum Fault: u8 {
        End = 1 => "end",
    }
}
crate::open_enum! {
    /// Why a time stamp was stored, by the vendor's names.
    pub enum Stamp: u8 {
        LastRf = 0 => "last_rf",
        PageEnd = 1 => "page_end",
        Gap = 2 => "gap",
    }
}
crate::open_enum! {
    /// How a sensor stands, by the vendor's names.
    pub enum SensorStatus: u8 {
        Off = 0 => "off",
        On = 1 => "on",
        Lost = 2 => "lost",
    }
}
crate::open_enum! {
    /// Which side of a change of the clock a record is.
    pub enum Clock: u8 {
        New = 0 => "new time, set by the user",
        Old = 1 => "old time",
        Reset = 2 => "new time, after a reset",
    }
}
crate::open_enum! {
    /// How a pump found its sensor, by the vendor's names.
    pub enum Sync: u8 {
        Resync = 0 => "resync",
        New = 1 => "new",
        /// No recording shows it.
        Old = 2 => "old",
        Find = 3 => "find",
    }
}
crate::open_enum! {
    /// Where blood glucose came from, by the vendor's names.
    pub enum Origin: u8 {
        Manual = 0 => "manual",
        Rf = 1 => "rf",
        /// A page of a 523 has it once, and its export too.
        RfModified = 5 => "rf_modified",
    }
}

/// When a record happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Stored in the record itself.
    Stored(PumpTime),
    /// Counted back from the next newer time stamp.
    Counted(PumpTime),
    /// Counted on from the time stamp before it, as there is no newer one: a minute or so off at times.
    About(PumpTime),
    /// Not known.
    Unknown,
}

impl When {
    /// The time, if it is certain and valid.
    #[must_use]
    pub fn certain(self) -> Option<DateTime> {
        match self {
            Self::Stored(time) | Self::Counted(time) => time.valid(),
            Self::About(_) | Self::Unknown => None,
        }
    }
}

/// A record of the glucose sensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Offset in its page.
    pub offset: u16,
    /// How many bytes it has.
    pub len: u16,
    /// Its last byte, which tells its kind.
    pub opcode: u8,
    /// When it happened.
    pub when: When,
    /// The sensor's current; `None` without an ISIG page, and on records that have none.
    pub isig: Option<Isig>,
    /// Voltage at the counter electrode, in steps of the converter; `None` without a VCNTR page.
    pub vcntr: Option<i8>,
    /// The rest.
    pub body: Body,
}

/// A page has a thousand, and each is moved.
const _: () = assert!(size_of::<Record>() <= 32);

/// What a record says beside its kind and its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Body {
    /// Nothing, or nothing with a known meaning.
    Nothing,
    /// Sensor glucose in mg/dL.
    Glucose(u16),
    /// Sensor glucose in mg/dL, or one more than it: the page with its lowest bit is not at hand.
    Either(u16),
    /// Glucose below what the sensor measures: half of it.
    Low(u8),
    /// Glucose above what the sensor measures: half of it.
    High(u8),
    /// What the calibration waits for, or how it failed.
    Cal(Cal),
    /// What the sensor sent instead of a value.
    Packet(Packet),
    /// Why there is no value.
    Error(Fault),
    /// Why the time stamp was stored.
    Stamp(Stamp),
    /// The battery is in.
    Battery(bool),
    /// State of the sensor.
    Status(SensorStatus),
    /// A side of a change of the clock.
    Clock(Clock),
    /// How the pump found the sensor.
    Sync(Sync),
    /// Blood glucose in mg/dL, and where it came from.
    Meter(u16, Origin),
    /// Glucose per sensor current.
    Factor(Calibration),
}

/// `134 or 135 mg/dL`
#[derive(Clone, Copy, Default)]
struct Either(ArrayString<24>);

impl Either {
    fn of(even: u16) -> Self {
        let mut text = ArrayString::new();
        // Five digits twice fit.
        let _ = write!(text, "{even} or {} mg/dL", even | 1);
        Self(text)
    }
}

impl Show for Either {
    fn show(&self) -> Value<'_> {
        Value::Text(&self.0)
    }
}

/// The four bytes of a time, in the order of the page, and the bits above it.
struct Times {
    time: PumpTime,
    subtype: u8,
    flag: u8,
}

impl Times {
    fn of([year, day, minute, hour]: [u8; 4]) -> Self {
        let month = hour >> 6 << 2 | minute >> 6;
        let year_number = 2000 + u16::from(year & 0x7F);
        let time = PumpTime::new(year_number, month, day & 0x1F, hour & 0x1F, minute & 0x3F, 0);
        Self { time, subtype: day >> 5, flag: year >> 7 }
    }

    /// Writes another day into the four bytes, and leaves time and bits above as they are.
    fn redate(bytes: &mut [u8], _: Date, to: Date) {
        let [year, day, minute, hour] = bytes else { return };
        let month = to.month().cast_unsigned();
        *year = *year & 0x80 | (to.year() - 2000).to_le_bytes()[0] & 0x7F;
        *day = *day & 0xE0 | to.day().cast_unsigned();
        *minute = *minute & 0x3F | month << 6;
        *hour = *hour & 0x3F | month >> 2 << 6;
    }

    /// The flag tells what came by radio; the highest bit of the subtype, that it was changed then.
    fn origin(&self) -> Origin {
        Origin::from(self.flag | self.subtype & 0b110)
    }
}

/// The time that the last five bytes of a stamped record hold.
pub(super) fn stamp(record: &[u8]) -> Option<PumpTime> {
    let (_, &[year, day, minute, hour, _]) = record.split_last_chunk()?;
    Some(Times::of([year, day, minute, hour]).time)
}

/// Reads the record that is all that `c` has left, adds it to a list, and returns what it says.
pub(super) fn record<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    kind: &'static RecordType,
    when: When,
    beside: &Beside<'_>,
    list: &mut Vec<Record>,
) -> Result<Body, Stop> {
    let (offset, len) = (c.position(), usize::from(kind.len));
    let end = offset + len - 1;
    let opcode = c.rest().last().copied().unwrap_or_default();
    c.group(RECORD, |c| {
        let body = match kind.timing {
            _ if opcode >= GLUCOSE_FROM => {
                let even = u16::from(opcode) * 2;
                match beside.odd(end) {
                    Some(odd) => Body::Glucose(c.read(GLUCOSE, u8.map(|_| even + odd))?),
                    None => {
                        // Only those who look need the text.
                        let text = if c.shows() { Either::of(even) } else { Either::default() };
                        c.read(EITHER, u8.map(|_| text))?;
                        Body::Either(even)
                    }
                }
            }
            Timing::Stamped => {
                let body = stamped(c, opcode)?;
                c.read(TYPE, u8)?;
                body
            }
            _ => {
                let body = short(c, opcode)?;
                c.read(TYPE, u8)?;
                body
            }
        };
        let slot = kind.timing == Timing::Slot;
        let vcntr = if slot { beside.vcntr(end) } else { None };
        // A lost signal and an error have no current: the word beside them means nothing.
        let isig = if slot && !matches!(opcode, 0x02 | 0x05) { beside.isig(end) } else { None };
        list.push(Record { offset: in_page(offset), len: kind.len.into(), opcode, when, isig, vcntr, body });
        if let Some(record) = list.last().filter(|_| c.shows()) {
            show(c, record, kind);
        }
        Ok(body)
    })
}

/// The argument of a record without a time of its own.
fn short<S: Sink>(c: &mut Cursor<'_, '_, S>, opcode: u8) -> Result<Body, Stop> {
    Ok(match opcode {
        0x03 => Body::Cal(c.choice(CAL)?),
        0x04 => Body::Packet(c.choice(PACKET)?),
        0x05 => Body::Error(c.choice(ERROR)?),
        0x06 => Body::Low(c.read(RAW, u8)?),
        0x07 => Body::High(c.read(RAW, u8)?),
        _ => Body::Nothing,
    })
}

/// The arguments and the time of a record that holds one.
fn stamped<S: Sink>(c: &mut Cursor<'_, '_, S>, opcode: u8) -> Result<Body, Stop> {
    let rest = c.rest();
    let bytes =
        rest.len().checked_sub(5).and_then(|at| rest[at..].first_chunk()).copied().unwrap_or_default();
    let times = Times::of(bytes);
    let body = match opcode {
        0x0E => {
            let high = times.subtype & 1;
            let amount = c.read(METER, u8.map(|low| u16::from_be_bytes([high, low])))?;
            Body::Meter(amount, times.origin())
        }
        0x0F => Body::Factor(c.read(FACTOR, le_u16.map(Calibration))?),
        0x10 => {
            c.read(ARGUMENTS, take(3usize))?;
            Body::Nothing
        }
        _ => Body::Nothing,
    };
    let at = c.position();
    c.clock(TIME, take(4usize).map(|_| times.time))?;
    let subtype = c.span(at + 1, at + 2);
    Ok(match opcode {
        0x08 => derived(c, STAMP, subtype, Stamp::from(times.subtype), Body::Stamp),
        0x0A => derived(c, BATTERY, subtype, times.subtype & 1 != 0, Body::Battery),
        0x0B => derived(c, STATUS, subtype, SensorStatus::from(times.subtype), Body::Status),
        0x0C => derived(c, CLOCK, subtype, Clock::from(times.subtype), Body::Clock),
        0x0D => derived(c, SYNC, subtype, Sync::from(times.subtype), Body::Sync),
        0x0E => {
            c.derived_at(ORIGIN, c.span(at, at + 1), &times.origin());
            body
        }
        _ => body,
    })
}

fn derived<T: Show + Copy, S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    field: crate::tree::field::Field,
    span: crate::tree::sink::Span,
    value: T,
    body: impl FnOnce(T) -> Body,
) -> Body {
    c.derived_at(field, span, &value);
    body(value)
}

/// What is not in the record's own bytes, and a title.
fn show<S: Sink>(c: &mut Cursor<'_, '_, S>, record: &Record, kind: &RecordType) {
    let start = usize::from(record.offset);
    let span = c.span(start, start + usize::from(record.len));
    match record.when {
        When::Counted(time) => c.generated(TIME, span, &time),
        When::About(time) => c.generated(ABOUT, span, &time),
        When::Stored(_) | When::Unknown => {}
    }
    if let Some(isig) = record.isig {
        c.generated(ISIG, span, &isig);
    }
    if let Some(vcntr) = record.vcntr {
        c.generated(VCNTR, span, &vcntr);
    }
    let event = record.event();
    if let Some(event) = event {
        c.generated(EVENT, span, &event);
    }
    let name = event.unwrap_or(kind.name);
    let Record { when, body, .. } = record;
    match body {
        Body::Nothing => c.title(format_args!("{when}{name}")),
        _ => c.title(format_args!("{when}{name}: {body}")),
    }
}

/// With a blank behind it, or nothing if the time is not known.
impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stored(time) | Self::Counted(time) => write!(f, "{time} "),
            Self::About(time) => write!(f, "about {time} "),
            Self::Unknown => Ok(()),
        }
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::Glucose(glucose) => write!(f, "{glucose} mg/dL"),
            Self::Either(even) => write!(f, "{}", Either::of(*even).0),
            Self::Low(half) => write!(f, "(raw {half})"),
            Self::High(half) => write!(f, "(raw {half})"),
            Self::Cal(cal) => write!(f, "{cal}"),
            Self::Packet(packet) => write!(f, "{packet}"),
            Self::Error(error) => write!(f, "{error}"),
            Self::Stamp(stamp) => write!(f, "{stamp}"),
            Self::Battery(on) => f.write_str(if *on { "in" } else { "out" }),
            Self::Status(status) => write!(f, "{status}"),
            Self::Clock(clock) => write!(f, "{clock}"),
            Self::Sync(sync) => write!(f, "{sync}"),
            Self::Meter(amount, origin) => write!(f, "{amount} mg/dL, {origin}"),
            Self::Factor(factor) => write!(f, "{factor}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{RECORD_TYPES, RecordType};

    #[test]
    fn kinds_are_in_the_order_of_their_numbers() {
        assert!(RECORD_TYPES.is_sorted_by(|a, b| a.opcode < b.opcode));
        assert_eq!(RecordType::of(0x0F).map(|kind| kind.len), Some(7));
        assert_eq!(RecordType::of(0xFF).map(|kind| kind.name), Some("Glucose"));
        assert!(RecordType::of(0x00).is_none() && RecordType::of(0x09).is_none());
    }
}
