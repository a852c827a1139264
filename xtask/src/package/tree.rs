// SPDX-License-Identifier: GPL-2.0-or-later
//! Files and the places where they shall be in; a folder or a tarball that is the same, byte for byte, each time, out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};
use xtask::user;

/// What is in a package: by its path, without a slash before it, each file. Folders follow from their files.
#[derive(Debug, Default)]
pub struct Tree(BTreeMap<String, File>);

#[derive(Debug)]
struct File {
    bytes: Vec<u8>,
    mode: u32,
}

impl Tree {
    /// Adds a file that all may read.
    pub fn add(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.insert(path.into(), File { bytes: bytes.into(), mode: 0o644 });
    }

    /// Adds a file that all may run.
    pub fn add_program(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.insert(path.into(), File { bytes: bytes.into(), mode: 0o755 });
    }

    /// Adds what is on the disk, a file or a folder with all that is below it, at this place.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn copy(&mut self, from: &Path, to: &str) -> Result<()> {
        if from.is_dir() {
            for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
                let entry = entry?;
                self.copy(&entry.path(), &format!("{to}/{}", entry.file_name().to_string_lossy()))?;
            }
        } else {
            self.add(to, fs::read(from).with_context(|| format!("cannot read {}", from.display()))?);
        }
        Ok(())
    }

    /// Each file, by its path, with its bytes.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(path, file)| (path.as_str(), file.bytes.as_slice()))
    }

    /// The folders of all files, those above before those below.
    fn folders(&self) -> BTreeSet<&str> {
        let above = |path| Path::new(path).ancestors().skip(1).filter_map(Path::to_str);
        self.0.keys().flat_map(above).filter(|folder| !folder.is_empty()).collect()
    }

    /// How much room it takes on a disk, in KiB, as Debian's policy counts it.
    pub fn size(&self) -> usize {
        self.0.values().map(|file| file.bytes.len().div_ceil(1024)).sum::<usize>() + self.folders().len()
    }

    /// Writes all files below a folder that is there, with their modes.
    ///
    /// # Errors
    /// If the disk does not let us.
    pub fn write(&self, root: &Path) -> Result<()> {
        user::allow(root, 0o755)?;
        for folder in self.folders().iter().map(|folder| root.join(folder)) {
            fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
            user::allow(&folder, 0o755)?;
        }
        for (path, file) in self.0.iter().map(|(path, file)| (root.join(path), file)) {
            fs::write(&path, &file.bytes).with_context(|| format!("cannot write {}", path.display()))?;
            user::allow(&path, file.mode)?;
        }
        Ok(())
    }

    /// A tarball with all files below one folder, of root and of this time (in seconds since 1970).
    ///
    /// # Errors
    /// If a path is too long for one.
    pub fn tarball(&self, folder: &str, time: u64) -> Result<Vec<u8>> {
        let mut tar = Builder::new(Vec::new());
        let mut append = |kind, path: String, mode, bytes: &[u8]| {
            let mut header = Header::new_ustar();
            header.set_entry_type(kind);
            header.set_mode(mode);
            header.set_mtime(time);
            header.set_uid(0);
            header.set_gid(0);
            header.set_username("root")?;
            header.set_groupname("root")?;
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, &path, bytes).with_context(|| format!("cannot pack {path}"))
        };
        append(EntryType::Directory, format!("{folder}/"), 0o755, &[])?;
        for below in self.folders() {
            append(EntryType::Directory, format!("{folder}/{below}/"), 0o755, &[])?;
        }
        for (path, file) in &self.0 {
            append(EntryType::Regular, format!("{folder}/{path}"), file.mode, &file.bytes)?;
        }
        gzip(&tar.into_inner()?)
    }
}

/// Compresses as well as gzip can, and writes down neither a name nor a time.
///
/// # Errors
/// Never: memory takes what it is given.
pub fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;

    fn tree(order: &[&str]) -> Tree {
        let mut tree = Tree::default();
        for path in order {
            if path.starts_with("bin/") { tree.add_program(*path, *path) } else { tree.add(*path, *path) }
        }
        tree
    }

    #[test]
    fn a_tarball_does_not_tell_who_made_it_nor_when_nor_in_which_order() -> Result<()> {
        let one = tree(&["share/doc/b", "bin/a", "share/c"]).tarball("x-1", 1_700_000_000)?;
        assert_eq!(one, tree(&["share/c", "share/doc/b", "bin/a"]).tarball("x-1", 1_700_000_000)?);
        let mut archive = tar::Archive::new(GzDecoder::new(one.as_slice()));
        let mut seen = Vec::new();
        for entry in archive.entries()? {
            let entry = entry?;
            let header = entry.header();
            assert_eq!((header.uid()?, header.gid()?, header.mtime()?), (0, 0, 1_700_000_000));
            seen.push(format!("{} {:o}", entry.path()?.display(), header.mode()?));
        }
        let expected = [
            "x-1/ 755",
            "x-1/bin/ 755",
            "x-1/share/ 755",
            "x-1/share/doc/ 755",
            "x-1/bin/a 755",
            "x-1/share/c 644",
            "x-1/share/doc/b 644",
        ];
        assert_eq!(seen, expected);
        Ok(())
    }

    #[test]
    fn the_size_counts_started_kibibytes_and_folders() {
        let mut tree = Tree::default();
        tree.add("usr/share/a", [0; 1025]);
        tree.add("usr/b", [0; 1]);
        assert_eq!(tree.size(), 2 + 1 + 2);
    }
}
