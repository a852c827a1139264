// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the fetches of a capture. Out: all of them by command, and what the devices replied, in words.

use super::devices::Devices;
use super::veil::{Shown, Veil};
use super::words::{duration, frames, time, took};
use crate::class::Class;
use crate::conversation::{Conversation, Entry};
use crate::list;
use crate::page::Page;
use crate::show;
use crate::tree::Tree;
use carelink_core::exchange::{Asked, Outcome};
use carelink_core::tree::field::FieldType;
use carelink_core::tree::outline::Outline;
use std::collections::BTreeMap;

/// The fetches of one command.
#[derive(Debug)]
pub(super) struct Command {
    pub name: Shown,
    /// `35 complete, 1 damaged`
    pub outcomes: String,
    pub class: Class,
    pub rows: Vec<Row>,
}

/// One fetch.
#[derive(Debug)]
pub(super) struct Row {
    pub number: u32,
    pub frames: String,
    pub time: String,
    pub took: String,
    pub asked: Shown,
    pub what: Shown,
    pub outcome: Shown,
    pub class: Class,
    pub reply: Shown,
}

/// All fetches by command, in the order in which each command came first.
pub(super) fn by_command(conversation: &Conversation, devices: &Devices<'_>, veil: &Veil) -> Vec<Command> {
    let mut commands: Vec<(String, Vec<Entry<'_>>)> = Vec::new();
    for entry in conversation.entries() {
        let name = list::command(&entry);
        match commands.iter_mut().find(|(known, _)| *known == name) {
            Some((_, entries)) => entries.push(entry),
            None => commands.push((name, vec![entry])),
        }
    }
    let command = |(name, entries): (String, Vec<Entry<'_>>)| {
        let mut outcomes: BTreeMap<u8, usize> = BTreeMap::new();
        for entry in &entries {
            *outcomes.entry(entry.transaction.outcome().into()).or_default() += 1;
        }
        let of = outcomes.iter().map(|(&outcome, count)| format!("{count} {}", Outcome::from(outcome)));
        let outcomes: Vec<_> = of.collect();
        let class = entries.iter().map(|entry| Class::of(entry.transaction.outcome())).min();
        Command {
            name: veil.words(name),
            outcomes: outcomes.join(", "),
            class: class.unwrap_or(Class::Good),
            rows: entries.iter().map(|entry| row(conversation, entry, devices, veil)).collect(),
        }
    };
    commands.into_iter().map(command).collect()
}

/// What is said of one fetch.
pub(super) fn row(conversation: &Conversation, entry: &Entry<'_>, devices: &Devices<'_>, veil: &Veil) -> Row {
    Row {
        number: entry.number.get(),
        frames: frames(entry),
        time: time(entry.transaction.request.time()),
        took: took(entry).map(duration).unwrap_or_default(),
        asked: veil.words(devices.asked(entry)),
        what: veil.what(entry),
        outcome: veil.words(list::outcome(entry)),
        class: Class::of(entry.transaction.outcome()),
        reply: veil.words(list::came(conversation, entry).unwrap_or_default()),
    }
}

/// What one device told.
#[derive(Debug)]
pub(super) struct Told {
    pub device: Shown,
    pub said: Vec<Said>,
}

/// What one command was answered.
#[derive(Debug)]
pub(super) struct Said {
    pub command: Shown,
    /// Each answer once, in order.
    pub answers: Vec<Answer>,
}

/// How many values need not be listed.
const FEW: usize = 2;

/// The most different answers to one command that are not folded.
const UNFOLDED: usize = 3;

impl Said {
    pub fn first_answers(&self) -> &[Answer] {
        &self.answers[..self.answers.len().min(UNFOLDED)]
    }

    pub fn other_answers(&self) -> &[Answer] {
        &self.answers[self.answers.len().min(UNFOLDED)..]
    }
}

/// One answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub sentence: Shown,
    /// The values, one a line, if the sentence does not tell all.
    pub values: Vec<Shown>,
    /// The frames that ended replies like it: the first and how many there are.
    pub frame: u32,
    pub times: usize,
}

/// What the devices replied that is no page: their settings and their state.
pub(super) fn told(conversation: &Conversation, devices: &Devices<'_>, veil: &Veil) -> Vec<Told> {
    let mut all: BTreeMap<Shown, Vec<Said>> = BTreeMap::new();
    for entry in conversation.entries() {
        let Some((sentence, values)) = answer(conversation, &entry, veil) else { continue };
        let command = veil.what(&entry);
        let of_device = all.entry(veil.words(devices.asked(&entry))).or_default();
        let place = of_device.iter().position(|said| said.command == command);
        let place = place.unwrap_or_else(|| {
            of_device.push(Said { command, answers: Vec::new() });
            of_device.len() - 1
        });
        let answers = &mut of_device[place].answers;
        match answers.iter_mut().find(|answer| answer.sentence == sentence && answer.values == values) {
            Some(answer) => answer.times += 1,
            None => answers.push(Answer { sentence, values, frame: entry.transaction.end(), times: 1 }),
        }
    }
    all.into_iter().map(|(device, said)| Told { device, said }).collect()
}

/// The sentence and the values of a reply that can be trusted and is no page.
fn answer(conversation: &Conversation, entry: &Entry<'_>, veil: &Veil) -> Option<(Shown, Vec<Shown>)> {
    let good = match entry.transaction.asked {
        Asked::Device(_) => {
            matches!(entry.transaction.outcome(), Outcome::Answered | Outcome::AnsweredByMeter)
        }
        Asked::Pump(_) => entry.complete() && entry.doubt.is_none() && Page::of(entry).is_none(),
        Asked::Unknown => false,
    };
    let sentence = list::came(conversation, entry).filter(|_| good)?;
    let part = match entry.transaction.asked {
        Asked::Pump(_) => show::reply(conversation, entry),
        _ => None,
    };
    let values = part.map(|part| values(&Tree::new(&part.outline, part.bytes), &part.outline, veil));
    // The sentence tells all of so few.
    let values = values.filter(|values| values.len() > FEW).unwrap_or_default();
    Some((veil.words(sentence), values))
}

/// The values of a reply, one a line. Left out is what stands above them, which is the sentence, what stands below a line that
/// tells it, and plain bytes: nobody knows what they tell.
fn values(tree: &Tree<'_>, outline: &Outline, veil: &Veil) -> Vec<Shown> {
    let (mut lines, mut told) = (Vec::new(), u8::MAX);
    for node in outline.nodes().iter().filter(|node| node.depth > 1) {
        if node.depth > told {
            continue;
        }
        let (def, label) = (tree.def(node), outline.text(node.label));
        let sums_up = def.kind == FieldType::Tree && label.contains(": ");
        told = if sums_up { node.depth } else { u8::MAX };
        let plain = node.is_generated() || def.kind == FieldType::Bytes && label.is_empty();
        let hidden = veil.hides() && def.identity.is_some();
        if !plain && !hidden {
            let margin = 2 * usize::from(node.depth - 2);
            lines.push(veil.words(format!("{:margin$}{}", "", tree.label(node))));
        }
    }
    lines
}
