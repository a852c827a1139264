// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what a host wants of a Contour Next Link meter and how the pump reacts. Out: the transfers of that exchange.
//!
//! The waiting times are those measured with the vendor's program.

use crate::descriptors::{Device, METER, METER_MMOL};
use crate::emit::nextlink::{self, Envelope, Form, operation};
use crate::session::{Direction, MS, START, Session, Transfer, TransferType};
use crate::stick::{Outcome, Role, Step, Transaction};

/// From a word of the host to the meter's answer.
const WORD: u64 = MS;
/// From a command to the first byte of the pump's answer.
const ANSWER: u64 = 208 * MS;
/// From a command to the pump's acknowledge.
const ACK: u64 = 114 * MS;
/// From a command to the first part of a long answer, and from part to part.
const LONG: u64 = 750 * MS;
const PART: u64 = 549 * MS;
/// The same for parts that are no page's, and shorter.
const LONG_SHORT: u64 = 237 * MS;
const PART_SHORT: u64 = 136 * MS;
/// From an answer to the next command.
const COMMAND: u64 = 50 * MS;
/// Between the reports of a message.
const REPORT: u64 = MS;
/// How long waking a pump takes.
const WAKE: u64 = 11_380 * MS;

/// A meter with a pump in reach, and the host that asks it.
#[derive(Debug, Clone)]
pub struct Meter {
    /// Number of its bus.
    pub bus: u16,
    /// Its address on the bus.
    pub address: u8,
    /// It counts in mmol/L, and is another product.
    pub mmol: bool,
    /// How its reports look.
    pub form: Form,
    /// Serial number of the pump, packed BCD.
    pub pump: [u8; 3],
    now: u64,
    steps: Vec<Step>,
}

impl Meter {
    /// A meter in mg/dL with pump 123456 in reach.
    #[must_use]
    pub fn new(bus: u16, address: u8) -> Self {
        Self {
            bus,
            address,
            mmol: false,
            form: Form::default(),
            pump: [0x12, 0x34, 0x56],
            now: START,
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
        let device: &Device = if self.mmol { &METER_MMOL } else { &METER };
        for (n, transfer) in device.enumerate(self.bus, self.address, self.now).into_iter().enumerate() {
            self.now = transfer.time_ns;
            self.steps.push(Step { role: Role::Control, nth: n + 1, piece: 1, transfer });
        }
    }

    /// The host asks for the header record.
    pub fn header(&mut self) {
        self.say(b"X");
        let product = if self.mmol { "6300" } else { "6200" };
        let text = format!(
            "H|\\^&||Ab3dEf|Bayer{product}^01.22\\01.13\\XX.XX^{product}-1234567^0000-^1234567|A=1^C=41^G=en,en\\es\
             ^I=0200^R=0^S=0^U=0^X=070070070070180130180250^Y=360126099054120054252099^Z=1|0||||||1|202601050900"
        );
        let record = [&[0x04], &nextlink::frame(1, &text, 0x17)[..]].concat();
        self.answer(Role::Answer, WORD, &record);
        self.answer(Role::Answer, WORD, &[0x05]);
    }

    /// The host switches remote mode on or off.
    pub fn remote(&mut self, on: bool) {
        let words: &[(&[u8], u8)] = if on {
            &[(&[0x15], 0x04), (&[0x05], 0x06), (b"W|", 0x06), (b"Q|", 0x06), (b"1|", 0x06)]
        } else {
            &[(b"W|", 0x06), (b"Q|", 0x06), (b"0|", 0x06)]
        };
        for (word, answer) in words {
            self.say(word);
            self.answer(Role::Answer, WORD, &[*answer]);
        }
    }

    /// The host wakes the pump.
    pub fn open(&mut self) {
        let envelope = Envelope { operation: operation::OPEN, retries: 0, timeout: 30, ..self.envelope() };
        self.command(&envelope, &[]);
        self.reply(Role::Ack, WAKE, &envelope, &[]);
    }

    /// The host lets the pump go. Only the second message is answered.
    pub fn close(&mut self) {
        let envelope = Envelope { operation: operation::CLOSE, retries: 0, timeout: 15, ..self.envelope() };
        self.command(&envelope, &[]);
        self.now -= COMMAND - MS;
        let envelope = Envelope { operation: operation::END, ..self.envelope() };
        self.command(&envelope, &[]);
        self.reply(Role::Ack, COMMAND, &envelope, &[]);
    }

    /// A command for the pump, to its end: with parameters, in two stages.
    pub fn fetch(&mut self, fetch: &Transaction) {
        let envelope = Envelope { retries: fetch.retries, ..self.envelope() };
        let packet = |parameters| nextlink::packet(self.pump, fetch.opcode, parameters);
        let (short, long) = (packet(&[]), packet(&fetch.parameters));
        if !fetch.parameters.is_empty() {
            self.command(&envelope, &short);
            self.reply(Role::Ack, ACK, &envelope, &[0x06]);
        }
        let data = match &fetch.outcome {
            Outcome::Data(data) => {
                let mut data = data.clone();
                data.resize(data.len().next_multiple_of(64).max(64), 0);
                data
            }
            _ => Vec::new(),
        };
        let several = data.len() > 64 || fetch.pages == Some(2);
        // Of a page that is refused, as much is expected as of one that comes.
        let size = if data.is_empty() { 1024 } else { data.len() };
        let expected = if several { u16::try_from(size).unwrap_or(u16::MAX) } else { 0 };
        let parts = if expected == 192 { 4 } else { 16 };
        let envelope = Envelope { expected, parts, ..envelope };
        self.command(&envelope, &long);
        match &fetch.outcome {
            Outcome::Silence | Outcome::Accepted => {}
            Outcome::Ack => self.reply(Role::Reply, ACK, &envelope, &[0x06]),
            Outcome::PumpNak(reason) => self.reply(Role::Reply, ACK, &envelope, &[0x15, *reason]),
            Outcome::DeviceNak(error) => {
                self.reply(Role::Reply, ANSWER, &Envelope { error: *error, ..envelope }, &[]);
            }
            Outcome::Timeout => self.reply(Role::Reply, 15_000 * MS, &Envelope { error: 5, ..envelope }, &[]),
            Outcome::Data(_) if several => {
                let length = if expected == 192 { 64 } else { 256 };
                let page = expected >= 1024;
                let (first, next) = if page { (LONG, PART) } else { (LONG_SHORT, PART_SHORT) };
                let parts = data.chunks(length).take(fetch.stop_after.unwrap_or(usize::MAX));
                for (n, part) in parts.enumerate() {
                    self.reply(Role::Reply, if n == 0 { first } else { next }, &envelope, part);
                }
            }
            Outcome::Data(_) => self.reply(Role::Reply, ANSWER, &envelope, &data),
        }
    }

    /// Bytes that belong to no exchange.
    pub fn rubbish(&mut self, direction: Direction, bytes: Vec<u8>) {
        self.now += COMMAND;
        self.push(Role::Rubbish, direction, vec![bytes]);
    }

    fn envelope(&self) -> Envelope {
        let [high, middle, low] = self.pump;
        let text = format!("{high:02X}{middle:02X}{low:02X}");
        let serial = text.into_bytes().try_into().expect("three bytes have six digits");
        Envelope {
            serial,
            operation: operation::SEND,
            retries: 2,
            timeout: 5,
            expected: 0,
            parts: 0,
            error: 0,
        }
    }

    fn say(&mut self, word: &[u8]) {
        self.now += COMMAND;
        self.push(Role::Ask, Direction::Out, nextlink::reports(word, false, self.form));
    }

    fn answer(&mut self, role: Role, after: u64, message: &[u8]) {
        self.now += after;
        self.push(role, Direction::In, nextlink::reports(message, true, self.form));
    }

    fn command(&mut self, envelope: &Envelope, payload: &[u8]) {
        self.now += COMMAND;
        let reports = nextlink::reports(&envelope.around(payload), false, self.form);
        self.push(Role::Transmit, Direction::Out, reports);
    }

    fn reply(&mut self, role: Role, after: u64, envelope: &Envelope, payload: &[u8]) {
        self.answer(role, after, &envelope.around(payload));
    }

    fn push(&mut self, role: Role, direction: Direction, reports: Vec<Vec<u8>>) {
        let nth = self.steps.iter().rfind(|step| step.role == role).map_or(0, |step| step.nth) + 1;
        for (n, bytes) in reports.into_iter().enumerate() {
            self.now += if n == 0 { 0 } else { REPORT };
            let transfer = Transfer {
                time_ns: self.now,
                bus: self.bus,
                address: self.address,
                endpoint: if direction == Direction::Out { 0x01 } else { 0x81 },
                transfer_type: TransferType::Interrupt,
                bytes,
                lost: 0,
                comment: None,
            };
            self.steps.push(Step { role, nth, piece: n + 1, transfer });
        }
    }
}
