// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing yet; the model that everything here shares. Out: a session as a list of USB transfers,
//! free of any capture format, so that link writers and in-memory tests read the same traffic.

/// Nanoseconds in a millisecond.
pub const MS: u64 = 1_000_000;

/// The moment at which every session starts: 2026-01-05 09:00:00 UTC, in nanoseconds since 1970.
pub const START: u64 = 1_767_603_600_000 * MS;

/// Where the bytes of a transfer go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the host to the device.
    Out,
    /// From the device to the host.
    In,
}

/// How USB moves a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransferType {
    /// On endpoint 0, with the eight setup bytes that started it.
    Control([u8; 8]),
    /// Polled by the host at fixed times.
    Interrupt,
    /// As the bus has room for it; the stick's way.
    Bulk,
}

/// One USB transfer: a request with its data, or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// When the host handed the data over (out) or got them (in): nanoseconds since 1970.
    pub time_ns: u64,
    /// Number of the bus.
    pub bus: u16,
    /// Address of the device on its bus.
    pub address: u8,
    /// Endpoint address; 0x80 set means "in".
    pub endpoint: u8,
    /// Control, interrupt or bulk.
    pub transfer_type: TransferType,
    /// What a capture kept of the data.
    pub bytes: Vec<u8>,
    /// How many more bytes there were, behind the captured ones.
    pub lost: usize,
    /// A remark for the reader of a capture.
    pub comment: Option<String>,
}

impl Transfer {
    /// The same for the core: frame `frame` of a capture that tells which device is the stick or the meter.
    #[must_use]
    pub fn for_core(&self, frame: u32) -> carelink_core::transfer::Transfer<'_> {
        use carelink_core::transfer::{Carrier, Claim, Direction as Way, Stream, Transfer};
        Transfer {
            bytes: &self.bytes,
            reported: self.bytes.len() + self.lost,
            stream: Stream::Usb { interface: 0, bus: self.bus, device: self.address.into() },
            time: self.time_ns,
            frame,
            layer: 0,
            direction: Some(match self.direction() {
                Direction::Out => Way::ToStick,
                Direction::In => Way::FromStick,
            }),
            endpoint: Some(self.endpoint & 0xf),
            carrier: match self.transfer_type {
                TransferType::Interrupt => Carrier::Reports,
                TransferType::Control(_) | TransferType::Bulk => Carrier::Transfers,
            },
            claim: Claim::Certain,
            left_out: false,
        }
    }

    /// Out or in, as the endpoint address says.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        if self.endpoint & 0x80 == 0 { Direction::Out } else { Direction::In }
    }
}

/// Transfers in the order of their times; they may belong to several devices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Session {
    /// The transfers.
    pub transfers: Vec<Transfer>,
}

impl Session {
    /// Joins sessions of several devices, sorted by time.
    #[must_use]
    pub fn merge(sessions: impl IntoIterator<Item = Self>) -> Self {
        let mut transfers: Vec<_> = sessions.into_iter().flat_map(|session| session.transfers).collect();
        transfers.sort_by_key(|transfer| transfer.time_ns);
        Self { transfers }
    }

    /// The transfers that carry a protocol's data: all but control transfers.
    pub fn data(&self) -> impl Iterator<Item = &Transfer> {
        self.transfers.iter().filter(|transfer| !matches!(transfer.transfer_type, TransferType::Control(_)))
    }
}
