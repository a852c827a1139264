// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture. Out: its sticks and pumps, what a report calls them, and what they say of themselves.

use super::veil::{Shown, Veil};
use crate::conversation::{Conversation, Entry};
use crate::list;
use carelink_core::exchange::{Asked, Outcome};
use carelink_core::pump::Reply;
use carelink_core::pump::serial::Serial;
use carelink_core::stick;
use carelink_core::transfer::Stream;
use carelink_core::view::payload::{self, Told};
use std::collections::BTreeSet;

/// The devices of a capture.
#[derive(Debug)]
pub(super) struct Devices<'p> {
    sticks: Vec<Stream>,
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
        let sticks: BTreeSet<_> = conversation.packets.iter().map(|packet| packet.stream).collect();
        let mut sticks: Vec<_> = sticks.into_iter().collect();
        sticks.sort_by_key(|stick| conversation.session.stream(*stick));
        Self { sticks, pumps, identify: !veil.hides() }
    }

    /// How many sticks there are.
    pub const fn sticks(&self) -> usize {
        self.sticks.len()
    }

    /// What a stick is called.
    fn stick(&self, stream: Stream) -> String {
        match self.sticks.iter().position(|stick| *stick == stream) {
            Some(at) if self.sticks.len() > 1 => format!("Stick {}", at + 1),
            _ => "Stick".to_owned(),
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
            Asked::Device(_) | Asked::Unknown => self.stick(entry.transaction.stream),
        }
    }

    /// What the devices say of themselves.
    pub fn told(&self, conversation: &Conversation, veil: &Veil) -> Vec<Device> {
        let entries: Vec<_> = conversation.entries().collect();
        let sticks = self.sticks.iter().map(|&stream| {
            let of_it = entries.iter().filter(|entry| entry.transaction.stream == stream);
            let facts = of_it.filter(|entry| is_product(entry)).filter_map(|entry| {
                let sentence = list::reply(conversation, entry)?;
                let (_, product) = sentence.split_once(": ")?;
                Some(veil.words(product))
            });
            Device { name: veil.words(self.stick(stream)), facts: once(facts) }
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
                let sentence = list::reply(conversation, entry)?;
                Some(veil.words(sentence))
            });
            let facts = std::iter::once(veil.words(model)).chain(facts);
            Device { name: veil.words(self.pump(serial)), facts: once(facts) }
        });
        sticks.chain(pumps).collect()
    }
}

/// Each sentence once.
fn once(sentences: impl Iterator<Item = Shown>) -> Vec<Shown> {
    let mut seen = BTreeSet::new();
    sentences.filter(|sentence| seen.insert(sentence.clone())).collect()
}

/// True if a stick says what it is.
fn is_product(entry: &Entry<'_>) -> bool {
    let number = u8::from(stick::Opcode::ProductInfo);
    let answered = entry.transaction.outcome() == Outcome::Answered;
    answered && matches!(entry.transaction.asked, Asked::Device(code) if code.number == number)
}

/// True if a pump says which firmware it has, or what time it has.
fn tells_of_itself(entry: &Entry<'_>) -> bool {
    let opcode = entry.opcode().filter(|_| entry.complete() && entry.doubt.is_none());
    opcode.is_some_and(|opcode| {
        let told = payload::read(opcode, entry.pump, entry.data);
        matches!(told, Told::Reply(Reply::Firmware(_) | Reply::Clock(_)))
    })
}
