// SPDX-License-Identifier: GPL-2.0-or-later
//! In: who a pump is, what it is at, and the devices that it knows. Out: the bytes that say so.

use carelink_core::pump::factory::Factory;
use carelink_core::pump::identity::PumpModel;
use carelink_core::pump::ids::DeviceId;
use carelink_core::pump::status::State;

/// Ends the version of the firmware.
const MARK: u8 = 0x0B;

/// Six characters.
pub(super) fn id(value: &DeviceId) -> Option<[u8; 6]> {
    value.text().as_bytes().try_into().ok()
}

/// Three times six characters.
pub(super) fn ids(value: &[DeviceId; 3]) -> Option<Vec<u8>> {
    Some([id(&value[0])?, id(&value[1])?, id(&value[2])?].concat())
}

/// A length, and as many characters.
pub(super) fn model(value: &PumpModel) -> Option<Vec<u8>> {
    let length =
        u8::try_from(value.text.len()).ok().filter(|length| *length <= 8 && value.text.is_ascii())?;
    Some([&[length], value.text.as_bytes()].concat())
}

/// The version, a blank, and two marks.
pub(super) fn firmware(version: &str) -> Option<Vec<u8>> {
    version.is_ascii().then(|| [version.as_bytes(), &[b' ', MARK, MARK]].concat())
}

/// How many, and the identity of each in four bytes; a byte without a known meaning follows the number and each of them.
pub(super) fn others(ids: &[u32]) -> Option<Vec<u8>> {
    let head = [u8::try_from(ids.len()).ok()?, 0];
    let ids = ids.iter().flat_map(|id| id.to_be_bytes().into_iter().chain([0]));
    Some(head.into_iter().chain(ids).collect())
}

/// Ten bytes without a known meaning, and two numbers.
pub(super) fn factory(value: &Factory) -> Vec<u8> {
    [&[0; 10][..], &value.word.to_be_bytes(), &value.constant.to_be_bytes()].concat()
}

/// One number, by the model's own count.
pub(super) fn state(value: State) -> u8 {
    match value {
        State::Now(state) => state.into(),
        State::Old(number) => number,
    }
}
