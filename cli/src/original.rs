// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a capture, a recording, or a pipe. Out: a capture that can be read from its beginning as often as it takes.

use crate::conversation::open;
use anyhow::{Context as _, Error, Result};
use carelink_capture::import::{Source, recognise};
use std::fs::File;
use std::io::{self, Read, Seek as _, Write as _};
use std::path::Path;

/// What is written again: it is read once to be understood, and once to be copied. Both times it must be the same, even if
/// it is a pipe, or a capture that is still being written.
#[derive(Debug)]
pub struct Original {
    copy: File,
    name: String,
    /// Why it could not be read to its end.
    damage: Option<Error>,
}

impl Original {
    /// Reads a file, or standard input for `-`, to its end. What cannot be read of a recording is told.
    ///
    /// # Errors
    /// If it cannot be opened, or is neither a capture nor a recording.
    pub fn new(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let mut copy = tempfile::tempfile().context("cannot write a temporary file")?;
        let mut damage = None;
        match recognise(open(path)?).with_context(|| name.clone())? {
            Source::Capture(mut capture) => damage = spool(&mut capture, &mut copy)?,
            Source::Recording(recording) => {
                copy.write_all(&recording.bytes()).context("cannot write a temporary file")?;
                if !recording.unread.is_empty() {
                    damage = Some(Error::msg(recording.complaint()));
                }
            }
        }
        Ok(Self { copy, damage: damage.map(|damage| damage.context(name.clone())), name })
    }

    /// What errors and warnings call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads it from its beginning.
    ///
    /// # Errors
    /// If the temporary file cannot be read.
    pub fn read(&self) -> Result<impl Read + Send + use<'_>> {
        let mut copy = &self.copy;
        copy.rewind().context("cannot read a temporary file")?;
        Ok(copy)
    }

    /// How a run ends that has used all that is good of it, up to `damage`.
    ///
    /// # Errors
    /// If it could not be read to its end.
    pub fn finish(self, damage: Option<Error>) -> Result<()> {
        let damage = damage.map(|damage| damage.context(self.name));
        self.damage.or(damage).map_or(Ok(()), Err)
    }
}

/// Copies what can be read; an error of the source is handed back, and one of the copy is fatal.
fn spool(source: &mut impl Read, copy: &mut File) -> Result<Option<Error>> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(None),
            Ok(count) => copy.write_all(&buffer[..count]).context("cannot write a temporary file")?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Ok(Some(Error::from(error).context("cannot be read to its end"))),
        }
    }
}
