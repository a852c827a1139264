// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the events of one pump. Out: what a picture shows of them: glucose, insulin, carbs and alarms over time.

use super::basal::{Basal, Step};
use super::time::moment;
use crate::found::Found;
use anyhow::{Result, bail};
use carelink_core::history::alarm::SensorAlarmCode;
use carelink_core::pump::status::Alarm as PumpAlarm;
use carelink_core::tree::names::lookup;
use carelink_core::units::clock::seconds;
use carelink_core::vendor::Event;
use jiff::civil::{Date, DateTime};
use std::collections::BTreeSet;
use std::ops::Range;

/// What a mark stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SeriesKind {
    /// Glucose by the sensor, in mg/dL.
    Sensor,
    /// Glucose by a meter, in mg/dL.
    Meter,
    /// A meter's glucose that the sensor was calibrated with, in mg/dL.
    Calibration,
    /// A bolus that is given at once, in U.
    Bolus,
    /// A bolus that is given over a time, in U.
    Square,
    /// Carbs, in grams.
    Grams,
    /// Carbs, in exchanges.
    Exchanges,
    /// An alarm or a warning of the pump.
    PumpAlarm,
    /// An alarm of the glucose sensor.
    SensorAlarm,
    /// A basal rate began, in U/h.
    Basal,
    /// A reservoir was taken out or put in.
    Rewind,
}

impl SeriesKind {
    /// Its word in the legend.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sensor => "Sensor glucose",
            Self::Meter => "Meter",
            Self::Calibration => "Calibration",
            Self::Bolus => "Bolus",
            Self::Square => "Square bolus",
            Self::Grams | Self::Exchanges => "Carbs",
            Self::PumpAlarm => "Pump alarm",
            Self::SensorAlarm => "Sensor alarm",
            Self::Basal => "Basal",
            Self::Rewind => "Rewind",
        }
    }

    /// True if a picture may be of it alone.
    fn draws(self) -> bool {
        !matches!(self, Self::PumpAlarm | Self::SensorAlarm | Self::Rewind)
    }
}

/// One thing that is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// What it is.
    pub kind: SeriesKind,
    /// When it began, in seconds.
    pub time: i64,
    /// When it ended; `time` for what has no duration.
    pub end: i64,
    /// Its value, in the unit of its kind.
    pub value: f64,
    /// What it says, in words.
    pub words: String,
}

impl Mark {
    /// `2012-10-04 03:40:23: bolus 1.5 U`
    pub fn sentence(&self) -> String {
        let time = moment(self.time);
        format!("{} {}: {}", time.date(), time.time(), self.words)
    }
}

/// All that a picture shows.
#[derive(Debug, Default)]
pub struct Series {
    /// In order of time.
    pub marks: Vec<Mark>,
    /// The basal rate.
    pub steps: Vec<Step>,
    /// What is not shown, and why.
    pub left_out: Vec<String>,
    basal: Basal,
}

impl Series {
    /// Sorts out the events of one pump, which are in order of time.
    pub fn new(events: &[&Found]) -> Self {
        let mut series = Self::default();
        let mut unsure = 0;
        for event in events {
            series.basal.take(&event.event);
            match mark(&event.event) {
                Ok(mark) => series.marks.extend(mark),
                Err(Unsure) => unsure += 1,
            }
        }
        if unsure > 0 {
            series.left_out.push(format!(
                "{unsure} meter readings are not drawn: no record before them tells their unit"
            ));
        }
        series
    }

    /// The first and last moment with glucose, insulin or carbs.
    pub fn extent(&self) -> Option<(DateTime, DateTime)> {
        let times = || self.marks.iter().filter(|mark| mark.kind.draws()).map(|mark| mark.time);
        Some((moment(times().min()?), moment(times().max()?)))
    }

    /// The days with glucose, insulin or carbs.
    pub fn days(&self) -> BTreeSet<Date> {
        let drawn = self.marks.iter().filter(|mark| mark.kind.draws());
        drawn.map(|mark| moment(mark.time).date()).collect()
    }

    /// What lies in `span`, with the basal rates there.
    ///
    /// # Errors
    /// If nothing does.
    pub fn within(mut self, span: &Range<DateTime>) -> Result<Self> {
        let (from, to) = (seconds(span.start), seconds(span.end));
        self.marks.retain(|mark| mark.time < to && (mark.time >= from || mark.end > from));
        self.steps = self.basal.steps(from, to);
        if self.steps.is_empty() && !self.marks.iter().any(|mark| mark.kind.draws()) {
            bail!(
                "neither glucose nor insulin nor carbs are there to draw from {} to {}",
                span.start,
                span.end
            );
        }
        Ok(self)
    }

    /// The marks of some kinds.
    pub fn of<'s>(&'s self, kinds: &'s [SeriesKind]) -> impl Iterator<Item = &'s Mark> + Clone {
        self.marks.iter().filter(|mark| kinds.contains(&mark.kind))
    }

    /// Sums and means in words.
    pub fn summary(&self) -> String {
        let mut parts = Vec::new();
        let values = |kinds: &[SeriesKind]| -> Vec<f64> { self.of(kinds).map(|mark| mark.value).collect() };
        let sensor = values(&[SeriesKind::Sensor]);
        if !sensor.is_empty() {
            let mean = sensor.iter().sum::<f64>() / sensor.len() as f64;
            parts.push(format!("{} sensor values, mean {mean:.0} mg/dL", sensor.len()));
        }
        let boluses = values(&[SeriesKind::Bolus, SeriesKind::Square]);
        if !boluses.is_empty() {
            parts.push(format!("{} boluses, {} U", boluses.len(), short(boluses.iter().sum())));
        }
        for (kind, unit) in [(SeriesKind::Grams, "g"), (SeriesKind::Exchanges, "exchanges")] {
            let carbs = values(&[kind]);
            if !carbs.is_empty() {
                parts.push(format!("{} {unit} of carbs", short(carbs.iter().sum())));
            }
        }
        if !self.steps.is_empty() {
            let units = |step: &Step| step.rate * (step.to - step.from) as f64 / 3600.0;
            let hours = self.steps.iter().map(|step| step.to - step.from).sum::<i64>() as f64 / 3600.0;
            let basal = self.steps.iter().map(units).sum::<f64>();
            parts.push(format!("basal {basal:.2} U in the {hours:.1} h that are known"));
        }
        parts.join("  \u{b7}  ")
    }
}

/// At most two decimals that say something.
pub fn short(value: f64) -> String {
    ((value * 100.0).round() / 100.0).to_string()
}

/// A reading whose unit is not known.
#[derive(Debug, PartialEq)]
struct Unsure;

/// What an alarm or a warning says; `None` for other events.
pub fn alarm(event: &Event) -> Option<String> {
    let mark = mark(event).ok().flatten()?;
    matches!(mark.kind, SeriesKind::PumpAlarm | SeriesKind::SensorAlarm).then_some(mark.words)
}

/// What an event shows.
fn mark(event: &Event) -> Result<Option<Mark>, Unsure> {
    let (time, kind) = (seconds(event.time), event.kind.as_ref());
    let number = |key: &str| event.number(key);
    let amount = number("AMOUNT");
    let point = |kind, value, words| Some(Mark { kind, time, end: time, value, words });
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the vendor's codes are bytes"
    )]
    let code = |key: &str| number(key).map(|number| number as u64);
    let alarm = |kind, source: &str, key: &str, names| {
        let code = code(key)?;
        let name = lookup(names, code).map_or_else(|| code.to_string(), str::to_owned);
        point(kind, 0.0, format!("{source} alarm: {name}"))
    };
    Ok(match kind {
        "GlucoseSensorData" => {
            amount.and_then(|amount| point(SeriesKind::Sensor, amount, format!("sensor {amount} mg/dL")))
        }
        "GlucoseSensorDataLow" => amount.and_then(|amount| {
            point(SeriesKind::Sensor, amount, format!("sensor at or below {amount} mg/dL"))
        }),
        "GlucoseSensorDataHigh" => amount.and_then(|amount| {
            point(SeriesKind::Sensor, amount, format!("sensor at or above {amount} mg/dL"))
        }),
        // Readings that a meter sends are stored twice; these are all readings.
        "CalBGForPH" => {
            let amount = amount.ok_or(Unsure)?;
            point(SeriesKind::Meter, amount, format!("meter {} mg/dL", short(amount)))
        }
        // Sensor pages count in mg/dL whatever the pump shows.
        "CalBGForGH" => amount
            .and_then(|amount| point(SeriesKind::Calibration, amount, format!("calibration {amount} mg/dL"))),
        "BolusNormal" | "BolusSquare" => amount.and_then(|amount| {
            let programmed = number("PROGRAMMED_AMOUNT").unwrap_or(amount);
            let of = if programmed > amount {
                format!(" of {} U that were programmed", short(programmed))
            } else {
                String::new()
            };
            let words = format!("{} U{of}", short(amount));
            let Some(milliseconds) = number("DURATION").filter(|_| kind == "BolusSquare") else {
                return point(SeriesKind::Bolus, amount, format!("bolus {words}"));
            };
            // It runs at an even rate, so one that was stopped ran for its share of the time.
            let share = if programmed > 0.0 { (amount / programmed).min(1.0) } else { 1.0 };
            #[allow(clippy::cast_possible_truncation, reason = "seconds of some hours")]
            let end = time + (milliseconds / 1000.0 * share) as i64;
            let words = format!("square bolus {words}, over {} min", milliseconds / 60_000.0);
            Some(Mark { kind: SeriesKind::Square, time, end, value: amount, words })
        }),
        "BolusWizardBolusEstimate" | "JournalEntryMealMarker" => {
            let exchanges = event.name("CARB_UNITS").is_some_and(|name| name.starts_with("exch"));
            let (kind, unit) =
                if exchanges { (SeriesKind::Exchanges, "exchanges") } else { (SeriesKind::Grams, "g") };
            number("CARB_INPUT")
                .filter(|carbs| *carbs > 0.0)
                .and_then(|carbs| point(kind, carbs, format!("carbs {} {unit}", short(carbs))))
        }
        "AlarmPump" => alarm(SeriesKind::PumpAlarm, "pump", "RAW_TYPE", PumpAlarm::NAMES),
        "AlarmSensor" => alarm(SeriesKind::SensorAlarm, "sensor", "ALARM_TYPE", SensorAlarmCode::NAMES),
        "JournalEntryPumpLowReservoir" => {
            let left = amount.map(|amount| format!(", {amount} U left")).unwrap_or_default();
            point(SeriesKind::PumpAlarm, 0.0, format!("low reservoir{left}"))
        }
        "JournalEntryPumpLowBattery" => point(SeriesKind::PumpAlarm, 0.0, "low battery".to_owned()),
        "Rewind" => point(SeriesKind::Rewind, 0.0, "rewind".to_owned()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_reading_is_drawn_in_mg_dl_or_not_at_all() {
        let time = jiff::civil::date(2026, 11, 1).at(0, 0, 0, 0);
        let reading = |values| Event::new(time, "CalBGForPH").with_text(values);
        let drawn = |values| mark(&reading(values)).map(|mark| mark.map(|mark| mark.words));
        assert_eq!(drawn("AMOUNT=99.088, UNITS=null"), Ok(Some("meter 99.09 mg/dL".to_owned())));
        assert_eq!(drawn("AMOUNT=null, UNITS=null"), Err(Unsure));
    }
}
