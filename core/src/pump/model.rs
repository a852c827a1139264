// SPDX-License-Identifier: GPL-2.0-or-later
//! In: model numbers as pumps send them. Out: what is known of such pumps, and how the model is known.

use super::family::Family;
use crate::tree::sink::{Show, Value};
use arrayvec::ArrayString;
use std::fmt;

/// A pump's model, such as `522` or `723K`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Model {
    number: u16,
    /// The number and the letter, as they show.
    text: ArrayString<5>,
}

impl Model {
    /// Reads a model number: three or four digits, then a letter or none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let mut letters = text[digits.len()..].chars();
        let well_formed = (3..=4).contains(&digits.len()) && letters.nth(1).is_none();
        let number = digits.parse().ok().filter(|_| well_formed)?;
        Some(Self { number, text: ArrayString::from(text).ok()? })
    }

    /// Its number, without a letter.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.number
    }

    /// What is known of such pumps.
    #[must_use]
    pub fn row(self) -> &'static Family {
        Family::of(self.number)
    }

    /// What the vendor's exports call it; `None` if that is not known, as of numbers with a letter or not in the table.
    #[must_use]
    pub fn exported(self) -> Option<String> {
        let listed = self.row().members.iter().any(|member| member.number == self.number);
        let plain = !self.text.ends_with(|last: char| last.is_ascii_alphabetic());
        let name = self.row().export.filter(|_| listed && plain)?;
        Some(format!("{}{}", name.value, self.number))
    }

    /// The family: 12, 15, 22, 23, 54... A 5xx and a 7xx differ only in the size of the reservoir.
    #[must_use]
    pub fn family(self) -> u16 {
        self.row().number
    }

    /// True from the 523 and 723 on: insulin is counted in fortieths of a unit, and records are larger.
    #[must_use]
    pub fn large(self) -> bool {
        self.row().large()
    }
}

impl Show for Model {
    fn show(&self) -> Value<'_> {
        Value::Text(&self.text)
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How a pump's model is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Known {
    /// It is not known.
    #[default]
    Not,
    /// By something that only one layout allows, or by the firmware's version: the family, not the exact model.
    ByLayout,
    /// The pump said so, in its reply to Read Pump Model.
    Told,
    /// The user said so.
    Forced,
}

/// `told by the pump`
impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Not => "not known",
            Self::ByLayout => "or another of its family, judged by its replies",
            Self::Told => "told by the pump",
            Self::Forced => "forced by the user",
        })
    }
}

/// What is known of the pump that a frame belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pump {
    /// Its model, or one of the same family.
    pub model: Option<Model>,
    /// How that is known.
    pub known: Known,
}

impl Pump {
    /// A pump whose model is told by the pump itself or by the user.
    #[must_use]
    pub const fn of(model: Model, known: Known) -> Self {
        Self { model: Some(model), known }
    }

    /// True if the larger layouts of the 523 and later apply; `None` if that is not known.
    #[must_use]
    pub fn large(self) -> Option<bool> {
        self.model.map(Model::large)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models() {
        let family =
            |text| Model::parse(text).map(|model| (model.family(), model.large(), model.to_string()));
        assert_eq!(family("512"), Some((12, false, "512".into())));
        assert_eq!(family("722K"), Some((22, false, "722K".into())));
        assert_eq!(family("723"), Some((23, true, "723".into())));
        assert_eq!(family("554"), Some((54, true, "554".into())));
        assert_eq!(family("7200"), Some((22, false, "7200".into())));
        let exported = |text| Model::parse(text).and_then(Model::exported);
        assert_eq!(exported("722").as_deref(), Some("Paradigm 722"));
        assert_eq!(exported("723").as_deref(), Some("Paradigm Revel - 723"));
        assert_eq!(exported("754").as_deref(), Some("Paradigm Veo - 754"));
        assert_eq!(exported("551").as_deref(), Some("MiniMed 530G - 551"));
        assert_eq!(["722K", "553", "508", "7100", "524"].map(exported), [const { None }; 5]);
        for bad in ["", "5", "52", "5223x1", "abc", "523KK"] {
            assert_eq!(family(bad), None, "{bad}");
        }
    }
}
