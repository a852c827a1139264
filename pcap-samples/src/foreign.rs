// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a kind of USB device. Out: traffic as such a device makes it, for a dissector that must leave it alone.

use crate::descriptors::{BULK, Device, Endpoint, INTERRUPT, Interface};
use crate::emit::nextlink::{Form, frame, reports};
use crate::noise::noise;
use crate::session::{MS, START, Session, Transfer, TransferType};

/// The kinds of devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Foreign {
    /// A memory stick: bulk-only commands (USBC), blocks of data, status (USBS).
    MassStorage,
    /// The same; the capture starts after it was plugged in.
    MassStorageNoDescriptors,
    /// A keyboard's interrupt reports, and 64-byte reports of a measuring device.
    Hid,
    /// Text on a serial line (CDC ACM; the line-state requests go over endpoint 0).
    CdcAcm,
    /// The same over a CDC ECM network adapter: Ethernet frames.
    CdcEcm,
    /// A serial adapter that puts two status bytes before its data.
    SerialAdapter,
    /// Android's debug bridge: 24-byte headers and data.
    Adb,
    /// Android's boot loader: short texts.
    Fastboot,
    /// A vendor's own protocol of small commands and 64-byte answers, much like the stick's.
    LookAlike,
    /// The same, and its bytes 0 and 1 are the stick's for "I answer": still not the stick.
    LookAlikeAck,
    /// Bytes without meaning, of many lengths, among them 64.
    Noise,
    /// A keyboard with lights: key reports, and the host's that switch the lights.
    Keyboard,
    /// A mouse: buttons, movements, the wheel; most of them mostly zeros.
    Mouse,
    /// A game pad with reports of 64 bytes both ways, those to it with zeros and a length first.
    GamePad,
    /// A meter of the same maker as the Contour Next Link, which says the same in the same reports.
    OtherMeter,
    /// Its successor for later pumps, with another kind of envelope.
    LaterMeter,
}

/// Bulk out and in endpoints as most devices here number them.
const OUT: u8 = 0x01;
const IN: u8 = 0x82;
/// The in endpoint of most HID devices.
const INTERRUPT_IN: u8 = 0x81;
const PAIR: &[Endpoint] = &[Endpoint(OUT, BULK, 64), Endpoint(IN, BULK, 64)];

impl Foreign {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::MassStorage,
        Self::MassStorageNoDescriptors,
        Self::Hid,
        Self::CdcAcm,
        Self::CdcEcm,
        Self::SerialAdapter,
        Self::Adb,
        Self::Fastboot,
        Self::LookAlike,
        Self::LookAlikeAck,
        Self::Noise,
        Self::Keyboard,
        Self::Mouse,
        Self::GamePad,
        Self::OtherMeter,
        Self::LaterMeter,
    ];

    /// Its descriptors, if the capture has them.
    const fn device(self) -> Option<Device> {
        const fn device(vendor: u16, product: u16, interfaces: &'static [Interface]) -> Option<Device> {
            Some(Device { vendor, product, class: [0, 0, 0], interfaces })
        }
        match self {
            Self::MassStorage => device(0x0781, 0x5567, &[Interface([0x08, 0x06, 0x50], PAIR)]),
            Self::Hid => device(
                0x046D,
                0xC31C,
                &[Interface([0x03, 0, 0], &[Endpoint(OUT, INTERRUPT, 64), Endpoint(IN, INTERRUPT, 64)])],
            ),
            Self::CdcAcm => device(
                0x2341,
                0x0043,
                &[
                    Interface([0x02, 0x02, 0x01], &[Endpoint(0x83, INTERRUPT, 8)]),
                    Interface([0x0A, 0, 0], PAIR),
                ],
            ),
            Self::CdcEcm => device(
                0x0525,
                0xA4A1,
                &[
                    Interface([0x02, 0x06, 0x00], &[Endpoint(0x83, INTERRUPT, 16)]),
                    Interface([0x0A, 0, 0], PAIR),
                ],
            ),
            Self::SerialAdapter => device(0x0403, 0x6001, &[Interface([0xFF, 0xFF, 0xFF], PAIR)]),
            Self::Adb => device(0x18D1, 0x4EE7, &[Interface([0xFF, 0x42, 0x01], PAIR)]),
            Self::Fastboot => device(0x18D1, 0x4EE0, &[Interface([0xFF, 0x42, 0x03], PAIR)]),
            Self::MassStorageNoDescriptors | Self::LookAlike | Self::LookAlikeAck | Self::Noise => None,
            // That their descriptors are missing makes it harder.
            Self::Keyboard | Self::Mouse | Self::GamePad | Self::OtherMeter | Self::LaterMeter => None,
        }
    }

    /// The traffic.
    #[must_use]
    pub fn session(self) -> Session {
        let mut line = Line { transfer_type: TransferType::Bulk, transfers: Vec::new() };
        if let Some(device) = self.device() {
            line.transfers = device.enumerate(1, 7, START);
        }
        match self {
            Self::MassStorage | Self::MassStorageNoDescriptors => mass_storage(&mut line),
            Self::Hid => hid(&mut line),
            Self::CdcAcm => serial_text(&mut line, &[]),
            Self::CdcEcm => ethernet(&mut line),
            Self::SerialAdapter => serial_text(&mut line, &[0x01, 0x60]),
            Self::Adb => adb(&mut line),
            Self::Fastboot => fastboot(&mut line),
            Self::LookAlike => look_alike(&mut line, &[0xA0, 0x00]),
            Self::LookAlikeAck => look_alike(&mut line, &[0x01, 0x55]),
            Self::Noise => lengths(&mut line),
            Self::Keyboard => keyboard(&mut line),
            Self::Mouse => mouse(&mut line),
            Self::GamePad => game_pad(&mut line),
            Self::OtherMeter => other_meter(&mut line),
            Self::LaterMeter => later_meter(&mut line),
        }
        Session { transfers: line.transfers }
    }
}

/// Transfers of one device, a millisecond apart.
struct Line {
    transfer_type: TransferType,
    transfers: Vec<Transfer>,
}

impl Line {
    fn push(&mut self, endpoint: u8, bytes: impl Into<Vec<u8>>) {
        let time_ns = self.transfers.last().map_or(START, |last| last.time_ns) + MS;
        self.transfers.push(Transfer {
            time_ns,
            bus: 1,
            address: 7,
            endpoint,
            transfer_type: self.transfer_type,
            bytes: bytes.into(),
            lost: 0,
            comment: None,
        });
    }
}

/// Reads and writes of single blocks and of eight, and an inquiry.
fn mass_storage(line: &mut Line) {
    for (tag, block) in (1_u32..).zip([0_u32, 1, 2, 63, 8_192]) {
        let commands: [(u8, bool, u32, &[u8]); 4] = [
            (0x00, true, 0, &[0x00; 6]),
            (0x12, true, 36, &[0x12, 0, 0, 0, 36, 0]),
            (0x28, true, 4_096, &[0x28, 0]),
            (0x2A, false, 512, &[0x2A, 0]),
        ];
        for (opcode, inward, length, start) in commands {
            let mut command = start.to_vec();
            if start.len() == 2 {
                command.extend(block.to_be_bytes());
                command.extend([0, 0, if inward { 8 } else { 1 }, 0]);
            }
            let tag = (tag << 8 | u32::from(opcode)).to_le_bytes();
            let mut wrapper = b"USBC".to_vec();
            wrapper.extend(tag);
            wrapper.extend(length.to_le_bytes());
            wrapper.extend([if inward { 0x80 } else { 0 }, 0, if start.len() == 2 { 10 } else { 6 }]);
            wrapper.extend(&command);
            wrapper.resize(31, 0);
            line.push(OUT, wrapper);
            if length > 0 {
                let data = match opcode {
                    0x12 => b"\x00\x80\x04\x02\x1F\x00\x00\x00SanDisk Cruzer Blade     1.00".to_vec(),
                    _ => noise(block.into()).take(if inward { 4_096 } else { 512 }).collect(),
                };
                line.push(if inward { IN } else { OUT }, data);
            }
            line.push(IN, [b"USBS", &tag[..], &[0; 5]].concat());
        }
    }
}

/// Keys going down and up; then 64-byte reports with a length byte and a marker.
fn hid(line: &mut Line) {
    line.transfer_type = TransferType::Interrupt;
    for key in 4..20 {
        line.push(IN, [0, 0, key, 0, 0, 0, 0, 0]);
        line.push(IN, [0; 8]);
    }
    line.transfer_type = TransferType::Bulk;
    for n in 0..16 {
        let mut report = [&[0, 0, 0, 33, 0x51, 0x01], &b"987654"[..]].concat();
        report.resize(64, n);
        line.push(OUT, report);
        let mut report = b"ABC\x3C".to_vec();
        report.extend(noise(n.into()).take(60));
        line.push(IN, report);
    }
}

/// Keys, some of them held with others, and the host's reports that switch the lights.
fn keyboard(line: &mut Line) {
    line.transfer_type = TransferType::Interrupt;
    for key in 4..60 {
        line.push(INTERRUPT_IN, [key % 8, 0, key, key + 1, 0, 0, 0, 0]);
        line.push(INTERRUPT_IN, [0; 8]);
        line.push(OUT, [key % 8]);
        line.push(OUT, [0, 0, 0, key % 8]);
    }
}

/// Movements with and without a report id, and the three bytes of an old mouse.
fn mouse(line: &mut Line) {
    line.transfer_type = TransferType::Interrupt;
    for step in 0..100 {
        line.push(INTERRUPT_IN, [0, 0, 0, step]);
        line.push(INTERRUPT_IN, [1, 0, 0, 0, step, 0x51, 0x01]);
        line.push(INTERRUPT_IN, [step % 8, step, 0xFF - step]);
        line.push(INTERRUPT_IN, [0x41, 0x42, 0x43, step]);
    }
}

/// Sticks and buttons, and the motors.
fn game_pad(line: &mut Line) {
    line.transfer_type = TransferType::Interrupt;
    for step in 0..60 {
        let mut report = vec![0; 64];
        report[..8].copy_from_slice(&[0, 0, 0, 0x3C, step, 0x7F, 0x80, 0x51]);
        line.push(OUT, report.clone());
        report[..4].copy_from_slice(b"ABC\x3C");
        line.push(INTERRUPT_IN, report);
    }
}

/// The dialogue of a meter without a link to pumps, and what a download of its records looks like.
fn other_meter(line: &mut Line) {
    line.transfer_type = TransferType::Interrupt;
    let form = Form::default();
    let mut push = |from_meter: bool, message: &[u8]| {
        for report in reports(message, from_meter, form) {
            line.push(if from_meter { INTERRUPT_IN } else { OUT }, report);
        }
    };
    push(false, b"X");
    let header = "H|\\^&||Ab3dEf|Bayer7410^01.10\\01.04\\20.06^7411-1234567^0000-^BG1234567B|A=1^C=63^G=en|2|0||||||1|202601050900";
    push(true, &[&[0x04], &frame(1, header, 0x17)[..]].concat());
    push(true, &[0x05]);
    for (word, answer) in [(&[0x15][..], 0x04), (&[0x05], 0x06), (b"W|", 0x06), (b"R|", 0x06), (b"M|", 0x06)]
    {
        push(false, word);
        push(true, &[answer]);
    }
    push(true, &frame(2, "P|1", 0x17));
    for n in 0..20 {
        push(false, &[0x06]);
        push(
            true,
            &frame(3 + n, &format!("R|{n}|^^^Glucose|1{n:02}|mg/dL^P||A/M0/T1||20260104091{}", n % 10), 0x17),
        );
    }
}

/// The same dialogue, and messages that begin with 51 03.
fn later_meter(line: &mut Line) {
    line.transfer_type = TransferType::Interrupt;
    let form = Form::default();
    for n in 0..20 {
        let mut message = vec![0x51, 0x03];
        message.extend(b"000000");
        message.resize(33, 0);
        message[18] = 0x12;
        message[28] = 40;
        message.extend(noise(n).take(40));
        for from_meter in [false, true] {
            for report in reports(&message, from_meter, form) {
                line.push(if from_meter { INTERRUPT_IN } else { OUT }, report);
            }
        }
    }
}

/// Commands of a modem and the sentences of a satellite receiver, behind the adapter's `status` bytes.
fn serial_text(line: &mut Line, status: &[u8]) {
    for n in 0..20 {
        line.push(OUT, *b"AT\r");
        line.push(IN, [status, b"\r\nOK\r\n"].concat());
        let sentence =
            format!("$GPGGA,0900{n:02}.00,4717.115,N,00833.912,E,1,08,1.01,499.6,M,48.0,M,,*5B\r\n");
        for piece in sentence.as_bytes().chunks(64 - status.len()) {
            line.push(IN, [status, piece].concat());
        }
        if !status.is_empty() {
            // Such an adapter sends its status every 16 ms, data or not.
            line.push(IN, status);
        }
    }
}

/// Small and large Ethernet frames.
fn ethernet(line: &mut Line) {
    for (n, length) in (0..).zip([60, 64, 78, 342, 1_514, 64, 60, 590]) {
        for (endpoint, last) in [(OUT, 1), (IN, 2)] {
            let mut frame = vec![0x02, 0, 0, 0, 0, last, 0x02, 0, 0, 0, 0, 3 - last, 0x08, 0x00, 0x45, 0x00];
            let rest = length - frame.len();
            frame.extend(noise(n).take(rest));
            line.push(endpoint, frame);
        }
    }
}

/// A connection, a stream, and some output of a shell.
fn adb(line: &mut Line) {
    let mut message = |endpoint, name: &[u8; 4], arguments: [u32; 2], data: &[u8]| {
        let sum: u32 = data.iter().copied().map(u32::from).sum();
        let magic = u32::from_le_bytes(*name) ^ u32::MAX;
        let length = u32::try_from(data.len()).unwrap_or(0);
        let words = [arguments[0], arguments[1], length, sum, magic];
        let header = name.iter().copied().chain(words.into_iter().flat_map(u32::to_le_bytes));
        line.push(endpoint, header.collect::<Vec<_>>());
        if !data.is_empty() {
            line.push(endpoint, data);
        }
    };
    message(OUT, b"CNXN", [0x0100_0000, 4_096], b"host::\0");
    message(IN, b"CNXN", [0x0100_0000, 4_096], b"device::ro.product.name=phone;\0");
    for n in 1..10 {
        message(OUT, b"OPEN", [n, 0], b"shell:logcat\0");
        message(IN, b"OKAY", [n + 100, n], &[]);
        message(
            IN,
            b"WRTE",
            [n + 100, n],
            b"01-05 09:00:00.123  1000  1000 I ActivityManager: Displayed com.example\n",
        );
        message(OUT, b"OKAY", [n, n + 100], &[]);
        message(IN, b"CLSE", [n + 100, n], &[]);
    }
}

/// Variables, then an image.
fn fastboot(line: &mut Line) {
    for (name, value) in [("version", "0.4"), ("product", "phone"), ("serialno", "0123456789ABCDEF")] {
        line.push(OUT, format!("getvar:{name}"));
        line.push(IN, format!("OKAY{value}"));
    }
    line.push(OUT, *b"download:00001000");
    line.push(IN, *b"DATA00001000");
    line.push(OUT, noise(1).take(4_096).collect::<Vec<_>>());
    line.push(IN, *b"OKAY");
}

/// Requests whose first bytes and lengths are the stick's, answered by 64 bytes that start with `mark`.
fn look_alike(line: &mut Line, mark: &[u8]) {
    for n in 0..40 {
        let request: &[u8] = match n % 5 {
            0 => &[0x04, 0x00],
            1 => &[0x03, 0x00, 0x01],
            2 => &[0x05, 0x07, 0x00],
            3 => &[0x06, 0x01, 0x00],
            _ => &[0x0C, 0x00, 0x00, 0x4E, 0x00],
        };
        line.push(OUT, request);
        let mut answer = mark.to_vec();
        answer.push(n | 0x80);
        answer.extend(noise(n.into()).take(61));
        line.push(IN, answer);
    }
}

/// Every length from 0 to 130, and every first byte.
fn lengths(line: &mut Line) {
    for length in 0..=130 {
        let bytes = |seed| noise(seed).take(length).collect::<Vec<_>>();
        let seed = u64::try_from(length).unwrap_or(0);
        line.push(OUT, bytes(seed));
        line.push(IN, bytes(seed + 1_000));
    }
    for first in 0..=255 {
        line.push(OUT, [&[first][..], &noise(first.into()).take(2).collect::<Vec<_>>()].concat());
        line.push(IN, [&[first][..], &noise(first.into()).take(63).collect::<Vec<_>>()].concat());
    }
}
