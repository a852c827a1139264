// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture. Out: the same fit to be published, proven, or the reason why not.

use super::carrier::Carrier;
use super::days::Days;
use super::edit::{self, Clearing, Reach};
use super::finds::{self, Finds};
use super::identities::{self, Identities};
use super::image::{Image, Place, Region, Side};
use super::proof;
use super::report::Report;
use super::search::Search;
use super::select;
use crate::conversation::{Conversation, Options};
use anyhow::{Context as _, Error, Result, anyhow, ensure};
use carelink_capture::pcapng::{Fate, rewrite};
use carelink_capture::{Packet, container};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
use std::io::Cursor;

/// How often inventions are tried that look like something that is replaced by chance.
const ATTEMPTS: usize = 6;
/// What takes the place of bytes that nobody understands: as a rule, nobody understands that either. In a sensor page the
/// first is a value, and the second none.
const CLEAR: [u8; 3] = [0xFF, 0x09, 0];

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
            Days::choose(known.map(|dated| dated.clock), self.start()?, random)?
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

    /// When the first packet came.
    fn start(&self) -> Result<u64> {
        let mut start = u64::MAX;
        container::read(self.selected, |record| {
            start = start.min(record.time);
            Ok(())
        })?;
        Ok(start)
    }

    /// The frame that a byte is in.
    fn frame(&self, place: Place) -> u32 {
        self.before.packets.get(place.packet as usize).map_or(0, |packet| packet.frame)
    }

    fn packet(&self, frame: u32) -> Option<(usize, &Packet)> {
        let at = self.before.packets.binary_search_by_key(&frame, |packet| packet.frame).ok()?;
        Some((at, &self.before.packets[at]))
    }

    /// All identities that the capture tells.
    fn identities(&self, image: &Image) -> Result<Identities> {
        let mut identities = Identities::default();
        for found in &self.finds.identities {
            let bytes = image.bytes(Side::Before, &found.region);
            if let Some(digits) = identities::digits(found.how, &bytes) {
                identities.meet(digits, found.label, found.how);
            }
        }
        let mut carrier = Carrier::default();
        container::read(self.selected, |record| {
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
