// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a session script, one exchange a line. Out: the session and the link type to capture it with.
//!
//! The language is described in this crate's README.

use std::collections::HashMap;

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::damage::Damage;
use crate::link::Link;
use crate::meter::Meter;
use crate::noise::noise;
use crate::page::Page;
use crate::sensor::SensorPage;
use crate::session::{Direction, MS, Session};
use crate::stick::{Outcome, Step, Stick, Transaction};
use crate::words::{Words, hex, number};

/// What a script describes.
#[derive(Debug, Clone)]
pub struct Script {
    /// How the capture is to be written.
    pub link: Link,
    /// The traffic.
    pub session: Session,
}

impl Script {
    /// Reads a script; `name` stands in errors.
    ///
    /// # Errors
    /// On the first line that cannot be followed, as `name:line: what is wrong`.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let mut reader = Reader::default();
        for (line, number) in text.lines().zip(1..) {
            reader.line(line).map_err(|error| anyhow!("{name}:{number}: {error:#}"))?;
        }
        reader.finish().map_err(|error| anyhow!("{name}: {error:#}"))
    }
}

/// A page between its first line and its `end`.
enum OpenPage {
    History(Page),
    Sensor(SensorPage),
}

impl OpenPage {
    fn name(&self) -> &str {
        match self {
            Self::History(page) => &page.name,
            Self::Sensor(page) => &page.name,
        }
    }

    fn line(&mut self, words: Words<'_>) -> Result<()> {
        match self {
            Self::History(page) => page.line(words),
            Self::Sensor(page) => page.line(words),
        }
    }

    fn close(self) -> Result<Vec<(String, Vec<u8>)>> {
        match self {
            Self::History(page) => page.close(),
            Self::Sensor(page) => page.close(),
        }
    }
}

/// What speaks to the host.
enum Device {
    Stick(Box<Stick>),
    Meter(Meter),
}

impl Device {
    fn take_steps(&mut self) -> Vec<Step> {
        match self {
            Self::Stick(stick) => stick.take_steps(),
            Self::Meter(meter) => meter.take_steps(),
        }
    }
}

/// The state between two lines.
#[derive(Default)]
struct Reader {
    link: Option<Link>,
    device: Option<Device>,
    /// What the current device did so far.
    transfers: Session,
    /// What earlier devices did.
    finished: Vec<Session>,
    damages: Vec<Damage>,
    expert: Option<String>,
    open_page: Option<OpenPage>,
    pages: HashMap<String, Vec<u8>>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<()> {
        let mut words = Words::new(line);
        if let Some(page) = &mut self.open_page {
            if !words.take("end") {
                return page.line(words);
            }
            if let Some(page) = self.open_page.take() {
                self.pages.extend(page.close()?);
            }
            return words.end();
        }
        let Some(verb) = words.next() else { return Ok(()) };
        match verb {
            "link" => {
                let name = words.word("a link")?;
                let names = || Link::ALL.map(Link::name).join(", ");
                let link = Link::ALL.into_iter().find(|link| link.name() == name);
                self.link = Some(link.with_context(|| format!("{name:?} is none of the links {}", names()))?);
            }
            "stick" => {
                self.leave_device()?;
                self.device = Some(Device::Stick(Box::new(stick(&mut words)?)));
            }
            "meter" => {
                self.leave_device()?;
                self.device = Some(Device::Meter(meter(&mut words)?));
            }
            "page" => self.open_page = Some(OpenPage::History(Page::open(&mut words)?)),
            "sensor-page" => self.open_page = Some(OpenPage::Sensor(SensorPage::open(&mut words)?)),
            "note" => self.expert = Some(text(&mut words)?),
            "damage" => self.damages.push(Damage::read(&mut words)?),
            verb => {
                let none = "a line \"stick SERIAL\" or \"meter\" must come first";
                match self.device.as_mut().context(none)? {
                    Device::Stick(stick) => exchange(verb, &mut words, stick, &self.pages)?,
                    Device::Meter(meter) => meter_exchange(verb, &mut words, meter, &self.pages)?,
                }
                if verb == "begin-capture" {
                    self.transfers = Session::default();
                }
                self.collect()?;
            }
        }
        words.end()
    }

    /// Takes over what the device just did.
    fn collect(&mut self) -> Result<()> {
        let Some(device) = &mut self.device else { return Ok(()) };
        let mut steps = device.take_steps();
        if steps.is_empty() {
            return Ok(());
        }
        for damage in self.damages.drain(..) {
            damage.apply(&mut steps)?;
        }
        if let Some(first) = steps.first_mut() {
            first.transfer.comment = self.expert.take();
        }
        self.transfers.transfers.extend(steps.into_iter().map(|step| step.transfer));
        Ok(())
    }

    fn leave_device(&mut self) -> Result<()> {
        ensure!(self.damages.is_empty(), "a line \"damage\" must stand before the exchange that it spoils");
        ensure!(self.expert.is_none(), "a line \"note\" must stand before the exchange that it is about");
        self.finished.push(std::mem::take(&mut self.transfers));
        Ok(())
    }

    fn finish(mut self) -> Result<Script> {
        if let Some(page) = &self.open_page {
            bail!("the page {:?} lacks its line \"end\"", page.name());
        }
        self.leave_device()?;
        let link = self.link.context("a line \"link\" is missing")?;
        Ok(Script { link, session: Session::merge(self.finished) })
    }
}

/// `SERIAL [band 916|868] [at BUS.ADDRESS] [replies pieces|whole] [requests long|short]`
fn stick(words: &mut Words<'_>) -> Result<Stick> {
    let serial = words.hex("the stick's serial number")?;
    let serial = serial.try_into().ok().context("a stick's serial number has three bytes")?;
    let mut stick = Stick::new(1, 5, serial);
    while let Some(word) = words.next() {
        match word {
            "band" => {
                stick.band = match words.word("a band")? {
                    "916" => 0,
                    "868" => 1,
                    other => bail!("the bands are 916 and 868, not {other:?}"),
                }
            }
            "at" => (stick.bus, stick.address) = place(words)?,
            "replies" => {
                stick.pieces = match words.word("pieces or whole")? {
                    "pieces" => true,
                    "whole" => false,
                    other => bail!("replies come in pieces or whole, not {other:?}"),
                }
            }
            "requests" => {
                stick.short_requests = match words.word("long or short")? {
                    "long" => false,
                    "short" => true,
                    other => bail!("requests are long or short, not {other:?}"),
                }
            }
            other => bail!("{other:?} says nothing about a stick; known are band, at, replies, requests"),
        }
    }
    Ok(stick)
}

/// `[product 6200|6300] [at BUS.ADDRESS] [size N] [id N] [reports full|bare]`
fn meter(words: &mut Words<'_>) -> Result<Meter> {
    let mut meter = Meter::new(1, 7);
    while let Some(word) = words.next() {
        match word {
            "product" => {
                meter.mmol = match words.word("a product")? {
                    "6200" => false,
                    "6300" => true,
                    other => bail!("the products are 6200 and 6300, not {other:?}"),
                }
            }
            "at" => (meter.bus, meter.address) = place(words)?,
            "size" => meter.form.size = words.number("a length")?,
            "id" => meter.form.id = Some(words.number("an id")?),
            "reports" => {
                meter.form.full = match words.word("full or bare")? {
                    "full" => true,
                    "bare" => false,
                    other => bail!("reports are full or bare, not {other:?}"),
                }
            }
            other => bail!("{other:?} says nothing about a meter; known are product, at, size, id, reports"),
        }
    }
    ensure!(meter.form.size > 4, "a report has four bytes before its data");
    Ok(meter)
}

/// `BUS.ADDRESS`
fn place(words: &mut Words<'_>) -> Result<(u16, u8)> {
    let place = words.word("bus and address")?;
    let (bus, address) = place.split_once('.').context("a place looks like 1.5: bus, address")?;
    Ok((bus.parse()?, address.parse()?))
}

/// Lets the meter do what one line asks for.
fn meter_exchange(
    verb: &str,
    words: &mut Words<'_>,
    meter: &mut Meter,
    pages: &HashMap<String, Vec<u8>>,
) -> Result<()> {
    match verb {
        "begin-capture" => {}
        "wait" => meter.wait(words.number::<u64>("milliseconds")? * MS),
        "pump" => meter.pump = pump(words)?,
        "descriptors" => meter.descriptors(),
        "header" => meter.header(),
        "remote" => match words.word("on or off")? {
            "on" => meter.remote(true),
            "off" => meter.remote(false),
            other => bail!("remote mode is on or off, not {other:?}"),
        },
        "open" => meter.open(),
        "close" => meter.close(),
        "fetch" => meter.fetch(&fetch(words, pages)?),
        "rubbish" => {
            let (direction, bytes) = rubbish(words)?;
            meter.rubbish(direction, bytes);
        }
        other => bail!("{other:?} starts no line of a script about a meter"),
    }
    Ok(())
}

/// `SERIAL`
fn pump(words: &mut Words<'_>) -> Result<[u8; 3]> {
    let serial = words.hex("the pump's serial number")?;
    serial.try_into().ok().context("a pump's serial number has six digits")
}

/// `in|out N`
fn rubbish(words: &mut Words<'_>) -> Result<(Direction, Vec<u8>)> {
    let direction = match words.word("in or out")? {
        "in" => Direction::In,
        "out" => Direction::Out,
        other => bail!("rubbish goes in or out, not {other:?}"),
    };
    let count = words.number("a number of bytes")?;
    Ok((direction, noise(0).take(count).collect()))
}

/// Lets the stick do what one line asks for.
fn exchange(
    verb: &str,
    words: &mut Words<'_>,
    stick: &mut Stick,
    pages: &HashMap<String, Vec<u8>>,
) -> Result<()> {
    match verb {
        "begin-capture" => {}
        "wait" => stick.wait(words.number::<u64>("milliseconds")? * MS),
        "pump" => {
            stick.pump = pump(words)?;
            if words.take("rssi") {
                stick.rssi = words.number("dBm")?;
            }
        }
        "descriptors" => stick.descriptors(),
        "product-info" => stick.product_info(),
        "statistics" => match words.word("radio or usb")? {
            "radio" => stick.radio_statistics(),
            "usb" => stick.usb_statistics(),
            other => bail!("there are statistics of radio and usb, not of {other:?}"),
        },
        "signal" => {
            let answer = if words.take("stick-nak") {
                Err(words.number("a reason")?)
            } else {
                Ok(words.number("dBm")?)
            };
            stick.signal_strength(answer);
        }
        "status" => {
            let (bits, size) = match words.word("empty, ready, receiving, more, or bits")? {
                "empty" => (0, 0),
                "receiving" => (2, 0),
                "ready" => (1, words.number("a size")?),
                "more" => (3, words.number("a size")?),
                bits => (number(bits).context("a status is empty, ready, receiving, more, or bits")?, 0),
            };
            stick.status(bits, size);
        }
        "power-on" => {
            let minutes = words.number("minutes")?;
            let outcome = match words.next() {
                None => Outcome::Accepted,
                Some(word) => outcome(word, words, pages)?,
            };
            stick.power_on(minutes, outcome);
        }
        "power-off" => stick.power_off(),
        "fetch" => stick.fetch(&fetch(words, pages)?),
        "rubbish" => {
            let (direction, bytes) = rubbish(words)?;
            stick.rubbish(direction, bytes);
        }
        other => bail!("{other:?} starts no line of a script"),
    }
    Ok(())
}

/// `OPCODE [params HEX] [retries N] [used N] [pages N] [empty N] [parts N,N...] [stop-after N] OUTCOME`
fn fetch(words: &mut Words<'_>, pages: &HashMap<String, Vec<u8>>) -> Result<Transaction> {
    let mut fetch = Transaction::new(words.number("an opcode")?, Outcome::Accepted);
    loop {
        match words.word("an outcome")? {
            "params" => fetch.parameters = words.hex("parameters")?,
            "retries" => fetch.retries = words.number("a number of retries")?,
            "used" => fetch.used_retries = words.number("a number of retries")?,
            "pages" => fetch.pages = Some(words.number("expected pages")?),
            "empty" => fetch.empty_polls = words.number("a number of status requests")?,
            "stop-after" => fetch.stop_after = Some(words.number("a number of parts")?),
            "parts" => {
                let lengths =
                    words.word("lengths of parts")?.split(',').map(number).collect::<Option<Vec<_>>>();
                let lengths =
                    lengths.filter(|lengths| lengths.iter().all(|length| *length > 0 && length % 64 == 0));
                fetch.parts = lengths.context("parts are multiples of 64, such as 64,128")?;
            }
            word => {
                fetch.outcome = outcome(word, words, pages)?;
                return Ok(fetch);
            }
        }
    }
}

/// The reaction to a command, which ends its line.
fn outcome(word: &str, words: &mut Words<'_>, pages: &HashMap<String, Vec<u8>>) -> Result<Outcome> {
    Ok(match word {
        "accepted" => Outcome::Accepted,
        "stick-nak" | "meter-nak" => Outcome::DeviceNak(words.number("a reason")?),
        "ack" => Outcome::Ack,
        "pump-nak" => Outcome::PumpNak(words.number("a reason")?),
        "timeout" => Outcome::Timeout,
        "silence" => Outcome::Silence,
        "reply" => Outcome::Data(data(words, pages)?),
        other => bail!(
            "{other:?} is neither an option (params, retries, used, pages, empty, parts, stop-after) nor an \
             outcome (accepted, stick-nak, meter-nak, ack, pump-nak, timeout, silence, reply)"
        ),
    })
}

/// Hexadecimal bytes, texts in quotes, and pages by name, up to the end of the line.
fn data(words: &mut Words<'_>, pages: &HashMap<String, Vec<u8>>) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    while let Some(word) = words.next() {
        if let Some(text) = word.strip_prefix('"') {
            data.extend(text.bytes());
        } else if word == "page" {
            let name = words.word("a page's name")?;
            data.extend(pages.get(name).with_context(|| format!("there is no page {name:?} above"))?);
        } else {
            data.extend(hex(word)?);
        }
    }
    Ok(data)
}

fn text(words: &mut Words<'_>) -> Result<String> {
    let word = words.word("a text")?;
    Ok(word.strip_prefix('"').context("a text stands in quotes")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_line_and_the_reason() {
        #[rustfmt::skip]
        let cases = [
            ("link usb",                               "x:1: \"usb\" is none of the links usbmon-48, usbmon-64"),
            ("product-info",                           "x:1: a line \"stick SERIAL\" or \"meter\" must come first"),
            ("stick 0A1B",                             "x:1: a stick's serial number has three bytes"),
            ("stick 0A1B2C\nfetch 0x8D",               "x:2: expected an outcome at the end of the line"),
            ("stick 0A1B2C\nfetch 0x18D accepted",     "x:2: expected an opcode, found \"0x18D\", which is no number"),
            ("stick 0A1B2C\nfetch 0x8D hope",          "x:2: \"hope\" is neither an option"),
            ("stick 0A1B2C\nfetch 0x80 reply page p",  "x:2: there is no page \"p\" above"),
            ("stick 0A1B2C\nproduct-info please",      "x:2: \"please\" is one word too many"),
            ("stick 0A1B2C\nsing",                     "x:2: \"sing\" starts no line of a script"),
            ("damage bad luck",                        "x:1: \"luck\" is none of the checksums transmit-crc"),
            ("stick 0A1B2C\ndamage drop reply\nsignal -60", "x:3: the exchange has no such frame"),
            ("stick 0A1B2C\ndamage drop reply",        "x: a line \"damage\" must stand before the exchange"),
            ("page p model 522\n2026-01-04 25 rewind", "x:2: \"25\" is neither a time nor a total"),
            ("page p model 522\n2026-01-04 09:00:00 bolus 4.55", "x:2: as insulin: 4.55 is no multiple of 1/10"),
            ("page p model 522",                       "x: the page \"p\" lacks its line \"end\""),
            ("stick 0A1B2C\nproduct-info",             "x: a line \"link\" is missing"),
        ];
        for (text, expected) in cases {
            let error = Script::parse("x", text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text:?} gives {error:?}");
        }
    }

    #[test]
    fn sticks_run_side_by_side() {
        let text = "link user0\nstick 0A1B2C at 1.5\nproduct-info\nstick 0D1E2F at 1.6\nwait 1\nproduct-info";
        let session = Script::parse("x", text).unwrap().session;
        let addresses: Vec<_> = session.transfers.iter().map(|transfer| transfer.address).collect();
        assert_eq!(addresses, [5, 6, 5, 6]);
    }

    #[test]
    fn comments_texts_and_notes_are_understood() {
        let text =
            "link user0 # bare\nstick 0A1B2C\nnote \"see # here\"\nfetch 0x8D reply 03 \"5 2\" # model";
        let session = Script::parse("x", text).unwrap().session;
        assert_eq!(session.transfers[0].comment.as_deref(), Some("see # here"));
        let reply = session.transfers.iter().find(|transfer| transfer.bytes.starts_with(&[2])).unwrap();
        assert_eq!(reply.bytes[13..18], *b"\x035 2\0");
    }
}
