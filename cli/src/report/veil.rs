// SPDX-License-Identifier: GPL-2.0-or-later
//! In: any text of a report. Out: the same as it may be shown: what tells whose a device is, is hidden.
//!
//! Which values do is said by the rows of the core's fields, and by the keys of events. All text of a page comes through
//! here: its templates take nothing else.

use crate::conversation::{Conversation, Entry};
use crate::list;
use carelink_core::transfer::Claim;
use carelink_core::tree::sink::{Item, Mark, Sink, Value};
use carelink_core::vendor::{Datum, Event, keys};
use std::collections::BTreeSet;
use std::fmt::{self, Display};

/// What stands for a value that is hidden.
const HIDDEN: &str = "(hidden)";

/// Shorter words are taken for numbers that mean something else: no device has so short a name.
const SHORTEST: usize = 4;

/// Knows what is to be hidden.
#[derive(Debug, Default)]
pub(super) struct Veil {
    /// The values, as [`key`] has them; `None` if everything may be shown.
    hidden: Option<BTreeSet<String>>,
}

/// Text that may be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shown(String);

impl Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Shown {
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Veil {
    /// Hides nothing.
    pub const fn none() -> Self {
        Self { hidden: None }
    }

    /// Hides each identity that the packets of captures hold.
    pub fn over<'c>(conversations: impl IntoIterator<Item = &'c Conversation>) -> Self {
        let mut identities = Identities(BTreeSet::new());
        for conversation in conversations {
            for packet in &conversation.packets {
                conversation.session.dissect(&packet.transfer(Claim::Certain), &mut identities);
            }
        }
        Self { hidden: Some(identities.0) }
    }

    /// True if something may have to be hidden.
    pub const fn hides(&self) -> bool {
        self.hidden.is_some()
    }

    /// Hides the identities in an event from now on: an export may know of devices that no packet names.
    pub fn meet(&mut self, event: &Event) {
        if let Some(hidden) = &mut self.hidden {
            let identities = event.values.iter().filter(|(key, _)| keys::is_identity(key));
            hidden.extend(identities.filter_map(|(_, value)| key(&value.to_string())));
        }
    }

    /// Words without what is to be hidden.
    pub fn words(&self, text: impl Display) -> Shown {
        let (text, mut shown) = (text.to_string(), String::new());
        for piece in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
            let word = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            shown.push_str(if self.is_hidden(word) { HIDDEN } else { word });
            shown.extend(piece[word.len()..].chars().map(printable));
        }
        Shown(shown)
    }

    /// What a fetch asks, with its parameters. Of parameters without a known meaning nobody knows whose they are.
    pub fn what(&self, entry: &Entry<'_>) -> Shown {
        let parameters = match entry.parameters_behind_name() {
            Some(parameters) => Some(parameters),
            None => list::parameters(entry).filter(|_| !self.hides()),
        };
        let parameters = parameters.map(|parameters| format!(" {parameters}"));
        self.words(list::command(entry) + &parameters.unwrap_or_default())
    }

    /// The values of an event, by the vendor's keys.
    pub fn event(&self, event: &Event) -> Shown {
        let mut event = event.clone();
        for (key, value) in &mut event.values {
            if self.hides() && keys::is_identity(key) && *value != Datum::Null {
                *value = HIDDEN.into();
            }
        }
        self.words(event)
    }

    fn is_hidden(&self, word: &str) -> bool {
        let hidden = self.hidden.as_ref().filter(|_| word.len() >= SHORTEST);
        hidden.zip(key(word)).is_some_and(|(hidden, key)| hidden.contains(&key))
    }
}

/// An identity, however it is written: `047006`, `0x00047006` and `47006` are the same. `None` for what stands for no device.
fn key(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_uppercase();
    let digits = text.strip_prefix("0X").unwrap_or(&text).trim_start_matches('0');
    let none = digits.chars().all(|c| c == 'F') || !digits.chars().any(|c| c.is_ascii_alphanumeric());
    (!none).then(|| digits.to_owned())
}

/// No page can hold the signs that control a terminal.
fn printable(c: char) -> char {
    let plain = !c.is_control() || c == '\n' || c == '\t';
    if plain && !matches!(c, '\u{FFFE}' | '\u{FFFF}') { c } else { char::REPLACEMENT_CHARACTER }
}

/// Takes the values of the fields that tell whose a device is.
struct Identities(BTreeSet<String>);

impl Identities {
    fn take(&mut self, item: Item<'_>) -> Mark {
        if item.field.def().identity.is_some() {
            match item.value {
                // Signs between its parts part words.
                Value::Text(text) => {
                    let parts = text.split(|c: char| !c.is_ascii_alphanumeric());
                    self.0.extend(parts.filter(|part| part.len() >= SHORTEST).filter_map(key));
                }
                // People know some by their decimal digits, and others by the hexadecimal ones.
                Value::Unsigned(number) => {
                    self.0.extend(key(&number.to_string()));
                    self.0.extend(key(&format!("{number:X}")));
                }
                _ => {}
            }
        }
        Mark::default()
    }
}

impl Sink for Identities {
    const KEEPS: bool = true;

    fn leaf(&mut self, item: Item<'_>) -> Mark {
        self.take(item)
    }

    fn open(&mut self, item: Item<'_>) -> Mark {
        self.take(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn veil(identities: &[&str]) -> Veil {
        Veil { hidden: Some(identities.iter().filter_map(|text| key(text)).collect()) }
    }

    #[test]
    fn identities_are_hidden_however_they_are_written() {
        let veil = veil(&["047006", "0a1b2c"]);
        for text in ["047006", "47006", "0x00047006", "0A1B2C", "0a1b2c"] {
            assert_eq!(veil.words(format!("pump {text}, left")).0, "pump (hidden), left");
        }
        for text in ["0470061", "147006", "47 U", "A1B2", "1047006"] {
            assert_eq!(veil.words(text).0, text);
        }
        assert_eq!(Veil::none().words("pump 047006").0, "pump 047006");
    }

    #[test]
    fn what_stands_for_no_device_hides_nothing() {
        let veil = veil(&["000000", "FFFFFF", "------", "", "000012"]);
        for text in ["0000", "FFFF", "12 U", "------"] {
            assert_eq!(veil.words(text).0, text);
        }
    }

    #[test]
    fn identities_of_events_are_hidden_by_their_keys() {
        let time = jiff::civil::date(2026, 1, 5).at(0, 0, 0, 0);
        let event = Event::new(time, "X").with_text("AMOUNT=12, TRANSMITTER_ID=12, METER_ID=null");
        let mut veil = veil(&[]);
        assert_eq!(veil.event(&event).0, "AMOUNT=12, TRANSMITTER_ID=(hidden), METER_ID=null");
        veil.meet(&Event::new(time, "X").with_text("PARADIGM_LINK_ID=00E345"));
        assert_eq!(veil.words("meter e345").0, "meter (hidden)");
        assert_eq!(Veil::none().event(&event).0, "AMOUNT=12, TRANSMITTER_ID=12, METER_ID=null");
    }

    #[test]
    fn signs_that_no_page_can_hold_are_replaced() {
        assert_eq!(veil(&[]).words("a\u{0}b\u{1b}<c>\n").0, "a\u{FFFD}b\u{FFFD}<c>\n");
    }
}
