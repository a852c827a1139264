// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a transaction in the whole capture and in a slice of it. Out: whether both read the same.

use crate::conversation::{Conversation, Entry};
use crate::list;
use crate::show;
use crate::tree::Tree;

/// How much must be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Degree {
    /// All that is known of it, but for how often it was asked before: that is not looked for in what is kept by the way.
    Account,
    /// Also how often it was asked before.
    Chosen,
}

/// True if both came to the same: outcome, frames, bytes, doubt, pump.
pub(super) fn account(whole: &Entry<'_>, slice: &Entry<'_>, degree: Degree) -> bool {
    let known = |entry: &Entry<'_>| {
        let transaction = entry.transaction;
        let over = transaction.closed || transaction.ended();
        let mut account = transaction.clone();
        account.closed = true;
        if degree == Degree::Account {
            account.repeats = 0;
        }
        (account, over, transaction.outcome())
    };
    known(whole) == known(slice)
        && whole.data == slice.data
        && whole.parts == slice.parts
        && whole.doubt == slice.doubt
        && whole.pump == slice.pump
}

/// True if both say the same: in the sentence of list, and in each value of show.
pub(super) fn values(whole: (&Conversation, &Entry<'_>), slice: (&Conversation, &Entry<'_>)) -> bool {
    said(whole) == said(slice)
}

/// True if all came to the same, though the numbers of frames are others.
pub(super) fn renumbered<'a>(
    whole: impl Iterator<Item = &'a Entry<'a>>,
    slice: impl Iterator<Item = Entry<'a>>,
) -> bool {
    let known = |entry: &Entry<'_>| {
        let transaction = entry.transaction;
        let asked = (transaction.asked, transaction.parameters().to_vec(), transaction.stage);
        (asked, transaction.outcome(), entry.data.to_vec(), entry.doubt, entry.pump)
    };
    whole.map(known).eq(slice.map(|entry| known(&entry)))
}

fn said((conversation, entry): (&Conversation, &Entry<'_>)) -> (Option<String>, Option<String>) {
    let tree = show::reply(conversation, entry).map(|part| Tree::new(&part.outline, part.bytes).text(0));
    (list::came(conversation, entry), tree)
}
