// SPDX-License-Identifier: GPL-2.0-or-later
//! In: an event by either set of the vendor's names. Out: the same event by the names that are asked for.
//!
//! No later than 29 June 2015 the exports' names of some events and keys changed. The table below is the only place that
//! knows both; all else speaks the names until then. Source: `docs/protocol/export-names.md`.

use super::event::Event;
use super::keys::ROW;
use std::borrow::Cow;

/// A set of the vendor's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vocabulary {
    /// Those of exports until June 2015.
    #[default]
    Until2015,
    /// Those of exports since then.
    Since2015,
}

/// A name until June 2015, and since.
type Names = (&'static str, &'static str);

/// The events that have another name now, and those of their keys that have.
const RENAMED: &[(Names, &[Names])] = &[
    (("ChangeSuspendEnable", "ChangeSuspendState"), &[("ENABLE", "STATE"), ("PRE_ENABLE", "PRESTATE")]),
    (("CalBGForPH", "BGCapturedOnPump"), &[]),
    (("CalBGForGH", "SensorCalBG"), &[]),
];

impl Vocabulary {
    const fn of(self, (until, since): Names) -> &'static str {
        match self {
            Self::Until2015 => until,
            Self::Since2015 => since,
        }
    }
}

impl Event {
    /// The same event by the names of `vocabulary`, whatever names it has now.
    #[must_use]
    pub fn named(mut self, vocabulary: Vocabulary) -> Self {
        let either = |(until, since): Names, name: &str| name == until || name == since;
        let renamed = RENAMED.iter().find(|(names, _)| either(*names, &self.kind));
        if let Some((names, _)) = renamed {
            self.kind = vocabulary.of(*names).into();
        }
        let keys = renamed.map_or(&[][..], |(_, keys)| *keys);
        for (key, _) in &mut self.values {
            let stem = ROW.iter().find_map(|end| key.strip_suffix(end));
            if let Some(stem) = stem {
                *key = Cow::Owned(format!("{stem}{}", vocabulary.of(ROW.into())));
            } else if let Some(names) = keys.iter().find(|names| either(**names, key)) {
                *key = vocabulary.of(*names).into();
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn each_name_has_one_counterpart() {
        let time = date(2016, 1, 2).at(3, 4, 5, 0);
        let event = |kind: &'static str, text| Event::new(time, kind).with_text(text);
        let rows = [
            (
                event("ChangeSuspendEnable", "ENABLE=user_suspend, PRE_ENABLE=normal_pumping"),
                event("ChangeSuspendState", "STATE=user_suspend, PRESTATE=normal_pumping"),
            ),
            (event("CalBGForPH", "AMOUNT=120"), event("BGCapturedOnPump", "AMOUNT=120")),
            (event("CalBGForGH", "AMOUNT=120"), event("SensorCalBG", "AMOUNT=120")),
            (
                event("ChangeBasalProfile", "PATTERN_DATUM=5, RATE=1"),
                event("ChangeBasalProfile", "PATTERN_DATUM_ID=5, RATE=1"),
            ),
            // Other events keep a key of the same name.
            (
                event("ChangeBolusWizardEnable", "ENABLE=true"),
                event("ChangeBolusWizardEnable", "ENABLE=true"),
            ),
        ];
        for (until, since) in rows {
            assert_eq!(until.clone().named(Vocabulary::Since2015), since);
            assert_eq!(since.clone().named(Vocabulary::Until2015), until);
            assert_eq!(since.clone().named(Vocabulary::Since2015), since);
            assert_eq!(until.clone().named(Vocabulary::Until2015), until);
        }
    }
}
