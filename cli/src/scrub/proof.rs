// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture before and after. Out: proof that nothing of what was replaced is left, and that all else reads the same.

use super::days::Days;
use super::identities::Identities;
use super::image::{Image, Marks, Place, Region, Side};
use super::search::Search;
use crate::conversation::Conversation;
use anyhow::{Context as _, Result, bail, ensure};
use carelink_capture::pcapng::Reader;
use carelink_core::registry;
use carelink_core::transfer::Claim;
use carelink_core::tree::checksum::CRC;
use carelink_core::tree::field::{FieldDef, FieldType};
use carelink_core::tree::outline::{Node, Outline, TextAt};
use std::iter::zip;

/// As many bytes as a serial in digits has.
const LONG: usize = 6;

/// Looks for what was replaced in all payloads, joined as they belong together. How often bytes look like it that mean
/// something else.
///
/// # Errors
/// If there is any left.
pub fn search(image: &Image, views: &[Region], search: &Search, frame: impl Fn(Place) -> u32) -> Result<u64> {
    let mut chance = 0;
    for view in views {
        let bytes = image.bytes(Side::After, view);
        let places: Vec<_> = view.places().collect();
        for found in search.find(&bytes) {
            let here = &places[found.range];
            let frame = here.first().map_or(0, |&place| frame(place));
            ensure!(by_chance(image, here), "an identity is left in packet {frame} of the sticks");
            chance += 1;
        }
    }
    Ok(chance)
}

/// True if the bytes here only look like an identity.
fn by_chance(image: &Image, here: &[Place]) -> bool {
    let kept = |place| image.byte(Side::Before, place) == image.byte(Side::After, place);
    let understood = |place| image.marks(place).has(Marks::UNDERSTOOD);
    let other = |place| understood(place) && !image.marks(place).has(Marks::IDENTITY) && kept(place);
    // Zeros at its ends may be anything's.
    let empty = |place| image.marks(place).has(Marks::CLEARED) || image.byte(Side::After, place) == Some(0);
    let all = |is: &dyn Fn(Place) -> bool| here.iter().all(|&place| is(place) || empty(place));
    let means_other = here.iter().any(|&place| other(place));
    // So many bytes are nowhere by chance, unless they are something else.
    if here.len() >= LONG {
        return means_other && all(&other);
    }
    // What was written here cannot be what stood here; and an identity does not begin in one that is replaced and end in another.
    here.iter().any(|&place| !kept(place)) || means_other && all(&understood)
}

/// Looks for what was replaced in the wrapping of packets, of which `payloads` gives what is payload.
///
/// # Errors
/// If there is any left.
pub fn wrapping(
    before: &[u8],
    after: &[u8],
    search: &Search,
    payload: impl Fn(u32) -> Option<(usize, usize)>,
) -> Result<u64> {
    let mut chance = 0;
    for (old, new) in zip(Reader::new(before)?, Reader::new(after)?) {
        let (old, new) = (old?, new?);
        let Some((old, new)) = old.record().zip(new.record()) else { continue };
        let (start, len) = payload(new.frame).unwrap_or((new.data.len(), 0));
        for found in search.find(new.data) {
            let range = found.range;
            if range.start >= start && range.end <= start + len {
                continue;
            }
            // So many bytes are nowhere by chance.
            let same = old.data.get(range.clone()) == new.data.get(range.clone()) && range.len() < LONG;
            ensure!(same, "an identity is left in the headers of packet {} of the sticks", new.frame);
            chance += 1;
        }
    }
    Ok(chance)
}

/// Reads a capture before and after, and compares all that is read.
///
/// # Errors
/// If anything but what was to change has changed.
pub fn compare(
    before: &Conversation,
    after: &Conversation,
    identities: &Identities,
    days: Days,
) -> Result<()> {
    let (old, new) = (before.session.transactions(), after.session.transactions());
    ensure!(
        old.iter().len() == new.iter().len(),
        "there are {} fetches, not {}",
        new.iter().len(),
        old.iter().len()
    );
    for ((id, old), (_, new)) in zip(old.iter(), new.iter()) {
        let known = old.serial().map(|serial| serial.to_string().into_bytes());
        let serial = known.as_deref().map(|digits| identities.of(digits));
        let same = old.pump_opcode() == new.pump_opcode()
            && old.outcome() == new.outcome()
            && old.stage == new.stage
            && serial == new.serial().map(|serial| serial.to_string()).as_deref().map(str::as_bytes);
        ensure!(same, "fetch {id} ends otherwise: {}, not {}", new.outcome(), old.outcome());
    }
    ensure!(before.packets.len() == after.packets.len(), "packets are missing");
    let fields: Vec<_> = registry::fields().collect();
    let [mut old_tree, mut new_tree] = [Outline::default(), Outline::default()];
    for (old, new) in zip(&before.packets, &after.packets) {
        for (tree, conversation, packet) in [(&mut old_tree, before, old), (&mut new_tree, after, new)] {
            tree.clear();
            conversation.session.dissect(&packet.transfer(Claim::Certain), tree);
        }
        same(&old_tree, &new_tree, &fields, days).with_context(|| format!("frame {}", old.frame))?;
    }
    Ok(())
}

/// A text without the identities and dates that lie in it.
fn veiled(outline: &Outline, node: &Node, fields: &[&FieldDef]) -> Vec<u8> {
    let mut text = outline.text(TextAt(u32::try_from(node.value).unwrap_or(0))).as_bytes().to_vec();
    let within = |part: &&Node| {
        let changes = fields.get(usize::from(part.field));
        changes.is_some_and(|def| def.identity.is_some() || def.redate.is_some())
            && part.source == node.source
            && (node.start..node.start + node.len).contains(&part.start)
    };
    for part in outline.nodes().iter().filter(within) {
        let start = (part.start - node.start) as usize;
        let end = (start + part.len as usize).min(text.len());
        text.get_mut(start..end).into_iter().flatten().for_each(|letter| *letter = 0);
    }
    text
}

/// Compares what is read of one packet.
fn same(before: &Outline, after: &Outline, fields: &[&FieldDef], days: Days) -> Result<()> {
    let (old, new) = (before.nodes(), after.nodes());
    ensure!(old.len() == new.len(), "there are {} values, not {}", new.len(), old.len());
    for (old, new) in zip(old, new) {
        let shape = |node: &Node| (node.field, node.depth, node.role, node.source, node.start, node.len);
        let Some(def) = fields.get(usize::from(old.field)) else { bail!("a value of no field") };
        ensure!(shape(old) == shape(new), "{} is another value, or lies elsewhere", def.name);
        let text = |outline: &Outline, node: &Node| veiled(outline, node, fields);
        let same = match def.kind {
            // What is hidden says again what others say, such as whose the packet is.
            _ if def.identity.is_some() || old.is_hidden() || old.field == CRC.id() => true,
            FieldType::Text => text(before, old) == text(after, new),
            FieldType::Clock if old.value != 0 && days.of(old.value.cast_signed()).is_some() => {
                new.value.cast_signed() == old.value.cast_signed() + days.seconds()
            }
            _ => old.value == new.value,
        };
        ensure!(same, "{} has another value", def.name);
    }
    let notes =
        |outline: &Outline| outline.experts().iter().map(|note| (note.node, note.expert)).collect::<Vec<_>>();
    ensure!(notes(before) == notes(after), "other oddities are noted");
    Ok(())
}
