// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: what is known of each model of pump, on what evidence, and which were never seen.
//!
//! The one table of models: readers ask it for lengths and units, the program prints it, and docs/protocol/models.md
//! holds it for people. A fact is `seen` if recordings or the vendor's exports bear it out, `said` if other projects say so,
//! a `guess` if it is taken over from a pump nearby.

use super::family::{Family, Layout, Member, Seen, Sensor, guess, said, seen};
use crate::tree::field::Evidence;

const fn member(number: u16, seen: &'static [Seen]) -> Member {
    Member { number, seen }
}

const BOTH_UNITS: &str = "mg/dL or mmol/L";
const FINE_STEPS: &str = "0.025 up to 1, 0.05 up to 10, 0.1 above";

/// All families, the oldest first.
pub const FAMILIES: &[Family] =
    &[X08, X11, X12, X15, X22, X23, X30, X40, X51, X53, X54, GUARDIAN_71, GUARDIAN_72];

const X08: Family = Family {
    number: 8,
    sensor_number: 8,
    members: &[member(508, &[])],
    product: said("MiniMed 508"),
    sold: None,
    export: None,
    // It keeps its history in memory of another form, and is read through another device than the stick.
    layout: None,
    history_pages: said(0),
    sensor_pages: said(0),
    bolus_counts: said(10),
    bolus_steps: None,
    basal_counts: said(10),
    basal_steps: None,
    concentration: said("U100 or U50"),
    glucose_units: said("none: it has no bolus wizard"),
    sensor: said(Sensor::None),
    low_suspend: said(false),
};

const X11: Family = Family {
    number: 11,
    sensor_number: 11,
    members: &[member(511, &[]), member(711, &[])],
    product: said("Paradigm"),
    export: guess("Paradigm "),
    layout: guess(Layout::Oldest),
    history_pages: said(32),
    ..X08
};

const X12: Family = Family {
    number: 12,
    sensor_number: 12,
    members: &[member(512, &[Seen::Replies, Seen::History, Seen::Published]), member(712, &[])],
    product: said("Paradigm"),
    sold: None,
    export: guess("Paradigm "),
    layout: seen(Layout::Oldest),
    history_pages: guess(36),
    sensor_pages: said(0),
    bolus_counts: seen(10),
    bolus_steps: said("0.1"),
    basal_counts: seen(40),
    basal_steps: said("0.05"),
    concentration: said("U100 or U50"),
    glucose_units: said(BOTH_UNITS),
    sensor: said(Sensor::None),
    low_suspend: said(false),
};

const X15: Family = Family {
    number: 15,
    sensor_number: 15,
    members: &[
        member(515, &[Seen::Replies, Seen::History, Seen::Export, Seen::Published]),
        member(715, &[Seen::Replies, Seen::History]),
    ],
    export: seen("Paradigm "),
    history_pages: said(36),
    ..X12
};

const X22: Family = Family {
    number: 22,
    sensor_number: 22,
    members: &[
        member(522, &[Seen::Replies, Seen::History, Seen::Sensor, Seen::Export, Seen::Published]),
        member(722, &[Seen::Sensor, Seen::Export]),
    ],
    product: said("Paradigm REAL-Time"),
    sold: said("North America and worldwide"),
    layout: seen(Layout::Small),
    sensor_pages: said(32),
    sensor: seen(Sensor::Glucose),
    ..X15
};

const X23: Family = Family {
    number: 23,
    sensor_number: 23,
    members: &[
        member(523, &[Seen::Replies, Seen::History, Seen::Sensor, Seen::Export, Seen::Published]),
        member(723, &[]),
    ],
    product: seen("Paradigm Revel"),
    sold: guess("North America"),
    export: seen("Paradigm Revel - "),
    layout: seen(Layout::Large),
    history_pages: said(36),
    sensor_pages: said(32),
    bolus_counts: seen(40),
    bolus_steps: said(FINE_STEPS),
    basal_counts: seen(40),
    basal_steps: said(FINE_STEPS),
    concentration: guess("U100: its settings have no place for another"),
    glucose_units: said(BOTH_UNITS),
    sensor: said(Sensor::Vcntr),
    low_suspend: said(false),
};

const X30: Family = Family {
    number: 30,
    sensor_number: 30,
    members: &[member(530, &[]), member(730, &[])],
    product: None,
    sold: None,
    export: None,
    layout: guess(Layout::Latest),
    history_pages: guess(36),
    sensor_pages: guess(32),
    bolus_counts: said(40),
    basal_counts: said(40),
    glucose_units: guess(BOTH_UNITS),
    sensor: guess(Sensor::Vcntr),
    low_suspend: None,
    ..X23
};

const X40: Family =
    Family { number: 40, sensor_number: 40, members: &[member(540, &[]), member(740, &[])], ..X30 };

const X51: Family = Family {
    number: 51,
    sensor_number: 51,
    members: &[member(551, &[Seen::Published]), member(751, &[])],
    product: said("MiniMed 530G"),
    sold: said("North America"),
    export: said("MiniMed 530G - "),
    layout: seen(Layout::Latest),
    low_suspend: said(true),
    ..X30
};

const X53: Family =
    Family { number: 53, sensor_number: 53, members: &[member(553, &[]), member(753, &[])], ..X30 };

const X54: Family = Family {
    number: 54,
    sensor_number: 54,
    members: &[member(554, &[Seen::History, Seen::Export, Seen::Published]), member(754, &[])],
    product: seen("Paradigm Veo"),
    sold: said("worldwide, Canada and Australia; not in the US"),
    export: seen("Paradigm Veo - "),
    bolus_counts: seen(40),
    basal_counts: seen(40),
    glucose_units: seen(BOTH_UNITS),
    sensor: said(Sensor::Vcntr),
    low_suspend: seen(true),
    ..X51
};

const GUARDIAN_71: Family = Family {
    number: 22,
    sensor_number: 23,
    members: &[member(7100, &[])],
    product: said("Guardian REAL-Time, a monitor that gives no insulin"),
    sold: None,
    export: None,
    layout: guess(Layout::Small),
    history_pages: None,
    sensor_pages: guess(32),
    bolus_counts: None,
    bolus_steps: None,
    basal_counts: None,
    basal_steps: None,
    concentration: None,
    glucose_units: guess(BOTH_UNITS),
    sensor: said(Sensor::Alerts),
    low_suspend: said(false),
};

const GUARDIAN_72: Family =
    Family { sensor_number: 22, members: &[member(7200, &[])], sensor: said(Sensor::Glucose), ..GUARDIAN_71 };

/// The first number of monitors, which have four digits.
const MONITORS: u16 = 1000;

impl Family {
    /// The family of a model with this number. One that is not in the table is taken for the last family before it.
    #[must_use]
    pub fn of(number: u16) -> &'static Self {
        let named = |family: &&Self| family.members.iter().any(|member| member.number == number);
        let older = |family: &&Self| {
            let first = family.members[0].number;
            if number >= MONITORS {
                first >= MONITORS && first <= number
            } else {
                first <= 500 + number % 100
            }
        };
        let pumps = |family: &&Self| number >= MONITORS || family.members[0].number < MONITORS;
        let known = FAMILIES.iter().find(named);
        known.or_else(|| FAMILIES.iter().rfind(|family| pumps(family) && older(family))).unwrap_or(&X08)
    }
}

impl Layout {
    /// The families that are known to have such records, by what was seen of them.
    pub fn families(self) -> impl Iterator<Item = &'static Family> {
        FAMILIES.iter().filter(move |family| {
            family.layout.is_some_and(|layout| layout.value == self && layout.evidence != Evidence::Guessed)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_model_is_in_one_family_and_families_are_in_order() {
        let numbers: Vec<_> =
            FAMILIES.iter().flat_map(|family| family.members).map(|member| member.number).collect();
        assert!(
            numbers.iter().enumerate().all(|(at, number)| !numbers[..at].contains(number)),
            "{numbers:?}"
        );
        assert!(FAMILIES.iter().map(|family| family.members[0].number).is_sorted());
    }

    #[test]
    fn a_number_that_is_not_in_the_table_goes_with_the_last_family_before_it() {
        let of = |number| Family::of(number).members[0].number;
        assert_eq!([508, 711, 754, 7100, 7200].map(of), [508, 511, 554, 7100, 7200]);
        assert_eq!(
            [500, 514, 729, 552, 556, 780, 7150, 7999].map(of),
            [508, 512, 523, 551, 554, 554, 7100, 7200]
        );
        assert_eq!(of(1234), 508, "no monitor that is known");
    }

    /// What was never seen of a family is not called confirmed.
    #[test]
    fn what_is_confirmed_was_seen() {
        for family in FAMILIES {
            let never = family.members.iter().all(|member| member.seen.is_empty());
            let confirmed = family
                .facts()
                .into_iter()
                .any(|(_, fact)| fact.is_some_and(|fact| fact.evidence == Evidence::Confirmed));
            assert_eq!(confirmed, !never, "{}", family.members[0].number);
        }
    }
}
