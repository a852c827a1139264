//! A sample capture in; what a person would see of it, on the terminal, out.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
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
    let opcodes = tshark.read(capture, ["-T", "fields", "-e", "carelink.opcode"])?;
    let opcode = opcodes.lines().rfind(|line| !line.is_empty()).context("the sample shows no opcode")?;
    let opcode = opcode.split(',').next_back().unwrap_or(opcode);
    let filter = format!("carelink.opcode == {opcode}");

    show(&tshark, "What the stick and the pump say", capture, &["-Y", "carelink"])?;
    let found = show(&tshark, "One command, by its number", capture, &["-Y", &filter])?;
    ensure!(!found.is_empty(), "no frame of {} has {filter}", capture.display());
    let last = found.lines().next_back().and_then(|line| line.split_whitespace().next()).unwrap_or("1");
    let frame = format!("frame.number == {last}");
    show(&tshark, "Its last frame in full", capture, &["-2", "-V", "-O", "carelink", "-Y", &frame])?;

    println!("\nTo see this in Wireshark itself: cargo xtask install");
    Ok(())
}

/// Prints the command, and what it prints.
fn show(tshark: &Tshark, title: &str, capture: &Path, arguments: &[&str]) -> Result<String> {
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
    Ok(text)
}
