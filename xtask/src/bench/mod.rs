// SPDX-License-Identifier: GPL-2.0-or-later
//! A number of URBs in; the time and the instructions that our plugin costs in tshark, beside one that does nothing and
//! one in Lua, out.

pub mod core;
pub mod growth;
pub mod pages;
pub mod peer;

use std::ffi::OsString;
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

/// How many URBs the captures have whose instructions are counted: callgrind is some fifty times slower.
const COUNTED: [u64; 2] = [2_000, 6_000];

/// What is asked of tshark.
const MODES: &[(&str, &[&str])] = &[
    ("-q -z io,stat,0", &["-q", "-z", "io,stat,0"]),
    ("-T fields -e carelink.opcode", &["-T", "fields", "-e", "carelink.opcode"]),
    ("-Y carelink.opcode == 0x80", &["-Y", "carelink.opcode == 0x80"]),
    ("-V", &["-V"]),
    ("-T json", &["-T", "json"]),
];

/// The first so many of them are timed, too: the others print too much.
const TIMED: usize = 2;

/// What else there is to measure.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// Count the instructions that tshark takes to start with the plugin, and without it
    Start,
    /// Count the instructions that a payload takes in tshark, beside a plugin in C that adds the same items and decodes nothing
    Peer {
        /// In the chroot of this suite of Debian, as matrix makes it, with its Wireshark
        #[arg(long)]
        suite: Option<String>,
        /// Only what is asked of tshark with these characters in it, such as json [default: all]
        #[arg(long, value_name = "PART", default_value = "", hide_default_value = true)]
        mode: String,
    },
    /// Measure how time and memory grow with files that try to cost more than they should
    Growth,
    /// Measure how long pages take to read, beside the decoder in Go, github.com/ecc1/medtronic
    ///
    /// Go fetches it at a fixed version, from the module proxy that it is set to, unless a folder has it. Without Go, or without
    /// the decoder, only our own is measured.
    Pages(pages::Pages),
}

/// Counts the instructions that tshark takes to start and to say its version, with plugins and without.
///
/// # Errors
/// If something is missing or fails.
pub fn start() -> Result<()> {
    apt::ensure(apt::BUILD)?;
    apt::ensure(apt::COUNT)?;
    let folder = tempfile::tempdir()?;
    let runners = [
        Runner { name: "no plugin", tshark: Tshark::bare()?, script: None },
        Runner::plugin("null plugin", &compiled(folder.path(), "null", &[])?)?,
        Runner::plugin("CareLink", &plugin::build()?)?,
    ];
    println!("Wireshark {}, instructions of tshark -v", runners[0].tshark.version());
    let mut first = None;
    for Runner { name, tshark, .. } in &runners {
        let count = counted(tshark.command("valgrind"), ["tshark", "-v"].map(OsString::from).into_iter())?;
        let percent = ratio(count, *first.get_or_insert(count)) * 100.0 - 100.0;
        println!("{name:14} {count:12} {percent:+6.2}%");
    }
    Ok(())
}

/// One tshark to measure.
struct Runner {
    name: &'static str,
    tshark: Tshark,
    /// A dissector in Lua, if that is what is measured.
    script: Option<PathBuf>,
}

impl Runner {
    fn plugin(name: &'static str, library: &Path) -> Result<Self> {
        Ok(Self { name, tshark: Tshark::with_plugin(library)?, script: None })
    }

    /// What tshark prints about a capture that was lent to it.
    fn read(&self, capture: &Path, arguments: &[&str]) -> Result<String> {
        process::read(self.tshark.command("tshark").args(["-n", "-r"]).arg(capture).args(arguments))
    }

    /// What makes tshark run the script.
    fn lua(&self) -> Vec<String> {
        let script = self.script.iter();
        script.flat_map(|script| ["-X".into(), format!("lua_script:{}", script.display())]).collect()
    }
}

/// Measures in turns, and prints ratios of user and system time; then counts instructions.
///
/// # Errors
/// If something is missing or fails.
pub fn run(urbs: u64) -> Result<()> {
    apt::ensure(apt::BUILD)?;
    apt::ensure(apt::COUNT)?;
    let folder = tempfile::tempdir()?;
    let peer = Tshark::bare()?;
    let script = peer.lend(&workspace::root().join("xtask/bench/peer.lua"))?;
    let runners = [
        Runner::plugin("null plugin", &compiled(folder.path(), "null", &[])?)?,
        Runner::plugin("opcodes in C", &compiled(folder.path(), "opcodes", &["-DOPCODES"])?)?,
        Runner::plugin("CareLink", &plugin::build()?)?,
        Runner { name: "Lua peer", tshark: peer, script: Some(script) },
    ];
    times(&runners, folder.path(), urbs)?;
    instructions(&runners, folder.path())
}

/// A generated capture for each runner.
fn captures(runners: &[Runner], folder: &Path, urbs: u64) -> Result<Vec<PathBuf>> {
    println!("Writing {urbs} URBs");
    let capture = folder.join(format!("generated-{urbs}.pcapng"));
    generate::write_urbs(BufWriter::new(File::create(&capture)?), urbs)?;
    runners.iter().map(|runner| runner.tshark.lend(&capture)).collect()
}

fn times(runners: &[Runner], folder: &Path, urbs: u64) -> Result<()> {
    let captures = captures(runners, folder, urbs)?;
    println!("Wireshark {}, {ROUNDS} rounds, least user + system time", runners[0].tshark.version());
    println!("{:30} {:14} {:>8} {:>7}", "mode", "plugin", "seconds", "ratio");
    for (mode, arguments) in &MODES[..TIMED] {
        let mut least = vec![f64::INFINITY; runners.len()];
        for round in 0..ROUNDS {
            for ((runner, capture), least) in runners.iter().zip(&captures).zip(&mut least) {
                eprint!("\r{mode}: round {} of {ROUNDS}, {:14}", round + 1, runner.name);
                *least = least.min(seconds(runner, capture, arguments)?);
            }
        }
        eprint!("\r{:60}\r", "");
        for (runner, seconds) in runners.iter().zip(&least) {
            println!("{mode:30} {:14} {seconds:8.2} {:7.2}", runner.name, seconds / least[0]);
        }
    }
    Ok(())
}

/// Counts what a payload costs: two captures of different lengths cancel the start out.
fn instructions(runners: &[Runner], folder: &Path) -> Result<()> {
    let [short, long] = COUNTED;
    let captures = [captures(runners, folder, short)?, captures(runners, folder, long)?];
    println!("Instructions per payload by callgrind, {long} URBs less {short} URBs");
    println!("{:30} {:14} {:>8} {:>7}", "mode", "plugin", "count", "ratio");
    for (mode, arguments) in MODES {
        let mut null = None;
        for (nth, runner) in runners.iter().enumerate() {
            eprint!("\r{mode}: {:14}", runner.name);
            let each = each(runner, [&captures[0][nth], &captures[1][nth]], arguments)?;
            eprint!("\r{:60}\r", "");
            let ratio = ratio(each, *null.get_or_insert(each));
            println!("{mode:30} {:14} {each:8} {ratio:7.2}", runner.name);
        }
    }
    Ok(())
}

/// What a payload costs, of two captures with [`COUNTED`] URBs that were lent to the runner.
fn each(runner: &Runner, captures: [&PathBuf; 2], arguments: &[&str]) -> Result<u64> {
    let count = |capture: &Path| {
        let words = ["tshark", "-n", "-r"].map(OsString::from).into_iter();
        let words = words.chain([capture.into()]).chain(arguments.iter().map(Into::into));
        counted(runner.tshark.command("valgrind"), words.chain(runner.lua().into_iter().map(Into::into)))
    };
    let [short, long] = COUNTED;
    // Every second URB carries a payload.
    Ok((count(captures[1])? - count(captures[0])?) / ((long - short) / 2))
}

#[allow(clippy::cast_precision_loss, reason = "two decimals of it are shown")]
fn ratio(count: u64, of: u64) -> f64 {
    count as f64 / of as f64
}

/// Instructions of one run of a program, by this valgrind.
fn counted(mut valgrind: Command, program: impl Iterator<Item = OsString>) -> Result<u64> {
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).args(program);
    let output = process::output(&mut valgrind)?;
    let text = String::from_utf8_lossy(&output.stderr);
    let count = text.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = count.with_context(|| format!("callgrind tells no count:\n{text}"))?;
    Ok(count.trim().parse()?)
}

/// User and system time of one run.
fn seconds(runner: &Runner, capture: &Path, arguments: &[&str]) -> Result<f64> {
    let mut command = runner.tshark.command("bash");
    command
        .args(["-c", "TIMEFORMAT='%U %S'; time tshark \"$@\" > /dev/null", "bash", "-n", "-r"])
        .arg(capture);
    command.args(arguments);
    command.args(runner.lua());
    let output = process::output(&mut command)?;
    let text = String::from_utf8_lossy(&output.stderr);
    let times = text.lines().next_back().context("bash tells no times")?;
    let parsed: Vec<f64> =
        times.split(' ').map(str::parse).collect::<Result<_, _>>().with_context(|| text.to_string())?;
    Ok(parsed.iter().sum())
}

/// Builds null.c, with these flags.
fn compiled(folder: &Path, name: &str, flags: &[&str]) -> Result<PathBuf> {
    let root = workspace::root();
    let wireshark = process::read(Command::new("pkg-config").args(["--cflags", "wireshark", "gmodule-2.0"]))?;
    let library = folder.join(name).with_extension("so");
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(root.join("xtask/bench/null.c")).args(flags);
    cc.arg("-I").arg(root.join("epan-plugin/csrc")).args(wireshark.split_whitespace());
    process::run(&mut cc)?;
    Ok(library)
}
