// SPDX-License-Identifier: GPL-2.0-or-later
//! The session scripts in; the sample captures and the trees that they are expected to show, out.

use std::fs;

use anyhow::{Context, Result};
use carelink_samples::files;
use xtask::golden;
use xtask::tshark::Tshark;

use crate::apt;

/// Rebuilds the captures, and with `bless` the trees.
///
/// # Errors
/// If a script is wrong, or a file cannot be written; with `bless` also if Wireshark does not take the plugin.
pub fn run(bless: bool) -> Result<()> {
    let folder = files::folder();
    let captures = carelink_samples::build_all(&folder)?;
    println!("{} captures in {}", captures.len(), folder.display());
    if !bless {
        return Ok(());
    }
    apt::ensure(apt::BUILD)?;
    let tshark = Tshark::prepare()?;
    for capture in &captures {
        let expected = golden::expected(capture);
        let tree = golden::tree(&tshark, capture)?;
        let changed = fs::read_to_string(&expected).ok().as_deref() != Some(&tree);
        if changed {
            fs::write(&expected, tree).with_context(|| format!("cannot write {}", expected.display()))?;
        }
        println!("{} {}", if changed { "written  " } else { "unchanged" }, expected.display());
    }
    println!("Read the changes before you commit them: git diff pcap-samples");
    Ok(())
}
