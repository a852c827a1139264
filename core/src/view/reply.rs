// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what came of a pump's reply, put together from its parts. Out: whether it can be trusted, and what it says.

use super::page;
use super::payload::{self, PAYLOAD, REPLY, decode, does_not_fit};
use crate::exchange::{TransactionId, Transactions};
use crate::pump::Opcode;
use crate::tree::checksum::{self, CrcStatus};
use crate::tree::cursor::Cursor;
use crate::tree::expert::SAME_REPLY;
use crate::tree::field::Field;
use crate::tree::opaque;
use crate::tree::sink::Sink;
use crate::units::count;
use crate::{history, pages, pump, sensor};
use std::fmt;

/// Why a reply is not read: each value that it seems to hold may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Nobody knows what was asked.
    Command,
    /// Packets are missing, so that it may answer another command.
    Unproven,
    /// So many bytes of it did not come or were not captured, and others came behind them.
    Lacks(u32),
    /// A part of it fails a check value, and there is no other one over all parts.
    Part,
    /// It is a page that fails its check value.
    Page,
    /// It holds what no pump can answer to the command.
    Misfit,
}

/// `it lacks 64 bytes`
impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command => f.write_str("its command fails a CRC"),
            Self::Unproven => f.write_str("packets are missing, so that it may answer another command"),
            Self::Lacks(bytes) => write!(f, "it lacks {}", count::bytes(*bytes)),
            Self::Part => f.write_str("a part of it fails its CRC"),
            Self::Page => f.write_str("it fails its CRC-16"),
            Self::Misfit => f.write_str("it does not fit the command"),
        }
    }
}

/// Why the bytes that came of the reply of a transaction are not to be read, if so. Their end may still lack.
#[must_use]
pub fn doubt(transactions: &Transactions, id: TransactionId) -> Option<Doubt> {
    let transaction = transactions.get(id)?;
    if transaction.command().is_some_and(|command| !command.sound) {
        return Some(Doubt::Command);
    }
    if transaction.unproven {
        return Some(Doubt::Unproven);
    }
    if transaction.missing > 0 {
        return Some(Doubt::Lacks(transaction.missing));
    }
    // A page has a check value of its own, over all parts.
    let kind = transaction.pump_opcode().and_then(Opcode::page);
    let (data, _) = transactions.reply(id);
    match kind.map_or(CrcStatus::NotPresent, |kind| pages::check(kind, data)) {
        CrcStatus::Bad => Some(Doubt::Page),
        CrcStatus::NotPresent if transaction.bad_crcs > 0 => Some(Doubt::Part),
        _ if transaction.misfit => Some(Doubt::Misfit),
        _ => None,
    }
}

/// The fields that a reply may be shown with.
fn fields() -> impl Iterator<Item = Field> {
    let here: &[&[Field]] = &[payload::FIELDS, checksum::FIELDS, opaque::FIELDS];
    [here, pump::TABLES, history::TABLES, sensor::TABLES].into_iter().flatten().copied().flatten().copied()
}

/// Shows the reply of a transaction, whose bytes `c` has to read.
pub fn show<S: Sink>(transactions: &Transactions, id: TransactionId, c: &mut Cursor<'_, '_, S>) {
    // A page has hundreds of items: who looks at none of them need not wait for them.
    if !c.wants_info() && !c.wants(fields()) {
        return;
    }
    let Some(transaction) = transactions.get(id) else { return };
    let pump = transactions.pump_of(transaction);
    let page = transaction.sound_command().and_then(|command| command.opcode.page());
    let doubt = doubt(transactions, id).filter(|doubt| c.verifies() || *doubt != Doubt::Page);
    match (page, doubt) {
        (Some(kind), Some(doubt)) => {
            page::damaged(kind, c);
            match page::title(transaction) {
                Some(title) => c.lead(format_args!("{title}: not read, {doubt}")),
                None => c.lead(format_args!("not read: {doubt}")),
            }
        }
        (None, Some(doubt)) => {
            match transaction.pump_opcode().filter(|_| doubt == Doubt::Misfit) {
                Some(opcode) => does_not_fit(opcode, c),
                None => drop(c.remainder(PAYLOAD)),
            }
            echo(transactions, id, c);
        }
        (Some(kind), None) => {
            let _ = c.group(REPLY, |c| {
                page::show(transactions, transaction, kind, pump, c);
                Ok(())
            });
            c.raise();
        }
        (None, None) => {
            decode(transaction.pump_opcode(), pump, c);
            echo(transactions, id, c);
        }
    }
}

/// Tells if the reply to another command had the same bytes.
pub fn echo<S: Sink>(transactions: &Transactions, id: TransactionId, c: &mut Cursor<'_, '_, S>) {
    if let Some((_, other)) = transactions.echoes(id)
        && let (Some(opcode), Some(end)) = (other.pump_opcode(), other.response)
    {
        c.expert(SAME_REPLY, format_args!("{opcode} in frame {}", end.frame()));
    }
}
