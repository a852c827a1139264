// SPDX-License-Identifier: GPL-2.0-or-later
//! In: text of the meter. Out: its records by their parts: what it is, whose it is, when that was.
//!
//! Source: `docs/protocol/nextlink.md`, section 2. Records have parts between bars, and those have parts between `^`. A
//! part that does not look as it should may hold what belongs to another one, such as the meter's serial number: it is
//! shown as text that is not understood.

use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::sink::{Show, Sink, Value};
use crate::units::clock::PumpTime;
use jiff::civil::{Date, DateTime};
use nom::Parser as _;
use nom::bytes::complete::take;

crate::fields! {
    /// Text that is no known word and no known record, or the part of one that does not look as it should. It may tell whose the meter is.
    TEXT: Text, "carelink.nextlink.text", "Text", Confirmed, identity Text;
    /// A record of the meter: a result, a patient, or the end of all.
    RECORD: Text, "carelink.nextlink.record", "Record", Confirmed;
    /// When the meter sent the record, or measured its result, by the meter's clock.
    TIME: Clock, "carelink.nextlink.record.time", "Time", Inferred, redate redate;
    /// What the meter was told of its owner, as letters and digits.
    PATIENT: Text, "carelink.nextlink.record.patient", "Patient", Inferred, identity Text;
    /// The record in which the meter says what it is.
    HEADER: Text, "carelink.nextlink.header", "Header Record", Confirmed;
    /// Letters with which hosts get access to the meter.
    PASSWORD: Text, "carelink.nextlink.header.password", "Access Password", Inferred, identity Text;
    /// The meter's product name.
    PRODUCT: Text, "carelink.nextlink.header.product", "Product", Confirmed;
    /// Versions of the meter's software.
    VERSIONS: Text, "carelink.nextlink.header.versions", "Versions", Inferred;
    /// The meter's model, which comes before its serial number.
    MODEL: Text, "carelink.nextlink.header.model", "Meter Model", Inferred;
    /// The meter's serial number.
    SERIAL: Text, "carelink.nextlink.header.serial", "Meter Serial", Inferred, identity Text;
}

/// How the header record begins.
const HEADER_MARK: &str = "H|";

/// Product names of meters with a link to pumps begin so.
const PRODUCTS: [&str; 2] = ["Bayer6200", "Bayer6300"];

/// Where the parts of a header record stand, counted from 0.
mod at {
    pub const DELIMITERS: usize = 1;
    pub const PASSWORD: usize = 3;
    pub const SENDER: usize = 4;
    pub const SETTINGS: usize = 5;
}

/// The longest number in a record that is none of a device.
const SHORT: usize = 3;

/// True for what text consists of.
pub fn printable(byte: u8) -> bool {
    byte == b' ' || byte.is_ascii_graphic()
}

/// Characters that can be shown, as they are.
#[derive(Clone, Copy, Debug)]
pub struct Characters<'b>(pub &'b [u8]);

impl<'b> Characters<'b> {
    /// As text.
    #[must_use]
    pub fn text(self) -> &'b str {
        str::from_utf8(self.0).unwrap_or_default()
    }
}

impl Show for Characters<'_> {
    fn show(&self) -> Value<'_> {
        Value::Text(self.text())
    }
}

/// The product that a header record in `message` names.
#[must_use]
pub fn product(message: &[u8]) -> Option<&str> {
    let mark = HEADER_MARK.as_bytes();
    let start = message.windows(mark.len()).position(|window| window == mark)?;
    let record = message[start..].split(|&byte| !printable(byte)).next()?;
    str::from_utf8(record).ok()?.split('|').nth(at::SENDER)?.split('^').next()
}

/// True if `message` has the header record of a meter with a link to pumps.
#[must_use]
pub fn introduces(message: &[u8]) -> bool {
    product(message).is_some_and(|product| PRODUCTS.contains(&product))
}

/// Reads the next `length` bytes, which are text: as a record if they are one.
///
/// # Errors
/// [`Stop`] if they are not there.
pub fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, length: usize) -> Result<(), Stop> {
    let text = Characters(c.rest().get(..length).unwrap_or_default()).text();
    if let Some(before) = text.find(HEADER_MARK).filter(|&before| before > 0) {
        unknown(c, before)?;
        return header(c, length - before);
    }
    match text.split_at_checked(2).map(|(kind, _)| kind) {
        Some(HEADER_MARK) => header(c, length),
        Some("P|" | "R|" | "L|") => record(c, length),
        _ => unknown(c, length),
    }
}

/// Reads text of which nobody knows what it says.
///
/// # Errors
/// [`Stop`] if it is not there.
pub fn unknown<S: Sink>(c: &mut Cursor<'_, '_, S>, length: usize) -> Result<(), Stop> {
    let text = c.read(TEXT, take(length).map(Characters))?.text();
    c.info(format_args!("{text}"));
    Ok(())
}

fn record<S: Sink>(c: &mut Cursor<'_, '_, S>, length: usize) -> Result<(), Stop> {
    let start = c.position();
    c.packed(RECORD, take(length).map(Characters), |c, text| {
        let text = text.text();
        c.info(format_args!("{text}"));
        for (nth, (at, part)) in parts(text, '|').enumerate().skip(1) {
            let place = Part { start: start + at, text: part };
            if !place.time(c) && text.starts_with('P') && nth > 1 {
                place.show(PATIENT, c);
            }
        }
    })?;
    Ok(())
}

fn header<S: Sink>(c: &mut Cursor<'_, '_, S>, length: usize) -> Result<(), Stop> {
    let start = c.position();
    c.packed(HEADER, take(length).map(Characters), |c, text| {
        for (nth, (at, part)) in parts(text.text(), '|').enumerate() {
            let place = Part { start: start + at, text: part };
            match nth {
                0 => {}
                at::DELIMITERS if !part.bytes().any(|byte| byte.is_ascii_alphanumeric()) => {}
                at::PASSWORD => place.show(PASSWORD, c),
                at::SENDER => sender(place, c),
                at::SETTINGS if part.split('^').all(is_setting) => {}
                _ if part.len() <= SHORT && part.bytes().all(|byte| byte.is_ascii_digit()) => {}
                _ if place.time(c) => {}
                _ => place.show(TEXT, c),
            }
        }
    })?;
    Ok(())
}

/// Shows what a header record says of the meter: product, versions, and serial number, which comes twice.
fn sender<S: Sink>(sender: Part<'_>, c: &mut Cursor<'_, '_, S>) {
    for (nth, (at, part)) in parts(sender.text, '^').enumerate() {
        let place = Part { start: sender.start + at, text: part };
        match nth {
            0 if is_product(part) => {
                c.info(format_args!("Header Record: {part}"));
                place.show(PRODUCT, c);
            }
            1 if part.bytes().all(|byte| byte.is_ascii_digit() || b".\\X".contains(&byte)) => {
                place.show(VERSIONS, c);
            }
            0 | 1 => place.show(TEXT, c),
            _ => {
                let model = part.split_once('-').map(|(model, _)| model).filter(|model| is_model(model));
                if let Some(model) = model.filter(|_| nth == 2) {
                    Part { text: model, ..place }.show(MODEL, c);
                }
                let before = model.map_or(0, |model| model.len() + 1);
                let serial = part[before..].trim_start();
                let start = place.start + part.len() - serial.len();
                Part { start, text: serial }.show(SERIAL, c);
            }
        }
    }
}

/// `Bayer6200`
fn is_product(text: &str) -> bool {
    text.strip_prefix("Bayer").is_some_and(is_model)
}

fn is_model(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `I=0200`
fn is_setting(text: &str) -> bool {
    matches!(text.as_bytes(), [name, b'=', ..] if name.is_ascii_uppercase())
}

/// Parts between separators, and where each begins.
fn parts(text: &str, separator: char) -> impl Iterator<Item = (usize, &str)> {
    text.split(separator).scan(0, |end, part| {
        let start = *end;
        *end += part.len() + 1;
        Some((start, part))
    })
}

/// A part of a record.
#[derive(Clone, Copy, Debug)]
struct Part<'b> {
    /// Where it is.
    start: usize,
    text: &'b str,
}

impl Part<'_> {
    /// Shows it, if there is anything to show.
    fn show<S: Sink>(self, field: crate::tree::field::Field, c: &mut Cursor<'_, '_, S>) {
        if !self.text.is_empty() {
            c.derived_at(field, c.span(self.start, self.start + self.text.len()), &self.text);
        }
    }

    /// Shows it if it is a date and time. True if so.
    fn time<S: Sink>(self, c: &mut Cursor<'_, '_, S>) -> bool {
        let form = match self.text.len() {
            12 => "%Y%m%d%H%M",
            14 => "%Y%m%d%H%M%S",
            _ => return false,
        };
        let time = DateTime::strptime(form, self.text).ok().map(PumpTime::from);
        if let Some(time) = time {
            c.derived_at(TIME, c.span(self.start, self.start + self.text.len()), &time);
        }
        time.is_some()
    }
}

/// Writes another day over the one in a date of digits.
fn redate(digits: &mut [u8], _: Date, to: Date) {
    if let Some(day) = digits.get_mut(..8) {
        day.copy_from_slice(to.strftime("%Y%m%d").to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::outline::Outline;

    const RECORD: &str = "H|\\^&||abcdef|Bayer6300^01.22\\01.13^6301- C1234567^0000-^C1234567|A=1^I=0200|0||||||1|201305081532";

    /// The values of a kind in a text, and the bytes that each lies in.
    fn values(text: &str, field: crate::tree::field::Field) -> Vec<String> {
        let mut outline = Outline::default();
        outline.clear();
        read(&mut Cursor::new(text.as_bytes(), 0, false, &mut outline), text.len()).expect("it is whole");
        let nodes = outline.nodes().iter().filter(|node| node.field == field.id());
        nodes.map(|node| text[node.start as usize..][..node.len as usize].to_owned()).collect()
    }

    #[test]
    fn a_header_record_names_the_meter() {
        let message = [&b"\x04\x021"[..], RECORD.as_bytes(), b"\r\x17"].concat();
        assert_eq!(product(&message), Some("Bayer6300"));
        assert!(introduces(&message));
        assert!(!introduces(b"\x021H|\\^&||abcdef|Bayer7410^01.22|"), "another meter of the maker's");
        assert!(!introduces(b"\x06"));
    }

    #[test]
    fn each_part_lies_where_it_is() {
        for (field, expected) in [
            (PASSWORD, &["abcdef"][..]),
            (PRODUCT, &["Bayer6300"]),
            (VERSIONS, &["01.22\\01.13"]),
            (MODEL, &["6301"]),
            (SERIAL, &["C1234567", "C1234567"]),
            (TIME, &["201305081532"]),
            (TEXT, &[]),
        ] {
            assert_eq!(values(RECORD, field), expected, "{}", field.def().name);
        }
    }

    #[test]
    fn no_damage_makes_a_serial_look_like_anything_else() {
        let known = [PASSWORD, SERIAL, TEXT, PATIENT];
        for at in 2..RECORD.len() {
            for bit in 0..7 {
                let mut bytes = RECORD.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                if !printable(bytes[at]) {
                    continue;
                }
                let text = String::from_utf8(bytes).expect("text");
                let mut told: Vec<String> = known.iter().flat_map(|&field| values(&text, field)).collect();
                told.sort_by_key(|told| std::cmp::Reverse(told.len()));
                let rest = told.iter().fold(text.clone(), |rest, told| rest.replace(told.as_str(), ""));
                assert!(!rest.contains("234567") && !rest.contains("123456"), "{text}: {rest}");
            }
        }
    }

    #[test]
    fn what_a_meter_tells_of_people_is_marked() {
        assert_eq!(values("P|1|77-12|Doe", PATIENT), ["77-12", "Doe"]);
        let result = "R|1|^^^Glucose|120|mg/dL^P||F||201305081532";
        assert_eq!((values(result, TIME), values(result, TEXT)), (vec!["201305081532".to_owned()], vec![]));
        assert_eq!(values("0-^C1234567|A=1", TEXT), ["0-^C1234567|A=1"]);
    }
}
