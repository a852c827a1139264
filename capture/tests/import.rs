// SPDX-License-Identifier: GPL-2.0-or-later
//! In: recordings in each format, real ones and invented ones. Out: proof that their transfers are those that were made.

use anyhow::{Context as _, Result};
use carelink_capture::container;
use carelink_capture::import::Recording;
use flate2::read::MultiGzDecoder;
use std::fs;
use std::io::Read as _;

/// The payload of a packet of Linux or USBPcap, but for control transfers: true if it goes to the host.
fn payload(link: i32, packet: &[u8]) -> Option<(bool, Vec<u8>)> {
    let (transfer, endpoint, header, control) = match link {
        220 => (packet[9], packet[10], 64, 2),
        249 => (packet[22], packet[21], usize::from(packet[0]), 2),
        other => panic!("link type {other}"),
    };
    let bytes = packet.get(header..).filter(|bytes| !bytes.is_empty() && transfer != control)?;
    Some((endpoint & 0x80 != 0, bytes.to_vec()))
}

fn payloads(capture: &[u8]) -> Result<Vec<(bool, Vec<u8>)>> {
    let mut payloads = Vec::new();
    container::read(capture, |record| {
        assert_eq!(record.data.len(), record.sent, "all is there");
        payloads.extend(payload(record.link, record.data));
        Ok(())
    })?;
    Ok(payloads)
}

#[test]
fn the_originals_give_the_transfers_of_the_captures_beside_them() -> Result<()> {
    let pairs = [
        ("usblyzer-first-run.csv", "captures/first-run.pcapng"),
        ("usbtrace.xml", "captures/usbtrace.pcapng"),
        ("decocare-522-session.log", "captures/522-session.pcapng"),
        ("decocare-nak-errors.markdown", "captures/nak-errors.pcapng"),
        ("totalphase-nextlink-download.csv.gz", "nextlink/nextlink-download.pcapng"),
    ];
    for (original, capture) in pairs {
        let Some(path) = carelink_recordings::path("recordings").map(|folder| folder.join(original)) else {
            return Ok(());
        };
        let Some(capture) = carelink_recordings::path(capture) else { return Ok(()) };
        let mut bytes = fs::read(path)?;
        if original.ends_with(".gz") {
            let mut whole = Vec::new();
            MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut whole)?;
            bytes = whole;
        }
        let recording = Recording::read(&bytes).context(original)?;
        assert_eq!(recording.unread, [], "{original}");
        let (ours, theirs) = (payloads(&recording.bytes())?, payloads(&fs::read(capture)?)?);
        let differs = ours.iter().zip(&theirs).position(|(our, their)| our != their);
        let around = differs.map(|at| (&ours[at], &theirs[at]));
        assert_eq!((differs, around), (None, None), "{original}");
        assert_eq!(ours.len(), theirs.len(), "{original}");
        eprintln!(
            "{original}: {} transfers, {} bytes, equal",
            ours.len(),
            ours.iter().map(|(_, bytes)| bytes.len()).sum::<usize>()
        );
    }
    Ok(())
}
