// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture, and the packets of sticks that are kept of it. Out: the other packets that belong to these: descriptors
//! of the device, the other half of a transfer, and empty transfers between.

use super::whole::{Kept, Whole};
use anyhow::Result;
use carelink_capture::container::{self, Record};
use carelink_capture::usb::{self, Urb};
use carelink_core::transfer::Stream;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;

/// The frames of a capture.
pub(super) struct Frames {
    /// Those that are written.
    pub kept: BTreeSet<u32>,
    /// How many there are.
    pub all: usize,
}

/// The frames that are written.
///
/// # Errors
/// If `source` cannot be read as far as it was read before.
pub(super) fn frames(whole: &Whole<'_>, kept: &Kept, source: impl Read + Send) -> Result<Frames> {
    let packets = &whole.conversation.packets;
    let mut frames: BTreeSet<u32> = kept.packets.iter().map(|&at| packets[at].frame).collect();
    let runs = runs(whole, kept);
    let mut last = BTreeMap::<(u16, u16), u32>::new();
    for (stream, runs) in &runs {
        if let (&Stream::Usb { bus, device, .. }, Some(&(_, end))) = (stream, runs.last()) {
            let before = last.entry((bus, device)).or_default();
            *before = end.max(*before);
        }
    }
    let (mut halves, mut all) = (Halves::default(), 0);
    let read = container::read(source, |record| {
        all += 1;
        let Some(urb) = urb(&record) else { return Ok(()) };
        let stream = Stream::Usb { interface: record.interface, bus: urb.bus, device: urb.device };
        let within = |runs: &Vec<(u32, u32)>| {
            let at = runs.partition_point(|&(first, _)| first <= record.frame);
            at.checked_sub(1).is_some_and(|at| record.frame <= runs[at].1)
        };
        // As where it is read, what describes a device counts on all interfaces.
        let describes =
            urb.number() == 0 && last.get(&(urb.bus, urb.device)).is_some_and(|&end| record.frame <= end);
        if describes || runs.get(&stream).is_some_and(within) {
            frames.insert(record.frame);
        }
        halves.take(&record, &urb);
        Ok(())
    });
    if whole.conversation.damage.is_none() {
        read?;
    }
    for (begin, end) in halves.pairs {
        if frames.contains(&begin) || frames.contains(&end) {
            frames.extend([begin, end]);
        }
    }
    Ok(Frames { kept: frames, all })
}

fn urb(record: &Record<'_>) -> Option<Urb> {
    usb::carries(record.link).then(|| usb::urb(record.link, record.data)).flatten()
}

/// The frames between which all packets of a stick are kept: the first and the last of each run.
fn runs(whole: &Whole<'_>, kept: &Kept) -> BTreeMap<Stream, Vec<(u32, u32)>> {
    let of = |line: &super::whole::Line| {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        let mut goes_on = false;
        for at in &line.packets {
            let frame = whole.conversation.packets[*at].frame;
            match runs.last_mut().filter(|_| goes_on) {
                _ if !kept.packets.contains(at) => goes_on = false,
                Some((_, last)) => *last = frame,
                None => {
                    runs.push((frame, frame));
                    goes_on = true;
                }
            }
        }
        runs
    };
    whole.lines.iter().map(|(stream, line)| (*stream, of(line))).collect()
}

/// Finds the packets that begin and end the same transfer.
#[derive(Default)]
struct Halves {
    under_way: HashMap<(u32, u64), u32>,
    pairs: Vec<(u32, u32)>,
}

impl Halves {
    fn take(&mut self, record: &Record<'_>, urb: &Urb) {
        let key = (record.interface, urb.id);
        if !urb.completes {
            self.under_way.insert(key, record.frame);
        } else if let Some(begin) = self.under_way.remove(&key) {
            self.pairs.push((begin, record.frame));
        }
    }
}
