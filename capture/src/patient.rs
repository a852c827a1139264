// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a source that gives little at a time, or fails. Out: as much as is asked for, and why it ended.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

/// Reads as much as is asked for: a pipe gives little at a time, and a file's header is wanted whole.
///
/// What cannot be read ends the file, so that all before it is read, and is told then.
pub(crate) struct Patient<R> {
    pub source: R,
    pub failure: Arc<Mutex<Option<io::Error>>>,
}

impl<R: Read> Read for Patient<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.source.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    break;
                }
            }
        }
        Ok(filled)
    }
}
