// SPDX-License-Identifier: GPL-2.0-or-later
//! In: records of devices that the pump is to know (0x26, 0x36, 0x3C, 0x7D, 0x81, 0x82). Out: their identities.

use super::reading::Reading;
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use arrayvec::ArrayVec;
use nom::number::complete::{be_u24, be_u32, u8};

crate::fields! {
    /// The pump obeys remote controls.
    REMOTE_ENABLED: Flag, "carelink.history.remote.enabled", "Remote Controls Enabled", Confirmed;
    /// Identity of a remote control; people know it by its decimal digits.
    REMOTE: U32, "carelink.history.remote.id", "Remote Control", Confirmed, identity Number;
    /// The pump listens to glucose meters.
    METER_ENABLED: Flag, "carelink.history.meter.enabled", "Meters Enabled", Inferred;
    /// Identity of a glucose meter; people know it by its hexadecimal digits.
    METER: X32, "carelink.history.meter.id", "Meter", Inferred, identity Packed;
    /// The pump listens to glucose meters (Paradigm Link).
    LINK_ENABLED: Flag, "carelink.history.link.enabled", "Paradigm Links Enabled", Confirmed;
    /// Identity of a glucose meter (Paradigm Link); people know it by its hexadecimal digits.
    LINK: X32, "carelink.history.link.id", "Paradigm Link", Confirmed, identity Packed;
    /// A byte that tells the parts of the record apart: the record's opcode plus one, then plus two.
    MARK: X8, "carelink.history.ids.mark", "Mark", Inferred;
    /// Number of devices.
    COUNT: U8, "carelink.history.device.count", "Devices", Inferred;
    /// A zero before each device.
    BLANK: X8, "carelink.history.device.blank", "Unused", Guessed;
    /// Identity of a device: a MySentry monitor, or the like.
    DEVICE: X32, "carelink.history.device.id", "Device", Inferred, identity Packed;
}

/// Devices that the pump is to know, and whether it is to know any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    /// Whether it is to know any.
    pub enabled: bool,
    /// Identities of 24 bits, 0 for none.
    pub ids: [u32; 3],
}

pub(super) fn remotes<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Ids, Stop> {
    three(c, r, REMOTE_ENABLED, |c| {
        let id = c.read(REMOTE, be_u24)?;
        c.relabel(format_args!("Remote Control: {id:06}"));
        Ok(id)
    })
}

pub(super) fn meters<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Ids, Stop> {
    three(c, r, METER_ENABLED, |c| hexadecimal(c, METER))
}

pub(super) fn links<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<Ids, Stop> {
    three(c, r, LINK_ENABLED, |c| hexadecimal(c, LINK))
}

fn hexadecimal<S: Sink>(c: &mut Cursor<'_, '_, S>, field: Field) -> Result<u32, Stop> {
    let id = c.read(field, be_u24)?;
    if c.shows() {
        c.relabel(format_args!("{}: {id:06X}", field.def().label));
    }
    Ok(id)
}

/// Two marks, behind which lie two identities and one.
fn three<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    r: &mut Reading<'_>,
    enabled: Field,
    mut id: impl FnMut(&mut Cursor<'_, '_, S>) -> Result<u32, Stop>,
) -> Result<Ids, Stop> {
    let enabled = c.flag(enabled)?;
    r.stamp(c)?;
    c.read(MARK, u8)?;
    let (first, second) = (id(c)?, id(c)?);
    c.read(MARK, u8)?;
    let third = id(c)?;
    c.fill();
    Ok(Ids { enabled, ids: [first, second, third] })
}

/// Other devices: MySentry monitors and the like.
pub(super) fn devices<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    r: &mut Reading<'_>,
) -> Result<ArrayVec<u32, 6>, Stop> {
    let count = c.read(COUNT, u8)?;
    r.stamp(c)?;
    let mut ids = ArrayVec::new();
    while c.remaining() > 0 && ids.len() < usize::from(count) && !ids.is_full() {
        c.read(BLANK, u8)?;
        ids.push(c.read(DEVICE, be_u32)?);
    }
    c.fill();
    Ok(ids)
}
