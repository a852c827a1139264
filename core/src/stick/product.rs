// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the body of the answer to Read Product Info. Out: what stick this is.

use super::codes::{self, Interface, REPLY_LENGTH};
use super::command::Body;
use crate::tree::cursor::Cursor;
use crate::tree::expert::{Stop, UNKNOWN_VALUE};
use crate::tree::opaque::PADDING;
use crate::tree::sink::{Show, Sink, Value};
use arrayvec::ArrayString;
use nom::Parser as _;
use nom::bytes::complete::take;
use nom::number::complete::be_u8;
use std::fmt::{self, Write as _};

crate::open_enum! {
    /// The band that the stick's radio works in.
    pub enum Band: u8 {
        America = 0 => "916.5 MHz",
        Europe = 1 => "868.35 MHz",
        AmericaUnset = 255 => "916.5 MHz (not set)",
    }
}

impl Band {
    /// Frequency in MHz, if known.
    #[must_use]
    pub const fn megahertz(self) -> Option<f64> {
        match self {
            Self::America | Self::AmericaUnset => Some(916.5),
            Self::Europe => Some(868.35),
            Self::Unknown(_) => None,
        }
    }
}

crate::open_enum! {
    /// What an interface of the stick speaks.
    pub enum InterfaceType: u8 {
        ParadigmRadio = 1 => "Paradigm radio",
        Usb = 3 => "USB",
    }
}

crate::fields! {
    /// Serial number of the stick: three bytes, shown in hexadecimal.
    SERIAL: Text, "carelink.stick.product.serial", "Stick Serial", Confirmed, identity Packed;
    /// Version of the product, major and minor.
    VERSION: Text, "carelink.stick.product.version", "Product Version", Confirmed;
    /// The band that the stick's radio works in.
    BAND: U8, "carelink.stick.product.band", "Radio Band", Confirmed, names Band::NAMES;
    /// Frequency of the radio.
    FREQUENCY: F64, "carelink.stick.product.frequency", "Radio Frequency", Confirmed, unit " MHz";
    /// What the stick calls itself.
    DESCRIPTION: Text, "carelink.stick.product.description", "Description", Confirmed;
    /// Version of the stick's software, major and minor.
    SOFTWARE: Text, "carelink.stick.product.software", "Software Version", Confirmed;
    /// How many interface records follow.
    INTERFACES: U8, "carelink.stick.product.interfaces", "Interfaces", Confirmed;
    /// One interface of the stick.
    INTERFACE: Tree, "carelink.stick.product.interface", "Interface", Confirmed;
    /// What the interface speaks.
    INTERFACE_TYPE: U8, "carelink.stick.product.interface.type", "Interface Type", Confirmed, names InterfaceType::NAMES;
}

/// What a stick says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Serial number.
    pub serial: [u8; 3],
    /// Radio band.
    pub band: Band,
    /// What the stick calls itself; `ComLink II` is the only name seen.
    pub description: Text,
    /// Version of its software, major and minor.
    pub software: (u8, u8),
}

/// Interface records that fit a reply.
const MOST_INTERFACES: u8 = 20;

impl Body for Product {
    fn written(_: u16) -> usize {
        REPLY_LENGTH
    }

    fn fits(reply: &[u8]) -> Option<bool> {
        Some(reply.get(9..13) == Some(b"ComL") && reply.iter().skip(26).all(|&byte| byte == 0))
    }

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: u16) -> Result<Self, Stop> {
        let Serial(serial, _) = c.read(SERIAL, take(3usize).map(Serial::of))?;
        c.read(VERSION, version)?;
        let band = c.packed(BAND, be_u8.map(Band::from), |c, band| {
            if let Some(frequency) = band.megahertz() {
                c.derived(FREQUENCY, &frequency);
            }
        })?;
        if let Band::Unknown(number) = band {
            c.expert(UNKNOWN_VALUE, format_args!("{number} is not a known radio band"));
        }
        let Description(description) = c.read(DESCRIPTION, take(10usize).map(description))?;
        let Version { major, minor, .. } = c.read(SOFTWARE, version)?;
        let count = c.read(INTERFACES, be_u8)?;
        if count > MOST_INTERFACES {
            c.expert(UNKNOWN_VALUE, format_args!("a reply holds at most {MOST_INTERFACES}"));
        }
        for _ in 0..count.min(MOST_INTERFACES) {
            c.group(INTERFACE, |c| {
                let index = c.read(codes::INTERFACE, be_u8.map(Interface::from))?;
                let kind = c.read(INTERFACE_TYPE, be_u8.map(InterfaceType::from))?;
                c.title(format_args!("Interface {}: {kind}", u8::from(index)));
                Ok(())
            })?;
        }
        if c.rest().iter().all(|&byte| byte == 0) {
            c.remainder(PADDING);
        }
        c.info(format_args!("Product Info: {description}, stick {}, {band}", Serial::of(&serial).1));
        Ok(Self { serial, band, description, software: (major, minor) })
    }
}

/// A short text, in place.
pub type Text = ArrayString<{ 10 * char::REPLACEMENT_CHARACTER.len_utf8() }>;

/// What `arguments` say, as far as it fits.
fn written(arguments: fmt::Arguments<'_>) -> Text {
    let mut text = Text::new();
    // All texts here fit.
    let _ = text.write_fmt(arguments);
    text
}

struct Serial([u8; 3], Text);

impl Serial {
    fn of(bytes: &[u8]) -> Self {
        let mut serial = [0; 3];
        serial.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        let [a, b, c] = serial;
        Self(serial, written(format_args!("{a:02X}{b:02X}{c:02X}")))
    }
}

impl Show for Serial {
    fn show(&self) -> Value<'_> {
        Value::Text(&self.1)
    }
}

struct Version {
    major: u8,
    minor: u8,
    text: Text,
}

impl Show for Version {
    fn show(&self) -> Value<'_> {
        Value::Text(&self.text)
    }
}

fn version(bytes: &[u8]) -> nom::IResult<&[u8], Version> {
    (be_u8, be_u8)
        .map(|(major, minor)| Version { major, minor, text: written(format_args!("{major}.{minor}")) })
        .parse(bytes)
}

struct Description(Text);

impl Show for Description {
    fn show(&self) -> Value<'_> {
        Value::Text(&self.0)
    }
}

/// Text up to its end or its first zero, without blanks behind it; what is no UTF-8 is shown as U+FFFD.
fn description(bytes: &[u8]) -> Description {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let mut text = Text::new();
    for chunk in bytes[..end].utf8_chunks() {
        let _ = text.try_push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            let _ = text.try_push(char::REPLACEMENT_CHARACTER);
        }
    }
    text.truncate(text.trim_end().len());
    Description(text)
}
