// SPDX-License-Identifier: GPL-2.0-or-later
//! In: field rows written beside the parsers that read them. Out: one numbered registry of them all.
//!
//! A field is declared once, with [`fields!`](crate::fields): that row is its registration in Wireshark, its
//! label, display filter, unit, value names, help text, and its line in the field reference.

/// A declared field, by its number in the [`registry`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Field(u16);

impl Field {
    /// The field in row `row` of `group`; [`fields!`](crate::fields) calls this.
    #[must_use]
    pub const fn new(group: Group, row: u16) -> Self {
        Self(BASES[group as usize] + row)
    }

    /// Its number: an index into [`registry`].
    #[must_use]
    pub const fn id(self) -> u16 {
        self.0
    }

    /// All fields of `first` and of the modules behind it.
    pub(crate) fn since(first: Group) -> impl Iterator<Item = Self> {
        (BASES[first as usize]..).map(Self).take_while(|field| usize::from(field.0) < COUNT)
    }

    /// Its row.
    #[must_use]
    pub fn def(self) -> &'static FieldDef {
        ROWS[usize::from(self.0)]
    }
}

/// One row: everything that is known of a field.
#[derive(Debug)]
pub struct FieldDef {
    /// Display filter name, `carelink.` and on.
    pub name: &'static str,
    /// Label in the tree, in title case.
    pub label: &'static str,
    /// What kind of value it holds.
    pub kind: Kind,
    /// Unit, with the blank before it, or nothing.
    pub unit: &'static str,
    /// Names of its values.
    pub names: &'static [(u32, &'static str)],
    /// What it means, from the doc comment of its row.
    pub help: &'static str,
    /// How well the meaning is known.
    pub evidence: Evidence,
}

/// What kind of value a field holds, and how it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The head of a subtree, without a value.
    Tree,
    /// True or false.
    Flag,
    /// Unsigned, decimal, 8 bits.
    U8,
    /// Unsigned, decimal, 16 bits.
    U16,
    /// Unsigned, decimal, 32 bits.
    U32,
    /// Unsigned, hexadecimal, 8 bits.
    X8,
    /// Unsigned, hexadecimal, 16 bits.
    X16,
    /// Unsigned, hexadecimal, 32 bits.
    X32,
    /// Signed, decimal, 8 bits.
    I8,
    /// Signed, decimal, 32 bits.
    I32,
    /// A fraction.
    F64,
    /// Text.
    Text,
    /// Bytes as they are.
    Bytes,
    /// A date and time of the pump's clock, which has no zone.
    Clock,
    /// A span of time.
    Duration,
    /// A frame number: the frame that holds the request.
    Request,
    /// A frame number: the frame that holds the response.
    Response,
    /// A frame number with another meaning.
    Frame,
}

/// How well a field's meaning is known. The protocol was found by reverse engineering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Real captures or the vendor's own decoding confirm it.
    Confirmed,
    /// Stated by sources, or follows from the bytes, without a check against the vendor.
    Inferred,
    /// A guess; the tree marks it as one.
    Guessed,
}

/// Declares the fields of one module, as `pub const` handles and a table `FIELDS` for the registry.
///
/// A row reads: name of the handle, kind, filter, label, evidence, then a unit and value names if it has any.
/// Its doc comment is the help text.
#[macro_export]
macro_rules! fields {
    (group $group:ident; $(
        $(#[doc = $doc:literal])+
        $id:ident: $kind:ident, $name:literal, $label:literal, $evidence:ident
            $(, unit $unit:literal)? $(, names $names:expr)?;
    )+) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "numbers the rows, nothing else")]
        enum Row { $($id),+ }
        $(
            $(#[doc = $doc])+
            pub const $id: $crate::tree::field::Field =
                $crate::tree::field::Field::new($crate::tree::field::Group::$group, Row::$id as u16);
        )+
        /// The rows of this module, for the registry.
        pub const FIELDS: &[$crate::tree::field::FieldDef] = &[$(
            $crate::tree::field::FieldDef {
                name: $name,
                label: $label,
                kind: $crate::tree::field::Kind::$kind,
                unit: concat!($($unit)?),
                names: { const NAMES: &[&[(u32, &str)]] = &[$($names)?]; if NAMES.is_empty() { &[] } else { NAMES[0] } },
                help: concat!($($doc),+),
                evidence: $crate::tree::field::Evidence::$evidence,
            },
        )+];
    };
}

macro_rules! groups {
    ($($group:ident => $($path:ident)::+;)+) => {
        /// The modules that declare fields.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each is named for its module")]
        pub enum Group { $($group),+ }
        const GROUPS: &[&[FieldDef]] = &[$(crate::$($path)::+::FIELDS),+];
    };
}

groups! {
    StickShow => stick::show;
    Links => view::links;
    Summary => view::summary;
    Attempt => stick::attempt;
    StickCommand => stick;
    Stick => stick::codes;
    Status => stick::status;
    Product => stick::product;
    Statistics => stick::statistics;
    Signal => stick::signal;
    ReadRadio => stick::read_radio;
    Payload => view::payload;
    Radio => stick::radio;
    Transmit => stick::transmit;
    RadioReply => stick::received;
    Checksum => tree::checksum;
    Opaque => tree::opaque;
    PumpBattery => pump::battery;
    PumpCarbRatio => pump::carb_ratio;
    PumpClock => pump::clock;
    PumpControl => pump::control;
    PumpFactory => pump::factory;
    PumpIdentity => pump::identity;
    PumpIds => pump::ids;
    PumpMySentry => pump::mysentry;
    PumpPages => pump::pages;
    PumpProfile => pump::profile;
    PumpReminders => pump::reminders;
    PumpReservoir => pump::reservoir;
    PumpSensitivity => pump::sensitivity;
    PumpSensor => pump::sensor;
    PumpSettings => pump::settings;
    PumpStatus => pump::status;
    PumpSwitches => pump::switches;
    PumpTarget => pump::target;
    PumpTempBasal => pump::temp_basal;
    PumpTotals => pump::totals;
    PumpWizard => pump::wizard;
    History => history;
    HistoryAlarm => history::alarm;
    HistoryBasal => history::basal;
    HistoryBolus => history::bolus;
    HistoryGlucose => history::glucose;
    HistoryIds => history::ids;
    HistoryJournal => history::journal;
    HistorySensorSetup => history::sensor_setup;
    HistorySettings => history::settings;
    HistoryStamp => history::stamp;
    HistoryTotals => history::totals;
    HistoryWizard => history::wizard;
    HistoryWizardSetup => history::wizard_setup;
    Sensor => sensor::record;
    SensorIsig => sensor::isig;
}

const BASES: [u16; GROUPS.len()] = {
    let mut bases = [0; GROUPS.len()];
    let mut group = 1;
    while group < GROUPS.len() {
        #[allow(clippy::cast_possible_truncation, reason = "a module has some dozens of rows")]
        let rows = GROUPS[group - 1].len() as u16;
        bases[group] = bases[group - 1] + rows;
        group += 1;
    }
    bases
};

/// How many fields there are.
pub const COUNT: usize = BASES[GROUPS.len() - 1] as usize + GROUPS[GROUPS.len() - 1].len();

/// All rows, in the order of their numbers: group after group.
static ROWS: [&FieldDef; COUNT] = {
    let mut rows = [&GROUPS[0][0]; COUNT];
    let (mut group, mut row, mut at) = (0, 0, 0);
    while at < COUNT {
        if row == GROUPS[group].len() {
            (group, row) = (group + 1, 0);
        }
        rows[at] = &GROUPS[group][row];
        (row, at) = (row + 1, at + 1);
    }
    rows
};

/// All fields, in the order of their numbers.
pub fn registry() -> impl Iterator<Item = &'static FieldDef> {
    ROWS.into_iter()
}
