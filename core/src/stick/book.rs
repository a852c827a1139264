// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: the book of sticks, by what their commands are.

use super::Answered;
use super::attempt::Attempt;
use crate::carrier::book;

/// A command of the host to a stick, and the reply to it.
pub type Request = book::Request<Answered>;

/// All that is kept of the frames of sticks.
pub(super) type Book = book::Book<Answered, Attempt>;
