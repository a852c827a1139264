// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a session. Out: a pcapng file of it, in one of the link types that can carry it.

mod serial;
mod tcp;
mod usb;

use std::borrow::Cow;
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::{DataLink, Endianness};

use crate::session::{Session, Transfer};

/// A way to capture the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Link {
    /// Linux usbmon, header of 48 bytes.
    Usbmon48,
    /// Linux usbmon, header of 64 bytes.
    Usbmon64,
    /// Windows USBPcap.
    Usbpcap,
    /// macOS.
    Darwin,
    /// The bare data; the packet's flags tell the direction.
    User0,
    /// The data, labelled with the name of a dissector and the direction.
    ExportedPdu,
    /// The log of a serial line by a SEL RTAC.
    RtacSerial,
    /// The bytes in a TCP stream, whose segments do not keep the transfers apart.
    Tcp,
}

/// How the packets of a link are made of a session.
#[derive(Clone, Copy)]
enum Form {
    Urbs(usb::Header),
    Frames(serial::Frame),
    Segments,
}

impl Link {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Usbmon48,
        Self::Usbmon64,
        Self::Usbpcap,
        Self::Darwin,
        Self::User0,
        Self::ExportedPdu,
        Self::RtacSerial,
        Self::Tcp,
    ];

    /// Its name in session scripts, its number in capture files, and the form of its packets.
    fn properties(self) -> (&'static str, u32, Form) {
        match self {
            Self::Usbmon48 => ("usbmon-48", 189, Form::Urbs(usb::usbmon_48)),
            Self::Usbmon64 => ("usbmon-64", 220, Form::Urbs(usb::usbmon_64)),
            Self::Usbpcap => ("usbpcap", 249, Form::Urbs(usb::usbpcap)),
            Self::Darwin => ("darwin", 266, Form::Urbs(usb::darwin)),
            Self::User0 => ("user0", 147, Form::Frames(serial::bare)),
            Self::ExportedPdu => ("exported-pdu", 252, Form::Frames(serial::exported_pdu)),
            Self::RtacSerial => ("rtac", 250, Form::Frames(serial::rtac)),
            Self::Tcp => ("tcp", 101, Form::Segments),
        }
    }

    /// True if it tells interrupt transfers, by which a meter speaks, from bulk transfers.
    #[must_use]
    pub fn carries_reports(self) -> bool {
        matches!(self.properties().2, Form::Urbs(_))
    }

    /// Its name in session scripts.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.properties().0
    }

    /// Writes a whole capture.
    ///
    /// # Errors
    /// If `writer` fails, or if a TCP capture is to lose the end of a transfer: a stream has no such place.
    pub fn write<W: Write>(self, session: &Session, writer: W) -> Result<W> {
        let mut capture = Capture::new(self, writer)?;
        capture.session(session, u64::MAX)?;
        Ok(capture.finish())
    }
}

/// A capture file that is being written.
pub(crate) struct Capture<W: Write> {
    pcapng: PcapNgWriter<W>,
    form: Form,
    /// Packets so far.
    pub count: u64,
    packet: Vec<u8>,
}

impl<W: Write> Capture<W> {
    pub fn new(link: Link, writer: W) -> Result<Self> {
        let (_, number, form) = link.properties();
        let mut pcapng = PcapNgWriter::with_endianness(writer, Endianness::Little)?;
        pcapng.write_pcapng_block(InterfaceDescriptionBlock {
            linktype: DataLink::from(number),
            snaplen: 0,
            options: vec![InterfaceDescriptionOption::IfTsResol(9)],
        })?;
        Ok(Self { pcapng, form, count: 0, packet: Vec::new() })
    }

    /// Adds the packets of a session, as long as there are fewer than `limit` in all.
    pub fn session(&mut self, session: &Session, limit: u64) -> Result<()> {
        match self.form {
            Form::Urbs(header) => usb::write(session, header, limit, self),
            Form::Frames(frame) => serial::write(session, frame, self),
            Form::Segments => tcp::write(session, self),
        }
    }

    /// Gives the writer back.
    pub fn finish(self) -> W {
        self.pcapng.into_inner()
    }

    /// Adds one packet: `head` and `data`, of which `lost` more bytes were not captured.
    fn packet(&mut self, time_ns: u64, head: &[u8], data: &[u8], about: &About<'_>) -> Result<()> {
        self.packet.clear();
        self.packet.extend_from_slice(head);
        self.packet.extend_from_slice(data);
        let original = u32::try_from(self.packet.len() + about.lost).context("a packet over 4 GiB")?;
        let mut options = Vec::new();
        options.extend(about.flags.map(EnhancedPacketOption::Flags));
        options.extend(about.comment.map(|comment| EnhancedPacketOption::Comment(Cow::Borrowed(comment))));
        self.pcapng.write_pcapng_block(EnhancedPacketBlock {
            interface_id: 0,
            timestamp: Duration::from_nanos(time_ns),
            original_len: original,
            data: Cow::Borrowed(&self.packet),
            options,
        })?;
        self.count += 1;
        Ok(())
    }
}

/// What a packet says beside its bytes.
#[derive(Default)]
struct About<'a> {
    lost: usize,
    flags: Option<u32>,
    comment: Option<&'a str>,
}

impl<'a> About<'a> {
    fn of(transfer: &'a Transfer) -> Self {
        Self { lost: transfer.lost, flags: None, comment: transfer.comment.as_deref() }
    }
}
