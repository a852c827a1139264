// SPDX-License-Identifier: GPL-2.0-or-later
//! In: rows of named values. Out: JSON, one object a line, or CSV with a header; and how a run ended.

use anyhow::Result;
use clap::ValueEnum;
use serde_json::{Map, Value};
use std::io::Write;
use std::process::ExitCode;

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// One JSON object a line
    Json,
    /// Comma-separated values with a header
    Csv,
}

/// How a run that could do its work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// All is well.
    Fine,
    /// Differences or damage were found in the data.
    Found,
    /// A file could not be read to its end; why was told.
    Unread,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Fine => Self::SUCCESS,
            Ending::Found => Self::from(1),
            Ending::Unread => Self::from(2),
        }
    }
}

/// Where rows go, by how they are to be written.
pub enum Form<'o, W: Write> {
    /// For people.
    Text(&'o mut W),
    /// One JSON object a line.
    Json(&'o mut W),
    /// Comma-separated values.
    Csv(Box<Csv<&'o mut W>>),
}

impl<'o, W: Write> Form<'o, W> {
    /// Begins; CSV has a header of `columns`.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn new(format: Format, out: &'o mut W, columns: &[&str]) -> Result<Self> {
        Ok(match format {
            Format::Text => Self::Text(out),
            Format::Json => Self::Json(out),
            Format::Csv => Self::Csv(Box::new(Csv::new(out, b',', columns)?)),
        })
    }

    /// Hands on what was written so far.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        match self {
            Self::Text(out) | Self::Json(out) => Ok(out.flush()?),
            Self::Csv(csv) => csv.flush(),
        }
    }
}

/// Writes rows as CSV with a header, `separator` between the columns.
pub struct Csv<W: Write>(csv::Writer<W>);

impl<W: Write> Csv<W> {
    /// Begins with the header.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn new(out: W, separator: u8, columns: &[&str]) -> Result<Self> {
        let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(out);
        writer.write_record(columns)?;
        Ok(Self(writer))
    }

    /// Writes a row; nulls are empty.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn row<'v>(&mut self, values: impl IntoIterator<Item = &'v Value>) -> Result<()> {
        self.0.write_record(values.into_iter().map(plain))?;
        Ok(())
    }

    /// Hands on what was written so far.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        self.0.flush()?;
        Ok(())
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn finish(mut self) -> Result<()> {
        self.flush()
    }
}

/// Writes a row as one line of JSON.
///
/// # Errors
/// If `out` cannot be written.
pub fn json_line(out: &mut impl Write, value: &Value) -> Result<()> {
    writeln!(out, "{value}")?;
    Ok(())
}

/// An object of `columns` and `values`.
#[must_use]
pub fn object(columns: &[&str], values: Vec<Value>) -> Value {
    Value::Object(columns.iter().map(|&column| column.to_owned()).zip(values).collect::<Map<_, _>>())
}

/// A value without quotes; nothing for null.
#[must_use]
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
