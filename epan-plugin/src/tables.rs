// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the rows of the core's fields and expert infos. Out: the same as epan's structs, built once, for the shim to register.

use crate::sys;
use carelink_core::nextlink::codes::Operation;
use carelink_core::pump;
use carelink_core::registry;
use carelink_core::stick::Opcode;
use carelink_core::tree::expert::{EXPERTS, ExpertDef, ExpertGroup, Severity};
use carelink_core::tree::field::{FieldDef, FieldType};
use libc::{c_char, c_void};
use once_cell::sync::OnceCell;
use std::collections::HashMap;
use std::ffi::CString;
use std::fmt;
use std::ptr;

/// Lists of value names of this many rows and more are searched by bisection.
const LONG: usize = 12;

/// Why a row cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Filter name of the row.
    pub row: &'static str,
    /// Which rule it breaks.
    pub rule: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.row, self.rule)
    }
}

impl std::error::Error for Fault {}

/// The tables, never freed: epan keeps pointers into them until the process ends.
struct Tables(sys::clshim_tables);

// SAFETY: Rust never looks into the tables again once they are built; epan uses them from one thread.
unsafe impl Send for Tables {}
// SAFETY: as above.
unsafe impl Sync for Tables {}

/// The tables of all fields and expert infos.
///
/// # Errors
/// [`Fault`] for the first row that Wireshark would not take.
pub fn tables() -> Result<&'static sys::clshim_tables, Fault> {
    static TABLES: OnceCell<Tables> = OnceCell::new();
    TABLES.get_or_try_init(|| build(registry::fields(), EXPERTS)).map(|tables| &tables.0)
}

fn build(
    fields: impl Iterator<Item = &'static FieldDef>,
    experts: &'static [ExpertDef],
) -> Result<Tables, Fault> {
    let mut lists = Lists::default();
    let fields = fields.map(|def| field(def, &mut lists)).collect::<Result<Vec<_>, _>>()?;
    let experts = experts.iter().map(expert).collect::<Result<Vec<_>, _>>()?;
    let mut commands = |names| {
        lists
            .names(names)
            .map(<*const c_void>::cast)
            .ok_or(Fault { row: "carelink", rule: "a command has two names" })
    };
    let count = |len: usize| u32::try_from(len).map_err(|_| Fault { row: "carelink", rule: "too many rows" });
    Ok(Tables(sys::clshim_tables {
        n_fields: count(fields.len())?,
        n_experts: count(experts.len())?,
        pump_commands: commands(pump::NAMES)?,
        stick_commands: commands(Opcode::NAMES)?,
        meter_operations: commands(Operation::NAMES)?,
        fields: leak(fields),
        experts: leak(experts),
    }))
}

fn field(def: &'static FieldDef, lists: &mut Lists) -> Result<sys::hf_register_info, Fault> {
    let fault = |rule| Fault { row: def.name, rule };
    let (kind, base) = shape(def.kind);
    let (strings, flag): (*const c_void, u32) = match (def.unit, def.names, def.kind) {
        ("", [], FieldType::Request) => (frame_role(sys::FT_FRAMENUM_REQUEST), 0),
        ("", [], FieldType::Response) => (frame_role(sys::FT_FRAMENUM_RESPONSE), 0),
        ("", [], _) => (ptr::null(), 0),
        ("", names, FieldType::Flag) => {
            (lists.flag_names(names).ok_or_else(|| fault("a flag names 0 and 1"))?, 0)
        }
        ("", names, _) if is_integer(def.kind) => {
            let long = names.len() >= LONG;
            let names =
                lists.names(names).ok_or_else(|| fault("a value has two names, or a name has a NUL"))?;
            (names, if long { sys::BASE_EXT_STRING } else { 0 })
        }
        (unit, [], kind) if is_integer(kind) || kind == FieldType::F64 => (
            lists.unit(def.unit_of_one(), unit).ok_or_else(|| fault("a unit has no NUL"))?,
            sys::BASE_UNIT_STRING,
        ),
        (_, [], _) => return Err(fault("only numbers have a unit")),
        ("", ..) => return Err(fault("only integers and flags have value names")),
        _ => return Err(fault("a field has a unit or value names, not both")),
    };
    let text = |text| c_text(text).ok_or_else(|| fault("a text has no NUL"));
    Ok(sys::hf_register_info {
        hfinfo: sys::header_field_info {
            name: text(def.label)?,
            abbrev: text(def.name)?,
            type_: kind,
            display: (base | flag).cast_signed(),
            strings,
            blurb: match help(def) {
                Some(help) => text(help)?,
                None => ptr::null(),
            },
            ..Default::default()
        },
        ..Default::default()
    })
}

/// The help text, unless it says what the label says.
fn help(def: &FieldDef) -> Option<&'static str> {
    let help = def.help.trim();
    let bare = help.trim_end_matches('.');
    (!bare.is_empty() && !bare.eq_ignore_ascii_case(def.label)).then_some(help)
}

/// epan's type and number base.
fn shape(kind: FieldType) -> (sys::ftenum, u32) {
    match kind {
        FieldType::Tree => (sys::FT_NONE, sys::BASE_NONE),
        FieldType::Flag => (sys::FT_BOOLEAN, sys::BASE_NONE),
        FieldType::U8 => (sys::FT_UINT8, sys::BASE_DEC),
        FieldType::U16 => (sys::FT_UINT16, sys::BASE_DEC),
        FieldType::U32 => (sys::FT_UINT32, sys::BASE_DEC),
        FieldType::X8 => (sys::FT_UINT8, sys::BASE_HEX),
        FieldType::X16 => (sys::FT_UINT16, sys::BASE_HEX),
        FieldType::X32 => (sys::FT_UINT32, sys::BASE_HEX),
        FieldType::I8 => (sys::FT_INT8, sys::BASE_DEC),
        FieldType::I32 => (sys::FT_INT32, sys::BASE_DEC),
        FieldType::F64 => (sys::FT_DOUBLE, sys::BASE_NONE),
        FieldType::Text => (sys::FT_STRING, sys::BASE_NONE),
        FieldType::Bytes => (sys::FT_BYTES, sys::BASE_NONE),
        FieldType::Clock => (sys::FT_ABSOLUTE_TIME, sys::ABSOLUTE_TIME_UTC),
        FieldType::Duration => (sys::FT_RELATIVE_TIME, sys::BASE_NONE),
        FieldType::Request | FieldType::Response | FieldType::Frame => (sys::FT_FRAMENUM, sys::BASE_NONE),
    }
}

fn is_integer(kind: FieldType) -> bool {
    matches!(
        kind,
        FieldType::U8
            | FieldType::U16
            | FieldType::U32
            | FieldType::X8
            | FieldType::X16
            | FieldType::X32
            | FieldType::I8
            | FieldType::I32
    )
}

/// What `FRAMENUM_TYPE` does in C: the number takes the place of a pointer.
fn frame_role(role: u32) -> *const c_void {
    ptr::without_provenance(role as usize)
}

fn expert(def: &'static ExpertDef) -> Result<sys::ei_register_info, Fault> {
    let text = |text| c_text(text).ok_or(Fault { row: def.name, rule: "a text has no NUL" });
    let severity = match def.severity {
        Severity::Chat => sys::PI_CHAT,
        Severity::Note => sys::PI_NOTE,
        Severity::Warning => sys::PI_WARN,
        Severity::Error => sys::PI_ERROR,
    };
    let group = match def.group {
        ExpertGroup::Checksum => sys::PI_CHECKSUM,
        ExpertGroup::Response => sys::PI_RESPONSE_CODE,
        ExpertGroup::Sequence => sys::PI_SEQUENCE,
        ExpertGroup::Malformed => sys::PI_MALFORMED,
        ExpertGroup::Undecoded => sys::PI_UNDECODED,
        ExpertGroup::Assumption => sys::PI_ASSUMPTION,
        ExpertGroup::Protocol => sys::PI_PROTOCOL,
        ExpertGroup::Reassembly => sys::PI_REASSEMBLE,
        ExpertGroup::Request => sys::PI_REQUEST_CODE,
    };
    Ok(sys::ei_register_info {
        eiinfo: sys::expert_field_info {
            name: text(def.name)?,
            group: group.cast_signed(),
            severity: severity.cast_signed(),
            summary: text(def.summary)?,
            ..Default::default()
        },
        ..Default::default()
    })
}

/// Lists that several fields share, by the rows they were made from, so that each is made once.
#[derive(Default)]
struct Lists {
    names: HashMap<&'static [(u32, &'static str)], *const c_void>,
    units: HashMap<&'static str, *const c_void>,
}

impl Lists {
    /// Sorted `value_string` rows with an empty one at the end, or nothing if a value has two names.
    fn names(&mut self, names: &'static [(u32, &'static str)]) -> Option<*const c_void> {
        if let Some(&list) = self.names.get(names) {
            return Some(list);
        }
        let mut sorted = names.to_vec();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return None;
        }
        let mut rows = sorted
            .into_iter()
            .map(|(value, name)| Some(sys::value_string { value, strptr: c_text(name)? }))
            .collect::<Option<Vec<_>>>()?;
        rows.push(sys::value_string::default());
        let list = leak(rows).cast_const().cast();
        self.names.insert(names, list);
        Some(list)
    }

    /// A `true_false_string`, if `names` are of 0 and 1.
    fn flag_names(&mut self, names: &'static [(u32, &'static str)]) -> Option<*const c_void> {
        if let Some(&pair) = self.names.get(names) {
            return Some(pair);
        }
        let (&[(0, no), (1, yes)] | &[(1, yes), (0, no)]) = names else { return None };
        let pair = sys::true_false_string { true_string: c_text(yes)?, false_string: c_text(no)? };
        let pair = leak(vec![pair]).cast_const().cast();
        self.names.insert(names, pair);
        Some(pair)
    }

    /// A `unit_name_string`.
    fn unit(&mut self, one: &'static str, unit: &'static str) -> Option<*const c_void> {
        if let Some(&row) = self.units.get(unit) {
            return Some(row);
        }
        // Without a plural, epan takes the one form for all numbers.
        let plural = if one == unit { ptr::null_mut() } else { c_text(unit)? };
        let row = sys::unit_name_string { singular: c_text(one)?, plural };
        let row = leak(vec![row]).cast_const().cast();
        self.units.insert(unit, row);
        Some(row)
    }
}

/// Text for C, never freed, or nothing if it has a NUL inside.
fn c_text(text: &str) -> Option<*mut c_char> {
    CString::new(text).ok().map(CString::into_raw)
}

/// Rows for C, never freed.
fn leak<T>(rows: Vec<T>) -> *mut T {
    Box::leak(rows.into_boxed_slice()).as_mut_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use carelink_core::tree::field::Evidence;
    use std::ffi::CStr;
    use std::slice;

    /// A row with nothing but a name, a label and a kind, for the tests to add to.
    const ROW: FieldDef = FieldDef {
        name: "carelink.row",
        label: "Row",
        kind: FieldType::U8,
        unit: "",
        names: &[],
        help: "",
        evidence: Evidence::Confirmed,
        identity: None,
        redate: None,
    };

    fn registered(def: FieldDef) -> Result<sys::header_field_info, Fault> {
        let def = Box::leak(Box::new(def));
        build(std::iter::once(&*def), &[]).map(|Tables(tables)| {
            // SAFETY: the tables were built from one row just now.
            unsafe { (*tables.fields).hfinfo }
        })
    }

    fn text(text: *const c_char) -> &'static str {
        // SAFETY: the tables hold texts that end in a NUL and are never freed.
        unsafe { CStr::from_ptr(text) }.to_str().expect("made from UTF-8")
    }

    #[test]
    fn every_row_of_the_core_can_be_registered() {
        let tables = tables().expect("no row breaks a rule");
        assert_eq!(tables.n_fields as usize, registry::fields().count());
        assert_eq!(tables.n_experts as usize, EXPERTS.len());
        // SAFETY: the tables say how many rows there are.
        let fields = unsafe { slice::from_raw_parts(tables.fields, tables.n_fields as usize) };
        for (field, def) in fields.iter().zip(registry::fields()) {
            assert_eq!((text(field.hfinfo.abbrev), text(field.hfinfo.name)), (def.name, def.label));
        }
        // SAFETY: as above.
        let experts = unsafe { slice::from_raw_parts(tables.experts, EXPERTS.len()) };
        for (expert, def) in experts.iter().zip(EXPERTS) {
            assert_eq!((text(expert.eiinfo.name), text(expert.eiinfo.summary)), (def.name, def.summary));
        }
    }

    #[test]
    fn help_is_left_out_if_the_label_says_it() {
        assert!(registered(FieldDef { help: " row.", ..ROW }).unwrap().blurb.is_null());
        assert_eq!(
            text(registered(FieldDef { help: " A row of it.", ..ROW }).unwrap().blurb),
            "A row of it."
        );
    }

    #[test]
    fn value_names_are_sorted_and_end_in_an_empty_row() {
        let field = registered(FieldDef { names: &[(7, "seven"), (2, "two")], ..ROW }).unwrap();
        assert_eq!(field.display.cast_unsigned(), sys::BASE_DEC);
        // SAFETY: two names and the empty row were asked for.
        let rows = unsafe { slice::from_raw_parts(field.strings.cast::<sys::value_string>(), 3) };
        assert_eq!((rows[0].value, text(rows[0].strptr)), (2, "two"));
        assert_eq!((rows[1].value, text(rows[1].strptr)), (7, "seven"));
        assert!(rows[2].strptr.is_null());
    }

    #[test]
    fn long_lists_are_told_to_epan_as_such() {
        const NAMES: [(u32, &str); LONG] = [(0, "name"); LONG];
        let names: Vec<_> = (0..).zip(NAMES).map(|(value, (_, name))| (value, name)).collect();
        let field = registered(FieldDef { kind: FieldType::X8, names: names.leak(), ..ROW }).unwrap();
        assert_eq!(field.display.cast_unsigned(), sys::BASE_HEX | sys::BASE_EXT_STRING);
    }

    #[test]
    fn units_flags_and_arrows_take_the_same_place() {
        let field = registered(FieldDef { kind: FieldType::F64, unit: " V", ..ROW }).unwrap();
        assert_eq!(field.display.cast_unsigned(), sys::BASE_UNIT_STRING);
        // SAFETY: a unit was asked for.
        let unit = unsafe { &*field.strings.cast::<sys::unit_name_string>() };
        assert_eq!((text(unit.singular), unit.plural.is_null()), (" V", true));

        let field = registered(FieldDef { unit: " bytes", ..ROW }).unwrap();
        // SAFETY: as above.
        let unit = unsafe { &*field.strings.cast::<sys::unit_name_string>() };
        assert_eq!((text(unit.singular), text(unit.plural)), (" byte", " bytes"));

        let field =
            registered(FieldDef { kind: FieldType::Flag, names: &[(0, "off"), (1, "on")], ..ROW }).unwrap();
        // SAFETY: the names of a flag were asked for.
        let names = unsafe { &*field.strings.cast::<sys::true_false_string>() };
        assert_eq!((text(names.true_string), text(names.false_string)), ("on", "off"));

        let field = registered(FieldDef { kind: FieldType::Response, ..ROW }).unwrap();
        assert_eq!(field.strings.addr(), sys::FT_FRAMENUM_RESPONSE as usize);
    }

    #[test]
    fn rows_that_epan_would_not_take_are_faults() {
        let fault = |def| registered(def).map(|_| ()).expect_err("it breaks a rule");
        let rule = |def| fault(def).rule;
        assert_eq!(fault(FieldDef { unit: " V", kind: FieldType::Text, ..ROW }).row, ROW.name);
        assert_eq!(rule(FieldDef { unit: " V", kind: FieldType::Text, ..ROW }), "only numbers have a unit");
        assert_eq!(
            rule(FieldDef { unit: " V", names: &[(0, "none")], ..ROW }),
            "a field has a unit or value names, not both"
        );
        assert_eq!(
            rule(FieldDef { kind: FieldType::F64, names: &[(0, "none")], ..ROW }),
            "only integers and flags have value names"
        );
        assert_eq!(
            rule(FieldDef { kind: FieldType::Flag, names: &[(1, "on")], ..ROW }),
            "a flag names 0 and 1"
        );
        assert_eq!(
            rule(FieldDef { names: &[(1, "one"), (1, "uno")], ..ROW }),
            "a value has two names, or a name has a NUL"
        );
        assert_eq!(rule(FieldDef { label: "R\0w", ..ROW }), "a text has no NUL");
    }
}
