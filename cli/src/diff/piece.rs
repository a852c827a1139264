// SPDX-License-Identifier: GPL-2.0-or-later
//! In: captures, or files with pages. Out: what was replied in them, each reply under what it answers.

use crate::conversation::{Conversation, Entry, Keep, Options};
use crate::forms::Content;
use crate::found::{Source, pages_in_file, source};
use crate::list;
use crate::page::Page;
use crate::show;
use anyhow::{Error, Result};
use carelink_core::exchange::Asked;
use carelink_core::pump::serial::Serial;
use carelink_core::tree::outline::Outline;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What a reply answers: the same of both sides belongs together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Question {
    /// A command of the stick, by its number.
    Stick(u8),
    /// A command of a pump, by its opcode, and its parameters.
    Pump(u8, Vec<u8>),
    /// A page, of a capture or a file.
    Page(&'static str, Option<u32>),
}

/// A question, and of how many it is which, and, if both sides have it, the pump.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub serial: Option<Serial>,
    pub question: Question,
    pub nth: usize,
}

/// A reply, or what came in its place.
pub(super) struct Piece {
    /// The pump, if one was asked.
    pub serial: Option<Serial>,
    question: Question,
    /// What was asked, in words.
    pub title: String,
    /// How it ended.
    pub outcome: String,
    /// The number of the transaction; `None` for a file with pages.
    pub number: Option<u32>,
    pub bytes: Vec<u8>,
    pub outline: Outline,
}

impl Piece {
    /// True if it is a page: a list of records.
    pub fn page(&self) -> bool {
        matches!(self.question, Question::Page(..))
    }
}

/// One side of a comparison.
pub(super) struct Side {
    pub pieces: Vec<Piece>,
    /// What is left out, and why.
    pub warnings: Vec<String>,
    /// Why it was not read to its end.
    pub damage: Option<Error>,
}

impl Side {
    /// Reads a file.
    pub fn read(path: &Path, options: &Options) -> Result<Self> {
        let name = path.display();
        match Conversation::read(path, options, Keep::All) {
            Ok(conversation) => {
                let side = Self::of(&conversation, &name.to_string());
                Ok(Self { damage: conversation.damage, ..side })
            }
            Err(error) => match source(path, options) {
                Ok(Source::Pages(path, content)) => of_file(&path, &content, options),
                _ => Err(error),
            },
        }
    }

    /// What a conversation holds; `name` stands for it in warnings.
    pub fn of(conversation: &Conversation, name: &str) -> Self {
        let (mut pieces, mut warnings) = (Vec::new(), Vec::new());
        for entry in conversation.entries() {
            if let Some(doubt) = entry.doubt {
                let said = format!("{name}: transaction {}, {}", entry.number, entry.transaction);
                warnings.push(format!("{said}, is left out: {doubt}"));
            } else {
                pieces.extend(of_entry(conversation, &entry));
            }
        }
        Self { pieces, warnings, damage: None }
    }

    /// The pieces by what they answer. Only the pumps in `both` are told apart.
    pub fn by_key(&self, both: &BTreeSet<Serial>) -> BTreeMap<Key, &Piece> {
        let mut counts = BTreeMap::new();
        let key = |piece: &Piece| {
            let serial = piece.serial.filter(|serial| both.contains(serial));
            let count = counts.entry((serial, piece.question.clone())).or_insert(0);
            *count += 1;
            Key { serial, question: piece.question.clone(), nth: *count }
        };
        let keys: Vec<_> = self.pieces.iter().map(key).collect();
        keys.into_iter().zip(&self.pieces).collect()
    }

    pub fn serials(&self) -> BTreeSet<Serial> {
        self.pieces.iter().filter_map(|piece| piece.serial).collect()
    }
}

fn of_entry(conversation: &Conversation, entry: &Entry<'_>) -> Option<Piece> {
    let transaction = entry.transaction;
    let (question, bytes, outline) = match transaction.asked {
        Asked::Unknown => return None,
        Asked::Device(code) => {
            let packet = conversation.packet(transaction.response?.frame())?;
            let mut outline = Outline::default();
            conversation.dissect(packet.frame, &mut outline);
            (Question::Stick(code.number), packet.bytes.clone(), outline)
        }
        Asked::Pump(command) => {
            let page = Page::of(entry).map(|page| Question::Page(page.kind.word(), page.number));
            let asked = || Question::Pump(command.opcode.0, transaction.parameters().to_vec());
            let outline = show::reply(conversation, entry).map(|part| part.outline).unwrap_or_default();
            (page.unwrap_or_else(asked), entry.data.to_vec(), outline)
        }
    };
    let mut title = list::command(entry);
    if let Some(parameters) = list::behind_name(entry) {
        title += &format!(" {parameters}");
    }
    Some(Piece {
        serial: transaction.serial(),
        question,
        title,
        outcome: list::outcome(entry),
        number: Some(entry.number.get()),
        bytes,
        outline,
    })
}

fn of_file(path: &Path, content: &Content, options: &Options) -> Result<Side> {
    let (mut pieces, mut warnings) = (Vec::new(), Vec::new());
    for page in pages_in_file(path, content, options)? {
        if let Some(doubt) = page.doubt() {
            warnings.push(format!("{}: {} is left out: {doubt}", path.display(), page.place()));
            continue;
        }
        let mut outline = Outline::default();
        page.read(&mut outline);
        pieces.push(Piece {
            serial: None,
            question: Question::Page(page.kind.word(), page.number),
            title: page.place(),
            outcome: "complete".to_owned(),
            number: None,
            bytes: page.bytes.to_vec(),
            outline,
        });
    }
    Ok(Side { pieces, warnings, damage: None })
}
