// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a line that says what is wrong, and the steps of one exchange. Out: the steps, spoilt.

use anyhow::{Context, Result, bail, ensure};

use crate::stick::{Role, Step};
use crate::words::Words;

/// The frames of an exchange by their names in scripts.
const FRAMES: [(&str, Role); 9] = [
    ("control", Role::Control),
    ("ask", Role::Ask),
    ("answer", Role::Answer),
    ("transmit", Role::Transmit),
    ("ack", Role::Ack),
    ("poll", Role::Poll),
    ("status", Role::Status),
    ("read", Role::Read),
    ("reply", Role::Reply),
];

/// The checksums by their names in scripts: their frame, and their offset if they are not its last byte.
const CHECKSUMS: [(&str, Role, Option<usize>); 5] = [
    ("transmit-crc", Role::Transmit, Some(14)),
    ("parameters-crc", Role::Transmit, None),
    ("read-crc", Role::Read, Some(4)),
    ("header-crc", Role::Reply, Some(12)),
    ("payload-crc", Role::Reply, None),
];

/// One thing that is wrong with an exchange.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Damage {
    role: Role,
    nth: usize,
    /// One piece of the frame, and not the whole of it.
    piece: Option<usize>,
    kind: DamageKind,
}

#[derive(Debug, Clone, Copy)]
enum DamageKind {
    /// The byte at this offset, or the frame's last one, is inverted.
    Invert(Option<usize>),
    /// The transfer is missing from the capture.
    Drop,
    /// The transfer is captured twice.
    Double,
    /// The transfer ends after so many bytes.
    Cut(usize),
    /// The capture kept so many bytes of it.
    Snap(usize),
}

impl Damage {
    /// `bad CHECKSUM [N]`, `invert FRAME at OFFSET`, `drop FRAME`, `double FRAME`, `cut FRAME to N`,
    /// `snap FRAME to N`, with FRAME as `reply`, `reply 2` or `reply 2.3`.
    pub fn read(words: &mut Words<'_>) -> Result<Self> {
        let verb = words.word("bad, invert, drop, double, cut or snap")?;
        if verb == "bad" {
            let name = words.word("a checksum")?;
            let names = || CHECKSUMS.map(|(name, ..)| name).join(", ");
            let found = CHECKSUMS.iter().find(|(known, ..)| *known == name);
            let (_, role, offset) =
                *found.with_context(|| format!("{name:?} is none of the checksums {}", names()))?;
            let nth = if words.ended() { 1 } else { words.number("which one")? };
            return Ok(Self { role, nth, piece: None, kind: DamageKind::Invert(offset) });
        }
        let name = words.word("a frame")?;
        let names = || FRAMES.map(|(name, _)| name).join(", ");
        let found = FRAMES.iter().find(|(known, _)| *known == name);
        let (_, role) = *found.with_context(|| format!("{name:?} is none of the frames {}", names()))?;
        let (nth, piece) = which(words)?;
        let kind = match verb {
            "drop" => DamageKind::Drop,
            "double" => DamageKind::Double,
            "invert" => {
                words.expect("at")?;
                DamageKind::Invert(Some(words.number("an offset")?))
            }
            "cut" => {
                words.expect("to")?;
                DamageKind::Cut(words.number("a length")?)
            }
            "snap" => {
                words.expect("to")?;
                DamageKind::Snap(words.number("a length")?)
            }
            other => bail!("{other:?} is no damage; known are bad, invert, drop, double, cut and snap"),
        };
        Ok(Self { role, nth, piece, kind })
    }

    /// Spoils the steps.
    pub fn apply(self, steps: &mut Vec<Step>) -> Result<()> {
        let hit = |step: &Step| {
            (step.role, step.nth) == (self.role, self.nth)
                && self.piece.is_none_or(|piece| piece == step.piece)
        };
        let first = steps.iter().position(hit).context("the exchange has no such frame")?;
        let last = steps.iter().rposition(hit).unwrap_or(first);
        match self.kind {
            DamageKind::Drop => steps.retain(|step| !hit(step)),
            DamageKind::Double => {
                let again: Vec<_> = steps[first..=last].to_vec();
                steps.splice(last + 1..=last, again);
            }
            DamageKind::Invert(None) => invert(steps[last].transfer.bytes.last_mut())?,
            DamageKind::Invert(Some(offset)) => invert(steps[first].transfer.bytes.get_mut(offset))?,
            DamageKind::Cut(length) => {
                ensure!(length < steps[first].transfer.bytes.len(), "the frame is no longer than that");
                steps[first].transfer.bytes.truncate(length);
            }
            DamageKind::Snap(length) => {
                let transfer = &mut steps[first].transfer;
                transfer.lost = transfer.bytes.len().checked_sub(length).context("the frame is shorter")?;
                transfer.bytes.truncate(length);
            }
        }
        Ok(())
    }
}

fn invert(byte: Option<&mut u8>) -> Result<()> {
    let byte = byte.context("the frame ends before that byte")?;
    *byte = !*byte;
    Ok(())
}

/// `[NTH[.PIECE]]`, by default the first frame, all pieces.
fn which(words: &mut Words<'_>) -> Result<(usize, Option<usize>)> {
    let mut ahead = *words;
    let Some(word) = ahead.next().filter(|word| word.starts_with(|c: char| c.is_ascii_digit())) else {
        return Ok((1, None));
    };
    *words = ahead;
    Ok(match word.split_once('.') {
        None => (word.parse()?, None),
        Some((nth, piece)) => (nth.parse()?, Some(piece.parse()?)),
    })
}
