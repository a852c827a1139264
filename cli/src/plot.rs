//! In: captures, or files with pages. Out: a picture of glucose and boluses over time, as SVG.

use crate::conversation::Options;
use crate::events::{Found, collect};
use crate::output::Ending;
use crate::vendor::{Judged, judged};
use anyhow::{Context as _, Result, anyhow, bail};
use carelink_core::time::seconds;
use jiff::ToSpan;
use jiff::civil::{DateTime, date};
use plotters::prelude::*;
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

/// What `carelink plot` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Capture files, - for standard input, or files with raw pages, which need --model
    #[arg(required = true, value_name = "CAPTURE|PAGE")]
    files: Vec<PathBuf>,
    /// SVG file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Write over a file that is there already
    #[arg(long)]
    force: bool,
    /// First moment to show, by the pump's clock, such as 2026-01-04 or 2026-01-04T08:00
    #[arg(long, value_name = "TIME")]
    from: Option<DateTime>,
    /// Last moment to show
    #[arg(long, value_name = "TIME")]
    to: Option<DateTime>,
    #[command(flatten)]
    options: Options,
}

/// The highest reading of a meter in mmol/L. What is above it is in mg/dL, as the glucose of sensors is.
const HIGHEST_MMOL: f64 = 33.3;

/// Width and height in pixels.
const SIZE: (u32, u32) = (1600, 800);

/// Draws the events of captures or pages.
///
/// # Errors
/// If a file cannot be read or is damaged, there is nothing to draw, or the picture is there already or cannot be written.
pub fn run(args: &Args) -> Result<Ending> {
    let found = collect(&args.files, &args.options)?;
    let wanted = |event: &&Found| {
        args.from.is_none_or(|from| event.time >= from) && args.to.is_none_or(|to| event.time <= to)
    };
    let points = |kinds: &[&str]| -> Vec<(i64, f64)> {
        let events = found.events.iter().filter(wanted).filter(|event| kinds.contains(&event.kind));
        events.filter_map(|event| Some((seconds(event.time), amount(event)?))).collect()
    };
    let sensor = points(&["GlucoseSensorData"]);
    // Readings that a meter sends are stored twice; the entered ones hold them all.
    let (meter, unsure): (Vec<_>, Vec<_>) =
        points(&["CalBGForPH"]).into_iter().partition(|(_, amount)| *amount > HIGHEST_MMOL);
    if !unsure.is_empty() {
        eprintln!("carelink: {} meter readings are not drawn: they may be in mmol/L", unsure.len());
    }
    let boluses = points(&["BolusNormal", "BolusSquare"]);
    let picture = draw(&sensor, &meter, &boluses)?;

    let name = || args.output.display().to_string();
    let file = if args.force { File::create(&args.output) } else { File::create_new(&args.output) };
    file.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => anyhow!("it is there already; --force writes over it"),
        _ => error.into(),
    })
    .and_then(|mut file| Ok(file.write_all(picture.as_bytes())?))
    .with_context(name)?;
    found.finish()
}

fn amount(event: &Found) -> Option<f64> {
    match judged(&event.values).get("AMOUNT") {
        Some(Judged::Number(amount)) => Some(*amount),
        _ => None,
    }
}

/// Glucose above, boluses below, over the same time.
fn draw(sensor: &[(i64, f64)], meter: &[(i64, f64)], boluses: &[(i64, f64)]) -> Result<String> {
    let times = || sensor.iter().chain(meter).chain(boluses).map(|(time, _)| *time);
    let Some((first, last)) = times().min().zip(times().max()) else {
        bail!("neither glucose nor boluses are there to draw");
    };
    let time = first..last.max(first + 1);
    let mut picture = String::new();
    {
        let area = SVGBackend::with_string(&mut picture, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(failed)?;
        let (above, below) = area.split_vertically(SIZE.1 * 2 / 3);
        let mut chart = ChartBuilder::on(&above)
            .margin(12)
            .x_label_area_size(28)
            .y_label_area_size(64)
            .build_cartesian_2d(time.clone(), 0.0..highest(sensor.iter().chain(meter), 400.0))
            .map_err(failed)?;
        let label = |time: &i64| label(*time);
        chart.configure_mesh().x_label_formatter(&label).y_desc("Glucose in mg/dL").draw().map_err(failed)?;
        chart
            .draw_series(sensor.iter().map(|point| Circle::new(*point, 2, BLUE.filled())))
            .map_err(failed)?;
        chart.draw_series(meter.iter().map(|point| Cross::new(*point, 4, RED))).map_err(failed)?;
        let mut chart = ChartBuilder::on(&below)
            .margin(12)
            .x_label_area_size(28)
            .y_label_area_size(64)
            .build_cartesian_2d(time, 0.0..highest(boluses.iter(), 1.0))
            .map_err(failed)?;
        chart.configure_mesh().x_label_formatter(&label).y_desc("Boluses in U").draw().map_err(failed)?;
        let bars =
            boluses.iter().map(|(time, units)| PathElement::new([(*time, 0.0), (*time, *units)], BLACK));
        chart.draw_series(bars).map_err(failed)?;
        area.present().map_err(failed)?;
    }
    Ok(picture)
}

fn highest<'p>(points: impl Iterator<Item = &'p (i64, f64)>, least: f64) -> f64 {
    points.map(|(_, value)| *value).fold(least, f64::max)
}

/// Seconds since 1970 as a date and time.
fn label(seconds: i64) -> String {
    let time = date(1970, 1, 1).at(0, 0, 0, 0).checked_add(seconds.seconds());
    time.map_or_else(|_| String::new(), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}

fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("cannot draw: {error}")
}
