// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what sources and recordings tell of a generation of pumps. Out: one row of the table of models, fact by fact.
//!
//! The rows are in [`models`](super::models).

use crate::tree::field::Evidence;
use std::fmt;

/// Models whose records have the same lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Up to the 515 and 715.
    Oldest,
    /// The 522 and 722.
    Small,
    /// The 523 and 723.
    Large,
    /// From the 530 and 730 on, which know of low glucose suspend.
    Latest,
}

impl Layout {
    /// How many there are.
    pub const COUNT: usize = 4;

    /// All of them; the commonest first, for pages that say nothing.
    pub const ALL: [Self; Self::COUNT] = [Self::Small, Self::Large, Self::Latest, Self::Oldest];

    /// True if insulin is counted in fortieths of a unit, and records are larger.
    #[must_use]
    pub const fn large(self) -> bool {
        matches!(self, Self::Large | Self::Latest)
    }
}

/// `as of a 522`
impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Oldest => "as of a 515",
            Self::Small => "as of a 522",
            Self::Large => "as of a 523",
            Self::Latest => "as of a 554",
        })
    }
}

/// What a pump has to do with a glucose sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sensor {
    /// Nothing.
    None,
    /// Glucose and ISIG pages, and limits.
    Glucose,
    /// Alerts ahead of a limit and of the rate of change, too.
    Alerts,
    /// VCNTR pages, too, and the lowest bit of glucose on the ISIG page.
    Vcntr,
}

impl fmt::Display for Sensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Glucose => "glucose and ISIG pages; limits",
            Self::Alerts => "glucose and ISIG pages; limits, predictive and rate alerts",
            Self::Vcntr => "glucose, ISIG and VCNTR pages; limits, predictive and rate alerts; the lowest bit of glucose lies on the ISIG page",
        })
    }
}

/// Something that is held to be true, and how well that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact<T> {
    /// What is held to be true.
    pub value: T,
    /// How well it is known.
    pub evidence: Evidence,
}

/// What a fact says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactValue {
    /// How many.
    Number(u8),
    /// How much insulin, in units.
    Units(u16),
    /// Yes or no.
    Flag(bool),
    /// Anything else.
    Words(String),
}

impl From<u8> for FactValue {
    fn from(number: u8) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for FactValue {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl fmt::Display for FactValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Units(units) => write!(f, "{units} U"),
            Self::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            Self::Words(words) => f.write_str(words),
        }
    }
}

/// Recordings here bear it out, or the vendor's export does.
pub(super) const fn seen<T: Copy>(value: T) -> Option<Fact<T>> {
    Some(Fact { value, evidence: Evidence::Confirmed })
}

/// Other projects say so, and no recording here contradicts it.
pub(super) const fn said<T: Copy>(value: T) -> Option<Fact<T>> {
    Some(Fact { value, evidence: Evidence::Inferred })
}

/// It is taken over from a pump nearby.
pub(super) const fn guess<T: Copy>(value: T) -> Option<Fact<T>> {
    Some(Fact { value, evidence: Evidence::Guessed })
}

/// What of a model was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Replies to commands.
    Replies,
    /// History pages.
    History,
    /// Glucose or ISIG pages.
    Sensor,
    /// The vendor's export of a pump, beside its pages or replies.
    Export,
    /// Pages that another project published, with its own reading of them.
    Published,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Replies => "replies",
            Self::History => "history pages",
            Self::Sensor => "sensor pages",
            Self::Export => "the vendor's export",
            Self::Published => "pages that others published",
        })
    }
}

/// One model of a family.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Its number, without letters.
    pub number: u16,
    /// What of it was seen; nothing if it never was.
    pub seen: &'static [Seen],
}

impl Member {
    /// What its reservoir holds, as other projects say; `None` if they do not, or of a monitor.
    #[must_use]
    pub fn reservoir(&self) -> Option<Fact<FactValue>> {
        let units = match self.number {
            511..600 => 176,
            711..800 => 300,
            _ => return None,
        };
        Some(Fact { value: FactValue::Units(units), evidence: Evidence::Inferred })
    }
}

/// What of it was seen, or `never`.
impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, rest)) = self.seen.split_first() else { return f.write_str("never") };
        write!(f, "{first}")?;
        rest.iter().try_for_each(|seen| write!(f, ", {seen}"))
    }
}

/// A generation of pumps: its 5xx and its 7xx differ only in the size of the reservoir. What is `None` is not known.
#[derive(Debug)]
pub struct Family {
    /// The last two digits of its models; of another family if it answers the same commands.
    pub number: u16,
    /// The family whose sensor commands it answers.
    pub sensor_number: u16,
    /// Its models.
    pub members: &'static [Member],
    /// The vendor's name of it.
    pub product: Option<Fact<&'static str>>,
    /// Where it was sold.
    pub sold: Option<Fact<&'static str>>,
    /// What the vendor's exports write before the model.
    pub export: Option<Fact<&'static str>>,
    /// How long its history records are.
    pub layout: Option<Fact<Layout>>,
    /// How many history pages it keeps.
    pub history_pages: Option<Fact<u8>>,
    /// How many glucose pages, and as many ISIG pages, it keeps.
    pub sensor_pages: Option<Fact<u8>>,
    /// How many counts of a bolus are a unit.
    pub bolus_counts: Option<Fact<u8>>,
    /// The steps in which a bolus is set.
    pub bolus_steps: Option<Fact<&'static str>>,
    /// How many counts of a basal rate are a unit per hour.
    pub basal_counts: Option<Fact<u8>>,
    /// The steps in which a basal rate is set.
    pub basal_steps: Option<Fact<&'static str>>,
    /// Concentrations of insulin.
    pub concentration: Option<Fact<&'static str>>,
    /// Units of glucose that it can be set to.
    pub glucose_units: Option<Fact<&'static str>>,
    /// What it has to do with a sensor.
    pub sensor: Option<Fact<Sensor>>,
    /// Whether it suspends itself when glucose is low.
    pub low_suspend: Option<Fact<bool>>,
}

impl Family {
    /// True if insulin is counted in fortieths of a unit, and records are larger.
    #[must_use]
    pub fn large(&self) -> bool {
        self.layout.is_some_and(|layout| layout.value.large())
    }

    /// All facts that its models share, by name: the value, and how well it is known; `None` if it is not known at all.
    #[must_use]
    pub fn facts(&self) -> [(&'static str, Option<Fact<FactValue>>); 14] {
        [
            ("product", words(self.product)),
            ("sold", words(self.sold)),
            ("name in exports", words(self.export.map(Fact::pattern))),
            ("history records", words(self.layout)),
            ("history pages", told(self.history_pages)),
            ("sensor pages", told(self.sensor_pages)),
            ("bolus counts per U", told(self.bolus_counts)),
            ("bolus steps", words(self.bolus_steps)),
            ("basal counts per U/h", told(self.basal_counts)),
            ("basal steps", words(self.basal_steps)),
            ("insulin", words(self.concentration)),
            ("glucose units", words(self.glucose_units)),
            ("sensor", words(self.sensor)),
            ("low glucose suspend", told(self.low_suspend)),
        ]
    }
}

impl Fact<&'static str> {
    /// What stands before the model in the vendor's exports, and the place of the model.
    fn pattern(self) -> Fact<String> {
        Fact { value: format!("{}N", self.value), evidence: self.evidence }
    }
}

fn told<T: Into<FactValue>>(fact: Option<Fact<T>>) -> Option<Fact<FactValue>> {
    fact.map(|Fact { value, evidence }| Fact { value: value.into(), evidence })
}

fn words<T: fmt::Display>(fact: Option<Fact<T>>) -> Option<Fact<FactValue>> {
    fact.map(|Fact { value, evidence }| Fact { value: FactValue::Words(value.to_string()), evidence })
}
