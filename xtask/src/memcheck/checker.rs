// SPDX-License-Identifier: GPL-2.0-or-later
//! Programs of Wireshark's in; the same under valgrind, or with a plugin that sanitizers watch, and what these find, out.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use xtask::tshark::Tshark;
use xtask::{plugin, process, workspace};

/// Who looks after memory.
pub enum Checker {
    /// Valgrind's memcheck: it sees each access, initialised or not, and what leaks.
    Valgrind,
    /// AddressSanitizer, in Rust and C, and UndefinedBehaviorSanitizer in C, in the plugin itself; and the variables by which a
    /// program can load that.
    Sanitizers(Vec<(&'static str, String)>),
}

/// Each line of a stack names its library: so an error of ours is known.
const STACK: &str = "stack_trace_format=\"    #%n %F %L %m\"";

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The errors with our plugin among those who called.
    pub ours: Vec<String>,
    /// How many others there are.
    pub elsewhere: usize,
}

impl Checker {
    /// Valgrind, and Wireshark with our plugin as it is.
    ///
    /// # Errors
    /// If the plugin does not build, or Wireshark is not there.
    pub fn valgrind() -> Result<(Self, Tshark)> {
        Ok((Self::Valgrind, Tshark::prepare()?))
    }

    /// The sanitizers of the C compiler, and Wireshark with a plugin built for them.
    ///
    /// # Errors
    /// As [`Checker::valgrind`].
    pub fn sanitizers() -> Result<(Self, Tshark)> {
        let library = |name: &str| -> Result<String> {
            let path = process::read(Command::new("cc").arg(format!("-print-file-name={name}")))?;
            let path =
                fs::canonicalize(path.trim()).with_context(|| format!("the C compiler has no {name}"))?;
            Ok(path.display().to_string())
        };
        let environment = vec![
            // Their libraries come before all others.
            ("LD_PRELOAD", [library("libasan.so")?, library("libubsan.so")?].join(" ")),
            // Wireshark keeps much until its end, which is no leak; valgrind tells those that are.
            ("ASAN_OPTIONS", format!("detect_leaks=0:detect_odr_violation=0:{STACK}")),
            ("UBSAN_OPTIONS", format!("print_stacktrace=1:{STACK}")),
        ];
        let tshark = Tshark::with_plugin_in(&sanitized()?, &environment)?;
        Ok((Self::Sanitizers(environment), tshark))
    }

    /// What it is called.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Valgrind => "valgrind",
            Self::Sanitizers(_) => "the sanitizers",
        }
    }

    /// A program of Wireshark's, watched.
    pub fn command(&self, tshark: &Tshark, program: &str, arguments: &[&str]) -> Command {
        let mut command = match self {
            Self::Valgrind => {
                let mut valgrind = tshark.command("valgrind");
                valgrind.args([
                    "--quiet",
                    "--leak-check=full",
                    "--show-leak-kinds=definite,indirect",
                    "--num-callers=40",
                    "--xml=yes",
                ]);
                valgrind.arg(format!("--xml-file={}", report(tshark).display())).arg(program);
                valgrind
            }
            Self::Sanitizers(environment) => {
                let mut watched = tshark.command(program);
                watched.envs(environment.iter().map(|(name, value)| (name, value)));
                watched
            }
        };
        // What Wireshark pools, neither can follow.
        command.env("WIRESHARK_DEBUG_WMEM_OVERRIDE", "simple").env("G_SLICE", "always-malloc");
        command.args(arguments);
        command
    }

    /// What the program that ran last did wrong; `said` is what it printed as errors.
    ///
    /// # Errors
    /// If there is no report.
    pub fn found(&self, tshark: &Tshark, said: &str) -> Result<Found> {
        match self {
            Self::Valgrind => Ok(split(&fs::read_to_string(report(tshark))?, &["<error>"])),
            Self::Sanitizers(_) => Ok(split(said, &["ERROR: AddressSanitizer", "runtime error: "])),
        }
    }
}

fn report(tshark: &Tshark) -> PathBuf {
    tshark.home().join("valgrind.xml")
}

/// Cuts a text into errors, each of which begins with one of `heads`.
fn split(report: &str, heads: &[&str]) -> Found {
    let mut begins: Vec<_> =
        heads.iter().flat_map(|head| report.match_indices(head)).map(|(at, _)| at).collect();
    begins.sort_unstable();
    let ends = begins.iter().skip(1).copied().chain([report.len()]);
    let errors: Vec<_> = begins.iter().zip(ends).map(|(&begin, end)| &report[begin..end]).collect();
    let ours: Vec<_> = errors
        .iter()
        .filter(|error| error.contains(plugin::FILE_NAME))
        .map(|error| (*error).to_owned())
        .collect();
    Found { elsewhere: errors.len() - ours.len(), ours }
}

/// Builds the plugin for sanitizers: the compiler of Rust makes calls of AddressSanitizer, and the C compiler's library answers them.
fn sanitized() -> Result<PathBuf> {
    let version = process::read(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let target = workspace::target().join("sanitized");
    let mut cargo = plugin::cargo();
    cargo.args(["build", "--quiet", "--package", "carelink-epan", "--lib", "--target", host, "--target-dir"]);
    cargo.arg(&target).env("RUSTC_BOOTSTRAP", "1");
    cargo.env("CFLAGS", "-fsanitize=address,undefined -fno-omit-frame-pointer -g");
    cargo.env("RUSTFLAGS", "-Zsanitizer=address -Zexternal-clangrt -Clink-arg=-fsanitize=undefined");
    process::run(&mut cargo)?;
    Ok(target.join(host).join("debug").join(plugin::library_name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_ours_are_told_from_others() {
        let said = "\
            ==1==ERROR: AddressSanitizer: heap-buffer-overflow\n    #0 in add_tree (/plugins/carelink.so+0x1)\n\
            ==1==ERROR: AddressSanitizer: heap-use-after-free\n    #0 in g_free (/lib/libglib-2.0.so+0x1)\n\
            csrc/shim.c:1:2: runtime error: signed integer overflow\n    #0 in add_item (/plugins/carelink.so+0x2)\n";
        let Found { ours, elsewhere } = split(said, &["ERROR: AddressSanitizer", "runtime error: "]);
        assert_eq!((ours.len(), elsewhere), (2, 1));
        assert!(ours[1].contains("signed integer overflow"), "{ours:?}");
        assert_eq!(split("", &["<error>"]), Found { ours: Vec::new(), elsewhere: 0 });
    }
}
