// SPDX-License-Identifier: GPL-2.0-or-later
//! In: replies to Read Remote Control IDs (0x76) and Read Paradigm Link IDs (0x95), and Set Remote Control ID (0x51).
//! Out: the devices that a pump listens to.

use super::block::{Block, Context, ascii};
use crate::tree::cursor::Cursor;
use crate::tree::expert::{Stop, UNKNOWN_VALUE};
use crate::tree::field::Field;
use crate::tree::sink::{Show, Sink, Value};
use arrayvec::ArrayString;
use nom::Parser;
use nom::bytes::complete::take;
use nom::number::complete::u8;
use std::fmt;

crate::fields! {
    /// The remote controls that the pump obeys.
    REMOTES: Tree, "carelink.pump.remote_ids", "Remote Controls", Confirmed;
    /// Identity of a remote control: six digits, or six dashes for none.
    REMOTE: Text, "carelink.pump.remote_ids.id", "Remote Control", Confirmed, identity Text;
    /// The glucose meters (Paradigm Link) that the pump listens to.
    LINKS: Tree, "carelink.pump.link_ids", "Paradigm Link Meters", Confirmed;
    /// Identity of a glucose meter: six digits, or six dashes for none.
    LINK: Text, "carelink.pump.link_ids.id", "Meter", Confirmed, identity Text;
    /// Changes one of the remote controls that the pump obeys.
    SET: Tree, "carelink.pump.set_remote_id", "Remote Control", Inferred;
    /// Which of the three remote controls, from 0.
    SLOT: U8, "carelink.pump.set_remote_id.index", "Index", Inferred;
    /// Identity of the remote control: six digits, or six dashes to delete it.
    SET_ID: Text, "carelink.pump.set_remote_id.id", "Identity", Inferred, identity Text;
}

/// Identity of a device that a pump knows: six characters, digits as a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceId(ArrayString<18>);

const NONE: &str = "------";

impl DeviceId {
    /// The identity of these six printable ASCII characters; six dashes stand for none.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        (text.len() == 6 && printable).then(|| Self(ascii(text.as_bytes())))
    }

    /// Its six characters; six dashes stand for none.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// True if there is such a device.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.text() != NONE
    }

    pub(super) fn read<S: Sink>(
        c: &mut Cursor<'_, '_, S>,
        field: Field,
        label: fmt::Arguments<'_>,
    ) -> Result<Self, Stop> {
        let id = c.read(field, take(6usize).map(|text| Self(ascii(text))))?;
        if c.shows() {
            c.relabel(format_args!("{label}: {id}"));
        }
        if id.is_set() && !id.text().bytes().all(|byte| byte.is_ascii_digit()) {
            c.expert(UNKNOWN_VALUE, format_args!("not six digits"));
        }
        Ok(id)
    }
}

impl Show for DeviceId {
    fn show(&self) -> Value<'_> {
        Value::Text(&self.0)
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_set() { self.text() } else { "none" })
    }
}

fn three<S: Sink>(c: &mut Cursor<'_, '_, S>, field: Field) -> Result<[DeviceId; 3], Stop> {
    let label = field.def().label;
    Ok([
        DeviceId::read(c, field, format_args!("{label} 1"))?,
        DeviceId::read(c, field, format_args!("{label} 2"))?,
        DeviceId::read(c, field, format_args!("{label} 3"))?,
    ])
}

fn list(ids: &[DeviceId; 3], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if !ids.iter().any(DeviceId::is_set) {
        return f.write_str("none");
    }
    let [one, two, three] = ids;
    write!(f, "{one}, {two}, {three}")
}

/// The remote controls that a pump obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteIds(pub [DeviceId; 3]);

impl Block for RemoteIds {
    const HEAD: Option<Field> = Some(REMOTES);
    const NOUN: &'static str = "remote controls";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        three(c, REMOTE).map(Self)
    }
}

impl fmt::Display for RemoteIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(&self.0, f)
    }
}

/// The glucose meters that a pump listens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkIds(pub [DeviceId; 3]);

impl Block for LinkIds {
    const HEAD: Option<Field> = Some(LINKS);
    const NOUN: &'static str = "meters";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        three(c, LINK).map(Self)
    }
}

impl fmt::Display for LinkIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(&self.0, f)
    }
}

/// A change to one of the remote controls that a pump obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetRemoteId {
    /// Which of the three, from 0.
    pub index: u8,
    /// The remote control, or none to delete it.
    pub id: DeviceId,
}

impl Block for SetRemoteId {
    const HEAD: Option<Field> = Some(SET);
    const NOUN: &'static str = "remote control";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        let index = c.read(SLOT, u8)?;
        c.expect(index <= 2, "0 to 2");
        let id = DeviceId::read(c, SET_ID, format_args!("Identity"))?;
        Ok(Self { index, id })
    }
}

impl fmt::Display for SetRemoteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = u32::from(self.index) + 1;
        if self.id.is_set() { write!(f, "{place} is {}", self.id) } else { write!(f, "{place} deleted") }
    }
}
