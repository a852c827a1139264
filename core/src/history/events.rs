// SPDX-License-Identifier: GPL-2.0-or-later
//! In: records in the order in which a pump stored them. Out: the events that the vendor's program makes of them.
//!
//! Most records make one event. A temporary rate and its duration make one together, so do the old and the new time; a
//! pattern or a setup makes one for itself and one for each of its entries. Records without a valid time make none.

use super::basal::TempBasal;
use super::bolus::BolusType;
use super::ids::Ids;
use super::settings::{Clock, Delivery, ReservoirWarning, Suspend};
use super::setups::{
    RATE_NEW, RATE_OLD, ahead_pattern, limit_pattern, rate_alert, sensor_config, wizard_config,
};
use super::stamp::Requestor;
use super::{Body, Record, RecordType, halves, words};
use crate::units::quantities::{GlucoseUnit, Insulin, Minutes};
use crate::vendor::{Datum, Event, Side};
use jiff::civil::DateTime;

const REQUESTOR: &str = "ACTION_REQUESTOR";

impl Record {
    /// The vendor's name of the event that the record tells of, if there is one.
    #[must_use]
    pub fn event(&self) -> Option<&'static str> {
        match self.body {
            Body::Bolus(bolus) if matches!(bolus.kind, BolusType::Square | BolusType::DualSquare) => {
                Some("BolusSquare")
            }
            Body::TempBasal(TempBasal::Percent(_)) => Some("ChangeTempBasalPercent"),
            Body::TempBasal(TempBasal::Unknown(_)) => None,
            Body::ReservoirWarning(ReservoirWarning::Time(_)) => Some("ChangeReservoirWarningTime"),
            _ => RecordType::of(self.opcode)?.event,
        }
    }

    fn valid_time(&self) -> Option<DateTime> {
        self.time?.valid()
    }
}

/// The events of `records`, which are in the order in which the pump stored them, without a gap.
#[must_use]
pub fn events(records: &[Record]) -> Vec<Event> {
    told(records).into_iter().map(|(_, event)| event).collect()
}

/// The same, each with the place of its record.
#[must_use]
pub fn told(records: &[Record]) -> Vec<(usize, Event)> {
    let mut told = Vec::new();
    for (at, record) in records.iter().enumerate() {
        // Insulin that is still active belongs to the estimate before it, whose time it shares.
        let time = match record.body {
            Body::Unabsorbed(_) => halves::estimate(records, at),
            _ => Some(record),
        };
        if let (Some(time), Some(kind)) = (time.and_then(Record::valid_time), record.event()) {
            let mut events = Vec::new();
            of_record(records, at, time, kind, &mut events);
            told.extend(events.into_iter().map(|event| (at, event)));
        }
    }
    told
}

fn of_record(records: &[Record], at: usize, time: DateTime, kind: &'static str, out: &mut Vec<Event>) {
    let record = &records[at];
    let event = Event::new(time, kind);
    let requestor: Datum = record.requestor.and_then(Requestor::name).into();
    let asked = |event: Event| event.with(REQUESTOR, requestor.clone());
    let single = match &record.body {
        // The vendor leaves the requestor out of these two.
        Body::Plain(_) if kind == "JournalEntryPumpLowBattery" => event,
        Body::Switch(on) if kind == "ChangeBatteryEnable" => event.with("ENABLE", *on),
        Body::Plain(value) if kind == "AlarmClockReminder" => {
            event.with("REASON", (*value == 0).then_some("bolus offset expired"))
        }
        // The vendor knows these of one that rang, and nobody else which bytes tell them.
        Body::Plain(_) if kind == "BolusReminder" => {
            let unknown = event.with("ALARM_TIME", Datum::Null).with("DISPLAYED", Datum::Null);
            asked(unknown.with("START_TIME", Datum::Null))
        }
        Body::Plain(_) | Body::Devices(_) | Body::CarbUnits(_) => asked(event),
        Body::Switch(on) => asked(event.with("ENABLE", *on)),
        Body::Alarm(alarm) => event
            .with("RAW_TYPE", u8::from(alarm.code))
            .with("RAW_MODULE", alarm.module)
            .with("LINE_NUM", alarm.line),
        Body::Alert(alert) => {
            let (mode, level) = words::alert(*alert);
            if let Some(level) = level {
                out.push(Event::new(time, "ChangeBeepVolume").with("LEVEL", level));
            }
            asked(event.with("MODE", mode))
        }
        Body::AutoOff(hours) => asked(event.with("DURATION", Minutes(u32::from(*hours) * 60))),
        // The vendor says nothing of a pattern that was empty before.
        Body::BasalPattern(pattern) if kind.ends_with("Pre") && pattern.rates.is_empty() => return,
        Body::BasalPattern(pattern) => {
            let (entry, side) = match kind.ends_with("Pre") {
                true => ("ChangeBasalProfilePre", Side::Old),
                false => ("ChangeBasalProfile", Side::New),
            };
            for (index, rate) in (0_u8..).zip(&pattern.rates) {
                out.push(
                    Event::new(time, entry)
                        .of(side)
                        .with("PROFILE_INDEX", index)
                        .with("RATE", rate.rate.value())
                        .with("START_TIME", rate.start),
                );
            }
            let count = u16::try_from(pattern.rates.len()).unwrap_or(u16::MAX);
            let event = event.of(side).with("PATTERN_NAME", pattern.pattern.exported());
            asked(event.with("NUM_PROFILES", count))
        }
        Body::BasalStart(start) => asked(
            event
                .with("PATTERN_NAME", start.pattern.exported())
                .with("PROFILE_INDEX", start.index)
                .with("RATE", start.rate.rate.value())
                .with("START_TIME", start.rate.start),
        ),
        Body::Bolus(bolus) => {
            let dual = matches!(bolus.kind, BolusType::DualNormal | BolusType::DualSquare);
            let event = event.with("AMOUNT", bolus.amount.value()).with("CONCENTRATION", Datum::Null);
            let event = asked(event.with("PROGRAMMED_AMOUNT", bolus.programmed.value()));
            let event = if kind == "BolusSquare" {
                event.with("DURATION", bolus.duration)
            } else {
                event.with("ENABLE", bolus.kind != BolusType::Simple)
            };
            event
                .with("IS_DUAL_COMPONENT", dual)
                .with("UNABSORBED_INSULIN_TOTAL", bolus.active.map(Insulin::value))
        }
        Body::BolusReminder(reminder) => asked(event.with("ALARM_TIME", reminder.time))
            .with("START_TIME", (reminder.start == 0).then_some(0_u8)),
        Body::ClearAlarm(code) => asked(event.with("ALARM_TYPE", *code)),
        Body::DailyTotal(total) => event.with("AMOUNT", total.value()).with("CONCENTRATION", Datum::Null),
        Body::EasyBolus(easy) => {
            let step = Event::new(time, "ChangeAudioBolusStepSize").with("AMOUNT", easy.step.value());
            out.push(asked(step));
            asked(event.with("ENABLE", easy.enabled))
        }
        Body::Estimate(estimate) => {
            // It is stored next. Where the records end nobody knows whether there was any.
            let active = records.get(at + 1).map(|next| match &next.body {
                Body::Unabsorbed(entries) => u16::try_from(entries.len()).unwrap_or(u16::MAX),
                _ => 0,
            });
            let [low, high] = estimate.target;
            asked(
                event
                    .with("BG_INPUT", estimate.bg)
                    .with("BG_UNITS", estimate.bg.unit)
                    .with("CARB_INPUT", estimate.carbs.value())
                    .with("CARB_UNITS", estimate.carbs.unit)
                    .with("CARB_RATIO", estimate.ratio.value())
                    .with("INSULIN_SENSITIVITY", estimate.sensitivity)
                    .with("BG_TARGET_LOW", low)
                    .with("BG_TARGET_HIGH", high)
                    .with("BOLUS_ESTIMATE", estimate.estimate.value())
                    .with("CORRECTION_ESTIMATE", estimate.correction.value())
                    .with("FOOD_ESTIMATE", estimate.food.value())
                    .with("UNABSORBED_INSULIN_TOTAL", estimate.active.value())
                    .with("UNABSORBED_INSULIN_COUNT", active),
            )
        }
        // The vendor rounds what was entered to whole mg/dL.
        Body::Glucose(glucose) => {
            let amount =
                Some(glucose.exported().round()).filter(|_| !matches!(glucose.unit, GlucoseUnit::Unknown(_)));
            asked(event.with("AMOUNT", amount))
        }
        Body::GlucoseLimits(limits) => {
            sided(out, Side::Old, |out| limit_pattern(time, &limits.old, out));
            sided(out, Side::New, |out| limit_pattern(time, &limits.new, out));
            asked(event)
        }
        Body::GraphTimeout(timeout) => asked(event.with("DURATION", *timeout)),
        Body::PredictiveAlerts(alerts) => {
            sided(out, Side::Old, |out| ahead_pattern(time, &alerts.old, out));
            sided(out, Side::New, |out| ahead_pattern(time, &alerts.new, out));
            asked(event)
        }
        Body::RateAlerts(alerts) => {
            asked(rate_alert(rate_alert(event, &alerts.new, RATE_NEW), &alerts.old, RATE_OLD))
        }
        Body::InsulinMarker(insulin) | Body::LowReservoir(insulin) | Body::MaxBolus(insulin) => {
            asked(event.with("AMOUNT", insulin.value()))
        }
        Body::Links(ids) => {
            let keys = match kind {
                "ChangeParadigmLinkID" => ["PARADIGM_LINK_ID_1", "PARADIGM_LINK_ID_2", "PARADIGM_LINK_ID_3"],
                _ => ["METER_ID_1", "METER_ID_2", "METER_ID_3"],
            };
            with_ids(asked(event.with("ENABLE", ids.enabled)), ids, keys, |id| format!("{id:06X}"))
        }
        Body::Remotes(ids) => {
            let keys = ["REMOTE_CONTROL_ID_1", "REMOTE_CONTROL_ID_2", "REMOTE_CONTROL_ID_3"];
            with_ids(asked(event.with("ENABLE", ids.enabled)), ids, keys, |id| format!("{id:06}"))
        }
        Body::MaxBasal(rate) => asked(event.with("RATE", rate.value())),
        Body::Meal(carbs) => asked(event.with("CARB_INPUT", carbs.value()).with("CARB_UNITS", carbs.unit)),
        Body::MeterGlucose(meter) => {
            let id = format!("{:06X}", meter.meter);
            asked(event.with("AMOUNT", meter.amount)).with("PARADIGM_LINK_ID", id)
        }
        Body::Clock(Clock::Old) => {
            let new = halves::after(records, at);
            asked(event.with("NEW_TIME", new.and_then(Record::valid_time)))
        }
        Body::Prime(prime) => asked(
            event
                .with("AMOUNT", prime.amount.value())
                .with("CONCENTRATION", Datum::Null)
                .with("PROGRAMMED_AMOUNT", prime.programmed.value())
                .with("PRIME_TYPE", prime.kind.name()),
        ),
        Body::ReservoirWarning(warning) => asked(match *warning {
            ReservoirWarning::Insulin(units) => event.with("AMOUNT", units),
            ReservoirWarning::Time(time) => event.with("AMOUNT", time),
        }),
        Body::ScrollStep(step) => asked(event.with("STEP_SIZE", words::step(*step))),
        Body::SelectPattern(select) => asked(
            event.with("PATTERN_NAME", select.new.exported()).with("OLD_PATTERN_NAME", select.old.exported()),
        ),
        Body::SensorAlarm(alarm) => {
            asked(event.with("ALARM_TYPE", u8::from(alarm.code)).with("AMOUNT", alarm.amount))
        }
        Body::SensorSetup(setup) => {
            out.push(sensor_config(time, &setup.new).of(Side::New));
            out.push(sensor_config(time, &setup.old).of(Side::Old));
            asked(event)
        }
        Body::Silence(silence) => {
            asked(event.with("DURATION", silence.duration).with("SCOPE", silence.scope.exported()))
        }
        Body::Suspend(Suspend { new, old }) => {
            // Three bits hold the old state. What they hold of states above the fifth is not known: a real pump has 6 there
            // after state 8.
            let old = old.filter(|old| u8::from(*old) <= u8::from(Delivery::Selected));
            let old = old.and_then(Delivery::exported);
            asked(event.with("ENABLE", new.exported())).with("PRE_ENABLE", old)
        }
        Body::TempBasal(temp) => {
            let duration = match halves::after(records, at).map(|half| &half.body) {
                Some(Body::TempDuration(duration)) => Some(*duration),
                _ => None,
            };
            let event = match *temp {
                TempBasal::Percent(percent) => event.with("PERCENT_OF_RATE", percent),
                TempBasal::Rate(rate) => event.with("RATE", rate.value()),
                TempBasal::Unknown(_) => return,
            };
            asked(event.with("DURATION", duration))
        }
        Body::TempType(kind) => asked(event.with("TEMP_BASAL_TYPE", kind.exported())),
        Body::TimeFormat(format) => asked(event.with("FORMAT", format.exported())),
        Body::Unabsorbed(entries) => {
            for (index, entry) in (0_u8..).zip(entries) {
                out.push(
                    event
                        .clone()
                        .with("INDEX", index)
                        .with("AMOUNT", entry.amount.value())
                        .with("RECORD_AGE", entry.age.0)
                        .with("INSULIN_TYPE", Datum::Null)
                        .with("INSULIN_ACTION_CURVE", u16::from(entry.curve) * 60),
                );
            }
            return;
        }
        Body::WizardSetup(setup) => {
            sided(out, Side::New, |out| wizard_config(time, &setup.new, out));
            sided(out, Side::Old, |out| wizard_config(time, &setup.old, out));
            asked(event)
        }
        Body::Clock(Clock::New) | Body::TempDuration(_) | Body::Totals(_) => return,
    };
    out.push(single);
}

/// Marks the events that `tell` adds as those of one side of a change.
fn sided(out: &mut Vec<Event>, side: Side, tell: impl FnOnce(&mut Vec<Event>)) {
    let first = out.len();
    tell(out);
    out[first..].iter_mut().for_each(|event| event.side = Some(side));
}

fn with_ids(event: Event, ids: &Ids, keys: [&'static str; 3], text: impl Fn(u32) -> String) -> Event {
    keys.into_iter().zip(ids.ids).fold(event, |event, (key, id)| event.with(key, text(id)))
}
