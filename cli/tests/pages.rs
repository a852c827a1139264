// SPDX-License-Identifier: GPL-2.0-or-later
//! In: pages as people keep and paste them, made up here. Out: the events in them, and what is said of the rest.

use anyhow::Result;
use carelink_core::tree::crc::crc16;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

/// A page of these records, with its check value.
fn page(records: &str) -> Vec<u8> {
    let mut page = hex::decode(records.split_whitespace().collect::<String>()).expect("digits");
    page.resize(1022, 0);
    let crc = crc16(&page);
    page.extend(crc.to_be_bytes());
    page
}

/// What the program makes of files with these names and bytes.
struct Run {
    rows: Vec<Value>,
    said: String,
    code: Option<i32>,
}

fn events(options: &[&str], files: &[(&str, &[u8])]) -> Result<Run> {
    let folder = TempDir::new()?;
    let mut paths: Vec<PathBuf> = Vec::new();
    for (name, bytes) in files {
        paths.push(folder.path().join(name));
        fs::write(folder.path().join(name), bytes)?;
    }
    let mut program = Command::new(env!("CARGO_BIN_EXE_carelink"));
    let Output { status, stdout, stderr } =
        program.args(["events", "--format", "json"]).args(options).args(&paths).output()?;
    let mut rows: Vec<Value> =
        String::from_utf8(stdout)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    // The same page may lie in any file.
    rows.iter_mut().for_each(|row| row["file"] = Value::Null);
    Ok(Run { rows, said: String::from_utf8(stderr)?, code: status.code() })
}

impl Run {
    /// A column of all rows.
    fn column(&self, name: &str) -> Vec<String> {
        self.rows
            .iter()
            .map(|row| row[name].as_str().map_or_else(|| row[name].to_string(), str::to_owned))
            .collect()
    }
}

/// A rewind at second, minute and hour of a day.
fn rewind(second: u8, minute: u8, hour: u8, day: u8, month: u8, year: u8) -> String {
    let (high, low) = (month >> 2 << 6, month << 6);
    format!("2100{:02x}{:02x}{hour:02x}{day:02x}{year:02x}", second | high, minute | low)
}

/// An alarm of a battery that was out too long, when the clock is lost.
const LOST: &str = "0611050D 0040000107";

#[test]
fn a_clock_that_is_lost_amid_a_page_does_not_change_the_order() -> Result<()> {
    let records = [
        rewind(1, 0, 10, 5, 3, 16),
        LOST.to_owned(),
        rewind(2, 3, 0, 1, 1, 7),
        // From 2007 to 2016 by hand.
        "17000045000107 180000C00B0510".to_owned(),
        rewind(3, 0, 12, 5, 3, 16),
    ];
    let run = events(&["--model", "522"], &[("history-page-0.data", &page(&records.concat()))])?;
    let days: Vec<_> = run.column("time").iter().map(|time| time[..10].to_owned()).collect();
    assert_eq!(days, ["2016-03-05", "2007-01-01", "2007-01-01", "2007-01-01", "2016-03-05"], "{}", run.said);
    assert_eq!(run.column("seq"), ["0", "1", "2", "3", "4"]);
    assert_eq!(run.column("offset"), ["0", "7", "16", "23", "37"]);
    assert!(run.column("page").iter().all(|page| page == "history 0"));
    assert!(
        run.said.contains("history page 0, byte 7: the pump's clock goes back from 2016-03-05T10:00:01"),
        "{}",
        run.said
    );
    assert_eq!(run.code, Some(0));
    Ok(())
}

/// A clock that is set back by hand, however little, goes back; one that is set forward does not.
#[test]
fn a_clock_that_is_set_back_begins_anew() -> Result<()> {
    let records = |new: &str| {
        [rewind(1, 30, 10, 5, 3, 16), "170000DF0A0510".to_owned(), new.to_owned(), rewind(2, 5, 10, 5, 3, 16)]
            .concat()
    };
    let back = events(&["--model", "522"], &[("history-page-0.data", &page(&records("180000C00A0510")))])?;
    assert_eq!(back.column("type"), ["Rewind", "ChangeTime", "Rewind"]);
    assert!(back.said.contains("goes back from 2016-03-05T10:31:00 to 2016-03-05T10:00:00"), "{}", back.said);
    let forth = events(&["--model", "522"], &[("history-page-0.data", &page(&records("180000E00A0510")))])?;
    assert!(!forth.said.contains("from 2016-03-05T10:31:00"), "{}", forth.said);
    Ok(())
}

/// Sensitivity 35 before, 400 after, whose two high bits lie above its start.
#[test]
fn old_and_new_of_a_change_are_told_apart() -> Result<()> {
    let config = |sensitivity: &str, ratio: &str| {
        let head = format!("1511 00{ratio}{}", "0000".repeat(7));
        let rest = format!("{sensitivity}{} 00 5A 78 {}", "0000".repeat(7), "000000".repeat(7));
        head + &rest
    };
    let record = format!("5A0F 1CC6110110 {} {} 44", config("0023", "0A"), config("4090", "0C"));
    let run = events(&["--model", "522"], &[("history-page-3.data", &page(&record))])?;
    let of = |kind: &str, key: &str| -> Vec<(String, String)> {
        let rows = run.rows.iter().filter(|row| row["type"] == kind);
        let value = |row: &Value| {
            let values = row["values_text"].as_str().unwrap_or_default().to_owned();
            let value =
                values.split(", ").find_map(|pair| pair.strip_prefix(&format!("{key}="))).map(str::to_owned);
            (row["setting"].as_str().unwrap_or_default().to_owned(), value.unwrap_or_default())
        };
        let mut found: Vec<_> = rows.map(value).collect();
        found.sort();
        found
    };
    let pair =
        |old: &str, new: &str| vec![("new".to_owned(), new.to_owned()), ("old".to_owned(), old.to_owned())];
    assert_eq!(of("ChangeInsulinSensitivity", "AMOUNT"), pair("35", "400"), "{:?}", run.rows);
    assert_eq!(of("ChangeCarbRatio", "AMOUNT"), pair("10", "12"));
    assert_eq!(of("ChangeBolusWizardSetup", "ACTION_REQUESTOR")[0].0, "", "the change itself is both");
    Ok(())
}

const ESTIMATE: &str = "5B78 00400A0510 1E5014003C6400001E00000078";

/// Unabsorbed insulin whose estimate is the last record of the page before.
#[test]
fn what_belongs_to_a_record_on_another_page_is_joined_or_told() -> Result<()> {
    let newer = page(&format!("5C052864C4 {}", rewind(9, 0, 11, 5, 3, 16)));
    let older = page(&format!("{} {ESTIMATE}", rewind(9, 0, 9, 5, 3, 16)));
    let alone = events(&["--model", "522"], &[("history-page-0.data", &newer)])?;
    assert_eq!(alone.column("type"), ["Rewind"]);
    let told = "byte 0: Unabsorbed Insulin is not listed: it belongs to the end of the page before, which is not here";
    assert!(alone.said.contains(told), "{}", alone.said);
    let both =
        events(&["--model", "522"], &[("history-page-0.data", &newer), ("history-page-1.data", &older)])?;
    assert_eq!(both.column("type"), ["Rewind", "BolusWizardBolusEstimate", "UnabsorbedInsulin", "Rewind"]);
    assert_eq!(both.column("page"), ["history 1", "history 1", "history 0", "history 0"]);
    assert!(!both.said.contains("not listed"), "{}", both.said);
    // The duration of a temporary rate, too.
    let half = events(&["--model", "522"], &[("history-page-0.data", &page("1602 00400A0510"))])?;
    assert!(half.rows.is_empty() && half.said.contains("Temp Basal Duration is not listed"), "{}", half.said);
    let whole = events(&["--model", "522"], &[("history-page-0.data", &page("3328 00400A0510 00"))])?;
    assert!(
        whole.said.contains("Temp Basal is not told in full: the rest of it begins the next page"),
        "{}",
        whole.said
    );
    Ok(())
}

/// Sensor setup of a pump with low glucose suspend: four bytes longer than that of a 523.
fn latest() -> Vec<u8> {
    let config = "2101 28 0010 13 0020 01 010203 04B4 46 80 05 0A";
    let config = &config.replace(' ', "")[..34];
    page(&format!(
        "{} 5000 00400A0510 {config}{config} {}",
        rewind(1, 0, 9, 5, 3, 16),
        rewind(2, 0, 11, 5, 3, 16)
    ))
}

#[test]
fn no_row_comes_from_records_of_another_model() -> Result<()> {
    let bytes = latest();
    let right = events(&["--model", "551"], &[("history-page-0.data", &bytes)])?;
    assert_eq!(right.column("type").first().map(String::as_str), Some("Rewind"), "{}", right.said);
    assert_eq!((right.rows.len(), right.code), (5, Some(0)), "{:?}", right.rows);
    let wrong = events(&["--model", "523"], &[("history-page-0.data", &bytes)])?;
    assert!(wrong.rows.is_empty(), "{:?}", wrong.rows);
    assert!(wrong.said.contains("its records do not fit model 523, but a 551 or 554"), "{}", wrong.said);
    assert_eq!(wrong.code, Some(1));
    // A name that tells nothing leaves the bytes to tell it.
    let nameless = events(&["--model", "522"], &[("0.bin", &bytes)])?;
    let told = "by their CRC-16 the bytes are a good page, a history page of a 551 or 554, and its records do not fit model 522";
    assert!(nameless.said.contains(told), "{}", nameless.said);
    assert_eq!(nameless.code, Some(2));
    // Nobody need name the model.
    let untold = events(&[], &[("0.bin", &bytes)])?;
    assert_eq!(untold.column("values_text"), right.column("values_text"));
    assert!(
        untold.said.contains("no model is told; the records are those of a 551 or 554"),
        "{}",
        untold.said
    );
    Ok(())
}

/// What all models read alike needs no model; what they do not is not guessed.
#[test]
fn a_model_is_needed_only_where_it_makes_a_difference() -> Result<()> {
    let alike = events(&[], &[("0.bin", &page(&rewind(1, 0, 9, 5, 3, 16)))])?;
    assert_eq!((alike.column("type"), alike.code), (vec!["Rewind".to_owned()], Some(0)), "{}", alike.said);
    // 2.5 U on a small pump, another amount on a large one.
    let open = events(&[], &[("0.bin", &page("2419 00400A0510"))])?;
    assert!(
        open.rows.is_empty() && open.said.contains("no model is told, and records of a "),
        "{}",
        open.said
    );
    assert_eq!(open.code, Some(1));
    let empty = events(&[], &[("0.bin", &page(""))])?;
    assert!(empty.said.contains("an empty page of any kind"), "{}", empty.said);
    Ok(())
}

/// Pages without numbers are told apart by their place in the file.
#[test]
fn several_pages_in_a_file_are_told_apart() -> Result<()> {
    let both = [page(&rewind(1, 0, 9, 5, 3, 16)), page(&rewind(2, 0, 9, 6, 3, 16))].concat();
    let run = events(&["--model", "522"], &[("0.txt", hex::encode(&both).as_bytes())])?;
    let pages: Vec<_> =
        run.column("page").iter().filter_map(|page| Some(page.split_once("0.txt, ")?.1.to_owned())).collect();
    assert_eq!(pages, ["page 1 of it", "page 2 of it"], "{:?}", run.rows);
    let numbered = events(&["--model", "522"], &[("history-page-4-5.txt", hex::encode(&both).as_bytes())])?;
    assert_eq!(numbered.column("page"), ["history 5", "history 4"], "a higher number is older");
    Ok(())
}

/// A record that no model has: what is before it stays, unless models differ in the length of the one just before it.
#[test]
fn what_lies_before_a_break_is_kept_if_it_is_sure() -> Result<()> {
    let broken =
        |before: &str| page(&format!("{} {before} FF00 {}", rewind(1, 0, 9, 5, 3, 16), "11".repeat(300)));
    let sure = events(&["--model", "522"], &[("history-page-0.data", &broken(&rewind(2, 0, 10, 5, 3, 16)))])?;
    assert_eq!(sure.column("type"), ["Rewind", "Rewind"]);
    assert!(sure.said.contains("history page 0 is not understood from byte 14 on"), "{}", sure.said);
    let doubtful = events(&["--model", "522"], &[("history-page-0.data", &broken("010A0A00 00400A5010"))])?;
    assert_eq!(doubtful.column("type"), ["Rewind"]);
    assert!(doubtful.said.contains("history page 0 is not understood from byte 7 on"), "{}", doubtful.said);
    assert_eq!(doubtful.code, Some(1));
    Ok(())
}

/// The same page in each form reads alike; without a check value it is read with a warning.
#[test]
fn forms_in_which_people_paste_pages_read_alike() -> Result<()> {
    let bytes = latest();
    let expected = events(&["--model", "554"], &[("history-page-0.data", &bytes)])?;
    assert!(!expected.rows.is_empty());
    let lines = |per: usize, line: &dyn Fn(usize, &[u8]) -> String| -> String {
        bytes.chunks(per).enumerate().map(|(at, part)| line(at * per, part)).collect()
    };
    let letters = |part: &[u8]| -> String {
        part.iter().map(|&byte| if byte.is_ascii_graphic() { char::from(byte) } else { '.' }).collect()
    };
    let spaced = |part: &[u8], prefix: &str, sign: &str| -> String {
        part.iter().map(|byte| format!("{prefix}{byte:02x}")).collect::<Vec<_>>().join(sign)
    };
    let groups = |part: &[u8], per: usize| part.chunks(per).map(hex::encode).collect::<Vec<_>>().join(" ");
    let words = |part: &[u8]| -> String {
        part.chunks(2).map(|pair| format!(" {:02x}{:02x}", pair[1], pair[0])).collect()
    };
    // With stars for lines that are the same, as hexdump has them.
    let mut canonical = String::new();
    let mut last: Option<&[u8]> = None;
    for (at, part) in bytes.chunks(16).enumerate() {
        if last == Some(part) {
            if !canonical.ends_with("*\n") {
                canonical += "*\n";
            }
        } else {
            canonical += &format!(
                "{:08x}  {}  {}  |{}|\n",
                at * 16,
                spaced(&part[..8], "", " "),
                spaced(&part[8..], "", " "),
                letters(part)
            );
        }
        last = Some(part);
    }
    canonical += "00000400\n";
    assert!(canonical.contains("*\n"), "{canonical}");
    let forms = [
        ("xxd", lines(16, &|at, part| format!("{at:08x}: {}  {}\n", groups(part, 2), letters(part)))),
        ("hexdump -C", canonical),
        ("hexdump", lines(16, &|at, part| format!("{at:07x}{}\n", words(part))) + "0000400\n"),
        ("od", lines(16, &|at, part| format!("{at:07o} {}\n", spaced(part, "", " "))) + "0002000\n"),
        (
            "decocare",
            lines(8, &|at, part| format!("    {at:04X}   {}   {}\n", spaced(part, "0x", " "), letters(part))),
        ),
        (
            "Loop",
            lines(256, &|at, part| {
                format!(
                    "2017-05-01 Loop[1:2] HistoryPage 00 - (bytes {at:03}-{:03}): {}\n",
                    at + 255,
                    hex::encode(part)
                )
            }),
        ),
        ("Fetched", format!("2017-05-01 Loop[1:2] Fetched page 0: <{}>\n", groups(&bytes, 4))),
        ("list", spaced(&bytes, "0x", ", ")),
        ("C", format!("unsigned char page[1024] = {{\n{}\n}};\n", spaced(&bytes, "0x", ", "))),
        ("JSON", format!("{bytes:?}")),
        ("digits", hex::encode(&bytes)),
    ];
    for (form, text) in &forms {
        let run = events(&["--model", "554"], &[("history-page-0.txt", text.as_bytes())])?;
        assert_eq!((run.rows, run.code), (expected.rows.clone(), Some(0)), "{form}: {}", run.said);
    }
    let wide: Vec<u8> = bytes.iter().flat_map(|&byte| u32::from(byte).to_le_bytes()).collect();
    let run = events(&["--model", "554"], &[("history-page-0.bin", &wide)])?;
    assert_eq!((run.rows, run.code), (expected.rows.clone(), Some(0)), "32 bits: {}", run.said);
    let bare = events(&["--model", "554"], &[("history-page-0.data", &bytes[..1022])])?;
    assert_eq!((bare.rows, bare.code), (expected.rows, Some(1)));
    assert!(
        bare.said.contains("history page 0 has no CRC-16: nothing vouches for its records"),
        "{}",
        bare.said
    );
    Ok(())
}

#[test]
fn a_damaged_dump_is_told_by_its_line() -> Result<()> {
    let dump: String = latest()
        .chunks(16)
        .enumerate()
        .filter(|(at, _)| *at != 5)
        .map(|(at, part)| format!("{:08x}: {}\n", at * 16, hex::encode(part)))
        .collect();
    let run = events(&["--model", "554"], &[("history-page-0.txt", dump.as_bytes())])?;
    assert!(run.rows.is_empty());
    let told = "history-page-0.txt: line 6 of the dump begins at byte 96, where byte 80 is to come";
    assert!(run.said.contains(told), "{}", run.said);
    let words = events(&["--model", "554"], &[("notes.txt", b"Remember the milk.\n")])?;
    assert!(words.said.contains("text in no form that pages are kept in here"), "{}", words.said);
    assert_eq!((run.code, words.code), (Some(2), Some(2)));
    Ok(())
}
