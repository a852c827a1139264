// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the structs of `carelink.h`. Out: the same in Rust, member by member; the plugin's build compares them.

use crate::carrier::report;
use crate::session::Session;
use crate::transfer::{self, Carrier, Claim, Direction, Stream};
use crate::tree::field::Field;
use crate::tree::outline::{ExpertAt, Node, Outline, TextAt, Wanted};
use crate::tree::sink::InfoLine;
use crate::view::options;
use libc::{c_char, c_int};
use std::fmt;
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

/// In [`Transfer::want`]: what statistics count.
pub const WANT_REPORTS: u8 = 4;
/// In [`Report::flags`]: a frame is complete with this piece.
pub const FRAME: u8 = 1;
/// In [`Report::flags`]: it answers the stick's command.
pub const ANSWERS: u8 = 2;
/// In [`Report::flags`]: it is the end of the response to the pump's command.
pub const RESPONDS: u8 = 4;
/// In [`Report::flags`]: the strength of the signal is known.
pub const HAS_RSSI: u8 = 8;
/// In [`Report::flags`]: it is a command to a pump.
pub const TRANSMITS: u8 = 16;
/// In [`Report::flags`]: it holds a packet to a pump, or what came from one.
pub const OVER_RADIO: u8 = 32;
/// In [`View::stream`]: the stick has no number.
pub const NO_STREAM: u32 = u32::MAX;

/// What `cl_session *` points to.
#[derive(Debug)]
pub struct Handle {
    /// What is remembered.
    pub(super) session: Session,
    /// The items of the last view.
    pub(super) outline: Outline<WantedFields>,
    /// The line for the packet list of the last view.
    pub(super) line: InfoLine,
    /// The sources of the last view.
    pub(super) sources: Vec<Source>,
    /// The reports of the last view.
    pub(super) reports: Vec<Report>,
}

impl Handle {
    /// A handle with a session that dissects as the user chose.
    pub(super) fn new(options: options::Options) -> Self {
        let mut session = Session::default();
        session.choose(options);
        Self {
            session,
            outline: Outline::new(WantedFields::ALL),
            line: InfoLine::default(),
            sources: Vec::new(),
            reports: Vec::new(),
        }
    }
}

/// What the user chose: `struct cl_options`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(missing_docs, reason = "carelink.h documents the members")]
pub struct Options {
    pub pump_model: *const c_char,
    pub verify_crc: u8,
    pub reassemble: u8,
}

/// One transfer as C hands it in: `struct cl_transfer`, which says what each member means.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(missing_docs, reason = "carelink.h documents the members")]
pub struct Transfer {
    pub bytes: *const u8,
    pub captured: u32,
    pub reported: u32,
    pub interface: u32,
    pub number: u32,
    pub time: u64,
    pub frame: u32,
    pub layer: u32,
    pub direction: u8,
    pub carrier: u8,
    pub endpoint: u8,
    pub certain: u8,
    pub visited: u8,
    pub want: u8,
    pub left_out: u8,
    pub wanted_step: u16,
    pub wanted: *const c_int,
}

impl Transfer {
    /// What anybody looks at.
    pub(super) fn wanted(&self) -> WantedFields {
        let Self { wanted: first, wanted_step, want, .. } = *self;
        WantedFields { first, step: wanted_step.into(), info: want & WANT_INFO != 0 }
    }

    fn carrier(&self) -> Carrier {
        match self.carrier {
            0 => Carrier::Transfers,
            2 => Carrier::Reports,
            _ => Carrier::Stream,
        }
    }

    fn stream(&self) -> Stream {
        let Self { interface, number, .. } = *self;
        if self.carrier() != Carrier::Stream {
            let [bus_high, bus_low, device_high, device_low] = number.to_be_bytes();
            let (bus, device) =
                (u16::from_be_bytes([bus_high, bus_low]), u16::from_be_bytes([device_high, device_low]));
            Stream::Usb { interface, bus, device }
        } else {
            Stream::Line { interface, conversation: number }
        }
    }

    /// The transfer as the session takes it. Numbers that the contract does not name mean "not known".
    pub(super) fn read<'a>(&self, bytes: &'a [u8]) -> transfer::Transfer<'a> {
        transfer::Transfer {
            bytes,
            reported: bytes.len().max(self.reported as usize),
            stream: self.stream(),
            time: self.time,
            frame: self.frame,
            layer: self.layer,
            direction: match self.direction {
                0 => Some(Direction::ToStick),
                1 => Some(Direction::FromStick),
                _ => None,
            },
            endpoint: (self.endpoint != 0).then_some(self.endpoint),
            carrier: self.carrier(),
            claim: if self.certain == 0 { Claim::Ask } else { Claim::Certain },
            left_out: self.left_out != 0,
        }
    }
}

/// What anybody looks at, for one call: what it points to is the caller's.
#[derive(Clone, Copy, Debug)]
pub struct WantedFields {
    first: *const c_int,
    step: usize,
    info: bool,
}

impl WantedFields {
    /// Somebody looks at everything.
    pub(super) const ALL: Self = Self { first: ptr::null(), step: 0, info: true };
}

impl Wanted for WantedFields {
    fn field(&self, field: Field) -> bool {
        self.first.is_null() || {
            // SAFETY: not NULL, and the caller of `cl_dissect` vouches for an int per field, `step` bytes apart,
            // which need not be aligned; outside the call it is NULL.
            let wanted = unsafe { self.first.byte_add(self.step * usize::from(field.id())).read_unaligned() };
            wanted != 0
        }
    }

    fn info(&self) -> bool {
        self.info
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

/// What statistics count of one piece of a transfer: `struct cl_report`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(missing_docs, reason = "carelink.h documents the members")]
pub struct Report {
    pub asked: u64,
    pub pump_asked: u64,
    pub object: *const u8,
    pub object_len: u32,
    pub object_name: TextAt,
    pub len: u32,
    pub pump: TextAt,
    pub pump_command: TextAt,
    pub device_command: TextAt,
    pub outcome: TextAt,
    pub pump_nak: TextAt,
    pub device_nak: TextAt,
    pub bad_crcs: u32,
    pub direction: u8,
    pub device_code: u8,
    pub pump_opcode: u8,
    pub flags: u8,
    pub rssi: i8,
    pub device: u8,
}

impl Report {
    /// The same for C; its texts are kept in `texts`, and `object` is the reply that it tells of.
    pub(super) fn new(report: &report::Report, object: &[u8], texts: &mut Outline<WantedFields>) -> Self {
        let mut keep = |text: Option<&dyn fmt::Display>| {
            text.map_or(TextAt::default(), |text| texts.keep(format_args!("{text}")))
        };
        let flags = [
            (report.whole, FRAME),
            (report.asked.is_some(), ANSWERS),
            (report.pump_asked.is_some(), RESPONDS),
            (report.rssi.is_some(), HAS_RSSI),
            (report.transmits, TRANSMITS),
            (report.over_radio, OVER_RADIO),
        ];
        Self {
            asked: report.asked.unwrap_or_default(),
            pump_asked: report.pump_asked.unwrap_or_default(),
            object: if report.object.is_some() { object.as_ptr() } else { ptr::null() },
            object_len: count(object.len()),
            object_name: keep(report.object.as_ref().map(|object| &object.name as _)),
            len: report.len,
            pump: keep(report.pump.as_ref().map(|serial| serial as _)),
            pump_command: keep(report.pump_opcode.as_ref().map(|opcode| opcode as _)),
            device_command: keep(report.device_code.as_ref().map(|code| code as _)),
            outcome: keep(report.outcome.as_ref().map(|outcome| outcome as _)),
            pump_nak: keep(report.pump_nak.as_ref().map(|reason| reason as _)),
            device_nak: keep(report.device_nak.as_ref().map(|reason| reason as _)),
            bad_crcs: report.bad_crcs,
            direction: report.direction as u8,
            device_code: report.device_code.map_or(0, |code| code.number),
            pump_opcode: report.pump_opcode.map_or(0, |opcode| opcode.0),
            flags: flags.iter().filter(|(set, _)| *set).map(|(_, flag)| flag).sum(),
            rssi: report.rssi.unwrap_or_default(),
            device: report.device as u8,
        }
    }
}

/// A count for C. The lists are far shorter; the rest of a longer one would not be shown.
pub(super) fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// All that C may look at until the next call with the same session: `struct cl_view`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(missing_docs, reason = "carelink.h documents the members")]
pub struct View {
    pub nodes: *const Node,
    pub experts: *const ExpertAt,
    pub sources: *const Source,
    pub reports: *const Report,
    pub texts: *const c_char,
    pub n_nodes: u32,
    pub n_experts: u32,
    pub n_sources: u32,
    pub n_reports: u32,
    pub texts_len: u32,
    pub stream: u32,
    pub info: TextAt,
    pub root: TextAt,
    pub stick: TextAt,
}

impl View {
    /// Nothing to see; its texts are still a text, the empty one.
    pub const EMPTY: Self = Self {
        nodes: ptr::null(),
        experts: ptr::null(),
        sources: ptr::null(),
        reports: ptr::null(),
        texts: c"".as_ptr(),
        n_nodes: 0,
        n_experts: 0,
        n_sources: 0,
        n_reports: 0,
        texts_len: 1,
        stream: NO_STREAM,
        info: TextAt(0),
        root: TextAt(0),
        stick: TextAt(0),
    };
}
