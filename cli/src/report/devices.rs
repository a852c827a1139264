// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture. Out: its sticks, meters and pumps, what a report calls them, and what they say of themselves.

use super::veil::{Shown, Veil};
use super::words::count;
use crate::conversation::{Conversation, Entry};
use crate::list;
use carelink_core::exchange::{Asked, Device as Kind, DeviceCode, Outcome};
use carelink_core::pump::Reply;
use carelink_core::pump::serial::Serial;
use carelink_core::pump::told::{self, Told};
use carelink_core::stick;
use carelink_core::transfer::Stream;
use std::collections::BTreeSet;

/// The devices of a capture.
#[derive(Debug)]
pub(super) struct Devices<'p> {
    /// The sticks and meters between host and pumps, in the order in which they first spoke, with what each is.
    carriers: Vec<(Stream, Kind)>,
    /// The pumps of all captures that are reported, so that each is called the same in all.
    pumps: &'p BTreeSet<Serial>,
    /// True if serials may be shown.
    identify: bool,
}

/// What is said of one device.
#[derive(Debug)]
pub(super) struct Device {
    pub name: Shown,
    pub facts: Vec<Shown>,
}

/// The pumps whose serials no check value speaks against.
pub(super) fn pumps(conversation: &Conversation) -> impl Iterator<Item = Serial> {
    let commands = conversation.entries().filter_map(|entry| entry.transaction.sound_command());
    commands.map(|command| command.serial)
}

impl<'p> Devices<'p> {
    pub fn of(conversation: &Conversation, pumps: &'p BTreeSet<Serial>, veil: &Veil) -> Self {
        let mut carriers: Vec<(Stream, Kind)> = Vec::new();
        for packet in &conversation.packets {
            if !carriers.iter().any(|(known, _)| *known == packet.stream) {
                carriers.push((packet.stream, conversation.session.device(packet.stream)));
            }
        }
        Self { carriers, pumps, identify: !veil.hides() }
    }

    /// How many sticks and meters there are: `1 stick`
    pub fn carriers(&self) -> String {
        let of = |kind| self.carriers.iter().filter(|(_, known)| *known == kind).count();
        let kinds = [(of(Kind::Stick), "stick", "sticks"), (of(Kind::Meter), "meter", "meters")];
        let some = kinds.into_iter().filter(|(number, ..)| *number > 0);
        let told: Vec<_> = some.map(|(number, one, several)| count(number, one, several)).collect();
        if told.is_empty() { "no stick".to_owned() } else { told.join(" and ") }
    }

    /// What a stick or a meter is called.
    fn carrier(&self, stream: Stream) -> String {
        let of_it = |kind| match kind {
            Kind::Stick => "Stick",
            Kind::Meter => "Meter",
        };
        let Some((_, kind)) = self.carriers.iter().find(|(known, _)| *known == stream) else {
            return String::new();
        };
        let mut alike = self.carriers.iter().filter(|(_, other)| other == kind);
        match alike.clone().count() {
            1 => of_it(*kind).to_owned(),
            _ => {
                let place = alike.position(|(known, _)| *known == stream).unwrap_or_default();
                format!("{} {}", of_it(*kind), place + 1)
            }
        }
    }

    /// What a pump is called.
    pub fn pump(&self, serial: Serial) -> String {
        match self.pumps.iter().position(|pump| *pump == serial) {
            _ if self.identify => format!("Pump {serial}"),
            Some(_) if self.pumps.len() == 1 => "Pump".to_owned(),
            Some(at) => format!("Pump {}", at + 1),
            None => "Another pump".to_owned(),
        }
    }

    /// Whom a fetch asks.
    pub fn asked(&self, entry: &Entry<'_>) -> String {
        match entry.transaction.asked {
            Asked::Pump(command) => self.pump(command.serial),
            Asked::Device(_) | Asked::Unknown => self.carrier(entry.transaction.stream),
        }
    }

    /// What the devices say of themselves.
    pub fn told(&self, conversation: &Conversation, veil: &Veil) -> Vec<Device> {
        let entries: Vec<_> = conversation.entries().collect();
        let carriers = self.carriers.iter().map(|&(stream, _)| {
            let of_it = entries.iter().filter(|entry| entry.transaction.stream == stream);
            let facts = of_it.filter(|entry| is_product(entry)).filter_map(|entry| {
                let sentence = list::came(conversation, entry)?;
                let (_, product) = sentence.split_once(": ")?;
                Some(veil.words(product))
            });
            Device { name: veil.words(self.carrier(stream)), facts: once(facts) }
        });
        let here: BTreeSet<_> = pumps(conversation).collect();
        let pumps = here.into_iter().map(|serial| {
            let known = conversation.session.transactions().pump(serial);
            let model = match known.model {
                Some(model) => format!("model {model}, {}", known.known),
                None => "model not known".to_owned(),
            };
            let of_it = entries.iter().filter(|entry| entry.transaction.serial() == Some(serial));
            let facts = of_it.filter(|entry| tells_of_itself(entry)).filter_map(|entry| {
                let sentence = list::came(conversation, entry)?;
                Some(veil.words(sentence))
            });
            let facts = std::iter::once(veil.words(model)).chain(facts);
            Device { name: veil.words(self.pump(serial)), facts: once(facts) }
        });
        carriers.chain(pumps).collect()
    }
}

/// Each sentence once.
fn once(sentences: impl Iterator<Item = Shown>) -> Vec<Shown> {
    let mut seen = BTreeSet::new();
    sentences.filter(|sentence| seen.insert(sentence.clone())).collect()
}

/// True if a stick says what it is.
fn is_product(entry: &Entry<'_>) -> bool {
    let product = u8::from(stick::Opcode::ProductInfo);
    let of_stick = |code: DeviceCode| (code.device, code.number) == (Kind::Stick, product);
    let answered = entry.transaction.outcome() == Outcome::Answered;
    answered && matches!(entry.transaction.asked, Asked::Device(code) if of_stick(code))
}

/// True if a pump says which firmware it has, or what time it has.
fn tells_of_itself(entry: &Entry<'_>) -> bool {
    let opcode = entry.opcode().filter(|_| entry.complete() && entry.doubt.is_none());
    opcode.is_some_and(|opcode| {
        let told = told::read(opcode, entry.pump, entry.data);
        matches!(told, Told::Reply(Reply::Firmware(_) | Reply::Clock(_)))
    })
}
