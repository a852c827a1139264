// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a path to write to. Out: a file that is there once all of it is written, and never over another without leave.

use anyhow::{Context as _, Result, bail};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

/// A file that is being written, under another name until [`Target::commit`]; given up, it leaves nothing behind.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
    force: bool,
}

impl Target {
    /// Begins a file; with `force`, it may take the place of one that is there.
    ///
    /// # Errors
    /// If something is there that must not be written over, or the folder cannot be written to.
    pub fn new(path: &Path, force: bool) -> Result<Self> {
        let name = path.display();
        match path.metadata() {
            Ok(_) if !force => bail!("{name} is there already: name another file, or say --force"),
            Ok(there) if !there.is_file() => bail!("{name} is no file, so it cannot be written over"),
            _ => {}
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = builder().tempfile_in(folder.unwrap_or(Path::new("."))).with_context(|| wrong(path))?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file), force })
    }

    /// Ends the file, and gives it its name.
    ///
    /// # Errors
    /// If what is left cannot be written, or something has taken the name meanwhile.
    pub fn commit(self) -> Result<()> {
        let wrong = || wrong(&self.path);
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error).with_context(wrong)?;
        let kept = if self.force { file.persist(&self.path) } else { file.persist_noclobber(&self.path) };
        kept.map_err(|error| error.error).with_context(wrong)?;
        Ok(())
    }
}

fn wrong(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

/// Temporary files are for their owner only, but this one will stay: it is for whom any new file of the user is.
#[cfg(unix)]
fn builder() -> Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut builder = Builder::new();
    builder.permissions(std::fs::Permissions::from_mode(0o666));
    builder
}

#[cfg(not(unix))]
fn builder() -> Builder<'static, 'static> {
    Builder::new()
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Target {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn nothing_is_there_until_all_of_it_is() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("out");
        let mut target = Target::new(&path, false)?;
        target.write_all(b"abc")?;
        drop(target);
        assert_eq!(fs::read_dir(folder.path())?.count(), 0, "given up");
        let mut target = Target::new(&path, false)?;
        target.write_all(b"abc")?;
        assert!(!path.exists());
        target.commit()?;
        assert_eq!(fs::read(&path)?, b"abc");
        Ok(())
    }

    #[test]
    fn what_is_there_stays_without_force() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("out");
        let late = Target::new(&path, false)?;
        fs::write(&path, "mine")?;
        assert!(late.commit().is_err(), "it came while the target was being written");
        let refused = Target::new(&path, false).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused.contains("--force"), "{refused}");
        let mut target = Target::new(&path, true)?;
        target.write_all(b"new")?;
        assert_eq!(fs::read(&path)?, b"mine", "not yet");
        target.commit()?;
        assert_eq!(fs::read(&path)?, b"new");
        assert!(Target::new(folder.path(), true).is_err(), "a folder is no file");
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn it_is_for_whom_any_new_file_is() -> Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir()?;
        let (path, plain) = (folder.path().join("out"), folder.path().join("plain"));
        fs::write(&plain, "")?;
        Target::new(&path, false)?.commit()?;
        let mode = |path: &Path| Ok::<_, io::Error>(path.metadata()?.permissions().mode());
        assert_eq!(mode(&path)?, mode(&plain)?);
        Ok(())
    }
}
