// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what a carrier finds of a command to a pump and of the answer to it. Out: transactions, with their replies.
//!
//! A transaction is one command, its parameters, the parts of its reply and how it ended. How it was carried, and with
//! what effort, is the carrier's to know; it tells [`Transactions`] what came.

pub mod code;
pub(crate) mod list;
mod numbers;
pub mod outcome;
pub(crate) mod shelf;
pub mod transaction;
mod transactions;

pub use code::{Device, DeviceCode};
pub use outcome::{Outcome, Stage};
pub use transaction::{Asked, Expects, Part, PumpCommand, Transaction, TransactionId};
pub use transactions::Transactions;
pub(crate) use transactions::{Answer, Arrival, Completion, LONGEST_REPLY};
