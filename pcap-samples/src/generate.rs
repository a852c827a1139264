// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a number of URBs, or a kind of device. Out: captures for benchmarks and for tests.

pub mod hostile;
pub mod pages;

use std::io::Write;

use crate::emit::history::{entry, record};
use crate::emit::page;
use crate::emit::pump::{To, reply};
use anyhow::Result;
use carelink_core::history::Body;
use carelink_core::history::bolus::{Prime, PrimeType};
use carelink_core::history::layout::Layout;
use carelink_core::pump::Reply;
use carelink_core::pump::battery::{Battery, BatteryStatus};
use carelink_core::pump::clock::Clock;
use carelink_core::pump::identity::PumpModel;
use carelink_core::pump::model::Model;
use carelink_core::pump::reservoir::Reservoir;
use carelink_core::units::clock::PumpTime;
use carelink_core::units::quantities::{Centivolts, Glucose, GlucoseUnit, Insulin};

use crate::link::{Capture, Link};
use crate::session::{MS, START, Session};
use crate::stick::{Outcome, Stick, Transaction};

pub use crate::faults::{Fault, FaultKind, faults};
pub use crate::foreign::Foreign;

/// Writes a usbmon capture of exactly `count` URBs, as a program makes them that downloads a pump's history
/// again and again. It needs little memory, however many there are.
///
/// # Errors
/// If `writer` fails.
pub fn write_urbs<W: Write>(writer: W, count: u64) -> Result<()> {
    let mut capture = Capture::new(Link::Usbmon64, writer)?;
    for session in downloads() {
        if capture.count >= count {
            break;
        }
        capture.session(&session, count)?;
    }
    Ok(capture.finish().flush()?)
}

/// The first `count` transfers of the same traffic, for tests that need no capture file.
#[must_use]
pub fn transfers(count: usize) -> Session {
    Session { transfers: downloads().flat_map(|session| session.transfers).take(count).collect() }
}

/// Some downloads of a pump's history, to be taken again and again, so that a test of many frames needs little memory.
#[derive(Debug)]
pub struct Load {
    session: Session,
    /// Nanoseconds from one round to the next.
    period: u64,
}

impl Load {
    /// As many downloads, each of a page of its own.
    #[must_use]
    pub fn new(count: usize) -> Self {
        let transfers: Vec<_> =
            downloads().take(count).flat_map(|session| session.data().cloned().collect::<Vec<_>>()).collect();
        let period = transfers.last().map_or(0, |last| last.time_ns) - START + 1_000 * MS;
        Self { session: Session { transfers }, period }
    }

    /// How many frames a round has.
    #[must_use]
    pub fn round(&self) -> usize {
        self.session.transfers.len()
    }

    /// The first frames of it, with numbers from 1.
    pub fn frames(&self, count: u32) -> impl Iterator<Item = carelink_core::transfer::Transfer<'_>> {
        let rounds =
            (0..).flat_map(|round| self.session.transfers.iter().map(move |transfer| (round, transfer)));
        (1..=count).zip(rounds).map(|(frame, (round, transfer))| {
            let transfer = transfer.for_core(frame);
            carelink_core::transfer::Transfer { time: transfer.time + round * self.period, ..transfer }
        })
    }
}

/// A usbmon capture of another device's traffic.
///
/// # Errors
/// None are known: it is written to memory.
pub fn foreign(kind: Foreign) -> Result<Vec<u8>> {
    Link::Usbmon64.write(&kind.session(), Vec::new())
}

/// One session after the other, without an end: the stick, some settings of the pump, a history page.
fn downloads() -> impl Iterator<Item = Session> {
    let mut stick = Stick::new(1, 5, [0x0A, 0x1B, 0x2C]);
    stick.descriptors();
    (0_u8..=35).cycle().map(move |number| {
        let asks = |opcode, value| {
            let payload = reply(&value, To { opcode, large: false }).expect("a reply holds these values");
            Transaction::new(opcode, Outcome::Data(payload))
        };
        let text = "522";
        let model = PumpModel { text: text.parse().expect("a short text"), model: Model::parse(text) };
        let clock = Clock { time: PumpTime::new(2026, 1, 5, 9, 0, number) };
        let battery = Battery { status: BatteryStatus::Normal, voltage: Centivolts(140) };
        let reservoir = Reservoir { remaining: Insulin::tenths(1402) };
        stick.product_info();
        stick.signal_strength(Ok(-61));
        stick.power_on(10, Outcome::Ack);
        stick.fetch(&asks(0x8D, Reply::Model(model)));
        stick.fetch(&asks(0x70, Reply::Clock(clock)));
        stick.fetch(&asks(0x72, Reply::Battery(battery)));
        stick.fetch(&asks(0x73, Reply::Reservoir(reservoir)));
        stick.fetch(&Transaction {
            parameters: vec![number],
            parts: vec![64, 128, 192, 128],
            ..Transaction::new(0x80, Outcome::Data(busy_page(number)))
        });
        stick.usb_statistics();
        stick.radio_statistics();
        stick.power_off();
        stick.take()
    })
}

/// A page that is full of readings and prime records, a minute apart.
fn busy_page(seed: u8) -> Vec<u8> {
    let mut records = Vec::new();
    for n in 0..60 {
        let at = PumpTime::new(2026, 1, 1 + seed % 28, n / 3, n, seed);
        let glucose = Glucose { count: 90 + u16::from(n), unit: GlucoseUnit::MgDl };
        let prime = Prime { programmed: Insulin(0), amount: Insulin::tenths(n), kind: PrimeType::Manual };
        for event in [entry(0x0A, at, Body::Glucose(glucose)), entry(0x03, at, Body::Prime(prime))] {
            records.extend(record(&event, Layout::Small).expect("a record holds these values"));
        }
    }
    page::page(&records).expect("60 times 17 bytes fit into 1,022").to_vec()
}
