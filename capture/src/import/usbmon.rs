// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the text that Linux gives of USB traffic (`/sys/kernel/debug/usb/usbmon/1u`). Out: each of its packets.
//!
//! Layout: the Linux kernel's usbmon documentation. It shows at most 32 bytes of a transfer.

use super::Format;
use super::sheet::Sheet;
use super::text::{bytes, lines};
use super::urb::{Event, Kind, Stage};

pub(super) const FORMAT: Format = Format {
    name: "usbmon text",
    recognises: |text| {
        let lines = text.lines().filter(|line| !ignored(line)).take(20);
        lines.filter(|line| event(line).is_ok()).count() > 0
    },
    read,
};

/// The clock goes round after so many microseconds.
const ROUND: u64 = 4096 * 1_000_000;

fn ignored(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with('#')
}

fn read(text: &str, sheet: &mut Sheet) {
    sheet.note("Its clock tells neither the date nor the hour: times count from an unknown moment.");
    let (mut rounds, mut last) = (0_u64, 0_u64);
    for (number, line) in lines(text).filter(|(_, line)| !ignored(line)) {
        match event(line) {
            Ok(Some((mut event, ticks))) => {
                if last.saturating_sub(ticks) > ROUND / 2 {
                    rounds += 1;
                }
                last = ticks;
                event.time = Some((rounds * ROUND).saturating_add(ticks).saturating_mul(1000));
                if event.data.as_ref().is_some_and(|data| data.len() < event.len) {
                    sheet.note("It shows at most 32 bytes of a transfer: the rest is missing, and longer replies cannot be decoded.");
                }
                sheet.events.push(event);
            }
            Ok(None) => {}
            Err(why) => sheet.unread("line", number, why),
        }
    }
}

/// A packet, and its time in microseconds; `None` if it is isochronous, which no stick is.
fn event(line: &str) -> Result<Option<(Event, u64)>, &'static str> {
    let mut words = line.split_whitespace();
    let mut next = || words.next().ok_or("ends too early");
    let tag = u64::from_str_radix(next()?, 16).map_err(|_| "does not begin with a tag")?;
    let ticks = next()?.parse().map_err(|_| "no time")?;
    let stage = match next()? {
        "S" => Stage::Submit,
        "C" => Stage::Complete,
        "E" => Stage::Error,
        _ => return Err("is neither S, C nor E"),
    };
    let mut address = next()?.split(':');
    let kind = address.next().unwrap_or_default();
    let inward = kind.ends_with('i');
    let kind = match kind {
        "Ci" | "Co" => Kind::Control,
        "Ii" | "Io" => Kind::Interrupt,
        "Bi" | "Bo" => Kind::Bulk,
        "Zi" | "Zo" => return Ok(None),
        _ => return Err("no kind of transfer"),
    };
    let numbers: Vec<u16> =
        address.map(str::parse).collect::<Result<_, _>>().map_err(|_| "no bus, device and endpoint")?;
    // The older form has no bus.
    let (bus, device, endpoint) = match numbers[..] {
        [bus, device, endpoint] => (Some(bus), device, endpoint),
        [device, endpoint] => (None, device, endpoint),
        _ => return Err("no bus, device and endpoint"),
    };
    let device = u8::try_from(device).map_err(|_| "no device")?;
    let endpoint = u8::try_from(endpoint).ok().filter(|&endpoint| endpoint < 16).ok_or("no endpoint")?;
    let mut status = 0;
    let setup = match next()? {
        "s" => {
            let mut hex = String::new();
            for len in [2, 2, 4, 4, 4] {
                let word = next()?;
                if word.len() != len {
                    return Err("no setup");
                }
                hex += word;
            }
            let mut setup: [u8; 8] = bytes(&hex).and_then(|setup| setup.try_into().ok()).ok_or("no setup")?;
            // Numbers of two bytes are shown as numbers.
            for pair in setup[2..].chunks_exact_mut(2) {
                pair.reverse();
            }
            Some(setup)
        }
        word => {
            let word = word.split(':').next().unwrap_or_default();
            status = word.parse().map_err(|_| "no status")?;
            None
        }
    };
    let len = words.next().unwrap_or("0").parse().map_err(|_| "no length")?;
    let data = match words.next() {
        Some("=") => Some(bytes(&words.collect::<String>()).ok_or("bytes are not in hexadecimal")?),
        _ => None,
    };
    let data = data.map(|mut data| {
        data.truncate(len);
        data
    });
    let endpoint = if inward { endpoint | 0x80 } else { endpoint };
    let address = Some((bus.unwrap_or(1), device));
    Ok(Some((Event { tag, stage, time: None, kind, address, endpoint, setup, status, len, data }, ticks)))
}
