// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what a host wants of a Contour Next Link meter, or the meter answers. Out: the message, and the HID reports of it.

use carelink_core::tree::crc::crc8;

/// What the meter is to do with an envelope.
pub mod operation {
    /// Wakes the pump.
    pub const OPEN: u8 = 0x10;
    /// Lets the pump go.
    pub const CLOSE: u8 = 0x11;
    /// Sends a packet.
    pub const SEND: u8 = 0x12;
    /// Ends the session.
    pub const END: u8 = 0x13;
}

/// The head of a message about a pump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    /// The pump's serial number.
    pub serial: [u8; 6],
    /// What the meter is to do.
    pub operation: u8,
    /// How often it may try again, at most 15 times.
    pub retries: u8,
    /// How long it may wait for the pump, in seconds.
    pub timeout: u8,
    /// How many bytes are to come in several parts; 0 for a reply in one.
    pub expected: u16,
    /// In how many parts.
    pub parts: u16,
    /// Why the meter could not.
    pub error: u8,
}

impl Envelope {
    /// The message, with its payload.
    ///
    /// # Panics
    /// If the payload is longer than an envelope can tell.
    #[must_use]
    pub fn around(&self, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x51, 0x01];
        bytes.extend(self.serial);
        bytes.extend([0; 10]);
        bytes.extend([self.operation, self.retries << 4 | 1, self.timeout, 0, 0]);
        bytes.extend(self.expected.to_le_bytes());
        let parts = if self.expected == 0 { 0 } else { 0x1000 | self.parts };
        bytes.extend(parts.to_le_bytes());
        bytes.push(self.error);
        bytes.extend(u16::try_from(payload.len()).expect("a payload is shorter than 64 KiB").to_le_bytes());
        bytes.extend([0, 0]);
        let sum = bytes.iter().chain(payload).fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        bytes.push(sum);
        bytes.extend(payload);
        bytes
    }
}

/// A packet to a pump, whose serial number is packed BCD: of 7 bytes without parameters, of 71 with up to 64 of them.
///
/// # Panics
/// If there are more parameters.
#[must_use]
pub fn packet(serial: [u8; 3], opcode: u8, parameters: &[u8]) -> Vec<u8> {
    let count = u8::try_from(parameters.len()).ok().filter(|count| *count <= 64);
    let mut bytes =
        vec![0xA7, serial[0], serial[1], serial[2], opcode, count.expect("64 parameters at most")];
    if !parameters.is_empty() {
        bytes.extend(parameters);
        bytes.resize(6 + 64, 0);
    }
    bytes.push(crc8(&bytes));
    bytes
}

/// A frame of the meter's dialogue: one digit, a text, the end of it (0x17, or 0x03 for the last one), a check value.
#[must_use]
pub fn frame(number: u8, text: &str, end: u8) -> Vec<u8> {
    let mut covered = vec![b'0' + number % 8];
    covered.extend(text.as_bytes());
    covered.extend([b'\r', end]);
    let sum = covered.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    [&[0x02], &covered[..], format!("{sum:02X}\r\n").as_bytes()].concat()
}

/// How reports look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// Their length, without an id.
    pub size: usize,
    /// The id before them, if the capture keeps it.
    pub id: Option<u8>,
    /// Zeros fill what goes to the meter to full reports; what comes from it is always full.
    pub full: bool,
}

impl Default for Form {
    fn default() -> Self {
        Self { size: 64, id: None, full: true }
    }
}

/// The reports of a message, from the meter or to it.
#[must_use]
pub fn reports(message: &[u8], from_meter: bool, form: Form) -> Vec<Vec<u8>> {
    let mark: &[u8; 3] = if from_meter { b"ABC" } else { &[0; 3] };
    let report = |part: &[u8]| {
        let mut bytes: Vec<u8> = form.id.into_iter().chain(*mark).collect();
        bytes.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
        bytes.extend(part);
        if from_meter || form.full {
            bytes.resize(form.size + usize::from(form.id.is_some()), 0);
        }
        bytes
    };
    message.chunks(form.size - 4).map(report).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_looks_as_the_vendors_program_sends_it() {
        assert_eq!(packet([0x12, 0x34, 0x56], 0x8D, &[])[..6], [0xA7, 0x12, 0x34, 0x56, 0x8D, 0]);
        let long = packet([0x12, 0x34, 0x56], 0x80, &[3]);
        assert_eq!((long.len(), &long[4..8]), (71, &[0x80, 1, 3, 0][..]));
        assert_eq!(crc8(&long[..70]), long[70]);
    }

    #[test]
    fn a_message_is_cut_into_reports() {
        let form = Form { id: Some(1), ..Form::default() };
        let reports = reports(&[7; 97], true, form);
        assert_eq!(
            reports.iter().map(|report| (report[4], report.len())).collect::<Vec<_>>(),
            [(60, 65), (37, 65)]
        );
        let bare = super::reports(b"X", false, Form { full: false, ..Form::default() });
        assert_eq!(bare, [[0, 0, 0, 1, b'X']]);
    }
}
