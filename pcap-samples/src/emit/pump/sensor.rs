// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what concerns the glucose sensor, and requests for pages. Out: their bytes.

use crate::emit::count::minutes;
use carelink_core::pump::pages::{GlucosePages, PageRequest};
use carelink_core::pump::sensor::{Limit, SensorSettings};

/// How many pages of each kind fit in, as the pumps seen say.
const ROOM: u16 = 32;

/// One byte for history and traces, four for the sensor.
pub(super) fn page_request(value: PageRequest) -> Vec<u8> {
    match value {
        PageRequest::History(number) | PageRequest::Trace(number) => vec![number],
        PageRequest::Sensor(number) => number.to_be_bytes().to_vec(),
    }
}

/// The current page, how many there are of glucose and of ISIG, and how many there may be.
pub(super) fn glucose_pages(value: &GlucosePages) -> Vec<u8> {
    let counts = [value.glucose, value.isig, ROOM, ROOM].map(u16::to_be_bytes).concat();
    [&value.current.to_be_bytes()[..], &counts].concat()
}

/// On or off, both limits, three bytes without a known meaning, pauses and reminder, transmitter, units.
pub(super) fn settings(value: &SensorSettings) -> Option<Vec<u8>> {
    let mut bytes = vec![value.enabled.into()];
    bytes.extend(limit(value.high)?);
    bytes.extend(limit(value.low)?);
    bytes.extend([0; 3]);
    bytes.extend(minutes(value.alarm_snooze)?);
    bytes.push(value.calibration_reminder.into());
    bytes.extend(minutes(value.calibration_reminder_time)?);
    let [0, transmitter @ ..] = value.transmitter.to_be_bytes() else { return None };
    bytes.extend(transmitter);
    bytes.push(value.units.into());
    bytes.extend(minutes(value.missed_data)?);
    Some(bytes)
}

fn limit(value: Limit) -> Option<[u8; 5]> {
    let [[g0, g1], [s0, s1]] = [value.glucose.count.to_be_bytes(), minutes(value.snooze)?];
    Some([value.enabled.into(), g0, g1, s0, s1])
}
