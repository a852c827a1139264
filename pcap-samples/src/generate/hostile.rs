// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a size. Out: files that try to cost more than they should, of that size.

use std::io::Write;

use anyhow::Result;

use crate::emit::request::Transmit;
use crate::link::Link;
use crate::session::{Direction, START, Session, Transfer};
use crate::stick::{Outcome, Stick, Transaction};

/// What a hostile file tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hostile {
    /// Commands to a pump, of which none is answered.
    Commands,
    /// Sticks, each of which says once who it is.
    Sticks,
    /// The replies and requests of a download, each byte in a transfer of its own.
    Bytes,
    /// A reply in parts of 64 bytes, of which none is the last.
    Reply,
    /// Interfaces of a capture file, without a packet.
    Interfaces,
    /// A comment of so many kilobytes, in front of a sound capture.
    Comment,
    /// Blocks of a megabyte each, which nobody knows.
    Blocks,
    /// A table in one line of so many kilobytes.
    Line,
    /// Lists in JSON, each within another.
    Nested,
    /// An object in JSON with so many keys.
    Keys,
    /// Objects in JSON without anything in them, a hundred one within another.
    Empty,
    /// A string in JSON of so many kilobytes.
    Text,
    /// Records of a pump in JSON, of seven bytes each.
    Records,
    /// Lines of usbmon, each of which begins a transfer that never ends.
    Submissions,
    /// Lines of a list of transfers, of which only those at its begin can be read.
    Unread,
}

impl Hostile {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Commands,
        Self::Sticks,
        Self::Bytes,
        Self::Reply,
        Self::Interfaces,
        Self::Comment,
        Self::Blocks,
        Self::Line,
        Self::Nested,
        Self::Keys,
        Self::Empty,
        Self::Text,
        Self::Records,
        Self::Submissions,
        Self::Unread,
    ];

    /// Writes such a file.
    ///
    /// # Errors
    /// If `writer` fails.
    pub fn write<W: Write>(self, size: usize, mut writer: W) -> Result<()> {
        match self {
            Self::Commands => capture(&commands(size), writer),
            Self::Sticks => capture(&sticks(size), writer),
            Self::Bytes => capture(&bytes(size), writer),
            Self::Reply => capture(&reply(size), writer),
            Self::Interfaces => {
                let interface = block(1, &[220, 0, 0, 0, 0, 0, 0, 0]);
                writer.write_all(&section(&[]))?;
                Ok((0..size).try_for_each(|_| writer.write_all(&interface))?)
            }
            Self::Comment => {
                // The length of an option has 16 bits: what is longer stands in several.
                let option = [&1_u16.to_le_bytes()[..], &1024_u16.to_le_bytes(), &[b'x'; 1024]].concat();
                writer.write_all(&section(&option.repeat(size)))?;
                capture(&downloaded(1), writer)
            }
            Self::Blocks => {
                writer.write_all(&section(&[]))?;
                let unknown = block(0x0BAD, &vec![0; 1 << 20]);
                Ok((0..size).try_for_each(|_| writer.write_all(&unknown))?)
            }
            Self::Line => Ok((0..size).try_for_each(|_| writer.write_all(&[b';'; 1024]))?),
            Self::Nested => Ok(writer.write_all("[".repeat(size).as_bytes())?),
            Self::Keys => json(writer, '{', size, '}', |key| format!("\"{key}\":0")),
            Self::Empty => {
                // Deeper than this no reader of ours goes.
                let (begins, ends) = ("{\"a\":".repeat(99), "}".repeat(99));
                json(writer, '[', size / 100, ']', |_| format!("{begins}{{}}{ends}"))
            }
            Self::Text => {
                writer.write_all(b"[\"")?;
                (0..size).try_for_each(|_| writer.write_all(&[b'A'; 1024]))?;
                Ok(writer.write_all(b"\"]")?)
            }
            Self::Records => {
                json(writer, '[', size, ']', |_| r#"{"Type":"Rewind","Data":"IQBHGg0BEA=="}"#.to_owned())
            }
            Self::Submissions => (0..size)
                .try_for_each(|tag| Ok(writeln!(writer, "{tag:x} {tag} S Bo:1:007:1 -115 3 = 040000")?)),
            Self::Unread => {
                writer.write_all("out,04 00 00\n".repeat(20).as_bytes())?;
                (0..size).try_for_each(|_| Ok(writeln!(writer, "out,0x")?))
            }
        }
    }
}

/// So many items, between brackets.
fn json<W: Write>(
    mut writer: W,
    opens: char,
    size: usize,
    closes: char,
    item: impl Fn(usize) -> String,
) -> Result<()> {
    write!(writer, "{opens}")?;
    (0..size).try_for_each(|at| {
        let comma = if at == 0 { "" } else { "," };
        write!(writer, "{comma}{}", item(at))
    })?;
    Ok(write!(writer, "{closes}")?)
}

fn capture<W: Write>(session: &Session, writer: W) -> Result<()> {
    Ok(Link::Usbmon64.write(session, writer)?.flush()?)
}

/// A block of pcapng.
fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 12).unwrap_or(u32::MAX).to_le_bytes();
    [&kind.to_le_bytes()[..], &length, body, &length].concat()
}

/// The head of a section, with these options.
fn section(options: &[u8]) -> Vec<u8> {
    let head = [&0x1A2B_3C4D_u32.to_le_bytes()[..], &1_u16.to_le_bytes(), &0_u16.to_le_bytes(), &[0xFF; 8]];
    block(0x0A0D_0D0A, &[&head.concat()[..], options].concat())
}

fn stick() -> Stick {
    Stick::new(1, 5, [0x0A, 0x1B, 0x2C])
}

fn commands(count: usize) -> Session {
    let mut stick = stick();
    stick.product_info();
    let command = Transmit::new(stick.pump, 0x8D, &[]).to_bytes();
    for _ in 0..count {
        stick.rubbish(Direction::Out, command.clone());
    }
    stick.take()
}

fn sticks(count: usize) -> Session {
    let sessions = (1_u16..).flat_map(|bus| (1..=125).map(move |address| (bus, address))).take(count);
    Session::merge(sessions.map(|(bus, address)| {
        let mut stick = Stick::new(bus, address, [0x0A, 0x1B, 0x2C]);
        stick.product_info();
        stick.take()
    }))
}

/// A download that has at least so many bytes.
fn downloaded(bytes: usize) -> Session {
    let mut stick = stick();
    stick.product_info();
    let mut session = stick.take();
    let len =
        |session: &Session| session.transfers.iter().map(|transfer| transfer.bytes.len()).sum::<usize>();
    while len(&session) < bytes.min(1 << 16) {
        stick.fetch(&Transaction::new(0x80, Outcome::Data(vec![7; 1024])));
        session.transfers.extend(stick.take().transfers);
    }
    session
}

fn bytes(count: usize) -> Session {
    let mut stick = stick();
    stick.descriptors();
    let mut transfers = stick.take().transfers;
    let whole = downloaded(count);
    let data: Vec<_> = whole.data().collect();
    let pieces = data.iter().cycle().flat_map(|transfer| {
        transfer.bytes.iter().map(|&byte| Transfer { bytes: vec![byte], ..(*transfer).clone() })
    });
    let start = transfers.last().map_or(START, |last| last.time_ns);
    let timed = pieces.zip((start..).step_by(1_000));
    transfers.extend(timed.take(count).map(|(piece, time_ns)| Transfer { time_ns, ..piece }));
    Session { transfers }
}

fn reply(parts: usize) -> Session {
    let mut stick = stick();
    let data = Outcome::Data(vec![7; 64 * (parts + 1)]);
    stick.fetch(&Transaction { stop_after: Some(parts), ..Transaction::new(0x80, data) });
    stick.take()
}
