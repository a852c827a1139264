// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the block that describes an interface. Out: what its packets' numbers mean.

use super::block::Block;

/// The option with the resolution of an interface's clock, and the one with what is added to it.
pub(crate) const RESOLUTION: u16 = 9;
const OFFSET: u16 = 14;

/// What a tick of an interface's clock is.
#[derive(Clone, Copy, Debug)]
enum Units {
    Nanoseconds(u64),
    PerSecond(u64),
}

impl Units {
    /// From the option: a power of ten, or of two if the highest bit is set.
    fn of(resolution: u8) -> Self {
        let power = u32::from(resolution & 0x7f);
        if resolution & 0x80 != 0 {
            Self::PerSecond(1_u64.checked_shl(power).unwrap_or(u64::MAX))
        } else {
            match power {
                0..=9 => Self::Nanoseconds(10_u64.pow(9 - power)),
                _ => Self::PerSecond(10_u64.checked_pow(power).unwrap_or(u64::MAX)),
            }
        }
    }
}

/// Who captures, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interface {
    /// Its link type.
    pub link: i32,
    /// How many bytes of a packet it keeps; 0 for all.
    pub most: usize,
    units: Units,
    /// Seconds to add to its clock.
    offset: i64,
}

impl Interface {
    /// Without a resolution, a clock ticks in microseconds.
    pub fn of(block: &Block) -> Option<Self> {
        let (order, options) = (block.order(), block.options());
        let resolution = options.get(RESOLUTION).and_then(|value| value.first());
        let offset = options.get(OFFSET).and_then(|value| order.u64(value, 0));
        Some(Self {
            link: order.u16(block.bytes(), 8)?.into(),
            most: usize::try_from(order.u32(block.bytes(), 12)?).unwrap_or(usize::MAX),
            units: Units::of(resolution.copied().unwrap_or(6)),
            offset: offset.map_or(0, u64::cast_signed),
        })
    }

    /// How many ticks its clock has in a second.
    pub const fn rate(&self) -> u64 {
        match self.units {
            Units::Nanoseconds(unit) => 1_000_000_000 / unit,
            Units::PerSecond(rate) => rate,
        }
    }

    /// Nanoseconds since 1970.
    pub fn time(&self, ticks: u64) -> u64 {
        let nanoseconds = match self.units {
            Units::Nanoseconds(unit) => ticks.saturating_mul(unit),
            Units::PerSecond(rate) => {
                u64::try_from(u128::from(ticks) * 1_000_000_000 / u128::from(rate)).unwrap_or(u64::MAX)
            }
        };
        nanoseconds.saturating_add_signed(self.offset.saturating_mul(1_000_000_000))
    }
}
