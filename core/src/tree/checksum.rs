// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a check value and the bytes that it covers. Out: the verdict, shown as Wireshark shows checksums.

use crate::tree::crc::crc8;
use crate::tree::cursor::Cursor;
use crate::tree::expert::{BAD_CRC, Stop};
use crate::tree::seal::Method;
use crate::tree::sink::{Show, Sink, Span, Value};
use nom::Parser as _;
use nom::number::complete::be_u8;

crate::open_enum! {
    /// What became of a check, in Wireshark's numbers.
    pub enum CrcStatus: u8 {
        Bad = 0 => "Bad",
        Good = 1 => "Good",
        Unverified = 2 => "Unverified",
        NotPresent = 3 => "Not present",
    }
}

crate::fields! {
    /// Check value over bytes before it: CRC-8 (polynomial 0x9b) in frames, CRC-16 (polynomial 0x1021) in pages. The label says which.
    CRC: X16, "carelink.crc", "CRC", Confirmed;
    /// Whether the check value agrees with the bytes that it covers.
    CRC_STATUS: U8, "carelink.crc.status", "CRC Status", Confirmed, names CrcStatus::NAMES;
}

/// A check value as it was sent, and what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// As sent.
    pub sent: u16,
    /// As computed; `None` if the covered bytes are not all there.
    pub computed: Option<u16>,
}

impl Check {
    /// The verdict.
    #[must_use]
    pub fn status(self) -> CrcStatus {
        match self.computed {
            None => CrcStatus::Unverified,
            Some(computed) if computed == self.sent => CrcStatus::Good,
            Some(_) => CrcStatus::Bad,
        }
    }
}

impl Show for Check {
    fn show(&self) -> Value<'_> {
        Value::Unsigned(self.sent.into())
    }
}

impl<'b, S: Sink> Cursor<'b, '_, S> {
    /// Reads a CRC-8 over the bytes from `start` up to here, and shows it as `what`.
    ///
    /// # Errors
    /// [`Stop`] if the byte is missing.
    pub fn crc8(&mut self, what: &'static &'static str, start: usize) -> Result<Check, Stop> {
        let computed = Some(crc8(self.since(start)).into());
        self.check(what, 2, start, be_u8.map(|sent| Check { sent: sent.into(), computed }))
    }

    /// Reads a CRC over the bytes from `start` up to here with `parser`, and shows it as `what`, with `digits` hexadecimal
    /// digits.
    ///
    /// # Errors
    /// [`Stop`] if bytes are missing.
    pub fn check(
        &mut self,
        what: &'static &'static str,
        digits: usize,
        start: usize,
        parser: impl nom::Parser<&'b [u8], Output = Check, Error = nom::error::Error<&'b [u8]>>,
    ) -> Result<Check, Stop> {
        self.sealed(what, digits, (self.span_since(start), Method::Crc), parser)
    }

    /// Reads a check value over the bytes at `covered`, made of them by `method`, as [`Cursor::check`] reads a CRC.
    ///
    /// # Errors
    /// [`Stop`] if bytes are missing.
    pub fn sealed(
        &mut self,
        what: &'static &'static str,
        digits: usize,
        (covered, method): (Span, Method),
        parser: impl nom::Parser<&'b [u8], Output = Check, Error = nom::error::Error<&'b [u8]>>,
    ) -> Result<Check, Stop> {
        let verify = self.verifies();
        let parser = parser.map(|check| if verify { check } else { Check { computed: None, ..check } });
        let check = self.packed(CRC, parser, |c, check| c.derived(CRC_STATUS, &check.status()));
        let check = check.map_err(|stop| Stop { within: Some(what), ..stop })?;
        if check.computed.is_some() {
            self.seal(covered, method);
        }
        let sent = check.sent;
        match (check.status(), check.computed) {
            (CrcStatus::Bad, Some(computed)) => {
                self.relabel(format_args!(
                    "{what}: 0x{sent:0digits$x} [incorrect, should be 0x{computed:0digits$x}]"
                ));
                self.info(format_args!("bad {what}"));
                self.expert(
                    BAD_CRC,
                    format_args!("{what} is 0x{sent:0digits$x}, should be 0x{computed:0digits$x}"),
                );
            }
            (CrcStatus::Good, _) => self.relabel(format_args!("{what}: 0x{sent:0digits$x} [correct]")),
            _ => self.relabel(format_args!("{what}: 0x{sent:0digits$x} [unverified]")),
        }
        Ok(check)
    }
}
