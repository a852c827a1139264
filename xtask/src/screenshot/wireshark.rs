// SPDX-License-Identifier: GPL-2.0-or-later
//! A capture in; a Wireshark on our screen, and what is clicked in it, out.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use xtask::profile;
use xtask::tshark::Tshark;

use super::screen::{Running, SETTLE, Screen};
use crate::demo;

/// A place within the packet details, below the few layers that are there before they are unfolded.
const DETAILS: (&str, &str) = ("350", "800");

/// More entries than the menu has.
const ENTRIES: usize = 40;

/// The columns of a Wireshark that knows nothing of us.
const COLUMNS: &str = r#"gui.column.format:"No.","%m","Time","%t","Source","%s","Info","%i","Comment","%Cus:frame.comment:0:R""#;

/// Their widths, as Wireshark keeps them.
const WIDTHS: &str = "column.width: %m, 50, %t, 100, %s, 60, %i, 110, %Cus:frame.comment, 1000\n";

/// How Wireshark is to look.
pub struct Look {
    capture: PathBuf,
    arguments: Vec<String>,
}

impl Look {
    /// With our profile, and a frame selected: the last answer of a pump, if none is named.
    ///
    /// # Errors
    /// If no pump answers in the capture, or it cannot be read.
    pub fn with_profile(tshark: &Tshark, capture: &Path, frame: Option<u32>) -> Result<Self> {
        let frame = match frame {
            Some(number) => number.to_string(),
            None => demo::last_reply(tshark, capture)?.frame,
        };
        profile::copy_to(&profile::folder(&configuration(tshark)))?;
        let arguments = ["-C", profile::NAME, "-Y", "carelink", "-g", &frame].map(str::to_owned).to_vec();
        Ok(Self { capture: tshark.lend(capture)?, arguments })
    }

    /// As Wireshark comes, with a column for comments, and only the frames that have one.
    ///
    /// # Errors
    /// If the capture cannot be read.
    pub fn with_comments(tshark: &Tshark, capture: &Path) -> Result<Self> {
        // Root makes it, and Wireshark, which is not root here, asks for the folder of profiles in it.
        fs::create_dir_all(configuration(tshark).join("profiles"))?;
        fs::write(configuration(tshark).join("recent"), WIDTHS)?;
        let arguments = ["-o", COLUMNS, "-Y", "frame.comment"].map(str::to_owned).to_vec();
        Ok(Self { capture: tshark.lend(capture)?, arguments })
    }
}

/// Where this Wireshark keeps what its user set.
fn configuration(tshark: &Tshark) -> PathBuf {
    tshark.home().join(".config/wireshark")
}

/// A running Wireshark, which ends with this value.
pub struct Gui<'a> {
    screen: &'a Screen,
    window: String,
    _wireshark: Running,
}

impl<'a> Gui<'a> {
    /// Starts it, and waits until it shows the capture.
    ///
    /// # Errors
    /// If it cannot be started, or no window appears.
    pub fn start(screen: &'a Screen, tshark: &Tshark, look: &Look) -> Result<Self> {
        let runtime = tshark.home().join("run");
        fs::create_dir(&runtime)?;
        fs::set_permissions(&runtime, Permissions::from_mode(0o700))?;
        let owner = fs::metadata(tshark.home())?;
        chown(&runtime, Some(owner.uid()), Some(owner.gid()))?;
        let mut wireshark = tshark.command("wireshark");
        wireshark.env("DISPLAY", &screen.display).env("QT_QPA_PLATFORM", "xcb");
        wireshark.env("XDG_RUNTIME_DIR", runtime).stderr(Stdio::null());
        wireshark.args(&look.arguments).arg("-r").arg(&look.capture);
        let name = look.capture.file_name().context("a capture without a name")?.to_string_lossy();
        println!("Starting Wireshark {} on {name}", tshark.version());
        let wireshark = Running(wireshark.spawn().context("cannot start wireshark")?);
        let window = screen.wait_for_window(&name)?;
        screen.fill(&window)?;
        Ok(Self { screen, window, _wireshark: wireshark })
    }

    /// Unfolds the last layer of the packet details, which is ours, with all below it.
    ///
    /// # Errors
    /// If xdotool fails.
    pub fn unfold(&self) -> Result<()> {
        let (x, y) = DETAILS;
        self.screen.xdotool(&["mousemove", x, y, "click", "1", "key", "End", "End", "key", "shift+Right"])?;
        Ok(())
    }

    /// Opens the window with this title from the menu Statistics, and returns it.
    ///
    /// The entries have no keys of their own, and each version of Wireshark has others: they are tried from the last, where those
    /// of plugins are, until the window is there. What else they open stays behind it.
    ///
    /// # Errors
    /// If no entry opens it.
    pub fn open_statistics(&self, title: &str) -> Result<String> {
        for entry in 1..=ENTRIES {
            self.screen.xdotool(&["windowfocus", &self.window, "key", "alt+s"])?;
            self.screen.xdotool(&["key", "--delay", "50", "--repeat", &entry.to_string(), "Up"])?;
            self.screen.xdotool(&["key", "Return"])?;
            sleep(Duration::from_secs(1));
            if let Some(window) = self.screen.window(title) {
                sleep(SETTLE);
                return Ok(window);
            }
            // Where it opened a menu of its own.
            self.screen.xdotool(&["key", "--repeat", "3", "Escape"])?;
        }
        bail!("nothing in the menu Statistics opens a window with {title}")
    }
}
