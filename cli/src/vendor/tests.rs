// SPDX-License-Identifier: GPL-2.0-or-later
//! In: exports of invented events, by the habits of several countries. Out: proof that all read alike.

use super::*;

fn summary(bytes: &[u8], dates: Option<Dates>) -> Result<Vec<String>> {
    let export = read(bytes, dates)?;
    Ok(export.events.iter().map(|row| format!("{} {} {}", row.line, row.event.time, row.event)).collect())
}

const AMERICAN: &str = "LAST NAME,X\r\n,,\r\nIndex,Date,Time,Timestamp,New Device Time,Raw-Type,Raw-Values,Raw-Device Type\r\n\
    1,8/9/11,21:18:00,8/9/11 21:18:00,,BolusNormal,\"AMOUNT=2.5, ENABLE=true, PROGRAMMED_AMOUNT=3\",Paradigm 522\r\n\
    2,8/29/11,09:27:05,8/29/11 09:27:05,8/29/11 10:27:05,Rewind,,Paradigm 522\r\n";

fn expected() -> Vec<String> {
    vec![
        "4 2011-08-09T21:18:00 AMOUNT=2.5, ENABLE=true, PROGRAMMED_AMOUNT=3".into(),
        "5 2011-08-29T09:27:05 ".into(),
    ]
}

#[test]
fn exports_of_all_countries_read_alike() {
    let german = "NACHNAME;X\n;;\nIndex;Datum;Uhrzeit;Zeitstempel;Neue Gerätezeit;Raw-Type;Raw-Values;Raw-Device Type\n\
        1;09.08.2011;21:18:00;09.08.2011 21:18:00;;BolusNormal;\"AMOUNT=2,5, ENABLE=true, PROGRAMMED_AMOUNT=3\";Paradigm 522\n\
        2;29.08.2011;09:27:05;29.08.2011 09:27:05;29.08.2011 10:27:05;Rewind;;Paradigm 522\n";
    let tabs = german.replace(';', "\t");
    let dashed = german.replace(".08.2011", "-8-11").replace("09-8-11", "9-8-11");
    let twelve = AMERICAN.replace("21:18:00", "9:18:00 PM").replace("09:27:05", "9:27:05 AM");
    let close = AMERICAN.replace(", ENABLE", ",ENABLE");
    for (what, text) in [
        ("American", AMERICAN),
        ("German", german),
        ("tabs", &tabs),
        ("dashes", &dashed),
        ("12 hours", &twelve),
        ("no blanks", &close),
    ] {
        assert_eq!(summary(text.as_bytes(), None).ok(), Some(expected()), "{what}");
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(summary(&wide, None).ok(), Some(expected()), "{what}, UTF-16 without a mark");
        let marked: Vec<u8> =
            [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        assert_eq!(summary(&marked, None).ok(), Some(expected()), "{what}, UTF-16");
        let (latin, ..) = WINDOWS_1252.encode(text);
        assert_eq!(summary(&latin, None).ok(), Some(expected()), "{what}, one byte a letter");
    }
}

#[test]
fn other_sections_are_stepped_over() {
    let more = "\r\nTime Changes\r\nDevice,Old Time,New Time\r\nParadigm 522,8/29/11 09:27:05,8/29/11 10:27:05\r\n\
        Index,Date,Time,Raw-Type,Raw-Values\r\n3,8/30/11,1:00,Rewind,\r\n";
    let rows = summary([AMERICAN, more].concat().as_bytes(), None).unwrap_or_default();
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert_eq!(rows[2], "11 2011-08-30T01:00:00 ");
}

#[test]
fn an_order_that_the_dates_leave_open_is_told() {
    let text = "Date,Time,Raw-Type,Raw-Values\n1/8/2009,9:27,Rewind,\n";
    let orders = |dates| read(text.as_bytes(), dates).map(|export| (export.dates, export.others)).ok();
    assert_eq!(orders(None), Some((Dates::Mdy, vec![Dates::Dmy])));
    assert_eq!(orders(Some(Dates::Dmy)), Some((Dates::Dmy, vec![])));
}

#[test]
fn names_since_2015_are_read_as_those_before() {
    let row = |kind: &str, values: &str| {
        let text = format!("Date,Time,Raw-Type,Raw-Values\n8/29/16,9:27,{kind},\"{values}\"\n");
        read(text.as_bytes(), None).map(|export| export.events[0].event.clone()).ok()
    };
    let (until, since) = (
        row("ChangeSuspendEnable", "ENABLE=a, PRE_ENABLE=b"),
        row("ChangeSuspendState", "STATE=a, PRESTATE=b"),
    );
    assert!(until.is_some());
    assert_eq!(until, since);
}

#[test]
fn bad_exports_are_refused() {
    assert!(read(b"Index,Date,Time\n1,2,3\n", None).is_err(), "no columns");
    let rows = |day: &str, time: &str| {
        format!(
            "Date;Time;Raw-Type;Raw-Values\n1.2.2014;9:27;Rewind;\n1.2.2014;9:28;Rewind;\n{day};{time};Rewind;\n"
        )
    };
    assert!(read(rows("1.2.2014", "9:27 PM").as_bytes(), None).is_ok());
    for (day, time) in [("1.2", "9:27"), ("40.40.2014", "9:27"), ("1.2.2014", "25:00"), ("1.2.2014", "noon")]
    {
        assert!(read(rows(day, time).as_bytes(), None).is_err(), "{day} {time}");
    }
}

#[test]
fn a_line_that_no_export_has_is_refused() {
    let export = format!("patient\n{}\n", ";".repeat(LONGEST + 1));
    let refused = read(export.as_bytes(), None).map_err(|error| error.to_string());
    assert!(refused.is_err_and(|message| message.starts_with("line 2 has 1048577 bytes")));
}
