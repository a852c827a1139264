// SPDX-License-Identifier: GPL-2.0-or-later
//! In: replies and parameters that are one byte, 0 or 1. Out: whether something is on.

use super::block::{Block, Context};
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use std::fmt;

crate::fields! {
    /// The alarm clocks are on.
    ALARM_CLOCK: Flag, "carelink.pump.alarm_clock_enable", "Alarm Clock Enabled", Confirmed;
    /// The pump reminds its user to measure glucose after a bolus.
    BG_REMINDER: Flag, "carelink.pump.bg_reminder_enable", "BG Reminder Enabled", Confirmed;
    /// The pump reminds its user when no bolus was given.
    BOLUS_REMINDER: Flag, "carelink.pump.bolus_reminder_enable", "Bolus Reminder Enabled", Confirmed;
    /// The capture of events is on.
    CAPTURE: Flag, "carelink.pump.capture_event_enable", "Capture Event Enabled", Inferred;
    /// The pump sends to other devices (MySentry).
    OTHERS: Flag, "carelink.pump.other_devices_enable", "Other Devices Enabled", Inferred;
    /// The pump is to obey remote controls.
    REMOTE: Flag, "carelink.pump.set_remote_enable", "Enable Remote Control", Inferred;
    /// The capture of events is to be on.
    SET_CAPTURE: Flag, "carelink.pump.set_capture_event_enable", "Enable Capture Event", Inferred;
    /// The detail trace is to be on.
    TRACE: Flag, "carelink.pump.set_detail_trace", "Enable Detail Trace", Inferred;
}

macro_rules! switches {
    ($($(#[doc = $doc:literal])+ $block:ident, $field:ident, $noun:literal;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $block(pub bool);

        impl Block for $block {
            const HEAD: Option<Field> = None;
            const NOUN: &'static str = $noun;

            fn read<S: Sink>(c: &mut Cursor<'_, '_, S>, _: Context) -> Result<Self, Stop> {
                c.flag($field).map(Self)
            }
        }

        impl fmt::Display for $block {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(if self.0 { "on" } else { "off" })
            }
        }
    )+};
}

switches! {
    /// Whether the alarm clocks are on.
    AlarmClockEnable, ALARM_CLOCK, "alarm clock";
    /// Whether the pump reminds its user to measure glucose after a bolus.
    BgReminderEnable, BG_REMINDER, "BG reminder";
    /// Whether the pump reminds its user when no bolus was given.
    BolusReminderEnable, BOLUS_REMINDER, "bolus reminder";
    /// Whether the capture of events is on.
    CaptureEventEnable, CAPTURE, "capture event";
    /// Whether the pump sends to other devices.
    OtherDevicesEnable, OTHERS, "other devices";
    /// Whether the pump is to obey remote controls.
    SetRemoteEnable, REMOTE, "remote control";
    /// Whether the capture of events is to be on.
    SetCaptureEvent, SET_CAPTURE, "capture event";
    /// Whether the detail trace is to be on.
    SetDetailTrace, TRACE, "detail trace";
}
