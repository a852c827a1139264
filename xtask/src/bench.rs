//! A number of URBs in; what our plugin costs in tshark, beside a plugin that does nothing and one in Lua, out.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use carelink_samples::generate;
use xtask::tshark::Tshark;
use xtask::{plugin, process, workspace};

use crate::apt;

/// How often each is run; the least time counts, as the machine only ever adds to it.
const ROUNDS: usize = 5;

/// What is asked of tshark.
const MODES: &[(&str, &[&str])] = &[
    ("-q -z io,stat,0", &["-q", "-z", "io,stat,0"]),
    ("-T fields -e carelink.opcode", &["-T", "fields", "-e", "carelink.opcode"]),
];

/// One tshark to measure.
struct Runner {
    name: &'static str,
    tshark: Tshark,
    /// A dissector in Lua, if that is what is measured.
    script: Option<PathBuf>,
}

/// Measures in turns, and prints ratios of user and system time.
///
/// # Errors
/// If something is missing or fails.
pub fn run(urbs: u64) -> Result<()> {
    apt::ensure(apt::BUILD)?;
    let folder = tempfile::tempdir()?;
    let null = null_plugin(folder.path())?;
    let capture = folder.path().join("generated.pcapng");
    println!("Writing {urbs} URBs");
    generate::write_urbs(BufWriter::new(File::create(&capture)?), urbs)?;

    let peer = Tshark::bare()?;
    let script = peer.lend(&workspace::root().join("xtask/bench/peer.lua"))?;
    let runners = [
        Runner { name: "null plugin", tshark: Tshark::with_plugin(&null)?, script: None },
        Runner { name: "CareLink", tshark: Tshark::with_plugin(&plugin::build()?)?, script: None },
        Runner { name: "Lua peer", tshark: peer, script: Some(script) },
    ];
    println!("Wireshark {}, {ROUNDS} rounds, least user + system time", runners[0].tshark.version());
    println!("{:30} {:14} {:>8} {:>7}", "mode", "plugin", "seconds", "ratio");
    let captures: Vec<_> =
        runners.iter().map(|runner| runner.tshark.lend(&capture)).collect::<Result<_>>()?;
    for (mode, arguments) in MODES {
        let mut least = [f64::INFINITY; 3];
        for round in 0..ROUNDS {
            for ((runner, capture), least) in runners.iter().zip(&captures).zip(&mut least) {
                eprint!("\r{mode}: round {} of {ROUNDS}, {:14}", round + 1, runner.name);
                *least = least.min(seconds(runner, capture, arguments)?);
            }
        }
        eprint!("\r{:60}\r", "");
        for (runner, seconds) in runners.iter().zip(least) {
            println!("{mode:30} {:14} {seconds:8.2} {:7.2}", runner.name, seconds / least[0]);
        }
    }
    Ok(())
}

/// User and system time of one run.
fn seconds(runner: &Runner, capture: &Path, arguments: &[&str]) -> Result<f64> {
    let mut command = runner.tshark.command("bash");
    command
        .args(["-c", "TIMEFORMAT='%U %S'; time tshark \"$@\" > /dev/null", "bash", "-n", "-r"])
        .arg(capture);
    command.args(arguments);
    if let Some(script) = &runner.script {
        command.args(["-X", &format!("lua_script:{}", script.display())]);
    }
    let output = process::output(&mut command)?;
    let text = String::from_utf8_lossy(&output.stderr);
    let times = text.lines().next_back().context("bash tells no times")?;
    let parsed: Vec<f64> =
        times.split(' ').map(str::parse).collect::<Result<_, _>>().with_context(|| text.to_string())?;
    Ok(parsed.iter().sum())
}

/// Builds the plugin that takes our transfers and does nothing.
fn null_plugin(folder: &Path) -> Result<PathBuf> {
    let root = workspace::root();
    let flags = process::read(Command::new("pkg-config").args(["--cflags", "wireshark", "gmodule-2.0"]))?;
    let library = folder.join("null.so");
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(root.join("xtask/bench/null.c"));
    cc.arg("-I").arg(root.join("epan-plugin/csrc")).args(flags.split_whitespace());
    process::run(&mut cc)?;
    Ok(library)
}
