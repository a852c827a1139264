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

/// A recording, what it holds, and a sentence that its comment must have.
const INVENTED: [(&str, &str, &str); 9] = [
    (
        "a USBlyzer report",
        "USBlyzer Report\n\nType,Seq,Time,Elapsed,Duration,Request,Request Details,Raw Data,I/O,C:I:E,Device Object,Device Name,Driver Name,IRP,Status\n\
         START,0001,01:00:00.000,,,,,,,,,,,,\n\
         URB,0002,01:00:01.000,1.000001 s,,Get Descriptor from Device,18 bytes buffer,,in,00:00:80,a,,,i0,\n\
         URB,0003-0002,01:00:01.000,1.000002 s,1 us,Get Descriptor from Device,18 bytes data,12 01 10 01 00 00 00 08...,in,00:00:80,a,,,i0,ok,12 01 10 01 00 00 00 08 21 0A 01 80 00 01 01 02 03 01\n\
         URB,0004,01:00:02.000,2.000001 s,,Bulk or Interrupt Transfer,3 bytes data,04 00 00,out,01:00:01,a,,,i1,,04 00 00\n\
         URB,0005,01:00:02.000,2.000002 s,,Bulk or Interrupt Transfer,3 bytes data,04 00 00,out,01:00:01,b,,,i1,,04 00 00\n\
         URB,0006-0005,01:00:02.000,2.000003 s,1 us,Bulk or Interrupt Transfer,3 bytes buffer,,out,01:00:01,b,,,i1,ok\n\
         URB,0007-0004,01:00:02.000,2.000004 s,1 us,Bulk or Interrupt Transfer,3 bytes buffer,,out,01:00:01,a,,,i1,ok\n\
         URB,0009-0008,01:00:03.000,3.000004 s,1 us,Bulk or Interrupt Transfer,2 bytes data,01 55,in,01:00:82,a,,,i2,ok,01 55\n",
        "1 January 1970",
    ),
    (
        "a USBTrace log",
        "<UTLOG><Request Number = \"1\" Dir = \"[OUT]\"><LogType>URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER</LogType><Param><Name>EndpointAddress</Name><Value>0x1</Value></Param><Param><Name>TransferBuffer</Name><Value>0xA</Value></Param><Data>04 00 00 </Data></Request>\
         <Request Number = \"2\" Dir = \"[IN]\"><LogType>URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER</LogType><Param><Name>EndpointAddress</Name><Value>0x1</Value></Param><Param><Name>TransferBuffer</Name><Value>0xA</Value></Param></Request>\
         <Request Number = \"3\" Dir = \"[IN]\"><LogType>URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER</LogType><Param><Name>EndpointAddress</Name><Value>0x82</Value></Param><Data>01 55 </Data></Request></UTLOG>",
        "10 ms apart",
    ),
    (
        "a table of Total Phase's Data Center",
        "# Level,Sp,Index,m:s.ms.us,Dur,Len,Err,Dev,Ep,Record,Data,Summary,ASCII\n\
         0,,0,0:00.000.000,,,,,,Capture started (Aggregate),,[Wed May  8 15:32:03 2013],\n\
         0,,1,0:00.001.000,5.000 us,8 B,,07,00,SETUP txn,80 06 00 01 00 00 02 00,,........\n\
         0,,2,0:00.002.000,5.000 us,2 B,,07,00,IN txn,12 01,,..\n\
         0,,3,0:00.003.000,5.000 us,0 B,,07,00,OUT txn,,,\n\
         0,,4,0:01.000.000,5.000 us,3 B,,07,01,OUT txn,04 00 00,,...\n\
         0,,5,0:02.000.000,5.000 us,2 B,,07,02,IN txn   [900 POLL],01 55,,.U\n",
        "of the kind bulk",
    ),
    (
        "a debug log of decocare",
        "Apr  1 12:00:00 host decocare: INFO:root:usb.write.len: 3\n\
         Apr  1 12:00:00 host decocare: 0000   0x04 0x00 0x00                             ...\n\
         Apr  1 12:00:01 host decocare: INFO:root:usb.read.len: 2\n\
         Apr  1 12:00:01 host decocare: INFO:root:usb.read.raw:\n\
         Apr  1 12:00:01 host decocare: 0000   0x01 0x55    .U\n",
        "tells no year",
    ),
    (
        "a debug log of decocare",
        "# Notes\n\n    usb.write.len: 3\n    0000   0x04 0x00 0x00   ...\n    usb.read.len: 2\n    usb.read.raw:\n    0000   0x01 0x55    .U\n",
        "10 ms apart",
    ),
    (
        "usbmon text",
        "ffff0001 4095999999 S Bo:1:005:1 -115 3 = 040000\nffff0001 50 C Bo:1:005:1 0 3 >\n\
         ffff0002 100 S Ci:1:005:0 s 80 06 0100 0000 0012 18 <\nffff0002 150 S Bi:1:005:2 -115 64 <\nffff0002 200 C Bi:1:005:2 0 2 = 0155\n",
        "at most 32",
    ),
    (
        "a table of Saleae's USB analyser",
        "name,type,start_time,duration,value\n\
         \"USB\",\"v1frame\",0.1,0.000001,\"PID OUT\"\n\"USB\",\"v1frame\",0.2,0.000001,\"Address=0x05 Endpoint=0x01\"\n\
         \"USB\",\"v1frame\",0.3,0.000001,\"PID DATA0\"\n\"USB\",\"v1frame\",0.3,0.000001,\"Byte 0x04\"\n\"USB\",\"v1frame\",0.3,0.000001,\"Byte 0x00\"\n\
         \"USB\",\"v1frame\",0.3,0.000001,\"Byte 0x00\"\n\"USB\",\"v1frame\",0.4,0.000001,\"PID ACK\"\n\
         \"USB\",\"v1frame\",0.5,0.000001,\"PID IN\"\n\"USB\",\"v1frame\",0.5,0.000001,\"Address=0x05 Endpoint=0x02\"\n\"USB\",\"v1frame\",0.5,0.000001,\"PID NAK\"\n\
         \"USB\",\"v1frame\",0.5,0.000001,\"PID IN\"\n\"USB\",\"v1frame\",0.5,0.000001,\"Address=0x05 Endpoint=0x02\"\n\
         \"USB\",\"v1frame\",0.6,0.000001,\"PID DATA0\"\n\"USB\",\"v1frame\",0.6,0.000001,\"Byte 0x01\"\n\"USB\",\"v1frame\",0.6,0.000001,\"Byte 0x55\"\n\"USB\",\"v1frame\",0.7,0.000001,\"PID ACK\"\n",
        "Bus 1 is invented",
    ),
    ("a list of transfers", "# mine\nout,04 00 00\n\nin,01 55\n", "endpoints are invented"),
    ("a list of transfers", "12.5,out,04 00 00\n2015-04-01 12:00:00.250,in,01,55\n", "taken for UTC"),
];

#[test]
fn each_format_is_recognised_and_read() -> Result<()> {
    for (format, text, said) in INVENTED {
        let recording = Recording::read(text.as_bytes()).context(format)?;
        assert_eq!((recording.format, recording.unread.as_slice()), (format, &[][..]));
        let usbmon = format == "usbmon text";
        let file = recording.bytes();
        assert_eq!(payloads(&file)?, [(false, vec![4, 0, 0]), (true, vec![1, 0x55])], "{text}");
        let blocks: Vec<_> =
            carelink_capture::pcapng::Reader::new(file.as_slice())?.collect::<Result<_>>()?;
        let comment = blocks[0].comments().concat();
        assert!(comment.contains(format) && (usbmon || comment.contains(said)), "{comment}");
        let times: Vec<_> = blocks.iter().filter_map(|block| Some(block.record()?.time)).collect();
        assert!(!usbmon || times.is_sorted(), "its clock goes round");
    }
    Ok(())
}

/// A report to a meter that opens the link to pump 123456.
fn opens() -> Vec<u8> {
    let mut report = vec![0, 0, 0, 33, 0x51, 0x01];
    report.extend(b"123456");
    report.resize(64, 0);
    report[22..25].copy_from_slice(&[0x10, 0x01, 0x1E]);
    report[36] = 0xB6;
    report
}

/// The bytes that usbmon has for the type of a transfer, by endpoint.
fn kinds(text: &str) -> Result<Vec<(u8, u8)>> {
    let recording = Recording::read(text.as_bytes()).context("a recording")?;
    let mut kinds = Vec::new();
    container::read(recording.bytes().as_slice(), |record| {
        kinds.push((record.data[10], record.data[9]));
        Ok(())
    })?;
    kinds.sort_unstable();
    kinds.dedup();
    assert!(recording.notes().iter().any(|note| note.contains("look the same")), "{:?}", recording.notes());
    Ok(kinds)
}

#[test]
fn a_meters_transfers_are_taken_for_interrupt_and_all_others_for_bulk() -> Result<()> {
    let spaced = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X} ")).collect::<String>();
    let usbtrace = |bytes: &[u8]| {
        format!(
            "<UTLOG><Request Number = \"1\" Dir = \"[IN]\"><LogType>URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER</LogType>\
             <Param><Name>EndpointAddress</Name><Value>0x81</Value></Param><Data>{}</Data></Request></UTLOG>",
            spaced(bytes)
        )
    };
    let usblyzer = |bytes: &[u8]| {
        format!(
            "Type,Seq,Time,Elapsed,Raw Data,I/O,C:I:E,IRP,Status\nURB,0004,01:00:02.000,2.000001 s,,out,01:00:01,i1,,{0}\n\
             URB,0005-0004,01:00:02.000,2.000002 s,,out,01:00:01,i1,ok\n",
            spaced(bytes)
        )
    };
    let saleae = |bytes: &[u8]| {
        let row = |value: &str| format!("\"USB\",\"v1frame\",0.1,0.000001,\"{value}\"\n");
        let mut text = "name,type,start_time,duration,value\n".to_owned();
        text += &["PID OUT", "Address=0x05 Endpoint=0x01", "PID DATA0"].map(row).concat();
        bytes.iter().for_each(|byte| text += &row(&format!("Byte 0x{byte:02X}")));
        text + &row("PID ACK")
    };
    let list = |bytes: &[u8]| format!("out,{}\n", spaced(bytes));
    // What comes from a meter begins with other letters.
    let from_meter = [&b"ABC"[..], &opens()[3..]].concat();
    let keyboard = [0, 0, 4, 0, 0, 0, 0, 0];
    let interrupt = 1;
    let bulk = 3;
    for (text, meter) in [
        (usbtrace(&from_meter), true),
        (usbtrace(&keyboard), false),
        (usblyzer(&opens()), true),
        (usblyzer(&[4, 0, 0]), false),
        (saleae(&opens()), true),
        (saleae(&[4, 0, 0]), false),
        (list(&opens()), true),
        (list(&[4, 0, 0]), false),
    ] {
        let kinds = kinds(&text)?;
        let expected = if meter { interrupt } else { bulk };
        assert!(!kinds.is_empty() && kinds.iter().all(|(_, kind)| *kind == expected), "{text}: {kinds:?}");
    }
    Ok(())
}

#[test]
fn wide_text_is_read_too() -> Result<()> {
    let text = "\u{feff}out,04 00 00\r\nin,01 55\r\n";
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [text.as_bytes(), &little, &big] {
        let recording = Recording::read(bytes).context("a list")?;
        assert_eq!((recording.transfers(), recording.unread.len()), (2, 0));
    }
    Ok(())
}

#[test]
fn what_cannot_be_read_is_told_by_its_place() -> Result<()> {
    let places = |text: &str| -> Result<Vec<usize>> {
        let recording = Recording::read(text.as_bytes()).context("a recording")?;
        assert!(recording.transfers() > 0, "the good is kept");
        Ok(recording.unread.iter().map(|unread| unread.place.1).collect())
    };
    assert_eq!(places("out,04 00 00\nin,0\nin,01 55\nelsewhere\n")?, [2, 4]);
    assert_eq!(places("usb.write.len: 3\n0000   0x04 0x00   ..\nusb.read.len: 1\n0000   0x01   .\n")?, [1]);
    assert_eq!(
        places("aa 1 S Bo:1:005:1 -115 1 = 04\naa 2 C Bo:1:005:1\naa 2 X Bo:1:005:1 0 1 >\n")?,
        [2, 3]
    );
    Ok(())
}

#[test]
fn long_usbmon_transfers_are_cut() -> Result<()> {
    let text = "aa 1 C Bi:1:005:2 0 64 = 01550000\n";
    let recording = Recording::read(text.as_bytes()).context("usbmon")?;
    assert!(recording.notes().iter().any(|note| note.contains("32 bytes")));
    container::read(recording.bytes().as_slice(), |record| {
        assert_eq!((record.data.len(), record.sent), (68, 128));
        Ok(())
    })
}

#[test]
fn no_prefix_and_no_damage_makes_it_panic() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |end: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % end as u64).expect("below a usize")
    };
    let through = |bytes: &[u8]| {
        if let Some(recording) = Recording::read(bytes) {
            container::read(recording.bytes().as_slice(), |_| Ok(())).expect("a sound capture");
        }
    };
    for (_, text, _) in INVENTED {
        for end in 0..text.len() {
            through(&text.as_bytes()[..end]);
        }
        for _ in 0..2_000 {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..=below(6) {
                let at = below(bytes.len());
                match below(4) {
                    0 => drop(bytes.remove(at)),
                    1 => bytes.insert(at, b"0,.:-xF\n \xc3"[below(10)]),
                    2 => bytes[at] = b"9a,;[\"S<"[below(8)],
                    _ => bytes[at] ^= 1 << below(8),
                }
            }
            through(&bytes);
        }
    }
}

#[test]
fn a_write_whose_end_is_missing_is_kept() -> Result<()> {
    let request = |direction: &str, data: &str| {
        format!(
            "<Request Number = \"1\" Dir = \"[{direction}]\"><LogType>URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER</LogType>\
             <Param><Name>EndpointAddress</Name><Value>0x1</Value></Param>{data}</Request>"
        )
    };
    let writes = ["<Data>01</Data>", "<Data>02</Data>"].map(|data| request("OUT", data)).concat();
    let text = format!("<UTLOG>{writes}{}{}</UTLOG>", request("IN", ""), request("OUT", "<Data>03</Data>"));
    let recording = Recording::read(text.as_bytes()).context("a log")?;
    assert_eq!(payloads(&recording.bytes())?, [1, 2, 3].map(|byte| (false, vec![byte])));
    assert!(recording.notes().iter().any(|note| note.contains("taken for done")));
    Ok(())
}
