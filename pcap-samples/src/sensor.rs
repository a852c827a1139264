// SPDX-License-Identifier: GPL-2.0-or-later
//! In: lines that name sensor events, oldest first. Out: the glucose page that holds them, and its ISIG page.

use crate::emit::sensor::SensorPages;
use anyhow::{Context, Result, bail, ensure};
use carelink_core::units::clock::PumpTime;

use crate::page::day;
use crate::words::{Words, amount};

/// An event's name and opcode, and the names and numbers of its kinds.
type Event = (&'static str, u8, &'static [(&'static str, u8)]);

/// Events that take a place among the readings, and have no time of their own.
const RELATIVE: [Event; 3] = [
    ("calibration", 0x03, &[("meter-bg-now", 0), ("waiting", 1), ("error", 2), ("discard", 3)]),
    ("packet", 0x04, &[("init", 2)]),
    ("error", 0x05, &[("end", 1)]),
];

/// Events with date and time.
const TIMED: [Event; 5] = [
    ("timestamp", 0x08, &[("last-rf", 0), ("page-end", 1), ("gap", 2)]),
    ("battery", 0x0A, &[("out", 0), ("in", 1)]),
    ("status", 0x0B, &[("off", 0), ("on", 1), ("lost", 2)]),
    ("time", 0x0C, &[("new", 0), ("old", 1), ("reset", 2)]),
    ("sync", 0x0D, &[("resync", 0), ("new", 1), ("old", 2), ("find", 3)]),
];

/// A pair of pages that is being filled.
#[derive(Debug, Clone)]
pub(crate) struct SensorPage {
    /// The glucose page's name in the script; the ISIG page has `-isig` behind it.
    pub name: String,
    fine: bool,
    pages: SensorPages,
}

impl SensorPage {
    /// `sensor-page NAME model NUMBER`
    pub fn open(words: &mut Words<'_>) -> Result<Self> {
        let name = words.word("the page's name")?.to_owned();
        words.expect("model")?;
        let model: u16 = words.number("the pump's model")?;
        Ok(Self { name, fine: model % 100 >= 23, pages: SensorPages::new() })
    }

    /// One line of the page.
    pub fn line(&mut self, mut words: Words<'_>) -> Result<()> {
        let Some(first) = words.next() else { return Ok(()) };
        match first {
            "values" => {
                while let Some(word) = words.next() {
                    self.value(word)?;
                }
            }
            "weak" => self.pages.bare(0x02),
            "low" => self.pages.relative(0x06, half(words.number("mg/dL")?)?, current(&mut words)?),
            "high" => self.pages.relative(0x07, half(words.number("mg/dL")?)?, current(&mut words)?),
            name => match RELATIVE.iter().find(|(known, ..)| *known == name) {
                Some((_, opcode, kinds)) => {
                    let kind = choose(&mut words, kinds)?;
                    self.pages.relative(*opcode, kind, current(&mut words)?);
                }
                None => self.timed(name, &mut words)?,
            },
        }
        words.end()
    }

    /// The pages by their names, when the last line was read.
    pub fn close(self) -> Result<Vec<(String, Vec<u8>)>> {
        let (glucose, isig) =
            self.pages.finish().context("the page's 1022 bytes are too few for all that")?;
        Ok(vec![(format!("{}-isig", self.name), isig.to_vec()), (self.name, glucose.to_vec())])
    }

    /// `MG/DL/NANOAMPERES`
    fn value(&mut self, word: &str) -> Result<()> {
        let (glucose, isig) = word.split_once('/').context("a reading looks like 120/18.4: mg/dL, nA")?;
        let (glucose, isig) = (glucose.parse()?, amount(isig, 100)?);
        ensure!((40..=511).contains(&glucose), "{glucose} mg/dL has no place among the readings");
        if self.fine {
            self.pages.fine_value(glucose, isig);
        } else {
            ensure!(glucose % 2 == 0, "this model counts glucose in steps of 2 mg/dL");
            self.pages.value(glucose, isig);
        }
        Ok(())
    }

    /// `DATE HH:MM EVENT KIND`
    fn timed(&mut self, date: &str, words: &mut Words<'_>) -> Result<()> {
        let (year, month, day) = day(date)?;
        let time = words.word("a time")?;
        let (hour, minute) = time.split_once(':').context("a time looks like 09:05")?;
        let at = PumpTime::new(year, month, day, hour.parse()?, minute.parse()?, 0);
        let stored = match words.word("an event")? {
            "bg" => {
                let [high, low] = words.number::<u16>("mg/dL")?.to_be_bytes();
                let rf = choose(words, &[("manual", 0), ("rf", 1)])?;
                self.pages.absolute(0x0E, high & 1, rf == 1, at, &[low])
            }
            "factor" => {
                let factor: u16 = words.amount("the calibration factor", 1_000)?;
                self.pages.absolute(0x0F, 0, false, at, &factor.to_be_bytes())
            }
            name => {
                let event = TIMED.iter().find(|(known, ..)| *known == name);
                let (_, opcode, kinds) = event.with_context(|| format!("{name:?} is no event known here"))?;
                self.pages.absolute(*opcode, choose(words, kinds)?, false, at, &[])
            }
        };
        stored.with_context(|| format!("a record cannot hold {date} {time}"))
    }
}

/// The number of the kind that the next word names.
fn choose(words: &mut Words<'_>, kinds: &[(&str, u8)]) -> Result<u8> {
    let names = || kinds.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let word = words.word(&names())?;
    match kinds.iter().find(|(name, _)| *name == word) {
        Some((_, number)) => Ok(*number),
        None => bail!("{word:?} is none of {}", names()),
    }
}

/// A value that is stored in steps of 2 mg/dL.
fn half(glucose: u16) -> Result<u8> {
    Ok(u8::try_from(glucose / 2)?)
}

/// The sensor's current in hundredths of a nanoampere.
fn current(words: &mut Words<'_>) -> Result<u16> {
    words.amount("the sensor's current in nA", 100)
}
