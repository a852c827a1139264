// SPDX-License-Identifier: GPL-2.0-or-later
//! In: lines that name events. Out: the bytes of a history page that holds them.

use std::str::FromStr;

use crate::emit::history::{self, Breakdown, entry};
use crate::emit::page;
use anyhow::{Context, Result, bail, ensure};
use carelink_core::history::alarm::Alarm;
use carelink_core::history::basal::{BasalPattern, BasalRate, TempBasal};
use carelink_core::history::bolus::{Bolus, BolusType, Prime, PrimeType, Unabsorbed};
use carelink_core::history::glucose::MeterGlucose;
use carelink_core::history::layout::Layout;
use carelink_core::history::settings::{Clock, Delivery, Suspend};
use carelink_core::history::stamp::Requestor;
use carelink_core::history::totals::Totals;
use carelink_core::history::wizard::Estimate;
use carelink_core::history::{Body, Record};
use carelink_core::pump::family::Family;
use carelink_core::pump::profile::Pattern;
use carelink_core::units::clock::PumpTime;
use carelink_core::units::quantities::{
    CarbRatio, CarbUnit, Carbs, Glucose, GlucoseUnit, Insulin, Minutes, Rate, TimeOfDay,
};

use crate::words::{Words, amount};

/// A year, month and day.
pub(crate) type Day = (u16, u8, u8);

/// A page that is being filled.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// Its name in the script.
    pub name: String,
    layout: Layout,
    bad_crc: bool,
    records: Vec<u8>,
}

impl Page {
    /// `page NAME model NUMBER`
    pub fn open(words: &mut Words<'_>) -> Result<Self> {
        let name = words.word("the page's name")?.to_owned();
        words.expect("model")?;
        let model: u16 = words.number("the pump's model")?;
        let layout = Family::of(model).layout.context("a model that keeps pages")?.value;
        Ok(Self { name, layout, bad_crc: false, records: Vec::new() })
    }

    /// One line of the page.
    pub fn line(&mut self, mut words: Words<'_>) -> Result<()> {
        let Some(first) = words.next() else { return Ok(()) };
        match first {
            "bad-crc" => self.bad_crc = true,
            "raw" => self.records.extend(words.hex("bytes")?),
            "unabsorbed" => self.store(&entry(0x5C, None, unabsorbed(&mut words)?))?,
            date => self.dated(day(date)?, &mut words)?,
        }
        words.end()
    }

    fn store(&mut self, record: &Record) -> Result<()> {
        let bytes = history::record(record, self.layout);
        self.records.extend(bytes.context("a record of this model cannot hold these values")?);
        Ok(())
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
    fn dated(&mut self, (year, month, day): Day, words: &mut Words<'_>) -> Result<()> {
        let word = words.word("a time or a total")?;
        let midnight = PumpTime::new(year, month, day, 0, 0, 0);
        match word {
            "daily-total" => {
                let total = Body::DailyTotal(fortieths(words, "insulin")?);
                return self.store(&entry(0x07, midnight, total));
            }
            "daily-detail" => {
                ensure!(!self.layout.large(), "daily-detail is a record of small models");
                let (totals, more) = daily_detail(words)?;
                let opcode = if self.layout == Layout::Oldest { 0x6C } else { 0x6D };
                let bytes = history::broken_down(opcode, midnight, &totals, &more);
                self.records.extend(bytes.context("a day's record cannot hold these values")?);
                return Ok(());
            }
            _ => {}
        }
        let (hour, minute, second) =
            three(word, ':').with_context(|| format!("{word:?} is neither a time nor a total"))?;
        let at = PumpTime::new(year, month, day, hour, minute, second);
        let name = words.word("an event")?;
        let events = self.event(name, words)?;
        let requestor = match name {
            "meter-bg" => Requestor::Link,
            // Its record has no place for who asked.
            "alarm" => Requestor::Pump,
            _ => requestor(words)?,
        };
        events.into_iter().try_for_each(|(opcode, body)| {
            self.store(&Record { requestor: Some(requestor), ..entry(opcode, at, body) })
        })
    }

    /// How delivery stands, and how it stood if the pump tells it.
    fn delivery(&self, new: Delivery, old: Delivery) -> Body {
        Body::Suspend(Suspend { new, old: self.layout.large().then_some(old) })
    }

    /// The records of an event: their opcodes, and what they say.
    fn event(&self, name: &str, words: &mut Words<'_>) -> Result<Vec<(u8, Body)>> {
        let record = match name {
            "change-time" => (0x17, Body::Clock(Clock::Old)),
            "new-time" => (0x18, Body::Clock(Clock::New)),
            "low-battery" => (0x19, Body::Plain(0)),
            "battery-out" => (0x1A, Body::Switch(false)),
            "battery-in" => (0x1A, Body::Switch(true)),
            "suspend" => (0x1E, self.delivery(Delivery::User, Delivery::Normal)),
            "resume" => (0x1F, self.delivery(Delivery::Normal, Delivery::User)),
            "rewind" => (0x21, Body::Plain(0)),
            "save-settings" => (0x5D, Body::Plain(0)),
            "plain" => (words.number("an opcode")?, Body::Plain(words.number("a value")?)),
            "bolus" => (0x01, Body::Bolus(self.bolus(words)?)),
            "wizard" => (0x5B, Body::Estimate(self.wizard(words)?)),
            "bg" => (0x0A, Body::Glucose(mg_dl(words.number("mg/dL")?))),
            "meter-bg" => {
                let amount = mg_dl(words.number("mg/dL")?);
                words.expect("id")?;
                let id: [u8; 3] =
                    words.hex("the meter's id")?.try_into().ok().context("a meter's id has three bytes")?;
                let meter = id.iter().fold(0, |meter, byte| meter << 8 | u32::from(*byte));
                (0x3F, Body::MeterGlucose(MeterGlucose { amount, meter }))
            }
            "temp-basal" => {
                let temp = temp_basal(words.word("a rate such as 1.25 or 80%")?)?;
                words.expect("minutes")?;
                let duration = minutes(words)?;
                return Ok(vec![(0x33, Body::TempBasal(temp)), (0x16, Body::TempDuration(duration))]);
            }
            "basal-before" => (0x08, Body::BasalPattern(basal_pattern(words)?.into())),
            "basal-after" => (0x09, Body::BasalPattern(basal_pattern(words)?.into())),
            "prime" => (0x03, Body::Prime(prime(words)?)),
            "low-reservoir" => (0x34, Body::LowReservoir(tenths(words, "insulin")?)),
            "clear-alarm" => (0x0C, Body::ClearAlarm(words.number("an alarm's code")?)),
            "alarm" => {
                let code: u8 = words.number("the alarm's code")?;
                words.expect("module")?;
                let module = words.number("the module")?;
                words.expect("line")?;
                let line = words.number("the line")?;
                (0x06, Body::Alarm(Alarm { code: code.into(), module, line }))
            }
            other => bail!("{other:?} is no event known here"),
        };
        Ok(vec![record])
    }

    /// Insulin in the steps of the model's records.
    fn insulin(&self, words: &mut Words<'_>, what: &str) -> Result<Insulin> {
        if self.layout.large() { fortieths(words, what) } else { tenths(words, what) }
    }

    /// `AMOUNT [of PROGRAMMED] [square MINUTES] [dual] [active AMOUNT]`
    fn bolus(&self, words: &mut Words<'_>) -> Result<Bolus> {
        let amount = self.insulin(words, "insulin")?;
        let programmed = if words.take("of") { self.insulin(words, "programmed insulin")? } else { amount };
        let duration = if words.take("square") { minutes(words)? } else { Minutes(0) };
        let kind = match (words.take("dual"), duration) {
            (false, Minutes(0)) => BolusType::Normal,
            (false, _) => BolusType::Square,
            (true, Minutes(0)) => BolusType::DualNormal,
            (true, _) => BolusType::DualSquare,
        };
        let active = if words.take("active") {
            Some(fortieths(words, "active insulin")?)
        } else {
            self.layout.large().then_some(Insulin(0))
        };
        Ok(Bolus { programmed, amount, active, duration, kind })
    }

    /// `bg N carbs N ratio N sensitivity N target LOW-HIGH active U`: the rest is worked out as a pump does.
    fn wizard(&self, words: &mut Words<'_>) -> Result<Estimate> {
        words.expect("bg")?;
        let bg: u16 = words.number("blood glucose in mg/dL")?;
        words.expect("carbs")?;
        let carbs: u16 = words.number("grams of carbohydrates")?;
        words.expect("ratio")?;
        let ratio: u16 = words.number("grams per unit of insulin")?;
        words.expect("sensitivity")?;
        let sensitivity: u16 = words.number("mg/dL per unit of insulin")?;
        words.expect("target")?;
        let range = words.word("a range such as 100-120")?;
        let target = range.split_once('-').context("a target is a range such as 100-120")?;
        let target: [u16; 2] = [target.0.parse()?, target.1.parse()?];
        words.expect("active")?;
        let active = self.insulin(words, "active insulin")?;
        ensure!(ratio > 0 && sensitivity > 0, "a ratio and a sensitivity are more than nothing");

        // A quotient in whole steps of insulin.
        let step = if self.layout.large() { 25 } else { 100 };
        let quotient = |count: i32, by: u16| Insulin(count * (1_000 / step) / i32::from(by) * step);
        let [low, high] = target.map(i32::from);
        let distance = if bg == 0 { 0 } else { (i32::from(bg) - high).max(0) + (i32::from(bg) - low).min(0) };
        let food = quotient(carbs.into(), ratio);
        let correction = quotient(distance, sensitivity);
        let needed = if correction.0 > 0 { (correction.0 - active.0).max(0) } else { correction.0 };
        Ok(Estimate {
            bg: mg_dl(bg),
            carbs: Carbs { count: carbs, unit: CarbUnit::Grams },
            ratio: CarbRatio { thousandths: u32::from(ratio) * 1_000, unit: CarbUnit::Grams },
            sensitivity: mg_dl(sensitivity),
            target: target.map(mg_dl),
            correction,
            food,
            active,
            estimate: Insulin((food.0 + needed).max(0)),
        })
    }
}

/// A date such as 2026-01-05.
pub(crate) fn day(word: &str) -> Result<Day> {
    let date: Option<(u8, u8, u8)> = word.strip_prefix("20").and_then(|date| three(date, '-'));
    let (year, month, day) =
        date.with_context(|| format!("{word:?} is neither a date nor a word that starts a line here"))?;
    Ok((2000 + u16::from(year), month, day))
}

fn mg_dl(count: u16) -> Glucose {
    Glucose { count, unit: GlucoseUnit::MgDl }
}

fn tenths(words: &mut Words<'_>, what: &str) -> Result<Insulin> {
    Ok(Insulin::tenths(words.amount::<u16>(what, 10)?))
}

fn fortieths(words: &mut Words<'_>, what: &str) -> Result<Insulin> {
    Ok(Insulin::fortieths(words.amount::<u16>(what, 40)?))
}

/// A rate in U/h, of which pumps store fortieths.
fn rate(word: &str) -> Result<Rate> {
    Ok(Rate::fortieths(amount::<u16>(word, 40)?))
}

/// `AMOUNT@AGE...` in units and minutes, newest first, for an action curve of four hours.
fn unabsorbed(words: &mut Words<'_>) -> Result<Body> {
    let mut entries = Vec::new();
    while let Some(word) = words.next() {
        let (insulin, age) =
            word.split_once('@').context("an entry looks like 1.5@90: units, minutes ago")?;
        let amount = Insulin::fortieths(amount::<u16>(insulin, 40)?);
        entries.push(Unabsorbed { amount, age: Minutes(age.parse()?), curve: 4 });
    }
    Ok(Body::Unabsorbed(entries.into()))
}

/// `RATE|PERCENT%`
fn temp_basal(word: &str) -> Result<TempBasal> {
    Ok(match word.strip_suffix('%') {
        Some(percent) => TempBasal::Percent(percent.parse()?),
        None => TempBasal::Rate(rate(word)?),
    })
}

/// `standard|a|b HH:MM=RATE...`
fn basal_pattern(words: &mut Words<'_>) -> Result<BasalPattern> {
    let pattern = match words.word("a pattern")? {
        "standard" => Pattern::Standard,
        "a" => Pattern::A,
        "b" => Pattern::B,
        other => bail!("the patterns are standard, a and b, not {other:?}"),
    };
    let mut rates = Vec::new();
    while let Some(word) = words.next() {
        let entry = word.split_once('=').and_then(|(start, rate)| Some((start.split_once(':')?, rate)));
        let ((hour, minute), amount) = entry.context("a rate looks like 06:30=1.1")?;
        let half = match minute {
            "00" => 0,
            "30" => 1,
            _ => bail!("basal rates start at full or half hours"),
        };
        let hour = hour.parse::<u8>().ok().filter(|hour| *hour < 24).context("a day has 24 hours")?;
        rates.push(BasalRate { start: TimeOfDay::half_hours(2 * hour + half), rate: rate(amount)? });
    }
    Ok(BasalPattern { pattern, rates: rates[..].try_into().ok().context("a pattern has up to 48 rates")? })
}

/// `fixed|manual AMOUNT`; nothing is programmed when it is done by hand.
fn prime(words: &mut Words<'_>) -> Result<Prime> {
    let kind = match words.word("fixed or manual")? {
        "fixed" => PrimeType::Fixed,
        "manual" => PrimeType::Manual,
        other => bail!("a prime is fixed or manual, not {other:?}"),
    };
    let amount = tenths(words, "insulin")?;
    Ok(Prime { programmed: if kind == PrimeType::Fixed { amount } else { Insulin(0) }, amount, kind })
}

/// `glucose MEAN/LOW/HIGH readings N basal U carbs N food U correction U manual U counts F/C/B/M`
fn daily_detail(words: &mut Words<'_>) -> Result<(Totals, Breakdown)> {
    words.expect("glucose")?;
    let glucose = three(words.word("mean/lowest/highest")?, '/').context("as 140/80/250")?;
    words.expect("readings")?;
    let readings = words.number("a number of readings")?;
    words.expect("basal")?;
    let basal = fortieths(words, "basal insulin")?;
    words.expect("carbs")?;
    let carbs = words.number("grams")?;
    words.expect("food")?;
    let food = fortieths(words, "insulin for food")?;
    words.expect("correction")?;
    let correction = fortieths(words, "insulin for correction")?;
    words.expect("manual")?;
    let manual = fortieths(words, "insulin by hand")?;
    words.expect("counts")?;
    let counts: Vec<u8> = words
        .word("four counts")?
        .split('/')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .context("as 3/1/2/0")?;
    let bolus = Insulin(food.0 + correction.0 + manual.0);
    let total = Insulin(basal.0 + bolus.0);
    let more = Breakdown {
        carb_unit: CarbUnit::Grams,
        readings,
        boluses: [food, correction, manual],
        counts: counts.try_into().ok().context("there are four counts")?,
    };
    Ok((Totals { bg: <[u16; 3]>::from(glucose).map(mg_dl), total, basal, bolus, carbs }, more))
}

/// `[by radio|meter]`: who asked for it, when it was not the pump's user.
fn requestor(words: &mut Words<'_>) -> Result<Requestor> {
    if !words.take("by") {
        return Ok(Requestor::Pump);
    }
    match words.word("radio or meter")? {
        "radio" => Ok(Requestor::Radio),
        "meter" => Ok(Requestor::Link),
        other => bail!("expected radio or meter, found {other:?}"),
    }
}

/// A time that pumps count in half hours.
fn minutes(words: &mut Words<'_>) -> Result<Minutes> {
    let minutes: u32 = words.number("minutes")?;
    ensure!(minutes.is_multiple_of(30), "a pump counts such times in half hours");
    Ok(Minutes(minutes))
}

/// Three numbers with a separator between them.
pub(crate) fn three<T: FromStr>(word: &str, separator: char) -> Option<(T, T, T)> {
    let mut parts = word.split(separator).map(|part| part.parse().ok());
    let numbers = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(numbers)
}
