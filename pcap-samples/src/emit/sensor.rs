// SPDX-License-Identifier: GPL-2.0-or-later
//! In: sensor events, oldest first. Out: a glucose page, and the ISIG and VCNTR pages that run beside it.
//!
//! A pump reads these pages backwards: the opcode is the last byte of a record.

use super::count::few;
use super::history::numbers;
use super::page;
use carelink_core::sensor::{Body, Record, When};
use carelink_core::units::clock::PumpTime;

/// The ISIG word beside a byte that is an argument.
const ARGUMENT: u16 = 0x0022;

/// Pages of one number that are being filled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SensorPages {
    glucose: Vec<u8>,
    isig: Vec<u16>,
    vcntr: Vec<i8>,
}

impl SensorPages {
    /// Empty pages.
    #[must_use]
    pub const fn new() -> Self {
        Self { glucose: Vec::new(), isig: Vec::new(), vcntr: Vec::new() }
    }

    /// A reading: even mg/dL from 40 to 510, and the sensor's current in hundredths of a nanoampere.
    pub fn value(&mut self, glucose: u16, isig: u16) {
        let [_, half] = (glucose / 2).to_be_bytes();
        self.push(half, isig);
    }

    /// A reading of a model from 523 on: any mg/dL from 40 to 511, the odd one kept in the ISIG's last bit.
    pub fn fine_value(&mut self, glucose: u16, isig: u16) {
        self.value(glucose, isig & !1 | glucose & 1);
    }

    /// A record of one byte: 0x02, a weak signal, takes a place in time; 0x01 and 0x11 to 0x13 take none.
    pub fn bare(&mut self, opcode: u8) {
        self.push(opcode, opcode.into());
    }

    /// A record without a time of its own, 0x03 to 0x07, with its argument and the sensor's current.
    pub fn relative(&mut self, opcode: u8, argument: u8, isig: u16) {
        self.push(argument, ARGUMENT);
        self.push(opcode, isig);
    }

    /// A record with a time (to the minute), 0x08 to 0x10. `subtype` has three bits, `flag` one; `arguments`
    /// are in the order in which the pump reads them, after the time. `None` if there is no room for a value, and then
    /// nothing is added.
    pub fn absolute(
        &mut self,
        opcode: u8,
        subtype: u8,
        flag: bool,
        at: PumpTime,
        arguments: &[u8],
    ) -> Option<()> {
        let subtype = few(subtype, 3)?;
        let [year, month, day, hour, minute, _] = numbers(at)?;
        for argument in arguments.iter().rev() {
            self.push(*argument, ARGUMENT);
        }
        for byte in
            [u8::from(flag) << 7 | year, subtype << 5 | day, month << 6 | minute, month >> 2 << 6 | hour]
        {
            self.push(byte, ARGUMENT);
        }
        self.push(opcode, opcode.into());
        Some(())
    }

    /// Any record, as its reader gives it; of its time, only one that the record itself stores. What a reader does not keep
    /// is emitted as zero. `None` for a value that a record cannot hold, and then nothing is added.
    pub fn record(&mut self, record: &Record) -> Option<()> {
        let opcode = record.opcode;
        let isig = record.isig.map_or(0, |isig| isig.0);
        let mut at = |subtype, flag, arguments: &[u8]| {
            let When::Stored(time) = record.when else { return None };
            self.absolute(opcode, subtype, flag, time, arguments)
        };
        match record.body {
            Body::Glucose(glucose) => self.push(u8::try_from(glucose / 2).ok()?, isig | glucose & 1),
            Body::Either(_) => return None,
            Body::Low(raw) | Body::High(raw) => self.relative(opcode, raw, isig),
            Body::Cal(cal) => self.relative(opcode, cal.into(), isig),
            Body::Packet(packet) => self.relative(opcode, packet.into(), isig),
            Body::Error(error) => self.relative(opcode, error.into(), isig),
            Body::Stamp(stamp) => at(stamp.into(), false, &[])?,
            Body::Battery(enabled) => at(enabled.into(), false, &[])?,
            Body::Status(status) => at(status.into(), false, &[])?,
            Body::Clock(clock) => at(clock.into(), false, &[])?,
            Body::Sync(sync) => at(sync.into(), false, &[])?,
            Body::Meter(amount, origin) => {
                let [high, low] = amount.to_be_bytes();
                at(few(high, 1)?, few(origin.into(), 1)? != 0, &[low])?;
            }
            Body::Factor(factor) => at(0, false, &factor.0.to_be_bytes())?,
            Body::Nothing if opcode == 0x10 => at(0, false, &[0; 3])?,
            Body::Nothing => self.bare(opcode),
        }
        if let (Some(last), Some(vcntr)) = (self.vcntr.last_mut(), record.vcntr) {
            *last = vcntr;
        }
        Some(())
    }

    /// The VCNTR page, filled up and sealed. `None` when the records do not fit.
    #[must_use]
    pub fn vcntr(&self) -> Option<[u8; 1024]> {
        page::page(&self.vcntr.iter().map(|count| count.cast_unsigned()).collect::<Vec<_>>())
    }

    /// The glucose page and the ISIG page, filled up and sealed. `None` when the records do not fit.
    #[must_use]
    pub fn finish(&self) -> Option<([u8; 1024], [u8; 2048])> {
        Some((page::page(&self.glucose)?, page::isig_page(&self.isig)?))
    }

    fn push(&mut self, byte: u8, word: u16) {
        self.glucose.push(byte);
        self.isig.push(word);
        self.vcntr.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_run_beside_bytes() {
        let at = PumpTime::new(2026, 11, 28, 23, 58, 0);
        let mut pages = SensorPages::new();
        pages.value(120, 1840);
        pages.fine_value(121, 1841);
        pages.relative(0x03, 1, 1850);
        pages.absolute(0x0E, 1, true, at, &[0x2C]).unwrap();
        let (glucose, isig) = pages.finish().unwrap();
        #[rustfmt::skip]
        assert_eq!(glucose[..11],
            [60, 60, 1, 0x03, 0x2C, 0b1_0011010, 0b001_11100, 0b11_111010, 0b10_010111, 0x0E, 0]);
        let words: Vec<_> =
            isig.chunks_exact(2).take(11).map(|word| u16::from_le_bytes([word[0], word[1]])).collect();
        let argument = ARGUMENT;
        #[rustfmt::skip]
        assert_eq!(words,
            [1840, 1841, argument, 1850, argument, argument, argument, argument, argument, 0x0E, 0]);
    }
}
