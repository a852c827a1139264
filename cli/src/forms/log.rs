// SPDX-License-Identifier: GPL-2.0-or-later
//! In: lines of the log of Loop and RileyLink, with pages in them. Out: the pages, with their numbers.

use super::{Content, Piece};
use crate::page::Kind;
use anyhow::{Context as _, Result, bail};

/// `HistoryPage 00 - (bytes 000-255): 7b14...`, four lines to a page.
pub(super) fn history_page(text: &str) -> Option<Result<Content>> {
    const MARK: &str = "HistoryPage ";
    let lines: Vec<_> =
        (1..).zip(text.lines()).filter_map(|(at, line)| Some((at, line.split_once(MARK)?.1))).collect();
    let content = || {
        let mut pieces: Vec<Piece> = Vec::new();
        for (at, line) in lines {
            let part = Part::of(line).with_context(|| {
                format!("line {at}: {MARK:?} is to be followed by the page's number, (bytes 000-255) and their digits")
            })?;
            let number = Some(part.page);
            if part.first == 0 {
                pieces.push(Piece { kind: Some(Kind::History), number, bytes: Vec::new() });
            }
            match pieces.last_mut() {
                Some(piece) if piece.number == number && piece.bytes.len() == part.first => {
                    piece.bytes.extend(part.bytes);
                }
                _ => bail!(
                    "line {at}: the bytes of history page {} before byte {} are missing",
                    part.page,
                    part.first
                ),
            }
        }
        Ok(Content { pieces, ..Content::default() })
    };
    text.contains("HistoryPage ").then(content)
}

/// A part of a page.
struct Part {
    page: u32,
    first: usize,
    bytes: Vec<u8>,
}

impl Part {
    /// `00 - (bytes 000-255): 7b14...`
    fn of(line: &str) -> Option<Self> {
        let (page, rest) = line.split_once(" - (bytes ")?;
        let (range, digits) = rest.split_once("): ")?;
        let (first, last) = range.split_once('-')?;
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        let bytes = hex::decode(digits.trim()).ok().filter(|bytes| first + bytes.len() == last + 1)?;
        Some(Self { page: page.trim().parse().ok()?, first, bytes })
    }
}

/// `Fetched page 0: <6d2f0505 ...>`: data as Apple's systems write it. A number stands before it, and the word glucose if
/// it is a page of the sensor.
pub(super) fn data(text: &str) -> Option<Result<Content>> {
    const CUT: &str = "{length = ";
    let mut pieces = Vec::new();
    for (at, line) in (1..).zip(text.lines()) {
        let Some((before, rest)) = line.split_once("page ") else { continue };
        let (number, data) = rest.split_once(':').unwrap_or((rest, ""));
        let Ok(number) = number.trim().parse() else { continue };
        if data.trim_start().starts_with(CUT) {
            let fault =
                anyhow::anyhow!("line {at}: the log has only the first and the last bytes of page {number}");
            return Some(Err(fault));
        }
        let Some(digits) = data.trim().strip_prefix('<').and_then(|data| data.strip_suffix('>')) else {
            continue;
        };
        let Ok(bytes) = hex::decode(digits.split_whitespace().collect::<String>()) else {
            return Some(Err(anyhow::anyhow!(
                "line {at}: what stands between < and > is not all hexadecimal digits"
            )));
        };
        let glucose = before.to_ascii_lowercase().contains("glucose");
        let kind = Some(if glucose { Kind::Glucose } else { Kind::History });
        pieces.push(Piece { kind, number: Some(number), bytes });
    }
    (!pieces.is_empty()).then(|| Ok(Content { pieces, ..Content::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(content: Option<Result<Content>>) -> Vec<(Option<Kind>, Option<u32>, Vec<u8>)> {
        let content = content.expect("it is of this form").expect("it is whole");
        content.pieces.into_iter().map(|piece| (piece.kind, piece.number, piece.bytes)).collect()
    }

    #[test]
    fn parts_of_a_page_are_put_together() {
        let log = "2017-05-01 12:00:00.1 Loop[1:2] HistoryPage 00 - (bytes 000-003): 7b140020\n\
                   2017-05-01 12:00:00.1 Loop[1:2] something else\n\
                   2017-05-01 12:00:00.1 Loop[1:2] HistoryPage 00 - (bytes 004-005): 0a0b\n\
                   2017-05-01 12:00:00.2 Loop[1:2] HistoryPage 01 - (bytes 000-001): 3300\n";
        let history = Some(Kind::History);
        let expected =
            [(history, Some(0), vec![0x7b, 0x14, 0, 0x20, 0x0a, 0x0b]), (history, Some(1), vec![0x33, 0])];
        assert_eq!(pieces(history_page(log)), expected);
        let fault =
            |log: &str| history_page(log).expect("of this form").expect_err("it lacks bytes").to_string();
        let lacks = fault(&log.replace("004-005", "006-007"));
        assert_eq!(lacks, "line 3: the bytes of history page 0 before byte 6 are missing");
        assert!(fault(&log.replace("0a0b", "0a")).starts_with("line 3: "));
        assert!(history_page("a page of history").is_none());
    }

    #[test]
    fn data_between_angles_is_a_page() {
        let log = "Loop[1] Fetched page 0: <6d2f0505 1e>\nFetched glucose page 17: <0102>\n";
        let expected = [
            (Some(Kind::History), Some(0), vec![0x6d, 0x2f, 5, 5, 0x1e]),
            (Some(Kind::Glucose), Some(17), vec![1, 2]),
        ];
        assert_eq!(pieces(data(log)), expected);
        let cut = "Fetched page 0: {length = 1024, bytes = 0x6d2f0505 1e0a ... 00000000 }";
        assert!(data(cut).is_some_and(|read| read.is_err()), "most bytes are not there");
        assert!(data("page 0: and so on").is_none());
    }
}
