// SPDX-License-Identifier: GPL-2.0-or-later
//! In: events of profiles, temporary basals and suspension. Out: the basal rate over time, where it is known.
//!
//! Where the pump notes each rate that its profile begins, those notes count; else the schedule of the active pattern,
//! as its changes and the pump's settings tell it. A temporary basal runs on through a suspension.

use super::time::DAY;
use carelink_core::history::settings::Delivery;
use carelink_core::units::clock::seconds;
use carelink_core::vendor::Event;
use std::collections::BTreeMap;

/// How the rate came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// By the profile.
    Profile,
    /// By a temporary basal.
    Temporary,
    /// Delivery is suspended.
    Suspended,
}

/// A time without change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Its first second.
    pub from: i64,
    /// The second behind it.
    pub to: i64,
    /// Units per hour.
    pub rate: f64,
    /// Why.
    pub cause: Cause,
}

/// Something that is true of a pattern, or of which one is active: since a moment, or until one.
#[derive(Debug)]
struct Told<T> {
    time: i64,
    since: bool,
    until: bool,
    what: T,
}

/// The value at `time`: what was told last, unless what is told next speaks of the time before it.
fn at<'t, T>(told: impl Iterator<Item = &'t Told<T>> + Clone, time: i64) -> Option<&'t T> {
    let last = told.clone().filter(|told| told.since && told.time <= time).max_by_key(|told| told.time);
    let next = || told.filter(|told| told.time > time).min_by_key(|told| (told.time, !told.until));
    last.or_else(|| next().filter(|told| told.until)).map(|told| &told.what)
}

/// Start in seconds of the day, and units per hour.
type Schedule = Vec<(i64, f64)>;

/// What is known of basal delivery.
#[derive(Debug, Default)]
pub struct Basal {
    /// Rates that the profile began.
    begun: BTreeMap<i64, f64>,
    schedules: Vec<Told<(String, Schedule)>>,
    active: Vec<Told<String>>,
    temporary: BTreeMap<i64, (Temporary, i64)>,
    /// Whether the pump delivers, as far as it is known.
    delivers: BTreeMap<i64, Option<bool>>,
    /// Entries whose pattern is named behind them.
    entries: Schedule,
    /// When anything of the pump was last known.
    last: i64,
}

#[derive(Clone, Copy, Debug)]
enum Temporary {
    Percent(f64),
    Rate(f64),
}

impl Basal {
    /// Takes the next event.
    pub fn take(&mut self, event: &Event) {
        let (time, kind) = (seconds(event.time), event.kind.as_ref());
        let number = |key: &str| event.number(key);
        let name = |key: &str| event.name(key).map(str::to_owned);
        #[allow(clippy::cast_possible_truncation, reason = "the vendor's milliseconds are whole")]
        let duration = |key: &str| number(key).map(|milliseconds| (milliseconds / 1000.0) as i64);
        let entry = || Some((duration("START_TIME")?, number("RATE")?));
        self.last = self.last.max(time);
        match kind {
            "BasalProfileStart" => self.begun.extend(number("RATE").map(|rate| (time, rate))),
            "ChangeBasalProfilePre" | "ChangeBasalProfile" => self.entries.extend(entry()),
            "ChangeBasalProfilePatternPre" | "ChangeBasalProfilePattern" => {
                let until = kind.ends_with("Pre");
                let schedule = std::mem::take(&mut self.entries);
                if let Some(pattern) = name("PATTERN_NAME") {
                    self.schedules.push(Told { time, since: !until, until, what: (pattern, schedule) });
                }
            }
            "CurrentBasalProfilePattern" => {
                if let Some(pattern) = name("PATTERN_NAME") {
                    let what = (pattern, Schedule::new());
                    self.schedules.push(Told { time, since: true, until: true, what });
                }
            }
            "CurrentBasalProfile" => {
                let schedule = self.schedules.last_mut().filter(|told| told.time == time);
                if let Some(told) = schedule {
                    told.what.1.extend(entry());
                }
            }
            "ChangeActiveBasalProfilePattern" => {
                let new = name("PATTERN_NAME").map(|what| Told { time, since: true, until: false, what });
                let old = name("OLD_PATTERN_NAME").map(|what| Told { time, since: false, until: true, what });
                self.active.extend(old.into_iter().chain(new));
            }
            "CurrentActiveBasalProfilePattern" => {
                let what = name("PATTERN_NAME");
                self.active.extend(what.map(|what| Told { time, since: true, until: true, what }));
            }
            "ChangeTempBasal" | "ChangeTempBasalPercent" => {
                let rate = number("RATE").map(Temporary::Rate);
                let temporary = rate.or_else(|| number("PERCENT_OF_RATE").map(Temporary::Percent));
                self.temporary.extend(temporary.zip(duration("DURATION")).map(|temporary| (time, temporary)));
            }
            // Exports since June 2015 have the second names.
            "ChangeSuspendEnable" | "ChangeSuspendState" => {
                let state = name("ENABLE").or_else(|| name("STATE"));
                let state = state.and_then(|state| Delivery::of_export(&state));
                self.delivers.insert(time, state.and_then(Delivery::delivers));
            }
            _ => {}
        }
    }

    /// The rate of the profile.
    fn profile(&self, time: i64) -> Option<f64> {
        // A profile begins anew each midnight, so an older note says nothing.
        if let Some((_, rate)) = self.begun.range(time - DAY..=time).next_back() {
            return Some(*rate);
        }
        let pattern = at(self.active.iter(), time)?;
        let (_, schedule) = at(self.schedules.iter().filter(|told| told.what.0 == *pattern), time)?;
        let of_day = time.rem_euclid(DAY);
        schedule.iter().rfind(|(start, _)| *start <= of_day).map(|(_, rate)| *rate)
    }

    fn rate(&self, time: i64) -> Option<(f64, Cause)> {
        match self.delivers.range(..=time).next_back() {
            Some((_, Some(false))) => return Some((0.0, Cause::Suspended)),
            Some((_, None)) => return None,
            Some((_, Some(true))) | None => {}
        }
        let temporary = self.temporary.range(..=time).next_back();
        let running = temporary.filter(|(begun, (_, duration))| time < **begun + duration);
        match running.map(|(_, (temporary, _))| *temporary) {
            Some(Temporary::Rate(rate)) => Some((rate, Cause::Temporary)),
            Some(Temporary::Percent(percent)) => {
                Some((self.profile(time)? * percent / 100.0, Cause::Temporary))
            }
            None => Some((self.profile(time)?, Cause::Profile)),
        }
    }

    /// The steps from `from` to `to`, as far as anything is known of the pump.
    pub fn steps(&self, from: i64, to: i64) -> Vec<Step> {
        let to = to.min(self.last);
        let days = from.div_euclid(DAY)..=to.div_euclid(DAY);
        let starts = || self.schedules.iter().flat_map(|told| told.what.1.iter().map(|(start, _)| *start));
        let mut bounds: Vec<i64> =
            days.flat_map(|day| starts().map(move |start| day * DAY + start)).collect();
        bounds.extend(self.begun.keys().flat_map(|time| [*time, time + DAY + 1]));
        bounds.extend(self.schedules.iter().map(|told| told.time));
        bounds.extend(self.active.iter().map(|told| told.time));
        bounds.extend(self.temporary.iter().flat_map(|(time, (_, duration))| [*time, time + duration]));
        bounds.extend(self.delivers.keys());
        bounds.retain(|time| (from + 1..to).contains(time));
        bounds.extend([from, to]);
        bounds.sort_unstable();
        bounds.dedup();
        let mut steps: Vec<Step> = Vec::new();
        for pair in bounds.windows(2) {
            let Some((rate, cause)) = self.rate(pair[0]) else { continue };
            match steps.last_mut() {
                Some(last) if (last.to, last.rate, last.cause) == (pair[0], rate, cause) => last.to = pair[1],
                _ => steps.push(Step { from: pair[0], to: pair[1], rate, cause }),
            }
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use jiff::civil::date;

    const HOUR: i64 = 3600;

    fn steps(events: &[(i64, &str, &str)], hours: i64) -> Vec<(i64, i64, f64, Cause)> {
        let mut basal = Basal::default();
        for (hour, kind, values) in events {
            let time = date(1970, 1, 1).at(0, 0, 0, 0) + SignedDuration::from_hours(*hour);
            basal.take(&Event::new(time, (*kind).to_owned()).with_text(values));
        }
        let steps = basal.steps(0, hours * HOUR);
        steps.iter().map(|step| (step.from / HOUR, step.to / HOUR, step.rate, step.cause)).collect()
    }

    #[test]
    fn nothing_is_known_without_a_profile_and_behind_the_last_event() {
        assert_eq!(steps(&[(1, "BolusNormal", "AMOUNT=1"), (9, "BolusNormal", "AMOUNT=1")], 24), []);
        let begun = [(2, "BasalProfileStart", "RATE=0.5, START_TIME=0"), (7, "Rewind", "")];
        assert_eq!(steps(&begun, 24), [(2, 7, 0.5, Cause::Profile)]);
    }

    #[test]
    fn temporary_basals_and_suspension_override_the_profile() {
        let events = [
            (0, "BasalProfileStart", "RATE=1, START_TIME=0"),
            (2, "ChangeTempBasalPercent", "PERCENT_OF_RATE=50, DURATION=7200000"),
            (3, "BasalProfileStart", "RATE=2, START_TIME=10800000"),
            (5, "ChangeTempBasal", "RATE=0.3, DURATION=3600000"),
            (6, "ChangeSuspendEnable", "ENABLE=user_suspend"),
            (8, "ChangeSuspendEnable", "ENABLE=normal_pumping"),
            (10, "ChangeTempBasal", "RATE=0.3, DURATION=36000000"),
            (11, "ChangeTempBasal", "RATE=0, DURATION=0"),
            (12, "Rewind", ""),
        ];
        let expected = [
            (0, 2, 1.0, Cause::Profile),
            (2, 3, 0.5, Cause::Temporary),
            (3, 4, 1.0, Cause::Temporary),
            (4, 5, 2.0, Cause::Profile),
            (5, 6, 0.3, Cause::Temporary),
            (6, 8, 0.0, Cause::Suspended),
            (8, 10, 2.0, Cause::Profile),
            (10, 11, 0.3, Cause::Temporary),
            (11, 12, 2.0, Cause::Profile),
        ];
        assert_eq!(steps(&events, 24), expected);
    }

    /// A pump suspends delivery by itself when glucose is low, and resumes by itself.
    #[test]
    fn a_low_glucose_suspend_delivers_nothing() {
        let events = [
            (0, "BasalProfileStart", "RATE=1, START_TIME=0"),
            (12, "ChangeSuspendEnable", "ENABLE=alarm_suspend, PRE_ENABLE=normal_pumping"),
            (13, "ChangeSuspendState", "STATE=low_suspend_no_response, PRESTATE=alarm_suspend"),
            (14, "ChangeSuspendEnable", "ENABLE=auto_resume_complete, PRE_ENABLE=null"),
            (22, "Rewind", ""),
        ];
        let expected =
            [(0, 12, 1.0, Cause::Profile), (12, 14, 0.0, Cause::Suspended), (14, 22, 1.0, Cause::Profile)];
        assert_eq!(steps(&events, 24), expected);
    }

    #[test]
    fn nothing_is_known_in_a_state_without_a_name() {
        let events = [
            (0, "BasalProfileStart", "RATE=1, START_TIME=0"),
            (2, "ChangeSuspendEnable", "ENABLE=null"),
            (4, "ChangeSuspendEnable", "ENABLE=normal_pumping"),
            (6, "Rewind", ""),
        ];
        assert_eq!(steps(&events, 24), [(0, 2, 1.0, Cause::Profile), (4, 6, 1.0, Cause::Profile)]);
    }

    #[test]
    fn schedules_are_those_before_and_after_their_changes() {
        let events = [
            (4, "ChangeBasalProfilePre", "PROFILE_INDEX=0, RATE=1, START_TIME=0"),
            (4, "ChangeBasalProfilePatternPre", "PATTERN_NAME=standard, NUM_PROFILES=1"),
            (4, "ChangeBasalProfile", "PROFILE_INDEX=0, RATE=2, START_TIME=0"),
            (4, "ChangeBasalProfile", "PROFILE_INDEX=1, RATE=3, START_TIME=21600000"),
            (4, "ChangeBasalProfilePattern", "PATTERN_NAME=standard, NUM_PROFILES=2"),
            (8, "ChangeActiveBasalProfilePattern", "PATTERN_NAME=pattern a, OLD_PATTERN_NAME=standard"),
            (9, "CurrentBasalProfilePattern", "PATTERN_NAME=standard, NUM_PROFILES=1"),
            (9, "CurrentBasalProfile", "PROFILE_INDEX=0, RATE=7, START_TIME=0"),
            (9, "CurrentBasalProfilePattern", "PATTERN_NAME=pattern a, NUM_PROFILES=1"),
            (9, "CurrentBasalProfile", "PROFILE_INDEX=0, RATE=4, START_TIME=0"),
        ];
        let expected = [
            (0, 4, 1.0, Cause::Profile),
            (4, 6, 2.0, Cause::Profile),
            (6, 8, 3.0, Cause::Profile),
            (8, 9, 4.0, Cause::Profile),
        ];
        assert_eq!(steps(&events, 24), expected);
    }

    /// A change whose former schedule is not told leaves the time before it unknown, whatever is set now.
    #[test]
    fn settings_say_nothing_of_the_time_before_a_change() {
        let events = [
            (4, "ChangeBasalProfile", "PROFILE_INDEX=0, RATE=2, START_TIME=0"),
            (4, "ChangeBasalProfilePattern", "PATTERN_NAME=standard, NUM_PROFILES=1"),
            (9, "CurrentActiveBasalProfilePattern", "PATTERN_NAME=standard"),
            (9, "CurrentBasalProfilePattern", "PATTERN_NAME=standard, NUM_PROFILES=1"),
            (9, "CurrentBasalProfile", "PROFILE_INDEX=0, RATE=2, START_TIME=0"),
        ];
        assert_eq!(steps(&events, 24), [(4, 9, 2.0, Cause::Profile)]);
    }
}
