// SPDX-License-Identifier: GPL-2.0-or-later
//! In: oddities that parsers meet. Out: expert infos, each with a severity, and a sentence that names its source.
//!
//! An oddity never stops a parser; only lack of bytes does, as a [`Stop`].

use std::fmt;

/// A kind of expert info, by its number in [`EXPERTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpertInfo(u32);

impl ExpertInfo {
    /// Its number: an index into [`EXPERTS`].
    #[must_use]
    pub const fn id(self) -> u32 {
        self.0
    }

    /// True if it is about one value, so that its text is of use only with the name of that.
    #[must_use]
    pub fn about_value(self) -> bool {
        [UNKNOWN_VALUE, RESERVED_BITS, OUT_OF_RANGE, NOT_A_DATE].contains(&self)
    }

    /// Its row.
    #[must_use]
    pub fn def(self) -> &'static ExpertDef {
        &EXPERTS[self.0 as usize]
    }
}

/// One row: everything that is said of an expert info.
#[derive(Debug)]
pub struct ExpertDef {
    /// Display filter name.
    pub name: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// What kind of trouble it is, in Wireshark's groups.
    pub group: ExpertGroup,
    /// The sentence that is shown.
    pub summary: &'static str,
    /// When it is given, from the doc comment of its row.
    pub help: &'static str,
}

/// How grave an expert info is: Wireshark's severities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Part of the usual conversation.
    Chat,
    /// Worth a look.
    Note,
    /// Something went wrong, and was told so by the devices.
    Warning,
    /// The bytes are damaged or make no sense.
    Error,
}

/// What kind of trouble an expert info tells of: Wireshark's groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpertGroup {
    /// A checksum.
    Checksum,
    /// A response code that tells of a failure.
    Response,
    /// Order of requests and replies.
    Sequence,
    /// Bytes that break the layout.
    Malformed,
    /// Bytes without a known meaning.
    Undecoded,
    /// Something taken for granted without proof.
    Assumption,
    /// A value that breaks a rule of the protocol.
    Protocol,
    /// Parts of a whole.
    Reassembly,
    /// A command that acts on a therapy.
    Request,
}

macro_rules! experts {
    ($($(#[doc = $doc:literal])+ $id:ident: $severity:ident, $group:ident, $name:literal, $summary:literal;)+) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "numbers the rows, nothing else")]
        enum Row { $($id),+ }
        $($(#[doc = $doc])+ pub const $id: ExpertInfo = ExpertInfo(Row::$id as u32);)+
        /// All expert infos, in the order of their numbers.
        pub const EXPERTS: &[ExpertDef] = &[$(ExpertDef {
            name: $name,
            severity: Severity::$severity,
            group: ExpertGroup::$group,
            summary: $summary,
            help: concat!($($doc),+),
        }),+];
    };
}

experts! {
    /// A CRC differs from the one computed over the bytes it covers.
    BAD_CRC: Error, Checksum, "carelink.note.bad_crc", "Bad CRC";
    /// The stick refused a command; the reason is a byte of its reply.
    STICK_NAK: Warning, Response, "carelink.note.stick_nak", "The stick refused the command";
    /// The meter between host and pump could not do what it was asked to; the reason is a byte of its answer.
    METER_NAK: Warning, Response, "carelink.note.meter_nak", "The meter refused the command";
    /// The pump refused a command; the reason is the payload of the reply.
    PUMP_NAK: Warning, Response, "carelink.note.pump_nak", "The pump refused the command";
    /// The pump did not answer within the retries that were allowed.
    RADIO_TIMEOUT: Warning, Response, "carelink.note.radio_timeout", "The pump did not answer";
    /// The stick reports an error of its radio or USB interface.
    INTERFACE_ERROR: Warning, Response, "carelink.note.interface_error", "The stick reports an interface error";
    /// The stick reports that a buffer ran over: data was lost.
    OVERFLOW: Warning, Response, "carelink.note.overflow", "The stick reports a buffer overflow, data was lost";
    /// An opcode that no source names.
    UNKNOWN_OPCODE: Note, Undecoded, "carelink.note.unknown_opcode", "Unknown opcode";
    /// A number outside the values that are known.
    UNKNOWN_VALUE: Note, Undecoded, "carelink.note.unknown_value", "Value without a known meaning";
    /// Bits that are always zero in known traffic are set.
    RESERVED_BITS: Note, Protocol, "carelink.note.reserved_bits", "Reserved bits are set";
    /// The capture holds fewer bytes than were sent.
    CUT_CAPTURE: Note, Malformed, "carelink.note.cut_capture", "Cut short by the capture";
    /// Fewer bytes were sent than the layout asks for.
    TOO_SHORT: Error, Malformed, "carelink.note.too_short", "Shorter than its layout";
    /// More bytes were sent than the layout has.
    TOO_LONG: Warning, Malformed, "carelink.note.too_long", "Longer than its layout";
    /// Bytes that cannot be placed: a lost transfer, another device, or a capture that begins in the middle.
    NOT_UNDERSTOOD: Warning, Malformed, "carelink.note.not_understood", "Bytes that fit no frame";
    /// A frame lacks its last parts: a transfer was lost.
    PART_MISSING: Warning, Reassembly, "carelink.note.part_missing", "A part of this frame is missing";
    /// A page has one part too many: without it, and in no other way, its check value is good.
    PART_TWICE: Note, Reassembly, "carelink.note.part_twice", "A part came twice, and is left out once";
    /// A reply whose command was not captured: it cannot be read further.
    NO_REQUEST: Note, Sequence, "carelink.note.no_request", "The command that this answers was not captured";
    /// The length differs from the length that was asked for.
    SIZE_MISMATCH: Warning, Sequence, "carelink.note.size_mismatch", "The length differs from the length that was asked for";
    /// The host went on to something else before the last part of the reply came.
    INCOMPLETE_REPLY: Warning, Sequence, "carelink.note.incomplete_reply", "The host gave up before the reply was complete";
    /// All parts of the reply came, but one has a bad CRC or lacks bytes.
    DAMAGED_REPLY: Warning, Sequence, "carelink.note.damaged_reply", "The reply to this command is damaged";
    /// Nothing came in answer to the command, whether the stick took it or not.
    NO_ANSWER: Warning, Sequence, "carelink.note.no_answer", "This command brought no answer";
    /// A reply whose left-over bytes, length or place among the commands does not follow from what came before: packets were lost.
    GAP: Warning, Sequence, "carelink.note.gap", "Packets are missing before this frame";
    /// Packets are missing within the transaction: what came may answer another command, so it is not decoded.
    UNPROVEN: Warning, Sequence, "carelink.note.unproven", "Nothing proves that the reply to this command is its own: packets are missing";
    /// The same command was sent just before, and failed.
    REPEATED_COMMAND: Note, Sequence, "carelink.note.repeated_command", "The same command again";
    /// A reply of another pump than the one that was asked, or that nobody asked for.
    STRAY_REPLY: Warning, Sequence, "carelink.note.stray_reply", "Left over from before: not an answer to the command that is open";
    /// A value that the pump cannot hold by its own limits.
    OUT_OF_RANGE: Warning, Protocol, "carelink.note.out_of_range", "Outside what a pump can hold";
    /// A reply holds values that no pump can hold: it is damaged, or answers another command.
    DOES_NOT_FIT: Warning, Protocol, "carelink.note.does_not_fit", "The reply does not fit the command";
    /// The reply to another command shortly before had the very same bytes: this may be that one, told again.
    SAME_REPLY: Note, Protocol, "carelink.note.same_reply", "The same bytes as the reply to another command";
    /// A date or time that no calendar has.
    NOT_A_DATE: Warning, Protocol, "carelink.note.not_a_date", "Not a date";
    /// The pump's model is not known, so a layout had to be assumed.
    MODEL_ASSUMED: Note, Assumption, "carelink.note.model_assumed", "The pump's model is not known: the layout is assumed";
    /// The records of a page do not lead to its padding by the lengths of the pump's model, but by those of another.
    OTHER_MODEL: Warning, Assumption, "carelink.note.other_model", "The records are those of another model";
    /// A command that can change what the pump delivers, or the dose that it advises.
    CHANGES_THERAPY: Chat, Request, "carelink.note.changes_therapy", "Changes therapy";
    /// A limit that keeps memory bounded was reached; what is beyond it is not kept.
    LIMIT_REACHED: Warning, Reassembly, "carelink.note.limit_reached", "A limit of this dissector was reached";
    /// This program made a mistake; the bytes are shown as they are.
    INTERNAL: Error, Malformed, "carelink.note.internal", "Mistake in the CareLink dissector";
}

/// Bytes ran out: the only thing that stops a parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Offset of the value that could not be read whole.
    pub at: u32,
    /// True if the capture cut the bytes off, false if they were never sent.
    pub cut: bool,
    /// What the value is called, if that is known. A thin reference: each value that is read may be a stop in its place.
    pub within: Option<&'static &'static str>,
}

impl Stop {
    /// The expert info that tells of it.
    #[must_use]
    pub const fn expert(self) -> ExpertInfo {
        if self.cut { CUT_CAPTURE } else { TOO_SHORT }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = if self.cut { "the capture ends" } else { "the bytes end" };
        match self.within {
            None => write!(f, "{why} within the value at offset {}", self.at),
            Some(name) => write!(f, "{why} within {name}, at offset {}", self.at),
        }
    }
}

impl std::error::Error for Stop {}
