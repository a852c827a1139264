// SPDX-License-Identifier: GPL-2.0-or-later
//! In: captures, and perhaps the vendor's export. Out: one web page that says what they hold, in words and pictures.
//!
//! The page needs no network and no program but a browser. `veil` keeps from it what tells whose a device is; the
//! templates are in the folder of that name, and escape all that they show.

mod devices;
mod fetches;
mod therapy;
mod timeline;
mod veil;
mod verdict;
mod words;
mod wrong;

use crate::audit;
use crate::conversation::{Conversation, Options, open};
use crate::found::{Collection, Source, gather};
use crate::output::Ending;
use crate::target::Target;
use crate::vendor::{Dates, Export};
use anyhow::{Error, Result};
use askama::Template;
use devices::{Device, Devices};
use fetches::{Command, Told};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use therapy::Therapy;
use timeline::Timeline;
use veil::{Shown, Veil};
use verdict::Audit;
use words::{count, duration, time};
use wrong::Wrong;

/// What is said behind the options.
pub const HELP: &str = "\
The page shows what the captures hold: the devices, when each transaction was and how it ended, what went wrong and in which
frames, the settings, pictures of the last days, the alarms, and, with an export of the vendor's, what agrees with it.
It needs no network, and opens in any browser.

It names no serial number and no file, unless you say --identify. It shows therapy all the same: give it only to people
who may see that.

Examples:
  carelink report download.pcapng -o report.html
  carelink report download.pcapng --export CareLink-Export.csv -o report.html";

/// What `carelink report` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Capture files, pcap or pcapng, or recordings that import reads; - reads standard input
    #[arg(required = true, value_name = "CAPTURE")]
    captures: Vec<PathBuf>,
    /// The page to write
    #[arg(short, long, value_name = "OUT.html")]
    output: PathBuf,
    /// CSV export, as downloaded from CareLink, or a tab-separated table of events, to compare the captures with
    #[arg(long, value_name = "EXPORT.csv")]
    export: Option<PathBuf>,
    /// Order of the export's dates, if the dates do not tell
    #[arg(long, value_enum, requires = "export")]
    dates: Option<Dates>,
    /// Show the serial numbers of pump, stick, meters, remote controls and transmitters, and the names of files
    #[arg(long)]
    identify: bool,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    options: Options,
}

/// Writes a page on captures.
///
/// # Errors
/// If no capture can be read, the export cannot be read, or the page cannot be written. Of a capture that is damaged, and of
/// one that cannot be read beside others, the page says so.
pub fn run(args: &Args) -> Result<Ending> {
    let mut target = Target::new(&args.output, args.force)?;
    let (mut sources, mut faults) = (Vec::new(), Vec::new());
    for (number, path) in (1..).zip(&args.captures) {
        let name = name(args, number, path);
        // The user is to know which file it is that cannot be read.
        let known =
            |fault: Error| if args.identify { fault } else { fault.context(path.display().to_string()) };
        let read = |source| Conversation::from_source(source, &args.options, &name).map_err(known);
        match open(path).and_then(read) {
            Ok(conversation) => sources.push((name, Source::Capture(Box::new(conversation)))),
            Err(fault) => faults.push((name, fault)),
        }
    }
    if sources.is_empty()
        && let Some((_, fault)) = faults.pop()
    {
        return Err(fault);
    }
    let (names, sources): (Vec<_>, Vec<_>) = sources.into_iter().unzip();
    let given: Vec<_> = sources.iter().map(Source::given).collect();
    let mut found = gather(&given, &args.options, &mut Vec::new());
    let export = args.export.as_deref().map(|path| audit::export(path, args.dates, &found)).transpose()?;
    let conversations: Vec<_> = sources.into_iter().filter_map(conversation).collect();
    let read: Vec<_> = names.iter().zip(&conversations).collect();
    let page = Page::new(args, &read, &faults, &found, export.as_ref())?;
    target.write_all(page.render()?.as_bytes())?;
    target.commit()?;
    let mut ending = page.ending;
    for (_, fault) in faults {
        eprintln!("carelink: {fault:#}");
        ending = Ending::Unread;
    }
    found.damage = conversations.into_iter().find_map(|conversation| conversation.damage);
    Ok(ending.max(found.finish()?))
}

/// What a page and the messages on it call a capture: its file only if the user wants that.
fn name(args: &Args, number: usize, path: &Path) -> String {
    match args.captures.len() {
        _ if args.identify => path.display().to_string(),
        1 => "Capture".to_owned(),
        _ => format!("Capture {number}"),
    }
}

fn conversation(source: Source) -> Option<Conversation> {
    match source {
        Source::Capture(conversation) => Some(*conversation),
        Source::Pages(..) => None,
    }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "report/page.html")]
struct Page {
    version: &'static str,
    style: &'static str,
    identify: bool,
    captures: Vec<Capture>,
    /// What cannot be read, and what is left out.
    damage: Vec<Shown>,
    notes: Vec<Shown>,
    therapies: Vec<Therapy>,
    audit: Option<Audit>,
    ending: Ending,
}

/// What one capture holds.
#[derive(Debug)]
struct Capture {
    name: Shown,
    /// What is said of it at first, with a word for each sentence.
    facts: Vec<(&'static str, Shown)>,
    devices: Vec<Device>,
    timeline: Option<Timeline>,
    wrong: Wrong,
    told: Vec<Told>,
    commands: Vec<Command>,
}

impl Page {
    fn new(
        args: &Args,
        read: &[(&String, &Conversation)],
        faults: &[(String, Error)],
        found: &Collection,
        export: Option<&Export>,
    ) -> Result<Self> {
        let mut veil =
            if args.identify { Veil::none() } else { Veil::over(read.iter().map(|(_, read)| *read)) };
        let of_export = export.iter().flat_map(|export| &export.events).map(|official| &official.event);
        found.events.iter().map(|found| &found.event).chain(of_export).for_each(|event| veil.meet(event));
        let pumps: BTreeSet<_> = read.iter().flat_map(|(_, read)| devices::pumps(read)).collect();
        let devices: Vec<_> = read.iter().map(|(_, read)| Devices::of(read, &pumps, &veil)).collect();
        let captures = read.iter().zip(&devices);
        let captures = captures.map(|((name, read), devices)| Capture::of(name, read, devices, &veil));
        let unread = faults.iter().map(|(name, fault)| unread(name, fault, &veil));
        let broken = read.iter().filter_map(|(_, read)| read.damage.as_ref());
        let broken = broken.map(|damage| veil.words(format!("{damage:#}")));
        let left_out = found.warnings.iter().map(|warning| veil.words(warning));
        let mut ending = Ending::Fine;
        if read.iter().any(|(_, read)| read.lacks()) {
            ending = Ending::Found;
        }
        let audit = export.map(|export| match audit::judge::judge(export, found, None) {
            Ok(judgement) => {
                judgement.warnings.iter().for_each(|warning| eprintln!("carelink: {warning}"));
                ending = ending.max(judgement.ending());
                Audit::of(&judgement, export, &veil)
            }
            Err(fault) => {
                ending = Ending::Found;
                Audit::fault(veil.words(fault), export)
            }
        });
        let name = |serial| devices.first().map(|devices| devices.pump(serial)).unwrap_or_default();
        Ok(Self {
            version: env!("CARGO_PKG_VERSION"),
            style: include_str!("../../templates/report/style.css"),
            identify: args.identify,
            captures: captures.collect(),
            damage: unread.chain(broken).chain(left_out).collect(),
            notes: found.notes.iter().map(|note| veil.words(note)).collect(),
            therapies: therapy::of_pumps(found, name, &veil)?,
            audit,
            ending,
        })
    }
}

/// That a capture was not read. Only the root of the reason names no file for sure.
fn unread(name: &str, fault: &Error, veil: &Veil) -> Shown {
    veil.words(format!("{name} cannot be read: {}", fault.root_cause()))
}

impl Capture {
    fn of(name: &str, conversation: &Conversation, devices: &Devices<'_>, veil: &Veil) -> Self {
        let timeline = Timeline::of(conversation, veil);
        let mut facts = Vec::new();
        if let (Some(first), Some(last)) = (conversation.packets.first(), conversation.packets.last()) {
            let took = duration(last.time.saturating_sub(first.time));
            let (from, to) = (time(first.time), time(last.time));
            facts.push(("Recorded", veil.words(format!("{from} to {to} UTC, {took}"))));
        }
        let transfers = count(conversation.packets.len(), "transfer", "transfers");
        let carriers = devices.carriers();
        facts.push(("Traffic", veil.words(format!("{transfers} of {carriers}"))));
        if let Some(timeline) = &timeline {
            let fetches = count(conversation.entries().len(), "transaction", "transactions");
            facts.push(("Transactions", veil.words(format!("{fetches}: {}", timeline.outcomes()))));
        }
        Self {
            name: veil.words(name),
            facts,
            devices: devices.told(conversation, veil),
            timeline,
            wrong: Wrong::of(conversation, devices, veil),
            told: fetches::told(conversation, devices, veil),
            commands: fetches::by_command(conversation, devices, veil),
        }
    }
}
