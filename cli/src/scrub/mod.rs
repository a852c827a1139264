// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture. Out: one that can be published: what tells whose it is, is invented, and all else reads as it did.
//!
//! `select` keeps the packets of sticks, `finds` goes by the marks in the rows of fields and tells where identities lie,
//! `identities` invents others, `edit` puts them in place, and `proof` looks whether any of the old ones is left, and
//! reads the result again. A file is written only if all of that holds.

mod carrier;
mod days;
mod descriptors;
mod edit;
mod finds;
mod identities;
mod image;
mod left_over;
mod network;
mod proof;
mod report;
mod search;
mod select;
mod work;

use crate::conversation::{Options, open};
use crate::output::Ending;
use crate::target::Target;
use anyhow::{Context as _, Error, Result, anyhow};
use carelink_capture::import::{Source, recognise};
pub use report::Report;
use std::io::{Read as _, Write};
use std::path::PathBuf;
pub use work::{Scrubbed, Wishes, scrub};

/// What the help says at its end.
pub const HELP: &str = "\
What is replaced: serials of pumps, sticks, meters, remote controls and transmitters, wherever they are; the serial texts
of USB; addresses of networks. The same value becomes the same invented one, and check values fit again: what was right
is right, what was damaged is damaged. What is left out: packets of other devices, and what the file says of the computer
and in comments. What was left over in a buffer and nobody knows where from is cleared.

What is kept: therapy, events, dates (but see --times), models and firmware, and bytes that nobody understands (but see
--unknown). The result is searched for each replaced value and read again; if anything is left or reads differently, no
file is written. Name the file yourself: the name of the old one may tell whose it is.

Example: carelink scrub download.pcapng --times --unknown -o public.pcapng";

/// What `carelink scrub` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Capture file, pcap or pcapng, or a recording that import reads; - reads standard input
    capture: PathBuf,
    /// The capture to write, as pcapng
    #[arg(short, long, value_name = "OUT.pcapng")]
    output: PathBuf,
    /// Move all times and the pump's own dates by one number of days, which nobody is told
    #[arg(long)]
    times: bool,
    /// Clear bytes that nobody understands: they may tell anything
    #[arg(long)]
    unknown: bool,
    /// Tell on standard output what was replaced, and how often
    #[arg(long)]
    report: bool,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    /// Invent the same each time
    #[arg(long, hide = true)]
    seed: Option<u64>,
    #[command(flatten)]
    options: Options,
}

/// Writes a capture that can be published.
///
/// # Errors
/// If the capture cannot be read, if anything would be left that tells whose it is, or if the result cannot be written.
pub fn run(args: &Args, out: &mut impl Write) -> Result<Ending> {
    let name = args.capture.display().to_string();
    let mut target = Target::new(&args.output, args.force)?;
    let mut capture = Vec::new();
    let mut unread = None;
    match recognise(open(&args.capture)?).with_context(|| name.clone())? {
        Source::Capture(mut source) => {
            // What came before a fault is scrubbed all the same.
            unread = source.read_to_end(&mut capture).err().map(Error::from);
        }
        Source::Recording(recording) => {
            capture = recording.bytes();
            if !recording.unread.is_empty() {
                unread = Some(anyhow!(recording.complaint()));
            }
        }
    }
    let wishes =
        Wishes { options: args.options.clone(), times: args.times, unknown: args.unknown, seed: args.seed };
    let scrubbed = scrub(&capture, &name, &wishes)?;
    let Some(Scrubbed { capture, report, damage }) = scrubbed else {
        eprintln!(
            "carelink: {name}: no CareLink stick and no Contour Next Link meter, so there is nothing to write"
        );
        return Ok(Ending::Found);
    };
    target.write_all(&capture).with_context(|| format!("cannot write {}", args.output.display()))?;
    target.commit()?;
    if args.report {
        write!(out, "{report}")?;
    }
    if report.counts.kept > 0 {
        let kept = report.counts.kept;
        let more = if args.unknown { "to read the rest as before" } else { "--unknown clears them" };
        eprintln!("carelink: {name}: {kept} bytes that nobody understands are kept: {more}");
    }
    match unread.or(damage) {
        Some(damage) => Err(damage.context(format!("{name}: what came before is written"))),
        None => Ok(Ending::Fine),
    }
}
