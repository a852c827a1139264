// SPDX-License-Identifier: GPL-2.0-or-later
//! In: samples, real captures and files made by hand. Out: proof that they go through unchanged, and that changes are right.

use anyhow::Result;
use carelink_capture::container;
use carelink_capture::pcapng::{Block, COMMENT, Fate, Kind, Options, Order, Reader, rewrite};
use carelink_recordings::{captures, path};
use carelink_samples::files::samples;
use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

/// The file with each block as `edit` leaves it.
fn rewritten(file: &[u8], edit: impl FnMut(&mut Block) -> Result<Fate>) -> Result<Vec<u8>> {
    let mut out = Cursor::new(Vec::new());
    rewrite(file, &mut out, edit)?;
    Ok(out.into_inner())
}

/// Samples and recordings.
fn all() -> impl Iterator<Item = PathBuf> {
    samples().into_iter().chain(captures()).chain(path("nextlink/nextlink-download.pcapng"))
}

/// A block by its kind and content.
fn block(order: Order, kind: u32, content: &[u8]) -> Vec<u8> {
    let number = |number: u32| if order == Order::Big { number.to_be_bytes() } else { number.to_le_bytes() };
    let length = u32::try_from(content.len() + 12).expect("short");
    [&number(kind)[..], &number(length), content, &number(length)].concat()
}

/// The numbers of four bytes, and all else as it is.
fn numbers(order: Order, numbers: &[u32], then: &[u8]) -> Vec<u8> {
    let each = numbers
        .iter()
        .flat_map(|number| if order == Order::Big { number.to_be_bytes() } else { number.to_le_bytes() });
    each.chain(then.iter().copied()).collect()
}

/// An option, padded.
fn option(order: Order, code: u16, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len()).expect("short");
    let both =
        [code, len].map(|half| if order == Order::Big { half.to_be_bytes() } else { half.to_le_bytes() });
    let mut bytes = [&both.concat(), value].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// The numbers of a packet's block, with data padded by 0xEE, and options.
fn packet(order: Order, interface: u32, data: &[u8], sent: u32, options: &[u8]) -> Vec<u8> {
    let kept = u32::try_from(data.len()).expect("short");
    let mut padded = data.to_vec();
    padded.resize(data.len().next_multiple_of(4), 0xee);
    numbers(order, &[interface, 0, 1_000_000, kept, sent], &[&padded, options].concat())
}

/// All kinds of blocks in one section, which tells its length. Frames 1 to 4.
fn section(order: Order) -> Vec<u8> {
    let end = [0; 4];
    let comment = option(order, COMMENT, b"mine");
    let blocks = [
        block(order, 1, &numbers(order, &[u32::from_le_bytes([220, 0, 0, 0]), 0], &[])),
        block(
            order,
            4,
            &[
                option(order, 1, b"\x01\x02\x03\x04host\0"),
                option(order, 0, b""),
                comment.clone(),
                end.to_vec(),
            ]
            .concat(),
        ),
        block(order, 6, &packet(order, 0, b"abcde", 9, &[])),
        block(
            order,
            6,
            &packet(order, 0, b"", 0, &[option(order, 2, &[0; 4]), comment, end.to_vec()].concat()),
        ),
        block(order, 3, &numbers(order, &[6], b"simple\x01\x02")),
        block(order, 2, &packet(order, 0, b"old", 3, &end)),
        block(order, 10, &numbers(order, &[0x544c_534b, 3], b"key\x07")),
        block(order, 5, &numbers(order, &[0, 0, 7], &option(order, 4, &[1; 8]))),
        block(order, 0xbad, &[9; 13 * 4]),
    ];
    let blocks = blocks.concat();
    let length = u32::try_from(blocks.len()).expect("short");
    let lengths = if order == Order::Big { [0, length] } else { [length, 0] };
    let version = if order == Order::Big { [0, 1, 0, 0] } else { [1, 0, 0, 0] };
    let magic = numbers(order, &[0x1a2b_3c4d], &version);
    let head =
        block(order, 0x0a0d_0d0a, &numbers(order, &[], &[magic, numbers(order, &lengths, &[])].concat()));
    let mut link = blocks;
    // The link type is two bytes, and two that mean nothing.
    let two = if order == Order::Big { [0, 220, 5, 5] } else { [220, 0, 5, 5] };
    link[8..12].copy_from_slice(&two);
    [head, link].concat()
}

fn both() -> Vec<u8> {
    [section(Order::Big), section(Order::Little)].concat()
}

#[test]
fn samples_and_captures_go_through_unchanged() -> Result<()> {
    for path in all() {
        let file = fs::read(&path)?;
        assert_eq!(rewritten(&file, |_| Ok(Fate::Keep))?, file, "{}", path.display());
    }
    Ok(())
}

#[test]
fn comments_come_and_go_without_a_trace() -> Result<()> {
    let files = all().map(fs::read).chain([Ok(both())]);
    for file in files {
        let file = file?;
        let added = rewritten(&file, |block| {
            if block.kind() == Kind::Section || block.kind() == Kind::Packet {
                block.add_comment("added: ☺")?;
            }
            Ok(Fate::Keep)
        })?;
        assert_ne!(added, file);
        let frames = |file: &[u8]| -> Result<Vec<_>> {
            let mut frames = Vec::new();
            container::read(Cursor::new(file.to_vec()), |record| {
                frames.push((record.frame, record.time, record.interface, record.data.to_vec()));
                Ok(())
            })?;
            Ok(frames)
        };
        assert_eq!(frames(&added)?, frames(&file)?);
        let removed = rewritten(&added, |block| {
            block.retain_comments(|comment| comment != "added: ☺");
            Ok(Fate::Keep)
        })?;
        assert_eq!(removed, file);
    }
    Ok(())
}

#[test]
fn every_kind_of_block_comes_through_in_both_orders() -> Result<()> {
    let file = both();
    let mut kinds = Vec::new();
    let written = rewritten(&file, |block| {
        kinds.push(block.kind());
        Ok(Fate::Keep)
    })?;
    assert_eq!(written, file);
    let once = [
        Kind::Section,
        Kind::Interface,
        Kind::Names,
        Kind::Packet,
        Kind::Packet,
        Kind::SimplePacket,
        Kind::OldPacket,
        Kind::Secrets,
        Kind::Statistics,
        Kind::Unknown(0xbad),
    ];
    assert_eq!(kinds, [once, once].concat());
    let mut records = Vec::new();
    container::read(file.as_slice(), |record| {
        records.push((record.frame, record.interface, record.link, record.data.to_vec(), record.sent));
        Ok(())
    })?;
    let of = |frame, interface| {
        [(&b"abcde"[..], 9), (b"", 0), (b"simple", 6), (b"old", 3)]
            .into_iter()
            .zip(frame..)
            .map(move |((data, sent), frame)| (frame, interface, 220, data.to_vec(), sent))
    };
    assert_eq!(records, of(1, 0).chain(of(5, 1)).collect::<Vec<_>>());
    Ok(())
}

/// The lengths that the sections tell.
fn told(file: &[u8]) -> Result<Vec<(u64, u64)>> {
    let mut sections: Vec<(u64, u64)> = Vec::new();
    for block in Reader::new(file)? {
        let block = block?;
        if block.kind() == Kind::Section {
            let told: [u8; 8] = block.bytes()[16..24].try_into()?;
            let told =
                if block.order() == Order::Big { u64::from_be_bytes(told) } else { u64::from_le_bytes(told) };
            sections.push((told, 0));
        } else if let Some(section) = sections.last_mut() {
            section.1 += block.bytes().len() as u64;
        }
    }
    Ok(sections)
}

#[test]
fn sections_tell_their_length_after_any_change() -> Result<()> {
    let file = both();
    let changed = rewritten(&file, |block| {
        match block.frame() {
            Some(1) => block.set_data(b"much more than there was")?,
            Some(2) => block.set_data(b"x")?,
            Some(5) => return Ok(Fate::Drop),
            _ => {}
        }
        Ok(Fate::Keep)
    })?;
    for (told, is) in told(&changed)? {
        assert_eq!(told, is);
    }
    let mut records = Vec::new();
    container::read(changed.as_slice(), |record| {
        records.push((record.data.to_vec(), record.sent));
        Ok(())
    })?;
    assert_eq!(records.len(), 7);
    assert_eq!(records[0], (b"much more than there was".to_vec(), 28), "four bytes are still missing");
    assert_eq!(records[1], (b"x".to_vec(), 1));
    let comments: Vec<_> =
        Reader::new(changed.as_slice())?.map(|block| Ok(block?.comments())).collect::<Result<_>>()?;
    assert_eq!(comments.concat(), ["mine"; 4], "what is behind the data is still there");
    Ok(())
}

#[test]
fn what_cannot_be_changed_says_so() -> Result<()> {
    for block in Reader::new(both().as_slice())? {
        let mut block = block?;
        let before = block.clone();
        let (comment, data) = (block.add_comment("a").is_ok(), block.set_data(b"seven77").is_ok());
        let options = !matches!(block.kind(), Kind::SimplePacket | Kind::Unknown(_));
        let filled = matches!(block.kind(), Kind::Packet | Kind::OldPacket | Kind::Secrets);
        assert_eq!((comment, data), (options, filled), "{:?}", block.kind());
        assert!(comment || data || block == before, "untouched");
        assert!(block.add_comment(&"x".repeat(70_000)).is_err());
    }
    Ok(())
}

#[test]
fn pcap_files_become_pcapng() -> Result<()> {
    for (order, nanoseconds) in
        [(Order::Little, false), (Order::Little, true), (Order::Big, false), (Order::Big, true)]
    {
        let magic = if nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
        let version = if order == Order::Big { [0, 2, 0, 4] } else { [2, 0, 4, 0] };
        let head = [numbers(order, &[magic], &version), numbers(order, &[0, 0, 65_535, 220], &[])].concat();
        let packet = numbers(order, &[1_000_000_000, 5, 3, 4], b"abc");
        let file = [head, packet.clone(), packet].concat();
        let written = rewritten(&file, |_| Ok(Fate::Keep))?;
        let mut times = Vec::new();
        for file in [&file, &written] {
            let mut frame = 0;
            container::read(file.as_slice(), |record| {
                frame += 1;
                assert_eq!((record.frame, record.link), (frame, 220));
                assert_eq!((record.data, record.sent), (&b"abc"[..], 4));
                times.push(record.time);
                Ok(())
            })?;
        }
        let unit = if nanoseconds { 1 } else { 1000 };
        assert_eq!(times, [1_000_000_000_000_000_000 + 5 * unit; 4]);
        for end in 0..file.len() {
            let read = container::read(&file[..end], |_| Ok(()));
            assert_eq!(read.is_ok(), [24, 43].contains(&end), "{end}");
        }
    }
    Ok(())
}

#[test]
fn every_prefix_is_read_as_far_as_it_goes() -> Result<()> {
    let file = both();
    let mut ends = vec![0];
    for block in Reader::new(file.as_slice())? {
        ends.push(ends.last().unwrap_or(&0) + block?.bytes().len());
    }
    for end in 0..=file.len() {
        let whole = ends.iter().rposition(|&at| at <= end).unwrap_or(0);
        let blocks: Vec<_> = match Reader::new(&file[..end]) {
            Ok(reader) => reader.collect(),
            Err(_) if end < 4 => continue,
            Err(error) => return Err(error),
        };
        let good = blocks.iter().filter(|block| block.is_ok()).count();
        assert_eq!((good, blocks.len() - good), (whole, usize::from(ends[whole] < end)), "{end}");
    }
    Ok(())
}

#[test]
fn no_damage_makes_it_panic() {
    let file = both();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |end: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % end as u64).expect("below a usize")
    };
    let mut through = 0;
    for _ in 0..20_000 {
        let mut damaged = file.clone();
        for _ in 0..=below(4) {
            let at = below(damaged.len());
            damaged[at] = [0, 1, 4, 0xff, u8::try_from(below(256)).unwrap_or(0)][below(5)];
        }
        damaged.truncate(damaged.len() - below(2) * below(40));
        let untouched = rewritten(&damaged, |_| Ok(Fate::Keep));
        if let Ok(untouched) = untouched {
            assert_eq!(untouched, damaged);
            through += 1;
        }
        let _ = rewritten(&damaged, |block| {
            let _ = block.record();
            let _ = block.add_comment("added");
            let _ = block.set_data(b"1234567");
            block.retain_comments(|comment| comment == "added");
            Ok(if block.frame() == Some(3) { Fate::Drop } else { Fate::Keep })
        });
    }
    assert!(through > 5_000, "{through}");
}

#[test]
fn new_blocks_are_read_back() -> Result<()> {
    for order in [Order::Little, Order::Big] {
        let options = Options::default().with(COMMENT, *b"about");
        let file = [
            Block::section(order, &options),
            Block::interface(order, 220, 0, &Options::default().with(9, [9])),
            Block::packet(order, 0, 1 << 40, b"abcde", 7, &options),
        ];
        let file: Vec<u8> = file.iter().flat_map(|block| block.bytes().to_vec()).collect();
        let blocks: Vec<_> = Reader::new(file.as_slice())?.collect::<Result<_>>()?;
        assert_eq!(blocks[0].comments(), ["about"]);
        assert_eq!(blocks[2].comments(), ["about"]);
        let record = blocks[2].record().expect("a packet");
        assert_eq!((record.data, record.sent, record.time, record.link), (&b"abcde"[..], 7, 1 << 40, 220));
    }
    Ok(())
}

#[test]
fn a_packet_moves_in_time_and_its_padding_is_cleared() -> Result<()> {
    for (resolution, rate) in [(None, 1_000_000), (Some(9), 1_000_000_000), (Some(0x80 | 4), 16_u64)] {
        let mut options = Options::default();
        if let Some(resolution) = resolution {
            options.add(9, [resolution]);
        }
        let mut packet =
            Block::packet(Order::Big, 0, 1000 * rate, b"abc", 3, &Options::default()).bytes().to_vec();
        // Behind three bytes of data lies one that may be anything.
        packet[31] = 7;
        let file = [
            Block::section(Order::Big, &Options::default()).bytes(),
            Block::interface(Order::Big, 220, 0, &options).bytes(),
            &packet,
        ]
        .concat();
        let mut out = Cursor::new(Vec::new());
        rewrite(file.as_slice(), &mut out, |block| {
            block.clear_padding();
            assert!(block.delay(-1001).is_err() || block.frame().is_none(), "before 1970");
            block.delay(-10)?;
            Ok(Fate::Keep)
        })?;
        let mut times = Vec::new();
        container::read(out.get_ref().as_slice(), |record| {
            times.push((record.time, record.data.to_vec()));
            Ok(())
        })?;
        assert_eq!(times, [(990_000_000_000, b"abc".to_vec())]);
        assert_eq!(out.get_ref()[out.get_ref().len() - 5], 0);
    }
    Ok(())
}
