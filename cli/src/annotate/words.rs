// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what is known of a capture. Out: the comments on its frames and on the whole, in the words of list and show.

use super::Level;
use crate::conversation::{Conversation, Entry};
use crate::list;
use crate::page::Page;
use crate::show;
use crate::tree::Tree;
use carelink_core::exchange::{Asked, Outcome};
use carelink_core::pump::serial::Serial;
use carelink_core::tree::expert::{EXPERTS, Severity};
use carelink_core::tree::field::FieldType;
use carelink_core::tree::outline::{ExpertAt, Node, Outline};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::time::Duration;

/// The most bytes of values that are said on one frame, and the most bytes of what is wrong with it; the rest is counted.
const MOST: usize = 4000;

/// The most bytes of a comment: pcapng holds hardly more.
const LONGEST: usize = 60_000;

/// The most pumps that are named.
const PUMPS: usize = 20;

const LEGEND: &str = "\
Each comment that begins so was written by carelink annotate, from the traffic alone; carelink annotate --remove takes them away. \
On a command: what is asked, and how it ends. On the frame that completes a reply: what the reply says. \
\"Error\": bytes are damaged or make no sense. \"Warning\": something went wrong. \"Note\": something is odd. \
\"unproven\": packets are missing, so that a reply may answer another command; it is not read. \
\"(guessed)\": the meaning of the value is a guess.";

/// What is said of a capture.
pub(super) struct Words<'a> {
    conversation: &'a Conversation,
    level: Level,
    /// The fetches by the frame that they begin with, and by the one that they end with.
    begin: BTreeMap<u32, Vec<Entry<'a>>>,
    end: BTreeMap<u32, Vec<Entry<'a>>>,
}

impl<'a> Words<'a> {
    pub fn new(conversation: &'a Conversation, level: Level) -> Self {
        let (mut begin, mut end) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        for entry in conversation.entries() {
            begin.entry(entry.transaction.request.frame()).or_default().push(entry);
            end.entry(entry.transaction.end()).or_default().push(entry);
        }
        Self { conversation, level, begin, end }
    }

    /// What the whole capture holds, and how to read the comments.
    pub fn section(&self) -> String {
        let conversation = self.conversation;
        let mut outcomes = BTreeMap::<_, u32>::new();
        let mut pumps = BTreeSet::new();
        for Entry { transaction, .. } in conversation.entries() {
            *outcomes.entry(u8::from(transaction.outcome())).or_default() += 1;
            pumps.extend(transaction.sound_command().map(|command| command.serial));
        }
        let outcomes: Vec<_> =
            outcomes.iter().map(|(&outcome, count)| format!("{count} {}", Outcome::from(outcome))).collect();
        let more = pumps.len().saturating_sub(PUMPS);
        let pumps: Vec<_> = pumps.iter().take(PUMPS).map(|&serial| self.pump(serial)).collect();
        let mut text = format!("Annotated by carelink {}.\n", env!("CARGO_PKG_VERSION"));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "Transactions: {} ({}).", conversation.entries().len(), outcomes.join("; "));
        if let (Some(first), Some(last)) = (conversation.packets.first(), conversation.packets.last()) {
            let _ = writeln!(text, "From {} to {}.", list::time(first.time), list::time(last.time));
        }
        let sticks: BTreeSet<_> = conversation.packets.iter().map(|packet| packet.stream).collect();
        let mut pumps = if pumps.is_empty() { "none".to_owned() } else { pumps.join(", ") };
        if more > 0 {
            pumps += &format!(" and {more} more");
        }
        let _ = writeln!(text, "Sticks: {}. Pumps: {pumps}.", sticks.len());
        text + LEGEND
    }

    /// `123456 (model 522, told by the pump)`
    fn pump(&self, serial: Serial) -> String {
        let pump = self.conversation.session.transactions().pump(serial);
        match pump.model {
            Some(model) => format!("{serial} (model {model}, {})", pump.known),
            None => format!("{serial} (model not known)"),
        }
    }

    /// What is said on a frame, if anything.
    pub fn frame(&self, frame: u32) -> Option<String> {
        let packet = self.conversation.packet(frame)?;
        let mut outline = Outline::default();
        self.conversation.dissect(frame, &mut outline);
        let mut lines: Vec<_> = self.begin.get(&frame).into_iter().flatten().map(command).collect();
        for entry in self.end.get(&frame).into_iter().flatten() {
            self.reply(entry, &outline, &packet.bytes, &mut lines);
        }
        let tree = Tree::new(&outline, &packet.bytes);
        let wrong = outline.experts().iter().filter_map(|expert| self.wrong(&tree, &outline, expert));
        some(wrong, MOST, "notes", &mut lines);
        let mut comment = Vec::new();
        some(lines.into_iter(), LONGEST, "lines", &mut comment);
        (!comment.is_empty()).then(|| comment.join("\n"))
    }

    /// What the reply of a fetch says. `outline` is that of the frame that it ends with.
    fn reply(&self, entry: &Entry<'_>, outline: &Outline, bytes: &[u8], lines: &mut Vec<String>) {
        let Some(sentence) = list::came(self.conversation, entry) else { return };
        let (number, request) = (entry.number, entry.transaction.request.frame());
        lines.push(format!("Transaction {number}, reply to frame {request}: {sentence}"));
        if self.level == Level::Brief || entry.doubt.is_some() {
            return;
        }
        match (entry.transaction.asked, show::reply(self.conversation, entry)) {
            (Asked::Device(_), _) => {
                values(&Tree::new(outline, bytes), outline, 0..=u8::MAX, "values", lines)
            }
            (_, Some(part)) => {
                let tree = Tree::new(&part.outline, part.bytes);
                // A page shows its records, and not what each of them holds.
                let (deepest, what) =
                    if Page::of(entry).is_some() { (1, "records") } else { (u8::MAX, "values") };
                values(&tree, &part.outline, 1..=deepest, what, lines);
            }
            (_, None) => {}
        }
    }

    /// What is wrong, and where, if it is grave enough.
    fn wrong(&self, tree: &Tree<'_>, outline: &Outline, expert: &ExpertAt) -> Option<String> {
        let word = match EXPERTS[expert.expert as usize].severity {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
            Severity::Note if self.level == Level::Full => "Note",
            Severity::Note | Severity::Chat => return None,
        };
        let note = tree.note(expert);
        let place = outline.nodes().get(expert.node as usize).map(|node| place(tree, outline, node));
        Some(format!("{word}: {note}{}", place.unwrap_or_default()))
    }
}

/// `Transaction 5: Read History Page 0 (the newest), pump 123456: complete (in 1.3 s, frame 168)`
fn command(entry: &Entry<'_>) -> String {
    let Entry { number, transaction, .. } = entry;
    let mut line = format!("Transaction {number}: {}", list::command(entry));
    if let Some(parameters) = list::behind_name(entry) {
        line += &format!(" {parameters}");
    }
    if let Some(serial) = transaction.serial() {
        line += &format!(", pump {serial}");
    }
    line += &format!(": {}", list::outcome(entry));
    let took = transaction.response.map(|end| in_time(end.time().saturating_sub(transaction.request.time())));
    let end = Some(transaction.end()).filter(|&end| end > transaction.request.frame());
    let end = end.map(|end| format!("frame {end}"));
    let end: Vec<_> = took.into_iter().chain(end).collect();
    if !end.is_empty() {
        line += &format!(" ({})", end.join(", "));
    }
    line
}

/// `in 3.1 s`
fn in_time(nanoseconds: u64) -> String {
    match Duration::from_nanos(nanoseconds) {
        short if short.as_millis() < 1000 => format!("in {} ms", short.as_millis()),
        long => format!("in {:.1} s", long.as_secs_f64()),
    }
}

/// Adds the values of a tree at these depths, one a line.
fn values(
    tree: &Tree<'_>,
    outline: &Outline,
    depths: RangeInclusive<u8>,
    what: &str,
    lines: &mut Vec<String>,
) {
    let shown = |node: &&Node| {
        depths.contains(&node.depth)
            && !node.is_generated()
            && (tree.def(node).kind != FieldType::Bytes || !outline.text(node.label).is_empty())
    };
    let of = |node: &Node| {
        let margin = 2 * usize::from(node.depth - depths.start() + 1);
        format!("{:margin$}{}", "", tree.label(node))
    };
    some(outline.nodes().iter().filter(shown).map(of), MOST, what, lines);
}

/// Adds as many lines as fit in so many bytes, and counts the rest.
fn some(all: impl Iterator<Item = String>, most: usize, what: &str, lines: &mut Vec<String>) {
    let (mut length, mut rest) = (0, 0);
    for line in all {
        length += line.len() + 1;
        if length <= most {
            lines.push(line);
        } else {
            rest += 1;
        }
    }
    if rest > 0 {
        lines.push(format!("  ... and {rest} more {what}"));
    }
}

/// ` (Payload CRC, byte 77)`
fn place(tree: &Tree<'_>, outline: &Outline, node: &Node) -> String {
    if node.is_generated() || node.len == 0 {
        return String::new();
    }
    let source = node.source.checked_sub(1).and_then(|source| outline.sources().get(source as usize));
    let of = source.map(|(name, _)| format!(" of the {}", name.to_lowercase())).unwrap_or_default();
    let (first, last) = (node.start, node.start + node.len - 1);
    let bytes = if first == last { format!("byte {first}") } else { format!("bytes {first} to {last}") };
    format!(" ({}, {bytes}{of})", tree.def(node).label)
}
