// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what people met in the field, in few transfers. Out: what is told of it.

use crate::traffic::{Packet, device, observed, outline};
use carelink_core::exchange::{Outcome, Transaction, TransactionId};
use carelink_core::session::Session;
use carelink_core::transfer::{Carrier, Direction};
use carelink_core::tree::crc::{crc8, crc16};
use carelink_core::tree::expert::EXPERTS;
use carelink_core::tree::field::Field;
use carelink_core::tree::outline::Outline;
use carelink_core::view::links::{ANSWER_IN, ANSWER_TIME, COMMAND_IN, RESPONSE_IN};
use carelink_core::view::summary::LAST;

const SERIAL: [u8; 3] = [0x65, 0x43, 0x21];

/// Transfers of one stick, one after another.
#[derive(Default)]
struct Talk {
    packets: Vec<Packet>,
    /// What the stick's reply buffer holds.
    buffer: Vec<u8>,
    /// Milliseconds.
    now: u64,
}

impl Talk {
    fn push(&mut self, direction: Direction, bytes: Vec<u8>) -> &mut Self {
        self.now += 2;
        self.packets.push(Packet {
            reported: bytes.len(),
            bytes,
            stream: device(5),
            time: 1_767_600_000_000_000_000 + self.now * 1_000_000,
            frame: u32::try_from(self.packets.len()).expect("a few") + 1,
            direction: Some(direction),
            endpoint: None,
            carrier: Carrier::Transfers,
        });
        self
    }

    fn host(&mut self, bytes: &[u8]) -> &mut Self {
        self.push(Direction::ToStick, bytes.to_vec())
    }

    /// A reply, with what is left over behind it.
    fn stick(&mut self, bytes: &[u8]) -> &mut Self {
        self.buffer.resize(64.max(self.buffer.len()), 0);
        self.buffer[..bytes.len().min(64)].copy_from_slice(&bytes[..bytes.len().min(64)]);
        let reply = if bytes.len() > 64 { bytes.to_vec() } else { self.buffer.clone() };
        self.push(Direction::FromStick, reply)
    }

    /// A command, and the stick's ACK.
    fn command(&mut self, opcode: u8, pages: u8, parameters: &[u8]) -> &mut Self {
        let count = u8::try_from(parameters.len()).expect("a few");
        let [a, b, c] = SERIAL;
        let mut bytes = vec![1, 0, 0xa7, 1, a, b, c, 0x80, count, 0, 0, pages, 0, opcode];
        bytes.push(crc8(&bytes));
        bytes.extend(parameters);
        bytes.push(crc8(parameters));
        self.host(&bytes).stick(&[1, 0x55, 0])
    }

    /// A poll that finds so many bytes.
    fn poll(&mut self, available: u16) -> &mut Self {
        let [high, low] = available.to_be_bytes();
        let received = u8::from(available > 0);
        self.host(&[3, 0, 0]).stick(&[1, 0x55, 0, 0, 2, received, high, low, 5, 4, 0])
    }

    /// A poll, and a part of a reply.
    fn part(&mut self, payload: &[u8], kind: u8, last: bool) -> &mut Self {
        let length = u16::try_from(payload.len()).expect("a part");
        let [a, b, c] = SERIAL;
        let [high, low] = (length | u16::from(last) << 15).to_be_bytes();
        let mut frame = vec![2, 0, kind, 0, 0xc0, high, low, 0xa7, 1, a, b, c];
        frame.push(crc8(&frame));
        frame.extend(payload);
        frame.push(crc8(payload));
        let size = u16::try_from(frame.len()).expect("a part");
        let [high, low] = size.to_be_bytes();
        let mut read = vec![0x0c, 0, high, low];
        read.push(crc8(&read));
        self.poll(size).host(&read).stick(&frame)
    }

    fn session(&self) -> Session {
        observed(&self.packets)
    }

    /// The names of all expert infos, in the frame with this index.
    fn experts(&self, session: &Session, at: usize) -> Vec<&'static str> {
        let outline = outline(session, &self.packets[at]);
        outline.experts().iter().map(|expert| EXPERTS[expert.expert as usize].name).collect()
    }
}

fn transactions(session: &Session) -> Vec<(TransactionId, Transaction)> {
    session.transactions().iter().map(|(id, transaction)| (id, transaction.clone())).collect()
}

fn outcomes(session: &Session) -> Vec<Outcome> {
    session.transactions().iter().map(|(_, transaction)| transaction.outcome()).collect()
}

/// A pump out of reach: the stick takes the command, and each poll finds nothing.
#[test]
fn a_pump_that_never_answers_is_told_as_that() {
    let mut talk = Talk::default();
    for _ in 0..3 {
        talk.command(0x8d, 1, &[]);
        for _ in 0..18 {
            talk.poll(0);
        }
    }
    let session = talk.session();
    assert_eq!(outcomes(&session), [Outcome::NoAnswer, Outcome::NoAnswer, Outcome::Unfinished]);
    assert!(talk.experts(&session, 0).contains(&"carelink.note.no_answer"));
    for (id, _) in transactions(&session) {
        assert_eq!(session.tracker().attempt(id).empty_polls, 18);
    }
}

/// The stick lost step: it sent 64 bytes of something else.
#[test]
fn bytes_out_of_step_are_told_and_the_next_reply_answers_what_it_fits() {
    let mut talk = Talk::default();
    talk.host(&[4, 0]).stick(&[1, 0x55, 0, 1, 2, 3, 4, 5, 6, 7]);
    let command = [1, 0, 0xa7, 1, 0x65, 0x43, 0x21, 0x80, 0, 0, 0, 1, 0, 0x73];
    talk.host(&[&command[..], &[crc8(&command), 0]].concat());
    let mut stray = vec![0, 0, 0, 0xd3, 0, 0, 0x0b, 0x9d, 0, 0, 0x0c, 0xb2, 0, 0, 8, 0x2f, 0, 0x84, 4, 0x20];
    stray.resize(64, 0);
    talk.push(Direction::FromStick, stray).poll(0);
    let session = talk.session();
    assert_eq!(session.tracker().strays().collect::<Vec<_>>(), [(4, 64)]);
    assert!(talk.experts(&session, 3).contains(&"carelink.note.not_understood"));
    let poll = &talk.packets[5];
    let facts = session.tracker().facts(poll.frame, 0).expect("it was seen");
    let request = session.tracker().request(&facts[0]).and_then(|request| request.sent);
    assert_eq!(request.map(carelink_core::transfer::At::frame), Some(5), "the status answers the poll");
}

fn page() -> Vec<u8> {
    let mut page = vec![0; 1022];
    for (at, byte) in page.iter_mut().take(320).enumerate() {
        *byte = u8::try_from(at % 251).expect("small");
    }
    let crc = crc16(&page);
    page.extend(crc.to_be_bytes());
    page
}

/// A part was read once more, and both are in the reply.
#[test]
fn a_part_that_came_twice_is_left_out_once() {
    let page = page();
    let mut talk = Talk::default();
    talk.command(0x80, 2, &[0]);
    let parts: Vec<_> = page.chunks(64).collect();
    for (at, part) in parts.iter().enumerate() {
        if at == 3 {
            talk.part(part, 4, false);
        }
        talk.part(part, 4, at + 1 == parts.len());
    }
    let session = talk.session();
    assert_eq!(outcomes(&session), [Outcome::Complete]);
    let (id, transaction) = transactions(&session).remove(0);
    assert!(transaction.left_out.is_some());
    let (reply, parts) = session.transactions().reply(id);
    assert_eq!((reply, parts.len()), (page.as_slice(), 16));
    assert!(talk.experts(&session, talk.packets.len() - 1).contains(&"carelink.note.part_twice"));
}

/// The host went on to another page before the last part came.
#[test]
fn a_page_without_its_end_is_shown_as_far_as_it_came() {
    let page = page();
    let mut talk = Talk::default();
    talk.command(0x80, 2, &[0]);
    for part in page.chunks(64).take(5) {
        talk.part(part, 4, false);
    }
    let last = talk.packets.len() - 1;
    talk.command(0x80, 2, &[1]);
    let session = talk.session();
    assert_eq!(outcomes(&session), [Outcome::Incomplete, Outcome::Unfinished]);
    let shown = outline(&session, &talk.packets[last]);
    let joined = shown.sources().iter().any(|(_, bytes)| bytes.as_slice() == &page[..320]);
    assert!(joined, "the bytes that came are joined");
    assert!(talk.experts(&session, last).contains(&"carelink.note.incomplete_reply"));
}

/// A loop of an artificial pancreas once took the answer to Read Pump Model for targets of glucose.
#[test]
fn a_reply_that_was_another_commands_is_told() {
    let mut model = vec![3, b'5', b'2', b'2'];
    model.resize(64, 0);
    let mut talk = Talk::default();
    talk.command(0x8d, 1, &[]).part(&model, 3, true).command(0x9f, 1, &[]).part(&model, 3, true);
    let session = talk.session();
    let [.., (id, _)] = &transactions(&session)[..] else { panic!("two transactions") };
    let (first, _) = session.transactions().echoes(*id).expect("the model");
    assert_eq!(first.get(), 1);
    let experts = talk.experts(&session, talk.packets.len() - 1);
    assert!(experts.contains(&"carelink.note.same_reply"), "{experts:?}");
    assert!(experts.contains(&"carelink.note.does_not_fit"), "{experts:?}");
}

/// The value of a field in an outline.
fn value(outline: &Outline, field: Field) -> Option<u64> {
    outline.nodes().iter().find(|node| node.field == field.id()).map(|node| node.value)
}

/// The stick acknowledges a command long before the pump does.
#[test]
fn a_command_and_the_answer_of_the_pump_name_each_other() {
    let mut talk = Talk::default();
    talk.command(0x4c, 0, &[0, 80, 2]).poll(0).part(&[0], 1, true).poll(0).command(0x8d, 1, &[]);
    let session = talk.session();
    let shown: Vec<_> = talk.packets.iter().map(|packet| outline(&session, packet)).collect();
    let [command, ack, .., answer] = &shown[..8] else { panic!("a command, an ACK, two polls, a read") };
    assert_eq!(value(command, RESPONSE_IN), Some(2));
    assert_eq!(value(command, ANSWER_IN), Some(8));
    assert_eq!(value(ack, COMMAND_IN), None, "that is the stick's word");
    assert_eq!(value(answer, COMMAND_IN), Some(1));
    assert_eq!(value(answer, ANSWER_TIME).map(f64::from_bits), Some(14.0));
    let last = shown.iter().map(|outline| value(outline, LAST)).take(10).collect::<Vec<_>>();
    assert_eq!(last, [None, None, None, None, None, None, None, Some(1), None, None], "polls behind it");
    let [.., open, _] = &shown[..] else { panic!("a command that is not answered") };
    assert_eq!((value(open, ANSWER_IN), value(open, LAST)), (None, None));
}

/// A host that polls on although all was said.
#[test]
fn what_comes_behind_the_end_is_not_counted() {
    let mut talk = Talk::default();
    talk.command(0x8d, 1, &[]).poll(0).part(&[0; 64], 3, true).poll(0).poll(0);
    let session = talk.session();
    let [(id, _)] = transactions(&session)[..] else { panic!("one transaction") };
    let attempt = session.tracker().attempt(id);
    assert_eq!((attempt.polls, attempt.empty_polls, attempt.reads), (2, 1, 1));
}
