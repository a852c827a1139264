// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what the core reads of a capture. Out: where identities, dates and check values lie, and what nobody understands.

use super::image::{Image, Marks, Place, Region, Side};
use super::left_over::{Rest, trace};
use crate::conversation::{Conversation, Entry};
use anyhow::{Context as _, Result, ensure};
use carelink_capture::Packet;
use carelink_core::carrier;
use carelink_core::carrier::book::Reassembly;
use carelink_core::carrier::ledger::{Fact, placed};
use carelink_core::carrier::piece::Portion;
use carelink_core::exchange::Part;
use carelink_core::nextlink::hid::Report;
use carelink_core::nextlink::{envelope, message};
use carelink_core::pump;
use carelink_core::stick::{self, received};
use carelink_core::transfer::{Carrier, Claim, Direction, Stream};
use carelink_core::tree::cursor::Cursor;
use carelink_core::tree::field::{Evidence, Field, FieldType, Identity, Redate};
use carelink_core::tree::opaque::{LEFT_OVER, UNKNOWN};
use carelink_core::tree::seal::Method;
use carelink_core::tree::sink::{Item, Mark, Role, Sink, Span, Value};
use carelink_core::view::options::Options;
use carelink_core::view::payload::PAYLOAD;
use carelink_core::view::{page, reply};
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::ops::Range;

/// An identity that was read.
pub struct Found {
    pub region: Region,
    pub how: Identity,
    pub label: &'static str,
}

/// A date that was read.
pub struct Dated {
    pub region: Region,
    pub redate: Redate,
    /// In seconds from 1970, by the pump's clock.
    pub clock: i64,
    /// False if it may be nonsense.
    pub trusted: bool,
}

/// A check value, what it covers, and how it is made of that.
pub struct Seal {
    pub covered: Region,
    pub check: Region,
    pub by: Method,
}

/// A frame of a stick to its host, in capture order.
pub struct Reply {
    pub stream: Stream,
    pub region: Region,
}

/// What was found in a capture.
#[derive(Default)]
pub struct Finds {
    pub identities: Vec<Found>,
    pub dates: Vec<Dated>,
    pub seals: Vec<Seal>,
    pub replies: Vec<Reply>,
    /// What replies of sticks did not overwrite of earlier ones.
    pub rests: Vec<Rest>,
    /// What came from pumps, frame by frame.
    pub payloads: Vec<Region>,
    /// What belongs together: the payloads of the replies of pumps, and what the reports of each meter say each way.
    pub joined: Vec<Region>,
    /// Where each value begins that is among these, so that none is twice.
    known: HashSet<(&'static str, Place)>,
}

/// Finds all that there is.
///
/// # Errors
/// If a reply is not to be found in the packets that it came in.
pub fn find(conversation: &mut Conversation, image: &mut Image) -> Result<Finds> {
    let shown = conversation.session.options();
    // Replies are read below, each once.
    conversation.session.choose(Options { reassemble: false, ..shown });
    let mut finds = Finds { joined: reports(conversation), ..Finds::default() };
    for number in 0..conversation.packets.len() {
        frames(conversation, number, image, &mut finds)?;
    }
    conversation.session.choose(shown);
    for entry in conversation.entries().filter(|entry| !entry.data.is_empty()) {
        replies(conversation, &entry, image, &mut finds)?;
    }
    finds.rests = trace(&finds.replies, image);
    Ok(finds)
}

/// The number of the packet in a frame.
fn packet(conversation: &Conversation, frame: u32) -> Option<usize> {
    conversation.packets.binary_search_by_key(&frame, |packet| packet.frame).ok()
}

/// What the reports of each meter say each way, one after another.
fn reports(conversation: &Conversation) -> Vec<Region> {
    let mut ways: BTreeMap<_, Region> = BTreeMap::new();
    for (number, packet) in conversation.packets.iter().enumerate() {
        if let Some(report) = report(packet) {
            let Range { start, end } = report.content(packet.bytes.len());
            let way = (packet.stream, report.direction as u8);
            ways.entry(way).or_default().extend(Region::new(number, start, end - start));
        }
    }
    ways.into_values().collect()
}

fn report(packet: &Packet) -> Option<Report> {
    (packet.carrier == Carrier::Reports).then(|| Report::of(&packet.bytes, packet.direction)).flatten()
}

/// The bytes of a piece that belong to its frame: `start` is where the piece begins in its packet, `len` how long it is.
fn part(conversation: &Conversation, number: usize, start: usize, len: usize) -> Region {
    let packet = &conversation.packets[number];
    let place = match report(packet) {
        Some(report) => report.content(packet.bytes.len()),
        None => start..(start + len).min(packet.bytes.len()).max(start),
    };
    Region::new(number, place.start, place.end - place.start)
}

/// The bytes of the frame that a piece is, or ends; `None` if it ends none.
fn whole(conversation: &Conversation, frame: u32, start: usize, fact: &Fact) -> Option<Region> {
    let here = packet(conversation, frame)?;
    if fact.role == Portion::Whole {
        return Some(part(conversation, here, start, fact.len as usize));
    }
    let carrier = conversation.packets[here].carrier;
    let known = conversation.session.frames(carrier);
    // Of a stick, what has no length turned out to be no frame; of a meter, it is dialogue.
    let is_frame = |whole: &Reassembly<'_>| whole.length > 0 || carrier == Carrier::Reports;
    let came = known.reassembly_of(fact).filter(is_frame)?.bytes.len();
    let runs = known.runs(fact)?;
    runs.last().filter(|last| last.frame == frame)?;
    let mut region = Region::default();
    for run in runs {
        region.extend(part(conversation, packet(conversation, run.frame)?, run.start, run.len));
    }
    // Of a frame that is not over when the capture ends, nobody has counted what came.
    Some(if came > 0 { region.part(0, came) } else { region })
}

/// Reads the frames that a packet holds or ends.
fn frames(conversation: &Conversation, number: usize, image: &mut Image, finds: &mut Finds) -> Result<()> {
    let packet = &conversation.packets[number];
    let session = &conversation.session;
    let facts = session.frames(packet.carrier).facts(packet.frame, 0).unwrap_or_default();
    let mut joined = VecDeque::new();
    for (start, fact) in placed(facts) {
        let Some(region) = whole(conversation, packet.frame, start, fact) else { continue };
        if fact.direction == Direction::FromStick {
            finds.payloads.extend(of_pump(packet.carrier, &region, image));
            if packet.carrier != Carrier::Reports {
                finds.replies.push(Reply { stream: packet.stream, region: region.clone() });
            }
        }
        match fact.role {
            Portion::Last => joined.push_back(region),
            // The end of a frame did not come: nobody shows the rest of it.
            Portion::Part => rest(packet.carrier, fact.direction, region, image, finds),
            Portion::Whole | Portion::Stray => {}
        }
    }
    let mut reader = Reader {
        sources: vec![Region::new(number, 0, packet.bytes.len())],
        joined,
        trusted: true,
        image,
        finds,
    };
    session.dissect(&packet.transfer(Claim::Certain), &mut reader);
    ensure!(reader.joined.is_empty(), "frame {}: what is joined here is not shown", packet.frame);
    Ok(())
}

/// Reads what came of a frame that did not come whole.
fn rest(carrier: Carrier, direction: Direction, region: Region, image: &mut Image, finds: &mut Finds) {
    let bytes = image.bytes(Side::Before, &region);
    let mut reader = Reader { sources: vec![region], joined: VecDeque::new(), trusted: true, image, finds };
    let mut c = Cursor::new(&bytes, 0, true, &mut reader);
    let context = stick::Context::default();
    // That it is not whole is known.
    let _ = match (carrier, direction) {
        (Carrier::Reports, _) => message::read(&mut c, direction, &context).map(|_| ()),
        (_, Direction::ToStick) => stick::command(&mut c, &context).map(|_| ()),
        (_, Direction::FromStick) => stick::reply(&mut c, None, &context).map(|_| ()),
    };
}

/// Reads what came of a pump's reply. If it is not to be trusted, it is read all the same: it may hold identities.
fn replies(
    conversation: &Conversation,
    entry: &Entry<'_>,
    image: &mut Image,
    finds: &mut Finds,
) -> Result<()> {
    let region = payload(conversation, entry, image)?;
    finds.joined.push(region.clone());
    let transactions = conversation.session.transactions();
    let mut reader =
        Reader { sources: vec![region.clone()], joined: VecDeque::new(), trusted: true, image, finds };
    reply::show(transactions, entry.number, &mut Cursor::new(entry.data, 0, false, &mut reader));
    if let Some(opcode) = entry.opcode().filter(|_| entry.doubt.is_some()) {
        reader.trusted = false;
        let mut c = Cursor::new(entry.data, 0, true, &mut reader);
        match opcode.page() {
            Some(kind) => {
                page::alone(kind, entry.pump, &mut c);
            }
            None => {
                let _ = pump::reply(opcode, &mut c, entry.pump);
            }
        }
    }
    Ok(())
}

/// Where the payload of a reply lies, part by part.
fn payload(conversation: &Conversation, entry: &Entry<'_>, image: &Image) -> Result<Region> {
    let (mut region, mut used) = (Region::default(), HashSet::new());
    for (offset, part) in Part::placed(entry.parts) {
        let len = part.size();
        let expected = &entry.data[offset..offset + len];
        let carrier = conversation.packet(part.frame).map_or(Carrier::Transfers, |packet| packet.carrier);
        let known = conversation.session.frames(carrier);
        let facts = known.facts(part.frame, 0).unwrap_or_default();
        let mut payloads = placed(facts)
            .filter(|(_, fact)| fact.direction == Direction::FromStick)
            .filter(|(_, fact)| known.transaction_of(fact) == Some(entry.number))
            .filter_map(|(start, fact)| whole(conversation, part.frame, start, fact))
            .map(|frame| frame.part(head(carrier), len));
        let found = payloads.find(|payload| {
            image.bytes(Side::Before, payload) == expected
                && payload.first().is_none_or(|first| used.insert(first))
        });
        region
            .extend(found.with_context(|| format!("frame {}: a part of a reply is not there", part.frame))?);
    }
    Ok(region)
}

/// True if nobody knows what the bytes of a field mean.
fn opaque(field: Field) -> bool {
    let def = field.def();
    [UNKNOWN, PAYLOAD, LEFT_OVER, carrier::show::STRAY, carrier::show::TRANSFER_DATA].contains(&field)
        || def.kind == FieldType::Bytes && def.evidence == Evidence::Guessed
}

/// True for what identities that are texts are made of.
fn plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || [b' ', b'-'].contains(&byte)
}

/// Takes what is read.
struct Reader<'a> {
    /// Where the bytes lie that are read, by the numbers of their sources.
    sources: Vec<Region>,
    /// Frames that come next as sources.
    joined: VecDeque<Region>,
    /// False if what is read may be nonsense.
    trusted: bool,
    image: &'a mut Image,
    finds: &'a mut Finds,
}

impl Reader<'_> {
    fn region(&self, span: Span) -> Region {
        let source = self.sources.get(span.source as usize);
        source.map(|source| source.part(span.start as usize, span.len as usize)).unwrap_or_default()
    }

    /// True if this is the first time for a value of a kind.
    fn first(&mut self, kind: &'static str, region: &Region) -> bool {
        region.first().is_some_and(|first| self.finds.known.insert((kind, first)))
    }

    fn take(&mut self, item: Item<'_>) {
        if !matches!(item.role, Role::Wire | Role::Derived) {
            return;
        }
        let (region, def) = (self.region(item.span), item.field.def());
        if self.trusted && !opaque(item.field) && item.role == Role::Wire {
            self.image.mark(&region, Marks::UNDERSTOOD);
        }
        if item.field == LEFT_OVER {
            self.image.mark(&region, Marks::LEFT_OVER);
        }
        let nonsense = !self.trusted && matches!(item.value, Value::Text(text) if !text.bytes().all(plain));
        if let Some(how) = def.identity.filter(|_| !nonsense && self.first("identity", &region)) {
            self.image.mark(&region, Marks::IDENTITY);
            let how = how.of(&self.image.bytes(Side::Before, &region));
            self.finds.identities.push(Found { region: region.clone(), how, label: def.label });
        }
        if let (Some(redate), Value::Clock(clock)) = (def.redate, item.value)
            && self.first("date", &region)
        {
            self.finds.dates.push(Dated { region, redate, clock, trusted: self.trusted });
        }
    }
}

impl Sink for Reader<'_> {
    const KEEPS: bool = true;

    fn leaf(&mut self, item: Item<'_>) -> Mark {
        self.take(item);
        Mark::default()
    }

    fn open(&mut self, item: Item<'_>) -> Mark {
        self.take(item);
        Mark::default()
    }

    fn seal(&mut self, covered: Span, check: Span, by: Method) {
        let check = self.region(check);
        if self.first("check", &check) {
            let covered = self.region(covered);
            self.finds.seals.push(Seal { covered, check, by });
        }
    }

    fn source(&mut self, _: &'static str, _: &[u8]) -> u32 {
        self.sources.push(self.joined.pop_front().unwrap_or_default());
        u32::try_from(self.sources.len() - 1).unwrap_or(u32::MAX)
    }
}

/// How many bytes of a frame come before those of a pump.
fn head(carrier: Carrier) -> usize {
    if carrier == Carrier::Reports { envelope::LENGTH } else { received::HEADER_LENGTH }
}

/// What a frame holds that came from a pump.
fn of_pump(carrier: Carrier, frame: &Region, image: &Image) -> Option<Region> {
    let bytes = image.bytes(Side::Before, frame);
    let brings = if carrier == Carrier::Reports { envelope::begins(&bytes) } else { overwrites(&bytes) };
    brings.then(|| frame.part(head(carrier), frame.len()))
}

/// True if a reply of a stick is a pump's, which overwrites all that it reaches of the stick's buffer.
pub fn overwrites(reply: &[u8]) -> bool {
    reply.first() == Some(&u8::from(stick::ReplyCode::Pump))
}
