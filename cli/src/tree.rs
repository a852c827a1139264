// SPDX-License-Identifier: GPL-2.0-or-later
//! In: an outline of the core, and the bytes that it is of. Out: its values with labels, units and names.

use carelink_core::registry;
use carelink_core::tree::expert::EXPERTS;
use carelink_core::tree::field::{FieldDef, FieldType};
use carelink_core::tree::names::lookup;
use carelink_core::tree::outline::{ExpertAt, Node, Outline};
use carelink_core::tree::sink::Role;
use jiff::ToSpan;
use jiff::civil::date;
use serde_json::{Value, json};
use std::fmt::Write;

/// Bytes of a value that are shown as text; the rest is counted.
const SHOWN: usize = 32;

/// Items of an outline, ready to be shown.
pub struct Tree<'a> {
    outline: &'a Outline,
    bytes: &'a [u8],
    fields: Vec<&'static FieldDef>,
}

impl<'a> Tree<'a> {
    /// `bytes` are those that the outline calls source 0.
    #[must_use]
    pub fn new(outline: &'a Outline, bytes: &'a [u8]) -> Self {
        Self { outline, bytes, fields: registry::fields().collect() }
    }

    /// The bytes that a node is of.
    #[must_use]
    pub fn span(&self, node: &Node) -> &'a [u8] {
        let source = match node.source.checked_sub(1) {
            None => self.bytes,
            Some(at) => self.outline.sources().get(at as usize).map_or(&[][..], |(_, bytes)| bytes),
        };
        let start = (node.start as usize).min(source.len());
        let end = (start + node.len as usize).min(source.len());
        &source[start..end]
    }

    /// The value of a node, and the name of that value if it has one.
    fn value(&self, node: &Node, def: &FieldDef) -> (Value, Option<&'static str>) {
        let signed = node.value.cast_signed();
        let value = match def.kind {
            FieldType::Tree => Value::Null,
            FieldType::Flag => json!(node.value != 0),
            FieldType::I8 | FieldType::I32 => json!(signed),
            FieldType::F64 => json!(f64::from_bits(node.value)),
            FieldType::Text => {
                let at = u32::try_from(node.value).unwrap_or(0);
                json!(self.outline.text(carelink_core::tree::outline::TextAt(at)))
            }
            FieldType::Bytes => json!(hex(self.span(node))),
            FieldType::Clock => json!(
                date(1970, 1, 1)
                    .at(0, 0, 0, 0)
                    .checked_add(signed.seconds())
                    .map_or_else(|_| signed.to_string(), |time| time.to_string())
            ),
            // In seconds.
            FieldType::Duration => json!(std::time::Duration::from_nanos(node.value).as_secs_f64()),
            _ => json!(node.value),
        };
        (value, lookup(def.names, node.value).filter(|_| !def.names.is_empty()))
    }

    /// The nodes that are not for filters alone, with their places.
    fn seen(&self) -> impl Iterator<Item = (usize, &'a Node)> {
        self.outline.nodes().iter().enumerate().filter(|(_, node)| !node.is_hidden())
    }

    /// The value of a node with its unit and its name; null for the head of a subtree.
    #[must_use]
    pub fn typed(&self, node: &Node) -> Value {
        let def = self.def(node);
        let (value, name) = self.value(node, def);
        if value.is_null() { value } else { json!({ "value": value, "unit": unit(def), "name": name }) }
    }

    /// One line for each node, indented by its depth, and one for each note.
    #[must_use]
    pub fn text(&self, indent: usize) -> String {
        let mut text = String::new();
        for (at, node) in self.seen() {
            let margin = indent + 2 * usize::from(node.depth);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{:margin$}{}", "", self.label(node));
            for expert in self.experts(at) {
                let _ = writeln!(text, "{:margin$}  ! {expert}", "");
            }
        }
        text
    }

    /// What a node is called, with its value.
    #[must_use]
    pub fn label(&self, node: &Node) -> String {
        let def = self.def(node);
        let mut line = match self.outline.text(node.label) {
            "" => self.line(node, def),
            label => label.to_owned(),
        };
        if node.guessed != 0 {
            line.push_str(" (guessed)");
        }
        if node.is_generated() {
            line = format!("[{line}]");
        }
        line
    }

    /// The field that a node is of.
    #[must_use]
    pub fn def(&self, node: &Node) -> &'static FieldDef {
        self.fields[usize::from(node.field)]
    }

    fn line(&self, node: &Node, def: &FieldDef) -> String {
        let label = def.label;
        match (def.kind, self.value(node, def)) {
            (FieldType::Tree, _) => label.to_owned(),
            (FieldType::X8, (_, name)) => number(label, &format!("{:#04x}", node.value), name, def.unit),
            (FieldType::X16, (_, name)) => number(label, &format!("{:#06x}", node.value), name, def.unit),
            (FieldType::X32, (_, name)) => number(label, &format!("{:#010x}", node.value), name, def.unit),
            (FieldType::Bytes, _) => {
                let bytes = self.span(node);
                let more = if bytes.len() > SHOWN { "..." } else { "" };
                format!("{label} ({} bytes): {}{more}", bytes.len(), hex(&bytes[..bytes.len().min(SHOWN)]))
            }
            (FieldType::Duration, (value, _)) => format!("{label}: {value} s"),
            (_, (value, name)) => {
                let unit = if value == json!(1) { def.unit_of_one() } else { def.unit };
                number(label, &crate::output::plain(&value), name, unit)
            }
        }
    }

    /// The notes that hang on the node at `at`.
    fn experts(&self, at: usize) -> impl Iterator<Item = String> {
        self.outline
            .experts()
            .iter()
            .filter(move |expert| expert.node as usize == at)
            .map(|expert| self.note(expert))
    }

    /// What a note says.
    #[must_use]
    pub fn note(&self, expert: &ExpertAt) -> String {
        let summary = EXPERTS[expert.expert as usize].summary;
        match self.outline.text(expert.detail) {
            "" => summary.to_owned(),
            detail => format!("{summary}: {detail}"),
        }
    }

    /// The values that were sent, without what fills and what nobody understands.
    pub fn leaves(&self) -> impl Iterator<Item = Value> {
        let sent = |node: &&Node| [Role::Wire as u8, Role::Derived as u8].contains(&node.role);
        let of_value = |node: &Node| {
            let def = self.def(node);
            let (value, name) = self.value(node, def);
            (!value.is_null()).then(|| {
                json!({ "field": def.name, "label": def.label, "value": value, "unit": unit(def), "name": name })
            })
        };
        self.outline.nodes().iter().filter(sent).filter_map(of_value)
    }

    /// All nodes, in the columns of [`COLUMNS`].
    pub fn rows(&self) -> impl Iterator<Item = Vec<Value>> {
        self.seen().map(|(at, node)| {
            let def = self.def(node);
            let experts: Vec<_> = self.experts(at).collect();
            let (value, name) = self.value(node, def);
            let label = Some(self.outline.text(node.label)).filter(|label| !label.is_empty());
            vec![
                json!(node.depth),
                json!(def.name),
                json!(def.label),
                value,
                json!(unit(def)),
                json!(name),
                json!(label),
                json!(node.start),
                json!(node.len),
                json!(node.guessed != 0),
                if experts.is_empty() { Value::Null } else { json!(experts.join("; ")) },
            ]
        })
    }
}

/// What [`Tree::rows`] tells of each node. Offset and length are those of its bytes.
pub const COLUMNS: [&str; 11] =
    ["depth", "field", "label", "value", "unit", "name", "text", "offset", "length", "guessed", "notes"];

fn unit(def: &FieldDef) -> Option<&'static str> {
    match def.kind {
        FieldType::Duration => Some("s"),
        _ => Some(def.unit.trim_start()).filter(|unit| !unit.is_empty()),
    }
}

fn number(label: &str, value: &str, name: Option<&str>, unit: &str) -> String {
    match name {
        Some(name) => format!("{label}: {name} ({value})"),
        None => format!("{label}: {value}{unit}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
