// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what the stick or the pump answers. Out: the frame that the stick hands to the host.

use super::count_and_end;
use carelink_core::tree::crc::crc8;

/// The stick's one reply buffer.
///
/// An answer overwrites only the bytes that it needs, so the rest of a 64-byte reply is whatever was sent
/// before, pump data included.
#[derive(Debug, Clone)]
pub struct StickBuffer([u8; 64]);

impl StickBuffer {
    /// The buffer of a stick that has just got power: zeros.
    #[must_use]
    pub const fn new() -> Self {
        Self([0; 64])
    }

    /// The whole 64-byte reply for an answer whose meaningful bytes are `answer`.
    pub fn answer(&mut self, answer: &[u8]) -> [u8; 64] {
        self.pass(answer);
        self.0
    }

    /// Notes a frame of any length that went out through the buffer: a read radio reply.
    pub fn pass(&mut self, frame: &[u8]) {
        for (old, new) in self.0.iter_mut().zip(frame) {
            *old = *new;
        }
    }
}

impl Default for StickBuffer {
    fn default() -> Self {
        Self::new()
    }
}

/// "Done", or for a transmit "accepted for sending".
#[must_use]
pub const fn ack() -> [u8; 3] {
    [0x01, 0x55, 0x00]
}

/// A refusal by the stick: 1 CRC mismatch, 2 command data error, 3 busy, 4 not supported.
#[must_use]
pub const fn nak(reason: u8) -> [u8; 3] {
    [0x01, 0x66, reason]
}

/// The answer to a signal strength request, in dBm.
#[must_use]
pub const fn signal_strength(dbm: i8) -> [u8; 4] {
    [0x01, 0x55, 0x00, dbm.to_be_bytes()[0]]
}

/// The answer to a status request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// State of the radio module; 0 is good.
    pub module: u8,
    /// Radio status bits: 0x01 data received, 0x02 receiving, 0x04 transmitting, 0x08 interface error,
    /// 0x10 receive overflow, 0x20 transmit overflow.
    pub radio: u8,
    /// Bytes that wait to be read, 14 bytes of frame included; 0 unless data were received.
    pub size: u16,
    /// The last two bytes: 0x0400 or 0x03FF were seen; their meaning is not known.
    pub usb_size: u16,
}

impl Status {
    /// The 11 meaningful bytes.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; 11] {
        let [high, low] = self.size.to_be_bytes();
        let [usb_high, usb_low] = self.usb_size.to_be_bytes();
        [0x01, 0x55, 0x00, self.module, 0x02, self.radio, high, low, 0x05, usb_high, usb_low]
    }
}

/// The answer to a product info request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProductInfo {
    /// The stick's serial number, as sent.
    pub serial: [u8; 3],
    /// Major and minor.
    pub product_version: [u8; 2],
    /// 0 or 255: 916.5 MHz; 1: 868.35 MHz.
    pub band: u8,
    /// ASCII, filled up with zeros.
    pub description: [u8; 10],
    /// Major and minor.
    pub software_version: [u8; 2],
    /// Index and type of each interface; type 1 is radio, 3 is USB.
    pub interfaces: [[u8; 2]; 2],
}

impl ProductInfo {
    /// The whole reply: unlike other answers this one clears the buffer behind its 26 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..3].copy_from_slice(&ack());
        bytes[3..6].copy_from_slice(&self.serial);
        bytes[6..8].copy_from_slice(&self.product_version);
        bytes[8] = self.band;
        bytes[9..19].copy_from_slice(&self.description);
        bytes[19..21].copy_from_slice(&self.software_version);
        bytes[21] = 2;
        bytes[22..26].copy_from_slice(self.interfaces.as_flattened());
        bytes
    }
}

/// The answer to a statistics request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statistics<'a> {
    /// Frames whose CRC was wrong.
    pub crc_errors: u8,
    /// Frames out of sequence.
    pub sequence_errors: u8,
    /// Refusals.
    pub naks: u8,
    /// Frames that were not answered in time.
    pub timeouts: u8,
    /// Packets received.
    pub received: u32,
    /// Packets sent.
    pub sent: u32,
    /// What follows and nobody decodes: 10 bytes for USB, 21 for the radio.
    pub undecoded: &'a [u8],
}

impl Statistics<'_> {
    /// The 15 known bytes and the undecoded ones.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = ack().to_vec();
        bytes.extend([self.crc_errors, self.sequence_errors, self.naks, self.timeouts]);
        bytes.extend(self.received.to_be_bytes());
        bytes.extend(self.sent.to_be_bytes());
        bytes.extend(self.undecoded);
        bytes
    }
}

/// The answer to a read radio request: what a pump sent, or that it did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RadioReply<'a> {
    /// 1 pump ACK, 2 pump NAK, 3 single data, 4 multiple data, 5 timeout.
    pub response_type: u8,
    /// Retries that were needed.
    pub retries: u8,
    /// Strength of the received signal in dBm; 0 when nothing was received.
    pub rssi: i8,
    /// Nothing follows for this command.
    pub end_of_data: bool,
    /// The pump's serial number, packed BCD.
    pub serial: [u8; 3],
    /// Data, one reason byte for a NAK, one zero byte for an ACK, nothing for a timeout.
    pub payload: &'a [u8],
}

impl<'a> RadioReply<'a> {
    /// The pump did as it was told.
    #[must_use]
    pub const fn ack(serial: [u8; 3], rssi: i8) -> Self {
        Self { response_type: 1, retries: 0, rssi, end_of_data: true, serial, payload: &[0] }
    }

    /// The pump refused; `reason` is one byte.
    #[must_use]
    pub const fn nak(serial: [u8; 3], rssi: i8, reason: &'a [u8; 1]) -> Self {
        Self { response_type: 2, retries: 0, rssi, end_of_data: true, serial, payload: reason }
    }

    /// All data of a reply, usually 64 bytes.
    #[must_use]
    pub const fn single(serial: [u8; 3], rssi: i8, payload: &'a [u8]) -> Self {
        Self { response_type: 3, retries: 0, rssi, end_of_data: true, serial, payload }
    }

    /// One part of a longer reply, usually a multiple of 64 bytes.
    #[must_use]
    pub const fn part(serial: [u8; 3], rssi: i8, payload: &'a [u8], end_of_data: bool) -> Self {
        Self { response_type: 4, retries: 0, rssi, end_of_data, serial, payload }
    }

    /// The pump was silent in spite of `retries` retries.
    #[must_use]
    pub const fn timeout(serial: [u8; 3], retries: u8) -> Self {
        Self { response_type: 5, retries, rssi: 0, end_of_data: true, serial, payload: &[] }
    }

    /// The frame: 14 bytes and the payload.
    ///
    /// # Panics
    /// If the payload is longer than 32,767 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0x02, 0x00, self.response_type, self.retries, self.rssi.to_be_bytes()[0]];
        bytes.extend(count_and_end(self.payload.len(), self.end_of_data));
        bytes.extend([0xA7, 0x01]);
        bytes.extend(self.serial);
        bytes.push(crc8(&bytes));
        bytes.extend(self.payload);
        bytes.push(crc8(self.payload));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames whose checksums were computed by sticks.
    #[test]
    fn frames_equal_recorded_ones() {
        let mut model = b"\x03523".to_vec();
        model.resize(64, 0);
        // The length byte and the text are the payload's first four bytes.
        let single = RadioReply::single([0x34, 0x27, 0x25], -54, &model).to_bytes();
        assert_eq!(single.len(), 78);
        #[rustfmt::skip]
        assert_eq!(single[..17], [0x02, 0x00, 0x03, 0x00, 0xCA, 0x80, 0x40, 0xA7, 0x01,
            0x34, 0x27, 0x25, 0xFD, 0x03, 0x35, 0x32, 0x33]);
        assert_eq!(single[77], 0xC7);

        #[rustfmt::skip]
        assert_eq!(RadioReply::ack([0x34, 0x27, 0x25], -49).to_bytes(),
            [0x02, 0x00, 0x01, 0x00, 0xCF, 0x80, 0x01, 0xA7, 0x01, 0x34, 0x27, 0x25, 0xE8, 0x00, 0x00]);
        #[rustfmt::skip]
        assert_eq!(RadioReply::nak([0x66, 0x54, 0x55], -41, &[8]).to_bytes(),
            [0x02, 0x00, 0x02, 0x00, 0xD7, 0x80, 0x01, 0xA7, 0x01, 0x66, 0x54, 0x55, 0x46, 0x08, 0x19]);
        #[rustfmt::skip]
        assert_eq!(RadioReply::timeout([0x66, 0x54, 0x55], 2).to_bytes(),
            [0x02, 0x00, 0x05, 0x02, 0x00, 0x80, 0x00, 0xA7, 0x01, 0x66, 0x54, 0x55, 0xC0, 0x00]);
    }

    #[test]
    fn answers_leave_the_rest_of_the_buffer() {
        let mut buffer = StickBuffer::new();
        buffer.pass(&[0xEE; 80]);
        let status = Status { module: 0, radio: 1, size: 78, usb_size: 0x0400 };
        let reply = buffer.answer(&status.to_bytes());
        assert_eq!(reply[..11], [0x01, 0x55, 0x00, 0x00, 0x02, 0x01, 0x00, 0x4E, 0x05, 0x04, 0x00]);
        assert_eq!(reply[11..], [0xEE; 53]);
        assert_eq!(buffer.answer(&nak(3))[..5], [0x01, 0x66, 0x03, 0x00, 0x02]);
    }
}
