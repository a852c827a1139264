// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a sound session. Out: every session that differs from it by one fault of one transfer.

use crate::session::{Session, TransferType};

/// What can happen to one transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// It is missing.
    Drop,
    /// It comes twice.
    Double,
    /// It changes places with the next one; the times stay where they were.
    Swap,
    /// It ends after this many bytes.
    Cut(usize),
    /// The capture kept this many bytes of it.
    Snap(usize),
    /// In this byte, this bit (0 to 7) is inverted.
    Flip(usize, u8),
}

/// One fault of one transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fault {
    /// Index of the transfer in the session.
    pub at: usize,
    /// What happens to it.
    pub kind: FaultKind,
}

/// The faults of a session, one at a time: for every data transfer drop, double and swap, cut and snap at
/// every length, and one inverted bit in every byte.
pub fn faults(session: &Session) -> impl Iterator<Item = Fault> {
    session.transfers.iter().enumerate().flat_map(move |(at, transfer)| {
        let data = !matches!(transfer.transfer_type, TransferType::Control(_));
        let length = if data { transfer.bytes.len() } else { 0 };
        let whole = [FaultKind::Drop, FaultKind::Double, FaultKind::Swap]
            .into_iter()
            .filter(move |kind| data && (*kind != FaultKind::Swap || at + 1 < session.transfers.len()));
        let cuts = (0..length).flat_map(|length| [FaultKind::Cut(length), FaultKind::Snap(length)]);
        // A different bit in each byte, so that all eight get their turn.
        let flips = (0..length).zip((0..8).cycle()).map(|(byte, bit)| FaultKind::Flip(byte, bit));
        whole.chain(cuts).chain(flips).map(move |kind| Fault { at, kind })
    })
}

impl Fault {
    /// The session with this fault. A fault that does not fit the session changes nothing.
    #[must_use]
    pub fn apply(self, session: &Session) -> Session {
        let mut transfers = session.transfers.clone();
        let Some(transfer) = transfers.get_mut(self.at) else { return Session { transfers } };
        match self.kind {
            FaultKind::Drop => {
                transfers.remove(self.at);
            }
            FaultKind::Double => {
                let again = transfer.clone();
                transfers.insert(self.at, again);
            }
            FaultKind::Swap => {
                if let [first, second] =
                    &mut transfers[self.at..=(self.at + 1).min(session.transfers.len() - 1)]
                {
                    std::mem::swap(first, second);
                    std::mem::swap(&mut first.time_ns, &mut second.time_ns);
                }
            }
            FaultKind::Cut(length) => transfer.bytes.truncate(length),
            FaultKind::Snap(length) => {
                transfer.lost += transfer.bytes.len().saturating_sub(length);
                transfer.bytes.truncate(length);
            }
            FaultKind::Flip(byte, bit) => {
                if let Some(byte) = transfer.bytes.get_mut(byte) {
                    *byte ^= 1 << bit;
                }
            }
        }
        Session { transfers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stick::Stick;

    #[test]
    fn each_fault_changes_one_thing() {
        let mut stick = Stick::new(1, 5, [0x0A, 0x1B, 0x2C]);
        stick.descriptors();
        stick.product_info();
        stick.signal_strength(Ok(-61));
        let sound = stick.take();
        // Requests of 3 bytes and answers of 64; of the last transfer there is no next one.
        let lengths = 2 * (3 + 64);
        assert_eq!(faults(&sound).count(), 4 * 3 - 1 + 2 * lengths + lengths);
        for fault in faults(&sound) {
            let spoilt = fault.apply(&sound);
            assert_ne!(spoilt, sound, "{fault:?}");
            let (shorter, longer) = (fault.kind == FaultKind::Drop, fault.kind == FaultKind::Double);
            let expected = sound.transfers.len() + usize::from(longer) - usize::from(shorter);
            assert_eq!(spoilt.transfers.len(), expected);
            assert_eq!(spoilt.transfers[..fault.at], sound.transfers[..fault.at]);
            assert!(spoilt.transfers.is_sorted_by_key(|transfer| transfer.time_ns));
        }
    }
}
