// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing but digits, hexadecimal or of base64. Out: the bytes that they stand for.

use super::{Content, sized};
use anyhow::Result;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// Signs between bytes: `7B-14-00`, `7b:14:00`.
const BETWEEN: [char; 2] = ['-', ':'];

pub(super) fn read(text: &str) -> Option<Result<Content>> {
    let text = text.trim();
    let text = text.strip_prefix("0x").unwrap_or(text);
    let tokens: Vec<_> = text.split(|c: char| c.is_whitespace() || BETWEEN.contains(&c)).collect();
    let whole = tokens.iter().all(|token| token.len().is_multiple_of(2));
    if let Some(bytes) = hex::decode(tokens.concat()).ok().filter(|bytes| whole && !bytes.is_empty()) {
        return Some(Ok(Content::of(bytes)));
    }
    let digits: String = text.split_whitespace().collect();
    let bytes = BASE64_STANDARD.decode(digits).ok().filter(|bytes| sized(bytes.len()))?;
    Some(Ok(Content::of(bytes)))
}

#[cfg(test)]
mod tests {
    use super::super::dump::bytes;
    use super::*;

    #[test]
    fn digits_stand_for_bytes() {
        for text in ["7b14 00\n20", "7B-14-00-20", "7b:14:00:20", "0x7b140020", "7b 14 00 20\r\n"] {
            assert_eq!(bytes(read(text)), [vec![0x7b, 0x14, 0, 0x20]], "{text}");
        }
        let page = vec![0x7b; 1024];
        assert_eq!(bytes(read(&BASE64_STANDARD.encode(&page))), [page]);
        for text in ["", "51 0 47", "words", "YWJjZA=="] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
