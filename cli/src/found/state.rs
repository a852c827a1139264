// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what pumps said of their state in a capture. Out: events of it.

use super::{Collection, Device, Found};
use crate::conversation::{Conversation, Entry};
use carelink_core::pump::Reply;
use carelink_core::pump::model::Pump;
use carelink_core::pump::opcode::Opcode;
use carelink_core::pump::serial::Serial;
use carelink_core::pump::told::{self, Told};
use carelink_core::transfer::Stream;
use carelink_core::units::count::Count;
use carelink_core::vendor::Event;
use carelink_core::vendor::current::current_events;
use jiff::civil::DateTime;
use std::collections::HashMap;
use std::time::Duration;

/// When a pump was asked about its state, between two switchings of its radio.
#[derive(Clone, Debug, PartialEq)]
pub struct Asking {
    /// The pump.
    pub pump: Device,
    /// The time of its clock, and of the packet that told it; `None` if nothing tells.
    pub clock: Option<(DateTime, u64)>,
    /// The times of the first and the last packet.
    pub packets: (u64, u64),
    /// True if the clock is another asking's, counted on by the times of packets.
    pub estimated: bool,
    /// The number of the capture.
    pub source: usize,
}

impl Asking {
    /// From when to when it was asked, by the pump's clock.
    #[must_use]
    pub fn span(&self) -> Option<(DateTime, DateTime)> {
        let (time, read) = self.clock?;
        let (first, last) = self.packets;
        Some((moved(time, read, first)?, moved(time, read, last)?))
    }
}

/// What a pump was set to when it was asked.
#[derive(Default)]
struct Status<'c> {
    clock: Option<(DateTime, u64)>,
    /// The times of the first and the last packet of replies.
    packets: Option<(u64, u64)>,
    /// What it said, and in which transaction.
    replies: Vec<(Reply, Entry<'c>)>,
}

/// The events that replies about the state of a pump make. Their time is that of the pump's clock in the same session.
pub(crate) fn current(conversation: &Conversation, source: usize, collection: &mut Collection) {
    let mut sessions: HashMap<(Stream, Serial), Status<'_>> = HashMap::new();
    let mut askings: Vec<Asking> = Vec::new();
    let mut close = |pump: Pump, serial: Serial, status: Status<'_>| {
        if let Some(packets) = status.packets {
            let pump = Device::of(pump, Some(serial));
            askings.push(Asking { pump, clock: status.clock, packets, estimated: false, source });
        }
        let Some((time, _)) = status.clock else {
            if let Some((_, entry)) = status.replies.first() {
                let frame = entry.transaction.end();
                collection.notes.push(format!(
                    "{}: frame {frame}: what pump {serial} says of its state is left out ({}): its clock was not read",
                    conversation.name(),
                    Count(status.replies.len(), "reply", "replies")
                ));
            }
            return;
        };
        let pump = Device::of(pump, Some(serial));
        let mut events: Vec<Found> = Vec::new();
        let told =
            |event: &Event| collection.events.iter().any(|found| found.pump == pump && found.event == *event);
        for (reply, entry) in &status.replies {
            for event in current_events(reply, time) {
                if !events.iter().any(|found| found.event == event) && !told(&event) {
                    events.push(Found::in_reply(entry, conversation.name(), event, &pump));
                }
            }
        }
        collection.events.append(&mut events);
    };
    for entry in conversation.entries() {
        let Some(serial) = entry.transaction.serial() else { continue };
        let key = (entry.transaction.stream, serial);
        if entry.opcode() == Some(Opcode::POWER_CONTROL) {
            if let Some(status) = sessions.remove(&key) {
                close(entry.pump, serial, status);
            }
            continue;
        }
        let reply = fetch_reply(&entry);
        let transaction = entry.transaction;
        let begin = transaction.request.time();
        let end = transaction.response.or(transaction.first_data).map_or(begin, |at| at.time().max(begin));
        if says_state(&entry) {
            let packets = &mut sessions.entry(key).or_default().packets;
            *packets = Some(packets.map_or((begin, end), |(first, last)| (first.min(begin), last.max(end))));
        }
        if let Some(reply) = reply {
            let status = sessions.entry(key).or_default();
            if let Reply::Clock(clock) = &reply {
                status.clock = clock.time.valid().map(|time| (time, end)).or(status.clock);
            }
            status.replies.push((reply, entry));
        }
    }
    let transactions = conversation.session.transactions();
    let mut rest: Vec<_> = sessions.into_iter().collect();
    rest.sort_by_key(|(key, _)| *key);
    for ((_, serial), status) in rest {
        close(transactions.pump(serial), serial, status);
    }
    estimate(&mut askings);
    collection.askings.append(&mut askings);
}

/// Gives the askings in which the clock was not read that of another one, counted on by the times of packets.
fn estimate(askings: &mut [Asking]) {
    let known = askings.to_vec();
    for asking in askings.iter_mut().filter(|asking| asking.clock.is_none()) {
        let at = asking.packets.0;
        let same = known.iter().filter(|other| other.pump == asking.pump);
        let nearest = same.filter_map(|other| other.clock).min_by_key(|(_, read)| read.abs_diff(at));
        asking.clock = nearest.and_then(|(clock, read)| Some((moved(clock, read, at)?, at)));
        asking.estimated = true;
    }
}

/// What a clock that told `time` at `read` shows at another time.
fn moved(time: DateTime, read: u64, at: u64) -> Option<DateTime> {
    let between = Duration::from_nanos(read.abs_diff(at));
    if at < read { time.checked_sub(between).ok() } else { time.checked_add(between).ok() }
}

/// True if the reply to something other than a page came, readable or not.
fn says_state(entry: &Entry<'_>) -> bool {
    let asked = entry.opcode().is_some_and(|opcode| opcode.page().is_none());
    asked && (!entry.data.is_empty() || entry.lacks())
}

fn fetch_reply(entry: &Entry<'_>) -> Option<Reply> {
    let opcode = entry.opcode().filter(|_| entry.complete())?;
    match told::read(opcode, entry.pump, entry.data) {
        Told::Reply(reply) => Some(reply),
        Told::Nothing | Told::Impossible => None,
    }
}
