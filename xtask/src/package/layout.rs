// SPDX-License-Identifier: GPL-2.0-or-later
//! What was built, and the system that it is for, in; the tree of the files of its package out.

use std::path::Path;

use anyhow::Result;
use xtask::tshark::Version;
use xtask::{plugin, profile, workspace};

use super::NAME;
use super::built::Built;
use super::tree::{Tree, gzip};

/// The files of the repository that users read, with the places that the links in them expect.
const DOCUMENTS: &[&str] = &["README.md", "CONTRIBUTING.md", "SECURITY.md", "needs.txt", "docs", "core/docs"];

/// Where a kind of system looks for what it is given.
#[derive(Debug, PartialEq, Eq)]
pub struct Places {
    /// Before all other paths: empty, or a path with its slash.
    prefix: &'static str,
    /// Wireshark's folder for dissectors of this version.
    plugins: String,
    /// Zsh's for completions.
    zsh: &'static str,
}

impl Places {
    /// Those of Debian and its kin, where Wireshark has its plugins in this folder.
    pub fn debian(plugins: &Path) -> Self {
        let plugins = plugins.display().to_string();
        Self {
            prefix: "usr/",
            plugins: format!("{}/epan", plugins.trim_start_matches('/')),
            zsh: "share/zsh/vendor-completions",
        }
    }

    /// Those below a prefix, be it /usr/local or a user's own .local.
    pub fn prefix(version: Version) -> Self {
        Self {
            prefix: "",
            plugins: format!("lib/wireshark/plugins/{version}/epan"),
            zsh: "share/zsh/site-functions",
        }
    }

    /// Where the plugin is.
    pub fn plugin(&self) -> String {
        format!("{}/{}", self.plugins, plugin::FILE_NAME)
    }

    /// Where the documents are.
    pub fn documents(&self) -> String {
        format!("{}share/doc/{NAME}", self.prefix)
    }

    /// Where the samples are.
    pub fn samples(&self) -> String {
        format!("{}/examples", self.documents())
    }
}

/// All files that are the same in each kind of package.
///
/// # Errors
/// If a file of the repository cannot be read.
pub fn tree(built: &Built, places: &Places) -> Result<Tree> {
    let mut tree = Tree::default();
    let share = format!("{}share", places.prefix);
    tree.add(places.plugin(), built.plugin.as_slice());
    tree.add_program(format!("{}bin/carelink", places.prefix), built.program.as_slice());
    for (name, page) in &built.manual {
        tree.add(format!("{share}/man/man1/{name}.gz"), gzip(page)?);
    }
    tree.add(format!("{share}/bash-completion/completions/carelink"), built.completions.bash.as_slice());
    tree.add(format!("{share}/fish/vendor_completions.d/carelink.fish"), built.completions.fish.as_slice());
    tree.add(format!("{}{}/_carelink", places.prefix, places.zsh), built.completions.zsh.as_slice());
    tree.copy(&profile::source(), &format!("{share}/wireshark/profiles/{}", profile::NAME))?;

    let documents = places.documents();
    for document in DOCUMENTS {
        tree.copy(&workspace::root().join(document), &format!("{documents}/{document}"))?;
    }
    tree.add(format!("{documents}/third-party-licences.gz"), gzip(built.licences.as_bytes())?);
    let samples = places.samples();
    for sample in workspace::samples()? {
        let name = sample.file_name().unwrap_or_default().to_string_lossy();
        tree.copy(&sample, &format!("{samples}/{name}"))?;
    }
    Ok(tree)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use crate::package::built::Completions;

    fn built() -> Built {
        let completions = Completions { bash: b"b".to_vec(), zsh: b"z".to_vec(), fish: b"f".to_vec() };
        Built {
            plugin: b"plugin".to_vec(),
            program: b"program".to_vec(),
            manual: vec![("carelink-list.1".to_owned(), b".TH".to_vec())],
            completions,
            licences: "MIT".to_owned(),
        }
    }

    fn paths(places: &Places) -> Result<Vec<String>> {
        Ok(tree(&built(), places)?.files().map(|(path, _)| path.to_owned()).collect())
    }

    #[test]
    fn each_system_finds_its_files() -> Result<()> {
        let debian = paths(&Places::debian(Path::new("/usr/lib/x86_64-linux-gnu/wireshark/plugins/4.4")))?;
        for path in [
            "usr/lib/x86_64-linux-gnu/wireshark/plugins/4.4/epan/carelink.so",
            "usr/bin/carelink",
            "usr/share/wireshark/profiles/CareLink/colorfilters",
            "usr/share/man/man1/carelink-list.1.gz",
            "usr/share/zsh/vendor-completions/_carelink",
            "usr/share/doc/carelink-dissector/core/docs/fields.md",
            "usr/share/doc/carelink-dissector/examples/01-model-query.pcapng",
        ] {
            assert!(debian.iter().any(|other| other == path), "{path} is missing");
        }
        assert!(debian.iter().all(|path| path.starts_with("usr/")), "a package of Debian keeps to /usr");

        let local = paths(&Places::prefix(Version { major: 4, minor: 6 }))?;
        for path in [
            "lib/wireshark/plugins/4.6/epan/carelink.so",
            "bin/carelink",
            "share/man/man1/carelink-list.1.gz",
            "share/zsh/site-functions/_carelink",
        ] {
            assert!(local.iter().any(|other| other == path), "{path} is missing");
        }
        assert_eq!(local.len(), debian.len());
        Ok(())
    }

    #[test]
    fn links_in_documents_lead_to_files_that_are_there() -> Result<()> {
        let tree = tree(&built(), &Places::prefix(Version { major: 4, minor: 6 }))?;
        let paths: BTreeSet<_> = tree.files().map(|(path, _)| PathBuf::from(path)).collect();
        let mut links = 0;
        let read_first = ["README.md", "packages.md"];
        for (path, bytes) in
            tree.files().filter(|(path, _)| read_first.iter().any(|name| path.ends_with(name)))
        {
            for link in
                String::from_utf8_lossy(bytes).split("](").skip(1).filter_map(|rest| rest.split(')').next())
            {
                let (link, _) = link.split_once('#').unwrap_or((link, ""));
                if link.is_empty() || link.contains(':') {
                    continue;
                }
                let mut target = Path::new(path).with_file_name("");
                for part in link.split('/') {
                    if part == ".." {
                        let _ = target.pop();
                    } else {
                        target.push(part)
                    }
                }
                let found = paths.iter().any(|path| path.starts_with(&target));
                assert!(found, "{path} leads to {link}, which is not packed");
                links += 1;
            }
        }
        assert!(links > 10);
        Ok(())
    }
}
