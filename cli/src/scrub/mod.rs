// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture. Out: one that can be published: what tells whose it is, is invented, and all else reads as it did.
//!
//! [`select`] keeps the packets of sticks, [`finds`] goes by the marks in the rows of fields and tells where identities lie,
//! [`identities`] invents others, [`edit`] puts them in place, and [`proof`] looks whether any of the old ones is left, and
//! reads the result again. A file is written only if all of that holds.

mod carrier;
mod days;
mod descriptors;
mod edit;
mod finds;
mod identities;
mod image;
mod left_over;
mod network;
mod proof;
mod report;
mod search;
mod select;

use crate::conversation::{Conversation, Options, open};
use crate::output::Ending;
use crate::target::Target;
use anyhow::{Context as _, Error, Result, anyhow, ensure};
use carelink_capture::import::{Source, recognise};
use carelink_capture::pcapng::{Fate, rewrite};
use carrier::Carrier;
use days::Days;
use edit::{Clearing, Reach};
use finds::Finds;
use identities::Identities;
use image::{Image, Place, Region};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
pub use report::Report;
use search::Search;
use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write};
use std::path::PathBuf;

/// What the help says at its end.
pub const HELP: &str = "\
What is replaced: serials of pumps, sticks, meters, remote controls and transmitters, wherever they are; the serial texts
of USB; addresses of networks. The same value becomes the same invented one, and check values fit again: what was right
is right, what was damaged is damaged. What is left out: packets of other devices, and what the file says of the computer
and in comments. What was left over in a buffer and nobody knows where from is cleared.

What is kept: therapy, events, dates (but see --times), models and firmware, and bytes that nobody understands (but see
--unknown). The result is searched for each replaced value and read again; if anything is left or reads differently, no
file is written. Name the file yourself: the name of the old one may tell whose it is.

Example: carelink scrub download.pcapng --times --unknown -o public.pcapng";

/// How often inventions are tried that look like something that is replaced by chance.
const ATTEMPTS: usize = 6;
/// What takes the place of bytes that nobody understands: as a rule, nobody understands that either. In a sensor page the
/// first is a value, and the second none.
const CLEAR: [u8; 3] = [0xFF, 0x09, 0];

/// What `carelink scrub` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Capture file, pcap or pcapng, or a recording that import reads; - reads standard input
    capture: PathBuf,
    /// The capture to write, as pcapng
    #[arg(short, long, value_name = "OUT.pcapng")]
    output: PathBuf,
    /// Move all times and the pump's own dates by one number of days, which nobody is told
    #[arg(long)]
    times: bool,
    /// Clear bytes that nobody understands: they may tell anything
    #[arg(long)]
    unknown: bool,
    /// Tell on standard output what was replaced, and how often
    #[arg(long)]
    report: bool,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    /// Invent the same each time
    #[arg(long, hide = true)]
    seed: Option<u64>,
    #[command(flatten)]
    options: Options,
}

/// How a capture is made fit to be published.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// How it is read.
    pub options: Options,
    /// Times are moved.
    pub times: bool,
    /// What nobody understands is cleared.
    pub unknown: bool,
    /// Where inventions begin; anywhere, if nobody says.
    pub seed: Option<u64>,
}

/// A capture that can be published.
#[derive(Debug)]
pub struct Scrubbed {
    /// The file.
    pub capture: Vec<u8>,
    /// What was done to it.
    pub report: Report,
    /// Why the original could not be read to its end.
    pub damage: Option<Error>,
}

/// Writes a capture that can be published.
///
/// # Errors
/// If the capture cannot be read, if anything would be left that tells whose it is, or if the result cannot be written.
pub fn run(args: &Args, out: &mut impl Write) -> Result<Ending> {
    let name = args.capture.display().to_string();
    let mut target = Target::new(&args.output, args.force)?;
    let mut capture = Vec::new();
    let mut unread = None;
    match recognise(open(&args.capture)?).with_context(|| name.clone())? {
        Source::Capture(mut source) => {
            // What came before a fault is scrubbed all the same.
            unread = source.read_to_end(&mut capture).err().map(Error::from);
        }
        Source::Recording(recording) => {
            capture = recording.bytes();
            if !recording.unread.is_empty() {
                unread = Some(anyhow!(recording.complaint()));
            }
        }
    }
    let wishes =
        Wishes { options: args.options.clone(), times: args.times, unknown: args.unknown, seed: args.seed };
    let scrubbed = scrub(&capture, &name, &wishes)?;
    let Some(Scrubbed { capture, report, damage }) = scrubbed else {
        eprintln!("carelink: {name}: no CareLink stick, so there is nothing to write");
        return Ok(Ending::Found);
    };
    target.write_all(&capture).with_context(|| format!("cannot write {}", args.output.display()))?;
    target.commit()?;
    if args.report {
        write!(out, "{report}")?;
    }
    if report.counts.kept > 0 {
        let kept = report.counts.kept;
        let more = if args.unknown { "to read the rest as before" } else { "--unknown clears them" };
        eprintln!("carelink: {name}: {kept} bytes that nobody understands are kept: {more}");
    }
    match unread.or(damage) {
        Some(damage) => Err(damage.context(format!("{name}: what came before is written"))),
        None => Ok(Ending::Fine),
    }
}

/// Makes a capture fit to be published; `name` stands for it in errors. `None` if it holds no stick.
///
/// # Errors
/// If it cannot be read at all, or if anything would be left that tells whose it is.
pub fn scrub(capture: &[u8], name: &str, wishes: &Wishes) -> Result<Option<Scrubbed>> {
    let selection = select::select(capture, &wishes.options, name, &note(wishes))?;
    let mut before = Conversation::from_source(selection.capture.as_slice(), &wishes.options, name)?;
    if before.packets.is_empty() {
        return Ok(None);
    }
    ensure!(
        select::fetches(&before) == selection.fetches,
        "{name}: no file is written: without the packets of other devices, it reads otherwise"
    );
    let mut image = Image::new(before.packets.iter().map(|packet| packet.bytes.clone()));
    let finds = finds::find(&mut before, &mut image).with_context(|| name.to_owned())?;
    let mut random = wishes.seed.map_or_else(StdRng::from_os_rng, StdRng::seed_from_u64);
    let work = Work { name, wishes, selected: &selection.capture, before: &before, finds: &finds };
    // Where packets are damaged, bytes that nobody understands may still tell where others begin.
    let reaches: &[Reach] =
        if wishes.unknown { &[Reach::All, Reach::Pumps, Reach::LeftOver] } else { &[Reach::LeftOver] };
    let mut done = Err(anyhow!("nothing was tried"));
    let attempts = reaches.iter().flat_map(|&reach| {
        CLEAR.into_iter().cycle().take(ATTEMPTS).map(move |with| Clearing { reach, with })
    });
    for clearing in attempts {
        done = work.attempt(&mut image, &mut random, clearing);
        if done.is_ok() {
            break;
        }
    }
    let (capture, report) = done.with_context(|| format!("{name}: no file is written"))?;
    let report = Report { left_out: selection.left_out, ..report };
    Ok(Some(Scrubbed { capture, report, damage: selection.damage }))
}

/// What the capture's comment says.
fn note(wishes: &Wishes) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let times = if wishes.times { " Its times were moved by a number of days." } else { "" };
    let unknown = if wishes.unknown {
        " Bytes that nobody understands were cleared, as far as the rest reads as before."
    } else {
        ""
    };
    format!("Scrubbed by carelink {version}: its serials and other identities are invented.{times}{unknown}")
}

/// A capture that is to be changed, and what was found in it.
struct Work<'a> {
    name: &'a str,
    wishes: &'a Wishes,
    selected: &'a [u8],
    before: &'a Conversation,
    finds: &'a Finds,
}

impl Work<'_> {
    /// Invents, changes and proves.
    fn attempt(
        &self,
        image: &mut Image,
        random: &mut StdRng,
        clearing: Clearing,
    ) -> Result<(Vec<u8>, Report)> {
        image.reset();
        let mut identities = self.identities(image)?;
        identities.invent(random)?;
        let days = if self.wishes.times {
            let known = self.finds.dates.iter().filter(|dated| dated.trusted);
            Days::choose(known.map(|dated| dated.clock), random)?
        } else {
            Days::default()
        };
        let (views, search) = (self.views(), Search::new(&identities)?);
        let counts = edit::edit(image, self.finds, &mut identities, days, clearing, &views, &search);
        let capture = self.write(image, &identities, days)?;
        let payload = |frame| self.packet(frame).map(|(_, packet)| (packet.start, packet.bytes.len()));
        let chance = proof::search(image, &views, &search, |place| self.frame(place))?
            + proof::wrapping(self.selected, &capture, &search, payload)?;
        let after = Conversation::from_source(capture.as_slice(), &self.wishes.options, self.name)?;
        proof::compare(self.before, &after, &identities, days)?;
        let of = |digits: &[u8]| String::from_utf8_lossy(digits).into_owned();
        let identities = identities.iter();
        let identities =
            identities.map(|(_, is)| (of(&is.by), is.labels.iter().copied().collect(), is.times));
        let report = Report {
            identities: identities.collect(),
            counts,
            chance,
            moved: self.wishes.times,
            ..Report::default()
        };
        Ok((capture, report))
    }

    /// The frame that a byte is in.
    fn frame(&self, place: Place) -> u32 {
        self.before.packets.get(place.packet as usize).map_or(0, |packet| packet.frame)
    }

    fn packet(&self, frame: u32) -> Option<(usize, &carelink_capture::Packet)> {
        let at = self.before.packets.binary_search_by_key(&frame, |packet| packet.frame).ok()?;
        Some((at, &self.before.packets[at]))
    }

    /// All identities that the capture tells.
    fn identities(&self, image: &Image) -> Result<Identities> {
        let mut identities = Identities::default();
        for found in &self.finds.identities {
            let bytes = image.bytes(image::Side::Before, &found.region);
            if let Some(digits) = identities::digits(found.how, &bytes) {
                identities.meet(digits, found.label, found.how);
            }
        }
        let mut carrier = Carrier::default();
        carelink_capture::container::read(self.selected, |record| {
            carrier.meet(&record, &mut identities);
            Ok(())
        })?;
        Ok(identities)
    }

    /// The payloads as they belong together: what each stick and its host said, and the replies of pumps.
    fn views(&self) -> Vec<Region> {
        let mut ways: BTreeMap<_, Region> = BTreeMap::new();
        for (number, packet) in self.before.packets.iter().enumerate() {
            let way = (packet.stream, packet.direction.map(|direction| direction as u8));
            ways.entry(way).or_default().extend(Region::new(number, 0, packet.bytes.len()));
        }
        ways.into_values().chain(self.finds.joined.iter().cloned()).collect()
    }

    /// The changed capture as a file.
    fn write(&self, image: &Image, identities: &Identities, days: Days) -> Result<Vec<u8>> {
        let mut capture = Cursor::new(Vec::new());
        let mut carrier = Carrier::default();
        rewrite(self.selected, &mut capture, |block| {
            if let Some(record) = block.record() {
                let packet = self.packet(record.frame);
                let payload = packet.map(|(number, packet)| (packet.start, image.payload(number)));
                let mut data = carrier.rewrite(&record, payload, identities, days.seconds());
                // What is kept behind the end of a packet is none of it.
                data.resize(block.data().len(), 0);
                block.set_data(&data)?;
                block.delay(days.seconds())?;
            }
            Ok(Fate::Keep)
        })?;
        Ok(capture.into_inner())
    }
}
