// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the registry of fields, the table of commands, the list of notes. Out: the field reference, in Markdown.
//!
//! `cargo run -p carelink-core --example fields`

use carelink_core::pump::COMMANDS;
use carelink_core::registry;
use carelink_core::tree::expert::EXPERTS;
use carelink_core::tree::field::{FieldDef, FieldType};
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

/// Names of values, as a field has them.
type Names = &'static [(u32, &'static str)];

/// What a chapter is about: the first part of a filter's name after `carelink`, if more parts follow.
fn chapter(def: &FieldDef) -> &'static str {
    match def.name.splitn(3, '.').collect::<Vec<_>>()[..] {
        [_, room, _] => room,
        _ => "everywhere",
    }
}

/// The type that a display filter sees.
fn type_name(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Tree => "label",
        FieldType::Flag => "boolean",
        FieldType::U8 | FieldType::X8 => "unsigned, 8 bits",
        FieldType::U16 | FieldType::X16 => "unsigned, 16 bits",
        FieldType::U32 | FieldType::X32 => "unsigned, 32 bits",
        FieldType::I8 => "signed, 8 bits",
        FieldType::I32 => "signed, 32 bits",
        FieldType::F64 => "floating point",
        FieldType::Text => "string",
        FieldType::Bytes => "bytes",
        FieldType::Clock => "local date and time",
        FieldType::Duration => "time span",
        FieldType::Request => "frame number of the request",
        FieldType::Response => "frame number of the response",
        FieldType::Frame => "frame number",
    }
}

/// The most letters of value names that stand in a table's cell.
const SHORT: usize = 120;

/// Text that does not end its cell.
fn cell(text: &str) -> String {
    text.trim().replace('|', "\\|")
}

/// The names of a field's values, as text for a cell, or as a link to the list of them if that is long.
fn values(def: &FieldDef, long: &mut BTreeMap<&'static str, Names>) -> String {
    let values: Vec<_> = def.names.iter().map(|(number, name)| format!("{number} {name}")).collect();
    let values = values.join(", ");
    if values.len() <= SHORT {
        return cell(&values);
    }
    long.insert(def.name, def.names);
    format!("[{} names](#{})", def.names.len(), anchor(def.name))
}

/// What a link to the values of the field `name` says.
fn anchor(name: &str) -> String {
    format!("values-of-{}", name.replace('.', "-"))
}

/// Lists that are too long for a cell, each folded until somebody opens it.
fn long_lists(out: &mut impl Write, long: &BTreeMap<&str, Names>) -> io::Result<()> {
    writeln!(out, "\n## Names of values\n\nOf fields with more names than a table's cell holds.")?;
    for (name, names) in long {
        writeln!(
            out,
            "\n<a id=\"{}\"></a>\n<details><summary><code>{name}</code></summary>\n",
            anchor(name)
        )?;
        writeln!(out, "| Value | Name |\n|---|---|")?;
        for (number, name) in *names {
            writeln!(out, "| {number} | {} |", cell(name))?;
        }
        writeln!(out, "\n</details>")?;
    }
    Ok(())
}

/// What a field means, and whether it tells whose a device is.
fn meaning(def: &FieldDef) -> String {
    let identity = if def.identity.is_some() { " *Identity:* `carelink scrub` replaces it." } else { "" };
    cell(def.help) + identity
}

fn fields(out: &mut impl Write) -> io::Result<BTreeMap<&'static str, Names>> {
    writeln!(out, "## Fields\n")?;
    writeln!(
        out,
        "Evidence: *confirmed* by real captures or by the vendor's own decoding; *inferred* from sources or from the \
         bytes; *guessed*, which the tree says too."
    )?;
    let mut fields: Vec<_> = registry::fields().collect();
    fields.sort_by_key(|def| (chapter(def), def.name));
    let mut last = "";
    let mut long = BTreeMap::new();
    for def in fields {
        let chapter = chapter(def);
        if chapter != last {
            writeln!(
                out,
                "\n### {chapter}\n\n| Filter | Label | Type | Unit | Values | Evidence | Meaning |"
            )?;
            writeln!(out, "|---|---|---|---|---|---|---|")?;
            last = chapter;
        }
        writeln!(
            out,
            "| `{}` | {} | {} | {} | {} | {} | {} |",
            def.name,
            cell(def.label),
            type_name(def.kind),
            cell(def.unit),
            values(def, &mut long),
            format!("{:?}", def.evidence).to_lowercase(),
            meaning(def),
        )?;
    }
    Ok(long)
}

fn commands(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n## Commands of the pump\n")?;
    writeln!(
        out,
        "\"Therapy\" marks commands that can change what the pump delivers, or the dose that it advises.\n"
    )?;
    writeln!(
        out,
        "| Opcode | Name | Class | Models | Therapy | Parameters decoded | Reply | Reply decoded |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|---|---|")?;
    for command in COMMANDS {
        writeln!(
            out,
            "| 0x{:02X} | {} | {:?} | {} | {} | {} | {} | {} |",
            command.opcode.0,
            command.name,
            command.class,
            command.models,
            if command.therapy { "yes" } else { "" },
            command.parameters.unwrap_or(""),
            command.answer,
            command.reply.unwrap_or(""),
        )?;
    }
    Ok(())
}

fn experts(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n## Notes\n\n| Filter | Severity | Group | Text | Given when |\n|---|---|---|---|---|")?;
    for expert in EXPERTS {
        writeln!(
            out,
            "| `{}` | {:?} | {:?} | {} | {} |",
            expert.name,
            expert.severity,
            expert.group,
            cell(expert.summary),
            cell(expert.help),
        )?;
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    writeln!(out, "# Field reference\n")?;
    let long = fields(&mut out)?;
    commands(&mut out)?;
    experts(&mut out)?;
    long_lists(&mut out, &long)?;
    out.flush()
}
