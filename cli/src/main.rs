// SPDX-License-Identifier: GPL-2.0-or-later
//! The `carelink` program.

use anyhow::{Context as _, Result};
use carelink_cli::output::Ending;
use carelink_cli::{
    annotate, audit, coverage, diff, doctor, events, import, list, live, models, pages, scrub, show, slice,
    terminal::{self, Color},
};
#[cfg(feature = "plot")]
use carelink_cli::{plot, report};
use clap::{CommandFactory as _, Parser, Subcommand};
use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  carelink list download.pcapng
  carelink show download.pcapng -n 12
  carelink events download.pcapng > events.tsv
  carelink events --model 522 *.data
  carelink pages download.pcapng -o pages
  carelink audit download.pcapng CareLink-Export.csv
  carelink report download.pcapng -o report.html
  carelink import session.log -o session.pcapng
  carelink annotate download.pcapng -o annotated.pcapng
  carelink slice download.pcapng -n 3,7-9 -o part.pcapng
  carelink diff before.pcapng after.pcapng
  carelink scrub download.pcapng -o public.pcapng
  dumpcap -i usbmon1 -w - | carelink list -

Exit codes:
  0  all is well
  1  differences, or damaged or incomplete data, were found, or filters left nothing; of doctor: something is to be done
  2  wrong usage, or a file that cannot be read to its end";

/// Reads captures of a CareLink USB stick, or of a Contour Next Link meter, talking to a MiniMed insulin pump
#[derive(Parser)]
#[command(name = "carelink", version, after_help = EXAMPLES)]
struct Cli {
    /// Whether list, events and audit colour their text
    #[arg(long, value_enum, default_value_t, global = true, value_name = "WHEN")]
    color: Color,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List the transactions of a capture, one a line
    #[command(
        after_help = "Examples:\n  carelink list --format json download.pcapng\n  carelink list --opcode 0x80 --outcome damaged *.pcapng"
    )]
    List(list::Args),
    /// Show the decoded values of a capture, or of one transaction
    #[command(after_help = "Example: carelink show download.pcapng -n 12")]
    Show(show::Args),
    /// List the events in captures or pages, by the vendor's names
    #[command(after_help = events::HELP)]
    Events(events::Args),
    /// Write the history and sensor pages of a capture to files
    #[command(after_help = "Example: carelink pages download.pcapng -o pages")]
    Pages(pages::Args),
    /// Compare the events of captures with a CareLink CSV export: what agrees, differs, is missing?
    #[command(after_help = audit::HELP)]
    Audit(audit::Args),
    /// Tell how many bytes of replies and pages are decoded
    #[command(after_help = "Example: carelink coverage --model 522 *.pcapng pages/*.data")]
    Coverage(coverage::Args),
    /// Compare the replies in two captures or files with pages, byte by byte: what moved?
    #[command(after_help = diff::HELP)]
    Diff(diff::Args),
    #[cfg(feature = "plot")]
    /// Draw a day or more of glucose, insulin, carbs and alarms, as SVG, PNG or a web page
    #[command(
        after_help = "Example: carelink plot download.pcapng -o week.html --from 2026-01-04 --to 2026-01-10"
    )]
    Plot(plot::Args),
    #[cfg(feature = "plot")]
    /// Write a web page that says what captures hold, for people without Wireshark
    #[command(after_help = report::HELP)]
    Report(report::Args),
    /// Turn old recordings (logs, reports, tables) into a capture that Wireshark opens
    #[command(after_help = import::HELP)]
    Import(import::Args),
    /// Tell what is known of each model of pump, and on what evidence
    #[command(after_help = "Example: carelink models 554")]
    Models(models::Args),
    /// Write what a capture says into it, as comments that any Wireshark shows
    #[command(after_help = annotate::HELP)]
    Annotate(annotate::Args),
    /// Cut transactions out of a capture, in which they read the same
    #[command(after_help = slice::HELP)]
    Slice(slice::Args),
    /// Make a capture fit to be published: replace what tells whose it is
    #[command(after_help = scrub::HELP)]
    Scrub(scrub::Args),
    /// Look whether this machine can capture, and whether its Wireshark has the plugin
    #[command(after_help = "Example: carelink doctor --tshark /opt/wireshark/bin/tshark")]
    Doctor(doctor::Args),
    /// Write the manual page to standard output
    #[command(after_help = "Example: carelink man -o /usr/local/share/man/man1")]
    Man {
        /// Write one page for the program and one for each verb to this folder instead
        #[arg(short, long, value_name = "DIR")]
        output: Option<PathBuf>,
    },
    /// Write a script of completions for a shell to standard output
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    terminal::choose(cli.color);
    let mut out = BufWriter::new(io::stdout().lock());
    let result = run(&cli.verb, &mut out);
    // What was written before an error comes before it.
    let flushed = out.flush().map_err(anyhow::Error::from);
    match result.and_then(|ending| flushed.map(|()| ending)) {
        Ok(ending) => ending.into(),
        Err(error) if live::gone(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("carelink: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(verb: &Verb, out: &mut BufWriter<io::StdoutLock<'_>>) -> Result<Ending> {
    match verb {
        Verb::List(args) => list::run(args, out),
        Verb::Show(args) => show::run(args, out),
        Verb::Events(args) => events::run(args, out),
        Verb::Pages(args) => pages::run(args, out),
        Verb::Audit(args) => audit::run(args, out),
        Verb::Coverage(args) => coverage::run(args, out),
        Verb::Diff(args) => diff::run(args, out),
        #[cfg(feature = "plot")]
        Verb::Plot(args) => plot::run(args),
        #[cfg(feature = "plot")]
        Verb::Report(args) => report::run(args),
        Verb::Import(args) => import::run(args),
        Verb::Models(args) => models::run(args, out),
        Verb::Annotate(args) => annotate::run(args),
        Verb::Slice(args) => slice::run(args),
        Verb::Scrub(args) => scrub::run(args, out),
        Verb::Doctor(args) => doctor::run(args, out),
        Verb::Man { output } => {
            match output {
                None => manual(out)?,
                Some(folder) => fs::create_dir_all(folder)
                    .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
                    .with_context(|| format!("cannot write to {}", folder.display()))?,
            }
            Ok(Ending::Fine)
        }
        Verb::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "carelink", out);
            Ok(Ending::Fine)
        }
    }
}

/// The manual page: the program, and then what each verb takes.
fn manual(out: &mut impl io::Write) -> io::Result<()> {
    let mut command = Cli::command();
    command.build();
    let page = clap_mangen::Man::new(command.clone());
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    page.render_subcommands_section(out)?;
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        let part = clap_mangen::Man::new(verb.clone());
        part.render_synopsis_section(out)?;
        part.render_options_section(out)?;
    }
    page.render_extra_section(out)?;
    page.render_version_section(out)
}
