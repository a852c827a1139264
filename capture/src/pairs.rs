// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the packets of URBs. Out: how many of a device lack the one that begins them or the one that ends them.
//!
//! A URB is in a capture twice: where it is submitted and where it completes, under one id. Many captures hold only the
//! packets with data: where no pair was seen, nothing is missed.

use crate::usb::Urb;
use carelink_core::transfer::Stream;
use std::collections::{BTreeMap, HashSet};

/// The most URBs that may be under way at a time; with more of them the ids are not followed any further.
const MOST_OPEN: usize = 1 << 16;

/// The URBs of a device whose other packet is not in the capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unpaired {
    /// How many complete that were not submitted.
    pub completions: u64,
    /// How many were submitted whose id was used again before they completed.
    pub submissions: u64,
    /// The packet that shows it first.
    pub first: u32,
}

/// Follows URBs.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    open: HashSet<(Stream, u8, u64)>,
    /// The endpoints with a pair since packets were left out on purpose.
    paired: HashSet<(Stream, u8)>,
    unpaired: BTreeMap<Stream, Unpaired>,
}

impl Pairs {
    /// Takes a packet; `left_out` if it says that packets were left out before it on purpose.
    pub fn take(&mut self, frame: u32, stream: Stream, urb: &Urb, left_out: bool) {
        if left_out {
            self.open.retain(|(of, ..)| *of != stream);
            self.paired.retain(|(of, _)| *of != stream);
        }
        // Control transfers are in pairs of another kind, and no stick's traffic.
        if urb.number() == 0 || self.open.len() >= MOST_OPEN {
            return;
        }
        let (endpoint, key) = ((stream, urb.endpoint), (stream, urb.endpoint, urb.id));
        let open = self.open.remove(&key);
        if !urb.completes {
            self.open.insert(key);
        }
        match (urb.completes, open) {
            (true, true) => {
                self.paired.insert(endpoint);
            }
            (false, false) => {}
            // What began before the capture did, or lacks its pair as all do, tells nothing.
            (completes, _) if self.paired.contains(&endpoint) => {
                let found =
                    self.unpaired.entry(stream).or_insert(Unpaired { first: frame, ..Default::default() });
                *(if completes { &mut found.completions } else { &mut found.submissions }) += 1;
            }
            _ => {}
        }
    }

    /// The URBs that lack a packet, by their devices.
    pub fn unpaired(self) -> BTreeMap<Stream, Unpaired> {
        self.unpaired
    }
}

#[cfg(test)]
mod tests {
    use super::{Pairs, Unpaired};
    use crate::usb::Urb;
    use carelink_core::transfer::Stream;

    const STREAM: Stream = Stream::Usb { interface: 0, bus: 1, device: 4 };

    /// Packets as `S1` and `C1`; `-` says that packets were left out before the next one.
    fn unpaired(packets: &str) -> Option<Unpaired> {
        let (mut pairs, mut left_out) = (Pairs::default(), false);
        for (frame, word) in (1..).zip(packets.split(' ')) {
            let (kind, id) = word.split_at(1);
            if let Ok(id) = id.parse() {
                let urb = Urb {
                    bus: 1,
                    device: 4,
                    endpoint: 0x81,
                    carrier: None,
                    id,
                    completes: kind == "C",
                    header: 64,
                };
                pairs.take(frame, STREAM, &urb, left_out);
            }
            left_out = kind == "-";
        }
        pairs.unpaired().remove(&STREAM)
    }

    #[test]
    fn missing_packets_show_where_others_are_in_pairs() {
        assert_eq!(unpaired("S1 C1 S2 S1 C2 C1"), None);
        assert_eq!(unpaired("S1 C1 C1"), Some(Unpaired { completions: 1, submissions: 0, first: 3 }));
        assert_eq!(
            unpaired("S1 C1 S1 S1 C1 C1"),
            Some(Unpaired { completions: 1, submissions: 1, first: 4 })
        );
    }

    #[test]
    fn nothing_is_missed_where_nothing_is_in_pairs() {
        assert_eq!(unpaired("C1 C1 C1"), None, "data only");
        assert_eq!(unpaired("C9 S1 C1 S1"), None, "begun before the capture, and over after it");
        assert_eq!(unpaired("S1 C1 - C1 S1 C1"), None, "left out on purpose");
    }
}
