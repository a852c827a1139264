// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the reason byte of a pump's refusal. Out: its meaning.

crate::open_enum! {
    /// Why a pump refuses a command: the payload of a reply of type 2.
    pub enum Nak: u8 {
        Unspecified = 0x00 => "no reason given",
        Pause = 0x01 => "wants a pause of 3 s",
        PauseUntilAck = 0x02 => "wants a pause until an acknowledgement",
        Crc = 0x03 => "CRC error",
        UploadRefused = 0x04 => "program upload refused",
        Timeout = 0x05 => "timeout",
        Sequence = 0x06 => "sequence error",
        ErrorState = 0x07 => "pump is in an error state",
        /// Also the answer to a command that this model does not know.
        Refused = 0x08 => "command refused",
        OutOfRange = 0x09 => "value out of range",
        Inconsistent = 0x0A => "inconsistent data",
        UnusedProfile = 0x0B => "profile is not in use",
        BolusRunning = 0x0C => "a bolus is being delivered",
        NoData = 0x0D => "no such page",
        Hardware = 0x0E => "hardware failure",
    }
}
