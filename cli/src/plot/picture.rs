// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what is shown, and the span of time. Out: the picture as SVG; as PNG, and as a web page, that same picture.
//!
//! Panels lie one below the other over the same time: glucose, alarms, boluses, carbs, basal. Each mark has a sentence of
//! its own that a browser shows under the pointer.

use super::basal::{Cause, Step};
use super::series::{Mark, Series, SeriesKind, short};
use super::time::{TimeAxis, label, moment};
use anyhow::{Context as _, Result, anyhow};
use carelink_core::units::clock::seconds;
use carelink_core::units::quantities::Glucose;
use jiff::civil::DateTime;
use plotters::chart::ChartContext;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use resvg::{tiny_skia, usvg};
use std::fmt::{Display, Write as _};
use std::ops::Range;

const WIDTH: u32 = 1600;
/// Title, summary and legend.
const HEAD: u32 = 108;
/// Labels of the time.
const FOOT: u32 = 44;
/// Beside the panels, for the labels of their axes.
const SIDE: u32 = 84;
/// Between the edge and the names of axes.
const EDGE: u32 = 18;

const SENSOR: RGBColor = RGBColor(31, 105, 180);
const METER: RGBColor = RGBColor(200, 30, 45);
const CALIBRATION: RGBColor = RGBColor(230, 130, 0);
const BOLUS: RGBColor = RGBColor(90, 60, 160);
const CARBS: RGBColor = RGBColor(40, 130, 60);
const BASAL: RGBColor = RGBColor(0, 130, 150);
const SUSPENDED: RGBColor = RGBColor(110, 110, 110);
const TARGET: RGBColor = RGBColor(225, 242, 225);
const TEXT: RGBColor = RGBColor(40, 40, 40);

/// The range that most people aim at, in mg/dL.
const AIM: Range<f64> = 70.0..180.0;

/// Sensor values further apart than this, in seconds, are not joined: it sends every five minutes.
const JOINED: i64 = 900;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<TimeAxis, RangedCoordf64>>;

/// What the pointer finds: a place in pixels, and the mark there.
struct Tip {
    at: (i32, i32),
    mark: Mark,
}

/// A picture that is drawn.
pub struct Picture {
    title: String,
    summary: String,
    svg: String,
    tips: Vec<Tip>,
}

/// One of the panels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Panel {
    Glucose,
    Alarms,
    Boluses,
    Grams,
    Exchanges,
    Basal,
}

impl Panel {
    /// From top to bottom, with the height in pixels and what is in it.
    const ALL: [(Self, u32, &'static [SeriesKind]); 6] = [
        (Self::Glucose, 400, &[SeriesKind::Sensor, SeriesKind::Meter, SeriesKind::Calibration]),
        (Self::Alarms, 56, &[SeriesKind::SensorAlarm, SeriesKind::PumpAlarm, SeriesKind::Rewind]),
        (Self::Boluses, 200, &[SeriesKind::Bolus, SeriesKind::Square]),
        (Self::Grams, 140, &[SeriesKind::Grams]),
        (Self::Exchanges, 140, &[SeriesKind::Exchanges]),
        (Self::Basal, 170, &[]),
    ];
}

impl Picture {
    /// Draws `series`.
    ///
    /// # Errors
    /// If the library cannot draw.
    pub fn draw(title: &str, series: &Series, span: &Range<DateTime>) -> Result<Self> {
        let panels: Vec<_> = Panel::ALL
            .into_iter()
            .filter(|(panel, _, kinds)| match panel {
                Panel::Basal => !series.steps.is_empty(),
                _ => series.of(kinds).next().is_some(),
            })
            .collect();
        let height = HEAD + FOOT + panels.iter().map(|(_, height, _)| height).sum::<u32>();
        let axis = TimeAxis(seconds(span.start)..seconds(span.end));
        let summary = series.summary();
        let (mut svg, mut tips) = (String::new(), Vec::new());
        {
            let canvas = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
            canvas.fill(&WHITE).map_err(failed)?;
            let (head, mut rest) = canvas.split_vertically(HEAD);
            draw_head(&head, title, &summary, series)?;
            for (at, (panel, height, kinds)) in panels.iter().enumerate() {
                let foot = if at + 1 == panels.len() { FOOT } else { 0 };
                let (area, below) = rest.split_vertically(height + foot);
                let marks: Vec<_> = series.of(kinds).collect();
                draw_panel(*panel, &canvas, &area, &axis, foot, &marks, &series.steps, &mut tips)?;
                rest = below;
            }
            canvas.present().map_err(failed)?;
        }
        let title = title.to_owned();
        tips.sort_by_key(|tip| tip.mark.time);
        Ok(Self { title, summary, svg, tips })
    }

    /// The picture, with a place for the pointer at each mark.
    pub fn svg(&self) -> String {
        let mut places = format!("<title>{}</title>\n<g fill-opacity=\"0\">\n", escaped(&self.title));
        for Tip { at: (x, y), mark } in &self.tips {
            let (class, words) = (format!("{:?}", mark.kind).to_lowercase(), escaped(&mark.sentence()));
            // Writing to a String cannot fail.
            let _ = writeln!(
                places,
                "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"8\"><title>{words}</title></circle>"
            );
        }
        let drawn = self.svg.trim_end().trim_end_matches("</svg>");
        format!("{drawn}{places}</g>\n</svg>\n")
    }

    /// The picture as PNG. Its letters are in the program, so that it needs no fonts.
    ///
    /// # Errors
    /// If the library cannot paint it.
    pub fn png(&self) -> Result<Vec<u8>> {
        let mut options = usvg::Options::default();
        let fonts = options.fontdb_mut();
        fonts.load_font_data(dejavu::sans::regular().to_vec());
        fonts.set_sans_serif_family("DejaVu Sans");
        let tree = usvg::Tree::from_str(&self.svg, &options).map_err(failed)?;
        let size = tree.size().to_int_size();
        let mut pixels =
            tiny_skia::Pixmap::new(size.width(), size.height()).context("a picture has a size")?;
        resvg::render(&tree, tiny_skia::Transform::default(), &mut pixels.as_mut());
        pixels.encode_png().map_err(failed)
    }

    /// The picture in a web page of its own, with its values as a table.
    pub fn html(&self) -> String {
        let (title, summary, svg) = (escaped(&self.title), escaped(&self.summary), self.svg());
        let rows: String = self
            .tips
            .iter()
            .map(|tip| {
                let sentence = tip.mark.sentence();
                let (time, words) = sentence.split_once(": ").unwrap_or(("", &sentence));
                format!("<tr><td>{}</td><td>{}</td></tr>\n", escaped(time), escaped(words))
            })
            .collect();
        format!(
            r#"<!DOCTYPE html>
<html lang="en" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width"/>
<title>{title}</title>
<style>
body {{ font-family: sans-serif; margin: 1em auto; max-width: {WIDTH}px; color: #282828 }}
svg {{ width: 100%; height: auto }}
td {{ padding: 0 1em 0 0 }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{summary}</p>
{svg}<details>
<summary>Values</summary>
<table>
{rows}</table>
</details>
</body>
</html>
"#
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn failed(error: impl Display) -> anyhow::Error {
    anyhow!("cannot draw: {error}")
}

fn font(size: u32, color: RGBColor) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&color).pos(Pos::new(HPos::Left, VPos::Center))
}

/// Title, summary, and a legend of what is there.
fn draw_head(area: &Area<'_>, title: &str, summary: &str, series: &Series) -> Result<()> {
    let left = SIDE.cast_signed();
    area.draw_text(title, &font(26, BLACK), (left, 26)).map_err(failed)?;
    area.draw_text(summary, &font(16, TEXT), (left, 57)).map_err(failed)?;
    let mut x = left + 8;
    let mut entry = |draw: &dyn Fn((i32, i32)) -> Result<()>, word: &str| -> Result<()> {
        draw((x, 88))?;
        area.draw_text(word, &font(15, TEXT), (x + 16, 88)).map_err(failed)?;
        x += 62 + 9 * i32::try_from(word.len())?;
        Ok(())
    };
    let kinds = Panel::ALL.iter().flat_map(|(_, _, kinds)| *kinds);
    for kind in kinds.filter(|kind| series.of(&[**kind]).next().is_some()) {
        entry(&|at| glyph(area, *kind, at), kind.word())?;
    }
    for (cause, word) in
        [(Cause::Profile, "Basal"), (Cause::Temporary, "Temporary basal"), (Cause::Suspended, "Suspended")]
    {
        if series.steps.iter().any(|step| step.cause == cause) {
            let swatch = |(x, y)| {
                let swatch = Rectangle::new([(x - 8, y - 6), (x + 8, y + 6)], fill(cause));
                area.draw(&swatch).map_err(failed)
            };
            entry(&swatch, word)?;
        }
    }
    Ok(())
}

/// The sign of a kind, at a place in pixels.
fn glyph(area: &Area<'_>, kind: SeriesKind, at: (i32, i32)) -> Result<()> {
    let (x, y) = at;
    match kind {
        SeriesKind::Sensor => area.draw(&Circle::new(at, 3, SENSOR.filled())),
        SeriesKind::Meter => area.draw(&Cross::new(at, 5, METER.stroke_width(2))),
        SeriesKind::Calibration => area.draw(&Circle::new(at, 7, CALIBRATION.stroke_width(2))),
        SeriesKind::Bolus => area.draw(&Rectangle::new([(x - 2, y - 7), (x + 2, y + 7)], BOLUS.filled())),
        SeriesKind::Square => {
            area.draw(&Rectangle::new([(x - 8, y - 6), (x + 8, y + 6)], BOLUS.mix(0.3).filled()))
        }
        SeriesKind::Grams | SeriesKind::Exchanges => area.draw(&Circle::new(at, 6, CARBS.mix(0.7).filled())),
        SeriesKind::PumpAlarm => area.draw(&TriangleMarker::new(at, 8, METER.filled())),
        SeriesKind::SensorAlarm => area.draw(&TriangleMarker::new(at, 8, CALIBRATION.filled())),
        SeriesKind::Basal => return Ok(()),
        SeriesKind::Rewind => {
            area.draw(&Rectangle::new([(x - 4, y - 4), (x + 4, y + 4)], SUSPENDED.filled()))
        }
    }
    .map_err(failed)
}

fn fill(cause: Cause) -> ShapeStyle {
    match cause {
        Cause::Profile => BASAL.mix(0.35).filled(),
        Cause::Temporary => BASAL.mix(0.75).filled(),
        Cause::Suspended => SUSPENDED.mix(0.35).filled(),
    }
}

/// A bound for an axis that holds `values` with room above them for labels.
fn highest(values: impl Iterator<Item = f64>, least: f64) -> f64 {
    values.fold(least, f64::max) * 1.25
}

#[allow(clippy::too_many_arguments, reason = "all that a panel is made of")]
fn draw_panel(
    panel: Panel,
    canvas: &Area<'_>,
    area: &Area<'_>,
    axis: &TimeAxis,
    foot: u32,
    marks: &[&Mark],
    steps: &[Step],
    tips: &mut Vec<Tip>,
) -> Result<()> {
    let values = || marks.iter().map(|mark| mark.value);
    let (top, title) = match panel {
        Panel::Glucose => (values().fold(300.0, f64::max) + 20.0, "Glucose, mg/dL"),
        Panel::Alarms => (1.0, ""),
        Panel::Boluses => (highest(values(), 1.0), "Boluses, U"),
        Panel::Grams => (highest(values(), 10.0), "Carbs, g"),
        Panel::Exchanges => (highest(values(), 1.0), "Carbs, exch."),
        Panel::Basal => (highest(steps.iter().map(|step| step.rate), 0.4), "Basal, U/h"),
    };
    let right = if panel == Panel::Glucose { SIDE - EDGE } else { 0 };
    let mut chart = ChartBuilder::on(area)
        .margin_top(10)
        .margin_bottom(6)
        .margin_left(EDGE)
        .margin_right(SIDE - right)
        .x_label_area_size(foot)
        .y_label_area_size(SIDE - EDGE)
        .right_y_label_area_size(right)
        .build_cartesian_2d(axis.clone(), 0.0..top)
        .map_err(failed)?
        .set_secondary_coord(axis.clone(), 0.0..top / Glucose::MG_DL_PER_MMOL_L);
    if panel == Panel::Glucose {
        let aim = [(axis.0.start, AIM.start), (axis.0.end, AIM.end)];
        chart.draw_series([Rectangle::new(aim, TARGET.filled())]).map_err(failed)?;
    }
    let small = ("sans-serif", 14).into_font().color(&TEXT);
    let time = |time: &i64| label(*time);
    let number = |value: &f64| short(*value);
    let mut mesh = chart.configure_mesh();
    mesh.x_label_formatter(&time)
        .y_label_formatter(&number)
        .label_style(small.clone())
        .axis_desc_style(("sans-serif", 15).into_font().color(&TEXT))
        .y_desc(title)
        .x_labels(99)
        .y_labels(if panel == Panel::Glucose { 8 } else { 4 })
        .bold_line_style(BLACK.mix(0.14))
        .light_line_style(TRANSPARENT);
    if panel == Panel::Alarms {
        mesh.disable_y_mesh().y_labels(0);
    }
    mesh.draw().map_err(failed)?;
    if panel == Panel::Glucose {
        chart
            .configure_secondary_axes()
            .y_desc("mmol/L")
            .y_labels(8)
            .y_label_formatter(&number)
            .label_style(small.clone())
            .axis_desc_style(("sans-serif", 15).into_font().color(&TEXT))
            .draw()
            .map_err(failed)?;
    }
    if panel == Panel::Alarms {
        let style = font(15, TEXT).pos(Pos::new(HPos::Right, VPos::Center));
        let (x, y) = chart.backend_coord(&(axis.0.start, 0.5));
        canvas.draw_text("Alarms", &style, (x - 12, y)).map_err(failed)?;
    }
    draw_marks(panel, canvas, &chart, marks, steps, tips)
}

/// What is in a panel. `canvas` is the whole picture, whose pixels places are counted in.
fn draw_marks(
    panel: Panel,
    canvas: &Area<'_>,
    chart: &Chart<'_, '_>,
    marks: &[&Mark],
    steps: &[Step],
    tips: &mut Vec<Tip>,
) -> Result<()> {
    let place = |time: i64, value: f64| chart.backend_coord(&(time, value));
    let Range { start, end } = chart.x_range();
    let mut labels = Labels::default();
    for mark in marks {
        let value = if panel == Panel::Alarms { 0.5 } else { mark.value };
        let (at, foot) = (place(mark.time.max(start), value), place(mark.time, 0.0));
        match mark.kind {
            SeriesKind::Bolus => {
                let bar = [(at.0 - 2, at.1), (at.0 + 2, foot.1)];
                canvas.draw(&Rectangle::new(bar, BOLUS.filled())).map_err(failed)?;
                labels.taken.push(bar);
                labels.add(at, short(mark.value));
            }
            SeriesKind::Square => {
                let corner = place(mark.end.min(end), 0.0);
                canvas.draw(&Rectangle::new([at, corner], BOLUS.mix(0.3).filled())).map_err(failed)?;
                canvas.draw(&Rectangle::new([at, corner], BOLUS.stroke_width(1))).map_err(failed)?;
                labels.add((i32::midpoint(at.0, corner.0), at.1), short(mark.value));
            }
            SeriesKind::Grams | SeriesKind::Exchanges => {
                canvas.draw(&PathElement::new([foot, at], CARBS.stroke_width(1))).map_err(failed)?;
                glyph(canvas, mark.kind, at)?;
                labels.taken.push([(at.0 - 6, at.1 - 6), (at.0 + 6, foot.1)]);
                labels.add((at.0, at.1 - 6), short(mark.value));
            }
            kind => glyph(canvas, kind, at)?,
        }
        tips.push(Tip { at, mark: (*mark).clone() });
    }
    let sensor: Vec<_> = marks.iter().filter(|mark| mark.kind == SeriesKind::Sensor).collect();
    for run in sensor.chunk_by(|one, next| next.time - one.time <= JOINED) {
        let points: Vec<_> = run.iter().map(|mark| place(mark.time, mark.value)).collect();
        canvas.draw(&PathElement::new(points, SENSOR.stroke_width(1))).map_err(failed)?;
    }
    if panel == Panel::Basal {
        let top = chart.y_range().end;
        for step in steps {
            let suspended = step.cause == Cause::Suspended;
            let (at, corner) = (place(step.from, step.rate), place(step.to, 0.0));
            let above = if suspended { place(step.from, top) } else { at };
            canvas.draw(&Rectangle::new([above, corner], fill(step.cause))).map_err(failed)?;
            let rate = thousandths(step.rate);
            if !suspended && corner.0 - at.0 >= width(&rate) {
                labels.add((i32::midpoint(at.0, corner.0), at.1), rate);
            }
            tips.push(Tip { at, mark: mark_of(step) });
        }
        for run in steps.chunk_by(|one, next| one.to == next.from) {
            let corners =
                run.iter().flat_map(|step| [place(step.from, step.rate), place(step.to, step.rate)]);
            let line = PathElement::new(corners.collect::<Vec<_>>(), BASAL.stroke_width(2));
            canvas.draw(&line).map_err(failed)?;
        }
    }
    labels.write(canvas)
}

/// Pumps give basal insulin in steps of 0.025 U/h.
fn thousandths(rate: f64) -> String {
    ((rate * 1000.0).round() / 1000.0).to_string()
}

fn mark_of(step: &Step) -> Mark {
    let cause = match step.cause {
        Cause::Profile => "basal",
        Cause::Temporary => "temporary basal",
        Cause::Suspended => "suspended, basal",
    };
    let words = format!("{cause} {} U/h until {}", thousandths(step.rate), moment(step.to));
    Mark { kind: SeriesKind::Basal, time: step.from, end: step.to, value: step.rate, words }
}

/// Pixels that a label needs.
fn width(text: &str) -> i32 {
    i32::try_from(text.len()).unwrap_or(i32::MAX / 16) * 9
}

/// Numbers above marks, written where there is room.
#[derive(Default)]
struct Labels {
    taken: Vec<[(i32, i32); 2]>,
    labels: Vec<((i32, i32), String)>,
}

impl Labels {
    fn add(&mut self, at: (i32, i32), text: String) {
        self.labels.push((at, text));
    }

    fn write(mut self, canvas: &Area<'_>) -> Result<()> {
        let style = font(13, TEXT).pos(Pos::new(HPos::Center, VPos::Bottom));
        for ((x, y), text) in self.labels {
            let half = width(&text) / 2;
            let place = [(x - half, y - 18), (x + half, y - 2)];
            let meets = |[(left, top), (right, bottom)]: &[(i32, i32); 2]| {
                *left < place[1].0 && place[0].0 < *right && *top < place[1].1 && place[0].1 < *bottom
            };
            if !self.taken.iter().any(meets) {
                self.taken.push(place);
                canvas.draw_text(&text, &style, (x, y - 4)).map_err(failed)?;
            }
        }
        Ok(())
    }
}
