// SPDX-License-Identifier: GPL-2.0-or-later
//! Hostile files of growing sizes in; how time and memory of the program and of tshark grow with them, out.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use carelink_samples::files::sample;
use carelink_samples::generate::hostile::Hostile;
use flate2::Compression;
use flate2::write::GzEncoder;
use xtask::tshark::Tshark;
use xtask::{plugin, process, workspace};

use crate::apt;

/// A case: what it is called, its file, its largest size, and the verb that reads it.
struct Case {
    name: &'static str,
    hostile: Hostile,
    most: usize,
    verb: &'static str,
    /// Whether it is packed with gzip.
    packed: bool,
}

const fn case(name: &'static str, hostile: Hostile, most: usize, verb: &'static str) -> Case {
    Case { name, hostile, most, verb, packed: false }
}

const CASES: &[Case] = &[
    case("commands without answers", Hostile::Commands, 1_000_000, "list"),
    case("sticks", Hostile::Sticks, 5_000, "list"),
    case("one-byte transfers", Hostile::Bytes, 1_000_000, "list"),
    case("parts of a reply that never ends", Hostile::Reply, 200_000, "list"),
    case("interfaces", Hostile::Interfaces, 1_000_000, "list"),
    case("KiB of comments", Hostile::Comment, 60_000, "list"),
    Case {
        packed: true,
        ..case("MiB of unknown blocks, packed to a thousandth", Hostile::Blocks, 2_000, "list")
    },
    case("KiB of an export in one line", Hostile::Line, 64_000, "audit"),
    case("lists in JSON, nested", Hostile::Nested, 4_000_000, "events"),
    case("keys of an object in JSON", Hostile::Keys, 1_000_000, "events"),
    case("empty objects in JSON, 100 deep", Hostile::Empty, 4_000_000, "events"),
    case("KiB of a string in JSON", Hostile::Text, 64_000, "events"),
    case("records in JSON", Hostile::Records, 1_000_000, "events"),
    case("submissions of usbmon text", Hostile::Submissions, 1_000_000, "events"),
    case("lines that cannot be read", Hostile::Unread, 1_000_000, "events"),
];

/// A statistic that meets every frame and every transaction.
const TSHARK: &[&str] = &["-q", "-z", "carelink,tree", "-z", "carelink,srt", "-z", "conv,carelink", "-r"];

/// What a run took.
#[derive(Clone, Copy)]
struct Cost {
    seconds: f64,
    megabytes: f64,
}

/// Measures each case in three sizes, each twice the one before.
///
/// # Errors
/// If something is missing. That a reader refuses a file is no error: it is measured how long that takes.
pub fn run() -> Result<()> {
    apt::ensure(&[apt::BUILD, apt::TIME].concat())?;
    process::run(plugin::cargo().args(["build", "--release", "--package", "carelink-cli"]))?;
    let program = workspace::target().join("release/carelink");
    let tshark = Tshark::with_plugin(&plugin::build()?)?;
    println!(
        "{:46} {:9} {:>9} {:>6} {:>6} {:>9} {:>9} {:>9}",
        "", "", "s", "2n/n", "4n/2n", "MB of n", "of 2n", "of 4n"
    );
    for case in CASES {
        let mut costs: [Vec<Cost>; 2] = Default::default();
        for size in [case.most / 4, case.most / 2, case.most] {
            let file = tshark.home().join("hostile");
            write(case, size, &file)?;
            costs[0].push(spent(Command::new("time"), &program, &words(case), &file)?);
            if case.verb == "list" {
                let words: Vec<_> = TSHARK.iter().map(OsString::from).collect();
                costs[1].push(spent(tshark.command("time"), Path::new("tshark"), &words, &file)?);
            }
        }
        for (who, costs) in ["carelink", "tshark"].iter().zip(&costs) {
            let [one, two, four] = costs[..] else { continue };
            println!(
                "{:46} {who:9} {:9.2} {:6.2} {:6.2} {:9.0} {:9.0} {:9.0}",
                format!("{} {}", case.most, case.name),
                four.seconds,
                two.seconds / one.seconds,
                four.seconds / two.seconds,
                one.megabytes,
                two.megabytes,
                four.megabytes
            );
        }
    }
    Ok(())
}

fn words(case: &Case) -> Vec<OsString> {
    let mut words = vec![OsString::from(case.verb)];
    if case.verb == "audit" {
        words.push(sample("11-").into());
    }
    words
}

fn write(case: &Case, size: usize, path: &Path) -> Result<()> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut file = BufWriter::new(file);
    if case.packed {
        let mut packed = GzEncoder::new(file, Compression::best());
        case.hostile.write(size, &mut packed)?;
        packed.finish()?.flush()?;
    } else {
        case.hostile.write(size, &mut file)?;
        file.flush()?;
    }
    Ok(())
}

/// Runs the program by way of time, and reads what that wrote.
fn spent(mut time: Command, program: &Path, words: &[OsString], file: &Path) -> Result<Cost> {
    let report = tempfile::NamedTempFile::new()?;
    // Another user may write it.
    xtask::user::allow(report.path(), 0o666)?;
    time.args(["--format", "%U %S %M", "--output"]).arg(report.path()).arg(program).args(words).arg(file);
    let status = time.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.with_context(|| format!("cannot start: {}", process::line(&time)))?;
    let text = fs::read_to_string(report.path())?;
    // A line before it tells that the program failed.
    let numbers: Vec<f64> = text
        .lines()
        .next_back()
        .unwrap_or_default()
        .split(' ')
        .filter_map(|word| word.parse().ok())
        .collect();
    let [user, system, kilobytes] = numbers[..] else {
        anyhow::bail!("time does not tell what was spent: {text}")
    };
    Ok(Cost { seconds: user + system, megabytes: kilobytes / 1024.0 })
}
