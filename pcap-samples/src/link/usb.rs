// SPDX-License-Identifier: GPL-2.0-or-later
//! In: transfers. Out: URBs, two to a transfer (submitted and completed), behind the header of a USB capture.

use std::io::Write;

use anyhow::Result;

use super::{About, Capture};
use crate::session::{Direction, MS, Session, Transfer, TransferType};

/// From the host's offer of a buffer to the data in it, if the endpoint is free for so long.
const WAITING: u64 = 3 * MS / 10;
/// From the host's data to the device's acceptance.
const ACCEPTANCE: u64 = 12 * MS / 100;
/// From the end of a transfer to the next one on its endpoint, at least.
const TURN: u64 = MS / 100;

/// "In progress", as Linux says it of a URB that was just submitted.
const EINPROGRESS: i32 = -115;

/// Half of a transfer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Urb<'a> {
    time_ns: u64,
    complete: bool,
    transfer: &'a Transfer,
}

/// Appends a link's header for a URB.
pub(super) type Header = fn(&Urb<'_>, &mut Vec<u8>);

pub(super) fn write<W: Write>(
    session: &Session,
    header: Header,
    limit: u64,
    capture: &mut Capture<W>,
) -> Result<()> {
    let mut head = Vec::new();
    for urb in urbs(session) {
        if capture.count >= limit {
            break;
        }
        head.clear();
        header(&urb, &mut head);
        let lost = if urb.carries() { urb.transfer.lost } else { 0 };
        // The remark stands where the data are.
        let comment = urb.transfer.comment.as_deref().filter(|_| urb.carries());
        capture.packet(urb.time_ns, &head, urb.data(), &About { lost, flags: None, comment })?;
    }
    Ok(())
}

/// Both halves of every transfer, sorted by time.
fn urbs(session: &Session) -> Vec<Urb<'_>> {
    let mut urbs = Vec::with_capacity(2 * session.transfers.len());
    for (n, transfer) in session.transfers.iter().enumerate() {
        let (submitted, completed) = match transfer.direction() {
            Direction::Out => (transfer.time_ns, transfer.time_ns + ACCEPTANCE),
            Direction::In => {
                let same = |other: &&Transfer| {
                    (other.bus, other.address, other.endpoint)
                        == (transfer.bus, transfer.address, transfer.endpoint)
                };
                // Only a close neighbour can still hold the endpoint.
                let previous = session.transfers[n.saturating_sub(4)..n].iter().rfind(same);
                let free = previous.map_or(0, |previous| previous.time_ns + TURN).min(transfer.time_ns);
                ((transfer.time_ns - WAITING).max(free), transfer.time_ns)
            }
        };
        urbs.push(Urb { time_ns: submitted, complete: false, transfer });
        urbs.push(Urb { time_ns: completed, complete: true, transfer });
    }
    urbs.sort_by_key(|urb| urb.time_ns);
    urbs
}

impl Urb<'_> {
    /// Outward data are in the first half, inward data in the second.
    fn carries(&self) -> bool {
        self.complete == (self.transfer.direction() == Direction::In)
    }

    fn data(&self) -> &[u8] {
        if self.carries() { &self.transfer.bytes } else { &[] }
    }

    /// The setup bytes, in the first half of a control transfer.
    fn setup(&self) -> Option<[u8; 8]> {
        match self.transfer.transfer_type {
            TransferType::Control(setup) if !self.complete => Some(setup),
            _ => None,
        }
    }

    /// Bytes moved, or for an inward submission the room that the host offers.
    fn length(&self) -> usize {
        let length = self.transfer.bytes.len() + self.transfer.lost;
        match (self.complete, self.transfer.direction(), self.transfer.transfer_type) {
            (false, Direction::In, TransferType::Bulk | TransferType::Interrupt) => {
                length.next_multiple_of(64).max(64)
            }
            _ => length,
        }
    }

    /// The bytes that follow the header on the wire.
    fn data_length(&self) -> usize {
        if self.carries() { self.transfer.bytes.len() + self.transfer.lost } else { 0 }
    }

    /// A number for the URB: hosts use them again for every transfer of an endpoint.
    fn id(&self) -> u64 {
        let Transfer { bus, address, endpoint, .. } = self.transfer;
        0xFFFF_8881_0000_0000 | u64::from(*bus) << 24 | u64::from(*address) << 16 | u64::from(*endpoint) << 8
    }
}

/// The number as a little-endian u32; a transfer never reaches 4 GiB.
fn word(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

/// The first 48 bytes of Linux's header, all there is of it in the older link type.
pub(super) fn usbmon_48(urb: &Urb<'_>, out: &mut Vec<u8>) {
    let Transfer { bus, address, endpoint, transfer_type, .. } = urb.transfer;
    let kind = match transfer_type {
        TransferType::Interrupt => 1,
        TransferType::Control(_) => 2,
        TransferType::Bulk => 3,
    };
    let no_data = match (urb.data_length() > 0, urb.complete) {
        (true, _) => 0,
        (false, false) => b'<',
        (false, true) => b'>',
    };
    let microseconds = urb.time_ns / 1_000;
    out.extend(urb.id().to_le_bytes());
    out.extend([if urb.complete { b'C' } else { b'S' }, kind, *endpoint, *address]);
    out.extend(bus.to_le_bytes());
    out.extend([if urb.setup().is_some() { 0 } else { b'-' }, no_data]);
    out.extend((microseconds / 1_000_000).to_le_bytes());
    out.extend(&(microseconds % 1_000_000).to_le_bytes()[..4]);
    out.extend(if urb.complete { 0 } else { EINPROGRESS }.to_le_bytes());
    out.extend(word(urb.length()));
    out.extend(word(urb.data_length()));
    out.extend(urb.setup().unwrap_or_default());
}

/// Linux's header with its later additions: interval, start frame, transfer flags, isochronous descriptors.
pub(super) fn usbmon_64(urb: &Urb<'_>, out: &mut Vec<u8>) {
    usbmon_48(urb, out);
    let interval: u32 = if urb.transfer.transfer_type == TransferType::Interrupt { 8 } else { 0 };
    let flags: u32 = if urb.transfer.direction() == Direction::In { 0x0200 } else { 0 };
    for value in [interval, 0, flags, 0] {
        out.extend(value.to_le_bytes());
    }
}

/// USBPcap's header: 27 bytes, and one more for the stage of a control transfer.
pub(super) fn usbpcap(urb: &Urb<'_>, out: &mut Vec<u8>) {
    /// `URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER`
    const TRANSFER: u16 = 0x0009;
    /// `URB_FUNCTION_GET_DESCRIPTOR_FROM_DEVICE`
    const GET_DESCRIPTOR: u16 = 0x000B;
    let Transfer { bus, address, endpoint, transfer_type, .. } = urb.transfer;
    let (length, function, kind, stage): (u16, _, _, _) = match transfer_type {
        TransferType::Interrupt => (27, TRANSFER, 1, None),
        TransferType::Control(_) => (28, GET_DESCRIPTOR, 2, Some(if urb.complete { 3 } else { 0 })),
        TransferType::Bulk => (27, TRANSFER, 3, None),
    };
    let setup = urb.setup();
    out.extend(length.to_le_bytes());
    out.extend(urb.id().to_le_bytes());
    out.extend([0; 4]);
    out.extend(function.to_le_bytes());
    out.push(u8::from(urb.complete));
    out.extend(bus.to_le_bytes());
    out.extend(u16::from(*address).to_le_bytes());
    out.extend([*endpoint, kind]);
    out.extend(word(setup.map_or(0, |setup| setup.len()) + urb.data_length()));
    out.extend(stage);
    out.extend(setup.into_iter().flatten());
}

/// macOS' header: 32 bytes, behind it the setup of a control transfer.
pub(super) fn darwin(urb: &Urb<'_>, out: &mut Vec<u8>) {
    let Transfer { bus, address, endpoint, transfer_type, .. } = urb.transfer;
    let kind = match transfer_type {
        TransferType::Control(_) => 0,
        TransferType::Bulk => 2,
        TransferType::Interrupt => 3,
    };
    // Version 1.0, length of the header, submitted or completed.
    out.extend([0x00, 0x01, 32, u8::from(urb.complete)]);
    out.extend(word(urb.length()));
    // Status and number of isochronous packets.
    out.extend([0; 8]);
    out.extend(urb.id().to_le_bytes());
    // Where the device is plugged in; the bus is the highest byte.
    out.extend((u32::from(*bus) << 24 | 0x0010_0000).to_le_bytes());
    // Full speed.
    out.push(1);
    out.extend([*address, *endpoint, kind]);
    out.extend(urb.setup().into_iter().flatten());
}
