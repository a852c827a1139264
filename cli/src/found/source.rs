// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a file. Out: what it turned out to be, a capture or pages, to find events in.

use crate::conversation::{Conversation, Keep, Options, open};
use crate::forms::{self, Content, Text};
use anyhow::{Context as _, Result, bail};
use carelink_capture::import::Recording;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// What a file turned out to be.
#[derive(Debug)]
pub(crate) enum Source {
    Capture(Box<Conversation>),
    Pages(PathBuf, Content),
}

impl Source {
    /// The same, to read in.
    pub(crate) fn given(&self) -> Given<'_> {
        match self {
            Self::Capture(conversation) => Given::Capture(conversation),
            Self::Pages(path, content) => Given::Pages(path, content),
        }
    }
}

/// What events are sought in.
#[derive(Clone, Copy)]
pub(crate) enum Given<'a> {
    Capture(&'a Conversation),
    Pages(&'a Path, &'a Content),
}

/// Reads a file as what its first bytes say.
pub(crate) fn source(path: &Path, options: &Options) -> Result<Source> {
    follow(path, options, |_| Ok(()))
}

/// The same, and calls `each` with what is known by then after each packet of a capture.
pub(crate) fn follow(
    path: &Path,
    options: &Options,
    each: impl FnMut(&Conversation) -> Result<()>,
) -> Result<Source> {
    let name = || path.display().to_string();
    let mut file = open(path)?;
    let mut start = Vec::new();
    file.by_ref().take(4).read_to_end(&mut start).with_context(name)?;
    let capture = matches!(
        start.as_slice(),
        [0x0A, 0x0D, 0x0D, 0x0A]
            | [0xA1, 0xB2, 0xC3 | 0x3C, 0xD4 | 0x4D]
            | [0xD4 | 0x4D, 0xC3 | 0x3C, 0xB2, 0xA1]
    );
    if capture {
        let whole = std::io::Cursor::new(start).chain(file);
        return Ok(Source::Capture(Box::new(Conversation::follow(
            whole,
            options,
            &name(),
            Keep::Nothing,
            each,
        )?)));
    }
    file.read_to_end(&mut start).with_context(name)?;
    if start.is_empty() {
        bail!("{}: nothing is in it", path.display());
    }
    let content = forms::read_mended(&start);
    // What is no page may be a recording of traffic, which is read as a capture.
    let pages = content.as_ref().is_ok_and(|content| content.text == Text::No || content.is_pages());
    if !pages && Recording::read(&start).is_some_and(|recording| recording.transfers() > 0) {
        let whole = std::io::Cursor::new(start);
        let conversation = Conversation::follow(whole, options, &name(), Keep::Nothing, each)?;
        return Ok(Source::Capture(Box::new(conversation)));
    }
    Ok(Source::Pages(path.to_owned(), content.with_context(name)?))
}
