// SPDX-License-Identifier: GPL-2.0-or-later
//! A verb in; the work done, or an error that says what to do, out.

mod apt;
mod bench;
mod chroot;
mod demo;
mod fuzz;
mod install;
mod lint;
mod matrix;
mod memcheck;
mod msrv;
mod package;
mod samples;
#[cfg(unix)]
mod screenshot;
mod testing;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::plugin;

/// Builds, shows, tests and installs the CareLink dissector for Wireshark.
///
/// Each verb first installs with apt what it needs and does not find, and says so before it does.
/// It does not matter whether you are root.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show a sample capture as Wireshark decodes it with the plugin
    Demo,
    /// Build the plugin and run all tests
    Test {
        /// Run only the tests that run Wireshark with the plugin
        #[arg(long)]
        plugin_only: bool,
    },
    /// Put the plugin where your Wireshark looks for it
    Install,
    /// Remove what install put there
    Uninstall,
    /// Build the plugin, and say where it is
    Build,
    /// Install what is needed to build and to test, and nothing else
    Deps,
    /// Run the plugin's tests on Wireshark 4.0, 4.4 and 4.6, and print one table
    ///
    /// The version of this machine is used as it is. The others run in chroots that debootstrap makes from
    /// the mirror that apt uses; this takes root, and a minute or two each. They are kept in the folder that
    /// CARELINK_CHROOTS names, else in target/chroots.
    Matrix {
        /// Only the chroot of this suite of Debian
        #[arg(long)]
        suite: Option<String>,
        /// Fail if a version could not be run
        #[arg(long)]
        demand: bool,
        /// Fuzz too, with so many frames on each version
        #[arg(long, value_name = "FRAMES")]
        fuzz: Option<usize>,
    },
    /// Make packages for Wireshark 4.0, 4.4 and 4.6, and a tarball of the sources, in target/package
    ///
    /// For each version a package of Debian and a tarball, built in the chroot that matrix makes; no other network is
    /// needed once the crates are there. They are of the last commit, and carry its date.
    Package(package::Options),
    /// Check the format; any warning of clippy or rustdoc is an error
    Lint,
    /// Check the workspace with the oldest Rust that Cargo.toml promises will do
    ///
    /// rustup fetches it if it is not there. Where it cannot be had, that is said, and nothing is checked.
    Msrv {
        /// Fail if that Rust cannot be had
        #[arg(long)]
        demand: bool,
    },
    /// Rebuild the sample captures from their scripts
    Samples {
        /// Also accept what Wireshark shows for them now as what it should show
        #[arg(long)]
        bless: bool,
    },
    /// Regenerate the reference of fields, core/docs/fields.md
    Fields {
        /// Change nothing, but fail if it is out of date
        #[arg(long)]
        check: bool,
    },
    /// Run damaged captures through tshark, which aborts at any bug of the plugin
    Fuzz {
        /// At least so many frames
        #[arg(long, default_value_t = 10_000)]
        frames: usize,
    },
    /// Measure what the plugin costs in tshark, beside one that does nothing and one in Lua
    ///
    /// Times are of one generated capture. Instructions are counted by callgrind, on much smaller captures.
    #[command(args_conflicts_with_subcommands = true)]
    Bench {
        #[command(subcommand)]
        what: Option<bench::What>,
        /// Only count the core's instructions, and fail if there are more than 3 % more of them than the repository's figures say
        #[arg(long)]
        check: bool,
        /// Only count the core's instructions, and keep the counts as the repository's figures
        #[arg(long, conflicts_with = "check")]
        bless: bool,
        /// How many URBs the generated capture has
        #[arg(long, default_value_t = 1_000_000)]
        urbs: u64,
        /// In the chroot of this suite of Debian, as matrix makes it, with its Wireshark
        #[arg(long)]
        suite: Option<String>,
    },
    /// Look for errors and leaks in the plugin's use of memory, with valgrind or sanitizers
    Memcheck {
        /// Build the plugin for AddressSanitizer and UndefinedBehaviorSanitizer, and run it without valgrind: leaks are not told
        #[arg(long)]
        sanitizers: bool,
        /// How many damaged frames to send through tshark, at least
        #[arg(long, default_value_t = 1000)]
        frames: usize,
    },
    /// Take the pictures of README and guide
    #[cfg(unix)]
    Screenshot(screenshot::Options),
}

fn main() -> ExitCode {
    let Err(error) = run(Cli::parse().verb) else { return ExitCode::SUCCESS };
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}

fn run(verb: Verb) -> Result<()> {
    match verb {
        Verb::Demo => demo::run(),
        Verb::Test { plugin_only: false } => testing::run(testing::Scope::Workspace),
        Verb::Test { plugin_only: true } => testing::run(testing::Scope::Plugin),
        Verb::Install => install::install(),
        Verb::Uninstall => install::uninstall(),
        Verb::Build => {
            apt::ensure(apt::BUILD)?;
            println!("{}", plugin::build()?.display());
            Ok(())
        }
        Verb::Deps => apt::ensure(apt::BUILD),
        Verb::Matrix { suite, demand, fuzz } => matrix::run(&matrix::Options { suite, demand, fuzz }),
        Verb::Package(options) => package::run(&options),
        Verb::Lint => lint::run(),
        Verb::Msrv { demand } => msrv::run(demand),
        Verb::Samples { bless } => samples::run(bless),
        Verb::Fields { check } => lint::fields(check),
        Verb::Bench { what: Some(bench::What::Start), .. } => bench::start(),
        Verb::Bench { what: Some(bench::What::Growth), .. } => bench::growth::run(),
        Verb::Bench { what: Some(bench::What::Pages(pages)), .. } => bench::pages::run(pages),
        Verb::Bench { what: Some(bench::What::Peer { suite: None, mode }), .. } => bench::peer::run(&mode),
        Verb::Bench { what: Some(bench::What::Peer { suite: Some(suite), mode }), .. } => {
            matrix::run_in(&suite, &["bench", "peer", "--mode", &mode])
        }
        Verb::Bench { check, bless, .. } if check || bless => bench::core::run(bless),
        Verb::Bench { urbs, suite: None, .. } => bench::run(urbs),
        Verb::Bench { urbs, suite: Some(suite), .. } => {
            matrix::run_in(&suite, &["bench", "--urbs", &urbs.to_string()])
        }
        Verb::Memcheck { frames, sanitizers } => memcheck::run(frames, sanitizers),
        Verb::Fuzz { frames } => fuzz::run(frames),
        #[cfg(unix)]
        Verb::Screenshot(options) => screenshot::run(&options),
    }
}
