//! In: lines that name events. Out: the bytes of a history page that holds them.

use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use carelink_core::emit::history::{
    self, Bolus, BolusType, DailyDetail, Spare, Stamp, Unabsorbed, Wizard, plain,
};
use carelink_core::emit::page;

use crate::words::{Words, amount};

/// Records of seven bytes whose names say all: opcode and value.
const PLAIN: [(&str, u8, u8); 9] = [
    ("change-time", 0x17, 0),
    ("new-time", 0x18, 0),
    ("low-battery", 0x19, 0),
    ("battery-out", 0x1A, 0),
    ("battery-in", 0x1A, 1),
    ("suspend", 0x1E, 0),
    ("resume", 0x1F, 0),
    ("rewind", 0x21, 0),
    ("save-settings", 0x5D, 0),
];

/// A page that is being filled.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// Its name in the script.
    pub name: String,
    large: bool,
    bad_crc: bool,
    records: Vec<u8>,
}

impl Page {
    /// `page NAME model NUMBER`
    pub fn open(words: &mut Words<'_>) -> Result<Self> {
        let name = words.word("the page's name")?.to_owned();
        words.expect("model")?;
        let model: u16 = words.number("the pump's model")?;
        Ok(Self { name, large: model % 100 >= 23, bad_crc: false, records: Vec::new() })
    }

    /// One line of the page.
    pub fn line(&mut self, mut words: Words<'_>) -> Result<()> {
        let Some(first) = words.next() else { return Ok(()) };
        match first {
            "bad-crc" => self.bad_crc = true,
            "raw" => self.records.extend(words.hex("bytes")?),
            "unabsorbed" => self.records.extend(unabsorbed(&mut words)?),
            date => {
                let mut at = Stamp { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
                (at.year, at.month, at.day) =
                    date.strip_prefix("20").and_then(|date| three(date, '-')).with_context(|| {
                        format!("{date:?} is neither a date nor a word that starts a line here")
                    })?;
                let record = self.dated(at, &mut words)?;
                self.records.extend(record);
            }
        }
        words.end()
    }

    /// The page by its name, when its last line was read.
    pub fn close(self) -> Result<Vec<(String, Vec<u8>)>> {
        let length = self.records.len();
        let mut bytes = page::page(&self.records)
            .with_context(|| format!("{length} bytes of records do not fit into the page's 1022"))?;
        if self.bad_crc {
            bytes[1023] ^= 0xFF;
        }
        Ok(vec![(self.name, bytes.to_vec())])
    }

    /// A record with a date: a total of the day, or an event at a time of the day.
    fn dated(&self, mut at: Stamp, words: &mut Words<'_>) -> Result<Vec<u8>> {
        let word = words.word("a time or a total")?;
        match word {
            "daily-total" => {
                let mut bytes = history::daily_total(words.amount("insulin", 40)?, at);
                if self.large {
                    bytes.extend([0; 3]);
                }
                return Ok(bytes);
            }
            "daily-detail" => {
                ensure!(!self.large, "daily-detail is a record of small models");
                return daily_detail(at, words);
            }
            _ => {}
        }
        (at.hour, at.minute, at.second) =
            three(word, ':').with_context(|| format!("{word:?} is neither a time nor a total"))?;
        let name = words.word("an event")?;
        if let Some((_, opcode, value)) = PLAIN.iter().find(|(plain, ..)| *plain == name) {
            return Ok(plain(*opcode, *value, at, Spare { day: requestor(words)?, ..Spare::default() }));
        }
        // Insulin has steps of 1/40 in large records, of 1/10 in small ones.
        let scale = if self.large { 40 } else { 10 };
        Ok(match name {
            "plain" => {
                let (opcode, value) = (words.number("an opcode")?, words.number("a value")?);
                plain(opcode, value, at, Spare { day: requestor(words)?, ..Spare::default() })
            }
            "bolus" => self.bolus(at, words, scale)?,
            "wizard" => self.wizard(at, words, i16::from(self.large) * 30 + 10)?,
            "bg" => history::blood_glucose(words.number("mg/dL")?, 1, requestor(words)?, at),
            "meter-bg" => {
                let glucose = words.number("mg/dL")?;
                words.expect("id")?;
                let id = words.hex("the meter's id")?;
                let id = id.try_into().ok().context("a meter's id has three bytes")?;
                history::meter_glucose(glucose, id, at)
            }
            "temp-basal" => temp_basal(at, words)?,
            "basal-before" => basal_pattern(0x08, at, words)?,
            "basal-after" => basal_pattern(0x09, at, words)?,
            "prime" => match words.word("fixed or manual")? {
                "manual" => history::prime(0, words.amount("insulin", 10)?, at),
                "fixed" => {
                    let amount = words.amount("insulin", 10)?;
                    history::prime(amount, amount, at)
                }
                other => bail!("a prime is fixed or manual, not {other:?}"),
            },
            "low-reservoir" => plain(0x34, words.amount("insulin", 10)?, at, Spare::default()),
            "clear-alarm" => plain(0x0C, words.number("an alarm's code")?, at, Spare::default()),
            "alarm" => {
                let code = words.number("the alarm's code")?;
                words.expect("module")?;
                let module = words.number("the module")?;
                words.expect("line")?;
                history::alarm(code, module, words.number("the line")?, at)
            }
            other => bail!("{other:?} is no event known here"),
        })
    }

    /// `AMOUNT [of PROGRAMMED] [square MINUTES] [dual] [by WHOM] [active AMOUNT]`
    fn bolus(&self, at: Stamp, words: &mut Words<'_>, scale: i64) -> Result<Vec<u8>> {
        let delivered = words.amount("insulin", scale)?;
        let programmed =
            if words.take("of") { words.amount("programmed insulin", scale)? } else { delivered };
        let half_hours = if words.take("square") { half_hours(words)? } else { 0 };
        let kind = match (words.take("dual"), half_hours) {
            (false, 0) => BolusType::Normal,
            (false, _) => BolusType::Square,
            (true, 0) => BolusType::DualNormal,
            (true, _) => BolusType::DualSquare,
        };
        let requestor = requestor(words)?;
        let active = if words.take("active") { words.amount("active insulin", 40)? } else { 0 };
        let bolus = Bolus { kind, programmed, delivered, active, half_hours, requestor };
        Ok(if self.large { bolus.large(at) } else { bolus.small(at) })
    }

    /// `bg N carbs N ratio N sensitivity N target LOW-HIGH active U`: the rest is worked out as a pump does.
    fn wizard(&self, at: Stamp, words: &mut Words<'_>, scale: i16) -> Result<Vec<u8>> {
        words.expect("bg")?;
        let bg: i16 = words.number("blood glucose in mg/dL")?;
        words.expect("carbs")?;
        let carbs: i16 = words.number("grams of carbohydrates")?;
        words.expect("ratio")?;
        let ratio: i16 = words.number("grams per unit of insulin")?;
        words.expect("sensitivity")?;
        let sensitivity: i16 = words.number("mg/dL per unit of insulin")?;
        words.expect("target")?;
        let range = words.word("a range such as 100-120")?;
        let target = range.split_once('-').context("a target is a range such as 100-120")?;
        let target: [u8; 2] = [target.0.parse()?, target.1.parse()?];
        words.expect("active")?;
        let active: i16 = words.amount("active insulin", scale.into())?;
        ensure!(
            bg >= 0 && carbs >= 0 && ratio > 0 && sensitivity > 0,
            "the wizard counts in positive numbers"
        );

        let [low, high] = target.map(i16::from);
        let distance = if bg == 0 { 0 } else { (bg - high).max(0) + (bg - low).min(0) };
        let food = carbs * scale / ratio;
        let correction = distance * scale / sensitivity;
        let needed = if correction > 0 { (correction - active).max(0) } else { correction };
        let ratio_scale = if self.large { 10 } else { 1 };
        let wizard = Wizard {
            bg: bg.try_into()?,
            bg_units: 1,
            carbs: carbs.try_into()?,
            carb_units: 1,
            carb_ratio: (ratio * ratio_scale).try_into()?,
            sensitivity: sensitivity.try_into()?,
            target,
            correction,
            food: food.try_into()?,
            active: active.try_into()?,
            estimate: (food + needed).max(0).try_into()?,
        };
        Ok(if self.large { wizard.large(at) } else { wizard.small(at) })
    }
}

/// `AMOUNT@AGE...` in units and minutes, newest first, for an action curve of four hours.
fn unabsorbed(words: &mut Words<'_>) -> Result<Vec<u8>> {
    let mut entries = Vec::new();
    while let Some(word) = words.next() {
        let (insulin, age) =
            word.split_once('@').context("an entry looks like 1.5@90: units, minutes ago")?;
        entries.push(Unabsorbed { amount: amount(insulin, 40)?, age: age.parse()?, curve: 4 });
    }
    history::unabsorbed(&entries).context("one record holds 84 entries")
}

/// `RATE|PERCENT% minutes N [by WHOM]`
fn temp_basal(at: Stamp, words: &mut Words<'_>) -> Result<Vec<u8>> {
    let rate = words.word("a rate such as 1.25 or 80%")?;
    words.expect("minutes")?;
    let (half_hours, requestor) = (half_hours(words)?, requestor(words)?);
    Ok(match rate.strip_suffix('%') {
        Some(percent) => history::temp_basal_percent(percent.parse()?, half_hours, requestor, at),
        None => history::temp_basal(amount(rate, 40)?, half_hours, requestor, at),
    })
}

/// `standard|a|b HH:MM=RATE...`
fn basal_pattern(opcode: u8, at: Stamp, words: &mut Words<'_>) -> Result<Vec<u8>> {
    let name = words.word("a pattern")?;
    let pattern = ["standard", "a", "b"].iter().zip(0..).find(|(known, _)| **known == name);
    let (_, pattern) = pattern.context("the patterns are standard, a and b")?;
    let mut rates = Vec::new();
    while let Some(word) = words.next() {
        let entry = word.split_once('=').and_then(|(start, rate)| Some((start.split_once(':')?, rate)));
        let ((hour, minute), rate) = entry.context("a rate looks like 06:30=1.1")?;
        let half = match minute {
            "00" => 0,
            "30" => 1,
            _ => bail!("basal rates start at full or half hours"),
        };
        rates.push((2 * hour.parse::<u8>()? + half, amount(rate, 40)?));
    }
    history::basal_pattern(opcode, pattern, &rates, at).context("a pattern has up to 48 rates")
}

/// `glucose MEAN/LOW/HIGH readings N basal U carbs N food U correction U manual U counts F/C/B/M`
fn daily_detail(day: Stamp, words: &mut Words<'_>) -> Result<Vec<u8>> {
    words.expect("glucose")?;
    let glucose = three(words.word("mean/lowest/highest")?, '/').context("as 140/80/250")?;
    words.expect("readings")?;
    let readings = words.number("a number of readings")?;
    words.expect("basal")?;
    let basal = words.amount("basal insulin", 40)?;
    words.expect("carbs")?;
    let carbs = words.number("grams")?;
    words.expect("food")?;
    let food = words.amount("insulin for food", 40)?;
    words.expect("correction")?;
    let correction = words.amount("insulin for correction", 40)?;
    words.expect("manual")?;
    let manual = words.amount("insulin by hand", 40)?;
    words.expect("counts")?;
    let counts: Vec<u8> = words
        .word("four counts")?
        .split('/')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .context("as 3/1/2/0")?;
    let detail = DailyDetail {
        glucose: glucose.into(),
        readings,
        basal,
        carbs,
        boluses: [food, correction, manual],
        counts: counts.try_into().ok().context("there are four counts")?,
        sensor: [0; 3],
        sensor_readings: 0,
        calibrations: 0,
    };
    Ok(detail.to_bytes(day))
}

/// `[by radio|meter]`: who asked for it, when it was not the pump's user.
fn requestor(words: &mut Words<'_>) -> Result<u8> {
    if !words.take("by") {
        return Ok(0);
    }
    match words.word("radio or meter")? {
        "radio" => Ok(2),
        "meter" => Ok(3),
        other => bail!("expected radio or meter, found {other:?}"),
    }
}

/// Minutes as half hours.
fn half_hours(words: &mut Words<'_>) -> Result<u8> {
    let minutes: u16 = words.number("minutes")?;
    ensure!(minutes.is_multiple_of(30), "a pump counts such times in half hours");
    Ok(u8::try_from(minutes / 30)?)
}

/// Three numbers with a separator between them.
pub(crate) fn three<T: FromStr>(word: &str, separator: char) -> Option<(T, T, T)> {
    let mut parts = word.split(separator).map(|part| part.parse().ok());
    let numbers = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(numbers)
}
