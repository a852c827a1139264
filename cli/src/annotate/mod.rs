// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture. Out: the same with comments that say what it holds, for people without the plugin; or without them again.

mod words;

use crate::conversation::{Conversation, Options};
use crate::original::Original;
use crate::output::Ending;
use crate::target::Target;
use anyhow::Result;
use carelink_capture::pcapng::{Block, Fate, Kind, rewrite};
use std::io::{Read, Seek, Write};
use std::path::PathBuf;
use words::Words;

/// How each comment of ours begins: by this they are found again.
pub const PREFIX: &str = "[carelink] ";

/// What is said behind the options.
pub const HELP: &str = "\
The comments are on the packets themselves, and show in any Wireshark, without the plugin: on a command, what is asked and
how it ends; on the frame that completes a reply, what it says; where something is wrong, what and at which byte; and a
summary in the properties of the capture file. Comments that are there already stay. Doing it twice changes nothing,
and --remove takes the comments away again: a pcapng file is then what it was, byte for byte.

The comments name the pump's and the stick's serial numbers: scrub a capture before you publish it.

Examples:
  carelink annotate download.pcapng -o annotated.pcapng
  carelink annotate --remove annotated.pcapng -o download.pcapng";

/// How much is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Level {
    /// A sentence for each command and reply, and what went wrong
    Brief,
    /// Also the values of replies, the records of pages, and what is merely odd
    #[default]
    Full,
}

/// What `carelink annotate` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Capture file, pcap or pcapng, or a recording that import reads; - reads standard input
    capture: PathBuf,
    /// The capture to write, as pcapng
    #[arg(short, long, value_name = "OUT.pcapng")]
    output: PathBuf,
    /// How much to say
    #[arg(long, value_enum, default_value_t, conflicts_with = "remove")]
    level: Level,
    /// Take the comments away again
    #[arg(long)]
    remove: bool,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    options: Options,
}

/// Writes a capture with comments, or without.
///
/// # Errors
/// If the capture cannot be read, is damaged (what comes before is written), or the file cannot be written.
pub fn run(args: &Args) -> Result<Ending> {
    let mut target = Target::new(&args.output, args.force)?;
    let original = Original::new(&args.capture)?;
    if args.remove {
        let (removed, damage) = remove(original.read()?, &mut target)?;
        target.commit()?;
        original.finish(damage)?;
        if removed == 0 {
            eprintln!("carelink: {}: no comment in it is of carelink annotate", args.capture.display());
            return Ok(Ending::Found);
        }
        return Ok(Ending::Fine);
    }
    let conversation = Conversation::from_source(original.read()?, &args.options, original.name())?;
    // What holds nothing of a stick needs no comment; the end of the run says so.
    if !conversation.packets.is_empty() {
        let mute = annotate(&conversation, args.level, original.read()?, &mut target)?;
        target.commit()?;
        if mute > 0 {
            eprintln!(
                "carelink: {}: {mute} comments are left out: their packets are of an old kind without a place for any",
                original.name()
            );
        }
    }
    original.finish(None)?;
    conversation.finish()
}

/// Writes a capture again, with comments on what `conversation`, which was read from it, knows. How many found no place.
///
/// # Errors
/// If `source` is no capture, or `out` cannot be written. Where it is damaged, it ends.
pub fn annotate(
    conversation: &Conversation,
    level: Level,
    source: impl Read,
    out: impl Write + Seek,
) -> Result<u32> {
    let words = Words::new(conversation, level);
    let (mut introduced, mut mute) = (false, 0);
    let written = rewrite(source, out, |block| {
        strip(block);
        let text = match block.frame() {
            Some(frame) => words.frame(frame),
            None if block.kind() == Kind::Section && !introduced => {
                introduced = true;
                Some(words.section())
            }
            None => None,
        };
        if let Some(text) = text
            && block.add_comment(&format!("{PREFIX}{text}")).is_err()
        {
            mute += 1;
        }
        Ok(Fate::Keep)
    });
    // The conversation knows of damage.
    written.or_else(|error| if conversation.damage.is_some() { Ok(()) } else { Err(error) })?;
    Ok(mute)
}

/// Writes a capture again, without the comments. How many there were, and why reading stopped before the end.
///
/// # Errors
/// If `source` is no capture, or `out` cannot be written.
pub fn remove(source: impl Read, out: impl Write + Seek) -> Result<(u32, Option<anyhow::Error>)> {
    let mut removed = 0;
    let written = rewrite(source, out, |block| {
        removed += strip(block);
        Ok(Fate::Keep)
    });
    Ok((removed, written.err()))
}

/// Takes our comments off a block; how many there were.
fn strip(block: &mut Block) -> u32 {
    let mut removed = 0;
    block.retain_comments(|comment| {
        let ours = comment.starts_with(PREFIX);
        removed += u32::from(ours);
        !ours
    });
    removed
}
