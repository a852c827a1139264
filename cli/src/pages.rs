// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture. Out: each whole page in it, as a file.

use crate::conversation::{Conversation, Keep, Options};
use crate::live;
use crate::output::Ending;
use crate::page::Page;
use anyhow::{Context as _, Result};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What `carelink pages` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Capture files, pcap or pcapng, or recordings that import reads; - reads standard input
    #[arg(required = true)]
    captures: Vec<PathBuf>,
    /// Folder to write the pages to; made if it is not there
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Overwrite files that are there already
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    options: Options,
}

/// Writes the pages of captures; their names go to `out`.
///
/// # Errors
/// If a capture cannot be read or is damaged, or a file is there already or cannot be written.
pub fn run(args: &Args, out: &mut impl Write) -> Result<Ending> {
    live::each(&args.captures, |capture| write(args, capture, out))
}

fn write(args: &Args, capture: &Path, out: &mut impl Write) -> Result<Ending> {
    let conversation = Conversation::read(capture, &args.options, Keep::Nothing)?;
    fs::create_dir_all(&args.output).with_context(|| args.output.display().to_string())?;
    let mut ending = Ending::Fine;
    for entry in conversation.entries() {
        // A refused command brings no page, and is nothing to complain of.
        let Some(page) = Page::of(&entry) else { continue };
        let frame = entry.transaction.request.frame();
        let fault = page.doubt().map(|doubt| doubt.to_string());
        if let Some(fault) = fault.or_else(|| (!page.whole()).then(|| "it lacks its end".to_owned())) {
            eprintln!(
                "carelink: {}: frame {frame}: {}: not written: {fault}",
                capture.display(),
                entry.transaction
            );
            ending = Ending::Found;
            continue;
        }
        let path = args.output.join(name(&page, frame));
        let file = if args.force { File::create(&path) } else { File::create_new(&path) };
        let mut file = file
            .map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => anyhow::anyhow!("it is there already; --force writes over it"),
                _ => error.into(),
            })
            .with_context(|| path.display().to_string())?;
        file.write_all(page.bytes).with_context(|| path.display().to_string())?;
        writeln!(out, "{}", path.display())?;
    }
    Ok(ending.max(conversation.finish()?))
}

/// `123456-history-page-0-frame-35.data`
fn name(page: &Page<'_>, frame: u32) -> String {
    let serial = page.serial.map_or_else(|| "unknown".to_owned(), |serial| serial.to_string());
    let number = page.number.map_or_else(|| "unknown".to_owned(), |number| number.to_string());
    format!("{serial}-{}-page-{number}-frame-{frame}.data", page.kind.word())
}
