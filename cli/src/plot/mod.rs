// SPDX-License-Identifier: GPL-2.0-or-later
//! In: captures, or files with pages. Out: a picture of a day or more of therapy, as SVG, PNG or a web page.

mod basal;
mod picture;
mod series;
mod time;

use crate::conversation::Options;
use crate::found::{Collection, Device, Found, collect};
use crate::output::Ending;
use anyhow::{Context as _, Result, anyhow, bail};
use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime};
use picture::Picture;
use series::Series;
pub(crate) use series::alarm;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What `carelink plot` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Capture files, - for standard input, or files with pages, raw or in any usual dump; --model names their pump
    #[arg(required = true, value_name = "CAPTURE|PAGE")]
    files: Vec<PathBuf>,
    /// File to write: a picture if it ends in .svg or .png, a web page that needs no network if it ends in .html
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Overwrite a file that is there already
    #[arg(long)]
    force: bool,
    /// First day or moment to show, by the pump's clock, such as 2026-01-04 or 2026-01-04T08:00 [default: with --to,
    /// the first there is; else the last day with glucose, insulin or carbs]
    #[arg(long, value_name = "TIME", value_parser = from)]
    from: Option<DateTime>,
    /// Last day or moment to show; a day is shown to its end [default: the last there is]
    #[arg(long, value_name = "TIME", value_parser = to)]
    to: Option<DateTime>,
    /// Serial number of the pump to show, if there are several
    #[arg(long, value_name = "SERIAL")]
    pump: Option<String>,
    /// Show the pump's serial number in the title
    #[arg(long)]
    serial: bool,
    #[command(flatten)]
    options: Options,
}

fn from(text: &str) -> Result<DateTime, jiff::Error> {
    text.parse()
}

/// The end of a day, or a moment as it is.
fn to(text: &str) -> Result<DateTime, jiff::Error> {
    match text.parse::<Date>() {
        Ok(day) if !text.contains(':') => day.tomorrow().map(|next| next.at(0, 0, 0, 0)),
        _ => text.parse(),
    }
}

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Svg,
    Png,
    Html,
}

impl Format {
    /// By the file's extension.
    fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        match extension.to_str() {
            Some("svg") => Ok(Self::Svg),
            Some("png") => Ok(Self::Png),
            Some("html") => Ok(Self::Html),
            _ => bail!("{}: the name is to end in .svg, .png or .html", path.display()),
        }
    }
}

/// Draws the events of captures or pages.
///
/// # Errors
/// If a file cannot be read or is damaged, there is nothing to draw, or the picture is there already or cannot be written.
pub fn run(args: &Args) -> Result<Ending> {
    let format = Format::of(&args.output)?;
    let found = collect(&args.files, &args.options)?;
    let events = of_one_pump(&found, args.pump.as_deref())?;
    let series = Series::new(&events);
    let span = span(&series, args.from, args.to)?;
    let device = &events.first().context("there are no events to draw")?.pump;
    let title = title(device, args.serial, &span);
    let series = series.within(&span)?;
    series.left_out.iter().for_each(|reason| eprintln!("carelink: {reason}"));
    let picture = Picture::draw(&title, &series, &span)?;
    let bytes = match format {
        Format::Svg => picture.svg().into_bytes(),
        Format::Png => picture.png()?,
        Format::Html => picture.html().into_bytes(),
    };
    write(&args.output, args.force, &bytes)?;
    found.finish()
}

/// What a picture is of.
fn title(device: &Device, serial: bool, span: &Range<DateTime>) -> String {
    let mut title = match device.product.as_str() {
        "pump" => "Pump of unknown model".to_owned(),
        product => product.to_owned(),
    };
    if let Some(serial) = device.serial.filter(|_| serial) {
        title += &format!(" {serial}");
    }
    let (first, last) = (span.start, last_day(span.end));
    title += &format!(", {}", first.strftime("%a %Y-%m-%d"));
    if first.date() != last {
        title += &format!(" to {}", last.strftime("%a %Y-%m-%d"));
    }
    title
}

/// Pictures of the last days that have something to show.
#[derive(Debug)]
pub(crate) struct Days {
    /// Each day as SVG, the newest first.
    pub pictures: Vec<(Date, String)>,
    /// How many days there are besides.
    pub more: usize,
    /// What is not shown, and why.
    pub left_out: Vec<String>,
}

/// Draws the last days of one pump, `most` of them; with its serial number, if that is to be shown.
///
/// # Errors
/// If the library cannot draw.
pub(crate) fn days(events: &[&Found], most: usize, serial: bool) -> Result<Days> {
    let series = Series::new(events);
    let days = series.days();
    let more = days.len().saturating_sub(most);
    let device = events.first().map(|found| &found.pump);
    let mut pictures = Vec::new();
    for day in days.into_iter().rev().take(most) {
        let span = day.at(0, 0, 0, 0)..day.tomorrow()?.at(0, 0, 0, 0);
        let title = device.map(|device| title(device, serial, &span)).unwrap_or_default();
        let picture = Picture::draw(&title, &Series::new(events).within(&span)?, &span)?;
        pictures.push((day, picture.svg()));
    }
    Ok(Days { pictures, more, left_out: series.left_out })
}

/// The events of the pump that is named, or of the only one. Pages in files have no serial number: they are taken for its.
pub(crate) fn of_one_pump<'f>(found: &'f Collection, wanted: Option<&str>) -> Result<Vec<&'f Found>> {
    let serials: BTreeSet<_> = found.events.iter().filter_map(|event| event.pump.serial).collect();
    if wanted.is_none() && serials.len() > 1 {
        let serials: Vec<_> = serials.iter().map(ToString::to_string).collect();
        bail!("there are events of several pumps: choose one with --pump {}", serials.join(" or --pump "));
    }
    if let Some(wanted) = wanted.filter(|wanted| !serials.iter().any(|serial| serial.as_str() == *wanted)) {
        bail!("there are no events of pump {wanted}");
    }
    let is_wanted = |event: &&Found| match (event.pump.serial, wanted) {
        (Some(serial), Some(wanted)) => serial.as_str() == wanted,
        _ => true,
    };
    let mut events: Vec<_> = found.events.iter().filter(is_wanted).collect();
    // A picture has one line of time, even if the pump's clock went back.
    events.sort_by_key(|found| found.event.time);
    Ok(events)
}

/// What is asked for, as far as it is; else the last day that has something to show.
fn span(series: &Series, from: Option<DateTime>, to: Option<DateTime>) -> Result<Range<DateTime>> {
    let (first, last) = series.extent().context("neither glucose nor insulin nor carbs are there to draw")?;
    let midnight = |time: DateTime| time.date().at(0, 0, 0, 0);
    let end_of_day = |time: DateTime| midnight(time).checked_add(1.day());
    let span = match (from, to) {
        (None, None) => midnight(last)..end_of_day(last)?,
        (Some(from), to) => from..to.map_or_else(|| end_of_day(last.max(from)), Ok)?,
        (None, Some(to)) => midnight(first.min(to))..to,
    };
    if span.is_empty() {
        bail!("{} is not before {}", span.start, span.end);
    }
    Ok(span)
}

/// The last day of a span that ends before `end`.
fn last_day(end: DateTime) -> Date {
    end.checked_sub(1.second()).unwrap_or(end).date()
}

fn write(path: &Path, force: bool, bytes: &[u8]) -> Result<()> {
    let file = if force { File::create(path) } else { File::create_new(path) };
    file.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => anyhow!("it is there already; --force writes over it"),
        _ => error.into(),
    })
    .and_then(|mut file| Ok(file.write_all(bytes)?))
    .with_context(|| path.display().to_string())
}
