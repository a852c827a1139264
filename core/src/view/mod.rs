// SPDX-License-Identifier: GPL-2.0-or-later
//! In: transactions. Out: what a reply says and whether it can be trusted, and the account of a transaction.

pub mod links;
pub mod options;
pub mod page;
pub mod payload;
pub mod reply;
pub mod summary;

crate::tables! { links, summary, payload }
