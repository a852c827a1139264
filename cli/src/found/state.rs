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
use carelink_core::vendor::current::current_events;
use jiff::civil::DateTime;
use std::collections::HashMap;

/// What a pump was set to when it was asked, between two switchings of its radio.
#[derive(Default)]
struct Status {
    clock: Option<DateTime>,
    /// What it said, and the frame that the reply ends with.
    replies: Vec<(Reply, u32)>,
}

/// The events that replies about the state of a pump make. Their time is that of the pump's clock in the same session.
pub(crate) fn current(conversation: &Conversation, collection: &mut Collection) {
    let mut sessions: HashMap<(Stream, Serial), Status> = HashMap::new();
    let mut close = |pump: Pump, serial: Serial, status: Status| {
        let Some(time) = status.clock else {
            if let Some((_, frame)) = status.replies.first() {
                collection.notes.push(format!(
                    "frame {frame}: what {} replies say of the state of pump {serial} is left out: its clock was not read",
                    status.replies.len()
                ));
            }
            return;
        };
        let pump = Device::of(pump, Some(serial));
        let mut events: Vec<Found> = Vec::new();
        for (reply, frame) in &status.replies {
            for event in current_events(reply, time) {
                if !events.iter().any(|found| found.event == event) {
                    events.push(Found { frame: Some(*frame), ..Found::of(event, &pump) });
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
        } else if let Some(reply) = fetch_reply(&entry) {
            let status = sessions.entry(key).or_default();
            if let Reply::Clock(clock) = &reply {
                status.clock = clock.time.valid().or(status.clock);
            }
            status.replies.push((reply, entry.transaction.end()));
        }
    }
    let transactions = conversation.session.transactions();
    let mut rest: Vec<_> = sessions.into_iter().collect();
    rest.sort_by_key(|(key, _)| *key);
    for ((_, serial), status) in rest {
        close(transactions.pump(serial), serial, status);
    }
}

fn fetch_reply(entry: &Entry<'_>) -> Option<Reply> {
    let opcode = entry.opcode().filter(|_| entry.complete())?;
    match told::read(opcode, entry.pump, entry.data) {
        Told::Reply(reply) => Some(reply),
        Told::Nothing | Told::Impossible => None,
    }
}
