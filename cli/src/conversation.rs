// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture file or a pipe. Out: the session that the core makes of it, and its packets.

use crate::live;
use crate::output::Ending;
use crate::tally::{Remarks, Tally};
use anyhow::{Context as _, Error, Result};
use carelink_capture::{Packet, tcp, unpack};
use carelink_core::exchange::{Asked, Outcome, Part, Transaction, TransactionId};
use carelink_core::pump::model::{Known, Model, Pump};
use carelink_core::pump::{self, Opcode, Parameters};
use carelink_core::session::Session;
use carelink_core::transfer::{Claim, Verdict};
use carelink_core::tree::cursor::Cursor;
use carelink_core::tree::sink::{InfoLine, Sink};
use carelink_core::view;
use carelink_core::view::reply::{self, Doubt};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// How captures are read.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Take the pump for this model, such as 522 or 723, whatever the traffic says
    #[arg(long, value_parser = model)]
    pub model: Option<Model>,
    /// Port of a serial line that is forwarded over TCP
    #[arg(long, default_value_t = tcp::PORT)]
    pub tcp_port: u16,
}

/// A model, as people name it.
pub(crate) fn model(text: &str) -> Result<Model, String> {
    Model::parse(text)
        .ok_or_else(|| format!("{text} is not a model: three or four digits, then a letter or none"))
}

impl Options {
    /// The pump that the user names.
    #[must_use]
    pub fn forced(&self) -> Option<Pump> {
        self.model.map(|model| Pump::of(model, Known::Forced))
    }
}

/// A capture that was read to its end, or to where it is damaged.
#[derive(Debug)]
pub struct Conversation {
    /// What the core knows of it.
    pub session: Session,
    /// The packets of sticks and meters that are kept, in capture order.
    pub packets: Vec<Packet>,
    /// Why reading stopped before the end.
    pub damage: Option<Error>,
    /// What errors and warnings call it.
    name: String,
    tally: Tally,
    keep: Keep,
}

/// Which packets are kept once they have been read. The replies of pumps are kept whatever this says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// All those of sticks and meters.
    #[default]
    All,
    /// Those of what the host asked the stick or the meter itself.
    Dialogue,
    /// None.
    Nothing,
}

/// Ends reading where the user interrupts it.
#[derive(Debug)]
struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

/// A transaction, with all that is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its number, from 1.
    pub number: TransactionId,
    /// The transaction itself.
    pub transaction: &'a Transaction,
    /// Its reply, as far as it came.
    pub data: &'a [u8],
    /// The parts of its reply.
    pub parts: &'a [Part],
    /// Why the reply is not to be read, if so.
    pub doubt: Option<Doubt>,
    /// The pump that it went to.
    pub pump: Pump,
}

/// Opens a file, or standard input for `-`. What is compressed, or alone in a zip archive, is read through.
///
/// # Errors
/// If it cannot be opened or read; the error names it.
pub fn open(path: &Path) -> Result<Box<dyn Read + Send>> {
    let name = || path.display().to_string();
    let source: unpack::Source = match path {
        path if path == Path::new("-") => Box::new(io::stdin()),
        path => Box::new(File::open(path).with_context(name)?),
    };
    unpack::open(source).with_context(name)
}

impl Conversation {
    /// Reads a capture file, or standard input for `-`, and keeps no other packets than `keep` says.
    ///
    /// # Errors
    /// If nothing can be read. Damage further on is kept in [`Conversation::damage`].
    pub fn read(path: &Path, options: &Options, keep: Keep) -> Result<Self> {
        Self::follow(open(path)?, options, &path.display().to_string(), keep, |_| Ok(()))
    }

    /// Reads a capture; `name` stands for it in errors.
    ///
    /// # Errors
    /// As [`Conversation::read`].
    pub fn from_source(source: impl Read + Send, options: &Options, name: &str) -> Result<Self> {
        Self::follow(source, options, name, Keep::All, |_| Ok(()))
    }

    /// The same, keeps no other packets than `keep` says, and calls `each` with what is known by then after each packet of a
    /// stick or a meter.
    ///
    /// # Errors
    /// As [`Conversation::read`], and if `each` fails.
    pub fn follow(
        source: impl Read + Send,
        options: &Options,
        name: &str,
        keep: Keep,
        mut each: impl FnMut(&Self) -> Result<()>,
    ) -> Result<Self> {
        let mut known = Self::new(options, name, keep);
        let read = carelink_capture::read(source, options.tcp_port, |packet| {
            if known.take(packet) == Verdict::Ours {
                each(&known)?;
            }
            if live::interrupted() { Err(Error::msg(Interrupted)) } else { Ok(()) }
        });
        match read {
            Ok(passed) => known.tally.passed = passed,
            Err(error) if error.is::<Interrupted>() => {}
            Err(error) if known.tally.nothing() => return Err(error.context(name.to_owned())),
            Err(error) => known.damage = Some(error.context(name.to_owned())),
        }
        Ok(known)
    }

    /// What is known of packets that were read before.
    #[must_use]
    pub fn of(packets: impl IntoIterator<Item = Packet>, options: &Options) -> Self {
        let mut known = Self::new(options, "", Keep::All);
        for packet in packets {
            known.take(packet);
        }
        known
    }

    fn new(options: &Options, name: &str, keep: Keep) -> Self {
        let mut session = Session::default();
        session.choose(view::options::Options { pump: options.forced(), ..Default::default() });
        let (name, tally) = (name.to_owned(), Tally::default());
        Self { session, packets: Vec::new(), damage: None, name, tally, keep }
    }

    fn take(&mut self, packet: Packet) -> Verdict {
        let verdict = self.session.observe(&packet.transfer(Claim::Ask));
        self.tally.count(&packet, verdict);
        if verdict == Verdict::Ours && self.keeps(&packet) {
            self.packets.push(packet);
        }
        verdict
    }

    fn keeps(&self, packet: &Packet) -> bool {
        match self.keep {
            Keep::All => true,
            Keep::Dialogue => {
                let transactions = self.session.transactions();
                let asked_device =
                    |id| transactions.get(id).is_some_and(|found| matches!(found.asked, Asked::Device(_)));
                self.session.transactions_of(&packet.transfer(Claim::Certain)).any(asked_device)
            }
            Keep::Nothing => false,
        }
    }

    /// All transactions, in the order in which they began.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = Entry<'_>> + ExactSizeIterator {
        self.entries_after(0)
    }

    /// The transactions after the first `count`.
    pub fn entries_after(
        &self,
        count: usize,
    ) -> impl DoubleEndedIterator<Item = Entry<'_>> + ExactSizeIterator {
        let transactions = self.session.transactions();
        transactions.iter().skip(count).map(|(number, transaction)| {
            let (data, parts) = transactions.reply(number);
            let (doubt, pump) = (reply::doubt(transactions, number), transactions.pump_of(transaction));
            Entry { number, transaction, data, parts, doubt, pump }
        })
    }

    /// What errors and warnings call it: its path.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The packet in `frame`, if it is kept.
    #[must_use]
    pub fn packet(&self, frame: u32) -> Option<&Packet> {
        self.packets.binary_search_by_key(&frame, |packet| packet.frame).ok().map(|at| &self.packets[at])
    }

    /// Shows the packet in `frame`.
    pub fn dissect<S: Sink>(&self, frame: u32, sink: &mut S) {
        if let Some(packet) = self.packet(frame) {
            self.session.dissect(&packet.transfer(Claim::Certain), sink);
        }
    }

    /// The sentence for the packet in `frame`.
    #[must_use]
    pub fn sentence(&self, frame: u32) -> String {
        let mut line = InfoLine::default();
        self.dissect(frame, &mut line);
        line.0
    }

    /// What there is to say of the capture besides its transactions.
    #[must_use]
    pub fn remarks(&self) -> Remarks {
        let mut remarks = self.tally.remarks(&self.session);
        for remark in remarks.damage.iter_mut().chain(&mut remarks.others) {
            *remark = format!("{}: {remark}", self.name);
        }
        remarks
    }

    /// How a run ends that has used all that is good. What is wrong with the capture, and what of it is not read, is told:
    /// that there is no stick's traffic, too.
    ///
    /// # Errors
    /// If the capture is damaged.
    pub fn finish(self) -> Result<Ending> {
        let Remarks { damage, others } = self.remarks();
        damage.iter().chain(&others).for_each(|remark| eprintln!("carelink: {remark}"));
        if let Some(damage) = self.damage {
            return Err(damage);
        }
        let found = !damage.is_empty() || self.lacks();
        Ok(if found { Ending::Found } else { Ending::Fine })
    }

    /// True if the reply of a transaction came, and is not to be had.
    #[must_use]
    pub fn lacks(&self) -> bool {
        self.session.transactions().iter().any(|(_, transaction)| lacks(transaction))
    }
}

fn lacks(transaction: &Transaction) -> bool {
    matches!(
        transaction.outcome(),
        Outcome::Damaged | Outcome::Incomplete | Outcome::Unproven | Outcome::DoesNotFit
    )
}

impl Entry<'_> {
    /// True if its reply came, and is not to be had.
    #[must_use]
    pub fn lacks(&self) -> bool {
        lacks(self.transaction)
    }

    /// True if nothing more of it is to come.
    #[must_use]
    pub fn over(&self) -> bool {
        self.transaction.closed || self.transaction.ended()
    }

    /// The pump's command.
    #[must_use]
    pub fn opcode(&self) -> Option<Opcode> {
        self.transaction.pump_opcode()
    }

    /// The parameters of the command, if they are known in full.
    #[must_use]
    pub fn parameters(&self) -> Option<Parameters> {
        let command = self.transaction.command()?;
        let bytes = self.transaction.parameters();
        let whole = bytes.len() == usize::from(command.parameters);
        let read = pump::parameters(command.opcode, &mut Cursor::new(bytes, 0, !whole, &mut ()), self.pump);
        read.ok().flatten().filter(|_| whole)
    }

    /// The parameters in words, to stand behind the name of the command: not with the noun that this ends in.
    #[must_use]
    pub fn parameters_behind_name(&self) -> Option<String> {
        let parameters = self.parameters()?;
        let (sentence, bare) = (parameters.to_string(), format!("{parameters:#}"));
        let name = self.transaction.command()?.opcode.to_string().to_lowercase();
        let noun = sentence.strip_suffix(&bare).unwrap_or_default().trim_end();
        Some(if name.ends_with(noun) { bare } else { sentence })
    }

    /// True if the whole reply came, with good check values.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.transaction.outcome() == Outcome::Complete
    }

    /// The frame that holds the byte at `offset` of the reply.
    #[must_use]
    pub fn frame_of(&self, offset: usize) -> Option<u32> {
        let mut parts = Part::placed(self.parts);
        parts
            .find(|(start, part)| (*start..start + part.size()).contains(&offset))
            .map(|(_, part)| part.frame)
    }
}
