// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what the user wants to see. Out: which transactions and events that is.

use crate::conversation::Entry;
use crate::found::Found;
use crate::output::Ending;
use anyhow::{Result, bail};
use carelink_core::exchange::{Asked, Outcome};
use carelink_core::nextlink::codes::Operation;
use carelink_core::pump::serial::Serial;
use carelink_core::pump::{COMMANDS, Opcode};
use carelink_core::stick;
use clap::Arg;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use std::ffi::OsStr;
use std::fmt;

/// What is to be kept. Several values of one option are alternatives; all options must hold.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Filter {
    /// Keep what is of the pump with this serial number; may be said several times
    #[arg(long, value_name = "SERIAL", value_parser = serial, help_heading = "Filters")]
    pump: Vec<Serial>,
    /// Keep what came in answer to this command: 0x80, 128 or its name, such as "Read History Page"; may be said several times
    #[arg(long, value_name = "COMMAND", value_parser = Command::parse, help_heading = "Filters")]
    opcode: Vec<Command>,
    /// Keep what ended so, in list's words: complete, damaged, incomplete, "timed out", "pump NAK"...; may be said several times
    #[arg(long, value_parser = Endings, hide_possible_values = true, help_heading = "Filters")]
    outcome: Vec<Outcome>,
    /// Keep what is of this time or later, as 2026-01-04 or 2026-01-04T08:00:00; of packets in UTC, of events by the pump's clock
    ///
    /// For list and show that is when packets were captured, in UTC unless a zone is said (2026-01-04T08:00:00+01:00); for
    /// events it is the pump's clock, which has no zone.
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, help_heading = "Filters")]
    from: Option<Moment>,
    /// Keep what is of this time or earlier, by the same clock; a day counts to its end
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, help_heading = "Filters")]
    to: Option<Moment>,
}

/// A command that is sought.
#[derive(Clone, Debug)]
enum Command {
    /// A pump's command, or one of the device in front of it.
    Number(u8),
    /// The name of either.
    Name(&'static str),
}

/// A time that is sought.
#[derive(Clone, Debug)]
struct Moment {
    text: String,
    /// As it is written.
    civil: DateTime,
    /// The same in UTC, if a zone is said.
    absolute: Option<Timestamp>,
    /// From when on it is over.
    over: DateTime,
}

/// The clock that times are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// That of the packets.
    Capture,
    /// The pump's.
    Pump,
}

fn serial(text: &str) -> Result<Serial, String> {
    Serial::parse(text).ok_or_else(|| "a serial number has six digits, such as 123456".to_owned())
}

/// A word without its case, and with blanks for hyphens.
fn plain(text: &str) -> String {
    text.trim().to_lowercase().replace(['-', '_'], " ")
}

/// Reads outcomes by their words, and tells shells what there is to choose from.
#[derive(Clone)]
struct Endings;

impl TypedValueParser for Endings {
    type Value = Outcome;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&Arg>,
        text: &OsStr,
    ) -> Result<Outcome, clap::Error> {
        let parser = StringValueParser::new().try_map(|text| outcome(&text));
        parser.parse_ref(command, argument, text)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let words = Outcome::NAMES.iter().map(|(_, name)| short(name).replace(' ', "-"));
        Some(Box::new(words.map(PossibleValue::new)))
    }
}

/// The words of an outcome without its reason: `unproven` of `unproven: packets are missing`.
fn short(name: &str) -> String {
    plain(name.split([':', ',']).next().unwrap_or(name))
}

fn outcome(text: &str) -> Result<Outcome, String> {
    let sought = plain(text);
    let known = Outcome::NAMES.iter().find(|(_, name)| plain(name) == sought || short(name) == sought);
    let number = known.and_then(|(number, _)| u8::try_from(*number).ok());
    number.map(Outcome::from).ok_or_else(|| {
        let names: Vec<_> = Outcome::NAMES.iter().map(|(_, name)| short(name)).collect();
        format!("no transaction ends so; they end: {}", names.join(", "))
    })
}

impl Command {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        let number = match hexadecimal {
            Some(digits) => Some(u8::from_str_radix(digits, 16)),
            None => text.starts_with(|c: char| c.is_ascii_digit()).then(|| text.parse()),
        };
        if let Some(number) = number {
            return number
                .map(Self::Number)
                .map_err(|_| "a command is a number from 0 to 255 (0xff)".to_owned());
        }
        let sought = plain(text);
        let mut names: Vec<_> = names().filter(|name| plain(name).contains(&sought)).collect();
        names.sort_unstable();
        names.dedup();
        if let Some(name) = names.iter().find(|name| plain(name) == sought) {
            return Ok(Self::Name(name));
        }
        match names[..] {
            _ if sought.is_empty() => Err("no command has this name".to_owned()),
            [name] => Ok(Self::Name(name)),
            [] => Err("no command has this name; carelink list shows the names".to_owned()),
            _ => Err(format!("several commands have this in their names: {}", names.join(", "))),
        }
    }

    fn is(&self, asked: Asked) -> bool {
        match (self, asked) {
            (_, Asked::Pump(command)) => self.is_opcode(command.opcode),
            (Self::Number(number), Asked::Device(code)) => code.number == *number,
            (Self::Name(name), Asked::Device(code)) => code.name.copied() == Some(name),
            (_, Asked::Unknown) => false,
        }
    }

    fn is_opcode(&self, opcode: Opcode) -> bool {
        match self {
            Self::Number(number) => opcode.0 == *number,
            Self::Name(name) => opcode.name() == Some(name),
        }
    }
}

/// The names of all commands.
fn names() -> impl Iterator<Item = &'static str> {
    let devices = stick::Opcode::NAMES.iter().chain(Operation::NAMES).map(|(_, name)| *name);
    COMMANDS.iter().map(|command| command.name).chain(devices)
}

impl Moment {
    fn parse(text: &str) -> Result<Self, String> {
        let of = |civil: DateTime, absolute, over| Self { text: text.to_owned(), civil, absolute, over };
        if let Ok(day) = text.parse::<Date>()
            && !text.contains(':')
        {
            let next = day.tomorrow().map_err(|error| error.to_string())?;
            return Ok(of(day.at(0, 0, 0, 0), None, next.at(0, 0, 0, 0)));
        }
        let absolute = text.parse::<Timestamp>().ok();
        let civil = match absolute {
            Some(moment) => moment.to_zoned(TimeZone::UTC).datetime(),
            None => text
                .parse::<DateTime>()
                .map_err(|_| "a time is written as 2026-01-04 or 2026-01-04T08:00:00".to_owned())?,
        };
        // A second counts to its end.
        let over = if civil.subsec_nanosecond() == 0 { civil.saturating_add(1.second()) } else { civil };
        Ok(of(civil, absolute, over))
    }
}

impl Filter {
    /// Makes sure that times are of this clock, and in order.
    ///
    /// # Errors
    /// If they are not.
    pub fn check(&self, clock: Clock) -> Result<()> {
        let zoned = [&self.from, &self.to].into_iter().flatten().find(|moment| moment.absolute.is_some());
        if let (Clock::Pump, Some(moment)) = (clock, zoned) {
            bail!(
                "{}: events have the time of the pump's clock, which has no zone: leave the zone out",
                moment.text
            );
        }
        if let (Some(from), Some(to)) = (&self.from, &self.to)
            && from.civil >= to.over
        {
            bail!("nothing is from {} to {}: the first time is after the last one", from.text, to.text);
        }
        Ok(())
    }

    /// True if anything is asked for.
    #[must_use]
    pub fn is_set(&self) -> bool {
        let Self { pump, opcode, outcome, from, to } = self;
        !pump.is_empty() || !opcode.is_empty() || !outcome.is_empty() || from.is_some() || to.is_some()
    }

    /// How a run ends of which `kept` of `all` are left; that nothing is, is told.
    #[must_use]
    pub fn ending(&self, kept: usize, all: usize, what: &str) -> Ending {
        if !self.is_set() || kept > 0 || all == 0 {
            return Ending::Fine;
        }
        eprintln!("carelink: nothing is left: {self} keeps none of {all} {what}");
        Ending::Found
    }

    /// True for a transaction that is to be kept.
    #[must_use]
    pub fn keeps(&self, entry: &Entry<'_>) -> bool {
        let transaction = entry.transaction;
        let time = Timestamp::from_nanosecond(transaction.request.time().into());
        self.of_pump(transaction.serial())
            && any(&self.opcode, |command| command.is(transaction.asked))
            && any(&self.outcome, |outcome| *outcome == transaction.outcome())
            && time.is_ok_and(|time| self.at(time.to_zoned(TimeZone::UTC).datetime()))
    }

    /// True for an event that is to be kept.
    #[must_use]
    pub fn keeps_event(&self, found: &Found) -> bool {
        let asked = found.asked;
        let opcode = asked.and_then(|asked| asked.opcode);
        self.of_pump(found.pump.serial)
            && any(&self.opcode, |command| opcode.is_some_and(|opcode| command.is_opcode(opcode)))
            && any(&self.outcome, |outcome| asked.is_some_and(|asked| asked.outcome == *outcome))
            && self.at(found.event.time)
    }

    fn of_pump(&self, serial: Option<Serial>) -> bool {
        any(&self.pump, |pump| serial == Some(*pump))
    }

    fn at(&self, time: DateTime) -> bool {
        let late = self.from.as_ref().is_none_or(|from| time >= from.civil);
        let early = |to: &Moment| time < to.over || time == to.civil;
        late && self.to.as_ref().is_none_or(early)
    }
}

/// True if one of what is sought holds, or nothing is sought.
fn any<T>(sought: &[T], holds: impl Fn(&T) -> bool) -> bool {
    sought.is_empty() || sought.iter().any(holds)
}

/// `--pump 123456 --from 2026-01-04`
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let opcode = self.opcode.iter().map(|command| match command {
            Command::Number(number) => format!("--opcode {number:#04x}"),
            Command::Name(name) => format!("--opcode {name:?}"),
        });
        let moments = [("from", &self.from), ("to", &self.to)];
        let moments = moments
            .into_iter()
            .filter_map(|(option, moment)| Some(format!("--{option} {}", moment.as_ref()?.text)));
        let pumps = self.pump.iter().map(|pump| format!("--pump {pump}"));
        let outcomes = self.outcome.iter().map(|outcome| format!("--outcome {:?}", outcome.to_string()));
        let all: Vec<_> = pumps.chain(opcode).chain(outcomes).chain(moments).collect();
        f.write_str(&all.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_known_by_number_and_name() {
        let is = |text: &str| Command::parse(text).is_ok_and(|command| command.is_opcode(Opcode(0x80)));
        for text in ["0x80", "0X80", "128", "Read History Page", "read-history-page", " read history page "] {
            assert!(is(text), "{text}");
        }
        for text in ["256", "0x100", "0x", "12a", "", "no such command", "read"] {
            assert!(Command::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn outcomes_are_known_by_their_words() {
        assert_eq!(outcome("complete"), Ok(Outcome::Complete));
        assert_eq!(outcome("Pump-NAK"), Ok(Outcome::PumpNak));
        assert_eq!(outcome("unproven"), Ok(Outcome::Unproven));
        assert_eq!(outcome("unproven: packets are missing"), Ok(Outcome::Unproven));
        assert!(outcome("fine").is_err_and(|message| message.contains("timed out")));
        for (number, name) in Outcome::NAMES {
            assert_eq!(outcome(name).map(|outcome| u32::from(u8::from(outcome))), Ok(*number));
        }
    }

    #[test]
    fn a_day_and_a_second_count_to_their_ends() {
        let filter = |from: &str, to: &str| Filter {
            from: Moment::parse(from).ok(),
            to: Moment::parse(to).ok(),
            ..Filter::default()
        };
        let time = |text: &str| text.parse::<DateTime>().unwrap_or_default();
        let day = filter("2026-01-04", "2026-01-04");
        assert!(day.at(time("2026-01-04T00:00:00")) && day.at(time("2026-01-04T23:59:59.9")));
        assert!(!day.at(time("2026-01-03T23:59:59")) && !day.at(time("2026-01-05T00:00:00")));
        let second = filter("2026-01-04T08:00:00", "2026-01-04T08:00:00");
        assert!(second.at(time("2026-01-04T08:00:00.5")) && !second.at(time("2026-01-04T08:00:01")));
        let zoned = filter("2026-01-04T08:00:00+01:00", "2026-01-04T08:00:00Z");
        assert!(zoned.at(time("2026-01-04T07:00:00")) && zoned.check(Clock::Capture).is_ok());
        assert!(zoned.check(Clock::Pump).is_err(), "a pump's clock has no zone");
        assert!(filter("2026-01-05", "2026-01-04").check(Clock::Pump).is_err());
        assert!(["yesterday", "2026-13-01", "08:00"].iter().all(|text| Moment::parse(text).is_err()));
    }
}
