// SPDX-License-Identifier: GPL-2.0-or-later
//! A built plugin in; a Wireshark that shows CareLink traffic, or shows it no longer, out.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail, ensure};
use xtask::tshark::{GLOBAL_PLUGINS, PERSONAL_PLUGINS, Version, ask_folder, lists, loaded};
use xtask::{plugin, process, profile, user};

use crate::apt;

/// Beside the plugin: the folders and the file that `install` made, in that order, one path per line.
pub const MANIFEST: &str = "carelink.so.installed";

/// Puts the plugin where this user's Wireshark looks for it.
///
/// # Errors
/// If it cannot be built or copied, if there is one that we did not install, or if Wireshark does not take it.
pub fn install() -> Result<()> {
    apt::ensure(apt::BUILD)?;
    println!("Building the plugin");
    let library = plugin::build()?;
    let version = Version::installed()?;
    let folder = plugins()?.join("epan");
    if let Some(global) = loaded(&String::from_utf8_lossy(&list()?.stdout), plugin::FILE_NAME)
        .filter(|path| !path.starts_with(&folder))
    {
        return beside(&library, &global, &profile_folder()?);
    }
    let target = put(&library, &folder, &profile_folder()?)?;
    let listing = list()?;
    if !lists(&String::from_utf8_lossy(&listing.stdout), &target) {
        remove(&folder)?;
        bail!(
            "Wireshark {version} did not take {}, so it was removed again. For root and for group 0 only the \
             global folder counts.\n{}",
            target.display(),
            String::from_utf8_lossy(&listing.stderr).trim_end()
        );
    }
    println!("Installed {}, and Wireshark {version} has loaded it.", target.display());
    println!("Next: open a capture with our colours and columns (wireshark -C CareLink pcap-samples/...)");
    println!("and filter on: carelink");
    println!("After an update of Wireshark to another minor version, run this again.");
    println!("To remove it: cargo xtask uninstall");
    Ok(())
}

/// What Wireshark says of its plugins.
fn list() -> Result<Output> {
    process::output(Command::new("tshark").args(["-G", "plugins"]))
}

/// Settles for a plugin that is installed for all users: of two with one name Wireshark takes that one.
fn beside(library: &Path, global: &Path, profile: &Path) -> Result<()> {
    ensure!(
        fs::read(library)? == fs::read(global)?,
        "another build of the plugin is installed for all users, and Wireshark prefers that one: {}. \
         Replace it with: sudo cargo xtask install. Or remove it with: sudo cargo xtask uninstall",
        global.display()
    );
    profile::copy_to(profile)?;
    println!("This build is installed for all users already, in {}.", global.display());
    println!("Next: open a capture with our colours and columns (wireshark -C CareLink pcap-samples/...)");
    Ok(())
}

/// Removes what [`install`] put there, for every version of Wireshark.
///
/// # Errors
/// If a file cannot be removed.
pub fn uninstall() -> Result<()> {
    let folder = plugins()?;
    let base = folder.parent().context("Wireshark names no folder for plugins")?;
    let mut removed = 0;
    let versions = match fs::read_dir(base) {
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        entries => entries?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?,
    };
    for folder in versions.iter().map(|version| version.join("epan")) {
        if folder.join(MANIFEST).is_file() {
            remove(&folder)?;
            println!("Removed {}", folder.join(plugin::FILE_NAME).display());
            removed += 1;
        }
    }
    if removed == 0 {
        println!("Nothing to remove: cargo xtask install has put nothing below {}", base.display());
    }
    Ok(())
}

/// Wireshark's folder for plugins of its version: for root the global one, since Wireshark ignores root's own.
fn plugins() -> Result<PathBuf> {
    let kind = if user::is_root() { GLOBAL_PLUGINS } else { PERSONAL_PLUGINS };
    ask_folder(&mut Command::new("tshark"), kind)
}

/// The folder of our configuration profile.
fn profile_folder() -> Result<PathBuf> {
    Ok(profile::folder(&ask_folder(&mut Command::new("tshark"), "Personal configuration")?))
}

/// The folders that must be made for `folder` to be there, the outermost first.
fn missing(folder: &Path) -> Vec<PathBuf> {
    let mut made: Vec<_> = folder.ancestors().take_while(|path| !path.exists()).map(Path::to_owned).collect();
    made.reverse();
    made
}

/// Copies the library and the profile, and writes down what that made.
fn put(library: &Path, folder: &Path, profile: &Path) -> Result<PathBuf> {
    let target = folder.join(plugin::FILE_NAME);
    let manifest = folder.join(MANIFEST);
    let mut made: Vec<PathBuf> = if manifest.is_file() {
        fs::read_to_string(&manifest)?.lines().map(PathBuf::from).collect()
    } else {
        ensure!(
            !target.exists(),
            "{} is there already, and not from here: remove its package, or move it away, then try again",
            target.display()
        );
        missing(folder)
    };
    // A profile of this name that is there already is the user's, and stays as it is.
    let ours = made.iter().any(|path| path == profile) || !profile.exists();
    if ours {
        made.extend(missing(profile));
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    if !made.contains(&target) {
        made.push(target.clone());
    }
    if ours {
        made.extend(profile::copy_to(profile)?);
    }
    let lines: String = made.iter().map(|path| format!("{}\n", path.display())).collect();
    fs::write(&manifest, lines).with_context(|| format!("cannot write {}", manifest.display()))?;
    // A plugin in use is mapped: replace the file instead of its bytes.
    let fresh = target.with_extension("new");
    fs::copy(library, &fresh).with_context(|| format!("cannot copy {}", library.display()))?;
    fs::rename(fresh, &target)?;
    Ok(target)
}

/// Removes what the folder's manifest lists, and of the folders those that are empty now.
fn remove(folder: &Path) -> Result<()> {
    let manifest = folder.join(MANIFEST);
    let made = fs::read_to_string(&manifest)?;
    fs::remove_file(&manifest).with_context(|| format!("cannot remove {}", manifest.display()))?;
    for path in made.lines().rev().map(Path::new) {
        let outcome = if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) };
        match outcome {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty) => {}
            other => other.with_context(|| format!("cannot remove {}", path.display()))?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_what_was_put_and_nothing_else() -> Result<()> {
        let home = tempfile::tempdir()?;
        let library = home.path().join("built.so");
        fs::write(&library, "one")?;
        let old = home.path().join("lib");
        fs::create_dir(&old)?;
        let folder = old.join("plugins/4.0/epan");

        let profile = home.path().join("config/profiles/CareLink");
        let colours = profile.join("colorfilters");

        assert_eq!(fs::read_to_string(put(&library, &folder, &profile)?)?, "one");
        fs::write(&library, "two")?;
        fs::write(&colours, "the user's")?;
        assert_eq!(fs::read_to_string(put(&library, &folder, &profile)?)?, "two");
        assert_eq!(fs::read_to_string(&colours)?, "the user's");
        remove(&folder)?;
        assert!(old.is_dir() && !old.join("plugins").exists() && !home.path().join("config").exists());

        fs::create_dir_all(&profile)?;
        put(&library, &folder, &profile)?;
        assert!(!colours.exists(), "a profile of that name is the user's");
        fs::write(folder.join("other.so"), "")?;
        remove(&folder)?;
        assert!(folder.join("other.so").exists() && !folder.join(plugin::FILE_NAME).exists());
        Ok(())
    }

    #[test]
    fn settles_for_the_same_plugin_of_all_users_only() -> Result<()> {
        let home = tempfile::tempdir()?;
        let (library, global) = (home.path().join("built.so"), home.path().join(plugin::FILE_NAME));
        let profile = home.path().join("config/profiles/CareLink");
        fs::write(&library, "this build")?;
        fs::write(&global, "another build")?;
        let error = beside(&library, &global, &profile).unwrap_err().to_string();
        assert!(error.contains("sudo cargo xtask install") && !profile.exists(), "{error}");
        fs::write(&global, "this build")?;
        beside(&library, &global, &profile)?;
        assert!(profile.join("colorfilters").is_file());
        Ok(())
    }

    #[test]
    fn leaves_a_stranger_alone() -> Result<()> {
        let home = tempfile::tempdir()?;
        let library = home.path().join("built.so");
        fs::write(&library, "ours")?;
        fs::write(home.path().join(plugin::FILE_NAME), "theirs")?;
        assert!(put(&library, home.path(), &home.path().join("profile")).is_err());
        assert_eq!(fs::read_to_string(home.path().join(plugin::FILE_NAME))?, "theirs");
        Ok(())
    }
}
