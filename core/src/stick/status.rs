// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the body of the answer to Read Status. Out: what each interface holds and does.

use super::codes::ACK_LENGTH;
use super::command::Body;
use crate::tree::cursor::Cursor;
use crate::tree::expert::{INTERFACE_ERROR, OVERFLOW, RESERVED_BITS, Stop, UNKNOWN_VALUE};
use crate::tree::sink::{Show, Sink, Value};
use crate::units::count;
use nom::Parser as _;
use nom::number::complete::{be_u8, be_u16};

crate::fields! {
    /// State of the stick's communication module: 0 is good, the vendor's program stops at anything else.
    MODULE: U8, "carelink.stick.status.module", "Communication Module", Inferred, names &[(0, "good")];
    /// How many interface records follow.
    INTERFACES: U8, "carelink.stick.status.interfaces", "Interfaces", Guessed;
    /// State of the radio interface.
    RADIO: Tree, "carelink.stick.status.radio", "Radio", Confirmed;
    /// State of the USB interface.
    USB: Tree, "carelink.stick.status.usb", "USB", Guessed;
    /// Status bits of one interface.
    BITS: X8, "carelink.stick.status.bits", "Status", Confirmed;
    /// Data was received, and the size is valid.
    RECEIVED: Flag, "carelink.stick.status.received", "Data Received", Confirmed;
    /// The interface is receiving.
    RECEIVING: Flag, "carelink.stick.status.receiving", "Receive in Progress", Confirmed;
    /// The interface is sending.
    TRANSMITTING: Flag, "carelink.stick.status.transmitting", "Transmit in Progress", Inferred;
    /// The interface reports an error.
    ERROR: Flag, "carelink.stick.status.error", "Interface Error", Inferred;
    /// The buffer for received bytes ran over.
    RX_OVERFLOW: Flag, "carelink.stick.status.receive_overflow", "Receive Overflow", Inferred;
    /// The buffer for bytes to send ran over.
    TX_OVERFLOW: Flag, "carelink.stick.status.transmit_overflow", "Transmit Overflow", Inferred;
    /// How many bytes wait to be read, including the 14 bytes of the frame around them.
    AVAILABLE: U16, "carelink.stick.status.available", "Bytes Available", Confirmed, unit " bytes";
    /// A size that goes with the USB interface; perhaps free buffer space.
    USB_SIZE: U16, "carelink.stick.status.usb_size", "USB Buffer", Guessed, unit " bytes";
}

/// Status bits of one interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits(pub u8);

impl Bits {
    /// Data was received.
    #[must_use]
    pub const fn received(self) -> bool {
        self.0 & 0x01 != 0
    }
    /// The interface is receiving.
    #[must_use]
    pub const fn receiving(self) -> bool {
        self.0 & 0x02 != 0
    }
    /// The interface is sending.
    #[must_use]
    pub const fn transmitting(self) -> bool {
        self.0 & 0x04 != 0
    }
    /// The interface reports an error.
    #[must_use]
    pub const fn error(self) -> bool {
        self.0 & 0x08 != 0
    }
    /// The receive buffer ran over.
    #[must_use]
    pub const fn receive_overflow(self) -> bool {
        self.0 & 0x10 != 0
    }
    /// The transmit buffer ran over.
    #[must_use]
    pub const fn transmit_overflow(self) -> bool {
        self.0 & 0x20 != 0
    }
    /// Bits without a name.
    #[must_use]
    pub const fn reserved(self) -> u8 {
        self.0 & 0xc0
    }
}

impl Show for Bits {
    fn show(&self) -> Value<'_> {
        Value::Unsigned(self.0.into())
    }
}

/// What the stick holds for the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StickStatus {
    /// State of the radio interface.
    pub radio: Bits,
    /// Bytes that wait to be read; 0 unless data was received.
    pub available: u16,
}

impl Body for StickStatus {
    fn written(_: u16) -> usize {
        ACK_LENGTH + 8
    }

    /// The shape excludes, it does not prove: left-over bytes may show it too.
    fn fits(reply: &[u8]) -> Option<bool> {
        Some(matches!(
            reply,
            [_, _, _, 0, 2, _, _, _, 5, 4, 0, ..] | [_, _, _, 0, 2, _, _, _, 5, 3, 0xff, ..]
        ))
    }

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: u16) -> Result<Self, Stop> {
        let module = c.read(MODULE, be_u8)?;
        if module != 0 {
            c.expert(INTERFACE_ERROR, format_args!("communication module status {module}"));
        }
        c.read(INTERFACES, be_u8)?;
        let status = c.group(RADIO, |c| {
            let radio = bits(c)?;
            let size = c.read(AVAILABLE, be_u16)?;
            let available = if radio.received() { size } else { 0 };
            if size != available {
                c.expert(UNKNOWN_VALUE, format_args!("a size without received data does not count"));
            }
            c.title(format_args!("Radio: {}", Summary(radio, available)));
            Ok(Self { radio, available })
        })?;
        c.group(USB, |c| {
            bits(c)?;
            c.read(USB_SIZE, be_u16)
        })?;
        c.info(format_args!("Status: {}", Summary(status.radio, status.available)));
        Ok(status)
    }
}

fn bits<S: Sink>(c: &mut Cursor<'_, '_, S>) -> Result<Bits, Stop> {
    let bits = c.packed(BITS, be_u8.map(Bits), |c, bits| {
        c.derived(RECEIVED, &bits.received());
        c.derived(RECEIVING, &bits.receiving());
        c.derived(TRANSMITTING, &bits.transmitting());
        c.derived(ERROR, &bits.error());
        c.derived(RX_OVERFLOW, &bits.receive_overflow());
        c.derived(TX_OVERFLOW, &bits.transmit_overflow());
    })?;
    if bits.error() {
        c.expert(INTERFACE_ERROR, format_args!(""));
    }
    if bits.receive_overflow() || bits.transmit_overflow() {
        c.expert(OVERFLOW, format_args!(""));
    }
    if bits.reserved() != 0 {
        c.expert(RESERVED_BITS, format_args!("{:#04x}", bits.reserved()));
    }
    Ok(bits)
}

struct Summary(Bits, u16);

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(bits, available) = self;
        if bits.received() {
            write!(f, "{} waiting", count::bytes(*available))?;
        } else {
            f.write_str("nothing yet")?;
        }
        let others = [
            (bits.receiving(), "receiving"),
            (bits.transmitting(), "transmitting"),
            (bits.error(), "interface error"),
            (bits.receive_overflow(), "receive overflow"),
            (bits.transmit_overflow(), "transmit overflow"),
        ];
        others.iter().filter(|(set, _)| *set).try_for_each(|(_, text)| write!(f, ", {text}"))
    }
}
