// SPDX-License-Identifier: GPL-2.0-or-later
//! In: sessions of the samples. Out: what the core takes, and what it makes of it.

use carelink_core::transfer::{Carrier, Claim, Direction, Stream, Transfer, Verdict};

use carelink_core::exchange::{Asked, Outcome, Transaction, TransactionId};
use carelink_core::session::Session;
use carelink_core::tree::outline::Outline;
use carelink_samples::session as samples;

/// A transfer that owns its bytes.
#[derive(Clone, Debug)]
pub struct Packet {
    pub bytes: Vec<u8>,
    pub reported: usize,
    pub stream: Stream,
    pub time: u64,
    pub frame: u32,
    pub direction: Option<Direction>,
    pub endpoint: Option<u8>,
    pub carrier: Carrier,
}

impl Packet {
    pub fn new(transfer: &samples::Transfer, frame: u32) -> Self {
        let transfer = transfer.for_core(frame);
        let Transfer { reported, stream, time, frame, direction, endpoint, carrier, .. } = transfer;
        Self { bytes: transfer.bytes.to_vec(), reported, stream, time, frame, direction, endpoint, carrier }
    }

    /// Bytes that were captured whole, in the given frame; each frame is a microsecond later.
    pub fn of(frame: u32, stream: Stream, direction: Direction, bytes: Vec<u8>) -> Self {
        let (reported, time) = (bytes.len(), u64::from(frame) * 1_000);
        let carrier = Carrier::Transfers;
        Self { bytes, reported, stream, time, frame, direction: Some(direction), endpoint: None, carrier }
    }

    /// The same as bytes that all were captured.
    pub fn with(&self, bytes: Vec<u8>) -> Self {
        Self { reported: bytes.len(), bytes, ..*self }
    }

    pub fn transfer(&self, claim: Claim) -> Transfer<'_> {
        let Self { ref bytes, reported, stream, time, frame, direction, endpoint, carrier } = *self;
        Transfer {
            bytes,
            reported,
            stream,
            time,
            frame,
            layer: 0,
            direction,
            endpoint,
            carrier,
            claim,
            left_out: false,
        }
    }
}

/// A device of the first bus.
pub const fn device(device: u16) -> Stream {
    Stream::Usb { interface: 0, bus: 1, device }
}

/// The sample sessions, by name.
pub fn sessions() -> Vec<(String, samples::Session)> {
    let paths = carelink_samples::scripts(carelink_samples::directory()).expect("the samples are there");
    assert!(!paths.is_empty());
    let load = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        (name, carelink_samples::load(path).expect("a sample is sound").session)
    };
    paths.iter().map(load).collect()
}

/// Those of sticks.
pub fn of_sticks() -> impl Iterator<Item = (String, samples::Session)> {
    sessions().into_iter().filter(|(_, session)| !is_of_meter(session))
}

/// Those of meters.
pub fn of_meters() -> impl Iterator<Item = (String, samples::Session)> {
    sessions().into_iter().filter(|(_, session)| is_of_meter(session))
}

fn is_of_meter(session: &samples::Session) -> bool {
    session.data().any(|transfer| transfer.transfer_type == samples::TransferType::Interrupt)
}

/// The transfers with payload, numbered from 1.
pub fn packets(session: &samples::Session) -> Vec<Packet> {
    (1..).zip(session.data()).map(|(frame, transfer)| Packet::new(transfer, frame)).collect()
}

/// A session that has seen `packets`, and knows that they are a stick's.
pub fn observed<'a>(packets: impl IntoIterator<Item = &'a Packet>) -> Session {
    let mut session = Session::default();
    for packet in packets {
        assert_eq!(session.observe(&packet.transfer(Claim::Certain)), Verdict::Ours);
    }
    session
}

pub fn outline(session: &Session, packet: &Packet) -> Outline {
    let mut outline = Outline::default();
    outline_into(session, packet, &mut outline);
    outline
}

/// The same, in memory that was used before.
pub fn outline_into(session: &Session, packet: &Packet, outline: &mut Outline) {
    outline.clear();
    assert_eq!(session.dissect(&packet.transfer(Claim::Certain), outline), Verdict::Ours);
}

/// Every byte of every source belongs to one leaf.
pub fn assert_claimed_once(outline: &Outline, packet: &Packet, what: impl std::fmt::Debug) {
    let wire = std::iter::once(packet.bytes.len());
    let lengths = wire.chain(outline.sources().iter().map(|(_, bytes)| bytes.len()));
    for (source, len) in (0..).zip(lengths) {
        let wrong = outline.misclaimed(source, len);
        assert_eq!(wrong, None, "{what:?}: source {source} of {packet:?}");
    }
}

/// What a transaction comes to, without the numbers of frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    pub asked: Asked,
    pub parameters: Vec<u8>,
    pub outcome: Outcome,
    pub reply: Vec<u8>,
}

impl Account {
    pub fn of(session: &Session, id: TransactionId, transaction: &Transaction) -> Self {
        let (reply, _) = session.transactions().reply(id);
        Self {
            asked: transaction.asked,
            parameters: transaction.parameters().to_vec(),
            outcome: transaction.outcome(),
            reply: reply.to_vec(),
        }
    }

    /// True if this asks what `other` asks, as far as that is known.
    pub fn asks_as(&self, other: &Self) -> bool {
        let known = other.parameters.is_empty() || other.parameters == self.parameters;
        match (self.asked, other.asked) {
            (Asked::Pump(own), Asked::Pump(other)) => {
                (own.serial, own.opcode) == (other.serial, other.opcode) && known
            }
            (own, other) => own == other,
        }
    }
}

/// All transactions and the frames that they begin in.
pub fn accounts(session: &Session) -> Vec<(u32, Account)> {
    let transactions = session.transactions().iter();
    transactions
        .map(|(id, transaction)| (transaction.request.frame(), Account::of(session, id, transaction)))
        .collect()
}

/// Numbers without meaning, the same in every run (xorshift64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next().to_be_bytes()[0]).collect()
    }
}
