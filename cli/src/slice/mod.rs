// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture, and which transactions of it somebody wants. Out: a smaller one, in which these read the same.

mod beside;
mod choice;
mod grow;
mod same;
mod whole;

use crate::conversation::{Conversation, Options};
use crate::original::Original;
use crate::output::Ending;
use crate::target::Target;
use anyhow::{Context as _, Result};
use beside::Frames;
use carelink_capture::pcapng::{Fate, Kind, rewrite};
use carelink_capture::tcp;
use carelink_core::transfer::{LEFT_OUT, says_left_out};
pub use choice::Choice;
use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use whole::{Kept, Whole};

/// What is said behind the options.
pub const HELP: &str = "\
Transactions are kept whole: the command, polls, reads and all parts of the reply, with the packets of USB that belong to
them and the descriptors of the device. What it takes to read them as in the whole capture is kept, too: the reply that
tells the pump's model, the pages that belong to a page, and transactions around one that is repeated, cut off or
unproven, so that nothing becomes sound by being cut out. A comment on the first packet behind each stretch says that
packets were left out there.

Of several conditions, all must hold. The exit code is 1 if there is no such transaction, or not all of the numbers.

Examples:
  carelink slice download.pcapng -n 3,7-9 -o part.pcapng
  carelink slice download.pcapng --opcode 0x80 -o history.pcapng
  carelink slice download.pcapng --time 2026-01-05T09:00..2026-01-05T09:30 -o half-an-hour.pcapng";

/// What `carelink slice` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Capture file, pcap or pcapng, or a recording that import reads; - reads standard input
    capture: PathBuf,
    #[command(flatten)]
    choice: Choice,
    /// The capture to write, as pcapng
    #[arg(short, long, value_name = "OUT.pcapng")]
    output: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    /// Port of a serial line that is forwarded over TCP
    #[arg(long, default_value_t = tcp::PORT)]
    tcp_port: u16,
}

/// Writes the transactions that are asked for.
///
/// # Errors
/// If the capture cannot be read, is damaged (what comes before is written), or the file cannot be written.
pub fn run(args: &Args) -> Result<Ending> {
    let mut target = Target::new(&args.output, args.force)?;
    let original = Original::new(&args.capture)?;
    let name = original.name().to_owned();
    // Whoever gets the slice may not know the model, so nothing is taken for granted here.
    let options = Options { model: None, tcp_port: args.tcp_port };
    let conversation = Conversation::from_source(original.read()?, &options, &name)?;
    let count = conversation.entries().len();
    let mut ending = Ending::Fine;
    if let Some(number) = args.choice.beyond(count) {
        eprintln!("carelink: {name}: no transaction {number}; there are {count}");
        ending = Ending::Found;
    }
    match Slice::new(&conversation, &args.choice, &options) {
        Some(slice) => {
            let mut file = tempfile::tempfile().context("cannot write a temporary file")?;
            let written = slice.write(|| original.read(), &mut file)?;
            file.rewind()?;
            io::copy(&mut file, &mut target)?;
            target.commit()?;
            eprintln!("carelink: {name}: {written}");
        }
        None => {
            eprintln!(
                "carelink: {name}: none of {count} transactions is asked for; carelink list shows them"
            );
            ending = Ending::Found;
        }
    }
    original.finish(None)?;
    conversation.damage.map_or(Ok(ending), Err)
}

/// A part of a capture.
pub struct Slice<'a> {
    whole: Whole<'a>,
    chosen: BTreeSet<usize>,
    options: &'a Options,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Numbers of the transactions that were asked for.
    pub chosen: BTreeSet<u32>,
    /// Numbers of those that it takes to read them.
    pub beside: BTreeSet<u32>,
    /// How many packets there are, and how many there were.
    pub packets: (usize, usize),
}

impl<'a> Slice<'a> {
    /// The part of what `conversation` was read from that is asked for; `None` if that is nothing.
    #[must_use]
    pub fn new(conversation: &'a Conversation, choice: &Choice, options: &'a Options) -> Option<Self> {
        let whole = Whole::new(conversation);
        let takes = |&at: &usize| choice.takes(&whole.entries[at], whole.end(at));
        let chosen: BTreeSet<_> = (0..whole.entries.len()).filter(takes).collect();
        (!chosen.is_empty()).then_some(Self { whole, chosen, options })
    }

    /// Writes it. `source` begins again with the capture each time that it is called.
    ///
    /// # Errors
    /// If `source` or `out` fails.
    pub fn write<R: Read + Send>(
        &self,
        source: impl Fn() -> Result<R>,
        out: &mut (impl Read + Write + Seek + Send),
    ) -> Result<Written> {
        let kept = grow::grow(&self.whole, &self.chosen, self.options);
        if let Some(written) = self.try_to(&kept, &source, out)? {
            return Ok(written);
        }
        // A link layer may make more of a packet that is left out than its payload: of a whole capture it does not.
        out.rewind()?;
        let written = self.try_to(&self.whole.all(), &source, out)?;
        written.context("a slice of it would read otherwise than the whole: this is a mistake in carelink")
    }

    /// Writes what is kept, and reads it again; `None` if that reads otherwise.
    fn try_to<R: Read + Send>(
        &self,
        kept: &Kept,
        source: impl Fn() -> Result<R>,
        out: &mut (impl Read + Write + Seek + Send),
    ) -> Result<Option<Written>> {
        let frames = beside::frames(&self.whole, kept, source()?)?;
        copy(&self.whole, kept, &frames, source()?, &mut *out)?;
        let end = out.stream_position()?;
        out.rewind()?;
        let slice = Conversation::from_source(Read::take(&mut *out, end), self.options, "the slice")?;
        let whole = kept.transactions.iter().map(|&at| &self.whole.entries[at]);
        let number = |&at: &usize| self.whole.entries[at].number.get();
        let written = || Written {
            chosen: self.chosen.iter().map(number).collect(),
            beside: kept.transactions.difference(&self.chosen).map(number).collect(),
            packets: (frames.kept.len(), frames.all),
        };
        Ok(same::renumbered(whole, slice.entries()).then(written))
    }
}

/// Writes the frames that are kept, with comments that say where others were left out.
fn copy(
    whole: &Whole<'_>,
    kept: &Kept,
    frames: &Frames,
    source: impl Read,
    out: impl Write + Seek,
) -> Result<()> {
    let marked: BTreeSet<_> = kept.marked.iter().map(|&at| whole.conversation.packets[at].frame).collect();
    let Frames { kept, all } = frames;
    let mut introduced = kept.len() == *all;
    let written = rewrite(source, out, |block| {
        match block.frame() {
            Some(frame) if !kept.contains(&frame) => return Ok(Fate::Drop),
            Some(frame) if marked.contains(&frame) => {
                block.enhance();
                if !block.comments().iter().any(|comment| says_left_out(comment)) {
                    block.add_comment(LEFT_OUT)?;
                }
            }
            None if block.kind() == Kind::Section && !introduced => {
                introduced = true;
                block.add_comment(&format!("[carelink slice] {} of {all} packets are kept", kept.len()))?;
            }
            _ => {}
        }
        Ok(Fate::Keep)
    });
    // The conversation knows of damage.
    written.or_else(|error| if whole.conversation.damage.is_some() { Ok(()) } else { Err(error) })
}

/// `kept transactions 3, 7 to 9 (118 of 749 packets), and 2, which it takes to read them`
impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (now, before) = self.packets;
        write!(f, "kept {} ({now} of {before} packets)", ranges(&self.chosen))?;
        if self.beside.is_empty() {
            return Ok(());
        }
        write!(f, "; with them {}, so that they read the same", ranges(&self.beside))
    }
}

/// `3, 7 to 9`
fn ranges(numbers: &BTreeSet<u32>) -> String {
    let numbers: Vec<_> = numbers.iter().copied().collect();
    let runs = numbers.chunk_by(|one, next| one + 1 == *next);
    let run = |run: &[u32]| match run {
        [one] => one.to_string(),
        [one, next] => format!("{one}, {next}"),
        [first, .., last] => format!("{first} to {last}"),
        [] => String::new(),
    };
    runs.map(run).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_row_are_told_by_the_first_and_the_last() {
        let told = |numbers: &[u32]| ranges(&numbers.iter().copied().collect());
        assert_eq!(told(&[3, 7, 8, 9, 11, 12]), "3, 7 to 9, 11, 12");
        assert_eq!(told(&[]), "");
    }
}
