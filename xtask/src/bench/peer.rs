// SPDX-License-Identifier: GPL-2.0-or-later
//! Two generated captures in; what a payload costs with our plugin, and with one in C that adds the same items and decodes
//! nothing, out.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use xtask::{plugin, process, workspace};

use super::{COUNTED, MODES, Runner, captures, each, ratio};
use crate::apt;

/// What a plugin is looked up by, and a linker would leave in the archive.
const SYMBOLS: &[&str] =
    &["plugin_register", "plugin_describe", "plugin_version", "plugin_want_major", "plugin_want_minor"];

/// Records what our plugin adds in each mode whose name has `part` in it, checks that the peer shows the same by that tape, and
/// counts instructions.
///
/// # Errors
/// If no mode has such a name, the peer shows anything else than we do, or something is missing or fails.
pub fn run(part: &str) -> Result<()> {
    let modes: Vec<_> = MODES.iter().filter(|(mode, _)| mode.contains(part)).collect();
    let names = || MODES.iter().map(|(mode, _)| *mode).collect::<Vec<_>>().join(", ");
    ensure!(!modes.is_empty(), "nothing with {part:?} in it is asked of tshark: {}", names());
    apt::ensure(apt::BUILD)?;
    apt::ensure(apt::COUNT)?;
    let folder = tempfile::tempdir()?;
    let archive = archive()?;
    let linked = |name, flags: &[&str]| linked(folder.path(), &archive, name, flags);
    let recorder = Runner::plugin("recorder", &linked("record", &["-DRECORD"])?)?;
    let runners = [
        Runner::plugin("null plugin", &super::compiled(folder.path(), "null", &[])?)?,
        // What a dissector in C does: it offers all items, and epan makes those that somebody looks at.
        Runner::plugin("C, all items", &linked("all", &[])?)?,
        // The very calls of epan that we make.
        Runner::plugin("C, same calls", &linked("same", &[])?)?,
        Runner::plugin("CareLink", &plugin::build()?)?,
    ];
    let [short, long] = COUNTED;
    let captures = [captures(&runners, folder.path(), short)?, captures(&runners, folder.path(), long)?];
    let recorded = recorder.tshark.lend(&folder.path().join(format!("generated-{long}.pcapng")))?;
    let record = |to: &Runner, arguments: &[&str]| {
        recorder.read(&recorded, arguments)?;
        to.tshark.lend(&recorder.tshark.home().join("tape"))
    };
    record(&runners[1], &["-V"])?;
    println!("Wireshark {}, instructions per payload by callgrind", runners[0].tshark.version());
    println!("{:30} {:14} {:>8} {:>7} {:>9}", "mode", "plugin", "count", "of null", "CareLink");
    for (mode, arguments) in modes {
        record(&runners[2], arguments)?;
        let shown = |nth: usize| runners[nth].read(&captures[1][nth], arguments);
        let ours = shown(3)?;
        ensure!(shown(1)? == ours && shown(2)? == ours, "{mode}: the peers do not show what we show");
        let counts: Vec<u64> = (0..runners.len())
            .map(|nth| each(&runners[nth], [&captures[0][nth], &captures[1][nth]], arguments))
            .collect::<Result<_>>()?;
        for (runner, &count) in runners.iter().zip(&counts) {
            let (null, ours) = (ratio(count, counts[0]), ratio(counts[3], count));
            println!("{mode:30} {:14} {count:8} {null:7.3} {ours:9.3}", runner.name);
        }
    }
    Ok(())
}

/// Builds our plugin as an archive.
fn archive() -> Result<PathBuf> {
    let target = workspace::target();
    let mut cargo = plugin::cargo();
    cargo.args([
        "rustc",
        "--quiet",
        "--release",
        "--package",
        "carelink-epan",
        "--lib",
        "--crate-type",
        "staticlib",
    ]);
    process::run(cargo.arg("--target-dir").arg(&target))?;
    Ok(target.join("release/libcarelink_epan.a"))
}

/// Links the archive with peer.c in the core's place.
fn linked(folder: &Path, archive: &Path, name: &str, flags: &[&str]) -> Result<PathBuf> {
    let root = workspace::root();
    let library = folder.join(name).with_extension("so");
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(root.join("xtask/bench/peer.c")).args(flags);
    cc.arg("-I").arg(root.join("core/include")).args(["-Wl,--wrap=cl_dissect", "-Wl,--gc-sections"]);
    cc.args(SYMBOLS.iter().map(|symbol| format!("-Wl,-u,{symbol}")));
    process::run(cc.arg(archive).arg("-lm"))?;
    Ok(library)
}
