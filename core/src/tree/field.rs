// SPDX-License-Identifier: GPL-2.0-or-later
//! In: field rows written beside the parsers that read them. Out: handles to report values by.
//!
//! A field is declared once, with [`fields!`](crate::fields): that row is its registration in Wireshark, its
//! label, display filter, unit, value names, help text, and its line in the field reference.
//!
//! A room names its modules with fields once, with [`tables!`](crate::tables). What the numbers are, the
//! [`registry`](crate::registry) above all rooms tells: a module that it does not reach has none, and does not compile.

use jiff::civil::Date;

/// A declared field: its row, and its number in the [`registry`](crate::registry).
#[derive(Clone, Copy, Debug)]
pub struct Field {
    id: u16,
    def: &'static FieldDef,
}

impl Field {
    /// The field in row `row` of the module whose fields `T` numbers; [`fields!`](crate::fields) calls this.
    #[must_use]
    pub const fn new<T: Numbered>(row: u16, def: &'static FieldDef) -> Self {
        Self { id: T::FIRST + row, def }
    }

    /// Its number: an index into the [`registry`](crate::registry).
    #[must_use]
    pub const fn id(self) -> u16 {
        self.id
    }

    /// Its row.
    #[must_use]
    pub const fn def(self) -> &'static FieldDef {
        self.def
    }
}

/// Two handles are of the same field if their numbers are.
impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Field {}

/// Says where the numbers of a module's fields, or of a room's, begin.
pub trait Numbered {
    /// The number of the first.
    const FIRST: u16;
}

/// How many fields there are in `tables`.
#[must_use]
pub const fn count(tables: &[&[Field]]) -> u16 {
    let (mut count, mut table) = (0, 0);
    while table < tables.len() {
        count += tables[table].len();
        table += 1;
    }
    assert!(count <= u16::MAX as usize, "there are more fields than numbers");
    #[allow(clippy::cast_possible_truncation, reason = "by the check above")]
    {
        count as u16
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
    pub kind: FieldType,
    /// Unit, with the blank before it, or nothing.
    pub unit: &'static str,
    /// Names of its values.
    pub names: &'static [(u32, &'static str)],
    /// What it means, from the doc comment of its row.
    pub help: &'static str,
    /// How well the meaning is known.
    pub evidence: Evidence,
    /// How its bytes tell whose a device is, if they do.
    pub identity: Option<Identity>,
    /// How another day is written into its bytes, if they hold a date.
    pub redate: Option<Redate>,
}

impl FieldDef {
    /// The unit behind a 1.
    #[must_use]
    pub fn unit_of_one(&self) -> &'static str {
        if self.unit == " bytes" { " byte" } else { self.unit }
    }
}

/// How the bytes of a field tell one device, and so one person, from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity {
    /// Decimal or hexadecimal digits, two to a byte.
    Packed,
    /// A pump's six digits, packed in three bytes, or as six characters.
    Serial,
    /// Characters in ASCII.
    Text,
    /// A number that people know by its decimal digits, the highest byte first.
    Number,
}

impl Identity {
    /// How these bytes tell it.
    #[must_use]
    pub fn of(self, bytes: &[u8]) -> Self {
        match self {
            Self::Serial if bytes.len() > 3 && bytes.iter().all(u8::is_ascii_graphic) => Self::Text,
            Self::Serial => Self::Packed,
            other => other,
        }
    }
}

/// Writes the second day over the first into the bytes of a field, and leaves all else as it is.
pub type Redate = fn(&mut [u8], Date, Date);

/// What kind of value a field holds, and how it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
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

impl Evidence {
    /// `confirmed`, `inferred` or `guessed`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Inferred => "inferred",
            Self::Guessed => "guessed",
        }
    }
}

/// Declares the fields of one module, as `pub const` handles and a table `FIELDS` of them all.
///
/// A row reads: name of the handle, kind, filter, label, evidence, then a unit and value names if it has any. At its end
/// stands how its bytes tell whose a device is (`identity`), or how another day is written into them (`redate`): who makes
/// a capture fit to be published goes by that and nothing else. Its doc comment is the help text.
#[macro_export]
macro_rules! fields {
    ($(
        $(#[doc = $doc:literal])+
        $id:ident: $kind:ident, $name:literal, $label:literal, $evidence:ident
            $(, unit $unit:literal)? $(, names $names:expr)? $(, identity $identity:ident)? $(, redate $redate:expr)?;
    )+) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "numbers the rows, nothing else")]
        enum Row { $($id),+ }
        $(
            $(#[doc = $doc])+
            pub const $id: $crate::tree::field::Field = $crate::tree::field::Field::new::<Rows>(
                Row::$id as u16,
                const { &$crate::tree::field::FieldDef {
                    name: $name,
                    label: $label,
                    kind: $crate::tree::field::FieldType::$kind,
                    unit: concat!($($unit)?),
                    names: { const NAMES: &[&[(u32, &str)]] = &[$($names)?]; if NAMES.is_empty() { &[] } else { NAMES[0] } },
                    help: concat!($($doc),+),
                    evidence: $crate::tree::field::Evidence::$evidence,
                    identity: {
                        const OF: &[$crate::tree::field::Identity] = &[$($crate::tree::field::Identity::$identity)?];
                        OF.first().copied()
                    },
                    redate: { const BY: &[$crate::tree::field::Redate] = &[$($redate)?]; BY.first().copied() },
                } },
            );
        )+
        /// Stands for the fields of this module where they are numbered.
        pub enum Rows {}
        /// The fields of this module.
        pub const FIELDS: &[$crate::tree::field::Field] = &[$($id),+];
    };
}

/// Names the modules of a room that declare fields, and numbers their fields one after the other.
#[macro_export]
macro_rules! tables {
    ($($module:ident),+ $(,)?) => {
        /// Stands for the fields of this room where they are numbered.
        pub enum Room {}
        /// The fields of this room, module by module.
        pub const TABLES: &[&[$crate::tree::field::Field]] = &[$($module::FIELDS),+];
        $crate::tables! { @from <Room as $crate::tree::field::Numbered>::FIRST; $($module)+ }
    };
    (@from $first:expr; $module:ident $($rest:ident)*) => {
        impl $crate::tree::field::Numbered for $module::Rows {
            const FIRST: u16 = $first;
        }
        $crate::tables! { @from <$module::Rows as $crate::tree::field::Numbered>::FIRST + $crate::tree::field::count(&[$module::FIELDS]); $($rest)* }
    };
    (@from $first:expr;) => {};
}
