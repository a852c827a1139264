// SPDX-License-Identifier: GPL-2.0-or-later
//! In: captures, whole and spoilt, and exports made of their events. Out: proof that what should be there is missed, and that
//! only what cannot be there is excused.

use anyhow::{Context as _, Result};
use carelink_samples::files::sample;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const HEAD: &str = "time\ttype\tvalues\tpump\n";

fn run(arguments: &[&str], files: &[&Path]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_carelink"));
    program.args(arguments).args(files).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The events of a capture as the rows of an export, without the head.
fn rows(capture: &Path) -> Result<Vec<String>> {
    let output = run(&["events", "--format", "json"], &[capture]);
    let row = |line: &str| {
        let row: Value = serde_json::from_str(line)?;
        let cells = ["time", "type", "values_text", "device"]
            .map(|key| row[key].as_str().unwrap_or_default().to_owned());
        Ok(cells.join("\t"))
    };
    text(&output.stdout).lines().map(row).collect()
}

/// Audits a capture against rows: how it ends, the summary, and the other lines.
fn audit(capture: &Path, rows: &[String]) -> Result<(Option<i32>, Value, Vec<Value>)> {
    let folder = tempfile::tempdir()?;
    let export = folder.path().join("export.tsv");
    fs::write(&export, HEAD.to_owned() + &rows.join("\n") + "\n")?;
    let output = run(&["audit", "--format", "json"], &[capture, &export]);
    let mut lines = text(&output.stdout)
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<Vec<Value>, _>>()?
        .into_iter();
    let summary = lines.next().with_context(|| text(&output.stderr))?;
    Ok((output.status.code(), summary, lines.collect()))
}

/// How often each verdict comes, with its reason.
fn verdicts(lines: &[Value]) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    for line in lines {
        let word = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        *counts.entry((word("verdict"), word("reason"))).or_default() += 1;
    }
    counts
}

#[test]
fn what_cannot_be_in_the_capture_is_not_judged_and_told_by_its_reason() -> Result<()> {
    let capture = sample("11");
    let mut all = rows(&capture)?;
    let count = all.len();
    all.extend(
        [
            "2001-01-01T00:00:00\tRewind\tACTION_REQUESTOR=pump\tParadigm 522",
            "2041-01-01T00:00:00\tRewind\tACTION_REQUESTOR=pump\tParadigm 522",
            "2041-01-01T00:00:00\tCurrentPumpModelNumber\tMODEL_NUMBER=522\tParadigm 522",
            "2026-01-01T00:00:00\tGlucoseSensorData\tAMOUNT=100\tParadigm 522",
            "2026-01-01T00:00:00\tRewind\tACTION_REQUESTOR=pump\tParadigm Revel - 723",
        ]
        .map(str::to_owned),
    );
    let (code, summary, lines) = audit(&capture, &all)?;
    assert_eq!(code, Some(0), "{:?}", verdicts(&lines));
    let told = |verdict: &str, reason: &str| (verdict.to_owned(), reason.to_owned());
    let expected = [
        (told("agrees", ""), count),
        (told("not judged", "another pump"), 1),
        (told("not judged", "newer than the last record"), 1),
        (told("not judged", "older than the oldest page"), 1),
        (told("not judged", "sensor pages that are not here"), 1),
        (told("not judged", "settings of another download"), 1),
    ];
    assert_eq!(verdicts(&lines), BTreeMap::from(expected));
    assert_eq!(summary["counts"]["agrees"], count);
    assert_eq!(summary["counts"]["not_judged"], 5);
    assert_eq!(summary["not_judged_by_reason"]["another pump"], 1);
    Ok(())
}

#[test]
fn a_row_among_the_records_is_missing_and_another_value_differs() -> Result<()> {
    let capture = sample("11");
    let mut all = rows(&capture)?;
    let (code, _, lines) = audit(&capture, &all)?;
    assert_eq!((code, verdicts(&lines).len()), (Some(0), 1));
    // A time that the pages span, of a type that history has, and of one that nobody knows.
    let times: Vec<_> = lines.iter().filter_map(|line| line["time"].as_str()).collect();
    let middle = times[times.len() / 2].to_owned();
    all.push(format!("{middle}\tSelfTest\tACTION_REQUESTOR=pump\tParadigm 522"));
    all.push(format!("{middle}\tSomethingNew\tAMOUNT=1\tParadigm 522"));
    let spoilt = all.iter().position(|row| row.contains("PROGRAMMED_AMOUNT=")).context("a dose")?;
    all[spoilt] = all[spoilt].replace("PROGRAMMED_AMOUNT=", "PROGRAMMED_AMOUNT=7");
    let (code, summary, lines) = audit(&capture, &all)?;
    assert_eq!(code, Some(1));
    let of = |verdict: &str| lines.iter().filter(|line| line["verdict"] == verdict).collect::<Vec<_>>();
    assert_eq!(of("missing").len(), 2, "{:?}", verdicts(&lines));
    assert_eq!(of("differs").len(), 1);
    assert_eq!(of("differs")[0]["keys"], serde_json::json!(["PROGRAMMED_AMOUNT"]));
    assert_eq!(summary["counts"]["missing"], 2);

    // What only the capture has is a difference, too.
    let fewer = &rows(&capture)?[1..];
    let first = rows(&capture)?[0].replacen("20", "19", 1);
    let with_earlier: Vec<_> = fewer.iter().cloned().chain([first]).collect();
    let (code, summary, _) = audit(&capture, &with_earlier)?;
    assert_eq!((code, &summary["counts"]["only_ours"]), (Some(1), &1.into()));
    Ok(())
}

/// Copies a capture with one byte of it changed: the last of `part`, where it comes first.
fn spoil(capture: &Path, part: &[u8], to: &Path) -> Result<()> {
    let mut bytes = fs::read(capture)?;
    let at = bytes.windows(part.len()).position(|window| window == part).context("the part is there")?;
    bytes[at + part.len() - 1] ^= 0x55;
    fs::write(to, bytes)?;
    Ok(())
}

/// Page by page and part by part: whatever comes damaged, none of its rows is excused.
#[test]
fn rows_of_a_damaged_page_are_missing() -> Result<()> {
    let real = carelink_recordings::path("captures/578398-status.pcapng");
    for capture in [Some(sample("11")), real].into_iter().flatten() {
        let all = rows(&capture)?;
        let (_, before, _) = audit(&capture, &all)?;
        let folder = tempfile::tempdir()?;
        let pages = folder.path().join("pages");
        let output = run(&["pages", "-o", pages.to_str().context("a path")?], &[&capture]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let mut damaged = 0;
        for page in fs::read_dir(&pages)? {
            let page = page?.path();
            if !page.to_string_lossy().contains("history") {
                continue;
            }
            let bytes = fs::read(&page)?;
            let spoilt = folder.path().join("spoilt.pcapng");
            spoil(&capture, &bytes[64..96], &spoilt)?;
            let (code, after, lines) = audit(&spoilt, &all)?;
            let agree = |summary: &Value| summary["counts"]["agrees"].as_u64().unwrap_or_default();
            let lost = agree(&before) - agree(&after);
            damaged += usize::from(lost > 0);
            assert!(lost == 0 || code == Some(1), "{}: {lost} rows are lost", page.display());
            // What a record tells together with one on the lost page is not known.
            let told =
                ["missing", "not_known"].map(|verdict| after["counts"][verdict].as_u64().unwrap_or_default());
            assert_eq!(told[0] + told[1], lost, "{}: {:?}", page.display(), verdicts(&lines));
            assert!(told[1] < 3, "{}: {:?}", page.display(), verdicts(&lines));
            assert_eq!(after["counts"]["differs"], 0);
            assert!(lost == 0 || after["missing_unread"].as_u64() > Some(0), "{}", page.display());
        }
        assert!(damaged > 0, "{}: some page was lost", capture.display());
    }
    Ok(())
}

/// Wherever a byte is another, in packets or between them: what is lost by it is missing, or the damage is told.
#[test]
fn no_changed_byte_excuses_a_row() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for start in ["11", "14"] {
        let capture = sample(start);
        let (all, whole) = (rows(&capture)?, fs::read(&capture)?);
        let (mut harmed, spoilt) = (0, folder.path().join("spoilt.pcapng"));
        for at in (300..whole.len()).step_by(whole.len() / 60) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            fs::write(&spoilt, bytes)?;
            // Where nothing at all can be read, there is nothing to judge.
            let Ok((code, summary, lines)) = audit(&spoilt, &all) else { continue };
            let excused = |line: &&Value| line["verdict"] == "not judged" && line["export_line"].is_u64();
            assert_eq!(lines.iter().find(excused), None, "{start}, byte {at}");
            let count = |verdict: &str| summary["counts"][verdict].as_u64().unwrap_or_default();
            let lost = count("missing") + count("differs");
            assert!(lost == 0 || code != Some(0), "{start}, byte {at}");
            assert_eq!(count("agrees") + count("not_known") + lost, all.len() as u64, "{start}, byte {at}");
            harmed += usize::from(lost > 0);
        }
        assert!(harmed > 2, "{start}: {harmed} of the changes lose something");
    }
    Ok(())
}

#[test]
fn an_export_of_another_pump_is_refused() -> Result<()> {
    let capture = sample("11");
    let folder = tempfile::tempdir()?;
    let export = folder.path().join("export.csv");
    let all = rows(&capture)?;
    let other = all.iter().map(|row| row.replace("Paradigm 522", "Paradigm Revel - 723")).collect::<Vec<_>>();
    fs::write(&export, HEAD.to_owned() + &other.join("\n") + "\n")?;
    let output = run(&["audit"], &[&capture, &export]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(
        said.contains("another pump") && said.contains("Revel - 723") && said.contains("--device"),
        "{said}"
    );
    let forced = run(&["audit", "--summary", "--device", "Paradigm Revel - 723"], &[&capture, &export]);
    assert_eq!(forced.status.code(), Some(0), "{}", text(&forced.stderr));
    let unknown = run(&["audit", "--device", "Nobody's"], &[&capture, &export]);
    assert_eq!(unknown.status.code(), Some(2));

    // The head of an export names the serial number.
    let listed = text(&run(&["list", "--format", "json"], &[&capture]).stdout);
    let serial = listed
        .lines()
        .find_map(|line| serde_json::from_str::<Value>(line).ok()?["pump"].as_str().map(str::to_owned));
    let serial = serial.context("a pump")?;
    let rest = HEAD.to_owned() + &all.join("\n") + "\n";
    for (number, code) in [(serial.as_str(), 0), ("999999", 2)] {
        let meter = "Meter:\tLinked Meter\t#111111\t\t\n";
        fs::write(&export, format!("{meter}Pump:\tParadigm 522\t#{number}\tVER 2.4A1.1\t\n{rest}"))?;
        let output = run(&["audit"], &[&capture, &export]);
        assert_eq!(output.status.code(), Some(code), "{number}: {}", text(&output.stderr));
    }
    Ok(())
}

/// Two pumps, whose pages span other times: what one of them lacks is not excused, nor missed, for the other one's pages.
#[test]
fn each_pump_is_judged_by_its_own_pages() -> Result<()> {
    let captures = [sample("11"), sample("15")];
    let of = [rows(&captures[0])?, rows(&captures[1])?];
    let device = |rows: &[String]| rows[0].rsplit('\t').next().unwrap_or_default().to_owned();
    let devices = [device(&of[0]), device(&of[1])];
    assert_ne!(devices[0], devices[1]);
    let folder = tempfile::tempdir()?;
    let export = folder.path().join("export.tsv");
    let audit = |rows: &[String]| -> Result<(Option<i32>, Value)> {
        fs::write(&export, HEAD.to_owned() + &rows.join("\n") + "\n")?;
        let files = [&captures[0], &captures[1], &export].map(PathBuf::as_path);
        let output = run(&["audit", "--summary", "--format", "json"], &files);
        Ok((output.status.code(), serde_json::from_str(&text(&output.stdout))?))
    };
    let both = of.concat();
    let (code, summary) = audit(&both)?;
    assert_eq!((code, &summary["counts"]["agrees"]), (Some(0), &both.len().into()), "{summary}");
    // Each event of one pump as a row of the other: nothing of it agrees.
    let swapped: Vec<_> =
        of[0].iter().map(|row| row.replace(&devices[0], &devices[1])).chain(of[1].iter().cloned()).collect();
    let (_, summary) = audit(&swapped)?;
    assert_eq!(summary["counts"]["agrees"], of[1].len(), "{summary}");
    Ok(())
}

#[test]
fn the_verdict_comes_first_and_alone_if_wished() -> Result<()> {
    let capture = sample("11");
    let folder = tempfile::tempdir()?;
    let export = folder.path().join("export.tsv");
    fs::write(&export, HEAD.to_owned() + &rows(&capture)?.join("\n") + "\n")?;
    let told = |arguments: &[&str]| text(&run(arguments, &[&capture, &export]).stdout);
    let (short, long) = (told(&["audit", "--summary"]), told(&["audit"]));
    assert!(long.starts_with(&short) && long.len() > short.len());
    for word in ["agree ", "not known ", "differ ", "missing ", "only ours ", "not judged "] {
        let lines = short.lines().filter(|line| line.starts_with(word)).count();
        assert_eq!(lines, 1, "{word}: {short}");
    }
    let table = told(&["audit", "--summary", "--format", "csv"]);
    assert!(
        table.starts_with("verdict,reason,count\nagrees,,") && table.contains("\nmissing,,0\n"),
        "{table}"
    );
    // The same capture twice tells nothing else.
    let twice = run(&["audit", "--summary"], &[&capture, &capture, &export]);
    assert_eq!(text(&twice.stdout), short, "{}", text(&twice.stderr));
    Ok(())
}
