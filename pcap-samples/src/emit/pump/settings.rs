// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a pump's settings. Out: their bytes, in the layout of the command and of the model.

use super::to::To;
use crate::emit::count::{few_tenths, fortieths, tenths};
use carelink_core::pump::settings::{Action, AlertType, Settings, Since512, Since515, Since523};

/// What stands for an insulin action that was never set.
const UNSET: u8 = 15;

/// One layout each of the 508 (0x46), 511 (0x7F), 512 (0x91), 515 and 522, and 523 and later.
pub(super) fn settings(value: &Settings, to: To) -> Option<Vec<u8>> {
    let large = to.large && to.opcode == 0xC0;
    let mut bytes = vec![value.auto_off];
    match value.alert {
        // How it alarms, and how loud it beeps.
        AlertType::Vibrate if to.opcode == 0x46 => bytes.extend([2, 0]),
        volume if to.opcode == 0x46 => bytes.extend([1, volume.into()]),
        alert => bytes.push(alert.into()),
    }
    bytes.extend([
        value.easy_bolus.into(),
        few_tenths(value.easy_bolus_step.0)?,
        value.variable_bolus.into(),
    ]);
    if large {
        bytes.extend(tenths(value.max_bolus.0)?);
    } else {
        bytes.push(few_tenths(value.max_bolus.0)?);
    }
    let rate = if matches!(to.opcode, 0x46 | 0x7F) { tenths } else { fortieths };
    bytes.extend(rate(value.max_basal.0)?);
    bytes.push(value.time_format.into());
    bytes.extend(value.concentration.map(u8::from));
    let [patterns, remote, block] = [value.patterns, value.remote, value.block].map(u8::from);
    bytes.extend([patterns, value.pattern.into(), remote, block]);
    bytes.extend(value.since_512.iter().flat_map(since_512));
    bytes.extend(value.since_515.iter().flat_map(since_515));
    if let Some(since) = &value.since_523 {
        bytes.extend(since_523(since)?);
    }
    Some(bytes)
}

fn since_512(value: &Since512) -> [u8; 4] {
    let action = match value.action {
        Action::Kind(kind) => kind.into(),
        Action::Hours(hours) => hours,
        Action::Unset => UNSET,
    };
    [value.temp_basal.into(), value.temp_basal_percent, value.link.into(), action]
}

fn since_515(value: &Since515) -> [u8; 3] {
    [value.warning.kind.into(), value.warning.point, value.keypad_lock.into()]
}

/// The step of the keys in thousandths of a unit.
fn since_523(value: &Since523) -> Option<[u8; 4]> {
    let step = u8::try_from(value.scroll_step.0).ok()?;
    Some([step, value.capture_event.into(), value.other_devices.into(), value.married.into()])
}
