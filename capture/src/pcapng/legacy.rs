// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the headers of a pcap file. Out: the blocks that say the same.

use super::block::Block;
use super::interface::RESOLUTION;
use super::options::Options;
use super::order::Order;

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;

/// Bytes of the file's header, and of the one before each packet.
pub(crate) const HEADER: usize = 24;
pub(crate) const RECORD: usize = 16;

/// How a pcap file tells its numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Legacy {
    order: Order,
    nanoseconds: bool,
}

impl Legacy {
    /// By how the file begins; `None` if it is no pcap file.
    pub fn of(magic: [u8; 4]) -> Option<Self> {
        [Order::Little, Order::Big].into_iter().find_map(|order| match order.u32(&magic, 0)? {
            MICROSECONDS => Some(Self { order, nanoseconds: false }),
            NANOSECONDS => Some(Self { order, nanoseconds: true }),
            _ => None,
        })
    }

    /// The section and the interface that the file's header stands for.
    pub fn head(self, header: &[u8; HEADER]) -> Option<[Block; 2]> {
        let most = self.order.u32(header, 16)?;
        // The upper half tells of check values of frames.
        let link = u16::try_from(self.order.u32(header, 20)? & 0xffff).ok()?;
        let options = Options::default();
        let clock = if self.nanoseconds { options.clone().with(RESOLUTION, [9]) } else { options.clone() };
        Some([Block::section(self.order, &options), Block::interface(self.order, link, most, &clock)])
    }

    /// How many bytes of a packet follow its header.
    pub fn kept(self, header: &[u8; RECORD]) -> Option<usize> {
        usize::try_from(self.order.u32(header, 8)?).ok()
    }

    /// The packet.
    pub fn packet(self, header: &[u8; RECORD], data: &[u8]) -> Option<Block> {
        let number = |at| self.order.u32(header, at);
        let rate = if self.nanoseconds { 1_000_000_000 } else { 1_000_000 };
        let ticks = u64::from(number(0)?) * rate + u64::from(number(4)?);
        Some(Block::packet(self.order, 0, ticks, data, number(12)?, &Options::default()))
    }
}
