// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a key of the vendor's exports, and its value as text. Out: the value, by what the key stands for.
//!
//! Source: the exports that `docs/protocol/export-names.md` speaks of: each key of theirs is in the table.

use super::datum::Datum;

/// What the value of a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// A number: an amount, a count, milliseconds.
    Number,
    /// A name, or true or false.
    Word,
    /// The identity of a device or a model: all its characters count, zeros at its begin too.
    Identity,
}

/// The keys whose values are words.
const WORDS: &[&str] = &[
    "ACTION_REQUESTOR",
    "BACKFILL_INDICATOR",
    "BG_UNITS",
    "CAL_REMINDER_ENABLE",
    "CAL_TYPE",
    "CARB_UNITS",
    "DISPLAYED",
    "ENABLE",
    "ERROR_TYPE",
    "FALLING_LIMIT_ENABLE",
    "FORMAT",
    "HIGH_ENABLE",
    "HIGH_GLUCOSE_ALARM_ENABLE",
    "HIGH_LIMIT_ENABLE",
    "IS_AUTO_CAL_ENABLE",
    "IS_BG_TARGETS_COMPLETE",
    "IS_BG_UNITS_COMPLETE",
    "IS_BOLUS_WIZARD_ENABLED",
    "IS_CARB_RATIOS_COMPLETE",
    "IS_CARB_UNITS_COMPLETE",
    "IS_DUAL_COMPONENT",
    "IS_INSULIN_SENSITIVITIES_COMPLETE",
    "IS_LOW_SUSPEND_ENABLE",
    "IS_SENSOR_ENABLED",
    "IS_SETUP_COMPLETE",
    "LANGUAGE",
    "LEVEL",
    "LIMIT_UNITS",
    "LOW_ENABLE",
    "LOW_GLUCOSE_ALARM_ENABLE",
    "LOW_LIMIT_ENABLE",
    "MARRIED",
    "MODE",
    "OLD_PATTERN_NAME",
    "ORIGINAL_UNITS",
    "ORIGIN_TYPE",
    "PACKET_TYPE",
    "PATTERN_NAME",
    "PRE_ENABLE",
    "PRIME_TYPE",
    "REASON",
    "RISING_LIMIT_ENABLE",
    "SCOPE",
    "PRESTATE",
    "STATE",
    "STATUS",
    "STATUS_TYPE",
    "STEP_SIZE",
    "SYNC_TYPE",
    "TEMP_BASAL_TYPE",
    "TIMESTAMP_TYPE",
    "UNITS",
];

/// The keys whose values are identities, before a number of a place.
const IDENTITIES: &[&str] = &[
    "METER_ID",
    "MODEL_NUMBER",
    "OTHER_DEVICE_ID",
    "PARADIGM_LINK_ID",
    "REMOTE_CONTROL_ID",
    "TRANSMITTER_ID",
];

/// True for keys whose values tell whose a device is.
#[must_use]
pub fn is_identity(key: &str) -> bool {
    key != "MODEL_NUMBER" && shape(key) == Some(Shape::Identity)
}

/// What the value of a key is; `None` for keys that no export at hand has.
fn shape(key: &str) -> Option<Shape> {
    let place = key.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
    let plain = key.strip_prefix("NEW_").or_else(|| key.strip_prefix("OLD_")).unwrap_or(key);
    if IDENTITIES.contains(&place) {
        Some(Shape::Identity)
    } else if WORDS.contains(&key) || WORDS.contains(&plain) {
        Some(Shape::Word)
    } else if NUMBERS.contains(&key) || NUMBERS.contains(&plain) {
        Some(Shape::Number)
    } else {
        None
    }
}

/// The keys whose values are numbers.
const NUMBERS: &[&str] = &[
    "ALARM_INDEX",
    "ALARM_SNOOZE_TIME",
    "ALARM_TIME",
    "ALARM_TYPE",
    "AMOUNT",
    "AMOUNT_HIGH",
    "AMOUNT_LOW",
    "BG_INPUT",
    "BG_TARGET_HIGH",
    "BG_TARGET_LOW",
    "BOLUS_ESTIMATE",
    "CAL_FACTOR",
    "CAL_REMINDER_TIME",
    "CARB_INPUT",
    "CARB_RATIO",
    "CORRECTION_ESTIMATE",
    "DURATION",
    "FALLING_LIMIT",
    "FOOD_ESTIMATE",
    "HIGH_AREA_UNDER_CURVE",
    "HIGH_DURATION",
    "HIGH_GLUCOSE_LIMIT",
    "HIGH_GLUCOSE_SNOOZE_TIME",
    "HIGH_LIMIT",
    "INDEX",
    "INSULIN_ACTION_CURVE",
    "INSULIN_SENSITIVITY",
    "ISIG",
    "LINE_NUM",
    "LOW_AREA_UNDER_CURVE",
    "LOW_DURATION",
    "LOW_GLUCOSE_LIMIT",
    "LOW_GLUCOSE_SNOOZE_TIME",
    "LOW_LIMIT",
    "LOW_SUSPEND_LIMIT",
    "MISSED_DATA_TIME",
    "NUM_PROFILES",
    "PAGE_NUMBER",
    "PERCENT_OF_RATE",
    "PROFILE_INDEX",
    "PROGRAMMED_AMOUNT",
    "PROGRAMMER_NUM",
    "RATE",
    "RAW_MODULE",
    "RAW_STATUS",
    "RAW_TYPE",
    "RECORD_AGE",
    "SAVE_TIME",
    "SIZE",
    "START_TIME",
    "TIME",
    "UNABSORBED_INSULIN_COUNT",
    "UNABSORBED_INSULIN_TOTAL",
];

/// How keys end that hold a row's number in the vendor's database: until June 2015, and since.
pub(super) const ROW: [&str; 2] = ["_DATUM", "_DATUM_ID"];

/// True if `text` may be a key.
#[must_use]
pub fn is_key(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// True for keys that say nothing of the pump: numbers of rows in the vendor's database, and the concentration of the
/// insulin, which no pump knows.
#[must_use]
pub fn is_of_database(key: &str) -> bool {
    ROW.into_iter().any(|end| key.ends_with(end)) || key == "CONCENTRATION"
}

/// The value that `text` stands for behind `key`.
///
/// Behind a key that no export at hand has, a plain number is taken for one, and anything else for a word.
#[must_use]
pub fn parse(key: &str, text: &str) -> Datum {
    let word = || match text {
        "true" => Datum::Flag(true),
        "false" => Datum::Flag(false),
        _ => text.to_owned().into(),
    };
    match shape(key) {
        _ if text == "null" => Datum::Null,
        Some(Shape::Identity) => text.to_owned().into(),
        Some(Shape::Word) => word(),
        Some(Shape::Number) => number(text).map_or_else(word, Datum::from),
        None => number(text).filter(|_| plain(text)).map_or_else(word, Datum::from),
    }
}

/// True for digits with no zero before them, perhaps a sign, and perhaps a fraction.
fn plain(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let padded = digits.starts_with('0') && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    !padded && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b',')
}

/// A number, with a point or, in exports of many countries, a comma before its fraction.
fn number(text: &str) -> Option<f64> {
    let number = text.parse().or_else(|_| text.replacen(',', ".", 1).parse::<f64>());
    number.ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_their_keys() {
        assert_eq!(parse("AMOUNT", "2.5"), Datum::Number(2.5));
        assert_eq!(parse("AMOUNT_LOW", "99,088"), Datum::Number(99.088));
        assert_eq!(parse("NEW_RISING_LIMIT", "-108,096"), Datum::Number(-108.096));
        assert_eq!(parse("ENABLE", "true"), Datum::Flag(true));
        assert_eq!(parse("ENABLE", "user_suspend"), Datum::from("user_suspend"));
        assert_eq!(parse("AMOUNT", "null"), Datum::Null);
        assert_eq!(parse("NEW_UNITS", "mmol l"), Datum::from("mmol l"));
    }

    #[test]
    fn devices_are_told_apart_by_all_their_characters() {
        for key in ["PARADIGM_LINK_ID", "PARADIGM_LINK_ID_2", "REMOTE_CONTROL_ID", "TRANSMITTER_ID"] {
            for (one, other) in [("00E012", "00E345"), ("012345", "12345"), ("1E5", "100000")] {
                assert!(!parse(key, one).agrees(&parse(key, other)), "{key}: {one} and {other}");
            }
        }
    }

    #[test]
    fn a_model_is_many_peoples_and_a_device_is_one_persons() {
        for key in ["PARADIGM_LINK_ID", "PARADIGM_LINK_ID_2", "REMOTE_CONTROL_ID_0", "TRANSMITTER_ID"] {
            assert!(is_identity(key), "{key}");
        }
        for key in ["MODEL_NUMBER", "AMOUNT", "UNITS", "NOVELTY"] {
            assert!(!is_identity(key), "{key}");
        }
    }

    #[test]
    fn values_of_unknown_keys_are_numbers_only_if_they_are_plain() {
        assert_eq!(parse("NOVELTY", "12.5"), Datum::Number(12.5));
        for text in ["012", "0E5", "1E5", "inf", "a"] {
            assert_eq!(parse("NOVELTY", text), Datum::from(text.to_owned()), "{text}");
        }
    }
}
