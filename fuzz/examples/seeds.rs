// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the sample captures. Out: seeds in `fuzz/seeds`, a folder for each target.

use anyhow::Result;
use carelink_capture::tcp;
use carelink_core::exchange::{Outcome, Transaction};
use carelink_core::pump::{Opcode, PageKind};
use carelink_core::session::Session;
use carelink_core::transfer::{Claim, Direction};
use carelink_fuzz::transfers::written;
use std::fs::{self, File};
use std::path::Path;

/// As the vendor's exports begin, in its two forms.
const EXPORTS: [(&str, &str); 2] = [
    (
        "table",
        "Timestamp\tRaw-Type\tRaw-Values\tRaw-Device Type\n1/2/26 10:00:00\tBolusNormal\tAMOUNT=1.5, ACTION_REQUESTOR=pump\tParadigm 522\n",
    ),
    (
        "download",
        "Index,Date,Time,Timestamp,Raw-Type,Raw-Values,Raw-ID\n1,1/2/26,10:00:00,1/2/26 10:00:00,Rewind,,12\n",
    ),
];

/// As recordings of other programs begin.
const RECORDINGS: [(&str, &str); 3] = [
    (
        "usbmon",
        "ffff8800 100 S Bo:1:007:1 -115 3 = 040000\nffff8800 200 C Bo:1:007:1 0 3 >\nffff8800 300 C Bi:1:007:1 0 3 = 015500\n",
    ),
    ("log", "INFO sending: [0x4, 0x0, 0x0]\nread: len 64: 01 55 00\n"),
    (
        "table",
        "Level,Sp,Index,m:s.ms.us,Dur,Len,Err,Dev,Ep,Record,Summary\n0,FS,1,0:00.000.000,,3 B,,07,01,OUT txn,04 00 00\n",
    ),
];

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = |target| -> Result<_> {
        let folder = root.join("seeds").join(target);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    };
    let (captures, transfers, pages, exports) =
        (folder("capture")?, folder("transfers")?, folder("pages")?, folder("export")?);
    let (passes, scrub, recordings) = (folder("passes")?, folder("scrub")?, folder("recording")?);
    for (name, text) in RECORDINGS {
        fs::write(recordings.join(name), text)?;
    }
    for (name, text) in EXPORTS {
        fs::write(exports.join(name), text)?;
    }
    for entry in root.join("../pcap-samples").read_dir()? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".pcapng")) else {
            continue;
        };
        for folder in [&captures, &scrub] {
            fs::copy(&path, folder.join(name))?;
        }
        let (mut session, mut bytes, mut before) = (Session::default(), Vec::new(), None);
        let mut list = String::new();
        carelink_capture::read(File::open(&path)?, tcp::PORT, |packet| {
            let transfer = packet.transfer(Claim::Certain);
            session.observe(&transfer);
            bytes.extend(written(&transfer, packet.time.saturating_sub(*before.get_or_insert(packet.time))));
            before = Some(packet.time);
            list += if packet.direction == Some(Direction::FromStick) { "in," } else { "out," };
            packet.bytes.iter().for_each(|byte| list += &format!("{byte:02x}"));
            list += "\n";
            Ok(())
        })?;
        fs::write(recordings.join(name), list)?;
        for folder in [&transfers, &passes] {
            fs::write(folder.join(name), &bytes)?;
        }
        for (id, transaction) in session.transactions().iter() {
            let Some(kind) = page_kind(transaction) else { continue };
            // Each for a 522 and a 523, the third and the fourth of the models.
            for model in [3, 4] {
                let page = [&[kind, model], session.transactions().reply(id).0].concat();
                fs::write(pages.join(format!("{name}-{id}-{model}")), page)?;
            }
        }
    }
    Ok(())
}

/// The place of the page's kind among all, if a page was read.
fn page_kind(transaction: &Transaction) -> Option<u8> {
    let kind = transaction.pump_opcode().and_then(Opcode::page)?;
    let place = PageKind::ALL.iter().position(|other| *other == kind)?;
    u8::try_from(place).ok().filter(|_| transaction.outcome() == Outcome::Complete)
}
