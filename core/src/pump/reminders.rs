// SPDX-License-Identifier: GPL-2.0-or-later
//! In: replies to Read Alarm Clocks (0x8E) and Read Bolus Reminders (0xC6). Out: when the pump reminds its user.
//!
//! Only replies without a reminder are known, in which all bytes are 0xFF; how a set one looks is a guess.

use super::block::{Block, Context};
use crate::tree::cursor::Cursor;
use crate::tree::expert::{Stop, UNKNOWN_VALUE};
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use crate::units::quantities::TimeOfDay;
use arrayvec::ArrayVec;
use nom::Parser;
use nom::bytes::complete::take;
use nom::number::complete::u8;
use std::fmt;

crate::fields! {
    /// The alarm clocks that are set.
    CLOCKS: Tree, "carelink.pump.alarm_clocks", "Alarm Clocks", Confirmed;
    /// Time of day of an alarm clock, in minutes from midnight; read as an hour and a minute.
    CLOCK: U16, "carelink.pump.alarm_clocks.time", "Alarm Clock", Guessed, unit " min";
    /// An alarm clock that is not set, or not an hour and a minute.
    NO_CLOCK: Bytes, "carelink.pump.alarm_clocks.unset", "Alarm Clock", Confirmed;
    /// The bolus reminders that are set.
    REMINDERS: Tree, "carelink.pump.bolus_reminders", "Bolus Reminders", Confirmed;
    /// Begin or end of a bolus reminder, in minutes from midnight; read as an hour and a minute.
    REMINDER: U16, "carelink.pump.bolus_reminders.time", "Bolus Reminder", Guessed, unit " min";
    /// A bolus reminder that is not set, or not an hour and a minute.
    NO_REMINDER: Bytes, "carelink.pump.bolus_reminders.unset", "Bolus Reminder", Confirmed;
}

const UNSET: [u8; 2] = [0xFF; 2];

/// Reads eight times of day, of which some are not set.
fn times<S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    set: Field,
    unset: Field,
) -> Result<ArrayVec<TimeOfDay, 8>, Stop> {
    let mut times = ArrayVec::new();
    for _ in 0..8 {
        let next = c.rest().first_chunk::<2>().copied();
        if let Some([hour @ 0..=23, minute @ 0..=59]) = next {
            let time = TimeOfDay(u16::from(hour) * 60 + u16::from(minute));
            times.push(c.read_shown(set, (u8, u8).map(|_| time))?);
        } else {
            c.read(unset, take(2usize))?;
            if next == Some(UNSET) {
                c.relabel(format_args!("{}: not set", unset.def().label));
            } else {
                c.expert(UNKNOWN_VALUE, format_args!("not an hour and a minute"));
            }
        }
    }
    Ok(times)
}

fn list(times: &[TimeOfDay], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let [first, rest @ ..] = times else { return f.write_str("none") };
    write!(f, "{first}")?;
    rest.iter().try_for_each(|time| write!(f, ", {time}"))
}

/// The alarm clocks that are set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmClocks(pub ArrayVec<TimeOfDay, 8>);

impl Block for AlarmClocks {
    const HEAD: Option<Field> = Some(CLOCKS);
    const NOUN: &'static str = "alarm clocks";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        times(c, CLOCK, NO_CLOCK).map(Self)
    }
}

impl fmt::Display for AlarmClocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(&self.0, f)
    }
}

/// The times of the bolus reminders that are set, begin and end in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BolusReminders(pub ArrayVec<TimeOfDay, 8>);

impl Block for BolusReminders {
    const HEAD: Option<Field> = Some(REMINDERS);
    const NOUN: &'static str = "bolus reminders";

    fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
        times(c, REMINDER, NO_REMINDER).map(Self)
    }
}

impl fmt::Display for BolusReminders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(&self.0, f)
    }
}
