// SPDX-License-Identifier: GPL-2.0-or-later
//! In: replies to Read Pump ID (0x71), Read Firmware Version (0x74), Read Pump Model (0x8D). Out: who the pump is.

use super::block::{Block, Context, ascii};
use super::ids::DeviceId;
use super::model::Model;
use crate::tree::cursor::Cursor;
use crate::tree::expert::{Stop, UNKNOWN_VALUE};
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use arrayvec::ArrayString;
use nom::Parser;
use nom::bytes::complete::{take, take_till, take_while};
use nom::number::complete::u8;
use std::fmt;

crate::fields! {
    /// Serial number of the pump, six digits, as the pump itself states it.
    SERIAL: Text, "carelink.pump.id.serial", "Pump Serial", Confirmed, identity Text;
    /// Fills up the serial number of a 508.
    BLANKS: Bytes, "carelink.pump.id.blanks", "Blanks", Inferred;
    /// The pump's firmware.
    FIRMWARE: Tree, "carelink.pump.firmware", "Firmware", Confirmed;
    /// Version of the pump's firmware. It tells generations apart only roughly: 2.4 runs on a 522 and on a 523.
    VERSION: Text, "carelink.pump.firmware.version", "Version", Confirmed;
    /// Marks the end of the version.
    END: Bytes, "carelink.pump.firmware.end", "End Mark", Confirmed;
    /// The pump's model.
    MODEL: Tree, "carelink.pump.model", "Model", Confirmed;
    /// Length of the model number.
    LENGTH: U8, "carelink.pump.model.length", "Length", Confirmed;
    /// Model number, perhaps with a letter. The second and third digit decide the layouts of other replies.
    NUMBER: Text, "carelink.pump.model.number", "Model Number", Confirmed;
}

/// The serial number that a pump states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PumpId(pub DeviceId);

impl Block for PumpId {
    const HEAD: Option<Field> = None;
    const NOUN: &'static str = "serial";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        let serial = DeviceId::read(c, SERIAL, format_args!("Pump Serial")).map(Self)?;
        // A 508 answers with ten characters.
        if c.byte(c.position()) == Some(b' ') {
            c.read(BLANKS, take_while(|byte| byte == b' '))?;
        }
        Ok(serial)
    }
}

impl fmt::Display for PumpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The version of a pump's firmware, such as `VER 2.4A1.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Firmware(pub ArrayString<192>);

/// Ends the version.
const MARK: u8 = 0x0B;

impl Block for Firmware {
    const HEAD: Option<Field> = Some(FIRMWARE);
    const NOUN: &'static str = "firmware";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        let version = take_till(|byte| byte == MARK || byte == 0).map(|text: &[u8]| ascii::<192>(text));
        let version = c.read(VERSION, version.map(Text))?.0;
        if c.rest().first() == Some(&MARK) {
            c.read(END, take_while(|byte| byte == MARK))?;
        }
        let mut trimmed = ArrayString::new();
        let _ = trimmed.try_push_str(version.trim());
        Ok(Self(trimmed))
    }
}

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a pump says of its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PumpModel {
    /// As it says it.
    pub text: ArrayString<24>,
    /// The model, if that is a model number.
    pub model: Option<Model>,
}

impl Block for PumpModel {
    const HEAD: Option<Field> = Some(MODEL);
    const NOUN: &'static str = "model";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        let length = c.read(LENGTH, u8)?;
        c.expect((3..=8).contains(&length), "3 to 8");
        let text = c.read(NUMBER, take(length.min(8)).map(|text: &[u8]| Text(ascii::<24>(text))))?.0;
        let model = Model::parse(&text);
        if model.is_none() {
            c.expert(UNKNOWN_VALUE, format_args!("not a model number"));
        }
        Ok(Self { text, model })
    }
}

impl fmt::Display for PumpModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

/// Shows text that is kept without the heap.
struct Text<const N: usize>(ArrayString<N>);

impl<const N: usize> crate::tree::sink::Show for Text<N> {
    fn show(&self) -> crate::tree::sink::Value<'_> {
        crate::tree::sink::Value::Text(&self.0)
    }
}
