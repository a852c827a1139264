// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the verdicts of an audit. Out: the verdict in one line each, and below it the types and events that it rests on.

use super::absent::Absent;
use super::judge::{Judgement, Verdict, WORDS};
use crate::terminal::{BAD, DIM, GOOD, Look, OPEN, PLAIN};
use anstyle::Style;
use anyhow::Result;
use std::io::Write;

/// How each verdict is coloured, in the order of [`WORDS`].
const STYLES: [Style; WORDS.len()] = [GOOD, OPEN, BAD, BAD, BAD, PLAIN];

/// Writes the verdict first; then, unless only the `summary` is wanted, what it rests on.
pub(super) fn write(
    judgement: &Judgement<'_>,
    summary: bool,
    look: Look,
    out: &mut impl Write,
) -> Result<()> {
    verdict(judgement, look, out)?;
    if summary {
        return Ok(());
    }
    table(judgement, out)?;
    for verdict in &judgement.verdicts {
        if !matches!(verdict, Verdict::Agrees(..) | Verdict::NotJudged(..)) {
            event(verdict, look, out)?;
        }
    }
    Ok(())
}

fn verdict(judgement: &Judgement<'_>, look: Look, out: &mut impl Write) -> Result<()> {
    let Judgement { first, last, pumps, .. } = judgement;
    let whose = if pumps.is_empty() { String::new() } else { format!("{}: ", pumps.join("; ")) };
    writeln!(out, "{whose}judged from {first} to {last}\n")?;
    let unread = match judgement.unread() {
        0 => String::new(),
        unread => format!(" ({unread} of them perhaps in bytes that cannot be read)"),
    };
    let told = [
        "as in the export: time, type and every value".to_owned(),
        "as in the export, as far as the capture tells".to_owned(),
        "a value is another than in the export".to_owned(),
        format!("in the export, and not in the capture, which should have them{unread}"),
        "in the capture, and not in the export, which should have them".to_owned(),
        "the other side cannot have them:".to_owned(),
    ];
    let names = ["agree", "not known", "differ", "missing", "only ours", "not judged"];
    for (((name, count), words), style) in names.iter().zip(judgement.counts()).zip(told).zip(STYLES) {
        let style = if count == 0 { DIM } else { style };
        let head = format!("{name:10} {count:>7}  ");
        writeln!(out, "{}", look.line([(style, head.as_str()), (PLAIN, &words)]))?;
    }
    for (why, count) in judgement.absent() {
        let line = format!("{:10} {count:>7}    {}", "", reason(why));
        writeln!(out, "{}", look.line([(DIM, line.as_str())]))?;
    }
    Ok(())
}

const fn reason(absent: Absent) -> &'static str {
    match absent {
        Absent::OtherDownload => "settings of other downloads (Current... rows)",
        Absent::SensorPages => "on sensor pages that are not here",
        Absent::HistoryPages => "on history pages, of which none is here",
        Absent::Older => "older than the oldest history page",
        Absent::Gap => "in a gap between history pages",
        Absent::Newer => "newer than the last record",
        Absent::OtherPump => "of other devices of the export",
        Absent::OutsideExport => "of the capture, before the first or after the last row of the export",
        Absent::NoDownload => "of the capture, settings at times when the vendor's program read none",
    }
}

fn table(judgement: &Judgement<'_>, out: &mut impl Write) -> Result<()> {
    let [agrees, open, differs, missing, ours, not] = WORDS;
    writeln!(out, "\n{:34}{agrees:>10}{open:>11}{differs:>10}{missing:>10}{ours:>11}{not:>12}", "type")?;
    for (kind, [agrees, open, differs, missing, ours, not]) in judgement.table() {
        writeln!(out, "{kind:34}{agrees:>10}{open:>11}{differs:>10}{missing:>10}{ours:>11}{not:>12}")?;
    }
    Ok(())
}

fn event(verdict: &Verdict<'_>, look: Look, out: &mut impl Write) -> Result<()> {
    let ((time, kind), (official, found)) = (verdict.event(), verdict.sides());
    let time = time.map(|time| time.to_string()).unwrap_or_default();
    let keys = verdict.keys();
    let keys = if keys.is_empty() { String::new() } else { format!(": {}", keys.join(", ")) };
    let (head, style) = (format!("{time} {kind}: "), STYLES[verdict.column()]);
    writeln!(out, "\n{}", look.line([(PLAIN, head.as_str()), (style, verdict.word()), (PLAIN, &keys)]))?;
    let mut side = |line: String| writeln!(out, "{}", look.line([(PLAIN, line.as_str())]));
    if let Some(official) = official {
        side(format!("  export, line {}: {}", official.line, official.text))?;
    }
    if let Some(found) = found {
        let place = found.frame.map(|frame| format!(", frame {frame}")).unwrap_or_default();
        side(format!("  capture{place}: {}", found.event))?;
    }
    Ok(())
}
