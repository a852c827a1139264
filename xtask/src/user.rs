// SPDX-License-Identifier: GPL-2.0-or-later
//! Who runs us in; commands and files handed to an ordinary user out. Where there is no root, nothing needs to be.

use std::io;
use std::path::Path;
use std::process::Command;

#[cfg(unix)]
mod system {
    use super::{Command, Path, io};
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::os::unix::process::CommandExt;

    /// The user and the group that stand in for root: `nobody` and `nogroup` wherever these exist.
    const NOBODY: u32 = 65534;

    pub fn is_root() -> bool {
        rustix::process::geteuid().is_root()
    }

    pub fn in_first_group() -> bool {
        rustix::process::getegid().is_root()
    }

    pub fn lower(command: &mut Command) {
        // This drops the other groups too.
        command.uid(NOBODY).gid(NOBODY);
    }

    pub fn give(path: &Path) -> io::Result<()> {
        chown(path, Some(NOBODY), Some(NOBODY))
    }

    pub fn allow(path: &Path, mode: u32) -> io::Result<()> {
        fs::set_permissions(path, Permissions::from_mode(mode))
    }
}

#[cfg(not(unix))]
mod system {
    use super::{Command, Path, io};

    pub fn is_root() -> bool {
        false
    }

    pub fn in_first_group() -> bool {
        false
    }

    pub fn lower(_: &mut Command) {}

    pub fn give(_: &Path) -> io::Result<()> {
        Ok(())
    }

    pub fn allow(_: &Path, _: u32) -> io::Result<()> {
        Ok(())
    }
}

/// Whether we are root.
#[must_use]
pub fn is_root() -> bool {
    system::is_root()
}

/// Whether our group is group 0, for which Wireshark loads no plugins.
#[must_use]
pub fn in_first_group() -> bool {
    system::in_first_group()
}

/// Makes the command run as an ordinary user, which only root can.
pub fn lower(command: &mut Command) {
    system::lower(command);
}

/// Gives the file to the user that [`lower`] chooses.
///
/// # Errors
/// If we may not.
pub fn give(path: &Path) -> io::Result<()> {
    system::give(path)
}

/// Sets who may read, write and run the file, or look into the folder, as chmod does.
///
/// # Errors
/// If we may not.
pub fn allow(path: &Path, mode: u32) -> io::Result<()> {
    system::allow(path, mode)
}
