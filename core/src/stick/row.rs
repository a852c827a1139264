// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: what a row of the stick's commands says.

use super::shape::Shape;

/// Tells whether a reply has the shape that each known one has, if there is such a shape.
pub type Fits = fn(&[u8]) -> Option<bool>;

/// What ends the exchange that a command begins or belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It asks a pump, and what the pump says ends it.
    Pump,
    /// It serves the exchange that is open, and ends nothing by itself.
    Open,
    /// The stick's own reply.
    Reply,
}

/// A row of the table of commands.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// How it lies in its bytes.
    pub shape: Shape,
    /// What ends it.
    pub end: End,
    /// [`super::command::Body::written`] of its answer, if it has one beside the acknowledge.
    pub written: Option<fn(u16) -> usize>,
    /// [`super::command::Body::fits`] of its answer.
    pub fits: Option<Fits>,
}
