//! In: the structs of `carelink.h`. Out: the same in Rust, member by member; the plugin's build compares them.

use crate::session::{self, Carrier, Claim, Direction, Session};
use crate::sink::{InfoLine, Node, NoteAt, Outline, TextAt};
use libc::c_char;
use std::ptr;

/// The transfer is CareLink's, and the view is filled in.
pub const CL_OK: i32 = 0;
/// The transfer is not CareLink's, or nothing shows that it is; the view is empty.
pub const CL_DECLINED: i32 = 1;
/// A mistake in the core, which the view tells of, or in the call, if the view is empty.
pub const CL_FAILED: i32 = 2;
/// In [`Transfer::want`]: the tree.
pub const WANT_TREE: u8 = 1;
/// In [`Transfer::want`]: the line for the packet list.
pub const WANT_INFO: u8 = 2;

/// What `cl_session *` points to.
#[derive(Debug, Default)]
pub struct Handle {
    /// What is remembered.
    pub(super) session: Session,
    /// The items of the last view.
    pub(super) outline: Outline,
    /// The line for the packet list of the last view.
    pub(super) line: InfoLine,
    /// The sources of the last view.
    pub(super) sources: Vec<Source>,
}

/// One transfer as C hands it in: `struct cl_transfer`, which says what each member means.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(missing_docs, reason = "carelink.h documents the members")]
pub struct Transfer {
    pub bytes: *const u8,
    pub captured: u32,
    pub reported: u32,
    pub stream: u64,
    pub time: u64,
    pub frame: u32,
    pub layer: u32,
    pub direction: u8,
    pub carrier: u8,
    pub endpoint: u8,
    pub certain: u8,
    pub visited: u8,
    pub want: u8,
    pub looked_at: *const u64,
}

impl Transfer {
    /// The transfer as the session takes it. Numbers that the contract does not name mean "not known".
    pub(super) fn read<'a>(&self, bytes: &'a [u8]) -> session::Transfer<'a> {
        session::Transfer {
            bytes,
            reported: bytes.len().max(self.reported as usize),
            stream: self.stream,
            time: self.time,
            frame: self.frame,
            layer: self.layer,
            direction: match self.direction {
                0 => Some(Direction::ToStick),
                1 => Some(Direction::FromStick),
                _ => None,
            },
            endpoint: (self.endpoint != 0).then_some(self.endpoint),
            carrier: if self.carrier == 0 { Carrier::Transfers } else { Carrier::Stream },
            claim: if self.certain == 0 { Claim::Ask } else { Claim::Certain },
        }
    }
}

/// Bytes put together from several transfers: `struct cl_source`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(missing_docs, reason = "carelink.h documents the members")]
pub struct Source {
    pub bytes: *const u8,
    pub len: u32,
    pub name: TextAt,
}

/// All that C may look at until the next call with the same session: `struct cl_view`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(missing_docs, reason = "carelink.h documents the members")]
pub struct View {
    pub nodes: *const Node,
    pub notes: *const NoteAt,
    pub sources: *const Source,
    pub texts: *const c_char,
    pub n_nodes: u32,
    pub n_notes: u32,
    pub n_sources: u32,
    pub info: TextAt,
}

impl View {
    /// Nothing to see; its texts are still a text, the empty one.
    pub const EMPTY: Self = Self {
        nodes: ptr::null(),
        notes: ptr::null(),
        sources: ptr::null(),
        texts: c"".as_ptr(),
        n_nodes: 0,
        n_notes: 0,
        n_sources: 0,
        info: TextAt(0),
    };
}
