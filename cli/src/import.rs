// SPDX-License-Identifier: GPL-2.0-or-later
//! In: recordings of USB traffic in any format that is known. Out: one pcapng file with a section for each of them.

use crate::conversation::open;
use crate::output::Ending;
use crate::target::Target;
use anyhow::{Context as _, Result};
use carelink_capture::import::{Source, recognise};
use carelink_capture::pcapng::{Reader, Writer};
use carelink_core::units::count::Count;
use std::path::{Path, PathBuf};

/// What the help says at its end.
pub const HELP: &str = "\
Recordings are recognised by what they hold:
  USBlyzer report (CSV)              times of day, endpoints
  USBTrace log (XML)                 endpoints
  Total Phase Data Center (CSV)      times, devices, endpoints
  Saleae USB analyser (CSV)          times, devices, endpoints; decoded down to packets
  decocare or openaps debug log      also within Markdown, or with a system log's times
  Linux usbmon text (1u, 0u)         all, but only the first 32 bytes of a transfer
  lines as out,04 00 00 / in,01 55   with or without times before
  pcap and pcapng                    as they are

Files may be compressed with gzip, xz or zstd, or alone in a zip archive. What a recording does not tell is invented,
and the capture's comment says what. Lines that cannot be read are left out and told, and the exit code is 1.

Example: carelink import session.log -o session.pcapng";

/// What `carelink import` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Recordings; - reads standard input
    #[arg(required = true, value_name = "FILE")]
    recordings: Vec<PathBuf>,
    /// The capture to write, as pcapng
    #[arg(short, long, value_name = "OUT.pcapng")]
    output: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

/// Writes a capture of what the recordings tell. Nothing is written unless all of them can be read.
///
/// # Errors
/// If a recording cannot be read, or the capture cannot be written, or is there and must not be written over.
pub fn run(args: &Args) -> Result<Ending> {
    let mut writer = Writer::new(Target::new(&args.output, args.force)?)?;
    let mut ending = Ending::Fine;
    for path in &args.recordings {
        let name = path.display();
        let complete = add(path, &mut writer).with_context(|| name.to_string())?;
        if !complete {
            ending = Ending::Found;
        }
    }
    writer.finish()?.commit()?;
    Ok(ending)
}

/// Adds a recording; false if a part of it could not be read.
fn add<W: std::io::Write + std::io::Seek>(path: &Path, writer: &mut Writer<W>) -> Result<bool> {
    let recording = match recognise(open(path)?)? {
        Source::Capture(capture) => {
            for block in Reader::new(capture)? {
                writer.write(&block?)?;
            }
            return Ok(true);
        }
        Source::Recording(recording) => recording,
    };
    for block in recording.blocks() {
        writer.write(&block)?;
    }
    let name = path.display();
    let transfers = Count(recording.transfers(), "transfer", "transfers");
    eprintln!("{name}: {transfers} from {}", recording.format);
    for note in recording.notes() {
        eprintln!("{name}: {note}");
    }
    if !recording.unread.is_empty() {
        eprintln!("{name}: {}", recording.complaint());
    }
    Ok(recording.unread.is_empty())
}
