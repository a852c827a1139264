// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a file, compressed or not. Out: what it was before: gzip, xz, Zstandard, or a zip archive with one file.

use anyhow::{Context as _, Result, bail, ensure};
use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;
use std::io::{self, BufRead as _, BufReader, Cursor, Read};
use xz4rust::XzReader;
use zip::ZipArchive;

/// A source that other threads may read.
pub type Source = Box<dyn Read + Send>;

const GZIP: &[u8] = &[0x1f, 0x8b];
const XZ: &[u8] = &[0xfd, b'7', b'z', b'X', b'Z', 0];
const ZSTANDARD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const ZIP: &[u8] = b"PK\x03\x04";
/// The most bytes of a zip archive, and of the file in it: both are kept whole.
const LARGEST: u64 = 1 << 30;

/// Looks how `source` begins, and gives what it was before it was compressed.
///
/// # Errors
/// If it cannot be read, is a zip archive that does not hold one file, or more than 1 GiB of one.
pub fn open(mut source: Source) -> Result<Source> {
    let mut head = Vec::new();
    source.by_ref().take(XZ.len() as u64).read_to_end(&mut head)?;
    let begins = |magic| head.starts_with(magic);
    let (gzip, xz, zstandard, zip) = (begins(GZIP), begins(XZ), begins(ZSTANDARD), begins(ZIP));
    let whole: Source = Box::new(Cursor::new(head).chain(source));
    Ok(if gzip {
        Box::new(MultiGzDecoder::new(whole))
    } else if xz {
        Box::new(XzReader::new(whole))
    } else if zstandard {
        Box::new(Frames { source: Some(BufReader::new(whole)), frame: None })
    } else if zip {
        Box::new(Cursor::new(only_file(whole)?))
    } else {
        whole
    })
}

/// Frames of Zstandard, one after the other.
struct Frames {
    /// Between frames.
    source: Option<BufReader<Source>>,
    frame: Option<Box<StreamingDecoder<BufReader<Source>, ruzstd::decoding::FrameDecoder>>>,
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(frame) = &mut self.frame {
                let read = frame.read(buffer)?;
                if read > 0 {
                    return Ok(read);
                }
                self.source = self.frame.take().map(|frame| frame.into_inner());
            }
            let Some(mut source) = self.source.take() else { return Ok(0) };
            if source.fill_buf()?.is_empty() {
                return Ok(0);
            }
            let frame = StreamingDecoder::new(source).map_err(io::Error::other)?;
            self.frame = Some(Box::new(frame));
        }
    }
}

/// The one file in an archive. What macOS adds of its own does not count.
fn only_file(source: Source) -> Result<Vec<u8>> {
    let read = |source: &mut dyn Read| -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        source.take(LARGEST).read_to_end(&mut bytes).context("cannot be read to its end")?;
        ensure!((bytes.len() as u64) < LARGEST, "more than 1 GiB in a zip archive: unpack it first");
        Ok(bytes)
    };
    let mut source = source;
    let bytes = read(&mut source)?;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).context("a damaged zip archive")?;
    let mut files = Vec::new();
    for at in 0..archive.len() {
        let file = archive.by_index_raw(at).context("a damaged zip archive")?;
        if !file.is_dir() && !file.name().context("a damaged zip archive")?.starts_with("__MACOSX/") {
            files.push(at);
        }
    }
    let [at] = files[..] else {
        bail!("a zip archive of {} files: unpack it, and name the one that is meant", files.len());
    };
    let mut file = archive.by_index(at).context("cannot be unpacked from the zip archive")?;
    read(&mut file)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "out,04 00 00\nin,01 55\n";
    /// The same, packed by `xz`, `zstd` and `zip`.
    const XZ_FILE: &str = "fd377a585a000004e6d6b4460200210116000000742fe5a30100156f75742c30342030302030300a696e2c3031203535\
        0a000000015f1d64c99d6bf100012e16560955df1fb6f37d010000000004595a";
    const ZSTANDARD_FILE: &str = "28b52ffd2416b100006f75742c30342030302030300a696e2c30312035350a01fccf4d";
    const ZIP_FILE: &str = "504b03040a000000000027997b5de2805160160000001600000005001c00612e747874555409000359d5096b59d5096b\
        75780b0001040000000004000000006f75742c30342030302030300a696e2c30312035350a504b01021e030a00000000\
        0027997b5de28051601600000016000000050018000000000001000000a48100000000612e747874555405000359d509\
        6b75780b000104000000000400000000504b050600000000010001004b000000550000000000";
    const ZIP_OF_TWO: &str = "504b03040a000000000027997b5de2805160160000001600000005001c00612e747874555409000359d5096b59d5096b\
        75780b0001040000000004000000006f75742c30342030302030300a696e2c30312035350a504b03040a000000000027\
        997b5de2805160160000001600000005001c00622e747874555409000359d5096b59d5096b75780b0001040000000004\
        000000006f75742c30342030302030300a696e2c30312035350a504b01021e030a000000000027997b5de28051601600\
        000016000000050018000000000001000000a48100000000612e747874555405000359d5096b75780b00010400000000\
        0400000000504b01021e030a000000000027997b5de28051601600000016000000050018000000000001000000a48155\
        000000622e747874555405000359d5096b75780b000104000000000400000000504b0506000000000200020096000000\
        aa0000000000";

    fn bytes(hex: &str) -> Vec<u8> {
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
        (0..hex.len()).step_by(2).map(byte).collect()
    }

    fn unpacked(bytes: Vec<u8>) -> Result<String> {
        let mut text = String::new();
        open(Box::new(Cursor::new(bytes)))?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn what_is_packed_is_read_through() -> Result<()> {
        for file in [XZ_FILE, ZSTANDARD_FILE, ZIP_FILE].map(bytes) {
            assert_eq!(unpacked(file.clone())?, TEXT);
            for end in 1..file.len() {
                // Cut off, it is an error, or was no packed file yet.
                let cut = unpacked(file[..end].to_vec());
                assert!(cut.is_err() || end < XZ.len(), "{end}: {cut:?}");
            }
        }
        assert_eq!(unpacked(bytes(ZSTANDARD_FILE).repeat(2))?, TEXT.repeat(2), "one frame after the other");
        assert_eq!(unpacked(TEXT.into())?, TEXT);
        let two = unpacked(bytes(ZIP_OF_TWO)).expect_err("two files");
        assert!(two.to_string().contains("2 files"), "{two}");
        Ok(())
    }
}
