// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the core's table of models. Out: what is known of each, on what evidence, and what was never seen.

use crate::output::{Csv, Ending, Format, json_line};
use crate::row::Row;
use anyhow::{Result, bail};
use carelink_core::pump::family::{Fact, FactValue, Family, Member};
use carelink_core::pump::model::Model;
use carelink_core::pump::models::FAMILIES;
use serde_json::{Value, json};
use std::io::Write;

/// What `carelink models` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Only this model, such as 522
    #[arg(value_parser = crate::conversation::model)]
    model: Option<Model>,
    /// How to write the facts; text has a paragraph for models that differ only in their reservoir
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const COLUMNS: [&str; 5] = ["model", "fact", "value", "unit", "evidence"];

/// Writes the table of models.
///
/// # Errors
/// If the model is not in the table, or `out` cannot be written.
pub fn run(args: &Args, out: &mut impl Write) -> Result<Ending> {
    let wanted = |member: &Member| args.model.is_none_or(|model| model.number() == member.number);
    let families: Vec<_> = FAMILIES.iter().filter(|family| family.members.iter().any(wanted)).collect();
    if families.is_empty() {
        let all: Vec<_> = members(FAMILIES).map(|(_, member)| member.number.to_string()).collect();
        bail!("no such model is known; the table has {}", all.join(", "));
    }
    let chosen = members(families.iter().copied()).filter(|(_, member)| wanted(member));
    let rows = chosen.flat_map(|(family, member)| rows(family, member));
    match args.format {
        Format::Text => families.iter().try_for_each(|family| text(family, out))?,
        Format::Json => rows
            .into_iter()
            .try_for_each(|row| json_line(out, &Row::new("models", "fact").cells(&COLUMNS, row).json()))?,
        Format::Csv => {
            let mut csv = Csv::new(&mut *out, b',', &COLUMNS)?;
            rows.into_iter().try_for_each(|row| csv.row(&row))?;
            csv.finish()?;
        }
    }
    Ok(Ending::Fine)
}

fn members<'f>(
    families: impl IntoIterator<Item = &'f Family>,
) -> impl Iterator<Item = (&'f Family, &'f Member)> {
    families.into_iter().flat_map(|family| family.members.iter().map(move |member| (family, member)))
}

fn rows(family: &Family, member: &Member) -> Vec<Vec<Value>> {
    let row = |name: &str, fact: Option<Fact<FactValue>>| {
        let evidence = fact.as_ref().map_or("not known", evidence);
        let (value, unit) = match fact.map(|fact| fact.value) {
            None => (Value::Null, Value::Null),
            Some(FactValue::Number(number)) => (json!(number), Value::Null),
            Some(FactValue::Units(units)) => (json!(units), json!("U")),
            Some(FactValue::Flag(flag)) => (json!(flag), Value::Null),
            Some(FactValue::Words(words)) => (json!(words), Value::Null),
        };
        vec![json!(member.number), json!(name), value, unit, json!(evidence)]
    };
    let seen = vec![json!(member.number), json!("seen"), json!(member.to_string()), Value::Null, Value::Null];
    let own = [seen, row("reservoir", member.reservoir())];
    own.into_iter().chain(family.facts().into_iter().map(|(name, fact)| row(name, fact))).collect()
}

fn evidence<T>(fact: &Fact<T>) -> &'static str {
    fact.evidence.word()
}

fn text(family: &Family, out: &mut impl Write) -> Result<()> {
    let numbers: Vec<_> = family.members.iter().map(|member| member.number.to_string()).collect();
    writeln!(out, "{}", numbers.join(", "))?;
    for member in family.members {
        let reservoir =
            member.reservoir().map(|fact| format!("reservoir of {}; ", fact.value)).unwrap_or_default();
        writeln!(out, "  {:21} {reservoir}seen: {member}", member.number.to_string())?;
    }
    for (name, fact) in family.facts() {
        match fact {
            Some(fact) => writeln!(out, "  {name:21} {} ({})", fact.value, evidence(&fact))?,
            None => writeln!(out, "  {name:21} not known")?,
        }
    }
    writeln!(out)?;
    Ok(())
}
