// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the samples and the recordings. Out: their bytes, as they are and in other forms, for tests that write captures again.

use anyhow::Result;
use carelink_capture::pcapng::{Block, Fate, Kind, Options, Order, Reader, rewrite};
use carelink_recordings::captures;
use carelink_samples::files::samples;
use std::fs;
use std::io::Cursor;

/// A capture with the name that tests tell of it by.
pub struct Form {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Each sample and recording as it is, as pcap where it can be, in the other order of bytes, cut short, and all samples
/// one behind the other.
pub fn all() -> Result<Vec<Form>> {
    let mut forms = Vec::new();
    let mut sections = Vec::new();
    for (path, sample) in
        samples().into_iter().map(|path| (path, true)).chain(captures().into_iter().map(|path| (path, false)))
    {
        let bytes = fs::read(&path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut add = |form: &str, bytes| forms.push(Form { name: format!("{name}, {form}"), bytes });
        if sample {
            sections.extend_from_slice(&bytes);
            add("cut short", bytes[..bytes.len() - 10].to_vec());
            add("turned", turned(&bytes)?);
            add("as simple packets", simple(&bytes)?);
        }
        if let Some(pcap) = pcap(&bytes)? {
            add("as pcap", pcap);
        }
        add("as it is", bytes);
    }
    forms.push(Form { name: "all samples".to_owned(), bytes: sections });
    Ok(forms)
}

/// The same packets in the other order of bytes, without padding at the options' end, in a section that tells its length.
fn turned(bytes: &[u8]) -> Result<Vec<u8>> {
    let order = Order::Big;
    let none = Options::default();
    let mut body = Vec::new();
    for block in Reader::new(bytes)? {
        let block = block?;
        if block.kind() == Kind::Interface {
            let link = u16::from_le_bytes([block.bytes()[8], block.bytes()[9]]);
            body.extend_from_slice(Block::interface(order, link, 0, &none.clone().with(9, [9])).bytes());
        } else if let Some(record) = block.record() {
            let mut options = none.clone();
            if let Some(flags) = record.flags {
                options.add(2, flags.to_be_bytes());
            }
            options.add(1, "a comment that was there");
            let sent = u32::try_from(record.sent)?;
            let packet = Block::packet(order, record.interface, record.time, record.data, sent, &options);
            let mut bytes = packet.bytes().to_vec();
            if record.frame % 2 == 0 {
                unmark(&mut bytes);
            }
            body.extend(bytes);
        }
    }
    let mut file = Block::section(order, &none).bytes().to_vec();
    file[16..24].copy_from_slice(&u64::try_from(body.len())?.to_be_bytes());
    file.extend(body);
    Ok(file)
}

/// Takes the mark away that ends the options of a block: many writers leave it out.
fn unmark(bytes: &mut Vec<u8>) {
    let end = bytes.len() - 8;
    bytes.drain(end..end + 4);
    let length = u32::try_from(bytes.len()).unwrap_or(0).to_be_bytes();
    let end = bytes.len() - 4;
    bytes[4..8].copy_from_slice(&length);
    bytes[end..].copy_from_slice(&length);
}

/// The same as simple packets, which have no times and no place for comments, as far as they are of the first interface.
fn simple(bytes: &[u8]) -> Result<Vec<u8>> {
    let order = Order::Little;
    let mut file = Vec::new();
    for block in Reader::new(bytes)? {
        let block = block?;
        match block.record() {
            Some(record) if record.interface == 0 && record.data.len() == record.sent => {
                let padding = record.data.len().wrapping_neg() & 3;
                let length = u32::try_from(16 + record.data.len() + padding)?.to_le_bytes();
                let sent = u32::try_from(record.sent)?.to_le_bytes();
                file.extend([3_u32.to_le_bytes(), length, sent].concat());
                file.extend_from_slice(record.data);
                file.resize(file.len() + padding, 0);
                file.extend(length);
            }
            Some(_) => {}
            None if block.kind() == Kind::Interface => {
                let link = u16::from_le_bytes([block.bytes()[8], block.bytes()[9]]);
                file.extend_from_slice(Block::interface(order, link, 0, &Options::default()).bytes());
            }
            None => file.extend_from_slice(block.bytes()),
        }
    }
    Ok(file)
}

/// The same as a pcap file with a clock of nanoseconds; `None` if it has more than one interface, or flags.
pub fn pcap(bytes: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut file = Vec::new();
    let mut interfaces = 0;
    for block in Reader::new(bytes)? {
        let block = block?;
        if block.kind() == Kind::Interface {
            interfaces += 1;
            let link = u32::from(u16::from_le_bytes([block.bytes()[8], block.bytes()[9]]));
            let head = [0xa1b2_3c4d, 0x0004_0002, 0, 0, 0x40000, link];
            file.extend(head.iter().flat_map(|number: &u32| number.to_le_bytes()));
        } else if let Some(record) = block.record() {
            if record.flags.is_some() {
                return Ok(None);
            }
            let [seconds, rest] = [record.time / 1_000_000_000, record.time % 1_000_000_000];
            let head = [seconds, rest, record.data.len() as u64, record.sent as u64];
            for number in head {
                file.extend(u32::try_from(number)?.to_le_bytes());
            }
            file.extend_from_slice(record.data);
        }
    }
    Ok((interfaces == 1).then_some(file))
}

/// A capture as it is when it goes through unchanged: a pcap file as pcapng.
pub fn unchanged(bytes: &[u8]) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    // What is damaged ends where the damage is.
    let _ = rewrite(bytes, &mut out, |_| Ok(Fate::Keep));
    out.into_inner()
}

/// Calls `each` with so many damaged forms of the small samples, each time the same ones.
pub fn spoil(count: u64, mut each: impl FnMut(&[u8])) -> Result<()> {
    let small = ["01", "02", "03", "05", "06", "07", "08", "09", "10"];
    let seeds: Vec<_> = samples()
        .iter()
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            small.iter().any(|start| name.starts_with(start))
        })
        .map(fs::read)
        .collect::<Result<_, _>>()?;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % below.max(1)
    };
    for _ in 0..count {
        let mut bytes = seeds[next(seeds.len())].clone();
        for _ in 0..=next(6) {
            let at = next(bytes.len());
            match next(8) {
                0 => bytes.truncate(at.max(1)),
                1 => {
                    let end = (at + next(40)).min(bytes.len());
                    bytes.drain(at..end);
                }
                2 => {
                    let end = (at + next(200)).min(bytes.len());
                    let again = bytes[at..end].to_vec();
                    bytes.splice(at..at, again);
                }
                3 => bytes[at] = 0xff,
                4 => bytes[at] = 0,
                _ => bytes[at] = u8::try_from(next(256)).unwrap_or(0),
            }
        }
        each(&bytes);
    }
    Ok(())
}
