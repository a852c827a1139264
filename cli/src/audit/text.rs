// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the verdicts of an audit. Out: the verdict in one line each, and below it the types and events that it rests on.

use super::absent::Absent;
use super::judge::{Judgement, Verdict, WORDS};
use anyhow::Result;
use std::io::Write;

/// Writes the verdict first; then, unless only the `summary` is wanted, what it rests on.
pub(super) fn write(judgement: &Judgement<'_>, summary: bool, out: &mut impl Write) -> Result<()> {
    verdict(judgement, out)?;
    if summary {
        return Ok(());
    }
    table(judgement, out)?;
    for verdict in &judgement.verdicts {
        if !matches!(verdict, Verdict::Agrees(..) | Verdict::NotJudged(..)) {
            event(verdict, out)?;
        }
    }
    Ok(())
}

fn verdict(judgement: &Judgement<'_>, out: &mut impl Write) -> Result<()> {
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
    for ((name, count), words) in names.iter().zip(judgement.counts()).zip(told) {
        writeln!(out, "{name:10} {count:>7}  {words}")?;
    }
    for (why, count) in judgement.absent() {
        writeln!(out, "{:10} {count:>7}    {}", "", reason(why))?;
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

fn event(verdict: &Verdict<'_>, out: &mut impl Write) -> Result<()> {
    let ((time, kind), (official, found)) = (verdict.event(), verdict.sides());
    let time = time.map(|time| time.to_string()).unwrap_or_default();
    let keys = verdict.keys();
    let keys = if keys.is_empty() { String::new() } else { format!(": {}", keys.join(", ")) };
    writeln!(out, "\n{time} {kind}: {}{keys}", verdict.word())?;
    if let Some(official) = official {
        writeln!(out, "  export, line {}: {}", official.line, official.text)?;
    }
    if let Some(found) = found {
        let place = found.frame.map(|frame| format!(", frame {frame}")).unwrap_or_default();
        writeln!(out, "  capture{place}: {}", found.event)?;
    }
    Ok(())
}
