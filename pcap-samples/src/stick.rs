// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what a host wants of a stick and how the pump reacts. Out: the transfers of that exchange.
//!
//! The waiting times are those measured with the vendor's program.

use crate::emit::reply::{self, ProductInfo, RadioReply, Statistics, Status, StickBuffer};
use crate::emit::request::{self, Transmit};

use crate::descriptors::STICK;
use crate::session::{Direction, MS, START, Session, Transfer, TransferType};

/// From a request to the reply to it.
const ANSWER: u64 = 100 * MS;
/// From a read radio request to the reply to it.
const READ: u64 = 2 * MS;
/// From a status that says "ready" to the read radio request.
const READY: u64 = MS / 5;
/// From any reply to the next status request.
const POLL: u64 = 16 * MS;
/// From any reply to the next command.
const COMMAND: u64 = 3 * MS;
/// Between the pieces of a reply that is cut at 64 bytes.
const PIECE: u64 = MS / 10;
/// How long waking a pump takes.
const WAKE: u64 = 17_000 * MS;

/// What a transfer is for, within its exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A descriptor.
    Control,
    /// A request that the stick answers by itself.
    Ask,
    /// The answer to it.
    Answer,
    /// A command for the pump.
    Transmit,
    /// The stick's answer to it.
    Ack,
    /// A status request while waiting for the pump.
    Poll,
    /// The answer to it.
    Status,
    /// A read radio request.
    Read,
    /// What the pump sent, or one piece of it.
    Reply,
    /// Bytes without meaning.
    Rubbish,
}

/// A transfer and its place in the exchange.
#[derive(Debug, Clone)]
pub struct Step {
    /// What it is for.
    pub role: Role,
    /// The how manieth frame with this role in the exchange, from 1.
    pub nth: usize,
    /// The how manieth piece of that frame, from 1.
    pub piece: usize,
    /// The transfer.
    pub transfer: Transfer,
}

/// How the pump, or the stick, reacts to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The stick accepts it, and nobody waits for the pump.
    Accepted,
    /// The stick, or a meter in its place, refuses it.
    DeviceNak(u8),
    /// The pump does it.
    Ack,
    /// The pump refuses it.
    PumpNak(u8),
    /// The pump does not answer, and the stick says so.
    Timeout,
    /// Nothing ever comes, and the host stops asking.
    Silence,
    /// Data of any length, filled up with zeros to full 64 bytes.
    Data(Vec<u8>),
}

/// A command for the pump, and all that comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// What the pump is to do.
    pub opcode: u8,
    /// The command's parameters.
    pub parameters: Vec<u8>,
    /// How often the stick may try again.
    pub retries: u8,
    /// How often it had to.
    pub used_retries: u8,
    /// What the host expects: 0 nothing, 1 up to 64 bytes, 2 more. By default, what comes.
    pub pages: Option<u8>,
    /// Status requests in vain before the first data.
    pub empty_polls: usize,
    /// Lengths of the parts in which more than 64 bytes come, used in turn, each a multiple of 64.
    pub parts: Vec<usize>,
    /// The host stops after so many parts.
    pub stop_after: Option<usize>,
    /// What happens.
    pub outcome: Outcome,
}

impl Transaction {
    /// A command with two retries, one status request in vain, and parts of 64 bytes.
    #[must_use]
    pub fn new(opcode: u8, outcome: Outcome) -> Self {
        Self {
            opcode,
            parameters: Vec::new(),
            retries: 2,
            used_retries: 0,
            pages: None,
            empty_polls: 1,
            parts: vec![64],
            stop_after: None,
            outcome,
        }
    }
}

/// What a stick counts on one of its interfaces.
#[derive(Debug, Clone, Copy, Default)]
struct Counters {
    crc_errors: u8,
    naks: u8,
    timeouts: u8,
    received: u32,
    sent: u32,
}

/// A stick with a pump in reach, and the host that asks it.
#[derive(Debug, Clone)]
pub struct Stick {
    /// Number of its bus.
    pub bus: u16,
    /// Its address on the bus.
    pub address: u8,
    /// Its serial number, as sent.
    pub serial: [u8; 3],
    /// 0: 916.5 MHz, 1: 868.35 MHz.
    pub band: u8,
    /// Replies come in transfers of 64 bytes, and not whole.
    pub pieces: bool,
    /// Status and product info requests have two bytes, and not three.
    pub short_requests: bool,
    /// Serial number of the pump, packed BCD.
    pub pump: [u8; 3],
    /// Strength of the pump's signal in dBm.
    pub rssi: i8,
    now: u64,
    buffer: StickBuffer,
    radio: Counters,
    usb: Counters,
    steps: Vec<Step>,
}

impl Stick {
    /// A stick for 916.5 MHz with pump 123456 in reach, replies cut at 64 bytes.
    #[must_use]
    pub const fn new(bus: u16, address: u8, serial: [u8; 3]) -> Self {
        let none = Counters { crc_errors: 0, naks: 0, timeouts: 0, received: 0, sent: 0 };
        Self {
            bus,
            address,
            serial,
            band: 0,
            pieces: true,
            short_requests: false,
            pump: [0x12, 0x34, 0x56],
            rssi: -54,
            now: START,
            buffer: StickBuffer::new(),
            radio: none,
            usb: none,
            steps: Vec::new(),
        }
    }

    /// The steps since the last call.
    pub fn take_steps(&mut self) -> Vec<Step> {
        std::mem::take(&mut self.steps)
    }

    /// The transfers since the last call.
    pub fn take(&mut self) -> Session {
        Session { transfers: self.steps.drain(..).map(|step| step.transfer).collect() }
    }

    /// Lets time pass.
    pub fn wait(&mut self, nanoseconds: u64) {
        self.now += nanoseconds;
    }

    /// The host asks who is there.
    pub fn descriptors(&mut self) {
        self.now += COMMAND;
        for (n, transfer) in STICK.enumerate(self.bus, self.address, self.now).into_iter().enumerate() {
            self.now = transfer.time_ns;
            self.steps.push(Step { role: Role::Control, nth: n + 1, piece: 1, transfer });
        }
    }

    /// Product info.
    pub fn product_info(&mut self) {
        let info = ProductInfo {
            serial: self.serial,
            product_version: [0, 0],
            band: self.band,
            description: *b"ComLink II",
            software_version: [1, 16],
            interfaces: [[0, 1], [1, 3]],
        };
        self.ask(&self.shorten(request::read_product_info()));
        self.answer(Role::Answer, &info.to_bytes());
    }

    /// Statistics of the radio.
    pub fn radio_statistics(&mut self) {
        self.ask(&request::read_statistics(0));
        let Counters { received, sent, .. } = self.radio;
        let mut undecoded = [0; 21];
        undecoded[..2].copy_from_slice(&sent.to_be_bytes()[2..]);
        undecoded[2..4].copy_from_slice(&received.to_be_bytes()[2..]);
        undecoded[18] = 1;
        self.answer(Role::Answer, &statistics(self.radio, &undecoded));
    }

    /// Statistics of the USB interface.
    pub fn usb_statistics(&mut self) {
        self.ask(&request::read_statistics(1));
        let Counters { sent, .. } = self.usb;
        let words = [sent + 1, sent + 1 + sent / 4, sent, 0x0400, 0x0005];
        let undecoded: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()[2..].to_vec()).collect();
        self.answer(Role::Answer, &statistics(self.usb, &undecoded));
    }

    /// Signal strength in dBm, or the reason why the stick does not tell it.
    pub fn signal_strength(&mut self, answer: Result<i8, u8>) {
        self.ask(&request::read_signal_strength());
        match answer {
            Ok(dbm) => self.answer(Role::Answer, &reply::signal_strength(dbm)),
            Err(reason) => self.answer(Role::Answer, &reply::nak(reason)),
        }
    }

    /// A status request outside of any command: `radio` are the status bits, `size` the bytes that wait.
    pub fn status(&mut self, radio: u8, size: u16) {
        self.poll(COMMAND, Status { module: 0, radio, size, usb_size: 0x0400 });
    }

    /// The host wakes the pump for some minutes. The vendor's program waits for the stick's ACK alone
    /// (`Accepted`); other programs get that at once, and ask for the pump's answer later.
    pub fn power_on(&mut self, minutes: u8, outcome: Outcome) {
        let transmit = Transmit::power(self.pump, &[1, minutes]).to_bytes();
        self.request(Role::Transmit, COMMAND, &transmit);
        self.radio.sent += 1;
        match outcome {
            Outcome::Accepted => {
                self.now += WAKE;
                self.radio.received += 1;
                self.answer(Role::Ack, &reply::ack());
            }
            outcome => {
                let fetch = Transaction { retries: 0, empty_polls: 0, ..Transaction::new(0x5D, outcome) };
                self.respond(&fetch, WAKE);
            }
        }
    }

    /// The host lets the pump sleep. No answer comes.
    pub fn power_off(&mut self) {
        let transmit = Transmit::power(self.pump, &[0, 0]).to_bytes();
        self.request(Role::Transmit, COMMAND, &transmit);
        self.radio.sent += 1;
        // The next request follows within a millisecond.
        self.now -= COMMAND - MS / 2;
    }

    /// A command for the pump, to its end.
    pub fn fetch(&mut self, fetch: &Transaction) {
        let pages = fetch.pages.unwrap_or(match &fetch.outcome {
            Outcome::Accepted => 0,
            Outcome::Data(data) if data.len() > 64 => 2,
            _ => 1,
        });
        let transmit = Transmit {
            retries: fetch.retries,
            pages,
            ..Transmit::new(self.pump, fetch.opcode, &fetch.parameters)
        };
        self.request(Role::Transmit, COMMAND, &transmit.to_bytes());
        self.radio.sent += 1 + u32::from(fetch.used_retries);
        self.respond(fetch, 0);
    }

    /// Bytes that belong to no exchange.
    pub fn rubbish(&mut self, direction: Direction, bytes: Vec<u8>) {
        self.now += COMMAND;
        let endpoint = if direction == Direction::Out { 0x01 } else { 0x82 };
        self.push(Role::Rubbish, endpoint, bytes);
    }

    /// What comes after the transmit request. `pause` lies between the ACK and the first status request.
    fn respond(&mut self, fetch: &Transaction, pause: u64) {
        if let Outcome::DeviceNak(reason) = fetch.outcome {
            self.radio.sent -= 1;
            self.usb.crc_errors += u8::from(reason == 1);
            return self.answer(Role::Ack, &reply::nak(reason));
        }
        self.answer(Role::Ack, &reply::ack());
        self.now += pause;
        // Seen with history requests only, before their data.
        let usb_size = if fetch.opcode == 0x80 { 0x03FF } else { 0x0400 };
        let long = matches!(&fetch.outcome, Outcome::Data(data) if data.len() > 64);
        let empty = Status { module: 0, radio: if long { 2 } else { 0 }, size: 0, usb_size };
        for _ in 0..fetch.empty_polls {
            self.poll(POLL, empty);
        }
        let frame = RadioReply { retries: fetch.used_retries, ..RadioReply::ack(self.pump, self.rssi) };
        match &fetch.outcome {
            Outcome::Accepted | Outcome::DeviceNak(_) => {}
            Outcome::Silence => {
                for _ in 0..20 {
                    self.poll(POLL, empty);
                }
            }
            Outcome::Ack => self.read(&frame),
            Outcome::PumpNak(reason) => {
                self.radio.naks += 1;
                self.read(&RadioReply { response_type: 2, payload: &[*reason], ..frame });
            }
            Outcome::Timeout => {
                self.radio.timeouts += 1;
                self.read(&RadioReply::timeout(self.pump, fetch.retries));
            }
            Outcome::Data(data) => {
                let mut data = data.clone();
                data.resize(data.len().next_multiple_of(64).max(64), 0);
                if long {
                    self.read_parts(fetch, frame, &data);
                } else {
                    self.read(&RadioReply { response_type: 3, payload: &data, ..frame });
                }
            }
        }
    }

    fn read_parts(&mut self, fetch: &Transaction, frame: RadioReply<'_>, mut data: &[u8]) {
        for length in fetch.parts.iter().cycle().take(fetch.stop_after.unwrap_or(usize::MAX)) {
            let (part, rest) = data.split_at((*length).clamp(64, data.len()));
            data = rest;
            self.read(&RadioReply { response_type: 4, end_of_data: data.is_empty(), payload: part, ..frame });
            if data.is_empty() {
                return;
            }
        }
    }

    /// A status that says how much waits, the request to read it, and the frame.
    fn read(&mut self, frame: &RadioReply<'_>) {
        let bytes = frame.to_bytes();
        let size = u16::try_from(bytes.len()).expect("a frame is shorter than 64 KiB");
        let radio = if frame.end_of_data { 1 } else { 3 };
        self.poll(POLL, Status { module: 0, radio, size, usb_size: 0x0400 });
        self.request(Role::Read, READY, &request::read_radio(size));
        self.now += READ;
        self.radio.received += u32::from(!frame.payload.is_empty());
        self.usb.sent += 1;
        self.buffer.pass(&bytes);
        let nth = self.count(Role::Reply) + 1;
        let pieces = if self.pieces { 64 } else { bytes.len() };
        for (n, piece) in bytes.chunks(pieces).enumerate() {
            self.now += if n == 0 { 0 } else { PIECE };
            let transfer = self.transfer(0x82, piece.to_vec());
            self.steps.push(Step { role: Role::Reply, nth, piece: n + 1, transfer });
        }
    }

    fn poll(&mut self, gap: u64, status: Status) {
        self.request(Role::Poll, gap, &self.shorten(request::read_status()));
        self.answer(Role::Status, &status.to_bytes());
    }

    fn ask(&mut self, bytes: &[u8]) {
        self.request(Role::Ask, COMMAND, bytes);
    }

    fn request(&mut self, role: Role, gap: u64, bytes: &[u8]) {
        self.now += gap;
        self.usb.received += 1;
        self.push(role, 0x01, bytes.to_vec());
    }

    fn answer(&mut self, role: Role, bytes: &[u8]) {
        self.now += ANSWER;
        self.usb.sent += 1;
        let reply = self.buffer.answer(bytes).to_vec();
        self.push(role, 0x82, reply);
    }

    fn push(&mut self, role: Role, endpoint: u8, bytes: Vec<u8>) {
        let nth = self.count(role) + 1;
        let transfer = self.transfer(endpoint, bytes);
        self.steps.push(Step { role, nth, piece: 1, transfer });
    }

    /// How many frames of this role the exchange has so far.
    fn count(&self, role: Role) -> usize {
        self.steps.iter().rfind(|step| step.role == role).map_or(0, |step| step.nth)
    }

    const fn transfer(&self, endpoint: u8, bytes: Vec<u8>) -> Transfer {
        Transfer {
            time_ns: self.now,
            bus: self.bus,
            address: self.address,
            endpoint,
            transfer_type: TransferType::Bulk,
            bytes,
            lost: 0,
            comment: None,
        }
    }

    fn shorten(&self, request: [u8; 3]) -> Vec<u8> {
        request[..if self.short_requests { 2 } else { 3 }].to_vec()
    }
}

fn statistics(counters: Counters, undecoded: &[u8]) -> Vec<u8> {
    let Counters { crc_errors, naks, timeouts, received, sent } = counters;
    Statistics { crc_errors, sequence_errors: 0, naks, timeouts, received, sent, undecoded }.to_bytes()
}
