// SPDX-License-Identifier: GPL-2.0-or-later
//! A sample capture in; what a person would see of it, on the terminal, out.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use xtask::tshark::Tshark;
use xtask::{plugin, process, workspace};

use crate::apt;

/// So many lines of a list are enough to get the idea.
const LINES: usize = 16;

/// Builds the plugin and shows the first sample capture with it: as a list, filtered, and one frame in full.
///
/// # Errors
/// If something cannot be installed or built, or Wireshark does not take the plugin.
pub fn run() -> Result<()> {
    apt::ensure(apt::BUILD)?;
    println!("Building the plugin");
    let library = plugin::build()?;
    let tshark = Tshark::with_plugin(&library)?;
    println!("Wireshark {} has loaded it", tshark.version());

    let samples = workspace::samples()?;
    let capture = samples.first().context("there are no sample captures: cargo xtask samples")?;
    let Reply { frame, opcode } = last_reply(&tshark, capture)?;
    let of_command = format!("carelink.opcode == {opcode}");
    let of_frame = format!("frame.number == {frame}");

    show(&tshark, "What the stick and the pump say", capture, &["-Y", "carelink"])?;
    show(&tshark, "One command, by its number", capture, &["-Y", &of_command])?;
    show(&tshark, "Its answer in full", capture, &["-2", "-V", "-O", "carelink", "-Y", &of_frame])?;
    println!("\nTo see this in Wireshark itself: cargo xtask install");
    Ok(())
}

/// What the pump answered to a command.
#[derive(Debug)]
pub struct Reply {
    /// The number of its frame.
    pub frame: String,
    /// The number of the command, as tshark writes it.
    pub opcode: String,
}

/// The last frame in which a pump answers.
///
/// # Errors
/// If there is none.
pub fn last_reply(tshark: &Tshark, capture: &Path) -> Result<Reply> {
    let columns = ["-2", "-T", "fields", "-e", "frame.number", "-e", "carelink.pump.opcode"];
    let answers = ["-Y", "carelink.pump.opcode && carelink.request_in"];
    let table = tshark.read(capture, [&columns[..], &answers].concat())?;
    let last = table.lines().next_back().and_then(|line| line.split_once('\t'));
    let (frame, opcodes) = last.with_context(|| format!("no pump answers in {}", capture.display()))?;
    let opcode = opcodes.split(',').next().unwrap_or(opcodes);
    Ok(Reply { frame: frame.to_owned(), opcode: opcode.to_owned() })
}

/// Prints the command, and what it prints.
fn show(tshark: &Tshark, title: &str, capture: &Path, arguments: &[&str]) -> Result<()> {
    let relative = capture.strip_prefix(workspace::root()).unwrap_or(capture);
    let typed = process::line(Command::new("tshark").arg("-nr").arg(relative).args(arguments));
    println!("\n{title}\n$ {typed}");
    let text = tshark.read(capture, arguments)?;
    let limit = if arguments.contains(&"-V") { usize::MAX } else { LINES };
    text.lines().take(limit).for_each(|line| println!("{line}"));
    let rest = text.lines().skip(limit).count();
    if rest > 0 {
        println!("... and {rest} more");
    }
    Ok(())
}
