// SPDX-License-Identifier: GPL-2.0-or-later
//! In: captures, as files or pipes. Out: their transactions one by one: those of a pipe as they end.

use crate::conversation::{Conversation, Entry, Keep, Options, open};
use crate::output::Ending;
use anyhow::Result;
use carelink_core::exchange::Outcome;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

/// Takes the transactions of captures.
pub trait Rows {
    /// Begins a capture; `of_several` if others come before or after it.
    ///
    /// # Errors
    /// If the output cannot be written.
    fn begin(&mut self, path: &Path, of_several: bool) -> Result<()>;

    /// Takes a transaction of it.
    ///
    /// # Errors
    /// If the output cannot be written.
    fn row(&mut self, known: &Conversation, entry: &Entry<'_>) -> Result<()>;

    /// Hands on what was taken.
    ///
    /// # Errors
    /// If the output cannot be written.
    fn flush(&mut self) -> Result<()>;
}

/// Hands the transactions of all captures to `rows`. A file that cannot be read is told, and the others are read.
///
/// # Errors
/// If the output cannot be written, or the only file cannot be read.
pub fn all(paths: &[PathBuf], options: &Options, rows: &mut impl Rows) -> Result<Ending> {
    each(paths, |path| {
        rows.begin(path, paths.len() > 1)?;
        let ending = one(path, options, rows);
        rows.flush()?;
        ending
    })
}

/// Does the same with each of several files. A file that cannot be read is told, and the others are read.
///
/// # Errors
/// If there is one file, and it cannot be read.
pub fn each(paths: &[PathBuf], mut read: impl FnMut(&Path) -> Result<Ending>) -> Result<Ending> {
    if let [path] = paths {
        return read(path);
    }
    let mut ending = Ending::Fine;
    for path in paths {
        ending = ending.max(match read(path) {
            Err(error) if gone(&error) => return Err(error),
            Err(error) => {
                eprintln!("carelink: {error:#}");
                Ending::Unread
            }
            Ok(ending) => ending,
        });
    }
    Ok(ending)
}

/// True if whoever read the output has had enough.
#[must_use]
pub fn gone(error: &anyhow::Error) -> bool {
    use std::io;
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        let csv = cause.downcast_ref::<csv::Error>().and_then(|error| match error.kind() {
            csv::ErrorKind::Io(io) => Some(io),
            _ => None,
        });
        io.or(csv).is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

fn one(path: &Path, options: &Options, rows: &mut impl Rows) -> Result<Ending> {
    let live = is_live(path);
    if live {
        watch();
    }
    // How each transaction that was handed on had ended.
    let mut told: Vec<Outcome> = Vec::new();
    let (source, name) = (open(path)?, path.display().to_string());
    let conversation = Conversation::follow(source, options, &name, Keep::Dialogue, |known| {
        if !live {
            return Ok(());
        }
        let before = told.len();
        for entry in known.entries_after(before).take_while(|entry| entry.over()) {
            rows.row(known, &entry)?;
            told.push(entry.transaction.outcome());
        }
        if told.len() > before { rows.flush() } else { Ok(()) }
    })?;
    for entry in conversation.entries_after(told.len()) {
        rows.row(&conversation, &entry)?;
    }
    rows.flush()?;
    let mut ending = Ending::Fine;
    for (entry, before) in conversation.entries().zip(told) {
        let now = entry.transaction.outcome();
        if now != before {
            let number = entry.number;
            eprintln!(
                "carelink: transaction {number} was told as {before}, but is {now}: a packet of it came later"
            );
            ending = Ending::Found;
        }
    }
    Ok(ending.max(conversation.finish()?))
}

/// True if a capture may grow while it is read.
#[must_use]
pub fn is_live(path: &Path) -> bool {
    path == Path::new("-") || fs::metadata(path).is_ok_and(|metadata| !metadata.is_file())
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Lets the user interrupt the reading: what came until then is told. The second time the program ends at once.
pub fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Without a handler the program ends at once, as others do.
        let _ = ctrlc::set_handler(|| {
            if INTERRUPTED.swap(true, Ordering::Relaxed) {
                process::exit(130);
            }
        });
    });
}

/// True once the user has interrupted the reading.
#[must_use]
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
